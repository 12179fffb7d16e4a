"""What a model's card says to the Hugging Face hub: YAML before the text.

Source: the hub's model card specification (github.com/huggingface/hub-docs, modelcard.md).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from overtone.bundle import Manifest

ON_HUB = {
    "goemotions": "google-research-datasets/go_emotions",
    "jigsaw": "google/jigsaw_toxicity_pred",
    "semeval2018": "SemEvalWorkshop/sem_eval_2018_task_1",
}
"""What the hub calls the datasets that it has, by the name here or what it begins with."""
OPEN = {"goemotions", "sample"}
"""Datasets under Apache-2.0, as overtone and minilm are."""
TASK = "text-classification"
METRICS = {
    "f1_micro": ("f1", "micro F1"),
    "f1_macro": ("f1", "macro F1"),
    "jaccard": ("jaccard", "Jaccard, an empty prediction on an empty truth scored 1"),
    "jaccard_zero": ("jaccard", "Jaccard, an empty prediction on an empty truth scored 0"),
    "exact_match": ("exact_match", "exact match"),
}
"""The hub's word for a score, and what it is exactly."""


def write(manifest: Manifest, text: str, name: str, licence: str | None = None) -> str:
    """Return a card with front matter.

    Args:
        manifest: the model's.
        text: the card as it is in the bundle, with front matter of its own or without.
        name: user/name, under which the model is to be loaded.
        licence: the hub's word for it, such as apache-2.0 or mit; where None, apache-2.0 if data
            and encoder are known to be, else unknown.

    """
    data = ModelCardData(
        language=manifest.labels.language or None,
        license=licence or _licence(manifest),
        library_name="overtone",
        pipeline_tag=TASK,
        tags=["overtone", "emotion", "multi-label", str(manifest.config["model"]["name"])],
        datasets=_datasets(manifest) or None,
        metrics=sorted({kind for kind, _ in METRICS.values()}),
        model_name=name,
        eval_results=_results(manifest),
    )
    body = ModelCard(text, ignore_metadata_errors=True).text if text.startswith("---") else text
    body = body.lstrip().replace('overtone.load("this folder")', f'overtone.load("hub:{name}")')
    return f"---\n{data.to_yaml()}\n---\n\n{body}"


def _licence(manifest: Manifest) -> str:
    """Return the licence where all of it is known."""
    own = {str(manifest.config["data"]["name"]), *manifest.also} <= OPEN
    made = manifest.config["model"].get("encoder", "") in {"", "minilm"}
    alone = not manifest.config.get("init", {}).get("model") and not manifest.config.get(
        "teacher", {}
    ).get("models")
    return "apache-2.0" if own and made and alone else "unknown"


def _datasets(manifest: Manifest) -> list[str]:
    """Return the hub's names of the datasets."""
    names = (str(manifest.config["data"]["name"]), *manifest.also)
    return sorted({ON_HUB[key] for key in ON_HUB for name in names if name.startswith(key)})


def _results(manifest: Manifest) -> list[EvalResult]:
    """Return the scores on dev."""
    data: dict[str, Any] = manifest.config["data"]
    scores = manifest.metrics.get("dev", {})
    name = str(data["name"])
    kind = next((ON_HUB[key] for key in ON_HUB if name.startswith(key)), name)
    by_parts = manifest.config.get("training", {}).get("learn_dev")  # dev was learnt, too
    split = "dev, by the soup's trainings" if by_parts else "dev"
    return [
        EvalResult(
            task_type=TASK,
            task_name="multi-label text classification",
            dataset_type=kind,
            dataset_name=f"{Path(str(data.get('file', name))).name}, {split}",
            dataset_split="dev",
            metric_type=word,
            metric_name=meaning,
            metric_value=round(float(scores[key]), 4),
        )
        for key, (word, meaning) in METRICS.items()
        if key in scores
    ]
