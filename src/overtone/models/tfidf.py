"""TF-IDF and one logistic regression a label: the floor that every other model must beat.

scikit-learn counts the vocabulary, weighs it and finds the coefficients; what is kept is their
numbers, so that the saved model is computed like every other one. Nothing of `training` but the
seed has a meaning here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import Tensor, nn

from overtone.config import Count, Range, Share
from overtone.errors import InputError
from overtone.inputs import Encoded
from overtone.inputs.ngrams import CountedEncoded, terms
from overtone.labels import Labels
from overtone.models import Pretrained, Solved

TEXT = "tweet"
INPUTS = "ngrams"
LOSS = "bce"
SOLVER = True

ENDLESS = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class Config:
    """The vocabulary and the regression."""

    ngrams: Annotated[int, Range(1, 5)] = 2
    """Longest sequence of words that counts as a term."""
    min_texts: Count = 2
    """A term stands in at least so many texts of the train split."""
    terms: Count = 200_000
    """Most terms, the most frequent ones."""
    inverse_regularisation: Annotated[float, Range(1e-6)] = 3.0
    """C of scikit-learn's LogisticRegression: a larger one fits the train split more closely."""
    balance: Share = 1.0
    """Texts with a label weigh (absent / present) to this power, so that a threshold of 0.5 suits
    rare labels too; 0 leaves them alone."""


class Tfidf(Solved):
    """Weights of terms, and a linear layer."""

    LABELLED: ClassVar[tuple[str, ...]] = ("coefficients", "intercepts")

    def __init__(self, config: Config, terms: int, labels: int) -> None:
        """Make room for some number of terms, T, and of labels, C."""
        super().__init__()
        self.config = config
        self.idf = nn.Parameter(torch.ones(terms), requires_grad=False)
        self.coefficients = nn.Parameter(torch.zeros(labels, terms), requires_grad=False)
        self.intercepts = nn.Parameter(torch.zeros(labels), requires_grad=False)

    def forward(self, input_ids: Tensor, counts: Tensor) -> Tensor:
        """Return logits (B, C) of terms (B, L) and their counts (B, L), 0 at padding."""
        known = counts > 0
        weights = (1 + torch.log(counts.clamp(min=1))) * self.idf[input_ids] * known  # (B, L)
        length = torch.linalg.vector_norm(weights, dim=1, keepdim=True)
        weights = weights / torch.where(length > 0, length, 1.0)
        rows = self.coefficients.T[input_ids]  # (B, L, C)
        return torch.einsum("bl,blc->bc", weights, rows) + self.intercepts

    def solve(self, encoded: Encoded, targets: NDArray[np.float32]) -> None:
        """Weigh the terms and find each label's coefficients for targets (n, C)."""
        assert isinstance(encoded, CountedEncoded)  # noqa: S101 - what `ngrams` returned
        shape = (len(encoded), len(self.idf))
        counts = csr_matrix((encoded.counts, encoded.ids, encoded.offsets), shape=shape)
        transformer = TfidfTransformer(sublinear_tf=True)
        weighted = transformer.fit_transform(counts)
        self.idf.copy_(torch.from_numpy(transformer.idf_))
        for label in range(targets.shape[1]):
            annotated = ~np.isnan(targets[:, label])
            self._solve_label(label, weighted[annotated], targets[annotated, label] > 0.5)  # noqa: PLR2004

    def _solve_label(self, label: int, weighted: csr_matrix, present: NDArray[np.bool_]) -> None:
        on, off = int(present.sum()), int((~present).sum())
        if not (on and off):
            # Nothing to tell apart: how often it was there is all that is known.
            self.intercepts[label] = float(np.log((on + 0.5) / (off + 0.5)))
            return
        regression = LogisticRegression(
            C=self.config.inverse_regularisation,
            class_weight={False: 1.0, True: (off / on) ** self.config.balance},
            max_iter=1000,
            solver="liblinear",
            random_state=0,
        )
        regression.fit(weighted, present)
        self.coefficients[label] = torch.from_numpy(regression.coef_[0])
        self.intercepts[label] = float(regression.intercept_[0])

    def architecture(self) -> dict[str, Any]:
        """Return the numbers of terms and labels."""
        labels, terms = self.coefficients.shape
        return {"terms": terms, "labels": labels}

    def groups(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """Return nothing: no parameter is trained step by step."""
        return [], []


def create(config: Config, labels: Labels, texts: Sequence[str]) -> Pretrained:
    """Count the terms of the train split and make an empty model for them.

    Raises:
        InputError: no term stands in enough texts.

    """
    counter = CountVectorizer(
        analyzer=partial(terms, longest=config.ngrams),
        min_df=config.min_texts,
        max_features=config.terms,
    )
    try:
        counter.fit(texts)
    except ValueError as error:
        raise InputError(
            f"expected terms that stand in at least {config.min_texts} of {len(texts)} texts, "
            "found none: lower model.min_texts or give more texts"
        ) from error
    vocabulary = {term: int(place) for term, place in counter.vocabulary_.items()}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=next(iter(vocabulary))))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return Pretrained(Tfidf(config, len(vocabulary), len(labels)), tokenizer.to_str(), ENDLESS)


def restore(config: Config, architecture: Mapping[str, Any]) -> Tfidf:
    """Make an empty model of a saved shape."""
    return Tfidf(config, int(architecture["terms"]), int(architecture["labels"]))
