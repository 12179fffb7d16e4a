"""Labels: the names in order, the words that prompt for them, and the language of those words.

This object is the only place that knows the order of a model's columns; it is saved with the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from overtone.errors import InputError


@dataclass(frozen=True)
class Labels:
    """An ordered set of labels."""

    names: tuple[str, ...]
    """Column names, as predictions show them."""
    prompts: tuple[str, ...]
    """The word or words that stand for each label in the encoder's input, same order as names."""
    language: str = "en"
    """ISO 639-1 code of the prompts' language."""

    def __post_init__(self) -> None:
        """Refuse label sets that no model can tell apart.

        Raises:
            InputError: there is no label, a name or prompt is empty, or a name stands twice.

        """
        if not self.names:
            raise InputError("a label set needs at least one label, found none")
        if len(self.prompts) != len(self.names):
            raise InputError(
                f"a label set needs one prompt a label, found {len(self.prompts)} prompts "
                f"for {len(self.names)} labels"
            )
        for kind, words in (("name", self.names), ("prompt", self.prompts)):
            if any(not word.strip() for word in words):
                raise InputError(f"a label's {kind} must not be empty, found {list(words)}")
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if twice:
            raise InputError(f"a label must stand only once, found {', '.join(twice)} again")

    @classmethod
    def of(cls, *names: str, language: str = "en") -> Labels:
        """Labels that are prompted by their own names (underscores read as spaces)."""
        return cls(names, tuple(name.replace("_", " ") for name in names), language)

    def __len__(self) -> int:
        """Return the number of labels, C."""
        return len(self.names)

    def with_prompts(self, prompts: Mapping[str, str]) -> Labels:
        """Return the same labels with some prompts replaced, keyed by label name.

        Raises:
            InputError: a key is not one of the labels.

        """
        unknown = sorted(set(prompts) - set(self.names))
        if unknown:
            raise InputError(
                f"no label is called {', '.join(unknown)}: the labels are {', '.join(self.names)}"
            )
        words = tuple(
            prompts.get(name, prompt) for name, prompt in zip(self.names, self.prompts, strict=True)
        )
        return replace(self, prompts=words)

    def to_json(self) -> dict[str, object]:
        """Return what `from_json` takes."""
        return {
            "names": list(self.names),
            "prompts": list(self.prompts),
            "language": self.language,
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, object]) -> Labels:
        """Read what `to_json` wrote.

        Raises:
            InputError: a key is missing or of the wrong type.

        """
        names, prompts, language = (saved.get(key) for key in ("names", "prompts", "language"))
        if not (
            isinstance(names, list) and isinstance(prompts, list) and isinstance(language, str)
        ):
            raise InputError("saved labels need the keys names, prompts and language")
        return cls(tuple(map(str, names)), tuple(map(str, prompts)), language)
