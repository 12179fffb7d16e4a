"""The main job on the real thing: MiniLM, official English tweets, one epoch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch

import overtone

DATA = Path(os.environ.get("OVERTONE_DATA_DIR", str(Path(__file__).parents[3] / "shared" / "data")))


@pytest.mark.slow
def test_one_epoch_on_real_tweets_is_far_better_than_the_most_frequent_labels(
    tmp_path: Path,
) -> None:
    if not (DATA / "semeval2018").is_dir():
        pytest.skip("NOT RUN: the SemEval-2018 files are not here (set OVERTONE_DATA_DIR)")
    threads = torch.get_num_threads()
    torch.set_num_threads(os.cpu_count() or 1)
    try:
        run = overtone.train(
            "semeval2018-en",
            tmp_path / "run",
            data_dir=DATA,
            config="best/spanemo",
            settings=[
                "training.epochs=1",
                "training.average=0",
                "decision.name=expected_jaccard",
                "decision.macro=0.1",
            ],
        )
        scores = overtone.evaluate(run.path, "semeval2018-en", split="dev", data_dir=DATA).scores
    finally:
        torch.set_num_threads(threads)
    # Anger, disgust and joy for every tweet, the best of all answers of up to three labels: 0.30.
    assert scores.jaccard > 0.5
    assert scores.f1_micro > 0.62
    # Training scores dev in larger batches than prediction does, so sums end in other last digits.
    assert flat(scores.to_json()) == pytest.approx(flat(run.metrics["dev"]), abs=1e-3)


def flat(scores: dict[str, Any]) -> dict[str, float]:
    """Scores by their path: `per_label` is a dictionary of dictionaries."""
    numbers: dict[str, float] = {}
    for name, value in scores.items():
        if isinstance(value, dict):
            numbers |= {f"{name}/{part}": number for part, number in flat(value).items()}
        else:
            numbers[name] = value
    return numbers
