"""Explain: which words of a text pushed a model towards its labels and away from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from overtone.errors import InputError
from overtone.inference.predictor import Prediction, Predictor, load
from overtone.insight import attribution
from overtone.insight.alignment import align
from overtone.labels import Labels


@dataclass(frozen=True)
class Word:
    """A word of the text, or several that cleaning treats together."""

    text: str
    start: int
    end: int
    """Where it stands in the text as it was given: `text[start:end]`."""
    push: dict[str, float]
    """By label: what it adds to the label's logit, above nought for the label, below against it."""


@dataclass(frozen=True)
class Explanation:
    """What a model says about a text, and the words that made it say so."""

    text: str
    method: str
    prediction: Prediction
    labels: tuple[str, ...]
    """Those that are explained."""
    words: tuple[Word, ...]
    """In the text's order; what cleaning dropped is not among them."""

    def to_json(self) -> dict[str, object]:
        """Return it as JSON values."""
        return {
            "text": self.text,
            "method": self.method,
            "labels": list(self.prediction.labels),
            "probabilities": self.prediction.probabilities,
            "explained": list(self.labels),
            "words": [asdict(word) for word in self.words],
        }


def explain(
    model: Predictor | str | Path,
    text: str,
    *,
    labels: Sequence[str] | None = None,
    method: str = "auto",
    **options: object,
) -> Explanation:
    """Say how much each word of a text pushed for or against labels.

    Args:
        model: a model that `load` returned, or what it takes.
        text: the text.
        labels: which ones to explain; those that are on where None.
        method: leave_one_out, integrated_gradients or attention; `auto` takes the most faithful one
            that works with the model.
        options: the method's own, such as `steps=32`.

    Raises:
        InputError: there is no such model, label or method, or the method and the model don't go
            together.
        MissingExtraError: the method's packages are not installed.

    """
    predictor = model if isinstance(model, Predictor) else load(model)
    if labels is not None:
        check_labels(labels, predictor.labels)
    name = attribution.best(predictor) if method == "auto" else method
    attribute = attribution.load(name, options, predictor)
    [prediction] = predictor.predict([text])
    asked = prediction.labels if labels is None else tuple(dict.fromkeys(labels))
    aligned = align(text, predictor.clean)
    columns = [predictor.labels.names.index(label) for label in asked]
    words: tuple[Word, ...] = ()
    if columns and aligned.units:
        words = tuple(
            Word(
                text[unit.start : unit.end],
                unit.start,
                unit.end,
                dict(zip(asked, map(float, row), strict=True)),
            )
            for unit, row in zip(aligned.units, attribute(predictor, aligned, columns), strict=True)
        )
    return Explanation(text, name, prediction, asked, words)


def check_labels(labels: Sequence[str], known: Labels) -> None:
    """Refuse labels that a model doesn't have.

    Raises:
        InputError: one is unknown; the message lists those that exist.

    """
    for label in labels:
        if label not in known.names:
            raise InputError(
                f"expected a label of the model to explain, found {label!r}; there are: "
                f"{', '.join(known.names)}"
            )
