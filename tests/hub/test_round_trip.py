"""A model goes to the hub and comes back: the same bits, nothing else, and each way to fail."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import stat
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
from huggingface_hub import ModelCard, constants
from tests.hub_stand_in import Hub

import overtone
from overtone import bundle
from overtone.errors import BundleError, InputError, OvertoneError
from overtone.hub.problems import UnreachableError

# huggingface_hub 2.4 hands large files to httpx2 in a way that this one would not have.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

TEXTS = ["so happy today", "the bus is late again", ""]
NAME = "ann/moods"
FILES = {"README.md", "bundle.json", "model.safetensors", "tokenizer.json"}


@pytest.fixture
def ann(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """Ann is logged in."""
    monkeypatch.setenv("HF_TOKEN", "hf_ann")
    return hub


@pytest.fixture
def pushed(ann: Hub, run: Path) -> str:
    """The reference of a model that ann has pushed, pinned to its commit."""
    assert ann.port
    return overtone.push(run, NAME)


def test_what_is_pushed_predicts_the_same_bits(run: Path, ann: Hub, pushed: str) -> None:
    expected = overtone.load(run).probabilities(TEXTS)
    for reference in (f"hub:{NAME}", pushed, f"hub:{NAME}@main"):
        loaded = overtone.load(reference)
        np.testing.assert_array_equal(loaded.probabilities(TEXTS), expected)
        assert loaded.labels == overtone.load(run).labels
    assert ann.leaked == []  # the token stays with the hub, whatever it redirects to
    assert set(ann.tree(NAME)) == FILES | {".gitattributes"}
    weights = ann.tree(NAME)["model.safetensors"]
    assert weights == (run / "bundle" / "model.safetensors").read_bytes()
    assert ann.large  # and so they went the way of large files


def test_training_starts_from_a_model_on_the_hub(pushed: str, tmp_path: Path) -> None:
    found = overtone.train(
        "sample",
        tmp_path / "more",
        init=f"hub:{NAME}",
        settings=["training.epochs=1", "training.device=cpu"],
    )
    # By the commit, for the branch may be another model when the run is resumed.
    assert bundle.load(found.path / "bundle").manifest.config["init"]["model"] == pushed


def test_the_folder_is_a_bundle_of_plain_files_named_by_its_commit(pushed: str, hub: Hub) -> None:
    folder = bundle.locate(f"hub:{NAME}")
    assert folder.name == pushed.partition("@")[2] == hub.repositories[NAME].branches["main"]
    assert {file.name for file in folder.iterdir()} == FILES
    assert all(stat.S_ISREG(file.lstat().st_mode) for file in folder.iterdir())
    assert bundle.absolute(f"hub:{NAME}") == pushed
    cached = list((Path(constants.HF_HUB_CACHE) / "models--ann--moods" / "blobs").iterdir())
    # Of the large file there is one copy on the disk.
    assert (folder / "model.safetensors").stat().st_ino in {file.stat().st_ino for file in cached}


def test_a_push_is_one_commit_and_replaces_what_was_there(run: Path, ann: Hub, pushed: str) -> None:
    assert ann.repositories[NAME].messages == [
        "initial commit",
        f"Push a model by overtone {overtone.__version__}",
    ]
    tree = {**ann.tree(NAME), "model.onnx": b"old", "notes.txt": b"mine"}
    ann.commit(NAME, tree)
    again = overtone.push(run, f"hub:{NAME}", message="again")
    assert again != pushed
    assert ann.repositories[NAME].messages[-1] == "again"
    # What a bundle may have is replaced; what is somebody's own stays, and is never fetched.
    assert set(ann.tree(NAME)) == FILES | {".gitattributes", "notes.txt"}
    assert {file.name for file in bundle.locate(again).iterdir()} == FILES


def test_a_push_that_fails_leaves_everything_as_it_was(run: Path, ann: Hub, pushed: str) -> None:
    before = dict(ann.repositories[NAME].branches)
    ann.failing["/commit/"] = 500
    with pytest.raises(OvertoneError, match=r"the hub failed with 500 for hub:ann/moods"):
        overtone.push(run, NAME, message="again")
    assert ann.repositories[NAME].branches == before
    assert overtone.load(pushed).labels == overtone.load(run).labels


def test_a_branch_is_made_and_loaded_and_main_stays(run: Path, ann: Hub, pushed: str) -> None:
    other = overtone.push(run, NAME, revision="smaller", message="other")
    assert ann.repositories[NAME].branches["main"] == pushed.partition("@")[2]
    assert bundle.absolute(f"hub:{NAME}@smaller") == other != pushed
    with pytest.raises(InputError, match="expected a branch to push to, found the commit"):
        overtone.push(run, NAME, revision=pushed.partition("@")[2])


def test_private_means_private(
    run: Path, ann: Hub, pushed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pushed
    with pytest.raises(InputError, match=r"hub:ann/moods exists and is public: leave out"):
        overtone.push(run, NAME, private=True)
    overtone.push(run, "ann/secret", private=True)
    assert ann.repositories["ann/secret"].private
    assert bundle.locate("hub:ann/secret")
    monkeypatch.setenv("HF_TOKEN", "hf_bob")
    with pytest.raises(InputError, match=r"none; check the name, and that the token here may"):
        overtone.load("hub:ann/secret")
    with pytest.raises(InputError, match=r"the token here may not do that to hub:ann/moods"):
        overtone.push(run, NAME)
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(InputError, match=r"none; if it is private, .* there is no token here"):
        overtone.load("hub:ann/secret")
    with pytest.raises(InputError, match=r"log in with hf auth login or set HF_TOKEN"):
        overtone.push(run, "ann/other")


def test_a_wrong_token_is_said_and_not_shown(
    run: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert hub.port
    monkeypatch.setenv("HF_TOKEN", "hf_wrong_secret")
    caplog.set_level(logging.DEBUG)
    for work in (lambda: overtone.load(f"hub:{NAME}"), lambda: overtone.push(run, NAME)):
        with pytest.raises(InputError, match="the hub wants to know who asks") as caught:
            work()
        assert "hf_wrong_secret" not in str(caught.value)
    assert "hf_wrong_secret" not in caplog.text


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("hub:ann/nothing", r"expected a repository at hub:ann/nothing, found none"),
        ("hub:ann/moods@gone", r"the repository has no revision 'gone'"),
        (f"hub:ann/moods@{'0' * 40}", r"the repository has no revision '000"),
        ("hub:ann/encoder", r"found a repository without bundle\.json"),
        ("hub:moods", r"expected hub:user/name or hub:user/name@revision, found 'hub:moods'"),
        ("hub:ann/moods@", r"expected hub:user/name or"),
        ("hub:ann/../moods", r"expected hub:user/name or"),
        ("hub:", r"expected hub:user/name or"),
    ],
)
def test_what_is_not_there_is_said(pushed: str, ann: Hub, reference: str, message: str) -> None:
    assert pushed
    ann.create("ann/encoder")
    with pytest.raises(InputError, match=message):
        overtone.load(reference)


def test_a_card_may_be_edited_on_the_hub(pushed: str, ann: Hub) -> None:
    assert pushed
    card = b"---\nlicense: mit\n---\n# Mine\n"
    sha = ann.commit(NAME, {**ann.tree(NAME), "README.md": card})
    found = overtone.load(f"hub:{NAME}@{sha}").bundle
    assert found.file("README.md").read_bytes() == card


def test_changed_weights_are_refused_and_leave_nothing(pushed: str, ann: Hub) -> None:
    assert pushed
    tree = dict(ann.tree(NAME))
    weights = bytearray(tree["model.safetensors"])
    weights[-1] ^= 1
    sha = ann.commit(NAME, {**tree, "model.safetensors": bytes(weights)})
    message = rf"hub:ann/moods@{sha}: the file model\.safetensors was changed .* by hand: push it"
    for _ in range(2):
        with pytest.raises(BundleError, match=message):
            overtone.load(f"hub:{NAME}")
    # The state before is as good as it was.
    assert overtone.load(pushed).labels


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model.pkl": "0" * 64}, r"a bundle has no file 'model\.pkl'"),
        ({"../weights.safetensors": "0" * 64}, r"is not a plain file name"),
        ({"model.onnx": "0" * 64}, r"the file model\.onnx is missing there"),
    ],
)
def test_only_what_a_bundle_may_have_is_fetched(
    pushed: str, ann: Hub, change: dict[str, str], message: str
) -> None:
    assert pushed
    tree = dict(ann.tree(NAME))
    content = json.loads(tree["bundle.json"])
    content["files"] |= change
    content.pop("sha256")
    own = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    tree["bundle.json"] = json.dumps({**content, "sha256": own}).encode()
    ann.commit(NAME, {**tree, "model.pkl": b"\x80\x04."})
    ann.asked.clear()
    with pytest.raises(BundleError, match=message):
        overtone.load(f"hub:{NAME}")
    fetched = {path.rpartition("/")[2] for _, path, _ in ann.asked if "/resolve/" in path}
    assert fetched == {"bundle.json"}


def test_an_index_beyond_measure_is_not_fetched(ann: Hub) -> None:
    ann.create("ann/vast")
    ann.commit("ann/vast", {"bundle.json": bytes(50_000_001)})
    with pytest.raises(BundleError, match=r"bundle\.json has 50,000,001 bytes, more than any"):
        overtone.load("hub:ann/vast")
    assert not any("/resolve/" in path for _, path, _ in ann.asked)


def test_offline_uses_what_is_here(
    run: Path, pushed: str, ann: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UnreachableError, match=r"is not in the cache .* HF_HUB_OFFLINE is set"):
        overtone.load(f"hub:{NAME}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    expected = overtone.load(f"hub:{NAME}").probabilities(TEXTS)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    ann.asked.clear()
    for reference in (f"hub:{NAME}", pushed):
        np.testing.assert_array_equal(overtone.load(reference).probabilities(TEXTS), expected)
    with pytest.raises(UnreachableError, match="HF_HUB_OFFLINE is set"):
        overtone.push(run, NAME)
    assert ann.asked == []


def test_without_an_answer_the_last_state_is_used_with_a_warning(
    pushed: str, hub: Hub, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    overtone.load(f"hub:{NAME}")
    hub.failing["/api/models/"] = 503
    assert bundle.absolute(f"hub:{NAME}") == pushed
    assert "what was fetched before is used" in caplog.text
    # Nobody listens at port 1.
    huggingface_hub.close_session()
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:1")
    assert bundle.absolute(f"hub:{NAME}") == pushed
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:1 gave no answer: check the"):
        overtone.load("hub:ann/other")


def test_a_pinned_model_that_is_here_needs_no_question(pushed: str, hub: Hub) -> None:
    overtone.load(pushed)
    hub.asked.clear()
    overtone.load(pushed)
    assert hub.asked == []


def test_the_card_says_to_the_hub_what_it_reads(ann: Hub, pushed: str, tmp_path: Path) -> None:
    assert pushed
    file = tmp_path / "README.md"
    file.write_bytes(ann.tree(NAME)["README.md"])
    card = ModelCard.load(file)
    assert 'overtone.load("hub:ann/moods")' in card.text
    data = card.data.to_dict()
    assert data["library_name"] == "overtone"
    assert data["pipeline_tag"] == "text-classification"
    assert data["language"] == "en"
    assert data["license"] == "unknown"  # the encoder is somebody's folder
    assert {"overtone", "emotion", "multi-label", "spanemo"} <= set(data["tags"])
    (entry,) = data["model-index"]
    metrics = [metric for result in entry["results"] for metric in result["metrics"]]
    scores = {metric["name"]: metric["value"] for metric in metrics}
    found = overtone.load(pushed).bundle.manifest.metrics["dev"]
    assert scores["micro F1"] == pytest.approx(found["f1_micro"], abs=1e-4)
    empty = "Jaccard, an empty prediction on an empty truth scored"
    assert scores[f"{empty} 1"] == pytest.approx(found["jaccard"], abs=1e-4)
    assert scores[f"{empty} 0"] == pytest.approx(found["jaccard_zero"], abs=1e-4)


def test_paths_of_this_machine_stay_here(bert: Path, ann: Hub, pushed: str) -> None:
    assert pushed
    tree = ann.tree(NAME)
    assert str(bert).encode() not in tree["bundle.json"] + tree["README.md"]
    assert json.loads(tree["bundle.json"])["config"]["model"]["encoder"] == bert.name


def test_a_model_of_semeval_data_needs_a_yes(run: Path, ann: Hub, tmp_path: Path) -> None:
    assert ann.port
    start = bundle.load(run / "bundle")
    config = {**start.manifest.config, "data": {"name": "semeval2018-en"}}
    manifest = bundle.Manifest(**{**vars(start.manifest), "config": config})

    def copy(path: Path) -> None:
        shutil.copyfile(start.file("model.safetensors"), path)

    bundle.save(
        tmp_path / "tweets",
        manifest,
        copy,
        start.file("tokenizer.json").read_text(encoding="utf-8"),
        start.file("README.md").read_text(encoding="utf-8"),
    )
    with pytest.raises(InputError, match=r"SemEval-2018 data.* is unclear; .* --accept-terms"):
        overtone.push(tmp_path / "tweets", "ann/tweets")
    assert "ann/tweets" not in ann.repositories
    overtone.push(tmp_path / "tweets", "ann/tweets", accept_terms=True, licence="other")
    card = ann.tree("ann/tweets")["README.md"].decode()
    assert "SemEvalWorkshop/sem_eval_2018_task_1" in card
    assert "license: other" in card
