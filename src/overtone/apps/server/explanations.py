"""POST /v1/explain: which words pushed for and against emotions, by leaving each out.

An explanation of n words costs n + 1 texts. They go through the queue like those of any request, so
they share batches, wait their turn, and are refused where there is no room.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Body
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StrictStr

from overtone.apps.server.problems import Problem
from overtone.apps.server.scores import Scores
from overtone.apps.server.service import PROBLEMS, ModelReference, Service, json_bytes
from overtone.insight.alignment import Aligned, align
from overtone.insight.attribution import leave_one_out
from overtone.insight.explain import check_labels

METHOD = "leave_one_out"

EXAMPLES: dict[str, Any] = {
    "what is on": {"value": {"text": "What a lovely surprise, thank you!"}},
    "some labels": {"value": {"text": "The train is late again.", "labels": ["anger", "joy"]}},
}


class ExplainRequest(BaseModel):
    """A text, and which labels to explain."""

    model_config = ConfigDict(extra="forbid")

    text: StrictStr = Field(description="The text.")
    labels: list[StrictStr] | None = Field(
        default=None, min_length=1, description="Explain these; those that are on where left out."
    )


class ExplainedWord(BaseModel):
    """A word, or several that cleaning treats together."""

    text: str
    start: int = Field(description="Where it stands in the text, in Unicode code points.")
    end: int
    push: dict[str, float] = Field(
        description="What each label's logit loses without it: above 0 it pushes for the label."
    )


class ExplainAnswer(BaseModel):
    """What the model says about the text, and the words that made it say so."""

    model: ModelReference
    method: str
    labels: list[str] = Field(description="The labels that are on, most probable first.")
    probabilities: dict[str, float]
    truncated: bool = Field(description="Whether the text was too long and lost a part.")
    explained: list[str] = Field(description="The labels that the words push for or against.")
    words: list[ExplainedWord]


def routes(service: Service) -> APIRouter:
    """Return the route."""
    router = APIRouter(prefix="/v1", tags=["overtone"])
    # Cleaning each word takes milliseconds, in which the loop has others to answer; one at a time.
    aside = ThreadPoolExecutor(1, thread_name_prefix="align")

    @router.post("/explain", response_model=ExplainAnswer, responses=PROBLEMS)
    async def explain(
        asked: Annotated[ExplainRequest, Body(openapi_examples=EXAMPLES)],
    ) -> Response:
        """Say which words pushed for and against labels."""
        service.check([asked.text])
        if asked.labels is not None:
            check_labels(asked.labels, service.labels)
        _check_words(service, len(asked.text.split()))
        async with service.batcher.deadline():  # one for both: the texts' own begins later
            aligned = await asyncio.get_running_loop().run_in_executor(
                aside, align, asked.text, service.clean
            )
            _check_words(service, len(aligned.units))
            found = await service.scores(leave_one_out.variants(aligned))
        [on] = service.on(found.first())
        explained = on if asked.labels is None else list(dict.fromkeys(asked.labels))
        values = found.probabilities[0].tolist()
        answer = {
            "model": service.model,
            "method": METHOD,
            "labels": on,
            "probabilities": dict(zip(service.labels.names, values, strict=True)),
            "truncated": bool(found.lost[0]),
            "explained": explained,
            "words": _words(service, aligned, found, explained),
        }
        return json_bytes(json.dumps(answer).encode())

    return router


def _check_words(service: Service, words: int) -> None:
    """Refuse a text that has more words than a request may have texts.

    Raises:
        Problem: 413.

    """
    most = service.settings.texts - 1
    if words > most:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "too-many-words",
            f"A text that is explained may have {most} words, found {words}: each is left out "
            "once. Explain a part of it.",
            words=most,
        )


def _words(
    service: Service, aligned: Aligned, found: Scores, explained: Sequence[str]
) -> list[dict[str, object]]:
    if not explained:
        return []
    columns = [service.labels.names.index(label) for label in explained]
    pushes = np.asarray(leave_one_out.pushes(found.logits)[:, columns], dtype=np.float64)
    return [
        {
            "text": aligned.text[unit.start : unit.end],
            "start": unit.start,
            "end": unit.end,
            "push": dict(zip(explained, row.tolist(), strict=True)),
        }
        for unit, row in zip(aligned.units, pushes, strict=True)
    ]
