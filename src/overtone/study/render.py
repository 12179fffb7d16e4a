"""Writes tables as CSV, Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from overtone import atomic
from overtone.data import tables as files
from overtone.study.table import Table, parts, shown

LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "±": r"$\pm$", "\u2013": "--", "<": r"\textless{}",
}  # fmt: skip


def write(tables: Sequence[Table], folder: Path, title: str) -> list[Path]:
    """Write each table as CSV, and all of them as one Markdown and one LaTeX file.

    Args:
        tables: what to write.
        folder: the study's; CSV files go to `tables` in it.
        title: what stands above all.

    Returns:
        The files.

    """
    written = []
    for table in tables:
        path = folder / "tables" / f"{table.name}.csv"
        _write_csv(table, path)
        written.append(path)
    whole = {
        "tables.md": "\n".join([f"# {_cell(title)}\n", *map(markdown, tables)]),
        "tables.tex": "\n".join(
            ["% Needs \\usepackage{booktabs,graphicx}.\n", *map(latex, tables)]
        ),
    }
    for name, text in whole.items():
        atomic.write_text(folder / name, text)
        written.append(folder / name)
    return written


def _write_csv(table: Table, path: Path) -> None:
    written = []
    for row in table.rows:
        cells: dict[str, str] = {}
        for value, column in zip(row, table.columns, strict=True):
            cells |= parts(value, column)
        written.append(cells)
    header: dict[str, str] = {}
    for column in table.columns:
        names = {name for cells in written for name in cells}
        own = (column.key, *(f"{column.key}{end}" for end in ("_sd", "_low", "_high", "_p")))
        header |= dict.fromkeys((name for name in own if name in names or name == column.key), "")
    with atomic.file(path) as beside, files.write(beside, ".csv") as append:
        if not written:
            append(header)
        for cells in written:
            append({**header, **cells})


def markdown(table: Table) -> str:
    """Return a table as Markdown, with its title and notes."""
    heads = [_cell(column.head) for column in table.columns]
    rules = ["---" if column.kind == "text" else "---:" for column in table.columns]
    rows = [
        [_cell(shown(value, column.kind)) for value, column in zip(row, table.columns, strict=True)]
        for row in table.rows
    ]
    lines = [f"| {' | '.join(cells)} |" for cells in (heads, rules, *rows)]
    notes = [f"- {_cell(note)}" for note in table.notes]
    return "\n".join([f"## {_cell(table.title)}\n", *lines, "", *notes, ""])


def latex(table: Table) -> str:
    """Return a table as LaTeX, as wide as the text."""
    kinds = "".join("l" if column.kind == "text" else "r" for column in table.columns)
    heads = " & ".join(_latex(column.head) for column in table.columns)
    rows = [
        " & ".join(
            _latex(shown(value, column.kind))
            for value, column in zip(row, table.columns, strict=True)
        )
        for row in table.rows
    ]
    notes = " ".join(_latex(note) for note in table.notes)
    body = "\n".join(f"{row} \\\\" for row in rows)
    return (
        f"\\begin{{table*}}\n\\centering\n\\caption{{{_latex(table.title)}. {notes}}}\n"
        f"\\label{{tab:{table.name}}}\n\\resizebox{{\\textwidth}}{{!}}{{%\n"
        f"\\begin{{tabular}}{{{kinds}}}\n\\toprule\n{heads} \\\\\n\\midrule\n{body}\n"
        "\\bottomrule\n\\end{tabular}}\n\\end{table*}\n"
    )


def _latex(text: str) -> str:
    return "".join(LATEX.get(character, character) for character in " ".join(text.split()))


def _cell(text: str) -> str:
    """Return a text that can't break out of a table's cell, nor act as markup."""
    text = " ".join(text.split())
    for character in "\\`*[]<>|#":
        text = text.replace(character, f"\\{character}")
    return text
