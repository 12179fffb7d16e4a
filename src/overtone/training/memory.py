"""Room: how many tokens go through the model at once. What does not fit is halved.

A batch is cut into micro-batches that fit, and their gradients add up to the batch's. On a GPU the
allocator says when something doesn't fit. A CPU's only says so by the end of the process, so there
a budget is met beforehand: a few texts are tried, and what more would take is foretold from them.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from overtone.errors import InputError, OvertoneError
from overtone.evaluation.cost import resident
from overtone.inputs import batches

log = logging.getLogger(__name__)

Texts = NDArray[np.int64]
CLEAR = Path("/proc/self/clear_refs")

REFUSALS = (
    "can't allocate memory",  # torch's allocator on a CPU
    "ALLOC_FAILED",  # cuBLAS and its like
    "could not create a primitive",  # oneDNN, which needs memory for code; it never does again
    "could not execute a primitive",
    "std::bad_alloc",
)
"""What errors say besides torch.OutOfMemoryError."""

MARGIN = 0.95
"""Share of a budget that is planned for: not all that is freed goes back to the system at once."""

ADVICE = (
    "set training.gradient_checkpointing=true or training.lora=8, freeze layers "
    "(model.freeze_layers), lower inputs.max_length, or take a smaller encoder"
)


class Room:
    """The most tokens of a micro-batch, lowered where they don't fit."""

    def __init__(self, tokens: int, lengths: NDArray[np.int64], budget_gb: float) -> None:
        """Start with `tokens` for texts of some lengths, (n,), and a budget; 0 is none."""
        self.tokens = tokens
        self.budget = budget_gb * 1e9
        self._lengths = lengths

    def cut(self, texts: Texts) -> list[Texts]:
        """Cut a batch's texts into micro-batches that fit."""
        return batches.fill(texts, self._lengths, max(len(texts), 1), self.tokens)

    def halve(self, texts: Texts) -> None:
        """Note that a micro-batch didn't fit.

        Raises:
            OvertoneError: it was a single text.

        """
        longest = int(self._lengths[texts].max())
        if len(texts) == 1:
            raise OvertoneError(f"not even one text of {longest} tokens fits into memory: {ADVICE}")
        self.tokens = min(self.tokens, longest * (len(texts) // 2))
        log.warning(
            "%d texts of up to %d tokens don't fit into memory; going on with %d tokens at a time, "
            "whose gradients are added up",
            len(texts),
            longest,
            self.tokens,
        )

    def refusal(self, texts: Texts) -> OvertoneError:
        """Return what to say of a micro-batch that didn't fit where it can't be halved."""
        return OvertoneError(
            f"{len(texts)} texts of up to {int(self._lengths[texts].max())} tokens don't fit into "
            "memory, and with training.shard they are not halved: lower training.batch_tokens (now "
            f"{self.tokens}) and go on with --resume"
        )

    def fit(
        self,
        attempt: Callable[[Texts], None],
        most: int,
        reserve: int,
        among: Texts | None = None,
    ) -> None:
        """Lower the tokens of a micro-batch so that training stays within the budget; CPU only.

        Args:
            attempt: takes some texts forward and backward.
            most: texts of a whole batch.
            reserve: bytes that training will need besides what an attempt shows.
            among: the texts that are tried; all where None.

        Raises:
            InputError: there is no budget that is large enough, or no way to measure.

        """
        if not CLEAR.exists():
            raise InputError("training.memory_gb on a CPU needs Linux, to measure what is used")
        among = np.arange(len(self._lengths)) if among is None else among
        order = among[np.argsort(-self._lengths[among], kind="stable")][:most]
        longest = int(self._lengths[order[0]])
        attempt(order[:1])  # gradients and caches, which stay
        _give_back()
        base, fits, peak = resident("VmRSS"), 1, self._peak(attempt, order[:1])
        allowed = MARGIN * self.budget - reserve
        if peak > allowed:
            needed = (peak + reserve) / MARGIN
            raise InputError(
                f"training needs {needed / 1e9:.1f} GB for one text of {longest} tokens, "
                f"training.memory_gb allows {self.budget / 1e9:.1f}: {ADVICE}"
            )
        while fits < len(order) and longest * fits < self.tokens:
            # Twice the texts take twice what was needed on top of what is always there.
            higher = peak + (peak - base)
            if higher <= allowed:
                higher = self._peak(attempt, order[: 2 * fits])
            if higher > allowed:
                self.tokens = longest * fits
                log.info("%d tokens at a time fit into %.1f GB", self.tokens, self.budget / 1e9)
                break
            fits, peak = 2 * fits, higher
        _reset_peak()

    def _peak(self, attempt: Callable[[Texts], None], texts: Texts) -> float:
        """Return the most memory that an attempt takes, in bytes."""
        _give_back()
        _reset_peak()
        attempt(texts)
        return resident("VmHWM")


def _give_back() -> None:
    """Give what was freed back to the system, which glibc keeps a part of for itself."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _reset_peak() -> None:
    """Let the highest resident memory start again from what it is now."""
    CLEAR.write_text("5")


def is_out_of_memory(error: Exception) -> bool:
    """Return whether an error says that something didn't fit."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(
        words in str(error) for words in REFUSALS
    )


def limit_gpu(device: torch.device, budget_gb: float) -> None:
    """Let torch's allocator on a GPU refuse what is over a budget."""
    total = torch.cuda.get_device_properties(device).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, budget_gb * 1e9 / total), device)
