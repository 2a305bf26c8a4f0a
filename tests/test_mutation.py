"""A fixed sample of the mechanical mutants of the model solution loses marks, and the list of equivalent ones is true.

`make mutants` marks them all; docs/mutation.md has the figures.
"""

import random
import tomllib

import mutants
import pytest
from conftest import require

from autograder.assignment import load
from autograder.sandbox.choose import choose

SAMPLE = 40  # a few seconds; drawn once, so that a failure repeats itself
LISTED_SAMPLE = 10


@pytest.fixture(scope="module")
def optimizers():
    return load("optimizers")


@pytest.fixture(scope="module")
def listed(optimizers):
    return mutants.equivalents(optimizers)


@pytest.fixture(scope="module")
def made(optimizers):
    return mutants.mutants(optimizers.model_solution.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def outcomes(optimizers, made, listed):
    """Some mutants that must lose marks and some that must not, marked."""
    require("landlock")
    draw = random.Random(1)  # noqa: S311 - no secret
    wrong = draw.sample([m for m in made if m.key not in listed], SAMPLE)
    right = draw.sample([m for m in made if m.key in listed], LISTED_SAMPLE)
    with choose("landlock", trusted=True, say=lambda _: None) as sandbox:
        return list(mutants.marked(wrong + right, optimizers, sandbox))


@pytest.mark.slow
def test_mutants_lose_marks_unless_they_are_listed(outcomes, listed):
    sampled = {o.mutant.key for o in outcomes}
    assert mutants.unexpected(outcomes, {key: kind for key, kind in listed.items() if key in sampled}) == []
    assert sum(o.killed for o in outcomes) == SAMPLE


@pytest.mark.slow
def test_a_list_that_is_not_true_is_noticed(outcomes):
    survivor = next(o for o in outcomes if not o.killed)
    killed = next(o for o in outcomes if o.killed)
    assert mutants.unexpected([survivor], {}) == [f"survived, and is not listed: {' | '.join(survivor.mutant.key)}"]
    assert mutants.unexpected([killed], {killed.mutant.key: "same"}) == [
        f"listed, and did not survive: {' | '.join(killed.mutant.key)}"
    ]
    assert mutants.unexpected([], {("nowhere", "x", "y"): "same"}) == ["listed, and did not survive: nowhere | x | y"]


def test_every_listed_mutant_occurs_and_is_proven(optimizers, made, listed):
    keys = [m.key for m in made]
    assert len(keys) == len(set(keys)), "two mutants of one name: the list cannot tell them apart"
    assert sorted(listed.keys() - set(keys)) == []
    groups = tomllib.loads((optimizers.folder / mutants.LISTED).read_text(encoding="utf-8"))["equivalent"]
    assert {group["kind"] for group in groups} == {"same", "unasked"}
    assert all(group["because"].endswith(".") for group in groups)
    assert sum(len(group["mutants"]) for group in groups) == len(listed), "listed twice"


def test_every_rule_makes_mutants_that_differ_from_the_source_and_each_other(made):
    used = {m.rule for m in made}
    assert used == {*mutants.RULES, "order"}
    assert len({m.source for m in made}) == len(made)
    for mutant in made:
        compile(mutant.source, "mutant", "exec")


@pytest.mark.parametrize(
    ("source", "rule", "expected"),
    [
        ("def f(a, b):\n    return a - b", "operands", {"return a", "return b", "return b - a"}),
        ("def f(a):\n    return a ** 2", "constant", {f"return a ** {n}" for n in (0, 1, -1, 3, 4, 20, -2)}),
        ("def f(a):\n    if a is None:\n        pass", "comparison", {"if a is not None:"}),
        ("def f(a):\n    if a:\n        return 1", "condition", {"if not a:", "if True:", "if False:"}),
        ("def f(a, i):\n    return a[i]", "index", {"return a[0]", "return a[-1]", "return a[i - 1]"}),
        ("def f(a):\n    return g(a, k=1)", "call", {"return a", "return g(a)"}),
        ("def f(lr, eps):\n    return lr", "variable", {"return eps"}),
        ("def f(a, b=1, c=2):\n    pass", "argument", {"def f(a, c=2, b=1):", "def f(a, b, c=2):"}),
        ("def f(a):\n    a = a + 1\n    return a", "in place", {"a += 1"}),
        ("def f(a):\n    for x in a:\n        continue", "jump", {"break", "return"}),
        ("def f(a):\n    g = a\n    return g", "order", {"return g; g = a"}),
        ("@d\nclass C(B):\n    pass", "head", {"@d class C:", "class C(B):"}),
    ],
)
def test_what_a_rule_makes(source, rule, expected):
    assert {m.now for m in mutants.mutants(source) if m.rule == rule} == expected
