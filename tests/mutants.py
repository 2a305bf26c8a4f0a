"""Mutation testing of the marks: mistakes made by machine in right solutions of all hands, each marked as if handed in.

    python tests/mutants.py [--sample N] [--seed S] [--hand NAME ...] [--peer FILE] [--list]

A mutant is one edit of one statement. Equivalent ones are sorted out by lives of this module's own, longer than the
grader's (`apart.py`); everything else is a mistake that must lose marks, on the row that its line is about, and on no
other, that must not be named falsely, and whose line must be found. docs/fairness.md has the figures.

The mutants are made with `ast`: mutation tools rewrite a project that is tested by its own tests, and here the
"tests" are a grader in another process.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import hashlib
import math
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import apart
from rich.console import Console
from rich.table import Table

from autograder import pipeline
from autograder.assignment import load
from autograder.model import Assignment, Report, Submission
from autograder.sandbox import Sandbox
from autograder.sandbox.choose import choose
from autograder.verify import SEED

NOTHING = "(nothing)"
FOLLOWS = {"training"}  # rows that show what the others cause

# Names of one sort are taken for each other by mistake; others are told apart by the first exception.
SORTS = (
    {
        "lr",
        "momentum",
        "weight_decay",
        "eps",
        "beta1",
        "beta2",
        "b1",
        "b2",
        "step_count",
        "correction1",
        "correction2",
        "t",
    },
    {"grad", "velocity", "m_hat", "v_hat", "update", "step", "g", "d", "direction", "buf", "d_p"},
    {"m", "v", "velocities", "exp_avg", "exp_avg_sq", "first_moment", "second_moment", "m_buffers", "v_buffers"},
    {"data", "grad"},
)
FUNCTIONS = {"sqrt": ("square", "abs"), "zeros_like": ("ones_like",), "square": ("sqrt", "abs")}
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
COMMUTATIVE = (ast.Add, ast.Mult)  # exactly so in floating point too: exchanging operands changes no bit

ALSO = {"in place": frozenset({"interface"})}  # the caller's own array is changed

Nodes = Iterator[ast.AST]


@dataclass(frozen=True)
class Mutant:
    """One change. `where`, `was` and `now` name it; `rows` are the rubric rows that its line is about."""

    rule: str
    where: str  # "SGD.step"
    was: str
    now: str
    source: str
    rows: frozenset[str]
    hand: str = ""
    lines: tuple[int, int] = (0, 0)  # in `source`; of a dropped statement, where it was


@dataclass(frozen=True)
class Place:
    """The position of a node in the tree, and what is around it."""

    parent: ast.AST
    field: str
    index: int | None
    statement: ast.stmt
    path: tuple[ast.ClassDef | ast.FunctionDef, ...]

    @property
    def node(self) -> ast.AST:
        held = getattr(self.parent, self.field)
        return cast("ast.AST", held if self.index is None else held[self.index])

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node

    @property
    def where(self) -> str:
        return ".".join(scope.name for scope in self.path)


# -------------------------------------------------------------------------------- the rows that a line is about
POWER = r"\*\* ?\(?(self\.)?(t|step_count|_steps)\b|math\.pow|_power|update_counts"
WORDS = (  # (what the line says, the row; {decay} is the class's own)
    (r"weight_decay|\bdecay\b|\bkeep\b|decoupled", "{decay}"),
    (POWER, "bias_correction"),
    (r"\bhat|_hat\b.*=|corrected\(|\bt\b ?[=+]|== 1", "bias_correction"),
    (
        r"(beta|b)(1|2)\b|betas|lerp\(|moment|exp_avg|self\.[mv]\b|\b[mv] = |np\.(square|zeros)|\bg \*= g",
        "adam_moments",
    ),
    (r"sqrt|\beps\b|self\.lr = |denom|step_size|lr_t|np\.divide|adapt|_direction|self\.move", "adaptive_step"),
)
SGD_WORDS = (
    (r"weight_decay", "weight_decay"),
    (r"momentum|velocit|buf|\bv\b|push", "momentum"),
    (r"\.data (=|-=)|\blr\b|write|np\.subtract|theta -", "sgd"),
)


def rows_of(where: str, statement: str) -> frozenset[str]:
    """Return the rubric rows that a statement of a right solution is about, read from its words and its place."""
    owner, _, method = where.rpartition(".")
    method = method or where
    if method == "zero_grad":
        return frozenset({"zero_grad"})
    if method.endswith("_momentum_state") or method == "has_momentum":
        return frozenset({"state", "momentum"} if method == "has_momentum" else {"state"})
    sgd = owner in ("SGD", "Velocity") or method.startswith("sgd")
    words = SGD_WORDS if sgd else WORDS
    decay = "adamw" if owner == "AdamW" or method.startswith("adamw") else "weight_decay"
    rows = {row.format(decay=decay) for pattern, row in words if re.search(pattern, statement)}
    if decay == "weight_decay" and {"weight_decay"} <= rows and "decoupled" in statement:
        rows.add("adamw")
    rows = rows or {row.format(decay=decay) for pattern, row in words if re.search(pattern, method)}
    final = re.search(r"\.data (=|-=)|, out=param\.data|self\.write|theta = theta|return .*theta", statement)
    if final and not sgd and not re.search(POWER, statement):
        two = {"adaptive_step"} if re.search(r"adapt|_hat|denom|direction|sqrt|update", statement) else set()
        rows = (rows & {decay, "adamw"}) | two or {"adaptive_step"}
    elif "bias_correction" in rows:
        rows -= {"adam_moments"} if not re.search(r"lerp|1 - \(?(self\.)?b\w*\) \*", statement) else set()
    if re.search(r"zeros|None|setdefault|\.get\(| in self", statement) and rows & {"momentum", "adam_moments"}:
        rows.add("state")
    if (
        not rows
        or re.match(r"(for|def|class|@|if \w*(param|p)?\.?grad is|super)", statement)
        or "step_count" in statement.split("=", maxsplit=1)[0]
    ):
        rows.add("interface")
    if method == "__init__" or statement.startswith("def __init__"):
        rows |= (
            {"interface"} if statement.startswith(("def", "super")) else {"interface", "state"} & rows | {"interface"}
        )
    if re.search(r"step(s|_count) [-+*/]*=", statement) and not sgd:
        rows.add("bias_correction")  # the constructor's too: t begins there
    return frozenset(rows)


# ------------------------------------------------------------------------------------------------------- mutants
def mutants(source: str) -> list[Mutant]:
    """Return every mutant of the source, each different from it and from the others."""
    tree = ast.parse(source)
    seen = {ast.unparse(tree)}
    made = []
    for mutant in _changed(tree):
        if mutant.source not in seen:
            seen.add(mutant.source)
            made.append(mutant)
    return made


def _changed(tree: ast.Module) -> Iterator[Mutant]:
    for place in list(_places(tree)):
        for rule, replacements in RULES.items():
            node, was = place.node, _line(place.statement)
            for replacement in list(replacements(place)):
                rows = _rows(place, replacement) | ALSO.get(rule, frozenset())
                place.put(replacement)
                ast.fix_missing_locations(tree)
                now = _line(replacement if node is place.statement else place.statement)
                yield Mutant(rule, place.where, was, now, ast.unparse(tree), rows)
                place.put(node)
    yield from _exchanged(tree)


def _rows(place: Place, replacement: ast.AST) -> frozenset[str]:
    """Return the rows of an edit: a condition is about what it guards, a branch or loop that is gone about all of it."""
    statement = place.statement
    rows, gone = rows_of(place.where, _line(statement)), place.node is statement and isinstance(replacement, ast.Pass)
    guards = isinstance(statement, ast.If) and "grad is" not in _line(statement)
    if not (guards or (gone and isinstance(statement, ast.If | ast.For))):
        return rows
    inner = [s for s in ast.walk(statement) if isinstance(s, ast.stmt) and s is not statement]
    return rows.union(*(rows_of(place.where, _line(s)) for s in inner))


def _places(
    node: ast.AST, statement: ast.stmt | None = None, path: tuple[ast.ClassDef | ast.FunctionDef, ...] = ()
) -> Iterator[Place]:
    """Every node below this one that may change. What is only said (docstrings, messages) is not marked."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        path = (*path, node)
    for field, value in ast.iter_fields(node):
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or _only_said(child) or field in ("annotation", "returns", "exc"):
                continue
            inside = child if isinstance(child, ast.stmt) else statement
            if inside is not None:
                yield Place(node, field, index, inside, path)
            yield from _places(child, inside, path)


def _only_said(node: ast.AST) -> bool:
    said = node.value if isinstance(node, ast.Expr) else node
    imported = isinstance(node, ast.Import | ast.ImportFrom)
    return (
        imported or isinstance(said, ast.JoinedStr) or (isinstance(said, ast.Constant) and isinstance(said.value, str))
    )


def _line(node: ast.AST) -> str:
    """A statement on one line; of a compound one its head."""
    if isinstance(node, ast.Pass):
        return NOTHING
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        return f"raise {ast.unparse(node.exc.func)}(…)"  # messages are not marked; Pythons quote f-strings differently
    lines = ast.unparse(node).splitlines()
    return " ".join(lines[: 1 + sum(line.startswith("@") for line in lines)])


# --------------------------------------------------------------------------------- the rules: what a node turns into
def _operator(place: Place) -> Nodes:
    match place.node:
        case ast.BinOp(left, op, right):
            yield from (ast.BinOp(left, other(), right) for other in ARITHMETIC if not isinstance(op, other))
        case ast.AugAssign(target, op, value):
            yield from (ast.AugAssign(target, other(), value) for other in ARITHMETIC if not isinstance(op, other))
            yield ast.Assign([target], value)


def _operands(place: Place) -> Nodes:
    match place.node:
        case ast.BinOp(left, op, right):
            yield from (left, right)
            if not isinstance(op, COMMUTATIVE):
                yield ast.BinOp(right, op, left)


def _sign(place: Place) -> Nodes:
    if isinstance(place.node, ast.BinOp) and place.field == "value":
        yield ast.UnaryOp(ast.USub(), place.node)


def _constant(place: Place) -> Nodes:
    match place.node:
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int(value) | float(value)):
            kind = type(value)
            around = {kind(0), kind(1), kind(-1), value + 1, value - 1, 2 * value, value / 2, 10 * value, -value}
            yield from (ast.Constant(other) for other in sorted(around - {value}))


def _comparison(place: Place) -> Nodes:
    match place.node:
        case ast.Compare(left, [ast.Is()], right):
            yield ast.Compare(left, [ast.IsNot()], right)
        case ast.Compare(left, [ast.IsNot()], right):
            yield ast.Compare(left, [ast.Is()], right)
        case ast.Compare(left, [op], right) if isinstance(op, COMPARISONS):
            yield from (ast.Compare(left, [other()], right) for other in COMPARISONS if not isinstance(op, other))


def _condition(place: Place) -> Nodes:
    if place.field == "test" and isinstance(test := place.node, ast.expr):
        yield test.operand if isinstance(test, ast.UnaryOp) else ast.UnaryOp(ast.Not(), test)
        yield from (ast.Constant(value=True), ast.Constant(value=False))
    match place.node:
        case ast.BoolOp(op, values):
            yield ast.BoolOp(ast.And() if isinstance(op, ast.Or) else ast.Or(), values)
            yield from values


def _index(place: Place) -> Nodes:
    if place.field == "slice" and isinstance(index := place.node, ast.expr) and not isinstance(index, ast.Slice):
        yield from (ast.Constant(0), ast.Constant(-1), ast.BinOp(index, ast.Sub(), ast.Constant(1)))


def _call(place: Place) -> Nodes:
    """The call dropped for its argument (list(x), np.array(x), np.sqrt(x)), a keyword dropped, a function like it."""
    match place.node:
        case ast.Call(function, arguments, keywords):
            yield from arguments[:1]
            for n in range(len(keywords)):
                yield ast.Call(function, arguments, keywords[:n] + keywords[n + 1 :])
            if isinstance(function, ast.Attribute):
                for other in FUNCTIONS.get(function.attr, ()):
                    yield ast.Call(ast.Attribute(function.value, other, ast.Load()), arguments, keywords)


def _variable(place: Place) -> Nodes:
    match place.node:
        case ast.Name(name, context):
            yield from (ast.Name(other, context) for other in _like(name, _stored(place.path[-1:], ast.Name)))
        case ast.Attribute(value, name, context):
            known = _stored(place.path[:1], ast.Attribute) | {"grad"}
            yield from (ast.Attribute(value, other, context) for other in _like(name, known))


def _like(name: str, known: set[str]) -> list[str]:
    return sorted(set().union(*(sort for sort in SORTS if name in sort)) & known - {name})


def _stored(scope: Sequence[ast.AST], kind: type[ast.Name | ast.Attribute]) -> set[str]:
    """The names, or attributes, that a function or class sets; arguments among the names."""
    nodes = [n for s in scope for n in ast.walk(s)]
    stored = {getattr(n, "id", "") or getattr(n, "attr", "") for n in nodes if isinstance(n, kind) and _is_store(n)}
    return stored | ({n.arg for n in nodes if isinstance(n, ast.arg)} if kind is ast.Name else set())


def _is_store(node: ast.Name | ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Store)


def _argument(place: Place) -> Nodes:
    """Neighbours exchanged, with their defaults; the first default dropped, so that the argument must be given."""
    match place.node:
        case ast.arguments(args=names, defaults=defaults) if defaults:
            required = len(names) - len(defaults)
            for n in range(len(defaults) - 1):
                at = required + n
                yield ast.arguments([], _exchange(names, at), None, [], [], None, _exchange(defaults, n))
            yield ast.arguments([], names, None, [], [], None, defaults[1:])


def _exchange(items: list[Any], n: int) -> list[Any]:
    return [*items[:n], items[n + 1], items[n], *items[n + 2 :]]


def _in_place(place: Place) -> Nodes:
    match place.node:
        case ast.Assign([ast.Name() | ast.Attribute() | ast.Subscript() as target], ast.BinOp(left, op, right)) if (
            ast.unparse(target) == ast.unparse(left)
        ):
            yield ast.AugAssign(target, op, right)


def _jump(place: Place) -> Nodes:
    match place.node:
        case ast.Continue():
            yield from (ast.Break(), ast.Return(None))
        case ast.Break():
            yield from (ast.Continue(), ast.Return(None))
        case ast.Return(value) if value is not None:
            yield ast.Return(None)


def _loop(place: Place) -> Nodes:
    if place.field == "iter" and isinstance(each := place.node, ast.expr):
        for lower, upper in ((1, None), (None, 1), (None, -1)):
            part = ast.Slice(*(n if n is None else ast.Constant(n) for n in (lower, upper)))
            yield ast.Subscript(ast.Call(ast.Name("list", ast.Load()), [each], []), part, ast.Load())


def _statement(place: Place) -> Nodes:
    """The statement dropped, or written twice."""
    if isinstance(place.node, ast.stmt) and not isinstance(place.node, ast.ClassDef | ast.FunctionDef | ast.Pass):
        yield ast.Pass()
    if isinstance(place.node, ast.Assign | ast.AugAssign | ast.Expr):
        yield ast.If(ast.Constant(value=True), [place.node, place.node], [])


def _copied(place: Place) -> Nodes:
    """A `.copy()` too few or a name where its copy was meant."""
    match place.node:
        case ast.Call(ast.Attribute(value, "copy"), [], []):
            yield value
        case ast.Call(ast.Attribute(attr="copy" | "array"), [value, *_], _):
            yield value


def _head(place: Place) -> Nodes:
    """A class without its bases, a function or class without its decorators."""
    head = place.node
    if isinstance(head, ast.ClassDef) and head.bases:
        yield _copy(head, bases=[])
    if isinstance(head, ast.ClassDef | ast.FunctionDef) and head.decorator_list:
        yield _copy(head, decorator_list=head.decorator_list[1:])


def _copy(node: ast.AST, **changes: object) -> ast.AST:
    return type(node)(**{**dict(ast.iter_fields(node)), **changes})


RULES: Mapping[str, Callable[[Place], Nodes]] = {
    "operator": _operator, "operands": _operands, "sign": _sign, "constant": _constant, "comparison": _comparison,
    "condition": _condition, "index": _index, "call": _call, "variable": _variable, "argument": _argument,
    "in place": _in_place, "copy": _copied, "jump": _jump, "loop": _loop, "statement": _statement, "head": _head,
}  # fmt: skip


def _exchanged(tree: ast.Module) -> Iterator[Mutant]:
    """Neighbouring statements exchanged, where one uses or changes what the other sets."""
    for place in list(_places(tree)):
        held = getattr(place.parent, place.field)
        if place.index is None or place.index + 1 >= len(held) or not isinstance(place.node, ast.stmt):
            continue
        first, second = held[place.index : place.index + 2]
        if not _depend(first, second):
            continue
        held[place.index : place.index + 2] = [second, first]
        was, now = f"{_line(first)}; {_line(second)}", f"{_line(second)}; {_line(first)}"
        rows = rows_of(place.where, _line(first)) | rows_of(place.where, _line(second))
        yield Mutant("order", place.where, was, now, ast.unparse(tree), rows)
        held[place.index : place.index + 2] = [first, second]


def _depend(first: ast.stmt, second: ast.stmt) -> bool:
    if any(isinstance(s, ast.ClassDef | ast.FunctionDef) or _only_said(s) for s in (first, second)):
        return False
    if any(isinstance(n, ast.Return | ast.Continue | ast.Raise) for s in (first, second) for n in ast.walk(s)):
        return True
    (sets, uses), (later_sets, later_uses) = _touches(first), _touches(second)
    return bool(sets & later_uses or later_sets & uses or sets & later_sets)


def _touches(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """What it sets, and all that it mentions. Setting x[i] sets x."""
    nodes = list(ast.walk(statement))
    targets = [n for n in nodes if isinstance(getattr(n, "ctx", None), ast.Store)]
    sets = {ast.unparse(n.value if isinstance(n, ast.Subscript) else n) for n in targets}
    return sets, {ast.unparse(n) for n in nodes if isinstance(n, ast.Name | ast.Attribute)}


# ------------------------------------------------------------------------------------------------------- marking
@dataclass(frozen=True)
class Outcome:
    """The report of a mutant held against what is known about it."""

    mutant: Mutant
    score: float
    lost: frozenset[str]  # rows
    named: tuple[tuple[str, str], ...]  # (misconception, row)
    lines: tuple[int, ...]  # of the places told, most likely first

    @property
    def caught(self) -> bool:
        return bool(self.lost)

    @property
    def right_row(self) -> bool:
        return bool(self.lost & self.mutant.rows)

    @property
    def no_unrelated_row(self) -> bool:
        return not self.lost - self.mutant.rows - FOLLOWS

    @property
    def named_rightly(self) -> bool:
        return bool(self.named) and all(row in self.mutant.rows for _, row in self.named)

    @property
    def named_wrongly(self) -> bool:
        return any(row not in self.mutant.rows for _, row in self.named)

    @property
    def right_line(self) -> bool:
        first, last = self.mutant.lines
        return bool(self.lines) and first - 1 <= self.lines[0] <= last + 1


FIGURES: Mapping[str, Callable[[Outcome], bool]] = {
    "caught": lambda o: o.caught,
    "right row": lambda o: o.right_row,
    "no unrelated row": lambda o: o.no_unrelated_row,
    "named rightly": lambda o: o.named_rightly,
    "named wrongly": lambda o: o.named_wrongly,
    "right line": lambda o: o.right_line,
}


def mark(mutant: Mutant, assignment: Assignment, sandbox: Sandbox) -> Outcome:
    """Mark a mutant as the grader marks a submission."""
    code = mutant.source.encode()
    submission = Submission("mutant", {assignment.main: code}, hashlib.sha256(code).hexdigest())
    report = pipeline.grade(submission, assignment, sandbox, SEED)
    return outcome(mutant, report)


def outcome(mutant: Mutant, report: Report) -> Outcome:
    """Return what a report says about a mutant."""
    lost = frozenset(c.id for c in report.criteria if c.score < c.max_score - 1e-9)
    named = tuple(dict.fromkeys((d.misconception, d.criterion) for d in report.diagnoses))
    lines = tuple(place.line for place in getattr(report, "places", ()))
    return Outcome(mutant, report.score, lost, named, lines)


STYLES = sorted((Path(__file__).parent / "data/styles").glob("*.py"))  # right solutions that no hand is like


def sample(
    assignment: Assignment, size: int, seed: int, hands: Sequence[str] = (), *, styles: bool = False
) -> list[Mutant]:
    """Return `size` mutants of all hands, or of the styles, that are not equivalent, drawn with a seed; 0 = every one."""
    known = STYLES if styles else (assignment.model_solution, *assignment.hands)
    paths = [p for p in known if not hands or p.stem in hands]
    made = [(m, path) for path in paths for m in mutants(path.read_text(encoding="utf-8")) if m.where]
    random.Random(seed).shuffle(made)  # noqa: S311 - no secret
    wanted, chosen = size or len(made), list[Mutant]()
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        while made and len(chosen) < wanted:
            batch, made = made[: wanted - len(chosen)], made[wanted - len(chosen) :]
            differing = pool.map(lambda drawn: apart.differs(drawn[0].source), batch)
            chosen += [located(*drawn) for drawn, differs in zip(batch, differing, strict=True) if differs]
    return chosen


def located(mutant: Mutant, path: Path) -> Mutant:
    """Return the mutant with its hand and with the lines that differ from the hand as `ast` writes it."""
    before = ast.unparse(ast.parse(path.read_text(encoding="utf-8"))).splitlines()
    blocks = difflib.SequenceMatcher(None, before, mutant.source.splitlines(), autojunk=False).get_opcodes()
    changed = [(after, end) for tag, _, _, after, end in blocks if tag != "equal"]
    first, last = changed[0][0] + 1, max(changed[-1][1], changed[0][0] + 1)
    return replace(mutant, hand=path.stem, lines=(first, last))


# --------------------------------------------------------------------------------------------------------- table
def main(arguments: Sequence[str]) -> int:
    """Mark a sample and print the figures; return 1 when a mistake that is not equivalent was not caught."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--sample", type=int, default=240, help="mutants to mark; 0 = all of them, which takes hours")
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--hand", nargs="*", default=[], help="names of hands; all of them if left out")
    reader.add_argument(
        "--styles", action="store_true", help="of the styles that only the tests have, not of the hands"
    )
    reader.add_argument("--peer", type=Path, help="a file of test functions that take no argument, for comparison")
    reader.add_argument("--list", action="store_true", help="print every mutant that is not judged as it should be")
    asked = reader.parse_args(arguments)
    assignment, console, started = load("optimizers"), Console(), time.perf_counter()
    made = sample(assignment, asked.sample, asked.seed, asked.hand, styles=asked.styles)
    with (
        choose("landlock", trusted=True, say=lambda _: None) as sandbox,
        ThreadPoolExecutor(os.cpu_count() or 1) as pool,
    ):
        outcomes = list(pool.map(lambda m: mark(m, assignment, sandbox), made))
    console.print(figures(outcomes), _by_rule(outcomes))
    if asked.peer:
        caught = [apart.fails_a_test(o.mutant.source, asked.peer) for o in outcomes]
        console.print(f"caught by the tests of {asked.peer.name}: {_share(sum(caught), len(caught))}")
    console.print(f"{len(outcomes)} mutants in {time.perf_counter() - started:.0f} s ({sandbox.name})")
    for o in outcomes if asked.list else [o for o in outcomes if not o.caught]:
        if said := complaint(o):
            console.print(said, markup=False, highlight=False, soft_wrap=True)
    return 0 if all(o.caught for o in outcomes) else 1


def complaint(o: Outcome) -> str:
    missed = [name for name in ("caught", "right row", "no unrelated row", "right line") if not FIGURES[name](o)]
    missed += ["named wrongly"] if o.named_wrongly else []
    if not missed:
        return ""
    m = o.mutant
    return (
        f"{m.hand} {m.where}:{m.lines[0]} [{m.rule}] {m.was}  →  {m.now}\n    not: {', '.join(missed)}; {o.score:g} points, "
        f"about {sorted(m.rows)}, lost {sorted(o.lost)}, named {list(o.named)}, lines {list(o.lines)}"
    )


def _share(count: int, total: int) -> str:
    """A share with its 95 % interval (Wilson)."""
    if not total:
        return "–"
    p, z = count / total, 1.96
    middle, spread = p + z * z / (2 * total), z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    low, high = ((middle - spread) / (1 + z * z / total), (middle + spread) / (1 + z * z / total))
    return f"{count} of {total} = {p:.1%} ({low:.1%} to {high:.1%})"


def figures(outcomes: Sequence[Outcome]) -> Table:
    table = Table("figure", "share (95 % interval)", title="Mistakes made by machine")
    for name, holds in FIGURES.items():
        table.add_row(name, _share(sum(holds(o) for o in outcomes), len(outcomes)))
    return table


def _by_rule(outcomes: Sequence[Outcome]) -> Table:
    table = Table("edit", "mutants", *FIGURES, title="By kind of edit")
    for rule, count in sorted(Counter(o.mutant.rule for o in outcomes).items()):
        these = [o for o in outcomes if o.mutant.rule == rule]
        table.add_row(rule, str(count), *(str(sum(holds(o) for o in these)) for holds in FIGURES.values()))
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
