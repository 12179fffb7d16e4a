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
    path = _find(config.language, split, data_dir)
    return read_emotions(path, labels, f"semeval2018-{config.language}", split, "Tweet")


def _find(language: str, split: str, data_dir: Path) -> Path:
    stem = f"2018-E-c-{language.capitalize()}-{split}"
    endings = ("-gold.txt", ".txt") if split == "test" else (".txt",)
    folders = (data_dir / "semeval2018", data_dir)
    for ending in endings:
        for folder in folders:
            if (path := folder / f"{stem}{ending}").is_file():
                return path
    raise MissingDataError(
        f"semeval2018-{language} needs {' or '.join(stem + ending for ending in endings)}, not "
        f"found in {folders[0]} or {folders[1]}; get the E-c files from the task's page "
        "(competitions.codalab.org, number 17751) and name their folder with --data-dir"
    )
