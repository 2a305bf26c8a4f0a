"""Quiz answers: right ones in every spelling, wrong ones with their hint, and nothing that brings the marker down."""

import json
import math
import os
import subprocess
import sys
import time
from dataclasses import replace
from html import escape
from itertools import count
from pathlib import Path

import pytest
from conftest import require
from hypothesis import HealthCheck, assume, example, given, reject, settings
from hypothesis import strategies as st

from autograder import batch, intake, pipeline, quiz
from autograder.adapters import common, gradescope, junit, prairielearn
from autograder.adapters.common import PackagePolicy
from autograder.assignment import load
from autograder.batch import failed
from autograder.export.gradebook import read_reports
from autograder.model import (
    ChoiceKey,
    FormulaKey,
    Item,
    MatrixKey,
    NumericKey,
    Option,
    OrderKey,
    Submission,
    TextKey,
    Wrong,
)
from autograder.quiz import mark_item, mark_quiz, variants
from autograder.quiz.answers import MAX_BYTES, read
from autograder.quiz.kinds import right_answer, wrong_answers
from autograder.reading import Unreadable
from autograder.render import parts_told, points, total, verdict
from autograder.render.html import page
from autograder.render.jsonl import to_json
from autograder.sandbox import SandboxFailed
from autograder.sandbox.choose import choose

ROOT = Path(__file__).resolve().parent.parent
GIB = 2**30


def item(key, kind="numeric", *, name="q", prompt="How much?", points=2.0, follow=None):
    return Item(name, kind, "memory", f"Title of {name}", prompt, points, key, "Because.", follow)


TOO_MUCH = Wrong(3 * 40e9 / GIB, "You counted the parameters too.")
MEMORY = item(NumericKey(40e9 / GIB, "GiB", 4, (TOO_MUCH,)), name="memory")
FACTOR = item(NumericKey(math.sqrt(10), "", 3, (Wrong(10.0, "Only m."),)), name="factor")
LETTERS = tuple(Option(x, f"text {x}", x in "ac", f"hint {x}") for x in "abcde")
CHOICE = item(
    ChoiceKey((Option("a", "A", right=False, hint="hint a"), Option("b", "B", right=True))), "choice", name="choice"
)
SEVERAL = item(ChoiceKey(LETTERS, several=True), "multiple", name="several")
MOSTLY_RIGHT = item(ChoiceKey(tuple(replace(o, right=o.id != "e") for o in LETTERS), several=True), "multiple")
LINE = item(
    ChoiceKey(tuple(Option(str(n), f"line {n}", n == 7, f"line {n}?") for n in range(1, 10))), "line", name="line"
)
ORDER = item(OrderKey({"a": "A", "b": "B", "c": "C", "d": "D"}, ("c", "a", "d", "b")), "ordering", name="order")
MATRIX = item(
    MatrixKey(
        ("SGD", "SGD + momentum", "Adam"),
        ("1×", "2×", "3×"),
        {"SGD": "1×", "SGD + momentum": "2×", "Adam": "3×"},
        {("Adam", "2×"): "Adam keeps two."},
    ),
    "matrix",
    name="matrix",
)
STEP = item(
    FormulaKey(
        "theta - lr * m_hat / (sqrt(v_hat) + eps)",
        dict.fromkeys(("theta", "lr", "m_hat", "v_hat", "eps"), ""),
        (Wrong("theta - lr * m_hat / sqrt(v_hat + eps)", "ε is under the root."),),
    ),
    "formula",
    name="step",
)
CORRECTED = item(FormulaKey("m / (1 - beta1**t)", dict.fromkeys(("m", "beta1", "t"), "")), "formula", name="corrected")
TEXT = item(TextKey(((1.5, "names the moments"), (0.5, "restores them")), "Restore the moments."), "text", name="text")
QUIZ = (MEMORY, FACTOR, CHOICE, SEVERAL, LINE, ORDER, MATRIX, STEP, CORRECTED, TEXT)
NUMERIC = [q for q in QUIZ if isinstance(q.key, NumericKey)]


def result(question, answer):
    mark = mark_item(question, answer)
    return mark.status, mark.score


# ------------------------------------------------------------------------------------------------------ numbers
@pytest.mark.parametrize(
    "answer",
    [
        "37.25 GiB", "37.25GiB", "37.253 gib", "40GB", "40 gigabytes", "4e10 bytes", "40,000,000,000 B", "4×10¹⁰ B",
        "4*10^10 bytes", "4x10**10 B", "0.04 TB", "320 Gbit", "320 Gb", "40 000 MB", "40_000 MB", "40'000 MB", "３７.２５ GiB",
        "٣٧.٢٥ GiB", "= 37.25 GiB", "state = 37.25 GiB", "≈37.25 GiB", "40 billion bytes", "37.25 GIB", "+37.25 gibibytes.",
        "0.03638 TiB", "40 GByte", "400/10 GB",
    ],
)  # fmt: skip
def test_a_right_amount_is_right_in_every_spelling_and_unit(answer):
    assert result(MEMORY, answer) == ("right", 2)


@pytest.mark.parametrize(
    "answer", ["3.16", "3.16x", "3.16×", "3.162 times", "316 %", "316.2%", "3.16e0", 3.16, "３.１６"]
)
def test_a_pure_number_may_be_a_factor_or_a_percentage(answer):
    assert result(FACTOR, answer) == ("right", 2)


@pytest.mark.parametrize("answer", ["−3.16", "-3.16", "–3.16"])
def test_every_minus_is_a_minus(answer):
    mark = mark_item(FACTOR, answer)
    assert (mark.status, mark.message) == ("wrong", "This is not right. Look at the sign.")
    assert result(item(NumericKey(-0.5, "", 2)), answer.replace("3.16", "0.5")) == ("right", 2)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("37.25 GB", ["Look at the unit", "you wrote GB", "1073741824"]),
        ("40 GiB", ["Look at the unit", "you wrote GiB", "1000000000"]),
        ("37.25 Gib", ["you wrote Gibit", "a byte has 8"]),
        ("40 Gb", ["you wrote Gbit", "a byte has 8"]),
        (40, ["no unit", "read in GiB"]),
    ],
)
def test_gb_and_gib_and_bits_are_never_confused(answer, said):
    mark = mark_item(MEMORY, answer)
    assert (mark.status, mark.score) == ("wrong", 0)
    assert [words for words in said if words not in mark.message] == []


def test_a_number_without_its_unit_earns_half_unless_the_question_names_the_unit():
    mark = mark_item(MEMORY, 37.25)
    assert (mark.status, mark.score) == ("partial", 1)
    assert "no unit" in mark.message
    asked = replace(MEMORY, prompt="How much? Give at least 4 significant figures, in GiB.")
    assert result(asked, "37.25") == ("right", 2)
    assert result(replace(MEMORY, prompt="On GPUs with 80 GB in GPUs?"), "37.25") == ("partial", 1)


@pytest.mark.parametrize(
    "answer",
    [
        "1,234,56", "1.23.456", "1,2,3", "nan", "NaN GB", "inf", "-∞", "1e999", "1e999 GB", "10**9999",
        "9**9**9", "__import__('os').system('id')", "<script>alert(1)</script>", "1.2.3", "Ⅶ", "①",
        "0x10", "37.25 GB/s", "37.25 furlongs", "12 hours", "{{7*7}}", "1" * 100_000, "[" * 1000, "\x00", "\ud800", "\u202e",
        "none of these", True, [[1]], [1, 2], {"a": "b"}, 10**5000, float("nan"), float("inf"), "1/0",
    ],
    ids=count(),
)  # fmt: skip
def test_what_is_no_amount_gets_a_sentence(answer):
    mark = mark_item(MEMORY, answer)
    assert (mark.status, mark.score, mark.max_score) == ("unreadable", 0, 2)
    assert 20 < len(mark.message) < 400


def test_a_decimal_comma_is_told_apart_from_one_between_thousands():
    assert result(FACTOR, "3,16") == ("right", 2)
    assert result(item(NumericKey(1500, "step", 4)), "1,500 steps") == ("right", 2)
    assert mark_item(FACTOR, "3,160").message == "Right, read as 3.16."
    assert mark_item(MEMORY, "37,253 GiB").message == "Right, read as 37.253."
    assert "two ways" in mark_item(MEMORY, "40,000 GB").message
    assert "read as 3170" in mark_item(FACTOR, "3,170").message


def test_a_known_wrong_answer_gets_its_hint_in_any_unit():
    for answer in ("111.8 GiB", "120 GB", "1.2e11 B"):
        assert mark_item(MEMORY, answer).message == TOO_MUCH.hint


SIZES = st.floats(1e-3, 1e12) | st.floats(-1e12, -1e-3)


@given(SIZES, st.integers(2, 6), st.integers(0, 4))
@example(9.996, 3, 0)  # rounds up to more digits
@example(0.125, 2, 0)  # exactly between two roundings
def test_every_correct_rounding_is_right(value, figures, more):
    question = item(NumericKey(value, "", figures))
    assert result(question, f"{value:.{figures + more - 1}e}")[0] == "right"


@given(SIZES, st.integers(2, 6), st.floats(1.01, 1e6), st.booleans())
def test_what_lies_beyond_half_a_unit_of_the_last_figure_is_not_right(value, figures, beyond, up):
    half = 0.5 * 10.0 ** (math.floor(math.log10(abs(value))) - figures + 1)
    answer = value + (half if up else -half) * beyond
    assume(math.isfinite(answer))
    assert result(item(NumericKey(value, "", figures)), f"{answer:.17g}")[0] == "wrong"


@given(st.floats(0.01, 1e4), st.integers(3, 6), st.sampled_from(["GB", "GiB", "TB", "TiB", "MB", "MiB", "kB", "KiB"]))
def test_binary_for_decimal_prefixes_is_never_right(value, figures, unit):
    """The two differ by 2.4 % and more; three figures allow 0.5 % at most, and fewer are refused as ours."""
    twin = unit.replace("i", "").replace("K", "k") if "i" in unit else unit.replace("B", "iB").replace("k", "K")
    question = item(NumericKey(value, unit, figures))
    mark = mark_item(question, f"{value:.10g} {twin}")
    assert mark.status == "wrong"
    assert unit in mark.message


@given(st.floats(0.01, 1e6), st.floats(0.9, 1.1), st.integers(3, 5))
def test_no_tolerance_makes_a_known_wrong_answer_right(value, ratio, figures):
    assume(abs(ratio - 1) > 1e-6)
    question = item(NumericKey(value, "GB", figures, (Wrong(value * ratio, "hint"),)))
    for unit, size in (("GB", 1), ("GiB", 1e9 / GIB), ("MB", 1000), ("Gbit", 8)):
        assert mark_item(question, f"{value * ratio * size:.17g} {unit}").message == "hint"


@pytest.mark.parametrize(
    "key",
    [NumericKey(1, "furlong", 3), NumericKey(math.nan, "GB", 3), NumericKey(1, "GB", 0), NumericKey(105, "MB", 2)],
)
def test_a_key_that_cannot_be_used_is_ours(key):
    mark = mark_item(item(key), "1 GB")
    assert (mark.status, mark.score, mark.max_score) == ("grader_error", 0, 2)
    assert "our fault" in mark.message
    assert "BadKey" in mark.for_staff


# --------------------------------------------------------------------------------------- choices, orders, tables
@pytest.mark.parametrize("answer", ["b", "B", "(b)", "b)", "b.", " b ", ["b"]])
def test_an_option_is_recognised(answer):
    assert result(CHOICE, answer) == ("right", 2)


def test_a_wrong_option_gets_its_hint():
    assert (mark_item(CHOICE, "a").status, mark_item(CHOICE, "a").message) == ("wrong", "hint a")


@pytest.mark.parametrize("answer", [7, "7", "line 7", "Line 7", [7], "7."])
def test_a_line_is_recognised(answer):
    assert result(LINE, answer) == ("right", 2)


@pytest.mark.parametrize(
    "answer", ["z", "ab", ["a", "b"], True, 1.5, {"a": "b"}, [["a"]], ["a"] * 1000, 10**5000, "a" * 9999], ids=count()
)
def test_no_option_gets_a_sentence(answer):
    mark = mark_item(CHOICE, answer)
    assert (mark.status, mark.score) == ("unreadable", 0)
    assert 20 < len(mark.message) < 400


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        (["a", "c"], 2),
        ("a, c", 2),
        (["c", "a", "a"], 2),
        (["a"], 1),
        (["a", "c", "b"], 1),
        (["a", "b"], 0),
        (["b", "d"], 0),
    ],
)
def test_right_ones_count_and_wrong_ones_count_against(answer, score):
    assert mark_item(SEVERAL, answer).score == score


@pytest.mark.parametrize("question", [SEVERAL, MOSTLY_RIGHT])
def test_taking_everything_or_nothing_gains_nothing(question):
    assert mark_item(question, list("abcde")).score == 0
    assert mark_item(question, []).score == 0


@given(st.lists(st.sampled_from("abcde"), min_size=1), st.sampled_from([SEVERAL, MOSTLY_RIGHT]))
def test_several_choices_are_worth_full_marks_only_when_exactly_right(answer, question):
    mark = mark_item(question, answer)
    right = {o.id for o in question.key.options if o.right}
    assert 0 <= mark.score <= 2
    assert (mark.score == 2) == (mark.status == "right") == (set(answer) == right)


@given(st.permutations(list("abcd")))
def test_an_order_earns_by_its_pairs_and_its_reverse_earns_nothing(answer):
    mark, reverse = mark_item(ORDER, answer), mark_item(ORDER, answer[::-1])
    assert 0 <= mark.score <= 2
    assert min(mark.score, reverse.score) == 0
    assert (mark.score == 2) == (mark.status == "right") == (tuple(answer) == ORDER.key.order)


def test_one_swap_costs_less_than_two():
    assert [mark_item(ORDER, list(o)).score for o in ("cadb", "acdb", "acbd")] == [2, 1.33, 0.67]


@pytest.mark.parametrize("answer", [["a"], list("abca"), list("abcde"), list("abcx"), "abce", 3, {"a": "b"}])
def test_no_order_gets_a_sentence(answer):
    assert result(ORDER, answer) == ("unreadable", 0)


def test_a_table_earns_by_row():
    right = {"SGD": "1x", "sgd  +  MOMENTUM": "2×", "Adam": "3X"}
    assert result(MATRIX, right) == ("right", 2)
    mark = mark_item(MATRIX, {**right, "Adam": "2x"})
    assert (mark.status, mark.score) == ("partial", 1.33)
    assert "Adam keeps two." in mark.message
    assert mark_item(MATRIX, {"SGD": "1x"}).score == 0.67


def test_a_row_that_is_given_twice_counts_not_twice():
    mark = mark_item(MATRIX, {"SGD": "1x", "sgd": "1x", "Sgd": "1x", "Adam": "3x"})
    assert mark.score == 0.67
    assert "answered twice" in mark.message


@pytest.mark.parametrize("answer", ["2x", ["1x"], {"RMSprop": "1x"}, {"SGD": "9x"}, {"SGD": ["1x"]}, {"SGD": {"a": 1}}])
def test_no_table_gets_a_sentence(answer):
    assert result(MATRIX, answer) == ("unreadable", 0)


# ----------------------------------------------------------------------------------------------------- formulas
@pytest.mark.parametrize(
    "answer",
    [
        "θ − lr·m̂ / (√v̂ + ε)", "theta <- theta - alpha*mhat/(v_hat^0.5 + epsilon)", "θ -= lr m̂ₜ/(sqrt(v̂ₜ)+ε)",
        "θ_{t-1} - η m̂/(√v̂ + ε)", "θ_t = θₜ₋₁ − lr·m̂/(√(v̂)+ε)", "(theta*(eps + sqrt(v_hat)) - lr*m_hat)/(√v̂ + eps)",
        "w = w - lr * m_hat * (v_hat**(1/2) + eps)**-1", "θ - lr m̂ (√v̂ + ε)⁻¹".replace("m̂ (", "m̂·("), "θ+(-1)(lr)(m̂)/(√v̂+ε)",
    ],
)  # fmt: skip
def test_an_equivalent_formula_is_right(answer):
    assert result(STEP, answer) == ("right", 2)


@pytest.mark.parametrize("answer", ["m/(1-β₁ᵗ)", "m̂ = mₜ/(1 − b1**t)", "-m/(beta_1^t - 1)", "m·(1-β₁^t)⁻¹"])
def test_a_power_may_be_written_up_or_with_a_sign(answer):
    assert result(CORRECTED, answer) == ("right", 2)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("theta - lr*m_hat/sqrt(v_hat + eps)", "ε is under the root."),
        ("lr*m_hat/(sqrt(v_hat)+eps) - theta", "wrong sign"),
        ("2*theta - 2*lr*m_hat/(sqrt(v_hat)+eps)", "2 times"),
        ("theta - lr*m_hat/(sqrt(v_hat)+eps) + 1e-30", "something else"),
        ("theta - lr*abs(m_hat)/(sqrt(v_hat)+eps)", "something else"),
        ("1/0", "no value"),
        ("9**9**9**9**9", "no value"),
        ("theta**theta**9**9**99", "no value"),
        ("exp(exp(exp(exp(99))))", "no value"),
        ("theta**(9**5000)", "no value"),  # within the bounds of a value; as an exponent it would take 12 s
        ("sqrt(-1)*sqrt(-1)", "no value"),
    ],
)
def test_another_formula_is_wrong_and_says_what_is_known(answer, said):
    started = time.process_time()
    mark = mark_item(STEP, answer)
    assert (mark.status, mark.score) == ("wrong", 0)
    assert said in mark.message
    assert time.process_time() - started < 1  # takes 2 ms, and 50 ms where mpmath is imported


@pytest.mark.parametrize("answer", ["m/(1-β₁t)", "m/(1-beta1)", "m/1-b1^t", "abs(m)/(1-b1^t)", "sqrt(m^2)/(1-β₁ᵗ)"])
def test_a_formula_is_tried_with_both_signs_and_true_powers(answer):
    assert mark_item(CORRECTED, answer).status == "wrong"


@pytest.mark.parametrize(
    "answer",
    [
        "__import__('os').system('id')", "().__class__", "theta.real", "lambda: 0", "f(theta)", "theta(1-lr", "a", "theta theta(",
        "lr m_hat / v_hat eps", "1/2 lr", "√v̂^2", "exp theta", "2 3", "theta 3", "theta ==", "a=b=c", "(theta", "theta)", "+", "()",
        "-" * 9999, "(" * 300, "lr+" * 100 + "lr", "1e999999", "9" * 100, "theta; 1", "theta\x00", "{{7*theta*8", "<b>", "theta,lr",
        "x" * 100_000, "β1tt", 3, True, ["theta"], {"a": "b"}, "\ud800", "¬", "theta!", "0x10", "theta if lr else 0",
    ],
    ids=count(),
)  # fmt: skip
def test_what_is_no_formula_gets_a_sentence(answer):
    mark = mark_item(STEP, answer)
    assert (mark.status, mark.score) == ("unreadable", 0)
    assert 20 < len(mark.message) < 400


POSITIVE = dict.fromkeys(("lr", "eps", "wd", "t", "n"), "")
LEAVES = st.sampled_from([*POSITIVE, "2", "3", "1/2"])
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        | inner.map(lambda t: f"sqrt({t})")
        | inner.map(lambda t: f"(-{t})**2")
    ),
    max_leaves=7,
)


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(TREES)
def test_what_sympy_makes_of_a_formula_is_right_and_what_it_adds_is_not(tree):
    """A second witness, which rewrites by rules and knows nothing of how we compare. Symbols are positive for both."""
    import sympy

    formula = sympy.sympify(tree, {name: sympy.Symbol(name, positive=True) for name in POSITIVE})
    assume(formula.is_real and not formula.has(sympy.zoo, sympy.nan))
    question = item(FormulaKey(tree, POSITIVE), "formula")
    marks = [mark_item(question, str(form)) for form in (sympy.expand(formula), sympy.factor(formula))]
    if marks[0].status == "grader_error":  # real in sympy's eyes, but the root of something that is never positive
        reject()
    assert {m.status for m in marks} <= {"right", "unreadable"}  # unreadable: longer than a formula may be
    assert mark_item(question, f"{tree} + lr/1000").status in {"wrong", "unreadable"}


@pytest.mark.parametrize("decay", ["beta2", "b2", "beta", "mu", "momentum", "gamma"])
def test_a_root_may_be_split_where_the_symbols_mean_positive_numbers(decay):
    """√(v / (1 − β₂ᵗ)) is real for v < 0 and β₂ > 1 too; no student thinks of that."""
    question = item(FormulaKey(f"sqrt(v/(1-{decay}^t))", dict.fromkeys(("v", decay, "t"), "")), "formula")
    assert result(question, f"√v / √(1 − {decay}ᵗ)") == ("right", 2)


def test_formulas_are_marked_in_threads_as_alone():
    from concurrent.futures import ThreadPoolExecutor

    answers = ["θ − lr·m̂ / (√v̂ + ε)", "theta - lr*m_hat/sqrt(v_hat + eps)"] * 40
    with ThreadPoolExecutor(8) as pool:
        assert [m.status for m in pool.map(lambda a: mark_item(STEP, a), answers)] == ["right", "wrong"] * 40


# --------------------------------------------------------------------------------------------------- free text
def test_a_text_waits_for_a_person_and_is_not_counted_until_then():
    mark = mark_item(TEXT, "You keep the moments <script>")
    assert (mark.status, mark.score, mark.max_score) == ("waiting", 0, 2)
    assert "up to 2 points" in mark.message
    assert "moments" not in mark.message
    assert "names the moments: moments" in mark.for_staff
    assert "restores them: none" in mark.for_staff
    assert "You keep the moments" in mark.for_staff


def test_an_unanswered_text_is_empty_and_counts():
    mark = mark_item(TEXT, " \n")
    assert (mark.status, mark.score, mark.max_score) == ("empty", 0, 2)


# ---------------------------------------------------------------------------------------------------- quiz.toml
def answers_toml(answers, head="variant = 1\n"):
    def said(value):
        if isinstance(value, dict):
            return (
                "{ "
                + ", ".join(f"{json.dumps(k)} = {json.dumps(v, ensure_ascii=False)}" for k, v in value.items())
                + " }"
            )
        return json.dumps(value, ensure_ascii=False)

    return (head + "[answers]\n" + "".join(f"{name} = {said(value)}\n" for name, value in answers.items())).encode()


RIGHT = {q.id: right_answer(q) for q in QUIZ}


def test_what_the_keys_hold_to_be_right_is_right():
    marks = mark_quiz(QUIZ, answers_toml(RIGHT))
    assert [(m.id, m.status, m.score) for m in marks if m.status != "waiting"] == [
        (q.id, "right", 2) for q in QUIZ[:-1]
    ]


def test_what_the_keys_hold_to_be_wrong_is_not_right_and_gets_its_hint():
    seen = 0
    for question in QUIZ:
        for answer, hint in wrong_answers(question):
            mark = mark_item(question, answer)
            assert mark.score < mark.max_score
            assert hint in mark.message
            seen += 1
    assert seen > 15


def test_unanswered_is_empty_and_not_wrong():
    marks = mark_quiz(QUIZ, answers_toml({"memory": "", "several": ["", " "], "matrix": {"SGD": ""}, "order": []}))
    assert {m.status for m in marks} == {"empty"}


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe", b"[answers", b"answers = 3", b"a" * 70_000, ".".join("a" * 20_000).encode() + b" = 1",
        b"variant = 0x" + b"f" * 5000, b"variant = true", b"variant = 'seven'", b"student = ['x']",
        b"student = '" + b"x" * 5000 + b"'", b"[answers]\n" + b"".join(b"k%d=1\n" % n for n in range(500)),
    ],
    ids=count(),
)  # fmt: skip
def test_a_quiz_that_cannot_be_read_gets_one_sentence_and_no_crash(data):
    (mark,) = mark_quiz(QUIZ, data)
    assert (mark.id, mark.status, mark.score, mark.max_score) == ("quiz", "unreadable", 0, 20)
    assert "Your quiz.toml" in mark.message or "In your quiz.toml" in mark.message
    assert len(mark.message) < 500


def test_reading_takes_no_longer_than_its_size_allows():
    """Dotted keys cost tomllib the square of their length: a single line of 60 kB took it minutes."""
    for dots in (99, 30_000):
        line = b".".join([b"a"] * (dots + 1))
        data = b"\n".join(b"b%d." % n + line + b"=1" for n in range(MAX_BYTES // (len(line) + 10)))
        started = time.process_time()
        mark_quiz(QUIZ, data)
        assert time.process_time() - started < 5  # 0.4 s here


def test_answers_without_their_heading_are_understood():
    assert mark_quiz(QUIZ, b'variant = 1\nmemory = "37.25 GiB"\n')[0].status == "right"


TOML = st.recursive(
    st.text(max_size=30) | st.integers() | st.booleans() | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
WORDS = st.lists(
    st.sampled_from(
        [*"01,.-−×^()√θᵗ%x/=abc;_ \n", "37.25", "GiB", "GB", "**", "m̂", "β₁", "e10", "lr", "theta", "sqrt", "1e9"]
    ),
    max_size=12,
).map("".join)


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(TOML | WORDS)
def test_no_answer_brings_the_marker_down(answer):
    for question in QUIZ:
        mark = mark_item(question, answer)
        assert 0 <= mark.score <= mark.max_score <= 2
        assert mark.message


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda s: ("[answers]\n" + s).encode("utf-8", "replace")))
def test_no_bytes_bring_the_marker_down(data):
    marks = mark_quiz(QUIZ, data)
    assert len(marks) in {1, len(QUIZ)}
    assert all(m.score <= m.max_score for m in marks)


# ----------------------------------------------------------------------------------------------------- variants
SECRET = b"sixteen bytes or more"


def test_a_variant_is_a_students_own_and_the_same_every_time():
    seeds = [variants.seed_for(SECRET, f"student-{n}") for n in range(500)]
    assert len(set(seeds)) == 500
    assert all(0 <= seed < 2**48 for seed in seeds)
    assert variants.seed_for(SECRET, "ada") == 27_092_454_556_128  # whoever changes this changes every handed out quiz
    assert variants.seed_for(SECRET, "ada") != variants.seed_for(SECRET + b"!", "ada")
    assert variants.seed_for(SECRET, "e\u0301") == variants.seed_for(SECRET, "\u00e9 ")


@pytest.mark.parametrize(
    ("head", "secret", "seed"),
    [
        ("", None, 5),
        ("variant = 5\n", None, 5),
        ("variant = '5'\nstudent = 'ada'\n", None, 5),
        ("student = 'ada'\n", SECRET, variants.seed_for(SECRET, "ada")),
        (f"variant = {variants.seed_for(SECRET, 'ada')}\nstudent = 'ada'\n", SECRET, variants.seed_for(SECRET, "ada")),
    ],
)
def test_a_variant_that_goes_with_its_student_is_accepted(head, secret, seed):
    assert variants.check(read(head.encode()), 5, secret) == seed


@pytest.mark.parametrize(
    ("head", "secret"),
    [
        ("variant = 6\n", None),
        ("", SECRET),
        ("variant = 5\n", SECRET),  # the public variant is nobody's where everyone has an own one
        ("variant = 5\nstudent = 'ada'\n", SECRET),
        (f"variant = {variants.seed_for(SECRET, 'ada')}\nstudent = 'bob'\n", SECRET),
        (f"variant = {variants.seed_for(SECRET, 'ada')}\n", SECRET),
    ],
)
def test_a_variant_of_somebody_else_is_told(head, secret):
    with pytest.raises(Unreadable, match="variant"):
        variants.check(read(head.encode()), 5, secret)


def test_the_secret_comes_from_the_environment_or_a_file(tmp_path):
    (tmp_path / "secret").write_bytes(SECRET + b"\n")
    assert variants.secret_from({}) is None
    assert variants.secret_from({"GRADMARK_SECRET": SECRET.decode()}) == SECRET
    assert variants.secret_from({"GRADMARK_SECRET_FILE": str(tmp_path / "secret")}) == SECRET
    with pytest.raises(variants.BadSecret):
        variants.secret_from({"GRADMARK_SECRET": "short"})
    with pytest.raises(FileNotFoundError):
        variants.secret_from({"GRADMARK_SECRET_FILE": str(tmp_path / "missing")})


# ------------------------------------------------------------------------------------- as part of a submission
OPTIMIZERS = load("optimizers")
ASSIGNMENT = replace(OPTIMIZERS, quiz=lambda _: QUIZ, quiz_seed=1, quiz_counts=None)
REQUIRED = replace(ASSIGNMENT, quiz_counts=True)


@pytest.fixture(scope="module")
def sandbox():
    require("landlock")
    with choose("landlock", say=lambda _: None) as opened:
        yield opened


@pytest.fixture
def grade(sandbox):
    def graded(answers, assignment=ASSIGNMENT, code=None, secret=None):
        source = OPTIMIZERS.model_solution.read_bytes() if code is None else code
        files = {"optimizers.py": source} | ({} if answers is None else {"quiz.toml": answers})
        return pipeline.grade(Submission("ada", files, "0" * 64), assignment, sandbox, 7, secret)

    return graded


def test_quiz_and_code_are_marked_apart_and_together(grade):
    wrong = RIGHT | {"memory": "37.25 GB", "text": "<b>moments</b>", "nonsense": "?"}
    assert total(grade(answers_toml(wrong))) == (100, 100)  # beside the code: it does not count
    report = grade(answers_toml(wrong), REQUIRED)
    assert total(report) == (report.score, report.max_score) == (100 + 16, 100 + 20)  # the text waits: 0 of its 2
    told = to_json(report)
    assert told["quiz"][0].keys() == {"id", "score", "max_score", "status", "message"}
    assert told["quiz"][0]["id"] == "memory"
    assert "moments" not in json.dumps(told["quiz"])
    assert any("nonsense" in remark for remark in report.remarks)
    students, staff = page(report), page(report, staff=True)
    assert "16 of 20" in students
    assert "Code 100 of 100. Quiz 16 of 20, and answers wait for a person." in students
    assert "100 of 100" in students
    assert "&lt;b&gt;moments&lt;/b&gt;" in staff
    assert "moments&lt;" not in students
    assert "Right answer" not in students
    over = page(report, answers=True)
    for one in (item.detail for item in report.quiz):
        assert f'Right answer</dt><dd class="typed">{escape(one.right)}' in over
    assert "&lt;b&gt;moments&lt;/b&gt;" not in over.partition("Right answer")[0]


@pytest.mark.parametrize("answers", [None, b"variant = 1\n[answers]\nmemory = ''\n"])
def test_without_answers_code_counts_alone_unless_the_quiz_counts(grade, answers):
    report = grade(answers)
    assert (report.quiz, report.score, report.max_score) == ((), 100, 100)
    assert verdict(report) == "Everything that was asked for is right."
    report = grade(answers, REQUIRED)
    assert (report.score, report.max_score) == total(report) == (100, 120)
    assert {m.status for m in report.quiz} == {"empty"}
    assert verdict(report) == "Your code meets all 11 criteria."


def test_a_quiz_that_was_not_handed_in_has_0_of_its_points_and_says_so(grade):
    report = grade(None, REQUIRED)
    assert parts_told(report) == "Code 100 of 100. Quiz: not handed in, 20 points."
    assert [(m.id, m.score, m.max_score) for m in report.quiz] == [("quiz", 0, 20)]
    (code, answers) = to_json(report)["parts"]
    assert (code["score"], code["max_score"], code["state"]) == (100, 100, "marked")
    assert (answers["score"], answers["max_score"], answers["state"]) == (0, 20, "not_handed_in")


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answers=st.none()
    | st.binary(max_size=60)
    | st.sampled_from([b"", b"[answers", b"variant = 2\n[answers]\nmemory = '1 GB'\n", answers_toml(RIGHT)])
    | st.dictionaries(st.sampled_from(list(RIGHT)), st.text(max_size=10), max_size=8).map(answers_toml),
    code=st.sampled_from([None, b"def broken(:\n"]),
    assignment=st.sampled_from([(ASSIGNMENT, 100), (REQUIRED, 120)]),
)
def test_the_maximum_is_the_same_whatever_was_handed_in(grade, answers, code, assignment):
    asked, most = assignment
    report = grade(answers, asked, code=code)
    assert report.max_score == total(report)[1] == to_json(report)["max_score"] == most
    assert failed(asked).max_score == most


@pytest.mark.parametrize("answers", [b"variant = 2\n[answers]\nmemory = '37.25 GiB'\n", b"[answers"])
def test_a_quiz_that_cannot_be_marked_costs_no_code(grade, answers):
    report = grade(answers)
    assert (report.status, report.score, report.max_score) == ("graded", 100, 100)
    assert [m.status for m in report.quiz] == ["unreadable"]
    assert "Quiz: not marked (see below), 20 points, which is not part of the total." in parts_told(report)
    counted = grade(answers, REQUIRED)
    assert (counted.score, counted.max_score) == (100, 120)


def test_every_student_is_asked_their_own(grade):
    asked = []
    assignment = replace(ASSIGNMENT, quiz=lambda seed: asked.append(seed) or QUIZ)
    report = grade(answers_toml(RIGHT, "student = 'ada'\n"), assignment, secret=SECRET)
    assert asked == [variants.seed_for(SECRET, "ada")]
    assert any("student ada" in remark for remark in report.remarks)


UNUSABLE = [b"def broken(:\n", b"import nothing_of_that_name\n", b"raise SystemExit\n", None]


@pytest.mark.parametrize("code", UNUSABLE)
@pytest.mark.parametrize("assignment", [ASSIGNMENT, REQUIRED])
def test_code_that_cannot_be_used_takes_no_answers_along(grade, sandbox, tmp_path, code, assignment):
    """The code has 0, the quiz its own points; they are the score only where the quiz counts."""
    whole = grade(answers_toml(RIGHT), assignment)
    quiz = sum(mark.score for mark in whole.quiz)
    if code is None:
        (tmp_path / "quiz.toml").write_bytes(answers_toml(RIGHT))
        (tmp_path / "essay.pdf").write_bytes(b"")
        report = pipeline.grade(intake.read(tmp_path), assignment, sandbox, 7)
    else:
        report = grade(answers_toml(RIGHT), assignment, code=code)
    assert (report.status, report.max_score) == ("not_gradable", whole.max_score)
    assert [(m.id, m.score, m.status) for m in report.quiz] == [(m.id, m.score, m.status) for m in whole.quiz]
    assert report.score == total(report)[0] == (quiz if assignment is REQUIRED else 0) == to_json(report)["score"]
    code_part, quiz_part = to_json(report)["parts"]
    assert (code_part["state"], code_part["score"]) == ("not_marked", 0)
    assert (quiz_part["score"], quiz_part["state"]) == (quiz, "waiting")
    assert parts_told(report).startswith(f"Code: not marked (see below), 100 points. Quiz {points(quiz)} of 20")
    line = json.dumps(to_json(report))
    assert read_reports(line, "quiz")[0].score == quiz
    assert read_reports(line)[0].score == report.score
    rows = common.rows(report)
    assert round(sum(row.score for row in rows), 2) == report.score
    assert prairielearn.results(report)["gradable"] == (assignment is REQUIRED)
    assert f'value="{points(report.score)}"' in junit.xml(report)
    assert "<error" in junit.xml(report)
    assert gradescope.results(report, PackagePolicy(), {})["score"] == report.score
    told = page(report)
    assert "Your code could not be marked. Your quiz was." in told
    assert 'id="quiz"' in told
    assert 'id="criteria"' not in told


def test_code_that_cannot_be_used_has_no_quiz_where_none_was_handed_in(grade):
    report = grade(None, REQUIRED, code=b"def broken(:\n")
    assert [(m.id, m.status) for m in report.quiz] == [("quiz", "empty")]
    assert "Your submission could not be marked." in page(report)
    assert common.rows(report) == []


def test_a_platform_that_shows_quiz_rows_later_tells_their_sum_nowhere_before(grade):
    made = gradescope.results(grade(answers_toml(RIGHT), REQUIRED), PackagePolicy(leaderboard=True), {})
    assert "Quiz: not shown yet, 20 points." in made["output"]
    assert made["leaderboard"][0]["value"] == 100
    shown = gradescope.results(
        grade(answers_toml(RIGHT), REQUIRED), PackagePolicy(quiz="visible", leaderboard=True), {}
    )
    assert shown["leaderboard"][0]["value"] > 100
    assert "not shown yet" not in shown["output"]


def test_a_fault_of_ours_in_one_question_takes_nothing_else_along(grade):
    broken = replace(ASSIGNMENT, quiz=lambda _: (replace(MEMORY, key=NumericKey(1, "furlong", 3)), CHOICE))
    report = grade(answers_toml(RIGHT), broken)
    assert (report.status, sum(row.score for row in report.criteria)) == ("graded", 100)
    assert [mark.status for mark in report.quiz] == ["grader_error", "right"]


def test_a_quiz_that_cannot_be_drawn_takes_no_code_along(grade):
    report = grade(answers_toml(RIGHT), replace(ASSIGNMENT, quiz=lambda seed: QUIZ[seed // 0]))
    assert (report.status, report.score) == ("graded", 100)
    assert [(mark.id, mark.status) for mark in report.quiz] == [("quiz", "grader_error")]


def test_code_that_we_fail_to_judge_takes_no_answers_along(tmp_path):
    class Broken:
        name, isolated = "broken", True

        def run(self, job, most_seconds):
            raise SandboxFailed("no guest")

    (tmp_path / "optimizers.py").write_bytes(OPTIMIZERS.model_solution.read_bytes())
    (tmp_path / "quiz.toml").write_bytes(answers_toml(RIGHT))
    marked = batch.mark(tmp_path, ASSIGNMENT, Broken(), 7)
    assert (marked.report.status, isinstance(marked.trouble, SandboxFailed)) == ("grader_error", True)
    assert {mark.status for mark in marked.report.quiz} == {"right", "waiting"}


def test_a_gradebook_leaves_the_cell_of_a_grader_error_empty(grade):
    broken = replace(ASSIGNMENT, quiz=lambda _: (replace(MEMORY, key=NumericKey(1, "furlong", 3)), CHOICE))
    line = json.dumps(to_json(grade(answers_toml(RIGHT), replace(broken, quiz_counts=REQUIRED.quiz_counts))))
    assert read_reports(line)[0].score is None
    beside = json.dumps(to_json(grade(answers_toml(RIGHT), broken)))
    assert read_reports(beside)[0].score == 100  # a quiz that does not count takes nothing along
    assert read_reports(beside, "quiz")[0].score is None


# --------------------------------------------------------------------------------------------------------- cost
def test_grading_without_a_quiz_imports_nothing_for_it():
    script = "import sys, autograder.pipeline; print(*{'pint', 'mpmath', 'sympy'} & set(sys.modules))"
    out = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=dict(os.environ), capture_output=True, check=True
    )
    assert out.stdout.strip() == b""


def test_a_dozen_questions_take_a_blink():
    """Without formulas, when everything is imported: under 0.1 s of CPU (here 2 ms)."""
    questions = [replace(q, id=f"{q.id}{n}") for n in range(2) for q in QUIZ if not isinstance(q.key, FormulaKey)][:12]
    data = answers_toml({q.id: right_answer(q) for q in questions})
    mark_quiz(questions, data)
    started = time.process_time()
    marks = mark_quiz(questions, data)
    assert time.process_time() - started < 0.1
    assert {m.status for m in marks} == {"right", "waiting"}


def test_the_package_says_what_it_exports():
    assert all(hasattr(quiz, name) for name in quiz.__all__)
