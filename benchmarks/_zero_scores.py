"""How well labels are found that training never saw, and by the similarity of sentences alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from overtone import atomic, data
from overtone.data import Split
from overtone.inference import predictor
from overtone.models import encoders

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SENTENCES = (
    "{}",
    "This text expresses {}.",
    "I feel {}.",
    "The writer feels {}.",
    "The emotion of this text is {}.",
    "This is an example of {}.",
)
"""What the similarity is asked with; the best on the labels that were trained on is taken."""
THRESHOLDS = 200
LOW, HIGH = 2.5, 97.5
BLOCK = 20
"""Draws at a time."""


class Similarity:
    """The cosine of a text and a sentence about a label, both as all-MiniLM-L6-v2 embeds them."""

    def __init__(self) -> None:
        """Load the encoder, whose vectors are the mean over its tokens."""
        found = encoders.load("minilm", {})
        self._model = found.model.eval()
        self._tokenizer = Tokenizer.from_str(found.tokenizer)
        self._tokenizer.enable_truncation(128)
        self._tokenizer.no_padding()

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return unit vectors, (n, H)."""
        encodings = self._tokenizer.encode_batch(list(texts))
        order = np.argsort([len(encoding.ids) for encoding in encodings], kind="stable")
        vectors = np.zeros((len(texts), self._model.config.hidden_size))
        for first in range(0, len(order), 64):
            rows = order[first : first + 64]
            longest = max(len(encodings[row].ids) for row in rows)
            ids = torch.zeros((len(rows), longest), dtype=torch.long)
            mask = torch.zeros_like(ids)
            for place, row in enumerate(rows):
                ids[place, : len(encodings[row].ids)] = torch.tensor(encodings[row].ids)
                mask[place, : len(encodings[row].ids)] = 1
            with torch.inference_mode():
                hidden = self._model(input_ids=ids, attention_mask=mask).last_hidden_state
            weights = mask[..., None].float()
            vectors[rows] = ((hidden * weights).sum(1) / weights.sum(1)).numpy()
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))

    def to(self, texts: Floats, names: Sequence[str], sentence: str) -> Floats:
        """Return the cosine of each text and label, (n, C)."""
        return np.asarray(texts @ self.embed([sentence.format(_spoken(n)) for n in names]).T)


@dataclass(frozen=True)
class Found:
    """What one way says of a split's held-out labels on dev."""

    names: Sequence[str]
    truth: Bools
    """(n, C)"""
    scores: Floats
    """(n, C)"""
    threshold: float
    """Chosen on other labels and texts."""


def show(
    held: Mapping[int, Sequence[str]], folder: Path, aside: Split, dev: Split, resamples: int
) -> None:
    """Print what each split's model finds of its held-out labels, beside the similarity."""
    similarity = Similarity()
    kept = _kept(folder / "similarity.npz", lambda: _embedded(similarity, aside, dev))
    on_aside, on_dev = kept["aside"], kept["dev"]
    model: list[Found] = []
    baseline: list[Found] = []
    for number, labels in held.items():
        asked = [name for name in dev.labels.names if name in labels]
        known = [name for name in dev.labels.names if name not in labels]
        seen = carried(aside, known)
        true = carried(dev, asked)
        run = folder / f"split-{number}"
        kept = _kept(run / "scores.npz", lambda: _scored(run, known, aside, asked, dev))  # noqa: B023
        chosen, zero = kept["known"], kept["asked"]
        model.append(Found(asked, true, zero, best_threshold(chosen, seen)))
        by_sentence = {sentence: similarity.to(on_aside, known, sentence) for sentence in SENTENCES}
        precision = {
            sentence: ranked(found, seen)[0].mean() for sentence, found in by_sentence.items()
        }
        best = max(precision, key=precision.__getitem__)
        cosine = similarity.to(on_dev, asked, best)
        baseline.append(Found(asked, true, cosine, best_threshold(by_sentence[best], seen)))
        print(
            f"split {number}: similarity asks {best!r}, above {baseline[-1].threshold:.3f}; the "
            f"model's threshold {model[-1].threshold:.3f}; AP of trained labels on texts aside "
            f"{ranked(chosen, seen)[0].mean():.3f}, of the similarity "
            f"{precision[best]:.3f}"
        )
    by_label(model, baseline)
    by_split(list(held), model, baseline, resamples)


def _embedded(similarity: Similarity, aside: Split, dev: Split) -> dict[str, Floats]:
    return {"aside": similarity.embed(aside.texts), "dev": similarity.embed(dev.texts)}


def _scored(
    run: Path, known: Sequence[str], aside: Split, asked: Sequence[str], dev: Split
) -> dict[str, Floats]:
    """Return what a split's model says of trained labels on texts aside, of others on dev."""
    model = predictor.load(run, "torch", precision="bf16")  # as it was trained
    return {
        "known": model.with_labels(known).uncalibrated(aside.texts).astype(np.float64),
        "asked": model.with_labels(asked).uncalibrated(dev.texts).astype(np.float64),
    }


def _kept(path: Path, make: Callable[[], dict[str, Floats]]) -> dict[str, Floats]:
    """Return arrays that were computed before, or compute and keep them."""
    if not path.is_file():
        with atomic.file(path) as beside, beside.open("wb") as file:
            np.savez(file, **make())  # type: ignore[arg-type]
    with np.load(path) as kept:
        return dict(kept)


def by_label(model: Sequence[Found], baseline: Sequence[Found]) -> None:
    """Print a row a label."""
    print("\n| label | texts | AP | similarity | AUC | similarity |\n" + "|---" * 6 + "|")
    for one, two in zip(model, baseline, strict=True):
        columns = np.concatenate([ranked(way.scores, way.truth) for way in (one, two)])[:, 0]
        for place, name in enumerate(one.names):
            ap, auc, other_ap, other_auc = (f"{column[place]:.3f}" for column in columns)
            texts = one.truth[:, place].sum()
            print(f"| {name} | {texts} | {ap} | {other_ap} | {auc} | {other_auc} |")


def by_split(
    numbers: Sequence[int], model: Sequence[Found], baseline: Sequence[Found], resamples: int
) -> None:
    """Print macro scores over the labels of each split and of all, with intervals."""
    print(
        "\n| split | AP | similarity | difference | chance | AUC | similarity | difference | F1 "
        "| similarity | all on |\n" + "|---" * 11 + "|"
    )
    texts = len(model[0].truth)
    rng = np.random.default_rng(0)
    draws = rng.multinomial(texts, np.full(texts, 1 / texts), size=resamples)
    whole, drawn = (
        [
            np.stack([ranked(way.scores, way.truth, counts) for way in pair])
            for pair in zip(model, baseline, strict=True)
        ]
        for counts in (None, draws)
    )  # a split: (model and similarity, AP and AUC, 1 or resamples, C)
    for name, part in [
        *((str(number), slice(place, place + 1)) for place, number in enumerate(numbers)),
        ("all labels", slice(None)),
    ]:
        value = np.concatenate(whole[part], axis=-1).mean(axis=-1)[..., 0]  # (2, 2)
        spread = np.concatenate(drawn[part], axis=-1).mean(axis=-1)  # (2, 2, resamples)
        cells = [name]
        for score in range(2):
            (one, two), (some, others) = value[:, score], spread[:, score]
            cells += [_interval(one, some), _interval(two, others)]
            cells.append(_interval(one - two, some - others, sign="+"))
            if score == 0:
                shares = [found.truth.mean(axis=0) for found in model[part]]
                cells.append(f"{np.concatenate(shares).mean():.3f}")
        for way in (model, baseline):
            found = [f1(each.scores > each.threshold, each.truth) for each in way[part]]
            cells.append(f"{np.concatenate(found).mean():.3f}")
        found = [f1(np.ones_like(each.truth), each.truth) for each in model[part]]
        cells.append(f"{np.concatenate(found).mean():.3f}")
        print(f"| {' | '.join(cells)} |", flush=True)


def ranked(scores: Floats, truth: Bools, counts: NDArray[np.int64] | None = None) -> Floats:
    """Return average precision and ROC AUC by label, (2, R, C).

    Args:
        scores: (n, C).
        truth: (n, C).
        counts: how often each text stands in each of R draws, (R, n); once in one where None.

    """
    weights = np.ones((1, len(truth)), dtype=np.int64) if counts is None else counts
    if len(weights) > BLOCK:  # what stays in a core's cache
        parts = [weights[first : first + BLOCK] for first in range(0, len(weights), BLOCK)]
        return np.concatenate([ranked(scores, truth, part) for part in parts], axis=1)
    found = np.zeros((2, len(weights), truth.shape[1]))
    for label, (column, true) in enumerate(zip(scores.T, truth.T, strict=True)):
        order = np.argsort(-column, kind="stable")
        here = weights[:, order].astype(np.float64)  # (R, n)
        hits = np.cumsum(here * true[order], axis=1)
        seen = np.cumsum(here, axis=1)
        positives = np.maximum(hits[:, -1], 1)
        others = np.maximum(seen[:, -1] - hits[:, -1], 1)
        precision = hits / np.maximum(seen, 1)
        found[0, :, label] = (here * true[order] * precision).sum(axis=1) / positives
        found[1, :, label] = (here * ~true[order] * hits).sum(axis=1) / (positives * others)
    return found


def best_threshold(scores: Floats, truth: Bools) -> float:
    """Return the threshold for all labels with the best macro F1."""
    tried = np.quantile(scores, np.linspace(0, 1, THRESHOLDS, endpoint=False))
    return float(max(tried, key=lambda threshold: f1(scores > threshold, truth).mean()))


def f1(on: Bools, truth: Bools) -> Floats:
    """Return the F1 of each label, (C,)."""
    return np.asarray(
        2 * (on & truth).sum(axis=0) / np.maximum(on.sum(axis=0) + truth.sum(axis=0), 1)
    )


def _interval(value: float, drawn: Floats, sign: str = "") -> str:
    low, high = np.percentile(drawn, [LOW, HIGH])
    return f"{value:{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})"


def carried(split: Split, names: Sequence[str]) -> Bools:
    """Return which of some labels each text carries, (n, C)."""
    columns = [split.labels.names.index(name) for name in names]
    return np.asarray(data.truth(split)[:, columns] > 0.5)  # noqa: PLR2004


def _spoken(name: str) -> str:
    return name.replace("_", " ")
