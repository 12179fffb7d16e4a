"""huggingface_hub's progress bars, where somebody looks on."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext

from huggingface_hub import constants
from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]


def on_terminals_only() -> AbstractContextManager[object]:
    """Return a context without bars where standard error is a file, or the user said so."""
    watched = sys.stderr is not None and sys.stderr.isatty()
    if watched or constants.HF_HUB_DISABLE_PROGRESS_BARS is not None:
        return nullcontext()
    return disable_progress_bars()
