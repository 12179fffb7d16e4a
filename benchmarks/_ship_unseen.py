"""The threshold of a model that ships for labels that its training never saw."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np

from overtone import bundle, data
from overtone.bundle import CARD, ONNX, PARITY, TOKENIZER, Bundle
from overtone.data import Split
from overtone.experiment import deciding
from overtone.experiment.recipe import Section
from overtone.inference import predictor

WAY = deciding.Way(Section("none", {}), Section("threshold", {"aim": "f1_macro"}))


def decided(export: Bundle, dataset: str, folder: Path, data_dir: Path | None) -> Bundle:
    """Return the export with the threshold that is best for a dataset's labels, asked by name.

    Args:
        export: whose training had none of these labels.
        dataset: its train and dev split are taken together; nothing may be reported on them.
        folder: where the bundle is written.
        data_dir: where the dataset's files are.

    """
    texts = _whole(dataset, data_dir)
    model = predictor.load(export.path, labels=texts.labels.names)
    fitted = WAY.fit(model.uncalibrated(texts.texts), data.truth(texts), texts.labels)
    manifest = dataclasses.replace(
        export.manifest,
        decision=fitted.decision.to_json(),
        fitted_on=deciding.note(fitted, texts),
    )

    def copy(weights: Path) -> None:
        shutil.copyfile(export.file(ONNX), weights)
        shutil.copyfile(export.file(PARITY), weights.with_name(PARITY))

    tokenizer, card = (export.file(name).read_text(encoding="utf-8") for name in (TOKENIZER, CARD))
    return bundle.save(folder, manifest, copy, tokenizer, card, ONNX)


def _whole(dataset: str, data_dir: Path | None) -> Split:
    """Return train and dev as one split."""
    train, dev = (data.load(dataset, name, data_dir) for name in ("train", "dev"))
    return dataclasses.replace(
        train,
        name="train and dev",
        ids=train.ids + dev.ids,
        texts=train.texts + dev.texts,
        targets=np.concatenate([data.truth(train), data.truth(dev)]),
    )
