"""Whether torch.compile pays in training: steps of SpanEmo on MiniLM, as they are and compiled.

    python benchmarks/compiled.py --data-dir DATA

Forward, backward and AdamW on the batches of one epoch's beginning, dropout on, in bf16 and in
fp32; each way in turn, in every round. Compiling is timed apart: the first pass over the batches,
whose lengths differ as they do in training. Needs a C++ compiler.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import Tensor

from overtone import models
from overtone.experiment import parts
from overtone.experiment.recipe import compose
from overtone.inputs import Batch, batches

TEXTS = 32


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("OVERTONE_DATA_DIR"))
    parser.add_argument("--dataset", default="semeval2018-en")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    recipe = compose("best/spanemo", dataset=options.dataset)
    made = parts.prepare(recipe, options.data_dir)
    encoded = made.train_encoded
    plan = batches.shuffled(encoded.lengths, TEXTS, 20, np.random.default_rng(0))
    given = [made.inputs.collate(encoded, rows) for rows in plan[: options.steps]]
    model: torch.nn.Module = made.pretrained.model.train()
    compiled: Callable[..., Tensor] = torch.compile(model, dynamic=True)
    print(f"| products | way | first pass, s | s a step, median of {options.rounds} rounds |")
    print("|---|---|---|---|")
    for precision in ("bf16", "fp32"):
        ways: dict[str, Callable[..., Tensor]] = {"as it is": model, "compiled": compiled}
        first = {name: seconds(way, model, given, precision) for name, way in ways.items()}
        found: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(options.rounds):
            for name, way in ways.items():
                found[name].append(seconds(way, model, given, precision) / len(given))
        for name in ways:
            print(f"| {precision} | {name} | {first[name]:.1f} | {median(found[name]):.3f} |")


def seconds(
    way: Callable[..., Tensor], model: torch.nn.Module, given: list[Batch], precision: str
) -> float:
    """Return what a step on each batch takes in all."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6, fused=True)
    start = time.perf_counter()
    for batch in given:
        cast: AbstractContextManager[object] = nullcontext()
        if precision == "bf16":
            cast = torch.autocast("cpu", dtype=torch.bfloat16)
        with cast:
            logits = way(**models.tensors(batch, "cpu"))
        loss: Tensor = logits.float().square().mean()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
