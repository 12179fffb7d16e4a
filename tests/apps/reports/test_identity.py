"""The page of an identity test lists the worst terms, and says how many it leaves out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from overtone.apps.reports import identity
from overtone.insight import identity as terms


def test_of_very_many_terms_the_worst_are_listed(tmp_path: Path) -> None:
    on = np.random.default_rng(0).random((600, 20)) < 0.2
    names = [f"term {n}" for n in range(600)]
    found = terms.measure("toxic", names, on, on, on.astype(np.float32))
    identity.write(found, "runs/m", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    listed = page.partition("All figures")[2]
    assert "100 terms with fewer false alarms are left out here" in listed
    assert [one.term for one in found.terms if f">{one.term}<" in listed] == [
        one.term for one in found.terms[:500]
    ]
    assert "560 terms with fewer false alarms are left out." in page  # of the chart
