"""Takes definitions out of our own modules, with all that they use, so that students run the very code that marks.

What is lifted stays as it is written, down to its comments. Annotations are not followed: nothing evaluates them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.syntax import parse


class CannotLift(Exception):
    """Ours: a name that is nowhere, or that means two things in the modules lifted from; the message says which."""


@dataclass(frozen=True)
class Definition:
    """A name bound at the top of a module: its text, and the names that it uses."""

    name: str
    module: Path
    line: int
    text: str
    uses: frozenset[str]


def lifted(modules: Sequence[Path], wanted: Iterable[str]) -> str:
    """Source text of `wanted` and of what that needs, in the order of `modules`, with the imports it needs.

    Raises:
        CannotLift: a name is defined nowhere in `modules`, or twice.
    """
    trees = {module: parse(module.read_text(encoding="utf-8")) for module in modules}
    known = [definition for module, tree in trees.items() for definition in _definitions(module, tree)]
    taken = _closure(known, trees, wanted)
    used = frozenset[str]().union(*(definition.uses for definition in taken.values()))
    imports = {text for tree in trees.values() for name, text in _imports(tree) if name in used}
    ordered = [d.text for d in known if taken.get(d.name) is d]
    return "\n".join(["from __future__ import annotations", "", *sorted(imports)]) + "\n\n\n" + "\n\n\n".join(ordered)


def _closure(
    known: Sequence[Definition], trees: dict[Path, ast.Module], wanted: Iterable[str]
) -> dict[str, Definition]:
    taken: dict[str, Definition] = {}
    ours = {module: _from_us(tree) for module, tree in trees.items()}
    queue: list[tuple[str, Path | None]] = [(name, None) for name in wanted]
    while queue:
        name, source = queue.pop()
        found = [d for d in known if d.name == name]
        here = [d for d in found if d.module == source] or found
        if not here:
            if source is None or name in ours[source]:
                raise CannotLift(f"{name} is defined in none of {', '.join(path.name for path in trees)}.")
            continue  # a builtin, a local name, or somebody else's
        if source is not None and here[0].module != source and name not in ours[source]:
            continue  # a local name that another module happens to define
        if name not in taken:
            taken[name] = here[0]
            queue += [(used, here[0].module) for used in sorted(here[0].uses)]
        elif taken[name] is not here[0]:
            raise CannotLift(f"{name} means two things: in {taken[name].module.name} and in {here[0].module.name}.")
    return taken


def _definitions(module: Path, tree: ast.Module) -> Iterator[Definition]:
    lines = module.read_text(encoding="utf-8").splitlines()
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                first = node.lineno
            case _:
                continue
        assert node.end_lineno is not None
        names = _UsedNames()
        names.visit(node)
        yield Definition(name, module, first, "\n".join(lines[first - 1 : node.end_lineno]), frozenset(names.used))


class _UsedNames(ast.NodeVisitor):
    """The names that a definition uses when it runs."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:
        self.used.add(node.id)

    def visit_arg(self, node: ast.arg) -> None:
        """An argument's annotation is not followed."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for part in (*node.decorator_list, node.args, *node.body):
            self.visit(part)


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Other people's modules: (bound name, the statement that binds it)."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname or alias.name).split(".")[0], ast.unparse(ast.Import([alias]))
        elif isinstance(node, ast.ImportFrom) and not _is_ours(node) and node.module != "__future__":
            for alias in node.names:
                yield alias.asname or alias.name, ast.unparse(ast.ImportFrom(node.module, [alias], 0))


def _from_us(tree: ast.Module) -> frozenset[str]:
    """The names that a module has from other modules of ours."""
    ours = (node for node in tree.body if isinstance(node, ast.ImportFrom) and _is_ours(node))
    return frozenset(alias.asname or alias.name for node in ours for alias in node.names)


def _is_ours(node: ast.ImportFrom) -> bool:
    return node.level > 0 or str(node.module).split(".")[0] == "autograder"
