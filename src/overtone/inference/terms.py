"""What a model's makers want its users to know: what is experimental, and once, terms."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path

import platformdirs

from overtone import atomic
from overtone.bundle import Bundle
from overtone.errors import OvertoneError

log = logging.getLogger(__name__)

FILE = "terms.json"
MOST = 500
"""Characters of either that are shown: a bundle may be anybody's."""


def say(bundle: Bundle) -> None:
    """Say what is experimental about a model, whenever it is loaded, and its notice once."""
    experimental = bundle.manifest.terms.get("experimental")
    if isinstance(experimental, str) and experimental:
        log.warning("EXPERIMENTAL: %s", experimental[:MOST])
    say_once(bundle)


def say_once(bundle: Bundle) -> None:
    """Say a bundle's notice, the first time on this machine that a model with it is loaded.

    Where that can't be remembered, nothing is said, or it would be said every time; the model card
    and `overtone models list` have it, too.
    """
    notice = bundle.manifest.terms.get("notice")
    if not isinstance(notice, str) or not notice:
        return
    path = Path(platformdirs.user_state_dir("overtone")) / FILE
    key = hashlib.sha256(notice.encode()).hexdigest()
    said = _read(path)
    if key in said:
        return
    try:
        atomic.write_text(path, json.dumps([*said, key], indent=2) + "\n")
    except (OSError, OvertoneError) as error:
        log.debug("terms that were said can't be remembered in %s: %s", path, error)
        return
    log.warning("%s (said once)", notice[:MOST])


def _read(path: Path) -> list[str]:
    """Return the hashes of what was said before; a file that can't be read says nothing."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return [key for key in found if isinstance(key, str)] if isinstance(found, list) else []
