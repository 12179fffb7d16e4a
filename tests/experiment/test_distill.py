"""Distillation: what the targets are, what a student learns, and how a run goes on."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit, logit

import overtone
from overtone import data
from overtone.config import parse
from overtone.data import Split
from overtone.errors import InputError
from overtone.experiment import distill
from overtone.experiment.distill import Teacher, mixed, softened
from overtone.experiment.fit import Run
from overtone.experiment.recipe import compose
from overtone.training import loop, ranks
from overtone.training.stopping import Interrupted

ALONE = ranks.join(cpu=True)
FAST = ("training.epochs=1", "training.device=cpu", "training.head_learning_rate=0.02")


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A teacher of another family, with the labels in another order."""
    rows = list(zip(*(getattr(train_split(), name) for name in ("texts", "targets")), strict=True))
    names = train_split().labels.names[::-1]
    lines = [json.dumps({"text": text, **dict(zip(names, map(int, row[::-1]), strict=True))})
             for text, row in rows]  # fmt: skip
    file = tmp_path_factory.mktemp("other") / "turned.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return overtone.train(str(file), file.parent / "run", model="tfidf")


def train_split() -> Split:
    return data.load("sample", "train")


def taught(*runs: Run, **options: Any) -> Teacher:  # noqa: ANN401
    layer = {"teacher": {"models": [str(run.path) for run in runs]}}
    section = distill.resolved(layer)["teacher"]
    return parse(Teacher, {**section, **options}, "teacher")


def test_the_targets_are_the_mean_of_the_truth_and_of_the_teachers_probabilities(
    trained: Run, other: Run, tmp_path: Path
) -> None:
    split = train_split()
    one, two = (overtone.load(given.path) for given in (trained, other))
    soft = (one.probabilities(split.texts) + two.probabilities(split.texts)[:, ::-1]) / 2
    found = distill.targets(taught(trained, other, weight=0.3), split, tmp_path, ALONE, quiet=True)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, 0.7 * data.truth(split) + 0.3 * soft, atol=1e-6)


def test_without_teachers_the_truth_stays_and_nothing_is_written(tmp_path: Path) -> None:
    split = train_split()
    assert distill.targets(Teacher(), split, tmp_path, ALONE) is split.targets
    assert not list(tmp_path.iterdir())


def test_gaps_are_filled_by_the_teachers_alone() -> None:
    truth = np.asarray([[1, 0, np.nan]], dtype=np.float32)
    soft = np.asarray([[0.5, 0.5, 0.25]], dtype=np.float32)
    np.testing.assert_allclose(mixed(truth, soft, 0.4), [[0.8, 0.2, 0.25]])
    np.testing.assert_array_equal(mixed(truth, soft, 0.0), [[1, 0, 0.25]])


def test_a_temperature_divides_the_logits() -> None:
    given = np.asarray([[0.9, 0.5, 0.01]], dtype=np.float32)
    np.testing.assert_allclose(softened(given, 2.0), expit(logit(given.astype(float)) / 2))
    np.testing.assert_array_equal(softened(given, 1.0), given)
    sure = np.asarray([[0.0, 1.0]], dtype=np.float32)
    assert ((softened(sure, 4.0) > 0.01) & (softened(sure, 4.0) < 0.99)).all()


def test_a_student_of_nothing_but_a_teacher_comes_near_it(bert: Path, tmp_path: Path) -> None:
    """The truth says nothing, as if drawn; what the student knows, it has from the teacher."""
    words = ("happy", "terrible", "sea", "bus", "soup", "friends", "joke", "match")
    texts = [f"{one} {two} today" for one in words for two in words]
    told = [(int("happy" in text), int("bus" in text)) for text in texts]
    drawn = np.random.default_rng(0).integers(0, 2, (len(texts), 2)).tolist()
    for name, truth in (("told", told), ("drawn", drawn)):
        rows = [f"{text},{a},{b}" for text, (a, b) in zip(texts, truth, strict=True)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["text,joy,anger", *rows]) + "\n")
    settings = [*FAST, "training.epochs=12", "training.learning_rate=3e-3", "training.metric=loss",
                "training.batch_size=8", "model.encoder_dropout=0", "teacher.weight=1"]  # fmt: skip
    teacher = overtone.train(
        str(tmp_path / "told.csv"), tmp_path / "teacher", model="tfidf",
        settings=["model.inverse_regularisation=50"],
    )  # fmt: skip
    student = overtone.train(
        str(tmp_path / "drawn.csv"), tmp_path / "student", model="cls_head", encoder=str(bert),
        teachers=[teacher.path], data={"dev": str(tmp_path / "told.csv")}, settings=settings,
    )  # fmt: skip
    wanted, found = (overtone.load(run.path).probabilities(texts) for run in (teacher, student))
    np.testing.assert_array_equal(wanted > 0.5, told)
    assert np.abs(found - wanted).mean() < 0.05
    np.testing.assert_array_equal(found > 0.5, told)


@pytest.fixture
def extra(tmp_path: Path) -> Path:
    """A file of texts without labels: three new ones, a known one, and one twice."""
    file = tmp_path / "more.csv"
    known = data.load("sample", "dev").texts[0].upper()
    texts = ["we will see the sea", "the soup was cold", known, "great  news", "Great news"]
    rows = [f'{n},"{text}"' for n, text in enumerate(texts)]
    file.write_text("\n".join(["id,words", *rows]) + "\n", encoding="utf-8")
    return file


def test_texts_that_only_teachers_label_come_on_top(
    trained: Run, extra: Path, tmp_path: Path
) -> None:
    train, dev = train_split(), data.load("sample", "dev")
    teacher = taught(trained, texts=(f"{extra}:words",))
    both = distill.with_texts(teacher, train, dev, 0, None)
    assert both.texts[len(train) :] == ("we will see the sea", "the soup was cold", "great  news")
    assert both.ids[len(train) :] == tuple(f"more.csv:words:{line}" for line in (2, 3, 5))
    assert np.isnan(data.truth(both)[len(train) :]).all()
    found = distill.targets(teacher, both, tmp_path, ALONE, quiet=True)
    np.testing.assert_array_equal(
        found[len(train) :], overtone.load(trained.path).probabilities(both.texts)[len(train) :]
    )
    few = taught(trained, texts=(str(extra),), most_texts=2)
    drawn = [distill.with_texts(few, train, dev, seed, None).texts[-2:] for seed in (0, 0, 1, 2, 3)]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) > 1


def test_texts_of_another_dataset_are_taken(trained: Run, bert: Path, tmp_path: Path) -> None:
    split = tmp_path / "data" / "goemotions"
    split.mkdir(parents=True)
    (split / "train.tsv").write_text("a joke for you\t3\tx1\nso grey\t5\tx2\n", encoding="utf-8")
    (split / "dev.tsv").write_text("not this one\t3\tx3\n", encoding="utf-8")
    (split / "emotions.txt").write_text("\n".join(f"e{n}" for n in range(28)), encoding="utf-8")
    found = overtone.train(
        "sample", tmp_path / "run", encoder=str(bert), settings=FAST, teachers=[trained.path],
        teacher_texts=["goemotions"], data_dir=tmp_path / "data",
    )  # fmt: skip
    section = found.bundle.manifest.config["teacher"]
    assert section["texts"] == ["goemotions"]
    assert section["sha256"] == [trained.bundle.digest]
    assert "Learnt from 1 other" in found.bundle.file("README.md").read_text(encoding="utf-8")


def test_a_stopped_run_goes_on_with_what_the_teachers_said(
    trained: Run, extra: Path, bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {
        "dataset": "sample", "encoder": str(bert), "settings": [*FAST, "training.epochs=2"],
        "teachers": [trained.path], "teacher_texts": [extra],
    }  # fmt: skip
    whole = overtone.train(output=tmp_path / "whole", **given).path
    validate = loop.Loop._finish_epoch

    def interrupt(self: loop.Loop, plan: list[NDArray[np.int64]]) -> None:
        signal.raise_signal(signal.SIGINT)
        validate(self, plan)

    with monkeypatch.context() as patch:
        patch.setattr(loop.Loop, "_finish_epoch", interrupt)
        with pytest.raises(Interrupted):
            overtone.train(output=tmp_path / "cut", **given)
    kept = tmp_path / "cut" / "checkpoints" / distill.FILE
    before = kept.stat().st_mtime_ns
    with monkeypatch.context() as patch:

        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("asked again")

        patch.setattr(distill, "_probabilities", refuse)
        cut = overtone.train(None, tmp_path / "cut", resume=True).path
    assert before
    weights = "bundle/model.safetensors"
    assert (cut / weights).read_bytes() == (whole / weights).read_bytes()
    assert not kept.exists()


def test_a_damaged_file_of_probabilities_is_made_again(
    trained: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    split, teacher = train_split(), taught(trained)
    before = distill.targets(teacher, split, tmp_path, ALONE, quiet=True)
    content = bytearray((tmp_path / distill.FILE).read_bytes())
    content[-1] ^= 1
    for damaged in (bytes(content), bytes(content[:-9]), b""):
        (tmp_path / distill.FILE).write_bytes(damaged)
        caplog.clear()
        found = distill.targets(teacher, split, tmp_path, ALONE, quiet=True)
        np.testing.assert_array_equal(found, before)
        assert "is damaged" in caplog.text


def test_other_texts_or_teachers_are_asked_about_anew(
    trained: Run, other: Run, tmp_path: Path
) -> None:
    split = train_split()
    one = distill.targets(taught(trained), split, tmp_path, ALONE, quiet=True)
    two = distill.targets(taught(other), split, tmp_path, ALONE, quiet=True)
    warm = distill.targets(taught(other, temperature=3.0), split, tmp_path, ALONE, quiet=True)
    assert not np.array_equal(one, two)
    assert not np.array_equal(two, warm)


def test_a_resumed_run_with_another_teacher_is_refused(
    trained: Run, other: Run, bert: Path, tmp_path: Path
) -> None:
    given: dict[str, Any] = {"dataset": "sample", "encoder": str(bert), "settings": FAST}
    recipe = compose(**given, teachers=[trained.path])
    (tmp_path / "run").mkdir()
    file = tmp_path / "run" / "config.toml"
    file.write_text(recipe.to_toml(), encoding="utf-8")
    with pytest.raises(InputError, match=r"teacher\.models was .* now .*teacher\.sha256 was"):
        overtone.train(output=tmp_path / "run", resume=True, teachers=[other.path], **given)
    # The same folder with another model in it.
    changed = recipe.to_toml().replace(trained.bundle.digest, other.bundle.digest)
    file.write_text(changed, encoding="utf-8")
    with pytest.raises(InputError, match=r"teacher\.sha256 was"):
        overtone.train(output=tmp_path / "run", resume=True, teachers=[trained.path], **given)
    with pytest.raises(InputError, match="no longer the one that the run was started with"):
        overtone.train(None, tmp_path / "run", resume=True)


def test_a_config_of_a_run_holds_its_teachers_to_their_hashes(
    trained: Run, other: Run, tmp_path: Path
) -> None:
    text = compose(dataset="sample", teachers=[trained.path]).to_toml()
    file = tmp_path / "mine.toml"
    file.write_text(text.replace(trained.bundle.digest, other.bundle.digest), encoding="utf-8")
    assert compose(file).teacher.sha256 == (other.bundle.digest,)
    with pytest.raises(InputError, match="no longer the one"):
        overtone.train(None, tmp_path / "run", config=file)
    # Without a hash, what is there is taken; a file may be written by hand.
    file.write_text(f'[teacher]\nmodels = ["{trained.path}"]\n', encoding="utf-8")
    assert compose(file, dataset="sample").teacher.sha256 == (trained.bundle.digest,)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"teacher_texts": ["goemotions"]}, "name some with --teacher"),
        ({"teachers": ["nowhere"]}, "MODEL is the folder of a run or a bundle"),
        ({"settings": ["teacher.models=3"]}, "teacher.models must be a list"),
        ({"settings": ["teacher.weight=2"]}, r"teacher\.weight must be between 0 and 1"),
    ],
)
def test_what_can_t_teach_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        compose(dataset="sample", **given)


def test_a_solver_s_student_and_unknown_texts_are_refused(trained: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="takes no soft labels"):
        compose(dataset="sample", model="tfidf", teachers=[trained.path])
    with pytest.raises(InputError, match=r"expected texts in a dataset .* at 'gone\.csv'"):
        compose(dataset="sample", teachers=[trained.path], teacher_texts=["gone.csv"])
    assert not list(tmp_path.iterdir())


def test_a_teacher_with_other_labels_is_refused_before_anything_is_written(
    trained: Run, bert: Path, tmp_path: Path
) -> None:
    table = tmp_path / "mine.csv"
    rows = [f"text {n} here,{n % 2},{n % 3 % 2}" for n in range(30)]
    table.write_text("\n".join(["text,joy,relief", *rows]) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="expected a teacher with the dataset's labels, 'joy'"):
        overtone.train(str(table), tmp_path / "run", encoder=str(bert), teachers=[trained.path])
    assert not (tmp_path / "run").exists()
