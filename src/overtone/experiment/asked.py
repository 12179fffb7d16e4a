"""What a model was asked for in an evaluation that is none of the label sets it was trained on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from overtone.decision import Thresholds
from overtone.inference import any_labels
from overtone.inference.predictor import Predictor

AskedFor = Iterable[str] | Mapping[str, str]
"""Labels of the data by their own names; or what to ask for, and of each the label of the data."""


def by_name(asked: AskedFor) -> dict[str, str]:
    """Return what is asked for, and of each the label of the data.

    Raises:
        InputError: one is no word, or asked for twice.

    """
    names = any_labels.words(asked)
    return dict(zip(names, asked.values() if isinstance(asked, Mapping) else names, strict=True))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What was asked for, and how it was decided."""

    labels: dict[str, str]
    """What was asked for, in this order, and of each the label of the data."""
    unseen: tuple[str, ...]
    """Those that training had neither by name nor by other words."""
    thresholds: dict[str, float]
    """Above what each is on."""
    given: tuple[str, ...]
    """Those whose threshold was given; the others have the model's one for all labels."""
    unfitted: bool
    """Whether the model has none for all labels, so that the others have 0.5."""

    @classmethod
    def of(cls, model: Predictor, asked: Mapping[str, str], threshold: Thresholds | None) -> Asked:
        """Return what is to be said of a model.

        Args:
            model: set to what is asked for.
            asked: that, and of each the label of the data.
            threshold: what decides instead of the model's decision.

        """
        manifest, names = model.bundle.manifest, model.labels.names
        given: Mapping[str, float] = {}
        if threshold is not None:
            given = threshold if isinstance(threshold, Mapping) else dict.fromkeys(names, threshold)
        own = float(model.decision["threshold"])
        return cls(
            labels={name: asked[name] for name in names},
            unseen=any_labels.unseen(model.labels, manifest),
            thresholds={name: float(given.get(name, own)) for name in names},
            given=tuple(name for name in names if name in given),
            unfitted=model.decision is not manifest.decision,
        )

    def to_json(self) -> dict[str, object]:
        """Return it as JSON values."""
        return asdict(self)

    def in_words(self) -> str:
        """Return it in a sentence."""
        said = [
            "asked for: "
            + ", ".join(
                name if name == label else f"{name} (in the data: {label})"
                for name, label in self.labels.items()
            ),
            f"never trained on: {', '.join(self.unseen)}"
            if self.unseen
            else "all of them were trained on, by these words or others",
        ]
        if self.given:
            values = [f"{name} {self.thresholds[name]:.3g}" for name in self.given]
            said.append(f"on above what was given: {', '.join(values)}")
        if rest := [name for name in self.labels if name not in self.given]:
            why = (
                "for the model has no threshold for all labels"
                if self.unfitted
                else "the model's one threshold, which was chosen for other labels"
            )
            which = f"{', '.join(rest)} " if self.given else ""
            said.append(f"{which}on above {self.thresholds[rest[0]]:.3g}, {why}")
        return "; ".join(said)
