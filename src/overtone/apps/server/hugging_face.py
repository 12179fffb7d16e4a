"""The API of Hugging Face's inference service for text classification: POST /.

Source: huggingface_hub's `TextClassificationInput` and `InferenceClient`. The answer is always a
list of lists, most probable first.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body
from fastapi.responses import Response
from pydantic import BaseModel, Field, StrictInt, StrictStr

from overtone.apps.server.problems import unprocessable
from overtone.apps.server.ranked import Ranked, answer, ranked
from overtone.apps.server.service import PROBLEMS, Service

EXAMPLES: dict[str, Any] = {
    "all labels": {"value": {"inputs": "What a lovely surprise!"}},
    "the first three": {
        "value": {"inputs": ["What a lovely surprise!"], "parameters": {"top_k": 3}},
    },
}


class HuggingFaceParameters(BaseModel):
    """What may be chosen."""

    top_k: Annotated[StrictInt, Field(ge=1)] | None = Field(
        default=None, description="How many labels; all where nothing is said."
    )
    function_to_apply: Literal["sigmoid", "softmax", "none"] | None = Field(
        default=None,
        description="sigmoid: probabilities; none: logits. There is no softmax over labels.",
    )


class HuggingFaceRequest(BaseModel):
    """What the inference API takes for text classification."""

    inputs: StrictStr | list[StrictStr] = Field(description="A text or several.")
    parameters: HuggingFaceParameters | None = None


def routes(service: Service) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["Hugging Face inference"])

    @router.post("/", response_model=list[Ranked], responses=PROBLEMS)
    async def classify(
        asked: Annotated[HuggingFaceRequest, Body(openapi_examples=EXAMPLES)],
    ) -> Response:
        """Answer as Hugging Face's inference API does."""
        parameters = asked.parameters or HuggingFaceParameters()
        if parameters.function_to_apply == "softmax":
            raise unprocessable(
                "a text may carry several labels, so there is no softmax over them: leave "
                "function_to_apply out, or send sigmoid or none"
            )
        texts = [asked.inputs] if isinstance(asked.inputs, str) else asked.inputs
        found = await service.scores(texts)
        service.on(found)  # to be counted
        raw = parameters.function_to_apply == "none"
        values = found.logits if raw else found.probabilities
        return answer(ranked(values, service.labels, parameters.top_k))

    return router
