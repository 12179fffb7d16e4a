"""How much memory training BERT large takes, and what each option saves.

    python benchmarks/memory.py --json memory.json

The case in which the SpanEmo study ran out of memory: BERT large, rows of 512 tokens (eleven label
names and a text that fills the rest), 32 texts a step of the optimiser. Weights are random, which
changes neither seconds nor memory. Every row of the table is a training run of two whole steps
(forward, backward over the effective batch, clipping, AdamW with its moments) in a process of its
own, whose peak is the most memory that the process ever had, the search for what fits included; on
a GPU, the most that torch allocated.

On a CPU most rows have an effective batch of four texts, for time's sake: gradients are added up in
place, so the peak depends on how many texts go through the model at once, not on how many make a
step. The row `claim` takes the real 32 and ends this program with 1 where the peak is too high.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from _tweets import WORDS
from torch import nn

from overtone import atomic, data
from overtone.data import Split
from overtone.data.semeval2018 import NAMES, PROMPTS
from overtone.evaluation.cost import peak_memory_mb
from overtone.experiment.parts import prepare_splits
from overtone.experiment.recipe import compose
from overtone.labels import Labels
from overtone.training import memory, trainer
from overtone.training.result import Scores, TrainingSet

BATCH = 32
STEPS = 2
"""The first one makes AdamW's moments, the second one has them from its beginning."""
FEW = 4
"""Texts a step, where the real number would only take longer."""
CPU = not torch.cuda.is_available()
MOST_GB = 10.0 if CPU else 12.0
"""What the claim may take."""


@dataclass(frozen=True)
class Size:
    """What is trained."""

    encoder: str
    length: int
    """Tokens a row."""
    batch: int
    """Texts a step, really."""
    few: int
    """Texts a step, where that does."""
    half: int
    """Half of the layers."""


SIZES = {
    False: Size("random/bert-large", 512, BATCH, FEW if CPU else BATCH, 12),
    True: Size("minilm", 64, 8, FEW, 3),
}
"""By whether it should be quick."""


@dataclass(frozen=True)
class Row:
    """A row of the table."""

    settings: tuple[str, ...]
    """Of what is shown; {1}, {2} and {all} are the tokens of one, two and all texts,
    {half} half of the layers."""
    real: bool = False
    """Whether it takes the real effective batch."""


ONE = "training.batch_tokens={1}"
FP32 = "training.precision=fp32"
BF16 = "training.precision=bf16"
CHECKPOINTING = "training.gradient_checkpointing=true"
LORA = "training.lora=8"
ROWS = {
    "one": Row((FP32, ONE)),
    "two": Row((FP32, "training.batch_tokens={2}")),
    "plain": Row((FP32, "training.batch_tokens={all}"), real=True),
    "budget": Row((FP32, f"training.memory_gb={MOST_GB:g}")),
    "bf16": Row((BF16, ONE)),
    "checkpointing": Row((FP32, ONE, CHECKPOINTING)),
    "lora": Row((FP32, ONE, LORA)),
    "frozen": Row((FP32, ONE, "model.freeze_layers={half}")),
    "embeddings": Row((FP32, ONE, "model.train_embeddings=false")),
    "least": Row((BF16, ONE, CHECKPOINTING, LORA)),
    "claim": Row((f"training.memory_gb={MOST_GB:g}",), real=True),
}
"""By what --only calls them; `plain` is foretold from the first two."""


def main() -> None:
    """Measure, print a table, and write all figures where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--only", nargs="+", choices=ROWS, metavar="NAME", help=", ".join(ROWS))
    parser.add_argument("--quick", action="store_true", help="a small model, to try this program")
    parser.add_argument("--row", choices=ROWS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    size = SIZES[arguments.quick]
    if arguments.row:
        print(json.dumps(_run(ROWS[arguments.row], size)))
        return
    rows: dict[str, dict[str, Any]] = {}
    for name in arguments.only or ROWS:
        why_not = _too_much(rows, size) if name == "plain" else None
        rows[name] = why_not or _in_own_process(name, quick=arguments.quick)
        print(f"{name}: {_result(rows[name])}", file=sys.stderr)
    figures = {
        "encoder": size.encoder, "tokens": size.length, "steps": STEPS,
        "device": "cpu" if CPU else torch.cuda.get_device_name(),
        "threads": torch.get_num_threads(), "torch": torch.__version__, "rows": rows,
    }  # fmt: skip
    _show(figures, size)
    if arguments.json:
        atomic.write_text(arguments.json, json.dumps(figures, indent=2) + "\n")
    if "claim" in rows:
        sys.exit(_judge(rows["claim"], size))


def _run(row: Row, size: Size) -> dict[str, Any]:
    """Train for two steps in this process, and return what it took."""
    batch = size.batch if row.real else size.few
    labels = Labels(NAMES, PROMPTS["en"], "en")
    train = _split(batch * STEPS, size, labels)
    recipe = compose(
        dataset="sample",
        model="spanemo",
        encoder=size.encoder,
        settings=[
            "text.name=plain", f"inputs.max_length={size.length}", "training.epochs=1",
            f"training.batch_size={batch}", f"training.checkpoint_steps={10**9}",
            *_given(row, size),
        ],
    )  # fmt: skip
    parts = prepare_splits(recipe, train, _split(1, size, labels))
    lengths = parts.train_encoded.text_lengths
    if set(lengths.tolist()) != {size.length}:
        raise RuntimeError(f"expected texts of {size.length} tokens, found {set(lengths.tolist())}")
    peaks = []
    reset = memory._reset_peak  # noqa: SLF001 - a search for what fits is a part of the peak

    def noting() -> None:
        peaks.append(peak_memory_mb())
        reset()

    memory._reset_peak = noting  # noqa: SLF001
    with tempfile.TemporaryDirectory() as folder:
        fitted = trainer.fit(
            parts.pretrained.model,
            parts.loss,
            TrainingSet(parts.inputs, parts.train_encoded, data.truth(train), train.ids),
            _unscored,
            recipe.training,
            Path(folder),
            quiet=True,
        )
    (entry,) = fitted.history
    if entry["steps"] != STEPS or entry["skipped"]:
        raise RuntimeError(f"expected {STEPS} whole steps, found {entry}")
    on_gpu = 0.0 if CPU else torch.cuda.max_memory_allocated() / 1e9
    on_cpu = max(*peaks, peak_memory_mb()) / 1e3 if peaks else peak_memory_mb() / 1e3
    return {
        "settings": _given(row, size),
        "batch_size": batch,
        "texts_at_once": min(entry["batch_tokens"] // size.length, batch),
        "precision": entry["precision"],
        "peak_gb": on_cpu if CPU else on_gpu,
        "resident_gb": on_cpu,
        "seconds_per_step": entry["seconds"] / STEPS,
        "loss": entry["loss"],
    }


def _split(count: int, size: Size, labels: Labels) -> Split:
    """Return generated texts that fill the rows, and labels drawn at random."""
    rng = np.random.default_rng(0)
    # A token a word and some more: the labels take a part of the row, the rest is cut.
    texts = tuple(" ".join(rng.choice(WORDS, size.length)) for _ in range(count))
    targets = (rng.random((count, len(labels))) < 0.2).astype(np.float32)  # noqa: PLR2004
    return Split("generated", "train", tuple(map(str, range(count))), texts, labels, targets)


def _unscored(_: nn.Module) -> Scores:
    """Score nothing: that is no part of what is measured."""
    return {"jaccard": 1.0, "loss": 1.0}


def _given(row: Row, size: Size) -> list[str]:
    """Return a row's settings with its numbers."""
    one, every = size.length, size.batch * size.length
    numbers = {"{1}": one, "{2}": 2 * one, "{all}": every, "{half}": size.half}
    given = list(row.settings)
    for name, number in numbers.items():
        given = [setting.replace(name, str(number)) for setting in given]
    return given


def _in_own_process(name: str, *, quick: bool) -> dict[str, Any]:
    """Return what a row took, or why it failed."""
    command = [sys.executable, __file__, "--row", name, *["--quick"] * quick]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
        return {"not_run": f"failed: {said[-1]}"}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _too_much(rows: dict[str, dict[str, Any]], size: Size) -> dict[str, Any] | None:
    """Return why the whole batch at once is not tried, or None where it fits."""
    one, two = (rows.get(name, {}).get("peak_gb") for name in ("one", "two"))
    if one is None or two is None:
        return {"not_run": "the rows one and two, which foretell its memory, are missing"}
    needed = one + (size.batch - 1) * (two - one)
    free = psutil.virtual_memory().available if CPU else torch.cuda.mem_get_info()[0]
    if needed < 0.9 * free / 1e9:
        return None
    return {
        "settings": _given(ROWS["plain"], size), "batch_size": size.batch,
        "texts_at_once": size.batch, "estimated_gb": needed,
        "not_run": f"needs more than {needed:.0f} GB, estimated from one and two texts at once",
    }  # fmt: skip


def _result(row: dict[str, Any]) -> str:
    if "not_run" in row:
        return f"not run: {row['not_run']}"
    return f"{row['peak_gb']:.2f} GB, {row['seconds_per_step']:.1f} s a step"


def _show(figures: dict[str, Any], size: Size) -> None:
    """Print the figures as a Markdown table."""
    print(
        f"{size.encoder}, {size.length} tokens a row, {STEPS} steps a row of the table, "
        f"{figures['device']}, {figures['threads']} threads, torch {figures['torch']}\n"
    )
    heads = (
        "row",
        "options",
        "texts a step",
        "at once",
        "peak, GB",
        "saves, GB",
        "s/step",
        "s/text",
    )
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    first = figures["rows"].get("one", {}).get("peak_gb")
    for name, row in figures["rows"].items():
        options = " ".join(_given(ROWS[name], size)).replace("training.", "")
        if "not_run" in row:
            known = (row.get("batch_size", ""), row.get("texts_at_once", ""))
            cells = (*map(str, known), f"not run: {row['not_run']}", "", "", "")
        else:
            seconds, peak = row["seconds_per_step"], row["peak_gb"]
            cells = (
                str(row["batch_size"]),
                str(row["texts_at_once"]),
                f"{peak:.2f}",
                "" if first is None else f"{first - peak:.2f}",
                f"{seconds:.1f}",
                f"{seconds / row['batch_size']:.2f}",
            )
        print(f"| {' | '.join((name, options, *cells))} |")


def _judge(claim: dict[str, Any], size: Size) -> int:
    """Say whether the claim holds, and return the exit code."""
    kept = "peak_gb" in claim and claim["peak_gb"] <= MOST_GB
    print(
        f"\n{size.encoder}, {size.length} tokens, {size.batch} texts a step: {_result(claim)}; "
        f"at most {MOST_GB:g} GB: {'yes' if kept else 'NO'}"
    )
    return 0 if kept else 1


if __name__ == "__main__":
    main()
