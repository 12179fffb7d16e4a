"""What a scoring is asked for: what an output folder remembers, and refuses to mix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from overtone.errors import InputError

Format = Literal["csv", "jsonl", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "jsonl", "parquet")
ALL = "all"


@dataclass(frozen=True)
class Input:
    """A file, and by what it is known again."""

    name: str
    """Its path as it was given."""
    size: int
    """Bytes."""
    mtime_ns: int
    """When it was last changed."""

    @classmethod
    def of(cls, path: Path) -> Input:
        """Look at a file."""
        found = path.stat()
        return cls(str(path), found.st_size, found.st_mtime_ns)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """All that decides what is in which shard."""

    model: str
    """The bundle's digest."""
    labels_of: str | None
    """The dataset whose labels are asked for; the model's own where None."""
    labels: tuple[str, ...] | None = None
    """Instead: the labels that are asked for, whatever the model was trained on."""
    threshold: dict[str, float] | None
    """What decides instead of the model's own decision, by label."""
    inputs: tuple[Input, ...]
    text_column: str
    id_column: str | None
    keep: tuple[str, ...] | Literal["all"]
    """Further columns that the output has."""
    format: Format
    rows_per_shard: int
    most_characters: int
    """Longer texts are rejected."""

    @property
    def named(self) -> tuple[str, ...]:
        """The columns of the input that are named, the text's first."""
        return (self.text_column, *([self.id_column] if self.id_column else []))

    @property
    def columns(self) -> tuple[str, ...] | None:
        """The columns of the input that are needed; None where it is all."""
        if self.keep == ALL:
            return None
        return tuple(dict.fromkeys((*self.named, *self.keep)))

    def check(self) -> None:
        """Refuse what can't be meant.

        Raises:
            InputError: something is out of its range.

        """
        if self.format not in FORMATS:
            raise InputError(f"expected the format {', '.join(FORMATS)}, found {self.format!r}")
        for key in ("rows_per_shard", "most_characters"):
            if getattr(self, key) < 1:
                raise InputError(f"expected {key} of at least 1, found {getattr(self, key)}")

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {**asdict(self), "inputs": [list(vars(each).values()) for each in self.inputs]}


def differences(saved: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
    """Return where two of them differ, in words."""
    found = []
    for key in {**saved, **asked}:
        before, now = saved.get(key), asked.get(key)
        if before == now:
            continue
        if key == "inputs":
            found.append(_difference(before or [], now or []))
        elif key == "model":
            found.append("the model was another one")
        elif key == "labels":
            found.append(f"the labels were {_listed(before)}, now {_listed(now)}")
        else:
            found.append(f"{key} was {before!r}, now {now!r}")
    return found


def _listed(labels: list[str] | None) -> str:
    """Return labels that are asked for in words; their order counts, as it does for the model."""
    return "the model's own" if labels is None else ", ".join(labels)


def _difference(before: list[list[Any]], now: list[list[Any]]) -> str:
    """Return the first difference of two lists of inputs."""
    if len(before) != len(now):
        return f"the inputs were {len(before)} files, now {len(now)}"
    old, new = next((a, b) for a, b in zip(before, now, strict=True) if a != b)
    if old[0] != new[0]:
        return f"an input was {old[0]}, now {new[0]}"
    return f"the input {new[0]} was changed since"
