"""Training from Python: what a run leaves, what it refuses, and how it goes on."""

from __future__ import annotations

import json
import logging
import signal
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

import overtone
from overtone.config import read
from overtone.errors import InputError
from overtone.experiment import train as experiment
from overtone.experiment.fit import Run
from overtone.experiment.recipe import check, compose
from overtone.training import checkpoint
from overtone.training.stopping import Interrupted

WriteSemEval = Callable[..., Path]


@pytest.fixture
def tiny(bert: Path, tmp_path: Path, write_semeval: WriteSemEval) -> dict[str, Any]:
    """Return arguments of a training run that takes no time."""
    for split, rows in (("train", 16), ("dev", 6)):
        write_semeval(tmp_path / "data", split, rows)
    settings = ["training.epochs=2", "training.device=cpu", "training.batch_size=4"]
    return {
        "dataset": "semeval2018-en",
        "data_dir": tmp_path / "data",
        "encoder": str(bert),
        "settings": settings,
    }


def test_a_finished_run_has_exactly_these_files(trained: Run) -> None:
    files = {path.relative_to(trained.path).as_posix() for path in trained.path.rglob("*")}
    assert files - {"lock"} == {
        "bundle", "bundle/README.md", "bundle/bundle.json", "bundle/model.safetensors",
        "bundle/tokenizer.json", "config.toml", "history.jsonl",
    }  # fmt: skip


def test_a_run_says_how_it_was_made(trained: Run, bert: Path) -> None:
    recipe = check(tomllib.loads((trained.path / "config.toml").read_text(encoding="utf-8")))
    assert recipe.model.options["encoder"] == str(bert)
    assert trained.bundle.manifest.config == json.loads(json.dumps(recipe.to_json()))
    assert trained.bundle.manifest.overtone == overtone.__version__
    assert trained.metrics["cost"]["epochs"] == 1
    assert trained.metrics["dev"]["n"] == 92


def test_the_same_seed_gives_the_same_file_bit_for_bit(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
    one, two, other = (
        overtone.train(output=tmp_path / name, seed=seed, **tiny).path / "bundle"
        for name, seed in (("one", 3), ("two", 3), ("other", 4))
    )
    weights = "model.safetensors"
    assert (one / weights).read_bytes() == (two / weights).read_bytes()
    assert (one / weights).read_bytes() != (other / weights).read_bytes()


@pytest.mark.parametrize("loss", ["bce", "label_correlation", "joint"])
def test_every_encoder_and_loss_trains(
    encoder: Path, loss: str, tiny: dict[str, Any], tmp_path: Path
) -> None:
    tiny |= {"encoder": str(encoder)}
    tiny["settings"] += [f"loss.name={loss}", "training.epochs=1"]
    found = overtone.train(output=tmp_path / "run", **tiny)
    assert len(overtone.load(found.path).predict(["so happy"])) == 1


def test_a_loss_may_know_the_labels_of_the_train_split(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
    tiny["settings"] += ["loss.name=demux", "training.epochs=1", "loss.smoothing=0.1"]
    histories = []
    for correlated in ("false", "true"):
        settings = [*tiny["settings"], f"loss.correlated={correlated}"]
        found = overtone.train(output=tmp_path / correlated, **{**tiny, "settings": settings})
        histories.append(json.loads((found.path / "history.jsonl").read_text().splitlines()[0]))
    assert histories[0]["loss"] != histories[1]["loss"]


def test_prompts_can_be_chosen_and_are_saved(tiny: dict[str, Any], tmp_path: Path) -> None:
    tiny["settings"] += ["inputs.prompts.pessimism=hopeless"]
    found = overtone.train(output=tmp_path / "run", **tiny)
    labels = found.bundle.manifest.labels
    assert labels.prompts[labels.names.index("pessimism")] == "hopeless"
    assert overtone.load(found.path).labels == labels


def test_a_folder_with_files_is_refused_and_left_alone(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="--resume"):
        overtone.train(output=tmp_path / "run", **tiny)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.txt"]


def test_an_empty_folder_will_do(tiny: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert overtone.train(output=tmp_path / "run", **tiny).path == tmp_path / "run"


def test_what_cannot_be_trained_leaves_nothing(tiny: dict[str, Any], tmp_path: Path) -> None:
    for wrong in (
        {"dataset": "no-such-dataset"},
        {"encoder": str(tmp_path / "nowhere")},
        {"data_dir": tmp_path / "nowhere"},
        {"config": "best/of-all"},
        {"settings": ["training.epochs=0"]},
        {"settings": ["inputs.max_length=8"]},
    ):
        with pytest.raises(InputError):
            overtone.train(output=tmp_path / "run", **{**tiny, **wrong})
        assert not (tmp_path / "run").exists(), wrong


def test_a_split_without_truth_is_not_trained_on(
    tiny: dict[str, Any], tmp_path: Path, write_semeval: WriteSemEval
) -> None:
    write_semeval(tmp_path / "data", "dev", 6, truth=False)
    with pytest.raises(InputError, match="semeval2018-en dev has no truth"):
        overtone.train(output=tmp_path / "run", **tiny)
    assert not (tmp_path / "run").exists()


def test_a_run_that_another_process_trains_is_refused(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_at(monkeypatch, tiny, tmp_path / "run")
    with FileLock(tmp_path / "run" / "lock"), pytest.raises(InputError, match="another process"):
        overtone.train(None, tmp_path / "run", resume=True, data_dir=tiny["data_dir"])


def test_a_stopped_run_goes_on_from_its_folder_alone(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = overtone.train(output=tmp_path / "whole", **tiny).path
    stop_at(monkeypatch, tiny, tmp_path / "cut")
    with pytest.raises(InputError, match=r"no finished model yet.*--resume"):
        overtone.load(tmp_path / "cut")
    overtone.train(None, tmp_path / "cut", resume=True, data_dir=tiny["data_dir"])
    weights = "bundle/model.safetensors"
    assert (tmp_path / "cut" / weights).read_bytes() == (whole / weights).read_bytes()
    assert not (tmp_path / "cut" / "checkpoints").exists()


def test_a_stopped_run_goes_on_where_the_same_is_asked_for_again(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_at(monkeypatch, tiny, tmp_path / "run")
    found = overtone.train(output=tmp_path / "run", resume=True, **tiny)
    assert found.metrics["cost"]["epochs"] == 2


def test_another_recipe_is_refused_with_the_differences(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_at(monkeypatch, tiny, tmp_path / "run")
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    tiny["settings"] += ["loss.name=bce"]
    with pytest.raises(InputError) as caught:
        overtone.train(output=tmp_path / "run", resume=True, seed=5, **tiny)
    message = str(caught.value)
    assert "training.seed was 0, now 5" in message
    assert "loss.name was 'joint', now 'bce'" in message
    assert "epochs" not in message
    after = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    assert after == before


def test_a_finished_run_is_returned_as_it_is(
    trained: Run, caplog: pytest.LogCaptureFixture
) -> None:
    before = {
        path: path.stat().st_mtime_ns for path in trained.path.rglob("*") if path.name != "lock"
    }
    with caplog.at_level(logging.WARNING):
        again = overtone.train(None, trained.path, resume=True)
    assert "finished already" in caplog.text
    assert again.metrics == trained.metrics
    after = {
        path: path.stat().st_mtime_ns for path in trained.path.rglob("*") if path.name != "lock"
    }
    assert after == before


def test_there_must_be_a_run_to_resume(tiny: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no config\.toml"):
        overtone.train(output=tmp_path / "run", resume=True, **tiny)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("content", [b"[data", b"\xff\xfe\x00", b'[data]\nname = "sample"\n', b""])
def test_a_run_with_a_damaged_config_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.toml").write_bytes(content)
    with pytest.raises(InputError, match="config"):
        overtone.train(None, tmp_path, resume=True)


def test_a_run_whose_training_diverges_ends_in_a_clear_error(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
    tiny["settings"] += ["training.learning_rate=1e38", "training.warmup=0", "training.clip=0"]
    with pytest.raises(overtone.OvertoneError):
        overtone.train(output=tmp_path / "run", **tiny)


def test_a_dry_run_says_the_recipe_and_writes_nothing(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    found = dry_run(tiny)
    assert sorted(tmp_path.rglob("*")) == before
    assert check(tomllib.loads(found)).training.epochs == 2
    assert "16 texts to train on, 6 to choose by" in found


def test_a_dry_runs_toml_is_a_config_for_training(tiny: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(dry_run(tiny), encoding="utf-8")
    assert read(file)["model"]["encoder"] == tiny["encoder"]
    found = overtone.train(None, tmp_path / "run", config=file, data_dir=tiny["data_dir"])
    assert found.metrics["cost"]["epochs"] == 2


def dry_run(tiny: dict[str, Any]) -> str:
    options = {key: value for key, value in tiny.items() if key != "data_dir"}
    return experiment.dry_run(compose(**options), tiny["data_dir"])


def stop_at(monkeypatch: pytest.MonkeyPatch, tiny: dict[str, Any], folder: Path) -> None:
    """Start a run and stop it by Ctrl-C in its second epoch."""
    save_best = checkpoint.save_best

    def interrupt(*arguments: Any) -> str:  # noqa: ANN401
        signal.raise_signal(signal.SIGINT)
        return save_best(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save_best", interrupt)
        with pytest.raises(Interrupted):
            overtone.train(output=folder, **tiny)


def test_resuming_on_other_texts_or_labels_is_refused_with_the_differences(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    stop_at(monkeypatch, tiny, folder)
    [train] = tiny["data_dir"].rglob("*En-train.txt")
    rows = train.read_text(encoding="utf-8").splitlines(keepends=True)
    assert rows[1].endswith("0\n")

    train.write_text("".join([rows[0], rows[1][:-2] + "1\n", *rows[2:]]), encoding="utf-8")
    with pytest.raises(InputError, match=r"train: truth \(sha256\) was") as caught:
        overtone.train(None, folder, resume=True, data_dir=tiny["data_dir"])
    assert "texts" not in str(caught.value).split(":", 2)[2]

    train.write_text("".join(rows[:-1]), encoding="utf-8")
    with pytest.raises(InputError, match="train: number of texts was 16, now 15"):
        overtone.train(None, folder, resume=True, data_dir=tiny["data_dir"])

    train.write_text("".join(rows), encoding="utf-8")
    assert overtone.train(None, folder, resume=True, data_dir=tiny["data_dir"]).bundle


@pytest.mark.parametrize("left", [(), ("checkpoints", "lock", ".config.toml.x1")])
def test_a_run_that_was_killed_before_it_had_a_recipe_begins(
    tiny: dict[str, Any], tmp_path: Path, left: tuple[str, ...]
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    for name in left:
        (folder / name).mkdir() if name == "checkpoints" else (folder / name).touch()
    run = overtone.train(output=folder, resume=True, **tiny)
    assert sorted(path.name for path in run.path.iterdir()) == [
        "bundle", "config.toml", "history.jsonl", "lock",
    ]  # fmt: skip


def test_what_a_killed_process_left_beside_a_finished_bundle_goes(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
    run = overtone.train(output=tmp_path / "run", **tiny)
    (run.path / "checkpoints").mkdir()
    overtone.train(output=tmp_path / "run", resume=True, **tiny)
    assert not (run.path / "checkpoints").exists()


def test_what_is_about_the_machine_may_change_when_a_run_goes_on(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_at(monkeypatch, tiny, tmp_path / "run")
    settings = ["training.batch_tokens=100", "training.checkpoint_steps=1"]
    run = overtone.train(
        None, tmp_path / "run", resume=True, data_dir=tiny["data_dir"], settings=settings
    )
    lines = (run.path / "history.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["batch_tokens"] for line in lines] == [8192, 100]


@pytest.mark.parametrize(
    "option",
    ["lora=4", "gradient_checkpointing=true", "layer_decay=0.9", "adversarial=1", "shard=true"],
)
def test_options_that_need_an_encoder_are_refused_before_anything_is_written(
    tmp_path: Path, option: str
) -> None:
    with pytest.raises(InputError, match=r"needs an encoder, found tfidf"):
        overtone.train("sample", tmp_path / "run", model="tfidf", settings=[f"training.{option}"])
    assert not (tmp_path / "run").exists()


def test_two_passes_are_refused_where_none_is_trained(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"rdrop needs a model that is trained.* found tfidf"):
        overtone.train("sample", tmp_path / "run", model="tfidf", settings=["training.rdrop=1"])
    assert not (tmp_path / "run").exists()
