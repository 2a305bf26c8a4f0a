"""A fixed sample of machine-made mistakes in three hands loses marks; `make mutants` takes a larger one (docs/fairness.md)."""

import random

import apart
import mutants
import pytest
from conftest import require

from autograder.assignment import load
from autograder.sandbox.choose import choose

SAMPLE = 4  # a search of some seconds each; drawn with a seed, so that a failure repeats itself
HANDS = 3  # whose mutants are made, drawn too: to make those of all takes a minute


@pytest.fixture(scope="module")
def optimizers():
    return load("optimizers")


@pytest.fixture(scope="module")
def made(optimizers):
    """The mutants of two right solutions, which together use every construct that a rule changes."""
    chosen = [path for path in optimizers.hands if path.stem in ("in_place", "count_per_parameter")]
    return [m for path in chosen for m in mutants.mutants(path.read_text(encoding="utf-8"))]


@pytest.mark.slow("each mutant is searched for its line, in two grammars")
def test_machine_made_mistakes_in_any_hands_lose_marks(optimizers):
    require("landlock")
    hands = random.Random(3).sample([path.stem for path in optimizers.hands], HANDS)  # noqa: S311 - no secret
    with choose("landlock", trusted=True, say=lambda _: None) as sandbox:
        outcomes = [mutants.mark(m, optimizers, sandbox) for m in mutants.sample(optimizers, SAMPLE, 3, hands)]
    assert [o.mutant for o in outcomes if not o.caught] == []


@pytest.mark.slow
def test_every_right_hand_behaves_like_a_right_solution(optimizers):
    assert [path.stem for path in optimizers.hands if apart.differs(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("grad is None", "grad is not None"),
        ("self.beta1**", "self.beta2**"),
        ("param.grad = None", "pass"),
        ("v.copy()", "v"),
    ],
)
def test_a_mistake_lives_apart(optimizers, was, now):
    source = next(path for path in optimizers.hands if path.stem == "count_per_parameter").read_text(encoding="utf-8")
    assert was in source
    assert apart.differs(source.replace(was, now))


@pytest.mark.parametrize(
    ("where", "statement", "rows"),
    [
        ("SGD.step", "param.data = param.data - self.lr * g", {"sgd"}),
        ("Adam.step", "m_hat = self.m[i] / (1 - self.beta1 ** t)", {"bias_correction"}),
        ("AdamW.step", "param.data = param.data * (1 - self.lr * self.weight_decay)", {"adamw"}),
        ("Adam.step", "self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * grad ** 2", {"adam_moments"}),
        ("Optimizer.zero_grad", "param.grad = None", {"zero_grad"}),
        ("Velocity.push", "return self.value", {"momentum"}),
        ("Optimizer.__init__", "self.step_count = 0", {"interface", "bias_correction"}),
    ],
)
def test_the_rows_of_a_line_are_read_from_its_words(where, statement, rows):
    assert mutants.rows_of(where, statement) == rows


@pytest.mark.parametrize(
    ("now", "rows"),
    [
        ("if t > 1:", {"adam_moments", "bias_correction", "state"}),
        ("(nothing)", {"adam_moments", "bias_correction", "state", "adaptive_step", "interface"}),
    ],
)
def test_an_edit_of_a_condition_or_a_whole_loop_is_about_what_that_holds(now, rows):
    source = (
        "class Adam:\n def step(self):\n  for t in self.ts:\n   if t == 1:\n    self.m[t] = np.zeros(1)\n"
        "   theta.data = m / np.sqrt(v)"
    )
    assert frozenset(rows) in {m.rows for m in mutants.mutants(source) if m.now == now}


@pytest.mark.slow
def test_every_rule_makes_mutants_that_differ_from_the_source_and_each_other(made):
    assert {m.rule for m in made} == {*mutants.RULES, "order"}
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
