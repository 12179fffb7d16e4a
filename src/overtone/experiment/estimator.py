"""`EmotionClassifier`: the whole of training and prediction as one scikit-learn estimator."""

from __future__ import annotations

import dataclasses
import json
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from overtone import atomic, bundle
from overtone.config import Table
from overtone.data import Split, stratify
from overtone.evaluation import metrics
from overtone.experiment import columns
from overtone.experiment.columns import RefusedError
from overtone.experiment.fit import fit_and_save
from overtone.experiment.parts import prepare_splits
from overtone.experiment.recipe import Recipe, Section, compose
from overtone.inference import predictor
from overtone.labels import Labels
from overtone.training.stopping import Interrupted

NAME = "texts of your own"
"""What stands in a bundle where a dataset's name would."""


class EmotionClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # sklearn has no types
    """A multi-label text classifier for scikit-learn's tools.

    X is texts: a list, a tuple, an array, a pandas or polars column, or a frame of one column. y is
    an array or frame (n, C) of 0, 1 and NaN (not annotated), or a list of sets of label names, with
    None for a text that is not annotated. scikit-learn's own splitters and scorers know only the
    array and the frame, without NaN; for the other forms name the splits, `cv=KFold(5)`, and leave
    the scoring to `score`.

    Part of the texts (`dev_share`, stratified over the labels) chooses the epoch that is kept, as
    dev does in `overtone.train`. Equal parameters and texts give equal models.

    Attributes:
        classes_: the label names, (C,), in the order of all columns.
        predictor_: the trained model, an `overtone.Predictor`.

    """

    def __init__(
        self,
        model: str | None = None,
        *,
        encoder: str | Path | None = None,
        config: str | Path | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        seed: int | None = None,
        settings: Sequence[str] = (),
        dev_share: float = 0.1,
        labels: Labels | Sequence[str] | None = None,
        output: str | Path | None = None,
        verbose: bool = False,
    ) -> None:
        """Store the parameters; `fit` checks them.

        Args:
            model: a family, such as spanemo (the default), cls_head or tfidf.
            encoder: `minilm` (the default), a folder, or a name on the Hugging Face hub.
            config: a preset's name, such as best/sample, or a TOML file; its section data is left
                out of account.
            epochs: stands for training.epochs.
            batch_size: stands for training.batch_size.
            learning_rate: stands for training.learning_rate.
            seed: stands for training.seed; it also chooses dev.
            settings: `section.key=value`, over the config; the named parameters go over both.
            dev_share: the share of the texts that chooses the epoch.
            labels: the labels, in order; by default the columns of y, or the names that occur in
                it. The model reads them, so give them where y is a bare array.
            output: a new folder for the run, with its history; by default nothing is left on disk.
            verbose: whether each epoch is shown.

        """
        self.model = model
        self.encoder = encoder
        self.config = config
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.seed = seed
        self.settings = settings
        self.dev_share = dev_share
        self.labels = labels
        self.output = output
        self.verbose = verbose

    def fit(self, X: object, y: object) -> Self:  # noqa: N803 - scikit-learn's name
        """Train a model.

        Args:
            X: texts, n of them.
            y: which labels each carries; the forms stand in the class's description.

        Raises:
            InputError: texts, truth or a parameter can't be used.
            KeyboardInterrupt: Ctrl-C; nothing was learnt.
            OvertoneError: training diverged.

        """
        recipe = self._recipe()
        train, dev = self._splits(X, y, recipe.training.seed)
        parts = prepare_splits(recipe, train, dev)
        with self._folder() as folder:
            try:
                self._open(fit_and_save(parts, folder, quiet=not self.verbose).bundle)
            except Interrupted as stopped:
                # No Exception: a search would take it for a fit that failed and try the next one.
                if stopped.exit_code == 128 + signal.SIGINT:
                    raise KeyboardInterrupt("training was stopped") from stopped
                raise SystemExit(stopped.exit_code) from stopped
        return self

    def predict(self, X: object) -> NDArray[np.int64]:  # noqa: N803
        """Return 1 for every label that is on, (n, C)."""
        probabilities = self.predict_proba(X)
        return self.predictor_.decide(probabilities).astype(np.int64)

    def predict_proba(self, X: object) -> NDArray[np.float32]:  # noqa: N803
        """Return every label's probability, (n, C): the labels' own, which need not sum to 1."""
        check_is_fitted(self)
        return self.predictor_.probabilities(columns.texts(X))

    # A scorer takes one label for two classes and turns the sign of their decision function.
    @available_if(lambda self: len(getattr(self, "classes_", ())) != 1)  # type: ignore[untyped-decorator]
    def decision_function(self, X: object) -> NDArray[np.float32]:  # noqa: N803
        """Return every label's logit, (n, C), above 0 where its probability is above 0.5.

        A model of one label has none: scikit-learn's scorers would read it the wrong way round.
        """
        check_is_fitted(self)
        return self.predictor_.logits(columns.texts(X))

    def score(self, X: object, y: object) -> float:  # noqa: N803
        """Return the mean Jaccard index, 1 for an empty prediction on an empty truth.

        It is `jaccard` of `overtone evaluate`; cells of y that are NaN don't count.
        """
        probabilities = self.predict_proba(X)
        labels, targets = columns.truth(y, self.predictor_.labels)
        _check_lengths(probabilities, targets)
        decided = self.predictor_.decide(probabilities)
        return metrics.score(targets, decided, probabilities, labels).jaccard

    def save(self, path: str | Path) -> None:
        """Write the model as an ordinary bundle, which `overtone.load` and every command take.

        Raises:
            InputError: there is something at `path` already.

        """
        check_is_fitted(self)
        path = Path(path)
        if path.exists():
            raise RefusedError(f"expected a new folder, found {path}: choose another one")
        with atomic.folder(path) as folder:
            for name, content in self._files.items():
                (folder / name).write_bytes(content)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the fitted classifier that `save` wrote; any trained model of overtone will do.

        Its parameters spell out the whole recipe, so a clone of it trains in the same way.

        Raises:
            InputError: there is no such model.
            BundleError: a file of it is missing, changed or additional.

        """
        found = bundle.load(bundle.locate(path))
        config = found.manifest.config
        loaded = cls(
            settings=_settings(config),
            dev_share=config["data"].get("dev_share", 0.1),
            labels=found.manifest.labels,
        )
        loaded._open(found)
        return loaded

    def _recipe(self) -> Recipe:
        """Return the recipe; its section data only says where the texts were from."""
        named = {
            "model.name": self.model,
            "model.encoder": None if self.encoder is None else str(self.encoder),
            "training.epochs": self.epochs,
            "training.batch_size": self.batch_size,
            "training.learning_rate": self.learning_rate,
            "training.seed": self.seed,
        }
        settings = [f"{key}={_toml(value)}" for key, value in named.items() if value is not None]
        if isinstance(self.settings, str):
            raise RefusedError(f"expected a list of settings, found one: pass [{self.settings!r}]")
        # The dataset only stands in: a recipe must name one.
        recipe = compose(self.config, dataset="sample", settings=[*self.settings, *settings])
        if recipe.also:
            raise RefusedError(
                "EmotionClassifier learns from X and y alone, found other datasets in the section "
                "also: leave it out, or use overtone.train"
            )
        return dataclasses.replace(recipe, data=Section(NAME, {"dev_share": self._dev_share()}))

    def _dev_share(self) -> float:
        try:
            share = float(self.dev_share)
        except (TypeError, ValueError):
            share = 0.0
        if not 0 < share < 1:
            raise RefusedError(
                f"expected dev_share between 0 and 1, such as 0.1, found {self.dev_share!r}"
            )
        return share

    def _splits(self, X: object, y: object, seed: int) -> list[Split]:  # noqa: N803
        """Return what to train on and what to choose the epoch by."""
        texts = columns.texts(X)
        labels, targets = columns.truth(y, self.labels)
        _check_lengths(texts, targets)
        # What no cell says anything of can't be learnt from.
        rows = np.flatnonzero(~np.isnan(targets).all(axis=1))
        if len(rows) < 2:  # noqa: PLR2004
            raise RefusedError(
                f"expected at least 2 annotated texts, one to train on and one to choose the epoch "
                f"by, found {len(rows)} in {len(texts)} sample(s)"
            )
        if not np.nansum(targets):
            raise RefusedError("expected texts that carry labels, found none in y: it is all 0")
        share = self._dev_share()
        # The same text on both sides would choose the epoch that has learnt it by heart.
        groups = [stratify.same_text(texts[row]) for row in rows]
        if len(set(groups)) < 2:  # noqa: PLR2004
            raise RefusedError(
                "expected at least 2 different texts, one to train on and one to choose the epoch "
                f"by, found one {len(groups)} times"
            )
        part = stratify.split(targets[rows], (1 - share, share), seed, groups)
        return [
            Split(
                NAME,
                name,
                tuple(str(row) for row in chosen),
                tuple(texts[row] for row in chosen),
                labels,
                targets[chosen],
            )
            for name, chosen in (("train", rows[part == 0]), ("dev", rows[part == 1]))
        ]

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        """Give the run's folder, which is kept only where the user named it."""
        if self.output is None:
            with tempfile.TemporaryDirectory(prefix="overtone-") as made:
                yield Path(made)
            return
        folder = Path(self.output)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise RefusedError(
                f"expected a new folder for the run, found {folder} there: choose another output"
            )
        folder.mkdir(parents=True, exist_ok=True)
        yield folder

    def _open(self, found: bundle.Bundle) -> None:
        """Take up a trained model."""
        self.predictor_ = predictor.load(found.path)
        self.classes_ = np.asarray(found.manifest.labels.names)
        # As they are: what is saved later is the same model to the byte, whatever became of these.
        self._files = {
            name: (found.path / name).read_bytes() for name in [bundle.MANIFEST, *found.files]
        }

    def __sklearn_tags__(self) -> Tags:
        """Say what it takes: one column of texts, several labels a text."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        tags.target_tags.two_d_labels = True
        tags.classifier_tags.multi_label = True
        tags.classifier_tags.multi_class = False
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Return the parameters, as scikit-learn's parallel jobs need them.

        Raises:
            InputError: the classifier is fitted.

        """
        if hasattr(self, "predictor_"):
            raise RefusedError(
                "a fitted EmotionClassifier is never pickled or copied: keep it with save(path) "
                "and get it back with EmotionClassifier.load(path)"
            )
        state: dict[str, Any] = super().__getstate__()
        return state


def _check_lengths(texts: Any, targets: NDArray[np.float32]) -> None:  # noqa: ANN401
    if len(texts) != len(targets):
        raise RefusedError(
            f"expected a row of y for each text, found {len(texts)} texts and {len(targets)} rows"
        )


def _settings(config: Table) -> tuple[str, ...]:
    """Return a saved recipe as settings; where its texts and first weights came from is past."""
    return tuple(
        f"{section}.{key}={_toml(value)}"
        for section, options in config.items()
        if section not in ("data", "also", "init", "compress", "teacher")
        for key, value in options.items()
    )


def _toml(value: Any) -> str:  # noqa: ANN401
    """Return a value as TOML on one line."""
    if isinstance(value, dict):
        pairs = (f"{_toml(key)} = {_toml(inner)}" for key, inner in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else str(value)
