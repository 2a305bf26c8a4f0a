"""Prints what single edits put into a line of a source: run by tests in a process of its own.

The grammar gives Python's own nodes a place of their own, which is right in the sandbox and nowhere else.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from inspect import CO_NEWLOCALS
from pathlib import Path
from types import CodeType
from typing import Any

GRAMMAR = Path(__file__).resolve().parent.parent / "autograder" / "guest"


def put_in(asked: Sequence[tuple[str, int]]) -> list[set[str]]:
    """Return what an edit of this line of this source puts in the place of what, for each of many: "was → now"."""
    return [set(texts) for texts in _answered("put", asked)]


def with_all_edits(sources: Sequence[str]) -> list[list[str]]:
    """Return why the program with all edits of a source behind a switch is another one: by each of both grammars.

    It does not compile, or a name from outside a function would be one of its own.
    """
    return _answered("compiled", sources)


def _answered(question: str, asked: object) -> Any:
    done = subprocess.run(
        [sys.executable, __file__, question], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def functions_of(code: CodeType) -> dict[str, CodeType]:
    """Return all functions of a program by their qualified names, what else has code of its own left out."""
    found = {}
    for inner in (one for one in code.co_consts if isinstance(one, CodeType)):
        found |= functions_of(inner)
        if not inner.co_name.startswith("<") and inner.co_flags & CO_NEWLOCALS:
            found[inner.co_qualname] = inner
    return found


class InAGuest(MetaPathFinder):
    """Finds our modules by the names that they have in a guest."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        file = GRAMMAR / f"{name.removeprefix('gradmark_')}.py"
        return spec_from_file_location(name, file) if name.startswith("gradmark_") else None


def main(question: str) -> None:
    sys.meta_path.append(InAGuest())
    from gradmark_plan import Plan
    from gradmark_switched import Build
    from gradmark_trees import BUILTINS, defined, functions, parse, text

    def put(source: str, line: int) -> list[str]:
        tree = parse(source)
        ran = {
            n for f, _ in functions(tree) for n in range(f.lineno, f.end_lineno + 1) if f.lineno <= line <= f.end_lineno
        }
        plan = Plan(tree, ran | {line}, rich=False)
        put = [(plan.edits[number - 1], new) for others in plan.expressions.values() for number, new in others]
        return sorted({f"{text(edit.anchor)} → {text(new)}" for edit, new in put if edit.line <= line <= edit.end})

    def compiled(source: str, *, rich: bool) -> str:
        plan = Plan(parse(source), set(range(1, source.count("\n") + 2)), rich=rich, refused=True)
        try:
            program = compile(Build(plan).tree(), "program", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, TypeError) as error:
            return str(error)
        plain = functions_of(compile(parse(source), "program", "exec", dont_inherit=True))
        outside = {name for node in plan.tree.body for name in defined(node)} | BUILTINS
        for name, code in functions_of(program).items():
            own = {*code.co_varnames, *code.co_cellvars} - {*plain[name].co_varnames, *plain[name].co_cellvars}
            if taken := sorted(own & {*outside, *plain[name].co_freevars}):
                return f"{name} would have names of its own that it has from outside: {taken}"
        return "" if plan.edits else "no edits"

    gc.disable()  # as in a guest: of thousands of nodes none is garbage
    asked = json.load(sys.stdin)
    told = (
        [put(*one) for one in asked]
        if question == "put"
        else [[compiled(source, rich=rich) for rich in (False, True)] for source in asked]
    )
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
