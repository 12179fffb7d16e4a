"""From texts to predictions: the whole way, for a saved model and any backend. No torch here."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from overtone import bundle as bundles
from overtone import calibration, data, decision, inputs, text
from overtone.bundle import Bundle
from overtone.decision import Thresholds
from overtone.errors import BundleError, InputError
from overtone.inference import backends
from overtone.inputs import Encoded, batches
from overtone.inputs.batches import LogitsOf
from overtone.labels import Labels

log = logging.getLogger(__name__)

UNCALIBRATED = {"name": "none"}
UNFITTED = {"name": "threshold", "threshold": 0.5}
"""The decision for labels that none was fitted for."""


@dataclass(frozen=True)
class Prediction:
    """What a model says about one text."""

    labels: tuple[str, ...]
    """The labels that are on, most probable first; empty where none is."""
    probabilities: dict[str, float]
    """Every label's probability, in the model's order."""


class Predictor:
    """A loaded model: predict, probabilities, decide."""

    def __init__(self, bundle: Bundle, logits_of: LogitsOf, labels: Labels | None = None) -> None:
        """Join a bundle's parts: cleaner, inputs, backend, calibration and decision.

        Args:
            bundle: the bundle.
            logits_of: the backend.
            labels: one of the other label sets that the model learned; its own where None.

        """
        manifest = bundle.manifest
        self.bundle = bundle
        self.labels = labels or manifest.labels
        """The labels, in the order of the columns."""
        self._clean = text.load(*_named(manifest.config, "text"))
        tokenizer = Tokenizer.from_file(str(bundle.file(bundles.TOKENIZER)))
        kind, options = _named(manifest.config, "inputs")
        # The saved labels have their prompts already, those of other sets none of these.
        options = inputs.without_prompts(options)
        self._inputs = inputs.load(kind, options, tokenizer, manifest.limit)
        # Both are keyed by names; of labels that they don't know they can say nothing.
        known = set(self.labels.names) == set(manifest.labels.names)
        self._calibration = calibration.restore(
            manifest.calibration if known else UNCALIBRATED, self.labels
        )
        self._decision = decision.restore(manifest.decision if known else UNFITTED, self.labels)
        self._logits_of = logits_of

    def with_labels_of(self, dataset: str) -> Predictor:
        """Return the same model with the labels of another dataset that it was trained on.

        Its decision is the model's own where the labels have the same names, as in another
        language, and otherwise a threshold of 0.5, for none was fitted.

        Args:
            dataset: its name in the model's recipe; of a table, its path.

        Raises:
            InputError: the model was not trained on it besides its own.

        """
        learned = self.bundle.manifest.also
        name = str(data.named(dataset).get("file", dataset))
        if name not in learned:
            raise InputError(
                f"expected a dataset that the model was trained on besides its own, found "
                f"{dataset!r}; there are: {', '.join(learned) or 'none'}"
            )
        return Predictor(self.bundle, self._logits_of, learned[name])

    def predict(
        self, texts: Iterable[str], *, threshold: Thresholds | None = None
    ) -> list[Prediction]:
        """Return one prediction a text, in order.

        Args:
            texts: the texts.
            threshold: what decides instead of the model's own decision: 0.4 for all labels, or
                {"joy": 0.3} for some.

        Raises:
            InputError: `texts` is one text instead of a list of them, or holds something else; or a
                threshold is not between 0 and 1 or for what is no label.

        """
        if threshold is not None:  # a wrong one is found before the texts are read
            decision.override(self._decision, threshold, self.labels)
        found = self.probabilities(texts)
        decided = self.decide(found, threshold=threshold)
        names = self.labels.names
        return [
            Prediction(
                tuple(names[c] for c in np.argsort(-row, kind="stable") if on[c]),
                dict(zip(names, map(float, row), strict=True)),
            )
            for row, on in zip(found, decided, strict=True)
        ]

    def probabilities(self, texts: Iterable[str]) -> NDArray[np.float32]:
        """Return every label's probability, (n, C).

        Raises:
            InputError: `texts` is one text instead of a list of them, or holds something else.

        """
        return self._calibration.calibrate(self.uncalibrated(texts))

    def uncalibrated(self, texts: Iterable[str]) -> NDArray[np.float32]:
        """Return the model's own probabilities, (n, C), the sigmoid of its logits.

        Raises:
            InputError: `texts` is one text instead of a list of them, or holds something else.

        """
        return batches.sigmoid(self.logits(texts))

    def calibrate(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the model's calibration makes of its own probabilities, (n, C)."""
        return self._calibration.calibrate(probabilities)

    def logits(self, texts: Iterable[str]) -> NDArray[np.float32]:
        """Return every label's logit, (n, C), whose sigmoid is its uncalibrated probability.

        Raises:
            InputError: `texts` is one text instead of a list of them, or holds something else.

        """
        encoded = self.encode(texts)
        if encoded.truncated:
            log.warning(
                "%d of %d texts were longer than the model's input and lost a part",
                encoded.truncated,
                len(encoded),
            )
        return self.compute(encoded)

    def encode(self, texts: Iterable[str]) -> Encoded:
        """Return texts cleaned and tokenised.

        Raises:
            InputError: `texts` is one text instead of a list of them, or holds something else.

        """
        if isinstance(texts, str):
            raise InputError("expected a list of texts, found one text: pass [text]")
        texts = list(texts)  # an iterator can be read only once
        for place, item in enumerate(texts):
            if not isinstance(item, str):
                raise InputError(
                    f"expected texts, found {type(item).__name__} at position {place}: "
                    "leave out or fill the gaps"
                )
        return self._inputs.encode([self._clean(item) for item in texts], self.labels)

    def compute(self, encoded: Encoded, tokens: int = batches.TOKENS) -> NDArray[np.float32]:
        """Return the logits, (n, C), of what `encode` returned.

        Args:
            encoded: the texts.
            tokens: most tokens a batch, padding counted.

        """
        return batches.logits(self._logits_of, self._inputs, encoded, tokens)

    def decide(
        self, probabilities: NDArray[np.float32], *, threshold: Thresholds | None = None
    ) -> NDArray[np.bool_]:
        """Return which labels are on, (n, C), by the model's decision or by thresholds instead.

        Raises:
            InputError: a threshold is not between 0 and 1 or for what is no label.

        """
        if threshold is None:
            return self._decision.decide(probabilities)
        return decision.override(self._decision, threshold, self.labels).decide(probabilities)


def load(model: str | Path, backend: str = "torch", **options: object) -> Predictor:
    """Load a trained model.

    Args:
        model: the folder of a run or a bundle.
        backend: what computes: torch.
        options: the backend's options, such as `device="cpu"`.

    Raises:
        InputError: there is no such model; the message lists those nearby.
        BundleError: a file of it is missing, changed or additional.
        MissingExtraError: the backend's packages are not installed.

    """
    bundle = bundles.load(bundles.locate(model))
    return Predictor(bundle, backends.load(backend, options, bundle))


def _named(config: Mapping[str, object], section: str) -> tuple[str, dict[str, object]]:
    """Split a section of the saved config into the plugin's name and its options."""
    table = config.get(section)
    if not isinstance(table, dict) or "name" not in table:
        raise BundleError(f"the bundle's config has no section {section} with a name")
    return str(table["name"]), {key: value for key, value in table.items() if key != "name"}
