"""Mutation testing of the marks: mechanical mutants of a right submission, each marked as if it were handed in.

    python tests/mutants.py [FILE]     without FILE: the model solution, held against the list of equivalent mutants

A mutant is killed when it gets fewer than full marks. One that is not is either equivalent, and listed with the proof
in assignments/optimizers/equivalent_mutants.toml, or a mistake that the assignment does not see.

The mutants are made with `ast`. docs/mutation.md says why not with a mutation tool.
"""

from __future__ import annotations

import ast
import hashlib
import os
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from rich.console import Console
from rich.table import Table

from autograder import pipeline
from autograder.assignment import load
from autograder.model import Assignment, Submission
from autograder.sandbox import Sandbox
from autograder.sandbox.choose import choose
from autograder.verify import SEED

LISTED = "equivalent_mutants.toml"
NOTHING = "(nothing)"

# Names of one sort are taken for each other by mistake; others are told apart by the first exception.
SORTS = (
    {"lr", "momentum", "weight_decay", "eps", "beta1", "beta2", "step_count", "correction1", "correction2", "t"},
    {"grad", "velocity", "m_hat", "v_hat", "update", "step", "g"},
    {"m", "v", "velocities"},
    {"data", "grad"},
)
FUNCTIONS = {"sqrt": ("square", "abs"), "zeros_like": ("ones_like",), "square": ("sqrt", "abs")}
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
COMMUTATIVE = (ast.Add, ast.Mult)  # exactly so in floating point too: exchanging operands changes no bit

Nodes = Iterator[ast.AST]
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Mutant:
    """One change. `where`, `was` and `now` name it, also after the lines above it have moved."""

    rule: str
    where: str  # "SGD.step"
    was: str
    now: str
    source: str

    @property
    def key(self) -> Key:
        return self.where, self.was, self.now


@dataclass(frozen=True)
class Outcome:
    """How a mutant was marked; no score when it could not be imported."""

    mutant: Mutant
    score: float | None
    killed: bool
    named: tuple[str, ...]  # misconceptions that the diagnosis claims


@dataclass(frozen=True)
class Place:
    """Where a node hangs in the tree, and what is around it."""

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


# ------------------------------------------------------------------------------------------------------- mutants
def mutants(source: str) -> list[Mutant]:
    """Every mutant of the source, each different from it and from the others."""
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
                place.put(replacement)
                ast.fix_missing_locations(tree)
                now = _line(replacement if node is place.statement else place.statement)
                yield Mutant(rule, place.where, was, now, ast.unparse(tree))
                place.put(node)
    yield from _exchanged(tree)


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
    if isinstance(place.node, ast.stmt) and not isinstance(place.node, ast.ClassDef | ast.Pass):
        yield ast.Pass()


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
    "in place": _in_place, "jump": _jump, "loop": _loop, "statement": _statement, "head": _head,
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
        yield Mutant("order", place.where, was, now, ast.unparse(tree))
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
def marked(made: Iterable[Mutant], assignment: Assignment, sandbox: Sandbox) -> Iterator[Outcome]:
    """Each mutant as the grader marks it, in order."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        yield from pool.map(lambda mutant: mark(mutant, assignment, sandbox), made)


def mark(mutant: Mutant, assignment: Assignment, sandbox: Sandbox) -> Outcome:
    code = mutant.source.encode()
    submission = Submission("mutant", {assignment.main: code}, hashlib.sha256(code).hexdigest())
    verdict = pipeline.examine(submission, assignment, sandbox, SEED).verdict
    if verdict is None:
        return Outcome(mutant, None, killed=True, named=())
    score, most = (sum(getattr(c, of) for c in verdict.criteria) for of in ("score", "max_score"))
    named = tuple(dict.fromkeys(d.misconception for d in verdict.diagnoses))
    return Outcome(mutant, score, killed=score < most, named=named)


def equivalents(assignment: Assignment) -> dict[Key, str]:
    """The mutants that deserve full marks, each with the kind of its proof, "same" or "unasked"."""
    table = tomllib.loads((assignment.folder / LISTED).read_text(encoding="utf-8"))
    return {(where, was, now): group["kind"] for group in table["equivalent"] for where, was, now in group["mutants"]}


# --------------------------------------------------------------------------------------------------------- table
def main(arguments: list[str]) -> int:
    """Marks all mutants and prints what became of them; 1 when a survivor is not listed, or a listed one did not survive."""
    assignment, console, started = load("optimizers"), Console(), time.perf_counter()
    path = Path(arguments[0]) if arguments else assignment.model_solution
    listed = {} if arguments else equivalents(assignment)
    made = mutants(path.read_text(encoding="utf-8"))
    with choose("landlock", trusted=True, say=lambda _: None) as sandbox:
        outcomes = list(marked(made, assignment, sandbox))
    console.print(_by_rule(outcomes, listed), _by_score(outcomes))
    console.print(f"{path.name}: {len(outcomes)} mutants in {time.perf_counter() - started:.0f} s ({sandbox.name})")
    wrong = unexpected(outcomes, listed)
    for said in wrong:
        console.print(said, markup=False, highlight=False, soft_wrap=True)
    return 1 if wrong else 0


def unexpected(outcomes: Sequence[Outcome], listed: Mapping[Key, str]) -> list[str]:
    """What the list of equivalent mutants gets wrong, a line each."""
    survivors = {o.mutant.key for o in outcomes if not o.killed}
    said = [f"survived, and is not listed: {' | '.join(key)}" for key in sorted(survivors - listed.keys())]
    return said + [f"listed, and did not survive: {' | '.join(key)}" for key in sorted(listed.keys() - survivors)]


def _by_rule(outcomes: Sequence[Outcome], listed: Mapping[Key, str]) -> Table:
    table = Table("rule", "mutants", "same", "unasked", "killed", "of the others", "named", title="Mutants by rule")
    for rule in (*dict.fromkeys(o.mutant.rule for o in outcomes), "all"):
        these = [o for o in outcomes if rule in ("all", o.mutant.rule)]
        killed = [o for o in these if o.killed]
        kinds = Counter(listed[o.mutant.key] for o in these if o.mutant.key in listed)
        share = f"{len(killed) / max(1, len(these) - kinds.total()):.1%}"
        named = f"{sum(bool(o.named) for o in killed) / max(1, len(killed)):.0%}"
        counts = (len(these), kinds["same"], kinds["unasked"], len(killed))
        table.add_row(rule, *map(str, counts), share, named)
    return table


def _by_score(outcomes: Sequence[Outcome]) -> Table:
    table = Table("score", "mutants", title="Killed mutants by score")
    tens = Counter(-1 if o.score is None else int(o.score // 10) for o in outcomes if o.killed)
    for ten, count in sorted(tens.items()):
        table.add_row("cannot be imported" if ten < 0 else f"{10 * ten} to {10 * ten + 10}", str(count))
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
