"""Times of many kinds, and the periods that they lie in."""

from __future__ import annotations

from datetime import date

import pytest

from overtone.apps.summary.periods import period


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026-11-25", date(2026, 11, 25)),
        ("20261125", date(2026, 11, 25)),
        ("2026-11-25T23:30:00", date(2026, 11, 25)),
        ("2026-11-25T23:30:00-02:00", date(2026, 11, 26)),
        ("2026-11-25 14:03:00Z", date(2026, 11, 25)),
        ("0", date(1970, 1, 1)),
        (" 1764075600 ", date(2025, 11, 25)),
        ("1764075600000", date(2025, 11, 25)),
        ("1764075600.25", date(2025, 11, 25)),
    ],
)
def test_a_time_is_a_day_in_utc(cell: str, day: date) -> None:
    assert period(cell, "day") == day


@pytest.mark.parametrize(
    "cell", ["", "yesterday", "25.11.2026", "2026-13-01", "9" * 400, "nan", "-5", "1e9", "²"]
)
def test_what_is_no_time_is_none(cell: str) -> None:
    assert period(cell, "day") is None


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    assert period("2026-11-29", "week") == date(2026, 11, 23)
    assert period("2026-11-23", "week") == date(2026, 11, 23)
    assert period("2026-11-29", "month") == date(2026, 11, 1)
    assert period("0001-01-01", "week") == date(1, 1, 1)
