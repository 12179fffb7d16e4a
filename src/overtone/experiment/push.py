"""Share a model on the Hugging Face hub, as a bundle that `hub:user/name` opens."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from overtone import bundle as bundles
from overtone.bundle import CARD, FILES, MANIFEST, TOKENIZER, Bundle, Manifest
from overtone.errors import InputError
from overtone.experiment import card, hub_card
from overtone.hub import reference as hub
from overtone.hub.reference import Reference
from overtone.hub.upload import upload

UNCLEAR = re.compile(r"semeval.?2018|2018-E-c", re.IGNORECASE)
"""What the SemEval-2018 data are called, here and by their makers."""


def push(
    model: str | Path,
    repository: str,
    *,
    private: bool = False,
    revision: str | None = None,
    licence: str | None = None,
    message: str | None = None,
    accept_terms: bool = False,
) -> str:
    """Upload a model to the hub as one commit, its card with what the hub reads.

    The repository is made where there is none. Absolute paths of this machine that the model
    remembers, of files and models that it came from, are shortened to their last part.

    Args:
        model: the folder of a run, a bundle or an export, or another `hub:user/name`.
        repository: user/name.
        private: only you and whom you let may see it.
        revision: a branch other than the main one, made where it is new.
        licence: the hub's word for the licence of the weights, such as apache-2.0 or mit.
        message: of the commit.
        accept_terms: push a model of SemEval-2018 data.

    Returns:
        The reference that `overtone.load` takes, pinned to the commit.

    Raises:
        InputError: there is no such model, its data's terms are unclear, the name is no
            repository's, or it may not be written to.
        OvertoneError: the hub can't be reached.

    """
    target = hub.parse(repository)
    if target.revision:
        raise InputError(f"expected user/name, found {repository!r}: --revision names a branch")
    if revision and hub.parse(f"{repository}@{revision}").is_pinned:
        raise InputError(f"expected a branch to push to, found the commit {revision}")
    target = Reference(target.repository, revision or "")
    start = bundles.load(bundles.locate(model))
    if not accept_terms and UNCLEAR.search(_sources(start.manifest)):
        raise InputError(
            "this model was trained on SemEval-2018 data, or started from a model that was: they "
            "are for research and not to be redistributed, and whether models made from them may "
            "be shared or used commercially is unclear; if you have cleared that, add "
            "--accept-terms (accept_terms=True)"
        )
    with tempfile.TemporaryDirectory(prefix="overtone-") as aside:
        ready = _ready(start, target, Path(aside) / "bundle", licence)
        pushed = upload(
            ready.path,
            target,
            message or f"Push a model by overtone {start.manifest.overtone}",
            private=private,
            replaced=(*FILES, MANIFEST),
        )
    return str(pushed)


def _ready(start: Bundle, target: Reference, path: Path, licence: str | None) -> Bundle:
    """Write the bundle as it is to be shared."""
    manifest = _without_paths(start.manifest)
    text = start.card()
    for long in sorted(_paths(start.manifest.config), key=len, reverse=True):
        for shown in (str, card.cell):
            text = text.replace(shown(long), shown(PurePath(long).name))
    rest = [name for name in start.files if name not in {TOKENIZER, CARD}]

    def copy(first: Path) -> None:
        for name in rest:
            shutil.copyfile(start.file(name), first.with_name(name))

    return bundles.save(
        path,
        manifest,
        copy,
        start.file(TOKENIZER).read_text(encoding="utf-8"),
        hub_card.write(manifest, text, target.repository, licence),
        rest[0],
    )


def _sources(manifest: Manifest) -> str:
    """Return all that a model says about where it comes from."""
    return json.dumps([manifest.config, manifest.fitted_on, list(manifest.also)])


def _without_paths(manifest: Manifest) -> Manifest:
    """Return a manifest that says nothing of this machine's folders."""
    also = {_short(name): labels for name, labels in manifest.also.items()}
    return dataclasses.replace(
        manifest,
        config=_short(manifest.config),
        fitted_on=_short(manifest.fitted_on),
        # Two files of one name in two folders could not be told apart.
        also=also if len(also) == len(manifest.also) else manifest.also,
    )


def _paths(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Yield the absolute paths in JSON."""
    if isinstance(value, str) and PurePath(value).is_absolute():
        yield value
    if isinstance(value, Mapping):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _paths(inner)


def _short(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return JSON whose absolute paths are cut to their last part."""
    if isinstance(value, str):
        return PurePath(value).name if PurePath(value).is_absolute() else value
    if isinstance(value, Mapping):
        return {_short(key): _short(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_short(inner) for inner in value]
    return value
