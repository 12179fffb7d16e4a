"""The page of a summary: how common each label is, among all texts, by group and over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from overtone.apps.summary.summarise import FEW, Summary
from overtone.apps.summary.tally import Count, Group
from overtone.insight.prevalence import Share
from overtone.report import frame
from overtone.report.charts import COLOURS, Chart, chart, colour, marker, short, swatches
from overtone.report.frame import Heat, Table

MOST_GROUPS = 12
"""In a chart of groups; the table has more."""
MOST_ROWS = 40
"""Groups in the table."""
MOST_LINES = 4
"""Groups in a chart over time, besides all texts."""
EPOCH = date(1970, 1, 1).toordinal()
"""Matplotlib counts days from it."""
ROW = 0.24
"""Inches a row of a chart."""


def write(found: Summary, path: Path) -> None:
    """Write the page."""
    groups = found.counts.by_group() if found.by else {}
    periods = found.counts.by_period()
    whole = found.shares(found.counts.whole())
    order = sorted(whole, key=lambda name: -whole[name].value)
    lines = {"all texts": periods}
    if groups and periods:
        both = found.counts.by_both()
        lines |= {_name(group): both[group] for group in list(groups)[:MOST_LINES]}
    corrected = len(found.uncorrected) < len(found.labels)
    frame.write(
        Path(__file__).with_suffix(".html"), path,
        title="Labels in a population",
        said=_said(found, groups, periods),
        corrected=corrected,
        by=", ".join(found.by),
        every=found.every or "",
        whole_chart=_rows_chart("whole", "How common each label is", {n: whole[n] for n in order}),
        whole_legend=[
            ("the share, with its 95 % interval", COLOURS[0], "●"),
            *([("what the model says", COLOURS[1], "○")] if corrected else []),
        ],
        whole=_whole_table(whole, order, found),
        groups=_groups_table(found, groups, order) if groups else None,
        groups_said=_groups_said(groups),
        group_charts=[
            _rows_chart(
                f"group-{place}", name,
                {
                    f"{_name(group)} ({count.texts:,})": found.shares(count)[name]
                    for group, count in _charted(groups).items()
                },
            )
            for place, name in enumerate(order)
        ] if groups else [],
        times=[
            _time_chart(f"time-{place}", name, found, lines) for place, name in enumerate(order)
        ] if periods else [],
        time_legend=swatches(list(lines), range(len(lines))),
    )  # fmt: skip


def _said(found: Summary, groups: Mapping[Group, Count], periods: Mapping[date, Count]) -> str:
    """Return how much was summed up."""
    parts = [f"{found.texts:,} texts"]
    if groups:
        parts.append(f"{len(groups):,} groups by {', '.join(found.by)}")
    if periods:
        parts.append(f"{len(periods):,} {found.every}s from {min(periods)} on")
    if found.counts.timeless:
        parts.append(f"{found.counts.timeless:,} texts without a time that can be read")
    return "; ".join(parts) + "."


def _charted(groups: Mapping[Group, Count]) -> dict[Group, Count]:
    """Return the groups that charts show: the largest; small ones if there are no others."""
    largest = dict(list(groups.items())[:MOST_GROUPS])
    return {group: count for group, count in largest.items() if count.texts >= FEW} or largest


def _groups_said(groups: Mapping[Group, Count]) -> str:
    """Return which groups are shown, and how many are small."""
    few = sum(count.texts < FEW for count in groups.values())
    said = f"Of {len(groups):,} groups, the charts show the {len(_charted(groups))} largest, the "
    said += f"table {min(len(groups), MOST_ROWS)}, shares.csv all. In brackets: texts."
    if few:
        said += f" {few:,} groups have fewer than {FEW} texts; their intervals are wide."
    return said


def _rows_chart(name: str, title: str, shares: Mapping[str, Share]) -> Chart:
    """Return a chart with a row for each share."""

    def draw(axes: Axes) -> None:
        for row, one in enumerate(shares.values()):
            axes.plot([one.low, one.high], [row, row], color=COLOURS[0], linewidth=2, alpha=0.5)
            axes.plot(one.value, row, "o", color=COLOURS[0], markersize=5, clip_on=False)
            if one.corrected:
                axes.plot(
                    one.said_share, row, "o", color=COLOURS[1], markersize=5, fillstyle="none",
                    clip_on=False,
                )  # fmt: skip
        axes.set_yticks(range(len(shares)), [short(each, 26) for each in shares])
        most = max((one.high for one in shares.values()), default=1.0)
        axes.set(ylim=(len(shares) - 0.5, -0.5), xlim=(0, min(1.0, 1.05 * most) or 1.0))
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")
        axes.grid(visible=False, axis="y")
        axes.set_title(short(title, 40))

    height = max(1.4, 0.7 + ROW * len(shares))
    return chart(draw, name, f"{title}: shares with intervals", size=(4.4, height))


def _time_chart(
    name: str, label: str, found: Summary, lines: Mapping[str, Mapping[date, Count]]
) -> Chart:
    """Return a chart of one label over time, a line for all texts and one a group."""

    def draw(axes: Axes) -> None:
        for place, counts in enumerate(lines.values()):
            days = [day.toordinal() - EPOCH for day in counts]
            shares = [found.shares(count)[label] for count in counts.values()]
            values = [one.value for one in shares]
            axes.plot(
                days, values, color=colour(place), marker=marker(place), linewidth=1.3,
                markersize=3.5 if len(days) < 40 else 0,  # noqa: PLR2004 - many would be a smear
            )  # fmt: skip
            if place == 0 or len(lines) <= 2:  # noqa: PLR2004 - more bands would hide each other
                axes.fill_between(
                    days, [one.low for one in shares], [one.high for one in shares],
                    color=colour(place), alpha=0.2, linewidth=0,
                )  # fmt: skip
        locator = AutoDateLocator(maxticks=6)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        dates = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(dates)
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")
        axes.set_ylim(bottom=0)
        axes.set_title(short(label, 40))

    return chart(draw, name, f"{label} over time", size=(4.4, 2.6))


def _whole_table(whole: Mapping[str, Share], order: Sequence[str], found: Summary) -> Table:
    rows = [
        [
            (name, found.uncorrected.get(name, "") if found.errors else ""),
            (_percent(whole[name].value),),
            (_between(whole[name]),),
            (_percent(whole[name].said_share),),
            (f"{whole[name].said:,}",),
        ]
        for name in order
    ]
    heads = [
        ("label", ""), ("share", "number"), ("95 % interval", "number"), ("said", "number"),
        ("texts of which it is said", "number"),
    ]  # fmt: skip
    return Table("How common each label is", heads, [("", rows)])


def _groups_table(found: Summary, groups: Mapping[Group, Count], order: Sequence[str]) -> Heat:
    rows = []
    for group, count in list(groups.items())[:MOST_ROWS]:
        shares = found.shares(count)
        small = ", small" if count.texts < FEW else ""
        cells = [
            (one.value, f"{name}: {_percent(one.value)}, {_between(one)}")
            for name, one in ((name, shares[name]) for name in order)
        ]
        rows.append((_name(group), f"{count.texts:,} texts{small}", cells))
    return Heat("How common each label is, by group", ", ".join(found.by), order, rows)


def _name(group: Group) -> str:
    """Return a group's name."""
    return ", ".join(cell or "(empty)" for cell in group)


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _between(one: Share) -> str:
    return f"{100 * one.low:.1f} to {100 * one.high:.1f} %"
