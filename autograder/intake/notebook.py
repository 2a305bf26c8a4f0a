"""Takes the solution out of a Jupyter notebook (nbformat 3 and 4), as the text of one Python file.

A cell's line n stays n lines below the comment that names the cell. nbformat itself is not used: it costs
0.1 s to import and refuses those that lack an id or have a field too many, which is no reason for a zero.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograder.intake.cells import CellText, left_unmarked, tidy
from autograder.intake.names import Refused, show, show_some
from autograder.intake.text import decode

MAX_NOTEBOOK_BYTES = 4_000_000  # pictures included; JSON made of nothing but [] takes 20 times that in memory
MAX_CODE_BYTES = 500_000  # before demonstrations are left out; after that the cap of every source holds
MAX_LINES = 20_000  # of code: eight times the longest TinyTorch edition of the module; each costs 15 µs to read
MAX_CELLS = 2000
_EXPORT = re.compile(r"\s*#(?:\s*\|\s*export[is]?(?:\s.*)?|\s*export[is]?\s*)\Z")
_DIRECTIVE_OR_BLANK = re.compile(r"\s*(?:#.*)?\Z")
_CELL_MAGIC = re.compile(r"\s*%%(\w+)[ \t]*([^\n]*)(?:\n|\Z)")
_TRANSPARENT = {"time", "timeit", "capture", "prun"}  # cell magics that run their body as Python


@dataclass(frozen=True)
class Cell:
    number: int  # among code cells, from 1
    source: str
    exported: bool
    skipped: bool  # a test of the assignment, or in another language


def source(name: str, data: bytes, main: str) -> tuple[bytes, list[str], tuple[tuple[int, int], ...]]:
    """Python text of the solution's cells, remarks on what was left out, and where each cell begins.

    A beginning is the line of the text above the cell's first line, and the cell's number.

    Raises:
        Refused: not a notebook, too large, of another language, or without code.
    """
    found = _code_cells(name, data)
    texts = [_text(number, cell) for number, cell in enumerate(found, 1)]
    if sum(map(len, texts)) > MAX_CODE_BYTES:
        raise Refused(f"{show(name)} holds more than {MAX_CODE_BYTES // 1000} kB of code. Take out pasted data.")
    if sum(text.count("\n") + text.count("\r") for text in texts) > MAX_LINES:
        raise Refused(f"{show(name)} holds more than {MAX_LINES} lines of code. Take out pasted data.")
    cells = [_cell(n, cell, text, main) for n, (cell, text) in enumerate(zip(found, texts, strict=True), 1)]
    if not any(cell.source.strip() or cell.skipped for cell in cells):
        raise Refused(f"{show(name)} has no code in its code cells. Save the notebook and hand in again.")
    exported = [cell for cell in cells if cell.exported]
    taken = exported or [cell for cell in cells if cell.source.strip() and not cell.skipped]
    if not taken:
        raise Refused(
            f"{show(name)} holds only tests and cells in other languages. Write your solution into code "
            "cells and hand in again."
        )
    unmarked = _unmarked(cells, exported) if exported else []
    if unmarked:
        taken = [cell for cell in cells if cell in exported or cell in unmarked]
        edits = [tidy([cell.source], trusted=cell.exported)[0] for cell in taken]
    else:
        edits = tidy([cell.source for cell in taken], trusted=bool(exported))
    remarks = [_without_mark(unmarked)] if unmarked else []
    code, begins = _joined(taken, edits)
    return code, remarks + _remarks(cells, taken, edits, exported=bool(exported)), begins


def _unmarked(cells: Sequence[Cell], exported: Sequence[Cell]) -> list[Cell]:
    """Cells whose mark was forgotten: the exported ones use what only they define."""
    others = [cell for cell in cells if not cell.exported and not cell.skipped and cell.source.strip()]
    return [others[n] for n in left_unmarked([cell.source for cell in exported], [cell.source for cell in others])]


def _without_mark(cells: Sequence[Cell]) -> str:
    return (
        f"Your exported cells use what {_cells([str(cell.number) for cell in cells])} defines, which has no #| export. "
        "It was read too; an export by nbdev would leave it out, so add the line."
    )


def _joined(cells: Sequence[Cell], edits: Sequence[CellText]) -> tuple[bytes, tuple[tuple[int, int], ...]]:
    parts = ["# The solution's cells of a notebook."]
    parts += dict.fromkeys(line for edit in edits for line in edit.futures)
    if any("_contextlib" in edit.text for edit in edits):
        parts.append("import contextlib as _contextlib")
    begins, line = [], len(parts)
    for cell, edit in zip(cells, edits, strict=True):
        text = edit.text.rstrip()
        parts += ["", f"# %% code cell {cell.number}", text]
        begins.append((line + 2, cell.number))
        line += 3 + text.count("\n")
    code = ("\n".join(parts) + "\n").encode("utf-8", "backslashreplace")  # JSON can spell half a surrogate pair
    return code, tuple(begins)


def _remarks(cells: Sequence[Cell], taken: Sequence[Cell], edits: Sequence[CellText], *, exported: bool) -> list[str]:
    remarks = []
    if exported:
        remarks.append(f"Your notebook marks cells with #| export: {len(taken)} of {len(cells)} code cells were read.")
    elif left := [str(cell.number) for cell in cells if cell.skipped]:
        remarks.append(f"Tests and cells in other languages were left out: {_cells(left)}.")
    if dropped := [str(cell.number) for cell, edit in zip(taken, edits, strict=True) if edit.dropped]:
        remarks.append(
            f"Statements outside classes and functions (trials, "
            f"prints, plots) were left out: {sum(edit.dropped for edit in edits)} "
            f"in {_cells(dropped)}."
        )
    if magics := sum(edit.magics for edit in edits):
        remarks.append(magics_told(magics))
    if guarded := {name for edit in edits for name in edit.guarded}:
        remarks.append(f"Imports of {show_some(guarded)} are skipped where they are not installed.")
    return remarks


def magics_told(count: int) -> str:
    times = "once" if count == 1 else f"{count} times"
    return f"Notebook syntax (%magic, !command, help?) was left out: {times}."


def _cells(numbers: Sequence[str]) -> str:
    return "code cell " + ", ".join(numbers[:5]) + (f" and {len(numbers) - 5} more" if len(numbers) > 5 else "")


# --------------------------------------------------------------------------------------------------- one cell
def _text(number: int, cell: dict[str, Any]) -> str:
    text = cell["input"] if "input" in cell else cell.get("source", "")  # nbformat 3, 4
    text = "".join(text) if isinstance(text, list) and all(isinstance(t, str) for t in text) else text
    if not isinstance(text, str):
        raise Refused(f"Code cell {number} of your notebook has no text. Open it in Jupyter, save it, hand in again.")
    return text


def _cell(number: int, cell: dict[str, Any], text: str, main: str) -> Cell:
    python = _python(text.replace("\r\n", "\n").replace("\r", "\n"), main)
    lines = python.split("\n")
    exported = _blank_export_markers(lines)
    return Cell(number, _dedented(lines), exported, _is_test(cell) or bool(text and not python))


def _python(text: str, main: str) -> str:
    """The cell without its %%magic (as a comment); nothing where the magic makes the cell something else."""
    magic = _CELL_MAGIC.match(text)
    if not magic:
        return text
    writes_solution = magic[1] in ("writefile", "file") and posixpath.basename(magic[2].strip("\"' ")) == main
    if magic[1] not in _TRANSPARENT and not writes_solution:
        return ""
    start = magic.end() - len(magic.group().lstrip())
    return text[:start] + "# " + text[start:]


def _blank_export_markers(lines: list[str]) -> bool:
    """Blanks nbdev's markers, which count only above a cell's first code (its own rule). True if any."""
    found = False
    for number, line in enumerate(lines):
        if not _DIRECTIVE_OR_BLANK.match(line):
            break
        if _EXPORT.match(line):
            lines[number], found = "", True
    return found


def _dedented(lines: list[str]) -> str:
    """Without the first line's indentation on every line, as IPython runs a pasted block."""
    indent = next((line[: len(line) - len(line.lstrip())] for line in lines if line.strip()), "")
    return "\n".join(line.removeprefix(indent) for line in lines)


def _is_test(cell: dict[str, Any]) -> bool:
    """A locked test of nbgrader: graded, but not for the student to write."""
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return isinstance(nbgrader, dict) and nbgrader.get("grade") is True and nbgrader.get("solution") is not True


# --------------------------------------------------------------------------------------------- the whole file
def _code_cells(name: str, data: bytes) -> list[dict[str, Any]]:
    if len(data) > MAX_NOTEBOOK_BYTES:
        raise Refused(
            f"{show(name)} is larger than {MAX_NOTEBOOK_BYTES // 1_000_000} MB. Clear all outputs, save the "
            "notebook and hand in again."
        )
    try:
        book = json.loads(decode(name, data))
    except (ValueError, RecursionError) as error:
        raise Refused(
            f"{show(name)} is not a notebook (no valid JSON). Save it in Jupyter and hand in again."
        ) from error
    if not isinstance(book, dict) or book.get("nbformat") not in (3, 4):
        raise Refused(f"{show(name)} is not a notebook of format 3 or 4. Save it in Jupyter and hand in again.")
    _require_python(name, book.get("metadata"))
    sheets = [book] if book["nbformat"] == 4 else book.get("worksheets")
    cells = [cell for sheet in _dicts(sheets) for cell in _dicts(sheet.get("cells"))]
    if len(cells) > MAX_CELLS:
        raise Refused(f"{show(name)} has more than {MAX_CELLS} cells. Keep those of your solution and hand in again.")
    return [cell for cell in cells if cell.get("cell_type") == "code"]


def _require_python(name: str, metadata: object) -> None:
    for key, field in (("kernelspec", "language"), ("language_info", "name")):
        told = metadata.get(key) if isinstance(metadata, dict) else None
        language = told.get(field) if isinstance(told, dict) else None
        if isinstance(language, str) and "python" not in language.lower():
            raise Refused(f"{show(name)} is a notebook in {show(language)}. Hand in one in Python.")


def _dicts(values: object) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
