"""The same solution in other words does the same: what is changed, what is left alone, and full marks for all of it."""

from __future__ import annotations

import ast
import hashlib

import numpy as np
import pytest
from conftest import require

from autograder import pipeline
from autograder.assignment import load
from autograder.model import Submission
from autograder.paraphrase import WAYS, paraphrases
from autograder.sandbox.landlock import LandlockSandbox

NAMES = ("optimizers", "schedulers", "foundations")


def way(name: str, source: str, known: str = "") -> str:
    return paraphrases(source, [known])[name]


@pytest.mark.slow
def test_every_way_changes_some_shipped_solution():
    used = {how for name in NAMES for how in paraphrases(load(name).model_solution.read_text())}
    hands = {how for path in load("optimizers").hands for how in paraphrases(path.read_text())}
    assert used | hands == {"without comments", "all of these", *WAYS}


@pytest.mark.parametrize(
    ("name", "source", "said"),
    [
        ("locals renamed", "def f(x):\n    y = x\n    return y", "y_here = x"),
        ("private names renamed", "class A:\n    def _f(self):\n        return self._f", "self._f_own"),
        ("branches turned", "def f(x):\n    return 1 if x else 2", "2 if not x else 1"),
        ("branches turned", "def f(x):\n    if not x:\n        g()\n    else:\n        h()", "if x:\n        h()"),
        ("operands swapped", "def f(a, b):\n    return a * b", "b * a"),
        ("operands swapped", "def f(a, b):\n    return a < b", "b > a"),
        ("counting spelt out", "def f(a):\n    a.n += 1", "a.n = a.n + 1"),
        ("results named first", "def f(a):\n    return a + 1", "return what_comes_out"),
        ("methods patched in", "class A:\n    def f(self):\n        return 1", "f = A_f"),
    ],
)
def test_what_is_changed(name, source, said):
    assert said in way(name, source)


UNSURE = {
    "a closure": ("locals renamed", "def f(x):\n    y = x\n    return lambda: y"),
    "a name that is read as text": ("locals renamed", "def f(x):\n    y = x\n    return locals()"),
    "an argument, which may be given by name": ("locals renamed", "def f(x):\n    x = 1\n    return x"),
    "a private name of the provided tensor": ("private names renamed", "class A:\n    def f(self):\n        self._origins = 1"),
    "a private name that is read as text": (
        "private names renamed", "class A:\n    def _f(self):\n        return getattr(self, '_f')",
    ),
    "a mangled name": ("methods patched in", "class A:\n    def f(self):\n        return self.__x"),
    "super()": ("methods patched in", "class A:\n    def f(self):\n        return super().f()"),
    "an array, which would be another one afterwards": ("counting spelt out", "def f(a, b):\n    a += b"),
    "calls, whose order may matter": ("operands swapped", "def f(a, b):\n    return a() * b()"),
    "a sum, which may be of lists": ("operands swapped", "def f(a, b):\n    return a + b"),
}  # fmt: skip


@pytest.mark.parametrize("what", UNSURE)
def test_what_cannot_be_sure_to_keep_the_behaviour_is_left_alone(what):
    name, source = UNSURE[what]
    assert name not in paraphrases(source, ["class Tensor:\n    def f(self):\n        return self._origins\n"])


def test_names_that_are_taken_are_not_taken_again():
    names: dict = {}
    exec(way("locals renamed", "def f(x):\n    y = 2\n    y_here = 3\n    return x * y + y_here"), names)  # noqa: S102 - our own
    assert names["f"](10) == 23


def test_the_same_numbers_come_out_to_the_last_digit():
    source = "def f(a, b):\n    c = a * b if (a < b).all() else a\n    return c * (a * b)\n"
    a, b = np.random.default_rng(1).normal(size=(2, 50))
    results = []
    for text in (source, *paraphrases(source).values()):
        names: dict = {}
        exec(text, names)  # noqa: S102 - our own
        results.append(names["f"](a, b))
    assert all(np.array_equal(results[0], other) for other in results)


def test_a_docstring_is_not_taken_for_code():
    assert ast.get_docstring(ast.parse(way("documented and annotated", "def f(x):\n    return x")).body[0])


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_way_of_writing_a_right_solution_gets_full_marks(name):
    require("landlock")
    assignment = load(name)
    given = [source for module, source in assignment.sources.items() if module != assignment.driver]
    short = {}
    with LandlockSandbox() as sandbox:
        for path in (assignment.model_solution, *assignment.hands[::4]):
            for how, source in paraphrases(path.read_text(), given).items():
                content = source.encode()
                one = Submission("one", {assignment.main: content}, hashlib.sha256(content).hexdigest())
                report = pipeline.grade(one, assignment, sandbox, 7)
                if report.score != report.max_score:
                    short[path.stem, how] = report.score
    assert short == {}
