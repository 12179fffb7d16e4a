"""The saved model: what goes in comes out, and nothing but that is accepted."""

import hashlib
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from overtone import bundle
from overtone.bundle import Bundle, Manifest
from overtone.errors import BundleError, InputError
from overtone.labels import Labels

FILES = ["README.md", "bundle.json", "model.safetensors", "tokenizer.json"]
MANIFEST = Manifest(
    labels=Labels(("joy", "fear"), ("سعادة", "خوف"), "ar"),
    config={"text": {"name": "tweet"}, "training": {"learning_rate": 1e-4}},
    architecture={"model_type": "bert", "hidden_size": 32},
    limit=130,
    calibration={"name": "none"},
    fitted_on={},
    decision={"name": "threshold", "threshold": 0.5},
    metrics={"dev": {"jaccard": 0.6}, "cost": {"epochs": 2}},
    overtone="0.1.0",
    also={"goemotions": Labels.of("pride", "relief")},
)


def write_weights(path: Path) -> None:
    save_file({"w": np.arange(6, dtype=np.float32).reshape(2, 3)}, path)


def save(path: Path) -> Bundle:
    return bundle.save(path, MANIFEST, write_weights, '{"version": "1.0"}', "# A card — ü\n")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Save a bundle and return its folder."""
    return save(tmp_path / "model").path


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change bundle.json as somebody would who knows how it is hashed."""
    content = json.loads((path / "bundle.json").read_text(encoding="utf-8"))
    change(content)
    content.pop("sha256", None)
    own = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    text = json.dumps({**content, "sha256": own})
    (path / "bundle.json").write_text(text, encoding="utf-8")


def test_round_trip_keeps_everything(saved: Path) -> None:
    loaded = bundle.load(saved)
    assert loaded.manifest == MANIFEST
    assert loaded.path == saved
    assert loaded.file("tokenizer.json").read_text(encoding="utf-8") == '{"version": "1.0"}'
    assert loaded.file("README.md").read_text(encoding="utf-8") == "# A card — ü\n"
    weights = load_file(loaded.file("model.safetensors"))
    assert weights["w"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_save_returns_what_load_returns(tmp_path: Path) -> None:
    assert save(tmp_path / "model") == bundle.load(tmp_path / "model")


def test_a_bundle_holds_exactly_these_files_and_hashes_all_others(saved: Path) -> None:
    assert sorted(file.name for file in saved.iterdir()) == FILES
    hashes = bundle.load(saved).files
    assert sorted(hashes) == [name for name in FILES if name != "bundle.json"]
    for name, found in hashes.items():
        assert found == hashlib.sha256((saved / name).read_bytes()).hexdigest()


def test_every_file_can_be_read_by_whoever_can_read_the_folder(saved: Path) -> None:
    modes = {stat.S_IMODE(file.stat().st_mode) for file in saved.iterdir()}
    (saved.parent / "plain").write_text("", encoding="utf-8")
    assert modes == {stat.S_IMODE((saved.parent / "plain").stat().st_mode)}


def test_a_bundle_that_was_moved_still_loads(saved: Path, tmp_path: Path) -> None:
    moved = saved.rename(tmp_path / "elsewhere")
    assert bundle.load(moved).manifest == MANIFEST


def test_file_names_what_a_bundle_lacks(saved: Path) -> None:
    with pytest.raises(BundleError, match=r"model\.onnx"):
        bundle.load(saved).file("model.onnx")


def test_saving_stops_halfway_and_leaves_nothing(tmp_path: Path) -> None:
    def stop(path: Path) -> None:
        path.write_bytes(b"half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        bundle.save(tmp_path / "model", MANIFEST, stop, "{}", "card")
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_is_never_written_over_another(saved: Path) -> None:
    before = (saved / "bundle.json").read_bytes()
    with pytest.raises(FileExistsError):
        save(saved)
    assert (saved / "bundle.json").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        (name, damage)
        for name in FILES
        if name != "bundle.json"
        for damage in ("changed", "cut", "emptied", "missing", "folder", "link")
        if name != bundle.CARD or damage in {"missing", "folder", "link"}
    ],
)
def test_a_damaged_file_is_refused_by_name(saved: Path, name: str, damage: str) -> None:
    file = saved / name
    content = file.read_bytes()
    file.unlink()
    if damage == "changed":
        file.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    elif damage == "cut":
        file.write_bytes(content[:-1])
    elif damage == "emptied":
        file.write_bytes(b"")
    elif damage == "folder":
        file.mkdir()
    elif damage == "link":
        outside = saved.parent / "outside"
        outside.write_bytes(content)
        file.symlink_to(outside)
    with pytest.raises(BundleError, match=f"the file {name} "):
        bundle.load(saved)


def test_a_card_that_is_no_text_stops_only_what_reads_it(saved: Path) -> None:
    assert bundle.load(saved).card() == "# A card — ü\n"
    (saved / "README.md").write_bytes("# Café\n".encode("latin-1"))
    with pytest.raises(BundleError, match="expected UTF-8 in the card"):
        bundle.load(saved).card()


def test_the_card_may_be_edited(saved: Path) -> None:
    (saved / bundle.CARD).write_text("# Ours\n", encoding="utf-8")
    assert bundle.load(saved).manifest == MANIFEST


@pytest.mark.parametrize("kind", ["file", "hidden", "folder", "link"])
def test_an_additional_file_is_refused_by_name(saved: Path, kind: str) -> None:
    extra = saved / {"hidden": ".evil.pkl"}.get(kind, "evil.pkl")
    if kind == "folder":
        extra.mkdir()
    elif kind == "link":
        extra.symlink_to(saved / "README.md")
    else:
        extra.write_bytes(b"")
    with pytest.raises(BundleError, match=r"evil\.pkl does not belong"):
        bundle.load(saved)


@pytest.mark.parametrize(
    ("old", "new"), [('"threshold": 0.5', '"threshold": 0.4'), ('"joy"', '"fun"'), ("130", "131")]
)
def test_a_changed_manifest_is_refused_by_name(saved: Path, old: str, new: str) -> None:
    text = (saved / "bundle.json").read_text(encoding="utf-8")
    assert old in text
    (saved / "bundle.json").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(BundleError, match=r"bundle\.json was changed"):
        bundle.load(saved)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"[1, 2] 3"])
def test_broken_json_is_refused_by_name(saved: Path, content: bytes) -> None:
    (saved / "bundle.json").write_bytes(content)
    with pytest.raises(BundleError, match=r"bundle\.json: not valid JSON"):
        bundle.load(saved)


def test_a_cut_manifest_is_refused_by_name(saved: Path) -> None:
    content = (saved / "bundle.json").read_bytes()
    (saved / "bundle.json").write_bytes(content[: len(content) // 2])
    with pytest.raises(BundleError, match=r"bundle\.json: not valid JSON"):
        bundle.load(saved)


@pytest.mark.parametrize("content", ["[]", "null", '"x"', "{}"])
def test_json_that_is_no_manifest_is_refused(saved: Path, content: str) -> None:
    (saved / "bundle.json").write_text(content, encoding="utf-8")
    with pytest.raises(BundleError, match="expected format 2, found None"):
        bundle.load(saved)


@pytest.mark.parametrize("number", [0, 1, "2", None])
def test_another_format_is_refused(saved: Path, number: object) -> None:
    rewrite(saved, lambda content: content.update(format=number))
    with pytest.raises(BundleError, match=f"expected format 2, found {number!r}"):
        bundle.load(saved)


@pytest.mark.parametrize(
    "name",
    ["../outside", "..", ".", "a/b", "/etc/passwd", "a/", "./a", "..\\outside", "bundle.json"],
)
def test_a_name_that_reaches_out_of_the_folder_is_refused(saved: Path, name: str) -> None:
    rewrite(saved, lambda content: content["files"].update({name: "0" * 64}))
    with pytest.raises(BundleError, match="not a plain file name"):
        bundle.load(saved)


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 300])
def test_a_name_that_no_file_can_have_is_refused(saved: Path, name: str) -> None:
    rewrite(saved, lambda content: content["files"].update({name: "0" * 64}))
    with pytest.raises(BundleError):
        bundle.load(saved)


KEYS = ["files", *Manifest.__annotations__]


LATER = {"also", "export", "terms"}
"""What bundles of before there was such a thing do without."""


@pytest.mark.parametrize("key", [key for key in KEYS if key not in LATER])
def test_an_incomplete_manifest_is_refused(saved: Path, key: str) -> None:
    rewrite(saved, lambda content: content.pop(key))
    with pytest.raises(BundleError, match=r"bundle\.json"):
        bundle.load(saved)


def test_a_bundle_of_before_there_were_other_label_sets_has_none(saved: Path) -> None:
    rewrite(saved, lambda content: content.pop("also"))
    assert bundle.load(saved).manifest.also == {}


def test_a_bundle_of_before_there_were_exports_is_none(saved: Path) -> None:
    rewrite(saved, lambda content: content.pop("export"))
    assert bundle.load(saved).manifest.export == {}


def test_other_label_sets_that_are_none_are_refused(saved: Path) -> None:
    rewrite(saved, lambda content: content["also"].update({"goemotions": ["joy"]}))
    with pytest.raises(BundleError, match=r"bundle\.json"):
        bundle.load(saved)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", [None, [1]])
def test_a_manifest_with_a_value_of_another_kind_is_refused(
    saved: Path, key: str, value: object
) -> None:
    rewrite(saved, lambda content: content.update({key: value}))
    with pytest.raises(BundleError, match=r"bundle\.json"):
        bundle.load(saved)


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"expected a bundle, found no bundle\.json"):
        bundle.load(tmp_path)


def test_locate_takes_a_bundle_or_a_run(tmp_path: Path) -> None:
    path = save(tmp_path / "run" / "bundle").path
    assert bundle.locate(path) == bundle.locate(tmp_path / "run") == path
    assert bundle.locate(str(tmp_path / "run")) == path


def test_locate_tells_how_to_finish_an_unfinished_run(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.toml").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"no finished model yet.*--resume --output .*run"):
        bundle.locate(tmp_path / "run")


def test_locate_lists_the_models_nearby(tmp_path: Path) -> None:
    save(tmp_path / "english" / "bundle")
    save(tmp_path / "plain")
    (tmp_path / "other").mkdir()
    with pytest.raises(InputError) as caught:
        bundle.locate(tmp_path / "englihs")
    message = str(caught.value)
    assert "englihs" in message
    assert f"there are: {tmp_path / 'english'}, {tmp_path / 'plain'}" in message


def test_locate_lists_the_runs_of_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "runs" / "en" / "bundle")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"there are: runs/en$"):
        bundle.locate("nothing/here")


@pytest.mark.parametrize("reference", ["nothing", "", "a\0b", "I am so happy today! " * 20])
def test_locate_of_what_is_no_model_at_all_is_a_clear_error(
    reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as the text to predict on, longer than a file's name may be, given as MODEL."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"MODEL is the folder .* none nearby"):
        bundle.locate(reference)
