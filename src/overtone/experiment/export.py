"""Make a smaller or faster form of a trained model, and hold it to the model's own answers."""

from __future__ import annotations

import dataclasses
import json
import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from safetensors.torch import load_file

from overtone import atomic, models
from overtone import bundle as bundles
from overtone import data as datasets
from overtone.bundle import LEARNT, PARITY, TOKENIZER, WEIGHTS, Bundle
from overtone.errors import InputError
from overtone.experiment import labelled, learnt
from overtone.inference import predictor
from overtone.inference.export import parity, write
from overtone.inference.export.parity import Parity, Tolerance
from overtone.inference.export.write import Format, Precision, Target
from overtone.inference.predictor import Predictor
from overtone.inputs import Batch

log = logging.getLogger(__name__)

CALIBRATION_TEXTS = 512
"""Texts that int8's scales are found on; more change nothing that can be seen."""
CALIBRATION_TOKENS = 2048
"""Tokens of a batch of them."""
SAMPLE = "sample"
"""The dataset that is always here."""


@dataclass(frozen=True)
class Exported:
    """An export, and how far it is from its model."""

    bundle: Bundle
    parity: Parity
    megabytes: float
    """Of all its files, 10^6 bytes."""


@dataclass(frozen=True)
class _Texts:
    """The texts of the parity gate and of calibration."""

    name: str
    texts: Sequence[str]
    truth: NDArray[np.float32] | None
    calibration: Sequence[str]


def export(
    model: str | Path,
    output: str | Path,
    *,
    format: Format = "onnx",  # noqa: A002 - the word for it
    precision: Precision = "fp32",
    dataset: str | None = None,
    split: str | None = None,
    data_dir: str | Path | None = None,
    data: Mapping[str, object] | None = None,
    texts: Sequence[str] | None = None,
    tolerance: float | None = None,
    jaccard_tolerance: float | None = None,
    keep: Sequence[str] = (),
) -> Exported:
    """Write a trained model as a bundle for ONNX Runtime or OpenVINO, if it answers as the model.

    Args:
        model: the folder of a run or a bundle.
        output: the export's folder, made here.
        format: onnx or openvino.
        precision: fp32, fp16 or int8, which is calibrated on texts of the dataset's train split.
        dataset: a name or a table with the model's labels, on which both are compared. By default
            the one that the model was trained on, where its files are here, else the sample.
        split: by default dev; of a table, all.
        data_dir: where the dataset's files are.
        data: the dataset's options.
        texts: texts without labels, in place of a dataset.
        tolerance: the largest difference of a probability that is allowed; by default 1e-4 in fp32,
            0.02 in fp16 and any in int8.
        jaccard_tolerance: the largest change of the Jaccard score, in points; by default 0.3.
        keep: products that stay in float in int8, by their names in the graph.

    Raises:
        InputError: there is no such model or dataset, the model is an export itself, its
            architecture can't be exported, or there is something at `output`.
        OvertoneError: the export's answers are too far from the model's; nothing is written then.

    """
    folder = Path(output)
    if folder.exists():
        raise InputError(f"expected a new folder for the export, found {folder}: name another")
    if texts is not None and dataset is not None:
        raise InputError("give texts or a dataset, not both")
    start = bundles.exportable(model)
    original = predictor.load(start.path, backend="torch", device="cpu")
    found = _texts(original, dataset, split, data_dir, data or {}, texts)
    target = Target(format, precision, tuple(keep))
    ready = original.collated(found.calibration, CALIBRATION_TOKENS)
    graph = write.graph(_model(start), ready, target)
    with tempfile.TemporaryDirectory(prefix="overtone-") as aside:
        draft = _save(Path(aside) / "export", start, graph, target, ready)
        reloaded = predictor.load(draft.path, backend=target.format)
        seen = parity.compare(original, reloaded, found.texts, found.truth, found.name)
        del reloaded  # some systems don't remove a file that is open
        parity.check(seen, _tolerance(precision, tolerance, jaccard_tolerance))
    saved = _save(folder, start, graph, target, ready, seen)
    size = sum(file.stat().st_size for file in folder.iterdir())
    return Exported(saved, seen, round(size / 1e6, 1))


def _save(
    path: Path,
    start: Bundle,
    graph: onnx.ModelProto,
    target: Target,
    batches: Sequence[Batch],
    seen: Parity | None = None,
) -> Bundle:
    """Write the export, with what was seen of it where that is known."""
    lengths = np.concatenate([_lengths(batch) for batch in batches])
    manifest = dataclasses.replace(
        start.manifest,
        export={
            "format": target.format,
            "precision": target.precision,
            "digest": start.digest,
            "lengths": [int(length) for length in np.quantile(lengths, (0.1, 0.5, 0.9))],
        },
    )

    known = learnt.read(start)

    def write_files(weights: Path) -> None:
        write.save(graph, target, weights)
        if len(known.texts):  # what was said of them is another model's
            known.forgotten().write(weights.with_name(LEARNT))
        if seen is not None:
            report = json.dumps(seen.to_json(), indent=2, allow_nan=False) + "\n"
            atomic.write_text(weights.with_name(PARITY), report)

    return bundles.save(
        path,
        manifest,
        write_files,
        start.file(TOKENIZER).read_text(encoding="utf-8"),
        start.card(),
        write.FILES[target.format],
    )


def _lengths(batch: Batch) -> NDArray[np.int64]:
    """Return the tokens of a batch's rows, (B,)."""
    shown = batch.get("attention_mask", batch["input_ids"])
    return np.asarray((shown != 0).sum(axis=1), dtype=np.int64)


def _model(start: Bundle) -> models.Model:
    saved = dict(start.manifest.config["model"])
    model = models.restore(saved.pop("name"), saved, start.manifest.architecture)
    models.load_weights(model, load_file(start.file(WEIGHTS)), start)
    return model.eval()


def _tolerance(precision: Precision, probability: float | None, jaccard: float | None) -> Tolerance:
    default = parity.TOLERANCES[precision]
    return Tolerance(
        probability=default.probability if probability is None else probability,
        jaccard=default.jaccard if jaccard is None else jaccard,
    )


def _texts(
    model: Predictor,
    dataset: str | None,
    split: str | None,
    data_dir: str | Path | None,
    data: Mapping[str, object],
    given: Sequence[str] | None,
) -> _Texts:
    """Return the texts that both models are asked about, and those to calibrate on."""
    if given is not None:
        if not given:
            raise InputError("expected texts to compare the models on, found none")
        return _Texts("the input", given, None, given[:CALIBRATION_TEXTS])
    where = Path(data_dir) if data_dir else None
    if dataset is None:
        dataset = _trained_on(model, where)
    if dataset is None:
        log.warning(
            "the files of the dataset that the model was trained on are not here: it is compared, "
            "and calibrated, on the texts of the sample; --dataset or --input name better ones"
        )
        dev, train = (datasets.load(SAMPLE, name, where).texts for name in ("dev", "train"))
        return _Texts(f"{SAMPLE}, dev", dev, None, train[:CALIBRATION_TEXTS])
    _, loaded, truth = labelled.load(model, dataset, split, data_dir, data, default="dev")
    calibration = loaded.texts
    if "train" in datasets.splits(dataset) and loaded.name not in {"train", "all"}:
        # Scales that were found on the very texts that they are checked on would look too good.
        try:
            _, other, _ = labelled.load(model, dataset, "train", data_dir, data, default="train")
            calibration = other.texts
        except InputError as error:
            log.info("calibrated on the texts that are compared, for: %s", error)
    name = f"{Path(dataset).name}, {loaded.name}"
    if learnt.instead(model, loaded.texts, np.zeros_like(truth))[1].any():
        name += ", which the model has learnt"
    return _Texts(name, loaded.texts, truth, calibration[:CALIBRATION_TEXTS])


def _trained_on(model: Predictor, data_dir: Path | None) -> str | None:
    """Return the dataset that a model was trained on, where its files are here."""
    saved = model.bundle.manifest.config.get("data", {})
    if saved.get("name") == datasets.OWN_FILES:
        file = str(saved.get("file", ""))
        return file if Path(file).is_file() else None
    name = str(saved.get("name", ""))
    return name if name in datasets.names() and datasets.is_here(name, "dev", data_dir) else None
