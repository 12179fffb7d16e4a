"""SemEval-2018 Task 1 E-c, "Affect in Tweets": eleven emotions in English, Arabic and Spanish.

Source: Mohammad, Bravo-Marquez, Salameh and Kiritchenko, SemEval-2018 Task 1: Affect in Tweets
(2018). The data is its makers' copyright: research use, not to be redistributed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from overtone.data import Split
from overtone.data._emotion_table import read_emotions
from overtone.data._sources import Source
from overtone.errors import MissingDataError
from overtone.labels import Labels

VARIANTS = {code: {"language": code} for code in ("en", "ar", "es")}
SPLITS = ("train", "dev", "test")

NAMES = (
    "anger", "anticipation", "disgust", "fear", "joy", "love", "optimism", "pessimism", "sadness",
    "surprise", "trust",
)  # fmt: skip

# The label words of SpanEmo (Alhuzali & Ananiadou, 2021). Its English list says "hopeless" for
# pessimism, which `inputs.prompts` can ask for; its public Spanish list is double-encoded, this
# one isn't.
PROMPTS = {
    "en": NAMES,
    "es": (
        "ira", "anticipación", "asco", "miedo", "alegría", "amor", "optimismo", "pesimismo",
        "tristeza", "sorpresa", "confianza",
    ),
    "ar": (
        "غضب", "توقع", "قرف", "خوف", "سعادة", "حب", "تفاؤل", "يأس", "حزن", "اندهاش", "ثقة",
    ),
}  # fmt: skip

SOURCES = (
    Source(
        url="https://saifmohammad.com/WebDocs/AIT-2018/AIT2018-DATA/SemEval2018-Task1-all-data.zip",
        files={
            "2018-E-c-En-train.txt": (
                "498893ef1ecc5698d44ba9fd815d3ee88278f24fc549b202ddf36a4452f96675"
            ),
            "2018-E-c-En-dev.txt": (
                "1124cf56bd255fadea9e734a13133a9bd2202022f6d8a0ea560f076d8562517f"
            ),
            "2018-E-c-En-test-gold.txt": None,
            "2018-E-c-Ar-train.txt": (
                "205671fe5d46ae6f962deda2968f25441ccd562ff8064ce9bc91b6f2f7cf4916"
            ),
            "2018-E-c-Ar-dev.txt": (
                "4670b867418730bfec75346fc2a5f3ea8b1e3ec0007d63f6d3eb88e2a27aeaa9"
            ),
            "2018-E-c-Ar-test-gold.txt": None,
            "2018-E-c-Es-train.txt": (
                "42d4968d9178fd93a3f228379d9b83b19c47f32736e7bc4e5567d3a43ec8d422"
            ),
            "2018-E-c-Es-dev.txt": (
                "986394f6fd3e61613dd91261ea98dd4ace7fc109f5fad7d447a6a5a1fb56a9c7"
            ),
            "2018-E-c-Es-test-gold.txt": None,
        },
        terms="research use, not to be redistributed; cite Mohammad et al. (2018)",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Config:
    """Which of the three corpora."""

    language: Literal["en", "ar", "es"] = "en"
    """Language of the tweets and of the label words."""


def load(config: Config, split: str, data_dir: Path) -> Split:
    """Read `2018-E-c-En-train.txt` and its like from `data_dir/semeval2018` or `data_dir` itself.

    The test split is read from `-test-gold.txt` where that file is there, else from `-test.txt`,
    whose labels are all NONE: then the targets are None.

    Raises:
        MissingDataError: the file is not there.
        DataError: it is damaged; names file and line.

    """
    labels = Labels(NAMES, PROMPTS[config.language], config.language)
    path = find(config, split, data_dir)
    return read_emotions(path, labels, f"semeval2018-{config.language}", split, "Tweet")


def find(config: Config, split: str, data_dir: Path) -> Path:
    """Return the file that `load` reads.

    Raises:
        MissingDataError: it is not there.

    """
    stem = f"2018-E-c-{config.language.capitalize()}-{split}"
    endings = ("-gold.txt", ".txt") if split == "test" else (".txt",)
    folders = (data_dir / "semeval2018", data_dir)
    for ending in endings:
        for folder in folders:
            if (path := folder / f"{stem}{ending}").is_file():
                return path
    raise MissingDataError(
        f"semeval2018-{config.language} needs {' or '.join(stem + ending for ending in endings)}, "
        f"not found in {folders[0]} or {folders[1]}; run `overtone data fetch semeval2018`, or get "
        "the E-c files from the task's page (competitions.codalab.org, number 17751) and name "
        "their folder with --data-dir"
    )
