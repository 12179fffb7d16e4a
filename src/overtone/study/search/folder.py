"""A search's folder and its storage: made together, and of no use to another search."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna

from overtone import atomic
from overtone.data import Split
from overtone.errors import InputError
from overtone.experiment import fingerprint, run
from overtone.study.search import storage as storages
from overtone.study.search.space import Search
from overtone.study.search.trials import OWN, choosing

FOLDER = "folder"
"""Under which the storage notes whose it is."""


def begin(folder: Path, storage: Path, search: Search, splits: Mapping[str, Split]) -> optuna.Study:
    """Begin a search, or go on with it.

    Args:
        folder: the search's.
        storage: the file of its trials.
        search: what is asked for.
        splits: the data of all trials.

    Raises:
        InputError: the folder or the storage is another search's, or something else was asked for
            when it was begun, or on other data.

    """
    _check_new(folder, storage)
    with choosing(folder):
        name = _name(folder, search)
        fingerprint.check(folder / OWN / "data.json", splits)
        study = storages.study(storages.open_(storage), maximizes=search.maximizes)
        owner = study.user_attrs.get(FOLDER)
        if owner is None and not study.trials and not any(folder.glob("trial-*")):
            study.set_user_attr(FOLDER, name)
        elif owner != name:
            raise InputError(
                f"the trials in {storage} and those in {folder} are not of the same search: give "
                "the --storage and --output that belong together, or new ones"
            )
        return study


def _check_new(folder: Path, storage: Path) -> None:
    """Refuse a folder with files that are no search's."""
    if not folder.is_dir() or (folder / OWN).is_dir():
        return
    own = storage.resolve()
    if any(not path.resolve().name.startswith(own.name) for path in folder.iterdir()):
        raise InputError(
            f"expected a new folder for the search, or one that was begun, found other files in "
            f"{folder}: choose another --output"
        )


def _name(folder: Path, search: Search) -> str:
    """Return what the storage knows the folder by, after noting what is asked for.

    Raises:
        InputError: it isn't what was asked for before.

    """
    file = folder / OWN / "search.json"
    asked: dict[str, Any] = json.loads(json.dumps(search.to_json()))  # JSON has no tuples
    if not file.is_file():
        name = uuid.uuid4().hex
        content = {"format": 1, "folder": name, "asked": asked}
        atomic.write_text(file, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
        return name
    try:
        saved = json.loads(file.read_text(encoding="utf-8"))
        found = run.differences(saved["asked"], asked)
        name = str(saved["folder"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{file} is damaged: choose another --output and --storage") from error
    if found:
        raise InputError(
            f"the search in {folder} was begun with something else: {'; '.join(found)}; leave that "
            "as it was, or choose another --output and --storage"
        )
    return name
