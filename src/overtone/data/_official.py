"""Finds a dataset's official files, or says where they were looked for and how to get them."""

from __future__ import annotations

from pathlib import Path

from overtone.errors import MissingDataError


def locate(dataset: str, file: str, data_dir: Path, page: str) -> Path:
    """Return the path of `file`, in `data_dir/dataset` or `data_dir` itself.

    Raises:
        MissingDataError: it is in neither.

    """
    folders = (data_dir / dataset, data_dir)
    for folder in folders:
        if (path := folder / file).is_file():
            return path
    raise MissingDataError(
        f"{dataset} needs {file}, not found in {folders[0]} or {folders[1]}; run `overtone data "
        f"fetch {dataset}`, or get the files from {page} and name their folder with --data-dir"
    )
