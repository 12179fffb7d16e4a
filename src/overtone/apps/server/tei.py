"""The API of Hugging Face's text-embeddings-inference: POST /predict.

Source: its router's `PredictRequest` and `PredictResponse`. A text is answered flat, a batch
(`[["a"], ["b"]]`) nested. Its pairs of texts are for other kinds of model. Scores are sigmoids of
each label's own, not a softmax.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body
from fastapi.responses import Response
from pydantic import BaseModel, Field, StrictBool, StrictStr

from overtone.apps.server.problems import Problem, unprocessable
from overtone.apps.server.ranked import Ranked, answer, ranked
from overtone.apps.server.service import PROBLEMS, Service

Inputs = StrictStr | list[StrictStr] | list[list[StrictStr]]
EXAMPLES: dict[str, Any] = {
    "one text": {"value": {"inputs": "What a lovely surprise!"}},
    "a batch": {"value": {"inputs": [["What a lovely surprise!"], ["The train is late."]]}},
}


class TeiRequest(BaseModel):
    """What text-embeddings-inference takes."""

    inputs: Inputs = Field(description="A text, or a batch: a list of lists of one text each.")
    raw_scores: StrictBool = Field(default=False, description="Logits instead of probabilities.")
    truncate: StrictBool | None = Field(
        default=None, description="false refuses a text that is longer than the model's input."
    )


def routes(service: Service) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["text-embeddings-inference"])

    @router.post("/predict", response_model=Ranked | list[Ranked], responses=PROBLEMS)
    async def predict(asked: Annotated[TeiRequest, Body(openapi_examples=EXAMPLES)]) -> Response:
        """Answer as text-embeddings-inference does."""
        texts, nested = _texts(asked.inputs)
        found = await service.scores(texts)
        if asked.truncate is False and found.lost.any():
            raise Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "text-too-long",
                "A text is longer than the model's input: shorten it, or send truncate: true.",
            )
        service.on(found)  # to be counted
        rows = ranked(found.logits if asked.raw_scores else found.probabilities, service.labels)
        return answer(rows if nested else rows[0])

    return router


def _texts(inputs: Inputs) -> tuple[list[str], bool]:
    """Return the texts, and whether the answer is a list of lists."""
    if isinstance(inputs, str):
        return [inputs], False
    texts: list[str] = []
    for item in inputs:
        if isinstance(item, str):
            if len(inputs) > 1:
                raise unprocessable(
                    "expected one text, or a batch, found a pair or more: this model takes no "
                    'pairs; send a batch as [["a"], ["b"]]'
                )
            return [item], False
        if len(item) != 1:
            raise unprocessable(
                f"expected lists of one text each, found one of {len(item)}: this model takes no "
                "pairs"
            )
        texts += item
    return texts, True
