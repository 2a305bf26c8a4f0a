"""The quiz of `optimizers`: every template, over many seeds, gives an item whose answers can be told apart."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from math import isclose
from types import SimpleNamespace

import numpy as np
import pytest

from autograder import variants
from autograder.assignment import load
from autograder.assignments.optimizers import quiz_formulas, quiz_lines, quiz_memory
from autograder.assignments.optimizers.quiz import BLUEPRINT, QUESTIONS, TEMPLATES, make, quiz
from autograder.assignments.optimizers.quiz_bias import first_step
from autograder.assignments.optimizers.quiz_draw import Degenerate, Draw, distinct, numeric
from autograder.assignments.optimizers.quiz_prediction import CHANGES, PREDICTION, golden, outcome
from autograder.model import (
    ChoiceKey,
    FormulaKey,
    Item,
    MatrixKey,
    NumericKey,
    OrderKey,
    TextKey,
)
from autograder.quiz import mark_item, mark_quiz
from autograder.reference import updates

SEEDS = range(200)
FEW = range(6)  # for what goes through the whole engine


# --------------------------------------------------------------------------------------------- what a sound item is
def complaints(item: Item) -> list[str]:
    """What is wrong with an item in itself."""
    said = []
    if not (item.prompt and item.solution and item.title and item.idea and item.points > 0):
        said.append("something is empty")
    said += CHECKS[type(item.key)](item)
    return said


def _numbers(item: Item) -> list[str]:
    key = item.key
    assert isinstance(key, NumericKey)
    values = [key.value, *(float(w.value) for w in key.wrong)]
    said = [f"{v} is not finite" for v in values if not np.isfinite(v)]
    accepted = 10 ** (1 - key.figures)  # twice the half unit of the last figure that an answer may be off
    for i, a in enumerate(values):
        said += [f"{a} and {b} are too near" for b in values[:i] if abs(a - b) <= accepted * max(abs(a), abs(b))]
    said += ["key is zero"] if key.value == 0 else []
    said += ["too few wrong answers"] if len(key.wrong) < 2 else []
    return said + ["a wrong answer without a hint" for w in key.wrong if not w.hint]


def _options(item: Item) -> list[str]:
    key = item.key
    assert isinstance(key, ChoiceKey)
    right = [o for o in key.options if o.right]
    said = [f"{len(right)} right of {len(key.options)}"] if len(right) == len(key.options) or not right else []
    said += ["several right ones"] if len(right) > 1 and not key.several else []
    texts = [(o.id, o.text) if item.kind == "line" else o.text for o in key.options]
    said += ["two options are the same"] if len(set(texts)) < len(texts) else []
    said += ["one id twice"] if len({o.id for o in key.options}) < len(key.options) else []
    return said + [f"{o.id} has no hint" for o in key.options if not o.hint]


def _order(item: Item) -> list[str]:
    key = item.key
    assert isinstance(key, OrderKey)
    said = ["not a permutation"] if sorted(key.order) != sorted(key.entries) else []
    said += ["shown in the right order"] if list(key.entries) == list(key.order) else []
    return said + (["two entries are the same"] if len(set(key.entries.values())) < len(key.entries) else [])


def _matrix(item: Item) -> list[str]:
    key = item.key
    assert isinstance(key, MatrixKey)
    said = ["one column twice"] if len(set(key.columns)) < len(key.columns) else []
    said += [f"{row} has no column" for row in key.rows if key.right.get(row) not in key.columns]
    wanted = {(row, c) for row in key.rows for c in key.columns if key.right[row] != c}
    return said + (
        ["a wrong cell without a hint"] if wanted != {cell for cell, hint in key.hints.items() if hint} else []
    )


def value_at(expression: str, point: dict[str, float]) -> float:
    names = {node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)} - {"sqrt"}
    assert names <= point.keys(), f"{expression} uses names that the item does not offer"
    return float(eval(expression, {"sqrt": np.sqrt, "__builtins__": {}}, point))  # noqa: S307 - our own text


POINT = {"theta": 1.7, "g": -0.6, "lr": 0.3, "lam": 0.2, "mu": 0.8, "v": 0.9, "m": 0.4, "s": 0.7, "beta1": 0.85,
         "beta2": 0.95, "t": 3.0, "m_hat": 0.35, "v_hat": 0.55, "eps": 0.01}  # fmt: skip


def _formula(item: Item) -> list[str]:
    key = item.key
    assert isinstance(key, FormulaKey)
    point = {name: POINT[name] for name in key.symbols}
    values = [value_at(text, point) for text in (key.expression, *(str(w.value) for w in key.wrong))]
    said = ["two formulas agree"] if any(isclose(a, b) for i, a in enumerate(values) for b in values[:i]) else []
    return said + ["a wrong answer without a hint" for w in key.wrong if not w.hint]


def _text(item: Item) -> list[str]:
    key = item.key
    assert isinstance(key, TextKey)
    return [] if sum(p for p, _ in key.rubric) == item.points and key.sample else ["the rubric's points do not add up"]


CHECKS = {
    NumericKey: _numbers,
    ChoiceKey: _options,
    OrderKey: _order,
    MatrixKey: _matrix,
    FormulaKey: _formula,
    TextKey: _text,
}


@pytest.mark.slow
@pytest.mark.parametrize("template", TEMPLATES)
def test_no_item_is_degenerate(template):
    """Keys and wrong answers stay apart beyond tolerance, whatever is drawn."""
    found = {seed: said for seed in SEEDS if (said := complaints(make(template, seed)))}
    assert found == {}


def test_answers_too_near_each_other_are_refused():
    with pytest.raises(Degenerate):
        distinct(1.0, [(1.004, "a"), (2.0, "b")], figures=3, least=2)
    assert [w.value for w in distinct(1.0, [(1.004, "a"), (2.0, "b"), (2.01, "c"), (np.nan, "d")], 3, 1)] == [2.0]


def test_an_unsound_item_is_seen():
    sound = numeric("x", "x", "x", 1.0, [(2.0, "a"), (3.0, "b")], "x")
    assert _numbers(sound) == []
    near = NumericKey(1.0, "", 3, (*sound.key.wrong, *(type(sound.key.wrong[0])(1.001, "c"),)))
    assert any("too near" in said for said in _numbers(SimpleNamespace(key=near)))


# ------------------------------------------------------------------------------------------------- blueprint and draw
def test_every_template_has_one_place_and_a_quiz_one_item_from_each_slot():
    placed = [template for slot in BLUEPRINT for template in slot.templates]
    assert sorted(placed) == sorted(TEMPLATES)
    assert len(placed) == len(set(placed)) >= 36
    for seed in SEEDS[:30]:
        for item, slot in zip(quiz(seed), BLUEPRINT, strict=True):
            assert (item.id in slot.templates, item.kind, item.points) == (True, slot.kind, slot.points)


def test_the_same_seed_gives_the_same_quiz():
    for seed in SEEDS[:10]:
        assert [replace(item, follow=None) for item in quiz(seed)] == [
            replace(item, follow=None) for item in quiz(seed)
        ]


def test_all_quizzes_are_worth_the_same():
    assert {sum(item.points for item in quiz(seed)) for seed in SEEDS[:30]} == {25}


def test_templates_of_a_slot_are_of_one_kind():
    for slot in BLUEPRINT:
        assert {make(template, 1).kind for template in slot.templates} == {slot.kind}, slot.id
        assert len(slot.templates) >= 3, slot.id


def test_seeds_differ_in_structure_and_not_only_in_numbers():
    structures = {tuple(item.id for item in quiz(seed)) for seed in SEEDS[:30]}
    assert len(structures) == 30


@pytest.mark.slow
def test_every_template_is_drawn_by_some_seed():
    drawn = {item.id for seed in range(120) for item in quiz(seed)}
    assert drawn == set(TEMPLATES)


@pytest.mark.parametrize(
    "template", [t for t in TEMPLATES if make(t, 0).kind in ("numeric", "prediction", "choice", "line")]
)
def test_numbers_are_drawn(template):
    assert len({make(template, seed).prompt for seed in SEEDS[:40]}) >= 5


def test_options_are_shuffled_by_the_seed():
    for template in ("race-scales", "checkpoint-restore", "order-sgd"):
        keys = {str(make(template, seed).key) for seed in SEEDS[:40]}
        assert len(keys) > 3, template
    right = {next(o.id for o in make("decoupling-which", seed).key.options if o.right) for seed in SEEDS[:40]}
    assert right == set("abcd")


def test_every_question_of_the_notes_is_asked():
    named = " ".join(QUESTIONS)
    for what in (
        "Q1",
        "Q2",
        "Q3",
        "Q4",
        "Q5",
        "matrix: memory",
        "matrix: convergence",
        "matrix: generalization",
        "175B",
    ):
        assert what in named
    assert sum(question.startswith("reflection") for question in QUESTIONS) == 4
    for question, templates in QUESTIONS.items():
        assert templates, question
        assert set(templates) <= set(TEMPLATES), question
    assert {t for templates in QUESTIONS.values() for t in templates} == set(TEMPLATES), (
        "an item that answers to nothing"
    )


def test_the_assignment_has_this_quiz():
    assignment = load("optimizers")
    assert [i.id for i in assignment.quiz(assignment.quiz_seed)] == [i.id for i in quiz(assignment.quiz_seed)]


# ------------------------------------------------------------------------------------------ the keys, computed anew
def test_the_notes_memory_figures_in_their_true_units():
    """10 billion float32 parameters and 175 billion: 37.25 GiB, 74.51 GiB, 111.76 GiB; 1.27 TiB is state, not GB."""
    weights = 10e9 * quiz_memory.FP32
    assert round(weights / quiz_memory.BYTES["GiB"], 2) == 37.25
    assert round(3 * weights / quiz_memory.BYTES["GiB"], 2) == 111.76
    found = [make("memory-175b", seed) for seed in SEEDS]
    state = [
        i.key.value for i in found if i.key.unit == "TiB" and "with Adam." in i.prompt and "state alone" in i.prompt
    ]
    assert {round(value, 2) for value in state} == {1.27}


def test_first_steps_without_correction_have_their_true_sizes():
    usual = (0.9, 0.999)
    assert first_step("correction-missing", usual) == pytest.approx(10**0.5, rel=1e-6)
    assert first_step("correction-m-missing", usual) == pytest.approx(0.1, rel=1e-6)
    assert first_step("correction-v-missing", usual) == pytest.approx(1000**0.5, rel=1e-6)


@pytest.mark.parametrize(("name", "kwargs"), [
    ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.2}),
    ("Adam", {"lr": 0.1, "betas": (0.8, 0.9), "weight_decay": 0.2}),
    ("AdamW", {"lr": 0.1, "betas": (0.8, 0.9), "weight_decay": 0.2}),
])  # fmt: skip
def test_golden_and_wrong_answers_come_from_one_experiment(name, kwargs):
    """With nothing switched, the family is where the reference is: a gap would make every distractor wrong."""
    CHANGES_NONE = "nothing"
    CHANGES[CHANGES_NONE] = {}
    try:
        for grads in ([1.0, -2.0], [1.0, None, 3.0]):
            (same,) = outcome(name, kwargs, 2.0, grads, [CHANGES_NONE], {1: 0.05})
            assert same == pytest.approx(golden(name, kwargs, 2.0, grads, {1: 0.05}), rel=1e-12)
    finally:
        del CHANGES[CHANGES_NONE]


def test_predictions_by_hand():
    assert golden("SGD", {"lr": 0.1, "momentum": 0.5}, 2.0, [-1.0, 3.0]) == pytest.approx(2 + 0.1 - 0.1 * 2.5)
    assert golden("SGD", {"lr": 0.2}, -1.0, [-1.0, 1.0], {1: 0.4}) == pytest.approx(-1 + 0.2 - 0.4)


def test_formulas_are_the_reference():
    p = SimpleNamespace(**POINT)
    keys = {template: make(template, 0).key.expression for template in quiz_formulas.ASKED}
    step = p.lr * p.m_hat / (p.v_hat**0.5 + p.eps)
    expected = {
        "formula-sgd-l2": updates.sgd([p.theta], [[p.g]], lr=p.lr, weight_decay=p.lam)[-1, 0],
        "formula-velocity": p.mu * p.v + p.g,
        "formula-m-hat": (p.beta1 * p.m + (1 - p.beta1) * p.g) / (1 - p.beta1**p.t),
        "formula-v-hat": (p.beta2 * p.s + (1 - p.beta2) * p.g**2) / (1 - p.beta2**p.t),
        "formula-adam-step": p.theta - step,
        "formula-adamw-step": (p.theta - step) * (1 - p.lr * p.lam),
    }
    assert {t: value_at(text, POINT) for t, text in keys.items()} == pytest.approx(expected)


@pytest.mark.parametrize(("text", "expected"), [
    ("a - (b - c)", lambda a, b, c: a - (b - c)), ("a / (b * c)", lambda a, b, c: a / (b * c)),
    ("a * (b + c)", lambda a, b, c: a * (b + c)), ("(a * b)**c", lambda a, b, c: (a * b) ** c),
    ("1 - a**c", lambda a, b, c: 1 - a**c), ("2 / (a / b)", lambda a, b, c: 2 / (a / b)),
    ("a * (b / c)", lambda a, b, c: a * (b / c)), ("-a * b", lambda a, b, c: -a * b), ("a - -b", lambda a, b, c: a - -b),
    ("0 * a + b", lambda a, b, c: 0 * a + b), ("a**(b**c)", lambda a, b, c: a ** (b**c)),
])  # fmt: skip
def test_an_expression_written_down_means_what_was_done(text, expected):
    symbols = {name: quiz_formulas.Sym(name) for name in "abc"}
    point = {"a": 1.3, "b": 0.7, "c": 2.9}
    assert value_at(expected(**symbols).text, point) == pytest.approx(expected(**point)), text


LINES = [(c, belief) for pool in quiz_lines.CANDIDATES.values() for c, belief in pool]


@pytest.mark.parametrize(("name", "belief"), LINES)
def test_a_planted_mistake_changes_exactly_one_line_of_a_listing(name, belief):
    assert len(quiz_lines.changed(name, belief)) == 1
    assert 8 <= len(quiz_lines.listing(name, belief)) <= 12


def shown_numbers(item: Item, pattern: str) -> tuple[float, ...]:
    """The numbers that students read in a prompt."""
    match = re.search(pattern, item.prompt.replace("−", "-"))
    assert match, item.prompt
    return tuple(float(group) for group in match.groups())


N = r"(-?\d+(?:\.\d+)?(?:e-?\d+)?)"


@pytest.mark.parametrize("name", ["optimizers", "schedulers", "foundations"])
def test_keys_follow_from_what_the_prompt_shows(name):
    """Somebody else works each number out from the words of the question, and a wrong key is seen."""
    assignment = load(name)
    stated = {statement: (holds, found) for statement, holds, found in variants.statements(assignment, SEEDS[:15])}
    holds, found = stated["keys agree with the questions"]
    assert holds
    assert re.fullmatch(r"(\d+) of \1 questions for a number", found)


def test_a_wrong_key_does_not_agree_with_its_question():
    def spoilt(seed):
        return [
            replace(item, key=replace(item.key, value=item.key.value * 1.01)) if item.kind == "prediction" else item
            for item in quiz(seed)
        ]

    stated = variants.statements(replace(load("optimizers"), quiz=spoilt, quiz_seed=1), SEEDS[:2])
    assert [holds for statement, holds, _ in stated if statement == "keys agree with the questions"] == [False]


def test_each_missing_correction_offers_the_other_two_as_wrong_answers():
    names = {"bias-neither": 0, "bias-m-missing": 1, "bias-v-missing": 2}
    for template, own in names.items():
        for seed in SEEDS[:25]:
            item = make(template, seed)
            b1, b2 = shown_numbers(item, f"β₁ = {N} and β₂ = {N}")
            sizes = [(1 - b1) / (1 - b2) ** 0.5, 1 - b1, (1 - b2) ** -0.5]
            offered = [w.value for w in item.key.wrong]
            for size in sizes[:own] + sizes[own + 1 :]:
                assert any(isclose(size, value, rel_tol=1e-5) for value in offered), (template, seed, size)


def test_the_right_option_is_the_line_that_was_changed():
    for template in quiz_lines.CANDIDATES:
        for seed in SEEDS[:25]:
            item = make(template, seed)
            shown = [line[4:] for line in item.prompt.split("```")[1].strip("\n").splitlines()]
            name = re.search(r"\((\w+)\)", item.title)[1]
            right = quiz_lines.listing(name, "")
            differs = [str(n) for n, (a, b) in enumerate(zip(shown, right, strict=True), 1) if a != b]
            assert [o.id for o in item.key.options if o.right] == differs


def naive_steps(
    rule: str, lr: float, mu: float, curvatures: list[float], start: list[float], part: float
) -> int | None:
    """The race run again with nothing but loops: no line of it is the reference's."""
    w, v, m, s = list(start), [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]
    first = sum(c * x * x for c, x in zip(curvatures, w, strict=True))
    for t in range(1, 151):
        for i, c in enumerate(curvatures):
            g = c * w[i]
            v[i] = mu * v[i] + g
            m[i] = 0.9 * m[i] + 0.1 * g
            s[i] = 0.999 * s[i] + 0.001 * g * g
            adam = m[i] / (1 - 0.9**t) / ((s[i] / (1 - 0.999**t)) ** 0.5 + 1e-8)
            w[i] -= lr * (adam if rule == "Adam" else v[i])
            if abs(w[i]) > 1e100:
                return None
        if sum(c * x * x for c, x in zip(curvatures, w, strict=True)) < part * first:
            return t
    return None


def test_races_are_won_by_who_wins_them():
    for seed in SEEDS[:25]:
        item = make("race-ravine", seed)
        a, b, x, y, percent = shown_numbers(
            item, f"½·\\({N}·x² \\+ {N}·y²\\), the start x = {N}, y = {N}\\. Which.*below {N} %"
        )
        steps = {}
        for option in item.key.options:
            lr, mu = re.search(f"lr = {N}", option.text), re.search(f"momentum = {N}", option.text)
            if lr:
                rule = "Adam" if option.text.startswith("Adam") else "SGD"
                count = naive_steps(rule, float(lr[1]), float(mu[1]) if mu else 0.0, [a, b], [x, y], percent / 100)
                steps[option.id] = count or 1000
        assert [o.id for o in item.key.options if o.right] == [min(steps, key=lambda id_: steps[id_])], item.prompt


@pytest.mark.parametrize("name", quiz_lines.HEADS)
def test_every_right_line_is_explained_and_none_stands_in_the_solution(name):
    """What students get must not hold the assignment's solution line by line."""
    solution = {line.strip() for line in quiz_lines.MODEL.read_text(encoding="utf-8").splitlines()}
    for line in quiz_lines.listing(name, ""):
        assert quiz_lines.duty(line)
        assert line.strip() not in solution


@pytest.mark.parametrize("name", quiz_lines.HEADS)
def test_the_right_listing_runs_as_the_reference(name):
    """The listing is code: two steps of it are two steps of the reference."""
    scope: dict = {"sqrt": np.sqrt}
    exec("\n".join(quiz_lines.listing(name, "")), scope)  # noqa: S102 - our own text
    step = scope[f"{name.lower()}_step"]
    w, grads = 2.0, [1.0, -3.0]
    if name == "SGD":
        state = (0.0, 0)
        for g in grads:
            w, *state = step(w, g, *state, 0.1, 0.9, 0.2)
        expected = golden(name, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.2}, 2.0, grads)
    else:
        state = (0.0, 0.0, 0)
        for g in grads:
            w, *state = step(w, g, *state, 0.1, 0.8, 0.9, 1e-8, 0.2)
        expected = golden(name, {"lr": 0.1, "betas": (0.8, 0.9), "weight_decay": 0.2}, 2.0, grads)
    assert w == pytest.approx(expected, rel=1e-12)


def test_a_follow_up_starts_from_the_students_own_number():
    for slot in BLUEPRINT:
        if not slot.like:
            continue
        first = next(s for s in BLUEPRINT if s.id == slot.like)
        for before, after in zip(first.templates, slot.templates, strict=True):
            for seed in SEEDS[:20]:
                earlier, later = make(before, seed), make(after, seed)
                assert later.follow.item == before
                assert later.follow.compute(earlier.key.value) == pytest.approx(later.key.value)
                assert re.findall(r"(\d+) billion", earlier.prompt) == re.findall(r"(\d+) billion", later.prompt)
                assert earlier.key.unit == later.key.unit


def test_draws_are_the_same_everywhere():
    """Quizzes already handed out must be drawn again years later: these letters stand for that promise."""
    assert "".join(Draw(7, "promise").shuffled("abcdefgh")) == DRAWN


DRAWN = "cfdbhgea"


def test_predictions_offer_enough_wrong_answers_for_a_choice_of_four():
    for template in PREDICTION:
        assert all(len(make(template, seed).key.wrong) >= 3 for seed in SEEDS[:40]), template


# ------------------------------------------------------------------------------------------------ through the engine
def right_answer(item: Item) -> object:
    match item.key:
        case NumericKey() as key:
            return f"{key.value:.10g} {key.unit}".strip()
        case ChoiceKey() as key:
            right = [o.id for o in key.options if o.right]
            return right if key.several else right[0]
        case OrderKey() as key:
            return list(key.order)
        case MatrixKey() as key:
            return dict(key.right)
        case FormulaKey() as key:
            return key.expression
    return item.key.sample


def wrong_answers(item: Item) -> list[tuple[object, str]]:
    """Each wrong answer an item foresees, and the hint that must be shown for it."""
    match item.key:
        case NumericKey() as key:
            return [(f"{w.value:.10g} {key.unit}".strip(), w.hint) for w in key.wrong]
        case ChoiceKey() as key:
            return [([o.id] if key.several else o.id, o.hint) for o in key.options if not o.right]
        case OrderKey() as key:
            return [(list(reversed(key.order)), "")]
        case MatrixKey() as key:
            return [({**key.right, row: column}, hint) for (row, column), hint in key.hints.items()]
        case FormulaKey() as key:
            return [(str(w.value), w.hint) for w in key.wrong]
    return []


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_hint_of_a_wrong_answer_tells_the_right_one(template):
    """Where hints are shown while the question is open, they would give it away."""
    for seed in SEEDS[:20]:
        key = make(template, seed).key
        told = []
        if isinstance(key, ChoiceKey) and not key.several:
            told = [option.text.strip("`") for option in key.options if option.right and len(option.text) > 2]
        elif isinstance(key, NumericKey) and key.figures > 2:
            told = [text for text in [f"{key.value:.{key.figures}g}"] if len(text) > 2]  # 1 is in every formula
        elif isinstance(key, FormulaKey):
            told = [key.expression]
        for text in told:
            for _, hint in wrong_answers(make(template, seed)):
                assert not re.search(rf"(?<![\w.]){re.escape(text)}(?![\w.])", hint), (seed, text, hint)


@pytest.mark.slow
@pytest.mark.parametrize("template", TEMPLATES)
def test_the_key_scores_full_marks_and_each_wrong_answer_less_with_its_hint(template):
    for seed in FEW:
        item = make(template, seed)
        mark = mark_item(item, right_answer(item))
        if isinstance(item.key, TextKey):
            assert (mark.status, mark.score) == ("waiting", 0)
            continue
        assert (mark.status, mark.score) == ("right", item.points), mark
        for answer, hint in wrong_answers(item):
            mark = mark_item(item, answer)
            assert mark.score < item.points, (seed, answer, mark)
            assert hint in mark.message, (seed, answer, mark)


def test_answers_in_the_other_unit_are_right_when_they_say_so():
    for seed in SEEDS[:20]:
        item = make("memory-adam-state", seed)
        size = item.key.value * quiz_memory.BYTES["GiB"]
        assert mark_item(item, f"{size / quiz_memory.BYTES['GB']:.10g} GB").status == "right"
        assert mark_item(item, f"{size:.10g} bytes").status == "right"
        assert mark_item(item, f"{size / quiz_memory.BYTES['GB']:.10g} GiB").status == "wrong"


def test_a_total_that_follows_from_a_wrong_state_gets_its_marks():
    seed = next(s for s in SEEDS if quiz(s)[0].id == "memory-adam-state")
    state, total, *_ = quiz(seed)
    wrong = state.key.value / 2  # m only
    toml = f'[answers]\n{state.id} = "{wrong:.6g} GiB"\n{total.id} = "{total.follow.compute(wrong):.6g} GiB"\n'
    first, then, *_ = mark_quiz((state, total), toml.encode())
    assert (first.status, then.status) == ("wrong", "follow_through")
    assert then.score == total.points
