"""A soup: the mean of several trainings' weights, stopped and resumed to the same bits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import overtone
from overtone import bundle
from overtone.errors import InputError
from overtone.experiment.fit import Run
from overtone.training import trainer
from overtone.training.soup import _seed
from overtone.training.stopping import Interrupted

FAST = ("training.epochs=2", "training.device=cpu", "training.head_learning_rate=0.02")


def train(encoder: Path, folder: Path, *settings: str, resume: bool = False) -> Run:
    return overtone.train(
        "sample", folder, encoder=str(encoder), settings=[*FAST, *settings], resume=resume
    )


def weights(run: Run) -> dict[str, torch.Tensor]:
    return load_file(run.bundle.file(bundle.WEIGHTS))


@pytest.fixture(scope="module")
def soup(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("soup") / "soup"
    return overtone.train("sample", folder, init=trained.path, settings=[*FAST, "training.soup=3"])


def test_it_is_the_mean_of_trainings_under_their_seeds(
    trained: Run, soup: Run, tmp_path: Path
) -> None:
    seeds = [_seed(0, number) for number in range(3)]
    assert seeds[0] == 0
    assert len(set(seeds)) == 3
    runs = [
        overtone.train(
            "sample", tmp_path / str(seed), init=trained.path, seed=seed, settings=list(FAST)
        )
        for seed in seeds
    ]
    parts = [weights(run) for run in runs]
    for key, tensor in weights(soup).items():
        mean = torch.stack([part[key] for part in parts]).double().mean(0)
        torch.testing.assert_close(tensor, mean.float(), rtol=1e-6, atol=1e-7)
    assert any((parts[0][key] != parts[1][key]).any() for key in parts[0])
    lines = (soup.path / "history.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    assert [(entry["training"], entry["epoch"]) for entry in entries] == [
        (number, epoch) for number in (1, 2, 3) for epoch in (1, 2)
    ]
    for run, number in zip(runs, range(3), strict=True):
        one = (run.path / "history.jsonl").read_text(encoding="utf-8").splitlines()
        losses = [json.loads(line)["loss"] for line in one]
        assert losses == [entry["loss"] for entry in entries[2 * number : 2 * number + 2]]
    cost = soup.metrics["cost"]
    assert cost["epochs"] == 6
    seconds = sum(entry["seconds"] + entry["dev_seconds"] for entry in entries)
    assert cost["seconds"] == pytest.approx(seconds, abs=0.1)
    assert not (soup.path / "checkpoints").exists()


def test_it_ends_in_the_same_bits_wherever_it_was_stopped(
    trained: Run, soup: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped between two trainings, with one that was kept then damaged."""
    fit, folder, names = trainer.fit, tmp_path / "run", list[str]()

    def stopping(*args: object, **kwargs: object) -> object:
        names.append(Path(str(args[5])).name)
        if len(names) == 3:
            raise Interrupted(15, "stopped")
        return fit(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(trainer, "fit", stopping)
    given = {"init": trained.path, "settings": [*FAST, "training.soup=3"]}
    with pytest.raises(Interrupted):
        overtone.train("sample", folder, **given)  # type: ignore[arg-type]
    kept = folder / "checkpoints" / "soup-1.safetensors"
    damaged = bytearray(kept.read_bytes())
    damaged[-5] ^= 1
    kept.write_bytes(damaged)
    again = overtone.train("sample", folder, resume=True, **given)  # type: ignore[arg-type]
    assert names == ["soup-0", "soup-1", "soup-2", "soup-1", "soup-2"]
    one, other = (run.bundle.file(bundle.WEIGHTS).read_bytes() for run in (soup, again))
    assert one == other


def test_its_scores_are_those_of_the_mean(soup: Run) -> None:
    found = overtone.evaluate(soup.path, "sample", split="dev")
    assert found.scores.f1_micro == pytest.approx(soup.metrics["dev"]["f1_micro"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["training.lora=2"], "averages whole weights"),
        (["model.name=tfidf"], "is solved at once: leave out training.soup"),
    ],
)
def test_what_can_not_be_averaged_is_refused(
    bert: Path, tmp_path: Path, settings: list[str], message: str
) -> None:
    encoder = None if "tfidf" in settings[0] else str(bert)
    with pytest.raises(InputError, match=message):
        overtone.train(
            "sample", tmp_path / "run", settings=["training.soup=2", *settings], encoder=encoder
        )
    assert not (tmp_path / "run").exists()


def test_seeds_of_runs_side_by_side_differ() -> None:
    seeds = [_seed(seed, number) for seed in range(50) for number in range(5)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert np.asarray(seeds).dtype == np.int64
