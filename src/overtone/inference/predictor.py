"""From texts to predictions: the whole way, for a saved model and any backend. No torch here."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
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
from overtone.inference import any_labels, backends, choice, frames, given_texts, terms
from overtone.inference.frames import Frame
from overtone.inputs import Batch, Encoded, batches
from overtone.inputs.batches import LogitsOf
from overtone.labels import Labels

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prediction:
    """What a model says about one text."""

    labels: tuple[str, ...]
    """The labels that are on, most probable first; empty where none is."""
    probabilities: dict[str, float]
    """Every label's probability, in the model's order."""


class Predictor:
    """A loaded model: predict, probabilities, decide."""

    def __init__(
        self,
        bundle: Bundle,
        logits_of: LogitsOf,
        labels: Labels | None = None,
        tokens: int = batches.TOKENS,
        lanes: int = 1,
    ) -> None:
        """Join a bundle's parts: cleaner, inputs, backend, calibration and decision.

        Args:
            bundle: the bundle.
            logits_of: the backend.
            labels: other labels than the model's own, learned or not.
            tokens: most tokens a batch, padding counted.
            lanes: how many batches the backend computes at once.

        """
        manifest = bundle.manifest
        self.bundle = bundle
        self.labels = labels or manifest.labels
        """The labels, in the order of the columns."""
        self.clean = text.load(*_named(manifest.config, "text"))
        """What happens to a text before it is tokenised."""
        tokenizer = Tokenizer.from_file(str(bundle.file(bundles.TOKENIZER)))
        kind, options = _named(manifest.config, "inputs")
        # The saved labels have their prompts already, those of other sets none of these.
        options = inputs.without_prompts(options)
        self.inputs = inputs.load(kind, options, tokenizer, manifest.limit)
        """What tokenises and collates."""
        # Both are keyed by names; of labels that they don't know they say little.
        known = set(self.labels.names) == set(manifest.labels.names)
        self._calibration = calibration.restore(
            manifest.calibration if known else any_labels.calibration(manifest, self.labels),
            self.labels,
        )
        self.decision = manifest.decision if known else any_labels.decision(manifest)
        """What decides, as a bundle saves it."""
        self._decision = decision.restore(self.decision, self.labels)
        self._logits_of = logits_of
        self._tokens = tokens
        self.lanes = lanes
        """How many batches the backend computes at once, called from as many threads."""

    @property
    def network(self) -> object | None:
        """Return the torch module that computes; None where the backend is another."""
        return getattr(self._logits_of, "network", None)

    @property
    def asked(self) -> bool:
        """Return whether a user asked for the labels: they are no set that it was trained on."""
        return not any_labels.learned(self.labels.names, self.bundle.manifest)

    def with_labels_of(self, dataset: str) -> Predictor:
        """Return the same model with the labels of another dataset that it was trained on.

        Its decision is the model's own where the labels have the same names, as in another
        language, and otherwise a threshold: the model's where it has one for all labels, else 0.5.

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
        return self._with(learned[name])

    def with_labels(self, labels: Iterable[str]) -> Predictor:
        """Return the same model with any labels, whether it ever saw them or not.

        How well it reads them depends on its training: `training.random_labels`. Nothing that was
        fitted label by label applies to other labels than its own: they are on above the model's
        threshold where it has one for all labels, else above 0.5, and only a temperature that all
        labels share is theirs, too.

        Args:
            labels: their names, the words that the model reads; an underscore reads as a space.

        Raises:
            InputError: the model doesn't read labels, or they are none, too many, too long, twice
                the same, or no words.

        """
        return self._with(any_labels.asked(labels, self.bundle.manifest))

    def _with(self, labels: Labels) -> Predictor:
        found = Predictor(self.bundle, self._logits_of, labels, self._tokens, self.lanes)
        found.inputs.encode((), labels)  # what takes too many tokens is found now
        return found

    def predict(
        self, texts: Iterable[str], *, threshold: Thresholds | None = None
    ) -> list[Prediction]:
        """Return one prediction a text, in order.

        Args:
            texts: the texts: a list, a column of pandas or polars, or anything else to go through.
            threshold: what decides instead of the model's own decision: 0.4 for all labels, or
                {"joy": 0.3} for some.

        Raises:
            InputError: `texts` is one text instead of a list of them, or holds something else; or a
                threshold is not between 0 and 1 or for what is no label.

        """
        if threshold is not None:  # a wrong one is found before the texts are read
            decision.override(self._decision, threshold, self.labels)
        return self.predictions(self.probabilities(texts), threshold=threshold)

    def predict_table(
        self, frame: Frame, text_column: str = "text", *, threshold: Thresholds | None = None
    ) -> Frame:
        """Return a table of the same kind (pandas, polars, Arrow …) with what is found added.

        The new columns: `labels`, the names of those that are on with spaces between, most probable
        first; of each label its probability, `p_joy`, and whether it is on, 1 or 0, `on_joy`.

        Args:
            frame: a table in memory.
            text_column: the column of the texts.
            threshold: as for `predict`.

        Raises:
            InputError: it is no such table, has no such column or has one of the new ones, or a
                text is missing.

        """
        return frames.with_predictions(self, frame, text_column, threshold)

    def predictions(
        self, found: NDArray[np.float32], *, threshold: Thresholds | None = None
    ) -> list[Prediction]:
        """Return one prediction a row of calibrated probabilities (n, C).

        Raises:
            InputError: a threshold is not between 0 and 1 or for what is no label.

        """
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
        texts = given_texts.checked(texts)
        found, truncated = [], 0
        for encoded in given_texts.encoded_ahead(texts, self._encode):
            truncated += encoded.truncated
            found.append(self.compute(encoded))
        if truncated:
            log.warning(
                "%d of %d texts were longer than the model's input and lost a part",
                truncated,
                len(texts),
            )
        return found[0] if len(found) == 1 else np.concatenate(found)

    def encode(self, texts: Iterable[str]) -> Encoded:
        """Return texts cleaned and tokenised.

        Raises:
            InputError: `texts` is one text instead of a list of them, or holds something else.

        """
        return self._encode(given_texts.checked(texts))

    def compute(
        self, encoded: Encoded, tokens: int | None = None, lanes: int | None = None
    ) -> NDArray[np.float32]:
        """Return the logits, (n, C), of what `encode` returned.

        Args:
            encoded: the texts.
            tokens: most tokens a batch, padding counted; by default what suits the backend.
            lanes: batches at once, by default as many as the backend can.

        """
        return batches.logits(
            self._logits_of,
            self.inputs,
            encoded,
            tokens or self._tokens,
            lanes=lanes or self.lanes,
        )

    def collated(self, texts: Sequence[str], tokens: int) -> list[Batch]:
        """Return the batches of some texts as the model gets them, at most `tokens` each."""
        encoded = self._encode(texts)
        plan = batches.by_length(encoded.lengths, texts=len(encoded.lengths) or 1, tokens=tokens)
        return [self.inputs.collate(encoded, rows) for rows in plan]

    def _encode(self, texts: Sequence[str]) -> Encoded:
        return self.inputs.encode([self.clean(item) for item in texts], self.labels)

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


def load(
    model: str | Path,
    backend: str = "auto",
    *,
    labels: Iterable[str] | None = None,
    **options: object,
) -> Predictor:
    """Load a trained model or an export.

    Args:
        model: the folder of a run, a bundle or an export, the name of a model that ships, or
            `hub:user/name`, optionally with `@revision`, which is downloaded once.
        backend: what computes: torch, onnx or openvino. `auto` takes the one that can read the
            model; where several can and are installed, it measures them once and remembers which
            one is the fastest on this machine.
        labels: what to ask for in place of the model's own labels (`Predictor.with_labels`).
        options: the backend's options, such as `device="cpu"`.

    Raises:
        InputError: there is no such model, the message lists those nearby; the backend can't read
            it; or it can't be asked for these labels.
        BundleError: a file of it is missing, changed or additional.
        MissingExtraError: the backend's packages are not installed.

    """
    bundle = bundles.load(bundles.locate(model))

    def opened(name: str) -> Predictor:
        found = backends.load(name, options, bundle)
        return Predictor(bundle, found.logits_of, tokens=found.tokens, lanes=found.lanes)

    terms.say(bundle)
    if backend == "auto":
        names = backends.fitting(bundle)
        backend = names[0]
        if len(names) > 1:
            backend = choice.fastest(bundle, names, lambda name: choice.measured(opened(name)))
    found = opened(backend)
    return found if labels is None else found.with_labels(labels)


def check_labels(labels: Iterable[str], bundle: Bundle) -> Labels:
    """Return the labels that a model would be asked for, without loading what computes.

    Raises:
        InputError: as for `Predictor.with_labels`.

    """

    def nothing(_: Batch) -> NDArray[np.float32]:
        raise NotImplementedError

    return Predictor(bundle, nothing).with_labels(labels).labels


def _named(config: Mapping[str, object], section: str) -> tuple[str, dict[str, object]]:
    """Split a section of the saved config into the plugin's name and its options."""
    table = config.get(section)
    if not isinstance(table, dict) or "name" not in table:
        raise BundleError(f"the bundle's config has no section {section} with a name")
    return str(table["name"]), {key: value for key, value in table.items() if key != "name"}
