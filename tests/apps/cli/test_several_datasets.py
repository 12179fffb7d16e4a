"""`train --also`, and what its model predicts and is scored on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.apps.cli.conftest import Cli


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Two tables with unlike labels."""
    made = []
    for name, labels in (("feelings", "joy,anger"), ("manners", "polite,rude,loud")):
        rows = [
            ",".join([f"happy day number {n}", *(str((n + c) % 3 // 2) for c in range(width))])
            for n in range(20)
            for width in [labels.count(",") + 1]
        ]
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join([f"text,{labels}", *rows]) + "\n", encoding="utf-8")
        made.append(path)
    return made[0], made[1]


def test_a_model_of_two_tables_serves_both_label_sets(
    cli: Cli, files: tuple[Path, Path], bert: Path
) -> None:
    feelings, manners = files
    words = ["train", "--dataset", feelings, "--also", manners.name, "--encoder", bert,
             "--set", "training.epochs=1", "--set", "training.device=cpu"]  # fmt: skip
    planned = cli(*words, "--dry-run")
    assert planned.code == 0, planned.err
    assert f'[also."{manners}"]\nshare = 1.0\n' in planned.out
    assert "36 texts to train on, 2 to choose by" in planned.out

    trained = cli(*words, "--output", "run")
    assert trained.code == 0, trained.err
    for options, labels in (
        ([], {"joy", "anger"}),
        (["--labels-of", manners.name], {"polite", "rude", "loud"}),
    ):
        found = cli("predict", "run", "happy day", *options, "--json", "-")
        assert found.code == 0, found.err
        assert json.loads(found.out)["probabilities"].keys() == labels
    scored = cli("evaluate", "run", "--dataset", manners, "--split", "dev", "--json", "-")
    assert scored.code == 0, scored.err
    assert json.loads(scored.out)["per_label"].keys() == {"polite", "rude", "loud"}
    table = cli("predict", "run", "--input", feelings, "--labels-of", manners, "--output", "o.csv")
    assert table.code == 0, table.err
    assert "p_polite,p_rude,p_loud" in Path("o.csv").read_text(encoding="utf-8").splitlines()[0]


def test_labels_that_a_model_never_learned_are_refused(cli: Cli, run: Path) -> None:
    found = cli("predict", run, "happy", "--labels-of", "goemotions")
    found.assert_failed(2)
    assert "there are: none" in found.err
