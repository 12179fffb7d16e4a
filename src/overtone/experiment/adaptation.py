"""The configuration of `adapt`: which encoder learns from which texts, and how."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tomli_w

from overtone import config
from overtone import data as datasets
from overtone.config import Range, Table, parse
from overtone.data import unlabelled
from overtone.errors import ConfigError, InputError
from overtone.experiment.recipe import Section, section
from overtone.inputs.single import Config as Inputs
from overtone.training.config import Config as Training


@dataclass(frozen=True, kw_only=True)
class Masking:
    """What learns from hidden tokens, and how many are hidden."""

    encoder: str = "minilm"
    """`minilm`, a local folder in Hugging Face format, or a name on the hub."""
    train_embeddings: bool = True
    """Whether word embeddings are trained too."""
    freeze_layers: Annotated[int, Range(0)] = 0
    """The first layers that are not trained, nor the embeddings then."""
    share: Annotated[float, Range(0.01, 0.9)] = 0.15
    """Share of a text's tokens that are to be found; one at least."""
    whole_words: bool = True
    """Whether a word's pieces are hidden together."""
    texts: tuple[str, ...] = ()
    """Texts besides the dataset's: datasets (their train split), or tables, FILE or FILE:COLUMN.
    Those that stand in the dataset's dev or test split are left out."""
    held_out: Annotated[float, Range(0.001, 0.5)] = 0.05
    """Share of the texts that is not learnt from, to choose the epoch by."""


DEFAULTS: Table = {
    "data": {},
    "text": {"name": "tweet"},
    "inputs": {"long": "windows"},
    "masking": {},
    "training": {
        "metric": "loss", "epochs": 3, "patience": 0, "learning_rate": 1e-4,
        "head_learning_rate": 5e-4,
    },
}  # fmt: skip
"""What holds where nothing else is said; the other defaults stand beside each option."""

PLAIN = {"inputs": Inputs, "masking": Masking, "training": Training}
"""The sections that are no plugins, or of which one alone will do."""


@dataclass(frozen=True, kw_only=True)
class Adaptation:
    """A checked configuration."""

    data: Section | None
    """None where the texts are all from elsewhere."""
    text: Section
    inputs: Inputs
    masking: Masking
    training: Training

    def to_json(self) -> Table:
        """Return it as tables, every default written out."""
        plain = {kind: dataclasses.asdict(getattr(self, kind)) for kind in PLAIN}
        data = self.data.to_json() if self.data else {}
        return {"data": data, "text": self.text.to_json(), **plain}

    def to_toml(self) -> str:
        """Return it as TOML that `check` takes."""
        return tomli_w.dumps(self.to_json())


def compose(
    reference: str | Path | None = None,
    *,
    base: Table | None = None,
    dataset: str | None = None,
    encoder: str | None = None,
    texts: Sequence[str | Path] = (),
    seed: int | None = None,
    settings: Sequence[str] = (),
) -> Adaptation:
    """Put a configuration together: defaults, then the file, then the named settings.

    Args:
        reference: a TOML file.
        base: what holds where nothing else is said, in place of the defaults.
        dataset: stands for `data.name`; the path of a table, for `data.file`.
        encoder: stands for `masking.encoder`.
        texts: stand for `masking.texts`.
        seed: stands for `training.seed`.
        settings: `section.key=value`, the last word.

    Raises:
        InputError: there is no such file, dataset or text, or a setting is not of that form.
        ConfigError: all problems of the configuration.

    """
    named: Table = {
        "data": datasets.named(dataset) if dataset else {},
        "masking": {} if encoder is None else {"encoder": encoder},
        "training": {} if seed is None else {"seed": seed},
    }
    if texts:
        named["masking"]["texts"] = [unlabelled.resolve(str(name)) for name in texts]
    table = config.read(reference) if reference is not None else {}
    asked = config.merge(named, config.override({}, settings))
    return check(config.merge(config.merge(base or DEFAULTS, table), asked))


def check(table: Mapping[str, Any]) -> Adaptation:
    """Check a table as a whole.

    Raises:
        ConfigError: every problem of every section.

    """
    problems: list[str] = []
    if unknown := sorted(set(table) - set(DEFAULTS)):
        problems.append(
            f"no section of adapt is called {', '.join(unknown)}; there are: {', '.join(DEFAULTS)}"
        )
    found: dict[str, Any] = {"data": None}
    for kind in DEFAULTS:
        try:
            if kind in PLAIN:
                found[kind] = parse(PLAIN[kind], table.get(kind, {}), kind)
            elif table.get(kind):
                found[kind] = section(kind, table[kind])
        except ConfigError as error:
            problems += error.problems
        except InputError as error:
            problems.append(str(error))
    problems += _contradictions(table)
    if problems:
        raise ConfigError(problems)
    return Adaptation(**found)


def _contradictions(table: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with sections that are each right."""
    found, training = [], table.get("training", {})
    if not (table.get("data") or table.get("masking", {}).get("texts")):
        found.append("there is nothing to learn from: name a --dataset, --texts, or both")
    if (metric := training.get("metric")) != "loss":
        found.append(f"training.metric must be loss, as there are no labels, found {metric!r}")
    if training.get("rdrop"):
        found.append("training.rdrop compares labels' logits, which adapt has none of")
    if training.get("shard"):
        found.append("training.shard can't divide a head that shares the encoder's embeddings")
    return found
