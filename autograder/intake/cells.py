"""Separates the solution in a notebook's cells from the demonstrations around it.

A notebook is a diary: between the classes stand trials, plots and prints, which ran in an order and with data
that we do not have. One of them failing must not cost the classes. So of cells that nobody marked as the
solution these top-level statements are kept: imports, classes, functions, patches of classes, and assignments
that look like constants; the others become comments. An assignment looks like a constant when it calls
nothing but the standard library and NumPy and uses nothing that was left out; names like `_x`, `EPS` and
`Adam` are taken for part of the solution whatever they call.
"""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from autograder.intake.scan import LogicalLine, Statement, statements

PROVIDED = frozenset({"numpy", "tinytorch"})  # what every guest has beside the standard library
GUARD = "with _contextlib.suppress(ImportError): "  # keeps to one line, so that line numbers stay
_SAFE = frozenset(dir(builtins)) - {
    *(
        "breakpoint",
        "compile",
        "eval",
        "exec",
        "exit",
        "help",
        "input",
        "open",
        "print",
        "quit",
    ),  # have effects
}
_WORD = r"[^\W\d]\w*+"
_NAME = re.compile(rf"(?<![\w.]){_WORD}(?! ?=[^=])")
_CALL = re.compile(rf"(?<![\w.])({_WORD})((?:\.{_WORD})*+) ?\(")
_DEFINITION = re.compile(rf"(?:class|def|async\s+def)\s+({_WORD})")
_BLOCK = re.compile(r"(?:class|def|async\s+def)\b|@")
_TOUCHED = re.compile(rf"(?<![\w.])({_WORD})(?=[.\[]| ?[-+*/%@&|^]+=)")
_IMPORT = re.compile(r"(?:import|from)\b")
_FUTURE = re.compile(r"from\s+__future__\s+import\s[\w\s,()]+\Z")
_MAIN = re.compile(r"""if\s+(?:__name__\s*==\s*""|""\s*==\s*__name__)\s*:""")
_GUARDED = re.compile(r"(?:if|try)\b")
_CLAUSE = re.compile(r"(?:if|elif|else|try|except|finally)\b.*:\Z")
_HARMLESS = re.compile(r"""(?:[rRbBuU]?""|\.\.\.|pass|setattr\s*\(.*)\Z""", re.DOTALL)
_READS_FILES = re.compile(r"\.(?:load\w*|genfromtxt|fromfile|memmap|open\w*|read\w*|run|url\w+)\Z")
_SOLUTION_NAME = re.compile(r"_|[A-Z][A-Za-z0-9]+\Z|[A-Z][A-Z0-9_]+\Z")
_EQUALS = re.compile(r"(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<equals>(?<![=!<>:])=(?!=))")


@dataclass
class CellText:
    """The result for one cell: its text, and what was left out of it."""

    text: str
    dropped: int = 0
    magics: int = 0
    futures: list[str] = field(default_factory=list)
    guarded: set[str] = field(default_factory=set)


@dataclass
class _KnownNames:
    """Names known so far, going through a notebook from top to bottom."""

    own: set[str]  # classes and functions that it defines
    safe: set[str] = field(default_factory=lambda: set(_SAFE))  # from the standard library, NumPy, or made of them
    data: set[str] = field(default_factory=set)  # variables that were kept
    lost: set[str] = field(default_factory=set)  # bound, or perhaps changed, by what was left out


def tidy(cells: Sequence[str], *, trusted: bool) -> list[CellText]:
    """The cells with notebook syntax, and unless `trusted` demonstrations, turned into comments."""
    parsed = [statements(cell) for cell in cells]
    own = {match[1] for cell in parsed for statement in cell if (match := _definition(statement))}
    names = _KnownNames(own)
    return [_tidy(cell, parts, names, trusted=trusted) for cell, parts in zip(cells, parsed, strict=True)]


def left_unmarked(marked: Sequence[str], others: Sequence[str]) -> list[int]:
    """Places in `others` of cells with a class, function, import or constant that the `marked` ones use and lack."""
    bound, used = _names_in(marked)
    found: set[int] = set()
    while True:
        more = {n for n, other in enumerate(others) if n not in found and _made(other) & (used - bound)}
        if not more:
            return sorted(found)
        found |= more
        also, uses = _names_in([others[n] for n in more])
        bound, used = bound | also, used | uses


def _names_in(cells: Sequence[str]) -> tuple[set[str], set[str]]:
    """Return the names that cells bind anywhere, arguments included, and those that they mention."""
    bound: set[str] = set()
    used: set[str] = set()
    for statement in (statement for cell in cells for statement in statements(cell)):
        bound |= _bound(statement)
        for line in statement:
            names = set(_NAME.findall(line.code))
            used |= names
            if match := _DEFINITION.match(line.code):
                bound |= {match[1]} | (names if "class" not in line.code[:5] else set())
    return bound, used


def _made(cell: str) -> set[str]:
    """Return the names that a cell offers to others: not its data, whose names mean something else inside functions."""
    made: set[str] = set()
    for statement in statements(cell):
        if match := _definition(statement):
            made.add(match[1])
        elif _IMPORT.match(statement[0].code):
            made |= set(_imported(statement[0].code))
        else:
            made |= {name for name in _bound(statement) if _SOLUTION_NAME.match(name)}
    return made


def _tidy(cell: str, parts: Sequence[Statement], names: _KnownNames, *, trusted: bool) -> CellText:
    edit = CellText("")
    lines = cell.split("\n")
    for statement in parts:
        first = statement[0]
        if _FUTURE.match(first.code):  # is only allowed at the top of a file
            edit.futures.append(" ".join(first.code.split()))
            _comment(lines, first.first, first.last)
        elif first.magic or trusted or _kept(statement, names):
            edit.magics += _comment_magics(lines, statement)
            if not trusted and _IMPORT.match(first.code):
                _guard(lines, first, edit)
        else:
            _comment(lines, first.first, statement[-1].last)
            names.lost |= _bound(statement) | (_touched(statement) & names.data)
            edit.dropped += 1
            if imports := [part.strip() for part in first.code.split(";") if _IMPORT.match(part.strip())]:
                lines[first.first] = f"{'; '.join(imports)}  {lines[first.first]}"
                names.lost -= {name for part in imports if _always_there(part) for name in _imported(part)}
                _guard(lines, first, edit)
    edit.text = "\n".join(lines)
    return edit


def _guard(lines: list[str], line: LogicalLine, edit: CellText) -> None:
    if not _always_there(line.code):
        lines[line.first] = GUARD + lines[line.first]
        edit.guarded |= _unprovided(line.code)


def _comment(lines: list[str], first: int, last: int) -> None:
    for number in range(first, last + 1):
        lines[number] = "# " + lines[number]


def without_magics(text: str) -> tuple[str, int]:
    """A file's text with its notebook syntax as comments, and how often there was some.

    No statement of Python begins so: a file that Python itself can read is not changed.
    """
    lines = text.split("\n")
    count = sum(_comment_magics(lines, statement) for statement in statements(text))
    return "\n".join(lines), count


def _comment_magics(lines: list[str], statement: Statement) -> int:
    magics = [line for line in statement if line.magic]
    for line in magics:
        _comment(lines, line.first, line.last)
        if line.indent:  # a block must not become empty
            lines[line.first] = lines[line.first][2 : 2 + line.indent] + "pass  " + lines[line.first]
    return len(magics)


# ----------------------------------------------------------------------------------------- what belongs to it
def _kept(statement: Statement, names: _KnownNames) -> bool:
    first = statement[0].code
    if match := _definition(statement):
        names.lost.discard(match[1])
        return True
    if _MAIN.match(first):
        return True
    if _GUARDED.match(first):
        return _kept_block(list(_outside_blocks(statement)), names, guarded=first.startswith("try"))
    return len(statement) == 1 and _kept_line(statement[0], names, guarded=False, top=True)


def _kept_block(lines: Sequence[LogicalLine], names: _KnownNames, *, guarded: bool) -> bool:
    kept = all(_kept_line(line, names, guarded=guarded) for line in lines)
    for line in lines:  # also where `except ImportError` binds the name to something else
        if _unprovided(line.code):
            names.lost |= set(_imported(line.code))
    return kept


def _definition(statement: Statement) -> re.Match[str] | None:
    header = next((line for line in statement if not line.code.startswith("@")), statement[-1])
    return _DEFINITION.match(header.code)


def _outside_blocks(statement: Statement) -> Iterator[LogicalLine]:
    """The lines that are not inside a class or function."""
    inside: int | None = None
    for line in statement:
        if inside is not None and line.indent > inside:
            continue
        inside = line.indent if _BLOCK.match(line.code) else None
        if inside is None:
            yield line


def _kept_line(line: LogicalLine, names: _KnownNames, *, guarded: bool, top: bool = False) -> bool:
    if line.magic:
        return True
    if not top and _CLAUSE.match(line.code):
        return _uses_nothing_lost(line.code, names) and all(_safe_call(c, names) for c in _CALL.finditer(line.code))
    return all(_kept_simple(part.strip(), names, guarded=guarded or top) for part in line.code.split(";"))


def _kept_simple(code: str, names: _KnownNames, *, guarded: bool) -> bool:
    if _IMPORT.match(code):
        unprovided = _unprovided(code)
        bound = set(_imported(code))
        if unprovided:
            names.lost |= bound
        elif _always_there(code):
            names.safe |= bound
        return guarded or not unprovided
    if not code or _HARMLESS.match(code):
        return _uses_nothing_lost(code, names)
    first = re.match(_WORD, code)
    return not (first and keyword.iskeyword(first[0])) and _kept_assignment(code, names)


def _uses_nothing_lost(code: str, names: _KnownNames) -> bool:
    return names.lost.isdisjoint(_NAME.findall(code))


def _kept_assignment(code: str, names: _KnownNames) -> bool:
    split = _split_assignment(code)
    if split is None:
        return False
    target, value = split
    plain = set() if re.search(r"[.\[]", target) else set(_NAME.findall(target))
    mentioned = set(_NAME.findall(value if plain else code))
    kept = not mentioned & names.lost and (
        value.startswith("lambda")
        or not plain  # a patch: Adam.step = …
        or all(_SOLUTION_NAME.match(name) or name in names.own for name in plain)
        or all(_safe_call(call, names) for call in _CALL.finditer(value))
    )
    if kept:
        names.lost -= plain
        names.data |= plain
        names.safe |= plain if not mentioned & names.own else set()
    return kept


def _safe_call(call: re.Match[str], names: _KnownNames) -> bool:
    root, path = call.groups()
    return keyword.iskeyword(root) or (
        root in names.safe and root not in names.own | names.lost and not _READS_FILES.search(path)
    )


def _split_assignment(code: str) -> tuple[str, str] | None:
    """Target (without annotation and operator) and value of `x = 1`, `x: int = 1`, `x += 1`, `x = y = 1`."""
    depth = 0
    for token in _EQUALS.finditer(code):
        depth += (token.lastgroup == "open") - (token.lastgroup == "close")
        if token.lastgroup == "equals" and depth == 0:
            target = code[: token.start()].rstrip("+-*/%@&|^ ").split(":")[0]
            return re.sub(r"^type\s+", "", target), code[token.end() :].strip()
    return None


def _bound(statement: Statement) -> set[str]:
    """The names that a left-out statement would have bound."""
    bound: set[str] = set()
    for line in statement:
        for part in line.code.split(";"):
            if split := _split_assignment(part.strip()):
                bound |= set(re.findall(rf"(?<![\w.]){_WORD}", split[0]))
            for targets in re.findall(r"\bfor\s+(.{1,200}?)\s+in\b|\bas\s+(\w+)", part):
                bound |= set(re.findall(_WORD, " ".join(targets)))
            bound |= set(_imported(part.strip()))
    return bound


def _touched(statement: Statement) -> set[str]:
    """Names whose value a left-out statement may have changed: losses.append(1), w[0] = 2, n += 1."""
    return {name for line in statement for name in _TOUCHED.findall(line.code)}


# ----------------------------------------------------------------------------------------- what imports bring
def _roots(code: str) -> set[str]:
    """The top packages that the imports in a line name; a relative import has none."""
    return {root for part in code.split(";") if _IMPORT.match(part.strip()) for root in _roots_of(part.strip())}


def _roots_of(code: str) -> set[str]:
    if match := re.match(r"from\s+([\w.]+)\s+import", code):
        return {match[1].split(".")[0]} - {""}
    return {part.split()[0].split(".")[0] for part in code.removeprefix("import").split(",") if part.split()}


def _unprovided(code: str) -> set[str]:
    """Packages of a line that no guest has: what hangs on them is no part of the solution."""
    return _roots(code) - sys.stdlib_module_names - PROVIDED


def _always_there(code: str) -> bool:
    """Not so tinytorch: the guest has the part that the assignment needs, a demonstration may need more."""
    return _roots(code) <= sys.stdlib_module_names | {"numpy"}


def _imported(code: str) -> Iterator[str]:
    if not _IMPORT.match(code):
        return
    listed = re.sub(r"^from\b.*?\bimport\b|^import\b", "", code, flags=re.DOTALL).strip(" ()")
    for part in listed.split(","):
        words = part.split()
        if words:
            yield words[-1] if "as" in words else words[0].split(".")[0]
