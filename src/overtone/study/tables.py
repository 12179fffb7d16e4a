"""All tables of a study, in the order in which they are read."""

from __future__ import annotations

from dataclasses import dataclass

from overtone.study import both_jaccards, claims, cost_tables, detail, headline
from overtone.study.claims import Claim
from overtone.study.results import Results
from overtone.study.significance import Compared, compared
from overtone.study.table import Table


@dataclass(frozen=True, eq=False)
class Findings:
    """What a study's results come to: drawn once, for the tables and for a report."""

    results: Results
    compared: tuple[Compared, ...]
    claims: tuple[Claim, ...]
    tables: tuple[Table, ...]


def draw(results: Results) -> Findings:
    """Compare the models, test the claims, and make the tables.

    Raises:
        InputError: a cell's predictions are damaged.

    """
    differences = compared(results)
    tested = claims.claims(results) if results.plan.published else []
    made: list[Table | None] = [
        headline.table_1(results),
        headline.table_2(results),
        detail.significance(results, differences),
        detail.interval_table(results),
        claims.table(tested) if tested else None,
        both_jaccards.table(results),
        detail.fractions(results),
        detail.sensitivity(results),
        *(detail.labels(results, dataset) for dataset in results.plan.datasets),
        cost_tables.table(results.cost, results.plan),
        detail.failures(results),
    ]
    tables = tuple(table for table in made if table is not None)
    return Findings(results, tuple(differences), tuple(tested), tables)
