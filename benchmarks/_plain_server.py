"""What a user would write: FastAPI and the pipeline of transformers around an encoder.

    python benchmarks/_plain_server.py ENCODER LABELS PORT

The head is random, which changes nothing about the time. Texts come without the label words that
SpanEmo reads before each, so its rows are shorter.
"""

from __future__ import annotations

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline


class Asked(BaseModel):
    """The texts."""

    texts: list[str]


def main() -> None:
    """Serve."""
    encoder, labels, port = sys.argv[1:]
    model = AutoModelForSequenceClassification.from_pretrained(
        encoder, num_labels=int(labels), problem_type="multi_label_classification"
    )
    classify = pipeline(
        "text-classification",
        model=model,
        tokenizer=AutoTokenizer.from_pretrained(encoder),
        top_k=None,
        function_to_apply="sigmoid",
    )
    app = FastAPI()

    @app.post("/predict")
    def predict(asked: Asked) -> Any:  # noqa: ANN401 - what the pipeline returns
        return classify(asked.texts, truncation=True)

    uvicorn.run(app, port=int(port), access_log=False)


if __name__ == "__main__":
    main()
