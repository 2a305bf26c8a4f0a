"""The template is the model solution without its solutions, and earns nothing by itself."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from autograder.strip import BadRegion, regions, skeleton

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "reference" / "optimizers.py"
TEMPLATE = ROOT / "student_template" / "optimizers.py"

SMALL = """\
def double(x):
    # TODO: return twice "x"
    ### BEGIN SOLUTION
    result = x + x
    return result
    ### END SOLUTION
"""


def test_a_region_becomes_its_todo():
    assert skeleton(SMALL) == (
        'def double(x):\n    # TODO: return twice "x"\n    raise NotImplementedError("TODO: return twice \\"x\\"")\n'
    )


def test_both_families_of_marks_mean_the_same():
    assert skeleton(SMALL.replace("###", "#")) == skeleton(SMALL)


def test_a_region_inside_a_loop_keeps_its_depth():
    source = "def f():\n    for i in range(3):\n        # TODO: use i\n        # BEGIN SOLUTION\n        print(i)\n        # END SOLUTION\n"
    assert skeleton(source).splitlines()[-1] == '        raise NotImplementedError("TODO: use i")'


def test_a_file_without_regions_stays_as_it_is():
    assert skeleton("x = 1\n") == "x = 1\n"


BAD = {
    "inside another": (
        SMALL.replace("    result", "    ### BEGIN SOLUTION\n    result"),
        "inside that of line 3",
    ),
    "without a begin": (
        SMALL.replace("    ### BEGIN SOLUTION\n", ""),
        "Line 5 ends a solution that has no `### BEGIN",
    ),
    "without an end": (SMALL.replace("    ### END SOLUTION\n", ""), "line 3 has no `### END"),
    "without a TODO": (SMALL.replace("TODO", "now"), "right before line 3"),
    "on the first line": ("### BEGIN SOLUTION\n### END SOLUTION\n", "right before line 1"),
    "outside a function": (
        "# TODO: x\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n",
        "line 2 is outside a function",
    ),
    "half a statement": (
        SMALL.replace("    return result\n    ### END SOLUTION", "    if x:\n    ### END SOLUTION\n        return 1"),
        "no valid Python",
    ),
}


@pytest.mark.parametrize("how", BAD)
def test_a_bad_region_is_refused_with_its_line(how):
    source, told = BAD[how]
    with pytest.raises(BadRegion, match=told):
        skeleton(source)


# -------------------------------------------------------------------------------------------- the shipped template
def test_the_committed_template_is_the_stripped_model_solution():
    assert TEMPLATE.read_text() == skeleton(REFERENCE.read_text()), "render it again: autograder.strip.skeleton"


def test_no_line_of_any_solution_is_left():
    source = REFERENCE.read_text()
    lines = source.splitlines()
    left = {line.strip() for line in skeleton(source).splitlines()}
    solutions = {line.strip() for r in regions(source) for line in lines[r.begin + 1 : r.end]}
    assert len(solutions) > 30
    assert not solutions & left


def test_what_is_given_is_the_same_in_both():
    """Names, arguments, defaults and docstrings: a student who fills the template in has the interface right."""

    def interface(source):
        return [
            (
                node.name,
                ast.get_docstring(node),
                ast.dump(node.args) if isinstance(node, ast.FunctionDef) else "",
            )
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
        ]

    assert interface(TEMPLATE.read_text()) == interface(REFERENCE.read_text())


def test_every_method_of_the_template_says_what_to_do(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "student_template")
    module = {"__name__": "optimizers"}
    exec(compile(TEMPLATE.read_text(), "optimizers.py", "exec"), module)  # noqa: S102 - our own file
    called = 0
    for name in ("Optimizer", "SGD", "Adam", "AdamW"):
        for method in vars(module[name]).values():
            if callable(method):
                called += 1
                values = [None] * (method.__code__.co_argcount - len(method.__defaults__ or ()))
                with pytest.raises(NotImplementedError, match=r"^TODO: "):
                    method(*values)
    assert called == 12  # Optimizer 3, SGD 5, Adam 2, AdamW 2
    for name in [name for name in sys.modules if name.split(".")[0] == "tinytorch"]:
        del sys.modules[name]
