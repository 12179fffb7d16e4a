"""Overtone's own API: /v1/predict and /v1/model; /v1/explain has a file of its own."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Body
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr

from overtone.apps.server import scores as compute
from overtone.apps.server.problems import unprocessable
from overtone.apps.server.service import PROBLEMS, ModelReference, Service, json_bytes

Threshold = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]

EXAMPLES: dict[str, Any] = {
    "one text": {"value": {"text": "What a lovely surprise, thank you!"}},
    "several": {
        "value": {"texts": ["What a lovely surprise!", "The train is late again."]},
    },
    "own threshold": {
        "value": {
            "texts": ["The train is late again."], "threshold": 0.4, "probabilities": False,
        },
    },
}  # fmt: skip


class PredictRequest(BaseModel):
    """Texts, and how to decide about them."""

    model_config = ConfigDict(extra="forbid")

    texts: list[StrictStr] | None = Field(default=None, min_length=1, description="The texts.")
    text: StrictStr | None = Field(default=None, description="Instead: one text.")
    threshold: Threshold | dict[str, Threshold] | None = Field(
        default=None, description="Decide by this instead, for all labels or for some by name."
    )
    probabilities: StrictBool = Field(
        default=True, description="Whether every label's probability is answered, too."
    )


class OnePrediction(BaseModel):
    """What the model says about one text."""

    labels: list[str] = Field(description="The labels that are on, most probable first.")
    probabilities: dict[str, float] | None = Field(
        default=None, description="Every label's probability, in the model's order."
    )
    truncated: bool = Field(description="Whether the text was too long and lost a part.")


class PredictAnswer(BaseModel):
    """One prediction a text, in the order of the texts."""

    model: ModelReference
    predictions: list[OnePrediction]


class Limits(BaseModel):
    """Most of what a request may have."""

    texts: int
    characters: int
    body_bytes: int


class ModelAnswer(BaseModel):
    """What the model is and how good it was found."""

    name: str
    sha256: str
    labels: list[str]
    unseen: list[str] | None = Field(
        default=None,
        description="Where the server was started with labels of its own: those never trained on.",
    )
    decision: dict[str, Any]
    thresholds: dict[str, float] | None
    metrics: dict[str, Any]
    backend: str
    max_length: int | None
    limits: Limits
    overtone: str


def routes(service: Service) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["overtone"])
    about = json.dumps(service.about).encode()

    @router.post("/predict", response_model=PredictAnswer, responses=PROBLEMS)
    async def predict(
        asked: Annotated[PredictRequest, Body(openapi_examples=EXAMPLES)],
    ) -> Response:
        """Say which labels texts carry."""
        if (asked.texts is None) == (asked.text is None):
            raise unprocessable('expected "text" or "texts", found both or neither: send one')
        if asked.threshold is not None:
            compute.check_thresholds(asked.threshold, service.labels)
        texts = asked.texts if asked.texts is not None else [str(asked.text)]
        found = await service.scores(texts)
        predictions: list[dict[str, object]] = []
        for row, labels in enumerate(service.on(found, asked.threshold)):
            one: dict[str, object] = {"labels": labels}
            if asked.probabilities:
                values = found.probabilities[row].tolist()
                one["probabilities"] = dict(zip(service.labels.names, values, strict=True))
            one["truncated"] = bool(found.lost[row])
            predictions.append(one)
        return json_bytes(json.dumps({"model": service.model, "predictions": predictions}).encode())

    @router.get("/model", response_model=ModelAnswer)
    async def show_model() -> Response:
        """Show the model: labels, decision, scores, limits."""
        return json_bytes(about)

    return router
