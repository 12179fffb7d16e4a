"""Overtone: hear every emotion in a text, not only the loudest.

Multi-label emotion recognition: train a classifier, know how good it is, keep it, and label texts.
Names are imported when they are first used, so that `import overtone` stays light.
"""

from __future__ import annotations

import importlib
import os

# Nothing here phones home. ONNX Runtime reads this when it is first imported, by whichever module
# or process; without it, its builds for Linux send events to their makers.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# What type checkers take to be true: `typing` itself takes longer to import than this file.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from overtone.apps.scoring.score import score
    from overtone.apps.summary.summarise import summarise
    from overtone.apps.summary.together import cooccur_scored
    from overtone.errors import OvertoneError
    from overtone.experiment.adapt import adapt
    from overtone.experiment.compare import compare
    from overtone.experiment.compress import compress
    from overtone.experiment.cooccur import cooccur
    from overtone.experiment.crossvalidate import crossvalidate
    from overtone.experiment.decide import decide
    from overtone.experiment.estimator import EmotionClassifier
    from overtone.experiment.evaluate import evaluate
    from overtone.experiment.export import export
    from overtone.experiment.export_encoder import export_encoder
    from overtone.experiment.identity import identity_test
    from overtone.experiment.push import push
    from overtone.experiment.train import train
    from overtone.inference.predictor import Prediction, Predictor, load
    from overtone.insight.explain import explain
    from overtone.labels import Labels

__version__ = "0.1.0"

__all__ = [
    "EmotionClassifier",
    "Labels",
    "OvertoneError",
    "Prediction",
    "Predictor",
    "__version__",
    "adapt",
    "compare",
    "compress",
    "cooccur",
    "cooccur_scored",
    "crossvalidate",
    "decide",
    "evaluate",
    "explain",
    "export",
    "export_encoder",
    "identity_test",
    "load",
    "push",
    "score",
    "summarise",
    "train",
]

_HOMES = {
    "EmotionClassifier": "overtone.experiment.estimator",
    "Labels": "overtone.labels",
    "OvertoneError": "overtone.errors",
    "Prediction": "overtone.inference.predictor",
    "Predictor": "overtone.inference.predictor",
    "adapt": "overtone.experiment.adapt",
    "compare": "overtone.experiment.compare",
    "compress": "overtone.experiment.compress",
    "cooccur": "overtone.experiment.cooccur",
    "cooccur_scored": "overtone.apps.summary.together",
    "crossvalidate": "overtone.experiment.crossvalidate",
    "decide": "overtone.experiment.decide",
    "evaluate": "overtone.experiment.evaluate",
    "explain": "overtone.insight.explain",
    "export": "overtone.experiment.export",
    "export_encoder": "overtone.experiment.export_encoder",
    "identity_test": "overtone.experiment.identity",
    "load": "overtone.inference.predictor",
    "push": "overtone.experiment.push",
    "score": "overtone.apps.scoring.score",
    "summarise": "overtone.apps.summary.summarise",
    "train": "overtone.experiment.train",
}


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(_HOMES[name]), name)
    except ImportError as error:
        from overtone.errors import MissingExtraError  # noqa: PLC0415 - only in this case

        extra = "train,export" if name == "export" else "train"
        raise MissingExtraError(extra, f"overtone.{name}") from error
