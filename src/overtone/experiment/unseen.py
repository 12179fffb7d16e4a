"""What may be scored of a model that has learnt its dev split: what its parts said of it unseen.

A model that learnt dev (`training.learn_dev`) keeps those probabilities beside its weights. They
stand in for its own wherever it is scored, decided or calibrated on these very texts.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from overtone.bundle import OUT_OF_FOLD, Json, Manifest
from overtone.data import Split
from overtone.errors import BundleError, InputError
from overtone.experiment import fingerprint
from overtone.inference.predictor import Predictor

log = logging.getLogger(__name__)

NAME = "probabilities"


def note(dev: Split) -> Json:
    """Return what a bundle says about the dev split that its model has learnt."""
    return {"texts": len(dev), "sha256": fingerprint.of_texts(dev.texts)}


def learnt(manifest: Manifest, split: Split) -> bool:
    """Return whether a model has learnt these very texts, its dev split."""
    found = manifest.learnt.get("sha256")
    return found is not None and found == fingerprint.of_texts(split.texts)


def write(probabilities: NDArray[np.float32], path: Path) -> None:
    """Keep probabilities (n, C) of the dev split by trainings that never saw the texts."""
    save_file({NAME: np.ascontiguousarray(probabilities, dtype=np.float32)}, path)


def instead(
    model: Predictor, split: Split, own: NDArray[np.float32]
) -> tuple[NDArray[np.float32], bool]:
    """Return the probabilities by which a model is scored on a split, and whether not its own.

    Args:
        model: the model, which may be asked for other labels than its own.
        split: the texts.
        own: what it says of them itself, uncalibrated, (n, C).

    Raises:
        InputError: it has learnt these very texts, and is an export, which has nothing else.
        BundleError: what was kept can't be read.

    """
    manifest = model.bundle.manifest
    if not learnt(manifest, split):
        return own, False
    if model.asked or model.labels is not manifest.labels:
        log.warning("the model has learnt these very texts, with its own labels")
        return own, False
    if OUT_OF_FOLD not in model.bundle.files:
        raise InputError(
            f"{model.bundle.path} has learnt these very texts (training.learn_dev), and an export "
            "has no probabilities of before: name the model that it was made from, or other texts"
        )
    try:
        kept = load_file(model.bundle.file(OUT_OF_FOLD))[NAME]
    except (SafetensorError, KeyError) as error:
        raise BundleError(f"{model.bundle.path}: {OUT_OF_FOLD} can't be read: {error}") from error
    if kept.shape != own.shape or not np.isfinite(kept).all():
        raise BundleError(
            f"{model.bundle.path}: expected probabilities of {own.shape} in {OUT_OF_FOLD}, found "
            f"{kept.shape}; don't use this bundle"
        )
    return np.asarray(kept, dtype=np.float32), True


def refuse(manifest: Manifest, dev: Split, name: str) -> None:
    """Refuse a model that another one learns from, if it has learnt the dev split of that one.

    Raises:
        InputError: it has; scores on dev would say nothing.

    """
    if learnt(manifest, dev):
        raise InputError(
            f"the model {name} has learnt the texts of this dev split (training.learn_dev), on "
            "which a model that learns from it can't be scored: train that one with "
            "--set training.learn_dev=false, or take another dev split"
        )
