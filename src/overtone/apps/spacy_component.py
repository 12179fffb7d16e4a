"""`nlp.add_pipe("overtone", config={"model": "runs/first"})`: emotions in a spaCy pipeline.

Found by the entry point in the group `spacy_factories`. Source: spaCy's guide to custom pipeline
components (spacy.io/usage/processing-pipelines#custom-components).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from overtone.errors import MissingExtraError
from overtone.inference.predictor import Prediction, load

try:
    from spacy.language import Language
    from spacy.tokens import Doc
except ImportError as error:
    raise MissingExtraError("spacy", "the spaCy component") from error

EXTENSION = "emotions"
"""`doc._.emotions`: the labels that are on, most probable first."""


class Overtone:
    """Gives each document `doc.cats`, every label's probability, and `doc._.emotions`."""

    def __init__(self, name: str, model: str | Path, backend: str, batch_size: int) -> None:
        """Load the model."""
        self.name = name
        self._predictor = load(model, backend=backend)
        self._batch_size = batch_size

    def __call__(self, doc: Doc) -> Doc:
        """Label one document."""
        self._label(doc, self._predictor.predict([doc.text])[0])
        return doc

    def pipe(self, stream: Iterable[Doc], batch_size: int = 0) -> Iterator[Doc]:
        """Label documents, several at once.

        Args:
            stream: the documents, in any number.
            batch_size: spaCy's own, which counts where it is larger than the component's.

        """
        documents = iter(stream)
        while block := list(islice(documents, max(batch_size, self._batch_size))):
            found = self._predictor.predict([doc.text for doc in block])
            for doc, prediction in zip(block, found, strict=True):
                self._label(doc, prediction)
                yield doc

    def _label(self, doc: Doc, prediction: Prediction) -> None:
        doc.cats.update(prediction.probabilities)
        doc._.set(EXTENSION, prediction.labels)


@Language.factory(
    "overtone",
    assigns=["doc.cats", f"doc._.{EXTENSION}"],
    default_config={"backend": "auto", "batch_size": 256},
)
def make(nlp: Language, name: str, model: str, backend: str, batch_size: int) -> Any:  # noqa: ANN401, ARG001 - spaCy's signature
    """Return the component.

    Args:
        nlp: the pipeline.
        name: the component's in it.
        model: the folder of a run or a bundle, or `hub:user/name`.
        backend: as for `overtone.load`.
        batch_size: most documents at once in `nlp.pipe`.

    """
    if not Doc.has_extension(EXTENSION):
        Doc.set_extension(EXTENSION, default=())
    return Overtone(name, model, backend, batch_size)
