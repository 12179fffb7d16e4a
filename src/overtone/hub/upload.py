"""From a folder to a repository: one commit with all of its files, or none."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

from overtone.errors import InputError
from overtone.hub.bars import on_terminals_only
from overtone.hub.problems import explained
from overtone.hub.reference import Reference

MAIN = "main"


def upload(
    folder: Path, reference: Reference, message: str, *, private: bool, replaced: Collection[str]
) -> Reference:
    """Make the repository where there is none, and commit a folder's files to it.

    Args:
        folder: what to upload, files only.
        reference: the repository, and a branch, made where it is new.
        message: of the commit.
        private: nobody else may see the repository; one that is public is refused then.
        replaced: names of files that go away where the folder has none of that name, such as those
            of what was pushed there before.

    Returns:
        The repository at the new commit.

    Raises:
        InputError: the repository may not be made or written to, or is public and should not be.
        UnreachableError: the hub can't be reached.

    """
    api, name = HfApi(), reference.repository
    branch = reference.revision or MAIN
    with explained(reference), on_terminals_only():
        api.create_repo(name, private=private or None, exist_ok=True)
        # Who asks for a private one again gets the public one that is there, and no error.
        if private and not api.model_info(name).private:
            raise InputError(
                f"{reference} exists and is public: leave out --private, make it private on its "
                "page, or name another"
            )
        if branch != MAIN:
            api.create_branch(name, branch=branch, exist_ok=True)
        files = sorted(file for file in folder.iterdir() if file.is_file())
        names = {file.name for file in files}
        there = set(api.list_repo_files(name, revision=branch))
        # Not upload_folder, which may take several commits.
        done = api.create_commit(
            name,
            [
                *(CommitOperationAdd(file.name, file) for file in files),
                *(
                    CommitOperationDelete(old, is_folder=False)
                    for old in sorted(there & set(replaced) - names)
                ),
            ],
            commit_message=message,
            revision=branch,
        )
    return reference.at(done.oid)
