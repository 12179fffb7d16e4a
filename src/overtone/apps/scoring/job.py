"""A scoring as any process can do a part of it: what is asked, of which model, and to where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from overtone.apps.scoring.asked import Asked
from overtone.apps.scoring.folder import Folder
from overtone.apps.scoring.stream import Position, Stream
from overtone.apps.scoring.writers import Columns
from overtone.errors import InputError
from overtone.inference.predictor import Predictor, load

BYTES_A_CHARACTER = 8
"""As JSON writes it, and the other columns besides."""


@dataclass(frozen=True)
class Job:
    """What is to be done."""

    asked: Asked
    model: str
    """Where it is."""
    output: str
    """The folder."""
    labels: tuple[str, ...]
    kept: tuple[str, ...]
    """Columns of the input that every row of the output has."""

    @property
    def folder(self) -> Folder:
        """Where the shards go."""
        return Folder(Path(self.output), self.asked.format)

    @property
    def columns(self) -> Columns:
        """The output's columns."""
        return Columns(self.labels, self.asked.id_column, self.kept)

    def stream(self, start: Position) -> Stream:
        """Return the input's rows from a position on."""
        return Stream(
            [each.name for each in self.asked.inputs],
            BYTES_A_CHARACTER * self.asked.most_characters,
            self.asked.columns,
            start,
        )

    def predictor(self) -> Predictor:
        """Load the model.

        Raises:
            InputError: it is another one than was asked for.

        """
        found = open_model(self.model, self.asked.labels_of, self.asked.labels)
        if found.bundle.digest != self.asked.model:
            raise InputError(f"the model in {self.model} was changed while it was scoring")
        return found


def open_model(
    model: str | Path, labels_of: str | None, labels: Iterable[str] | None = None
) -> Predictor:
    """Load a model, with the labels of one of the datasets that it was trained on, or with any.

    Raises:
        InputError: there is no such model, it can't be asked for these, or both are named.

    """
    if labels is not None and labels_of is not None:
        raise InputError("expected labels or labels_of, found both: name one")
    predictor = load(model, labels=labels)
    return predictor if labels_of is None else predictor.with_labels_of(labels_of)
