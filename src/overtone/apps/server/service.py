"""What all shapes of the API share: the model, its batcher, and the limits of a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import numpy as np
from fastapi.responses import Response
from pydantic import BaseModel

from overtone.apps.server import scores as compute
from overtone.apps.server.batcher import Batcher
from overtone.apps.server.metrics import Metrics
from overtone.apps.server.problems import Problem, documented, unprocessable
from overtone.apps.server.scores import Scores
from overtone.apps.server.settings import Settings
from overtone.decision import Thresholds
from overtone.labels import Labels
from overtone.text import Cleaner

PROBLEMS = documented(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
"""Answers of every route that computes something, besides its own."""


class ModelReference(BaseModel):
    """Which model has answered."""

    name: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Service:
    """The parts that answer requests."""

    labels: Labels
    clean: Cleaner
    about: dict[str, Any]
    batcher: Batcher
    metrics: Metrics
    settings: Settings

    @property
    def model(self) -> dict[str, str]:
        """Return which model answers."""
        return {"name": self.about["name"], "sha256": self.about["sha256"]}

    async def scores(self, texts: Sequence[str]) -> Scores:
        """Return the scores of a request's texts.

        Raises:
            Problem: there are too many texts, one is too long, or the batcher has a problem.

        """
        self.check(texts)
        return await self.batcher.scores(texts)

    def check(self, texts: Sequence[str]) -> None:
        """Refuse texts that are too many, too long or no texts.

        Raises:
            Problem: 413 or 422.

        """
        most = self.settings
        if not texts:
            raise unprocessable("expected at least one text, found none")
        if len(texts) > most.texts:
            raise Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "too-many-texts",
                f"A request may have {most.texts} texts, found {len(texts)}: send several "
                "requests.",
                texts=most.texts,
            )
        for place, text in enumerate(texts):
            if len(text) > most.characters:
                raise Problem(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    "text-too-long",
                    f"A text may have {most.characters:,} characters, found {len(text):,} at "
                    f"position {place}: shorten or divide it.",
                    characters=most.characters,
                )
            if not _is_unicode(text):
                raise unprocessable(
                    f"expected Unicode, found half of a surrogate pair (\\ud800 to \\udfff) alone "
                    f"in the text at position {place}: mend the text"
                )

    def on(self, scores: Scores, thresholds: Thresholds | None = None) -> list[list[str]]:
        """Return the labels that each text carries, most probable first, and count them."""
        decided = compute.decided(scores, thresholds, self.labels)
        found = []
        for row, probabilities in zip(decided, scores.probabilities, strict=True):
            order = np.argsort(-probabilities, kind="stable")
            found.append([self.labels.names[c] for c in order if row[c]])
        for names in found:
            for name in names:
                self.metrics.label(name)
        return found


def _is_unicode(text: str) -> bool:
    """Return whether a text can be written; JSON may hold halves of characters, which can't."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def json_bytes(body: bytes) -> Response:
    """Return an answer that is JSON already."""
    return Response(body, media_type="application/json")
