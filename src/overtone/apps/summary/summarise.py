"""`overtone.summarise`: how common each label is among scored texts, by group and over time."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from overtone import atomic
from overtone.apps.summary import known_errors
from overtone.apps.summary.periods import EVERY, Every
from overtone.apps.summary.scored import open_scored
from overtone.apps.summary.tally import Count, Group, Tally, tally
from overtone.data import tables
from overtone.errors import InputError
from overtone.insight.prevalence import Errors, Share, share

log = logging.getLogger(__name__)

FEW = 30
"""Texts below which a group is marked as small."""
FORM = 30
"""Signs of a time that can't be read that show its form."""
SHARES, PAGE = "shares.csv", "summary.html"


@dataclass(frozen=True, eq=False)
class Summary:
    """Shares of each label among scored texts."""

    texts: int
    labels: tuple[str, ...]
    by: tuple[str, ...]
    """The columns that groups are made of."""
    every: Every | None
    """What the periods are."""
    counts: Tally
    """Texts and what is said of them, by group and period."""
    errors: Mapping[str, Errors]
    """By label, those that are known."""
    uncorrected: dict[str, str]
    """Labels whose shares are not corrected, and why."""

    def rows(self) -> Iterator[dict[str, str]]:
        """Yield a row for each share, as the CSV file has them."""
        nobody: Group = ("",) * len(self.by)
        yield from self._rows("all", nobody, "", self.counts.whole())
        for group, count in self.counts.by_group().items() if self.by else ():
            yield from self._rows("group", group, "", count)
        for day, count in self.counts.by_period().items():
            yield from self._rows("period", nobody, day.isoformat(), count)
        for group, days in self.counts.by_both().items() if self.by else ():
            for day, count in days.items():
                yield from self._rows("group and period", group, day.isoformat(), count)

    def shares(self, count: Count) -> dict[str, Share]:
        """Return the share of each label among counted texts."""
        return {
            name: share(int(said), count.texts, self.errors.get(name))
            for name, said in zip(self.labels, count.said, strict=True)
        }

    def _rows(self, of: str, group: Group, day: str, count: Count) -> Iterator[dict[str, str]]:
        for label, one in self.shares(count).items():
            yield {
                "of": of,
                **{f"by_{name}": cell for name, cell in zip(self.by, group, strict=True)},
                **({self.every: day} if self.every else {}),
                "label": label,
                "texts": str(one.texts),
                "said": str(one.said),
                "said_share": f"{one.said_share:.6f}",
                "share": f"{one.value:.6f}",
                "low": f"{one.low:.6f}",
                "high": f"{one.high:.6f}",
                "corrected": "yes" if one.corrected else "no",
                "small": "yes" if one.texts < FEW else "no",
            }

    def to_json(self) -> dict[str, Any]:
        """Return the whole as JSON values; groups and periods are in the CSV file."""
        return {
            "texts": self.texts,
            "groups": len(self.counts.by_group()) if self.by else 0,
            "periods": len(self.counts.by_period()),
            "timeless": self.counts.timeless,
            "uncorrected": self.uncorrected,
            "shares": {name: asdict(one) for name, one in self.shares(self.counts.whole()).items()},
        }


def summarise(
    scored: str | Path,
    output: str | Path | None = None,
    *,
    by: Iterable[str] = (),
    time: str | None = None,
    every: Every = "day",
    model: str | Path | None = None,
    errors_from: str | Path | None = None,
) -> Summary:
    """Return how common each label is, corrected for the classifier's known errors.

    Args:
        scored: the folder that `overtone score` wrote, or one file of it.
        output: a folder for shares.csv and summary.html; nothing is written where None.
        by: columns; texts with the same cells there are a group.
        time: the column of the times, ISO 8601 or seconds since 1970.
        every: day, week or month.
        model: the run or bundle that scored the texts; its errors on dev correct the shares.
        errors_from: instead, texts scored in the same way that have a column of 0 and 1 for each
            label as well. Without either, shares are what the classifier says.

    Raises:
        InputError: something isn't what it must be; the message says what.
            A time column in which no time can be read is such a thing.
        DataError: a row can't be read, a column is missing, or there are no rows.
        MissingExtraError: a package that reads a file or draws the page is not installed.

    """
    if every not in EVERY:
        raise InputError(f"expected every of {', '.join(EVERY)}, found {every!r}")
    by = tuple(dict.fromkeys([by] if isinstance(by, str) else by))
    files = open_scored(scored)
    errors: Mapping[str, Errors] = {}
    if errors_from is not None:
        errors = known_errors.of_file(errors_from, files)
    elif model is not None:
        errors = known_errors.of_model(model, files)
    else:
        log.warning(
            "shares are not corrected: they say how often the model says a label, not how often it "
            "is so; name the model with --model, or labelled texts with --errors-from"
        )
    columns = [*by, *([time] if time is not None else [])]
    counted = tally(files.rows(columns), len(files.labels), len(by), every if time else None)
    whole = counted.whole()
    if not whole.texts:
        raise InputError(f"expected scored texts, found none in {scored}")
    if time is not None and counted.timeless == whole.texts:
        raise InputError(_no_times(time, counted))
    found = Summary(
        whole.texts,
        files.labels,
        by,
        every if time else None,
        counted,
        errors,
        {name: why for name in files.labels if (why := _why(errors.get(name)))},
    )
    _warn(found, time, corrected=bool(errors))
    if output is not None:
        write(found, Path(output))
    return found


def write(found: Summary, folder: Path) -> None:
    """Write shares.csv and summary.html into a folder, replacing what was there.

    Raises:
        MissingExtraError: what draws the page is not installed; then nothing is written.

    """
    from overtone.apps.reports import summary as page  # noqa: PLC0415 - it needs matplotlib

    folder.mkdir(parents=True, exist_ok=True)
    with atomic.file(folder / SHARES) as beside, tables.write(beside, ".csv") as append:
        for row in found.rows():
            append(row)
    page.write(found, folder / PAGE)


def _no_times(time: str, counted: Tally) -> str:
    """Return what was found where no text has a time that can be read; its form, not its words."""
    found = "only empty cells"
    if counted.unread:
        form = "".join(
            "9" if sign.isdigit() else "a" if sign.isalpha() else sign
            for sign in counted.unread[:FORM]
        )
        found = f"none in {counted.timeless:,} rows, the first of the form {form!r} (9: a digit)"
    return (
        "expected times as 2026-11-25, 2026-11-25T14:03:00+01:00 or seconds since 1970 under "
        f"{time!r}, found {found}; write them so, or name another column with --time"
    )


def _why(errors: Errors | None) -> str:
    return "the model's errors are not known" if errors is None else errors.too_uncertain


def _warn(found: Summary, time: str | None, *, corrected: bool) -> None:
    """Say what isn't as it was asked for."""
    if corrected:
        for name, why in found.uncorrected.items():
            log.warning("the shares of %r are not corrected: %s", name, why)
    if found.counts.timeless:
        log.warning(
            "%d of %d texts are in no period: expected ISO 8601 or seconds since 1970 under %r",
            found.counts.timeless,
            found.texts,
            time,
        )
