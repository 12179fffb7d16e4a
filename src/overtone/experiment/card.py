"""The model card: what a model is and how good, for people. A bundle has it as README.md."""

from __future__ import annotations

from pathlib import Path

from overtone.bundle import Manifest


def write(manifest: Manifest) -> str:
    """Return the card, Markdown."""
    recipe, scores, cost = manifest.config, manifest.metrics["dev"], manifest.metrics["cost"]
    # Of a file of one's own, its name says what the texts are.
    texts = Path(recipe["data"].get("file", recipe["data"]["name"])).name
    others = "".join(f"; {cell(Path(name).name)}" for name in manifest.also)
    splits = "train and dev" if recipe.get("training", {}).get("learn_dev") else "train"
    rows = "\n".join(
        f"| {cell(name)} | {label['precision']:.3f} | {label['recall']:.3f} "
        f"| {label['f1']:.3f} | {label['support']} |"
        for name, label in scores["per_label"].items()
    )
    teacher = recipe.get("teacher", {})
    teachers = len(teacher.get("models", ())) or teacher.get("folds", 0)
    taught = f"Learnt from {teachers} other models' probabilities, too.\n\n" * bool(teachers)
    if first := recipe.get("init", {}).get("recipe"):
        taught += f"Started from a model that was trained first, by {cell(Path(first).name)}.\n\n"
    taught += _smaller(manifest)
    if recipe.get("training", {}).get("random_labels"):
        taught += (
            "Trained to read labels, also ones that it never saw: "
            '`overtone.load("this folder", labels=[...])`.\nThe scores below are not theirs, and '
            "their probabilities are not calibrated.\n\n"
        )
    return f"""# {cell(texts)} by {cell(recipe["model"]["name"])}

A multi-label text classifier, trained with overtone {manifest.overtone}. It says which of
{len(manifest.labels)} labels a text carries: none, one or several.

```python
import overtone

overtone.load("this folder").predict(["a text"])
```

| trained on | model | encoder | cleaner | loss | decision |
|---|---|---|---|---|---|
| {cell(texts)}, split {splits}{others} | {cell(recipe["model"]["name"])} \
| {cell(recipe["model"].get("encoder", "none"))} | {cell(recipe["text"]["name"])} \
| {cell(recipe["loss"]["name"])} | {cell(manifest.decision["name"])} |

{taught}{_learned(manifest)}## Scores on dev

{_dev(manifest)}{_fitted(manifest)}

| texts | micro F1 | macro F1 | jaccard | jaccard_zero | exact match | Hamming loss |
|---|---|---|---|---|---|---|
| {scores["n"]} | {scores["f1_micro"]:.3f} | {scores["f1_macro"]:.3f} | {scores["jaccard"]:.3f} \
| {scores["jaccard_zero"]:.3f} | {scores["exact_match"]:.3f} | {scores["hamming_loss"]:.3f} |

`jaccard` scores an empty prediction on an empty truth 1, `jaccard_zero` scores it 0.

| label | precision | recall | F1 | texts |
|---|---|---|---|---|
{rows}

## Cost of training

{cost["epochs"]} epochs of {cost["seconds_per_epoch"]:.0f} s, {cost["texts_per_second"]:.0f} texts
a second, {cost["peak_memory_mb"]:.0f} MB of memory at most.

## Terms

The terms of the training data and of the encoder apply to the weights: see where you got them.
"""


def _dev(manifest: Manifest) -> str:
    """Return what dev was for, besides scoring."""
    training = manifest.config.get("training", {})
    chose = training.get("keep", "best") == "best"
    if not training.get("learn_dev"):
        if chose:
            return "Dev chose the epoch that was kept, so expect a little less on other texts."
        return "The last epoch was kept, whatever dev said of it."
    return (
        f"The model has learnt dev, too. It is the mean of {training['soup']} trainings, and the "
        "scores are theirs,\nnot its own: each was scored on a part of dev that it had not learnt. "
        "A mean is mostly better than\nits parts, which makes them too low"
        + ("; that part chose its epoch, which makes them a little too high." if chose else ".")
    )


def _fitted(manifest: Manifest) -> str:
    """Return what the scores need said where the decision was fitted."""
    if not manifest.fitted_on:
        return ""
    texts = manifest.fitted_on
    half = manifest.metrics["at_half"]
    theirs = (
        "The scores\nare theirs, each fifth of the texts scored by a fit on the other four."
        if manifest.metrics.get("cross_fitted")
        else "The scores\nare those of other texts, as the model decides about them."
    )
    return f"""
Calibration ({cell(manifest.calibration["name"])}) and decision were fitted on
{texts["texts"]} texts of {cell(texts["dataset"])}, split {cell(texts["split"])}. {theirs}
A plain threshold of 0.5 has micro F1 {half["f1_micro"]:.3f}, macro F1 {half["f1_macro"]:.3f},
jaccard {half["jaccard"]:.3f} on the texts that are scored."""


def _smaller(manifest: Manifest) -> str:
    """Return what was kept of the model that it was made from; empty where all was."""
    kept = manifest.config.get("compress", {})
    parts = []
    if kept.get("layers"):
        parts.append(f"layers {', '.join(map(str, kept['layers']))}")
    if kept.get("vocabulary_from"):
        shape = manifest.architecture.get("encoder", manifest.architecture)
        parts.append(f"{shape['vocab_size']} pieces of its vocabulary")
    if not parts:
        return ""
    start = manifest.config["init"]
    return (
        f"Compressed from {cell(Path(start['model']).name)} (sha256 {start['sha256']}): "
        f"{' and '.join(parts)} were kept.\n\n"
    )


def _learned(manifest: Manifest) -> str:
    """Return what to say of the other label sets."""
    if not manifest.also:
        return ""
    rows = "\n".join(
        f"| {cell(Path(name).name)} | {labels.language} | {cell(', '.join(labels.names))} |"
        for name, labels in manifest.also.items()
    )
    return f"""## Other labels that it learned

`.with_labels_of(dataset)` gives the same model with these labels. The scores below are not theirs.

| dataset | language | labels |
|---|---|---|
{rows}

"""


def cell(value: object) -> str:
    """Return a value that can't break out of a table's cell, nor act as markup."""
    text = " ".join(str(value).split())
    for character in "\\`*_[]<>|#":
        text = text.replace(character, f"\\{character}")
    return text
