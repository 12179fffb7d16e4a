"""SpanEmo as its public code trains it, written anew to measure its speed.

Source: the code of Alhuzali & Ananiadou, SpanEmo (EACL 2021). Label words and text are padded to
128 tokens, the encoder gets neither mask nor segments, the label-correlation-aware loss is a loop
over examples, and the optimiser one over parameters.
"""

from __future__ import annotations

import time

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from _epoch import BATCH, CLIP, DROPOUT, LENGTH, Epoch, Task, watched
from _flops import STEP, Shape, encoder, label_head, synchronise
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from transformers import PreTrainedModel, get_linear_schedule_with_warmup

from overtone.labels import Labels

ALPHA = 0.2
"""Weight of the label-correlation-aware loss."""
RATES = (2e-5, 1e-4)
"""Learning rates of encoder and head."""


class Model(nn.Module):
    """An encoder, and two linear layers that are applied at each label."""

    def __init__(self, encoder: PreTrainedModel, places: Tensor) -> None:
        """Put a fresh head on an encoder; `places` (C,) are the labels' first tokens."""
        super().__init__()
        width = encoder.config.hidden_size
        self.encoder = encoder
        self.head = nn.Sequential(
            nn.Linear(width, width), nn.Tanh(), nn.Dropout(DROPOUT), nn.Linear(width, 1)
        )
        self.register_buffer("places", places)
        self.places: Tensor

    def forward(self, input_ids: Tensor) -> Tensor:
        """Return logits (B, C) for ids (B, L)."""
        hidden = self.encoder(input_ids=input_ids).last_hidden_state
        logits: Tensor = self.head(hidden.index_select(1, self.places)).squeeze(-1)
        return logits


def epoch(task: Task) -> Epoch:
    """Train for one epoch and measure it."""
    torch.manual_seed(0)
    pretrained, tokenizer = task.load_encoder()
    ids, tokens, places = _tokenised(task.texts, task.labels, Tokenizer.from_str(tokenizer))
    rows = TensorDataset(ids, torch.from_numpy(task.targets))
    loader = DataLoader(rows, batch_size=BATCH, shuffle=True)
    model = Model(pretrained, places).to(task.device).train()
    groups = [
        {"params": list(part.parameters()), "lr": rate}
        for part, rate in zip((model.encoder, model.head), RATES, strict=True)
    ]
    optimizer = torch.optim.AdamW(groups, foreach=False, fused=False)
    schedule = get_linear_schedule_with_warmup(optimizer, len(loader) // 10, len(loader))
    total = 0.0
    with watched(model) as seen:
        synchronise(task.device)
        start = time.perf_counter()
        for batch in loader:
            inputs, targets = (part.to(task.device) for part in batch)
            optimizer.zero_grad()
            with torch.autocast(task.device.type, torch.bfloat16, task.precision == "bf16"):
                logits = model(input_ids=inputs)
            loss = joint(logits.float(), targets)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), CLIP)
            optimizer.step()
            schedule.step()
            total += loss.item()
        synchronise(task.device)
        seconds = time.perf_counter() - start
    seen.check(len(task.texts))
    shape = Shape.of(pretrained.config)
    flops = sum(
        encoder(shape, texts, length) + label_head(shape, texts, len(task.labels))
        for texts, length in seen.shapes
    )
    return Epoch(seconds, len(task.texts), tokens, seen.tokens, STEP * flops)


def joint(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the joint loss, a scalar, of logits and targets (B, C), one example after another."""
    total = torch.zeros((), device=logits.device)
    for scores, truth in zip(torch.sigmoid(logits), targets, strict=True):
        present, absent = scores[truth == 1], scores[truth == 0]
        if len(present) and len(absent):
            total = total + torch.exp(absent[None, :] - present[:, None]).mean()
    cells = F.binary_cross_entropy_with_logits(logits, targets)
    return (1 - ALPHA) * cells + ALPHA * total / len(logits)


def _tokenised(
    texts: list[str], labels: Labels, tokenizer: Tokenizer
) -> tuple[Tensor, int, Tensor]:
    """Return the ids (n, 128), how many are no padding, and each label's first token (C,)."""
    tokenizer.enable_truncation(LENGTH, strategy="only_second")
    tokenizer.enable_padding(length=LENGTH, pad_id=tokenizer.token_to_id("[PAD]"))
    *words, last = labels.prompts
    prefix = f"{' '.join(words)} or {last}?"
    encoded = tokenizer.encode_batch([(prefix, text) for text in texts])
    starts = [prefix.index(word) for word in labels.prompts]
    places = [encoded[0].char_to_token(start, 0) for start in starts]
    ids = torch.tensor([row.ids for row in encoded])
    return ids, sum(sum(row.attention_mask) for row in encoded), torch.tensor(places)
