"""The linear head: what it reads of the encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from overtone import inputs, models
from overtone.labels import Labels
from overtone.models.cls_head import ClsHead

LABELS = Labels.of("joy", "anger", "fear")
TEXTS = ["so happy today", "the bus is late again and again", "soup"]


@pytest.mark.parametrize("pool", ["cls", "mean"])
def test_the_head_reads_the_first_token_or_the_mean_of_all_but_padding(
    encoder: Path, pool: str
) -> None:
    torch.manual_seed(0)
    made = models.create("cls_head", {"encoder": str(encoder), "pool": pool}, LABELS, ())
    assert isinstance(made.model, ClsHead)
    kind = inputs.load("single", {}, Tokenizer.from_str(made.tokenizer), made.limit)
    batch = kind.collate(kind.encode(TEXTS, LABELS), np.arange(3))
    found = models.logits_of(made.model, batch)
    linear = made.model.head[1]
    with torch.inference_mode():
        arrays = models.tensors(batch, "cpu")
        ids, mask, segments = arrays.values()
        hidden = made.model.eval().hidden(ids, mask, segments)
        for row in range(3):
            length = int(arrays["attention_mask"][row].sum())
            read = hidden[row, 0] if pool == "cls" else hidden[row, :length].mean(dim=0)
            np.testing.assert_allclose(found[row], linear(read), atol=1e-5)
