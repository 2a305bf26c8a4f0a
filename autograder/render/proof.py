"""The proof that an assignment marks fairly, as a table that a head of course can read."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from autograder.verify import Proof, ProofRow, Section

TITLES: dict[Section, str] = {
    "right": "Right answers get full marks",
    "empty": "The empty template gets nothing",
    "misconception": "Each misconception costs its own criterion, and is named",
    "margin": "Margins",
    "determinism": "Same seed, same report",
    "reference": "The reference agrees with others",
    "variants": "All variants of the quiz ask for as much, and their keys are right",
    "review": "Hints have been read by a person",
}
IN_OTHER_HANDS = "Misconceptions that are not recognised in other hands"


def proof_view(proof: Proof) -> RenderableType:
    """Every section as a table, and the verdict last."""
    parts: list[RenderableType] = []
    for section, title in TITLES.items():
        rows = [row for row in proof.rows if row.section == section]
        if rows:
            parts.append(_table(title, rows))
    if failing := [row for row in proof.rows if row.section == "other hand" and not row.holds]:
        parts.append(_table(IN_OTHER_HANDS, failing))
    return Group(*parts, _verdict(proof))


def _table(title: str, rows: Sequence[ProofRow]) -> Table:
    columns = list(dict.fromkeys(name for row in rows for name in row.detail))
    good = sum(row.holds for row in rows)
    table = Table(title=f"{title}: {good} of {len(rows)}", title_justify="left", box=None, pad_edge=False)
    for name in ("", "what", *columns, "found"):
        table.add_column(name, overflow="fold", no_wrap=name in ("", "what", "costs"))
    for row in rows:
        mark = Text("✓", "green") if row.holds else Text("✗ FAILS", "bold red")
        table.add_row(mark, row.name, *(row.detail.get(name, "") for name in columns), row.said)
    return table


def _verdict(proof: Proof) -> Text:
    failing = sum(not row.holds for row in proof.rows)
    if proof.only:
        found = f"{failing} of {len(proof.rows)} statements fail" if failing else "Nothing of what was tried fails"
        return Text(f"\n{found}: a look at {len(proof.only)} of the misconceptions, and no proof.", "bold")
    if not failing:
        return Text(f"\n{proof.assignment} marks fairly: all {len(proof.rows)} statements hold.", "bold green")
    return Text(f"\n{proof.assignment} is not proven: {failing} of {len(proof.rows)} statements fail.", "bold red")
