"""What a model is, for those who ask and for the batcher."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import overtone
from overtone.apps.server.settings import Settings
from overtone.inference import any_labels
from overtone.inference.predictor import Predictor


def name_of(folder: Path) -> str:
    """Return a model's name: its run's, where the bundle lies in one, or the folder's."""
    folder = folder.resolve()
    return folder.parent.name if folder.name == "bundle" else folder.name


def about(predictor: Predictor, backend: str, settings: Settings) -> dict[str, Any]:
    """Return what GET /v1/model answers."""
    manifest = predictor.bundle.manifest
    asked = predictor.asked
    return {
        "name": name_of(predictor.bundle.path),
        "sha256": predictor.bundle.digest,
        "labels": list(predictor.labels.names),
        **({"unseen": list(any_labels.unseen(predictor.labels, manifest))} if asked else {}),
        "decision": predictor.decision,
        "thresholds": _thresholds(predictor),
        "metrics": {} if asked else manifest.metrics,  # which are those of other labels
        "backend": backend,
        "max_length": _max_length(predictor),
        "limits": {
            "texts": settings.texts,
            "characters": settings.characters,
            "body_bytes": settings.body_bytes,
        },
        "overtone": overtone.__version__,
    }


def most_tokens(predictor: Predictor) -> float:
    """Return how many tokens of a text are computed at most; infinite where there is no limit."""
    options = predictor.bundle.manifest.config["inputs"]
    rows = options.get("max_windows", 1) if options.get("long") == "windows" else 1
    return rows * (_max_length(predictor) or math.inf)


def _max_length(predictor: Predictor) -> int | None:
    """Return the most tokens a row; None where the input kind has no limit."""
    manifest = predictor.bundle.manifest
    found = manifest.config["inputs"].get("max_length")
    return None if found is None else min(int(found), manifest.limit)


def _thresholds(predictor: Predictor) -> dict[str, float] | None:
    """Return each label's threshold; None where the decision is about the set of labels."""
    saved = predictor.decision
    if saved.get("name") == "per_label":
        return dict(saved["thresholds"])
    if saved.get("name") == "threshold":
        return dict.fromkeys(predictor.labels.names, float(saved["threshold"]))
    return None
