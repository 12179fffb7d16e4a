"""Labels that a model never saw: what may be asked for, and what of the model still applies.

A model that reads its labels in the input (SpanEmo) answers for any words. What was fitted for each
label by name does not apply to others; one threshold, or one temperature, for all labels does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from overtone.bundle import Json, Manifest
from overtone.data import label_words
from overtone.errors import InputError
from overtone.labels import Labels

MOST = 64
"""Labels that may be asked for at once."""
LONGEST = 80
"""Characters of one of them."""
READS_LABELS = "label_prefix"
"""The input kind in which labels stand beside the text."""

UNCALIBRATED: Json = {"name": "none"}
UNFITTED: Json = {"name": "threshold", "threshold": 0.5}


def asked(names: Iterable[str], manifest: Manifest) -> Labels:
    """Return the labels that a user asks for, in the language of the model's own.

    Raises:
        InputError: the model doesn't read labels, or they are none, too many, too long, twice the
            same, or no words.

    """
    if manifest.config["inputs"]["name"] != READS_LABELS:
        raise InputError(
            "only a model that reads its labels can be asked for others, found the model "
            f"{manifest.config['model']['name']}: take one of the family spanemo"
        )
    return Labels.of(*words(names), language=manifest.labels.language)


def words(names: Iterable[str]) -> tuple[str, ...]:
    """Return labels that a user asks for with single spaces, checked.

    Raises:
        InputError: they are too many, too long, twice the same, or no words.

    """
    if isinstance(names, str):
        raise InputError(f"expected a list of labels, found one text: pass [{names[:LONGEST]!r}]")
    found: list[str] = []
    for given in names:
        if not isinstance(given, str):
            raise InputError(f"expected labels that are texts, found {type(given).__name__}")
        name = " ".join(given.split())
        if not _read(name) or not name.isprintable():
            raise InputError(
                f"expected a word or some for each label, found {given[:LONGEST]!r}: write it in "
                "words, or leave it out"
            )
        if len(name) > LONGEST:
            raise InputError(
                f"a label may have {LONGEST} characters, found {len(name)} in {name[:20]!r}…: name "
                "it in a few words"
            )
        if _read(name) in map(_read, found):
            raise InputError(f"a label may be asked for once, found {name!r} again: leave one out")
        found.append(name)
        if len(found) > MOST:
            raise InputError(f"at most {MOST} labels can be asked for at once, found more")
    return tuple(found)


def _read(name: str) -> str:
    """Return a label as models read it, for which an underscore is a space; most fold case."""
    return " ".join(name.replace("_", " ").casefold().split())


def learned(names: Iterable[str], manifest: Manifest) -> bool:
    """Return whether these are, in whatever order, a set of labels that a model was trained on."""
    return set(names) in [set(each.names) for each in _sets(manifest)]


def unseen(labels: Labels, manifest: Manifest) -> tuple[str, ...]:
    """Return those of some labels that training had neither by name nor by other words."""
    known = {word for each in _sets(manifest) for word in (*each.names, *each.prompts)}
    if manifest.config.get("training", {}).get("random_labels"):
        for each in _sets(manifest):
            known.update(*label_words.others(each))
    folded = set(map(str.casefold, known))
    return tuple(
        name
        for name, prompt in zip(labels.names, labels.prompts, strict=True)
        if folded.isdisjoint((name.casefold(), prompt.casefold()))
    )


def calibration(manifest: Manifest, labels: Labels) -> Json:
    """Return what holds of a model's calibration for labels that it wasn't fitted for."""
    saved = manifest.calibration
    tables = saved.get("labels")
    if saved.get("name") != "temperature" or not isinstance(tables, Mapping) or len(tables) < 2:  # noqa: PLR2004
        return UNCALIBRATED
    one, *others = tables.values()
    if any(other != one for other in others):  # each label has its own
        return UNCALIBRATED
    return {**saved, "labels": dict.fromkeys(labels.names, one)}


def decision(manifest: Manifest) -> Json:
    """Return what holds of a model's decision for labels that it wasn't fitted for."""
    return manifest.decision if manifest.decision.get("name") == "threshold" else UNFITTED


def _sets(manifest: Manifest) -> tuple[Labels, ...]:
    """Return the sets of labels that a model was trained on."""
    return (manifest.labels, *manifest.also.values())
