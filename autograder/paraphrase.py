"""Writes a right solution as other people would: changes of the source that keep what it does.

An author then needs no twenty right solutions by others: `gradmark verify` makes these from the model solution, and
all of them must get full marks. Each way changes only what certainly keeps the behaviour; where it cannot be sure
(closures, `super()`, operands whose type decides) it leaves the code as it is.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterable, Mapping
from typing import cast

from autograder.syntax import parse

Way = Callable[[ast.Module, frozenset[str]], ast.Module]
Function = ast.FunctionDef
HIDDEN_USES = frozenset({"locals", "vars", "eval", "exec", "globals", "dir"})  # what reads names as text


def paraphrases(source: str, known: Iterable[str] = ()) -> dict[str, str]:
    """The source in other words, by what was changed, and once with every change; only those that differ from it.

    known: the sources beside it, whose names stay as they are.

    Raises:
        SyntaxError: it is not Python.
    """
    kept = frozenset(name for text in known for name in _attributes(parse(text)))
    plain = ast.unparse(parse(source))
    made = {"without comments": plain} if plain != source.rstrip("\n") else {}
    every = parse(source)
    for name, way in WAYS.items():
        made[name] = ast.unparse(ast.fix_missing_locations(way(parse(source), kept)))
        every = way(every, kept)
    made["all of these"] = ast.unparse(ast.fix_missing_locations(every))
    return {name: text for name, text in made.items() if name == "without comments" or text != plain}


# ------------------------------------------------------------------------------------------------------------ names
def _locals_renamed(tree: ast.Module, _kept: frozenset[str]) -> ast.Module:
    for function in _functions(tree):
        _rename_locals(function)
    return tree


def _rename_locals(function: Function) -> None:
    inside = list(ast.walk(function))[1:]
    if any(isinstance(node, Function | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda) for node in inside):
        return  # names of two scopes: better left alone
    if any(isinstance(node, ast.Name) and node.id in HIDDEN_USES for node in inside):
        return
    names = [node for node in inside if isinstance(node, ast.Name)]
    fixed = {arg.arg for arg in ast.walk(function.args) if isinstance(arg, ast.arg)}
    for node in inside:
        if isinstance(node, ast.Global | ast.Nonlocal):
            fixed.update(node.names)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            fixed.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            fixed.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
    stored = dict.fromkeys(node.id for node in names if isinstance(node.ctx, ast.Store) and node.id not in fixed)
    taken = {node.id for node in names} | fixed
    new = {old: _free(f"{old}_here", taken) for old in stored}
    for node in names:
        node.id = new.get(node.id, node.id)


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _private_renamed(tree: ast.Module, kept: frozenset[str]) -> ast.Module:
    """`_name` of methods and attributes that are defined here becomes another; `__name` is mangled, and stays."""
    defined = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)}
    defined |= {
        m.name for c in ast.walk(tree) if isinstance(c, ast.ClassDef) for m in c.body if isinstance(m, Function)
    }
    texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}  # getattr
    private = {name for name in defined - kept - texts if name[0] == "_" and name[:2] != "__"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in private:
            node.attr += "_own"
        elif isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, Function) and method.name in private:
                    method.name += "_own"
    return tree


def _attributes(tree: ast.Module) -> set[str]:
    found = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return found | {node.name for node in ast.walk(tree) if isinstance(node, Function)}


# ------------------------------------------------------------------------------------------------------ expressions
class _Turned(ast.NodeTransformer):
    """Branches of `if` and of `a if c else b` change places, and the condition turns around."""

    def visit_If(self, node: ast.If) -> ast.If:
        self.generic_visit(node)
        if node.orelse:
            node.test, node.body, node.orelse = _not(node.test), node.orelse, node.body
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.IfExp:
        self.generic_visit(node)
        node.test, node.body, node.orelse = _not(node.test), node.orelse, node.body
        return node


def _not(test: ast.expr) -> ast.expr:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    return ast.UnaryOp(ast.Not(), test)


class _Swapped(ast.NodeTransformer):
    """a * b becomes b * a, which is the same number to the last digit; comparisons are read from the other side."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.BinOp:
        self.generic_visit(node)
        if isinstance(node.op, ast.Mult) and _without_effects(node.left) and _without_effects(node.right):
            node.left, node.right = node.right, node.left
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.Compare:
        self.generic_visit(node)
        turned = TURNED.get(type(node.ops[0])) if len(node.ops) == 1 else None
        if turned and _without_effects(node.left) and _without_effects(node.comparators[0]):
            node.left, node.ops, node.comparators = node.comparators[0], [turned()], [node.left]
        return node


TURNED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE}


def _without_effects(expression: ast.expr) -> bool:
    """Evaluating it earlier or later makes no difference: no call, no assignment inside."""
    loud = (ast.Call, ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)
    return not any(isinstance(node, loud) for node in ast.walk(expression))


class _SpeltOut(ast.NodeTransformer):
    """`x += 1` becomes `x = x + 1`, for numbers only: an array would be another one afterwards."""

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AugAssign | ast.Assign:
        self.generic_visit(node)
        number = isinstance(node.value, ast.Constant) and type(node.value.value) is int
        place = node.target
        simple = isinstance(place, ast.Name) or (isinstance(place, ast.Attribute) and isinstance(place.value, ast.Name))
        if not number or not simple:
            return node
        read = copy.deepcopy(place)
        read.ctx = ast.Load()
        return ast.Assign([place], ast.BinOp(cast("ast.expr", read), node.op, node.value))


class _InSteps(ast.NodeTransformer):
    """Give a returned value a name first."""

    def visit_Return(self, node: ast.Return) -> ast.Return | list[ast.stmt]:
        if node.value is None or isinstance(node.value, ast.Name | ast.Constant):
            return node
        name = "what_comes_out"
        return [
            ast.Assign([ast.Name(name, ast.Store())], node.value),
            ast.Return(ast.Name(name, ast.Load())),
        ]


# --------------------------------------------------------------------------------------------------------- structure
def _documented(tree: ast.Module, _kept: frozenset[str]) -> ast.Module:
    """Docstrings and annotations that say nothing."""
    for function in _functions(tree):
        if ast.get_docstring(function) is None:
            function.body.insert(0, ast.Expr(ast.Constant("As in the lecture.")))
        for arg in function.args.args:
            arg.annotation = arg.annotation or (ast.Constant("object") if arg.arg not in ("self", "cls") else None)
    return tree


def _backwards(tree: ast.Module, _kept: frozenset[str]) -> ast.Module:
    """Methods in another order, where no decorator and no other statement of the class depends on it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and all(
            isinstance(m, Function) and not m.decorator_list for m in _methods(node)
        ):
            node.body = node.body[: len(node.body) - len(_methods(node))] + _methods(node)[::-1]
    return tree


def _methods(node: ast.ClassDef) -> list[ast.stmt]:
    return node.body[1:] if ast.get_docstring(node) is not None else node.body


def _patched_in(tree: ast.Module, _kept: frozenset[str]) -> ast.Module:
    """Methods as functions of the module, put into their class: those that do not ask which class they are in."""
    body: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            body += [_lifted(node, at) for at, method in enumerate(node.body) if _can_be_lifted(method)]
        body.append(node)
    tree.body = body
    return tree


def _can_be_lifted(statement: ast.stmt) -> bool:
    if not isinstance(statement, Function) or statement.decorator_list:
        return False
    inside = list(ast.walk(statement))
    asks = any(isinstance(n, ast.Name) and n.id in ("super", "__class__", *HIDDEN_USES) for n in inside)
    private = [
        n.attr if isinstance(n, ast.Attribute) else n.id for n in inside if isinstance(n, ast.Attribute | ast.Name)
    ]
    mangled = any(name.startswith("__") and not name.endswith("__") for name in private)
    defaults = bool(statement.args.defaults or statement.args.kw_defaults)  # may name what stands in the class
    return not asks and not mangled and not defaults


def _lifted(owner: ast.ClassDef, at: int) -> Function:
    """The method as a function of its own; what stands in its place is an assignment."""
    method = cast("Function", owner.body[at])
    name = f"{owner.name}_{method.name.strip('_')}"
    owner.body[at] = ast.Assign([ast.Name(method.name, ast.Store())], ast.Name(name, ast.Load()))
    method.name = name
    return method


def _functions(tree: ast.AST) -> list[Function]:
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def _by(transformer: Callable[[], ast.NodeTransformer]) -> Way:
    return lambda tree, _kept: cast("ast.Module", transformer().visit(tree))


WAYS: Mapping[str, Way] = {
    "locals renamed": _locals_renamed,
    "private names renamed": _private_renamed,
    "branches turned": _by(_Turned),
    "operands swapped": _by(_Swapped),
    "counting spelt out": _by(_SpeltOut),
    "results named first": _by(_InSteps),
    "documented and annotated": _documented,
    "methods backwards": _backwards,
    "methods patched in": _patched_in,
}
