"""Labels with scores, highest first: what other servers' APIs answer."""

from __future__ import annotations

import json

import numpy as np
from fastapi.responses import Response
from numpy.typing import NDArray
from pydantic import BaseModel

from overtone.apps.server.service import json_bytes
from overtone.labels import Labels


class LabelScore(BaseModel):
    """A label and its score."""

    label: str
    score: float


Ranked = list[LabelScore]

Rows = list[list[dict[str, object]]]


def ranked(values: NDArray[np.float32], labels: Labels, most: int | None = None) -> Rows:
    """Return each text's labels and values, (n, C), highest first."""
    return [
        [
            {"label": labels.names[c], "score": float(row[c])}
            for c in np.argsort(-row, kind="stable")[:most]
        ]
        for row in values
    ]


def answer(content: object) -> Response:
    """Return it as JSON."""
    return json_bytes(json.dumps(content).encode())
