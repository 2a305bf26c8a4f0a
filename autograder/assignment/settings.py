"""Reads assignment.toml: every fault of it is one sentence that names the file and the line."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.assignment.faults import BadAssignment
from autograder.model import Criterion, Tolerance

FILE = "assignment.toml"
RELATIVE = "a path below the assignment's folder, or one that starts with “gradmark:” for what comes with gradmark"
SHIPPED = "gradmark:"  # before a path that starts where gradmark is installed
PACKAGE = Path(__file__).parent.parent


@dataclass(frozen=True)
class AssignmentSettings:
    """Settings from assignment.toml, checked."""

    folder: Path
    table: Mapping[str, Any]
    text: str

    def problem(self, message: str, table: str = "", key: str = "", number: int = 0) -> BadAssignment:
        return BadAssignment(f"{self.folder / FILE}, line {self.line(table, key, number)}: {message}")

    def line(self, table: str = "", key: str = "", number: int = 0) -> int:
        """Return the line of a key, or else of its table, or else the first. `number` counts tables of one name."""
        at, seen, header = 1, -1, ""
        for n, line in enumerate(self.text.splitlines(), start=1):
            if opened := re.match(r"\s*\[+([^\]]*)\]+", line):
                header = opened[1].strip()
                seen += header == table
                at = n if header == table and seen == number else at
            elif (
                header == table and max(seen, 0) == number and re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", line) and key
            ):
                return n
        return at

    def must_be_known(self) -> None:
        """Look for misspelt keys, whose defaults would be taken in silence.

        Raises:
            BadAssignment: there is one, or a key that everything needs is missing.
        """
        for key in ("title", "main", "module"):
            self.get(str, key)
        for key, inside in self.table.items():
            if key not in KNOWN:
                table = key if isinstance(inside, Mapping | list) else ""
                raise self.problem(f"there is no `{key}`; there are {', '.join(KNOWN)}.", table, key)
            if KNOWN[key] and isinstance(inside, Mapping) and (unknown := sorted(inside.keys() - KNOWN[key])):
                told = ", ".join(sorted(KNOWN[key]))
                raise self.problem(f"[{key}] has no `{unknown[0]}`; there are {told}.", key, unknown[0])

    # ------------------------------------------------------------------------------------------------- one value
    def get(self, kind: type[Any], key: str, table: str = "", default: Any = None, *, optional: bool = False) -> Any:
        """A value of that kind; None for an optional one that is not there.

        Raises:
            BadAssignment: it is of another kind, or missing and without a default.
        """
        home = self.table.get(table, {}) if table else self.table
        value = home.get(key, default) if isinstance(home, Mapping) else default
        where = f"[{table}] " if table else ""
        if value is None and optional:
            return None
        if value is None:
            raise self.problem(f"{where}lacks `{key}`.".lstrip(), table)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.problem(f"{where}`{key}` must be {KINDS[kind]}, not {value!r}.", table, key)
        if isinstance(value, str) and not value.strip():
            raise self.problem(f"{where}`{key}` is empty.", table, key)
        return value

    def count(self, key: str, table: str, default: int) -> int:
        """A whole number that is not negative.

        Raises:
            BadAssignment: it is something else.
        """
        number: int = self.get(int, key, table, default)
        if number < 0:
            raise self.problem(f"[{table}] `{key}` must not be negative.", table, key)
        return number

    def path(self, key: str, table: str, *, folder: bool = False) -> Path:
        """The file (or folder) that a value names.

        Raises:
            BadAssignment: there is none.
        """
        named: str = self.get(str, key, table)
        found: Path = (
            PACKAGE / named.removeprefix(SHIPPED) if named.startswith(SHIPPED) else self.folder / named
        ).resolve()
        if not (found.is_dir() if folder else found.is_file()):
            kind = "folder" if folder else "file"
            raise self.problem(
                f"[{table}] `{key}` names {named!r}, and there is no such {kind}. Give {RELATIVE}.", table, key
            )
        return found

    # ------------------------------------------------------------------------------------------------ whole tables
    def criteria(self) -> tuple[Criterion, ...]:
        rows = self.table.get("rubric")
        if not isinstance(rows, list) or not rows:
            raise self.problem(
                "the assignment has no [[rubric]]: it needs at least one row with id, title and points.", "rubric"
            )
        return tuple(self._rows(rows))

    def _rows(self, rows: list[Any]) -> Iterator[Criterion]:
        seen: set[str] = set()
        for number, row in enumerate(rows):
            values = self._fields(row, "rubric", ROW, number)
            if not 0 < values["points"] < math.inf:
                raise self.problem(
                    f"row {values['id']!r} needs a number of points above 0.", "rubric", "points", number
                )
            if values["id"] in seen:
                raise self.problem(f"there are two rows with the id {values['id']!r}.", "rubric", "id", number)
            seen.add(values["id"])
            yield Criterion(**values)

    def tolerances(self) -> dict[str, Tolerance]:
        tables = self.table.get("tolerances")
        if not isinstance(tables, Mapping) or "default" not in tables:
            raise self.problem(
                "the assignment has no [tolerances.default] with `relative` and `reason`.", "tolerances.default"
            )
        found = {}
        for name, row in tables.items():
            table = f"tolerances.{name}"
            values = self._fields(row, table, TOLERANCE)
            if not 0 < values["relative"] < 1:
                raise self.problem(f"[{table}] `relative` must lie between 0 and 1.", table, "relative")
            found[name] = Tolerance(**values)
        return found

    def _fields(self, row: Any, table: str, kinds: Mapping[str, type], number: int = 0) -> dict[str, Any]:
        """The row's values. All are needed but those whose names are in OPTIONAL."""
        if not isinstance(row, Mapping):
            raise self.problem(f"[{table}] must be a table.", table, "", number)
        if unknown := sorted(row.keys() - kinds.keys()):
            raise self.problem(
                f"[{table}] has no `{unknown[0]}`; there are {', '.join(kinds)}.", table, unknown[0], number
            )
        if missing := sorted(kinds.keys() - row.keys() - OPTIONAL):
            raise self.problem(f"[{table}] lacks `{missing[0]}`.", table, "", number)
        for key, value in row.items():
            kind = (int, float) if kinds[key] is float else kinds[key]
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                raise self.problem(f"[{table}] `{key}` must be {KINDS[kinds[key]]}, not {value!r}.", table, key, number)
        return dict(row)


KNOWN: Mapping[str, frozenset[str]] = {  # top-level keys and tables -> the keys in it; none: other code looks at them
    "title": frozenset(), "main": frozenset(), "module": frozenset(), "quantity": frozenset(),
    "sources": frozenset({"driver", "provided", "model_solution", "template"}),
    "samples": frozenset(), "rubric": frozenset(), "tolerances": frozenset(), "platforms": frozenset(),
    "asks": frozenset(),  # the assignment's own: its scenarios() reads it
    "quiz": frozenset({"seed", "counts"}), "check": frozenset({"where"}),
}  # fmt: skip
OPTIONAL = frozenset({"about", "suffers", "conduct"})
ROW: Mapping[str, type] = {
    "id": str, "title": str, "points": float, "about": str, "suffers": bool, "conduct": bool,
}  # fmt: skip
TOLERANCE: Mapping[str, type] = {"relative": float, "reason": str}
KINDS: Mapping[type, str] = {
    str: "a text",
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    dict: "a table",
}


def read(folder: Path) -> AssignmentSettings:
    """The settings in that folder.

    Raises:
        FileNotFoundError: there are none.
        BadAssignment: they are not TOML.
    """
    file = folder / FILE
    data = file.read_bytes()
    try:
        text = data.decode("utf-8")
        found = AssignmentSettings(folder, tomllib.loads(text), text)
    except UnicodeDecodeError as error:
        raise BadAssignment(f"{file}, byte {error.start}: this is not UTF-8. Save the file as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"\(at line (\d+)", str(error))
        line = where[1] if where else len(text.splitlines())
        raise BadAssignment(f"{file}, line {line}: this is not valid TOML: {error}.") from error
    found.must_be_known()
    return found
