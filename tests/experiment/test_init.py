"""Starting from a saved model: other data, other labels, and what can't be continued."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import overtone
from overtone.bundle import WEIGHTS
from overtone.errors import BundleError, InputError
from overtone.experiment.fit import Run
from overtone.experiment.recipe import compose

FAST = ["training.epochs=1", "training.device=cpu", "training.head_learning_rate=0.02"]
STILL = ["training.epochs=1", "training.device=cpu", "training.learning_rate=0",
         "training.head_learning_rate=0"]  # fmt: skip


@pytest.fixture(scope="session")
def cls_run(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A tiny cls_head trained on the sample."""
    return overtone.train(
        "sample", tmp_path_factory.mktemp("init") / "cls", model="cls_head", encoder=str(bert),
        settings=FAST,
    )  # fmt: skip


def weights(run: Run) -> dict[str, torch.Tensor]:
    return load_file(run.bundle.file(WEIGHTS))


def test_with_rates_of_zero_nothing_changes(trained: Run, tmp_path: Path) -> None:
    again = overtone.train("sample", tmp_path / "run", init=trained.path, settings=STILL)
    for key, value in weights(trained).items():
        assert torch.equal(weights(again)[key], value), key
    texts = ["so happy today", "what a terrible day"]
    np.testing.assert_array_equal(
        overtone.load(again.path).probabilities(texts),
        overtone.load(trained.path).probabilities(texts),
    )


def test_text_inputs_and_model_are_taken_over_and_the_rest_is_not(
    bert: Path, tmp_path: Path
) -> None:
    first = overtone.train(
        "sample", tmp_path / "first", encoder=str(bert),
        settings=[*FAST, "text.name=plain", "inputs.max_length=64", "inputs.prompts.joy=happy",
                  "model.dropout=0.3", "loss.name=bce"],
    )  # fmt: skip
    recipe = compose(dataset="sample", init=first.path)
    assert recipe.text.name == "plain"
    assert recipe.inputs.options["max_length"] == 64
    assert recipe.inputs.options["prompts"] == {}  # they belong to labels, which may be others
    assert recipe.model.options["dropout"] == 0.3
    assert recipe.loss.name == "joint"
    assert recipe.init.sha256 == first.bundle.digest
    assert Path(recipe.init.model).is_absolute()


def test_a_run_says_what_it_started_from(trained: Run, tmp_path: Path) -> None:
    again = overtone.train("sample", tmp_path / "run", init=trained.path, settings=FAST)
    assert again.bundle.manifest.config["init"]["sha256"] == trained.bundle.digest
    # Nothing of that is needed to use it.
    assert overtone.load(again.path).predict(["happy"])


def test_a_run_from_a_model_resumes_without_naming_it(trained: Run, tmp_path: Path) -> None:
    from overtone.experiment import train as experiment  # noqa: PLC0415

    recipe = compose(dataset="sample", init=trained.path, settings=FAST)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.toml").write_text(recipe.to_toml(), encoding="utf-8")
    found = experiment.train(None, tmp_path / "run", resume=True)
    assert found.bundle.manifest.config["init"]["model"] == str(trained.path.resolve())


def test_a_start_that_was_changed_meanwhile_is_refused(
    trained: Run, cls_run: Run, tmp_path: Path
) -> None:
    recipe = compose(dataset="sample", init=trained.path, settings=FAST)
    (tmp_path / "run").mkdir()
    text = recipe.to_toml().replace(trained.bundle.digest, cls_run.bundle.digest)
    (tmp_path / "run" / "config.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="no longer the one that the run was started from"):
        overtone.train(None, tmp_path / "run", resume=True)


@pytest.mark.parametrize("family", ["spanemo", "cls_head"])
def test_other_labels_keep_what_is_shared(
    trained: Run, cls_run: Run, tmp_path: Path, family: str
) -> None:
    """A file with two known labels, in another order, and a new one."""
    start = {"spanemo": trained, "cls_head": cls_run}[family]
    rows = [("so happy today", 1, 0, 0), ("a terrible day", 0, 1, 1), ("late again", 0, 1, 0)] * 8
    table = tmp_path / "mine.csv"
    lines = [f"{text},{a},{b},{c}" for text, a, b, c in rows]
    table.write_text("\n".join(["text,joy,relief,anger", *lines]) + "\n", encoding="utf-8")
    again = overtone.train(str(table), tmp_path / "run", init=start.path, settings=STILL)
    assert again.bundle.manifest.labels.names == ("joy", "relief", "anger")
    before, after = weights(start), weights(again)
    names = start.bundle.manifest.labels.names
    for key, value in before.items():
        if key in {"head.1.weight", "head.1.bias"} and family == "cls_head":
            assert torch.equal(after[key][0], value[names.index("joy")])
            assert torch.equal(after[key][2], value[names.index("anger")])
            assert len(after[key]) == 3
        else:
            assert torch.equal(after[key], value), key


def test_another_family_or_an_encoder_beside_it_is_refused(trained: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a model of the family cls_head"):
        overtone.train("sample", tmp_path / "run", init=trained.path, model="cls_head")
    with pytest.raises(InputError, match=r"start from to keep its encoder '.*', found 'minilm'"):
        overtone.train("sample", tmp_path / "run", init=trained.path, encoder="minilm")
    assert not (tmp_path / "run" / "config.toml").exists()


def test_a_model_that_is_not_there_or_damaged_is_refused(trained: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="MODEL is the folder of a run or a bundle"):
        overtone.train("sample", tmp_path / "run", init=tmp_path / "gone")
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in trained.bundle.path.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    (copy / WEIGHTS).write_bytes((copy / WEIGHTS).read_bytes() + b"x")
    with pytest.raises(BundleError, match="changed or cut"):
        overtone.train("sample", tmp_path / "run", init=copy)


def test_tf_idf_can_t_be_continued(tfidf: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="tfidf can't be trained further"):
        overtone.train("sample", tmp_path / "run", init=tfidf)


def test_a_preset_does_not_change_what_the_start_s_shape_is(trained: Run) -> None:
    recipe = compose("best/spanemo", dataset="sample", init=trained.path)
    start = trained.bundle.manifest.config["model"]
    assert recipe.model.options["encoder"] == start["encoder"]
    assert recipe.model.options["train_embeddings"] is False  # how it is trained, a preset may say
    assert (recipe.training.average, recipe.training.average_warmup) == (0.995, True)
    with pytest.raises(InputError, match="keep its encoder"):
        compose(dataset="sample", init=trained.path, settings=["model.encoder=roberta-base"])
