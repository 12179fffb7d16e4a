"""The saved model: one folder of weights, tokenizer and JSON, every file hashed, written whole.

The format knows files and hashes; what the decision, the metrics or the architecture mean is the
business of those who wrote them. Nothing here is executed or unpickled; of a repository on the hub,
only the files that are named here are fetched, and checked as any others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from overtone import atomic, shipped
from overtone.errors import BundleError, InputError
from overtone.hub import reference as hub
from overtone.labels import Labels

FORMAT = 2
MANIFEST = "bundle.json"
WEIGHTS = "model.safetensors"
"""Of a model as it was trained."""
ONNX = "model.onnx"
"""Of an export to ONNX."""
OPENVINO = "model.xml"
"""Of an export to OpenVINO; the numbers stand beside it, in model.bin."""
TOKENIZER = "tokenizer.json"
CARD = "README.md"
"""The model card, the one file that may be edited."""
PARITY = "parity.json"
"""Of an export: how near it is to its model."""
LEARNT = "learnt.safetensors"
"""Of a model that has learnt dev texts: which, and what was said of them by who had not."""
FILES = (WEIGHTS, ONNX, OPENVINO, "model.bin", TOKENIZER, CARD, PARITY, LEARNT)
"""All that a bundle may have besides the manifest."""

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What bundle.json says, the files' hashes aside."""

    labels: Labels
    """Names, prompts and their order."""
    config: Json
    """The resolved configuration: a table each for text, inputs, model, loss, training …"""
    architecture: Json
    """The encoder's shape, enough to build it without a download."""
    limit: int
    """The most tokens that the encoder takes in one row."""
    calibration: Json
    """What `calibration.restore` takes."""
    decision: Json
    """What `decision.restore` takes."""
    fitted_on: Json
    """The texts that these two were fitted on; empty where nothing was."""
    metrics: Json
    """Scores by split, and the cost of training."""
    overtone: str
    """The version that wrote the bundle."""
    also: dict[str, Labels] = field(default_factory=dict)
    """Other label sets that the model learned, by their datasets' names."""
    export: Json = field(default_factory=dict)
    """Of an export: its `format` and `precision`, the `digest` of the model that it was made from,
    and `lengths`, tokens of short, middling and long texts; empty otherwise."""
    terms: Json = field(default_factory=dict)
    """Of a model that is given away: the `licence` of its weights, the `data` that it learnt from
    and theirs, and a `notice` for whoever uses it, where one is due, or what is `experimental`
    about it; empty otherwise."""


@dataclass(frozen=True)
class Bundle:
    """A bundle on disk whose files were checked against their hashes."""

    path: Path
    manifest: Manifest
    files: dict[str, str]
    """SHA-256 by file name."""
    digest: str
    """SHA-256 of the manifest, and so of everything."""

    def file(self, name: str) -> Path:
        """Return the path of one of the bundle's files.

        Raises:
            BundleError: the bundle has no such file.

        """
        if name not in self.files:
            raise BundleError(f"{self.path}: expected the file {name}, the bundle has none")
        return self.path / name

    def card(self) -> str:
        """Return the model card, Markdown.

        Raises:
            BundleError: it was edited to something else than UTF-8.

        """
        try:
            return self.file(CARD).read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise BundleError(
                f"{self.path}: expected UTF-8 in the card {CARD}, found other bytes; save it as "
                "UTF-8"
            ) from error

    def model_files(self) -> list[Path]:
        """Return the files that are about the model, which a new decision leaves as they are."""
        return [self.path / name for name in self.files if name not in {TOKENIZER, CARD}]


def save(
    path: Path,
    manifest: Manifest,
    write_weights: Callable[[Path], None],
    tokenizer: str,
    card: str,
    weights: str = WEIGHTS,
) -> Bundle:
    """Write a bundle, whole or not at all.

    Args:
        path: the folder to make; it must not exist.
        manifest: what goes into bundle.json.
        write_weights: writes the weights to the path that it is given, and, where they are several
            files, the others beside it.
        tokenizer: the content of tokenizer.json.
        card: the model card, Markdown.
        weights: the name of the weights' file.

    """
    with atomic.folder(path) as folder:
        write_weights(folder / weights)
        (folder / TOKENIZER).write_text(tokenizer, encoding="utf-8")
        (folder / CARD).write_text(card, encoding="utf-8")
        files = {file.name: sha256(file) for file in sorted(folder.iterdir())}
        content = {
            "format": FORMAT,
            **vars(manifest),
            "labels": manifest.labels.to_json(),
            "also": {name: labels.to_json() for name, labels in manifest.also.items()},
            "files": files,
        }
        content["sha256"] = _own_hash(content)
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return Bundle(path, manifest, files, str(content["sha256"]))


def load(path: Path) -> Bundle:
    """Open a bundle and check every file of it.

    Raises:
        BundleError: a file is missing, changed (but for the card), cut or additional (named), or
            the format is another one.

    """
    content = _read_manifest(path)
    files = _files(path, content)
    for name, expected in files.items():
        if not _is_file(path / name):
            raise BundleError(f"{path}: the file {name} is missing; copy the whole bundle again")
        # The card is for people, who edit it; nothing that a model says depends on it.
        if name != CARD and sha256(path / name) != expected:
            raise BundleError(
                f"{path}: the file {name} was changed or cut since it was saved; "
                "copy the bundle again"
            )
    additional = sorted({found.name for found in path.iterdir()} - {MANIFEST, *files})
    if additional:
        raise BundleError(
            f"{path}: the file {additional[0]} does not belong to the bundle; remove it"
        )
    return Bundle(path, _manifest(path, content), dict(files), str(content["sha256"]))


def locate(reference: str | Path) -> Path:
    """Return the folder of the bundle that MODEL stands for.

    Args:
        reference: a bundle, a run that has one, the name of a model that ships, or
            `hub:user/name`, optionally with `@revision`, which is downloaded where it isn't on
            this disk already.

    Raises:
        InputError: there is none; the message lists the models nearby.
        BundleError: what is on the hub is not whole.
        OvertoneError: the hub can't be reached.

    """
    if (found := shipped.find(reference)) is not None:
        return found
    if hub.is_reference(reference):
        return _fetched(reference)
    path = Path(reference)
    for folder in (path, path / "bundle"):
        if _is_file(folder / MANIFEST):
            return folder
    if _is_file(path / "config.toml"):
        raise InputError(
            f"the run {path} has no finished model yet: continue it with "
            f"overtone train --resume --output {path}"
        )
    near = sorted(
        {
            str(found.parent.parent if found.parent.name == "bundle" else found.parent)
            for parent in {path.parent, Path("runs")}
            for pattern in (f"*/{MANIFEST}", f"*/bundle/{MANIFEST}")
            for found in parent.glob(pattern)
        }
    )
    raise InputError(
        f"MODEL is the folder of a run or a bundle, the name of a model that ships "
        f"({', '.join(shipped.names())}), or hub:user/name, found none at {str(path)!r}; "
        f"there are: {', '.join(near) or 'none nearby (overtone train makes one)'}"
    )


def absolute(reference: str | Path) -> str:
    """Return MODEL so that it stands for the same from any folder and, of the hub, at any time.

    Raises:
        OvertoneError: as `locate`, for a model on the hub.

    """
    if (found := shipped.find(reference)) is not None:
        return str(found)
    if not hub.is_reference(reference):
        return str(Path(reference).resolve())
    return str(hub.parse(reference).at(locate(reference).name))


def _fetched(reference: str | Path) -> Path:
    """Return the folder of a bundle on the hub."""
    from overtone.hub.fetch import Wanted, fetch  # noqa: PLC0415 - most models are on this disk

    def listed(manifest: Path) -> list[str]:
        files = _files(manifest.parent, _read_manifest(manifest.parent))
        return list(files)

    return fetch(hub.parse(reference), Wanted(MANIFEST, listed, load, FILES))


def trainable(reference: str | Path) -> Bundle:
    """Open the bundle that MODEL stands for, whose training can go on.

    Raises:
        InputError: there is none, or it is an export.
        BundleError: as for `load`.

    """
    return _no_export(reference, ", which can't be trained", ", or another one")


def exportable(reference: str | Path) -> Bundle:
    """Open the bundle that MODEL stands for, of which another form can be made.

    Raises:
        InputError: there is none, or it is an export.
        BundleError: as for `load`.

    """
    return _no_export(reference, " already")


def _no_export(reference: str | Path, why: str, instead: str = "") -> Bundle:
    """Open the bundle that MODEL stands for, with the weights that it was trained to."""
    found = load(locate(reference))
    if WEIGHTS not in found.files:
        raise InputError(
            f"{reference} is an export{why}: name the model that it was made from{instead}"
        )
    return found


def _is_file(path: Path) -> bool:
    """Return whether there is a file; a name that no file can have is none."""
    try:
        return path.is_file() and not path.is_symlink()
    except OSError:
        return False


def sha256(path: Path) -> str:
    """Return a file's SHA-256, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_manifest(path: Path) -> Json:
    """Return bundle.json, its format and own hash checked."""
    manifest = path / MANIFEST
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
    except OSError as error:
        raise BundleError(f"{path}: expected a bundle, found no {MANIFEST}") from error
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{manifest}: not valid JSON ({error}); copy the bundle again") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else None
        raise BundleError(
            f"{manifest}: expected format {FORMAT}, found {found!r}; "
            "install the version of overtone that wrote it"
        )
    if content.get("sha256") != _own_hash(content) or "files" not in content:
        raise BundleError(
            f"{path}: the file {MANIFEST} was changed since it was saved; copy the bundle again"
        )
    return content


def _manifest(path: Path, content: Json) -> Manifest:
    """Return the manifest, every value of it of the right type."""
    kinds = {"limit": int, "overtone": str}  # the others are tables
    # Bundles that were written before there were other label sets, exports or terms have none.
    content = {"also": {}, "export": {}, "terms": {}, **content}
    values: Json = {key: content.get(key) for key in Manifest.__annotations__}
    for key, value in values.items():
        if not isinstance(value, kinds.get(key, dict)):
            raise BundleError(
                f"{path / MANIFEST}: expected {kinds.get(key, dict).__name__} under {key}, found "
                f"{type(value).__name__}; don't use this bundle"
            )
    try:
        values["labels"] = Labels.from_json(content["labels"])
        values["also"] = {name: Labels.from_json(saved) for name, saved in content["also"].items()}
        return Manifest(**values)
    except (InputError, AttributeError) as error:
        raise BundleError(f"{path / MANIFEST}: {error}") from error


def _own_hash(content: Mapping[str, object]) -> str:
    """Return the hash of the manifest's content, the hash itself left out."""
    rest = {key: value for key, value in content.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _files(path: Path, content: Json) -> dict[str, str]:
    """Return the hashes by file name, names that reach out of the bundle's folder refused."""
    files = content["files"]
    if not isinstance(files, dict):
        raise BundleError(f"{path / MANIFEST}: expected a table of files")
    for name in files:
        if Path(name).name != name or name in {".", "..", MANIFEST} or "\\" in name:
            raise BundleError(f"{path}: {name!r} is not a plain file name; don't use this bundle")
    return files
