"""Exports: bundles that answer as their model, refused where they don't."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

import overtone
from overtone import bundle as bundles
from overtone.errors import BundleError, InputError, OvertoneError
from overtone.experiment.export import Exported
from overtone.experiment.train import train

TEXTS = ["so happy today", "", "what a terrible day, the bus is late again"]


@pytest.fixture(scope="module")
def run(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT trained on the sample, its decision fitted."""
    return train(
        "sample",
        tmp_path_factory.mktemp("export") / "run",
        encoder=str(bert),
        settings=[
            "training.epochs=2",
            "training.device=cpu",
            "training.head_learning_rate=0.02",
            "decision.name=per_label",
        ],
    ).path


@pytest.fixture(scope="module")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return overtone.export(run, tmp_path_factory.mktemp("exports") / "onnx")


def test_an_export_is_a_bundle_that_answers_as_the_model(run: Path, exported: Exported) -> None:
    model, export = overtone.load(run), overtone.load(exported.bundle.path)
    found, expected = export.probabilities(TEXTS), model.probabilities(TEXTS)
    np.testing.assert_allclose(found, expected, atol=1e-5, rtol=0)
    before, after = model.bundle.manifest, export.bundle.manifest
    for same in ("labels", "config", "decision", "calibration", "fitted_on", "metrics", "limit"):
        assert getattr(before, same) == getattr(after, same)
    assert after.export["format"] == "onnx"
    assert after.export["precision"] == "fp32"
    assert after.export["digest"] == model.bundle.digest
    assert set(export.bundle.files) == {"README.md", "model.onnx", "parity.json", "tokenizer.json"}


def test_what_was_compared_is_in_the_bundle(exported: Exported) -> None:
    saved = json.loads(exported.bundle.file("parity.json").read_text(encoding="utf-8"))
    assert saved == exported.parity.to_json()
    assert saved["texts_of"] == "sample, dev"
    assert saved["labels_flipped"] == 0
    assert saved["largest_difference"] < 1e-4
    assert saved["scores"]["jaccard"][0] == saved["scores"]["jaccard"][1]


def test_a_changed_report_is_refused(exported: Exported, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in exported.bundle.path.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    (copy / "parity.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BundleError, match=r"parity\.json was changed"):
        overtone.load(copy)


def test_bytes_are_smaller_and_near(run: Path, tmp_path: Path) -> None:
    found = overtone.export(run, tmp_path / "int8", precision="int8", jaccard_tolerance=10)
    assert 0 < found.parity.largest_difference < 0.1
    weights = [
        (folder / name).stat().st_size
        for folder, name in (
            (found.bundle.path, "model.onnx"),
            (bundles.locate(run), "model.safetensors"),
        )
    ]
    assert weights[0] < 0.7 * weights[1]
    assert overtone.load(found.bundle.path).predict(TEXTS)


def test_what_is_too_far_is_refused_and_leaves_nothing(run: Path, tmp_path: Path) -> None:
    with pytest.raises(OvertoneError, match=r"a probability differs by .* \(--tolerance\)"):
        overtone.export(run, tmp_path / "int8", precision="int8", tolerance=1e-7)
    assert list(tmp_path.iterdir()) == []


def test_texts_without_labels_will_do(run: Path, tmp_path: Path) -> None:
    found = overtone.export(run, tmp_path / "onnx", texts=TEXTS)
    assert found.parity.texts == len(TEXTS)
    assert found.parity.scores == {}
    assert found.parity.agreement == 1


def test_openvino_answers_as_the_model(run: Path, tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    found = overtone.export(run, tmp_path / "openvino", format="openvino")
    assert {"model.xml", "model.bin"} <= set(found.bundle.files)
    np.testing.assert_allclose(
        overtone.load(found.bundle.path).probabilities(TEXTS),
        overtone.load(run).probabilities(TEXTS),
        atol=1e-4,
        rtol=0,
    )


@pytest.mark.parametrize("kind", ["onnx", "openvino"])
def test_halves_take_half_the_room_and_answer_nearly_as_the_model(
    run: Path, tmp_path: Path, kind: Literal["onnx", "openvino"]
) -> None:
    pytest.importorskip("openvino")
    whole = overtone.export(run, tmp_path / "whole", format=kind)
    halves = overtone.export(
        run,
        tmp_path / "halves",
        format=kind,
        precision="fp16",
        jaccard_tolerance=100,  # the tiny model's probabilities all lie near its thresholds
    )

    name = "model.onnx" if kind == "onnx" else "model.bin"
    sizes = [found.bundle.file(name).stat().st_size for found in (whole, halves)]
    assert sizes[1] < 0.8 * sizes[0]
    assert 0 < halves.parity.largest_difference < 0.02
    backends = ["onnx", "openvino"] if kind == "onnx" else ["openvino"]
    for backend in backends:
        np.testing.assert_allclose(
            overtone.load(halves.bundle.path, backend=backend).probabilities(TEXTS),
            overtone.load(run).probabilities(TEXTS),
            atol=0.02,
            rtol=0,
        )


def test_an_export_can_be_given_another_decision(exported: Exported, tmp_path: Path) -> None:
    again = overtone.decide(
        exported.bundle.path, "sample", tmp_path / "new", decision={"name": "at_least"}
    )
    assert "model.onnx" in again.bundle.files
    assert all(found.labels for found in overtone.load(tmp_path / "new").predict(TEXTS))


def test_an_export_can_be_evaluated(run: Path, exported: Exported) -> None:
    found = overtone.evaluate(exported.bundle.path, "sample", split="test")
    expected = overtone.evaluate(run, "sample", split="test").scores
    assert found.scores.jaccard == expected.jaccard
    assert found.scores.lrap == pytest.approx(expected.lrap, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dataset": "sample", "texts": ["a"]}, "not both"),
        ({"texts": []}, "found none"),
        ({"dataset": "samples"}, "sample"),
    ],
)
def test_what_can_not_be_meant_is_refused(
    run: Path, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        overtone.export(run, tmp_path / "new", **change)  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()


def test_an_export_is_not_exported_again(exported: Exported, tmp_path: Path) -> None:
    for export in (overtone.export, overtone.export_encoder):
        with pytest.raises(InputError, match="is an export already: name the model that it was"):
            export(exported.bundle.path, tmp_path / "new")


def test_a_folder_that_is_there_is_left_alone(run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a new folder"):
        overtone.export(run, tmp_path)


def test_a_backend_that_can_not_read_it_says_which_can(run: Path, exported: Exported) -> None:
    with pytest.raises(InputError, match="which is for: onnx"):
        overtone.load(exported.bundle.path, backend="torch")
    with pytest.raises(InputError, match="which is for: torch"):
        overtone.load(run, backend="onnx")
