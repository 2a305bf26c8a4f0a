"""What students type is read in every form that has one reading, and nothing that has two is guessed."""

from __future__ import annotations

import ast
import itertools
import json
import math
import os
import re
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograder import reading
from autograder.model import ChoiceKey, FormulaKey, Item, MatrixKey, NumericKey, Option, OrderKey, Wrong
from autograder.quiz import kinds, mark_item, mark_quiz
from autograder.reading import Unreadable, formulas, numbers, options, tables, units
from autograder.reading.options import read_one

ROOT = Path(__file__).resolve().parent.parent
MANY = int(os.environ.get("FUZZ", "0"))  # `make fuzz`: examples of each family
FEW = settings(max_examples=MANY or 60, deadline=None, database=None if MANY else settings.default.database)
IN_GIB = "How much memory does the state need on one GPU?\n\nGive at least 3 significant figures, in GiB."
FACTOR = "How many times as long as a step of SGD may a step of Adam take so that both finish at the same time?"


def item(key, kind="numeric", prompt="How much?"):
    return Item("q", kind, "idea", "Title", prompt, 2.0, key, "Because.")


def value(answer, prompt=FACTOR):
    return numbers.read(answer, prompt)[0].value


# ------------------------------------------------------------------------------------------ answers as people type them
KEYS = {
    "NumericKey": lambda value, unit, figures, wrong: NumericKey(value, unit, figures, tuple(Wrong(one, "") for one in wrong)),
    "FormulaKey": lambda expression, symbols, wrong: FormulaKey(expression, symbols, tuple(Wrong(one, "") for one in wrong)),
    "ChoiceKey": lambda options, several: ChoiceKey(tuple(Option(*option, "") for option in options), several),
    "MatrixKey": MatrixKey,
    "OrderKey": lambda entries, order, before: OrderKey(entries, tuple(order), tuple(map(tuple, before))),
}  # fmt: skip


VERDICTS = ("right", "wrong", "part", "waits")


def typed():
    """A question, and answers to it by what a lenient teacher says: right, wrong, part of it, or waits."""
    for told in json.loads((ROOT / "tests/data/typed_answers.json").read_text(encoding="utf-8")):
        kind, key = told["kind"], dict(told["key"])
        question = Item(
            told["id"], kind, "idea", "Title", told["prompt"], told["points"], KEYS[key.pop("class")](**key), "Because."
        )
        yield pytest.param(question, {verdict: told.get(verdict, ()) for verdict in VERDICTS}, id=told["id"])


@pytest.mark.parametrize(("question", "answers"), list(typed()))
def test_an_answer_as_people_type_it_gets_what_a_lenient_teacher_gives(question, answers):
    """A person reads what waits; everything else is marked as they would."""
    got = {(verdict, str(answer)): mark_item(question, answer) for verdict in VERDICTS for answer in answers[verdict]}
    assert [(*told, mark.message) for told, mark in got.items() if _verdict(mark) != told[0]] == []


def _verdict(mark):
    if mark.status == "unreadable":
        return "waits"
    return {1.0: "right", 0.0: "wrong"}.get(mark.score / mark.max_score, "part")


@FEW
@given(
    st.sampled_from(["WURZEL", "RACINE", "RAIZ", "SQRT", "sqrt"]), st.integers(1, 999), st.sampled_from([".", ","]),
    st.sampled_from(["=", ""]),
)  # fmt: skip
def test_the_root_of_a_spreadsheet_is_read_in_its_language(root, below, point, equals):
    assert value(f"{equals}1/{root}(0{point}{below:03d})") == pytest.approx(1 / math.sqrt(below / 1000))


@FEW
@given(
    st.sampled_from(["ROUNDUP", "AUFRUNDEN", "ARRONDI.SUP", "roundup"]), st.integers(2, 500), st.integers(2, 80),
    st.sampled_from([";0", ",0", "; 0", ", 0"]),
)  # fmt: skip
def test_a_spreadsheet_rounds_up_where_a_whole_number_is_asked_for(name, over, under, places):
    prompt = "What is the smallest number of GPUs that can hold them?\n\nGive a whole number."
    assert value(f"={name}({over}*16/{under}{places})", prompt) == math.ceil(over * 16 / under)


@FEW
@given(
    st.integers(0, 99), st.integers(0, 59), st.integers(0, 59),
    st.sampled_from(["{}h{}m{}s", "{} h {} min {} s", "{}h{}min{}s", "{}h {}' {}\"", "{} Stunden {} Minuten {} Sekunden"]),
)  # fmt: skip
def test_hours_minutes_and_seconds_are_one_time(hours, minutes, seconds, form):
    (found,) = numbers.read(form.format(hours, minutes, seconds), "How much time is saved, in hours?")
    assert units.convert(found.value, found.unit, "s") == pytest.approx(hours * 3600 + minutes * 60 + seconds)


@FEW
@given(st.integers(-999, 999), st.lists(st.sampled_from("👍😀🎉✓✔☑⭐"), min_size=1, max_size=3), st.booleans())
def test_what_a_phone_puts_behind_a_number_changes_nothing(number, signs, spaced):
    assert value(f"{number / 100}{' ' if spaced else ''}{''.join(signs)}") == number / 100
    with pytest.raises(Unreadable):
        value(f"{number / 100} {'✗' if spaced else '❌'}")


@FEW
@given(
    st.permutations("abcde"), st.sampled_from(["least first", "most first", "smallest first", "largest first"]),
    st.sampled_from("<>≤≥"), st.sampled_from(["", " "]),
)  # fmt: skip
def test_signs_of_size_are_an_order_where_both_readings_of_them_agree(order, asked, sign, space):
    entries = {letter: f"memory of {letter * 3}" for letter in "abcde"}
    text = f"{space}{sign}{space}".join(order)
    if (sign in "<≤") == asked.startswith(("least", "smallest")):
        assert options.read_order(text, entries, f"Put these in order by memory, {asked}.") == tuple(order)
    else:
        with pytest.raises(Unreadable):
            options.read_order(text, entries, f"Put these in order by memory, {asked}.")


@FEW
@given(
    st.sampled_from(["ab {}", "oberhalb von {}", "supérieur à {}", "mayor que {}", "above {}", "from {}", "> {}"]),
    st.integers(1, 999),
)
def test_a_limit_is_read_from_words_of_all_languages_and_only_where_one_is_asked_for(form, thousandths):
    text = form.format(f"{thousandths / 1000}")
    assert value(text, "Plain gradient descent diverges above a certain learning rate. Which?") == thousandths / 1000
    with pytest.raises(Unreadable):
        value(text, "What is θ after step 2?")


@FEW
@given(st.sampled_from("mv"), st.sampled_from(["{0}^/(2)", "2*{0}^", "{0}^ + 1", "({0}^)"]))
def test_a_caret_with_nothing_above_is_a_hat(name, form):
    text = form.format(name)
    assert formulas.parse(text, ("m_hat", "v_hat")) == formulas.parse(text.replace("^", "_hat"), ("m_hat", "v_hat"))


STATES = [
    "θ{}",
    "θ_{}",
    "theta_{}",
    "theta{}",
    "θ({})",
    "w[{}]",
    "step {}",
    "after step {}",
    "t = {}",
    "\\theta_{{{}}}",
    "{}",
]


@FEW
@given(
    st.sampled_from(STATES), st.sampled_from([" = ", "=", ": ", " → "]), st.sampled_from([", ", "; ", "\n", ",", " and "]),
    st.lists(st.integers(-3000, 3000).map(lambda n: n / 1000), min_size=2, max_size=4), st.booleans(), st.booleans(),
)  # fmt: skip
def test_of_the_states_of_several_steps_the_one_asked_for_is_read(label, sign, between, values, start, below):
    sign = ") " if label == "{}" else ": " if label == "t = {}" else sign
    between = ", " if (label, between) == ("{}", ",") else between  # `1) 1,2) 2` can be read in two ways
    asked = len(values) - start  # with the start, which is step 0
    digits = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉") if below and label == "θ{}" else {}
    told = [f"{label.format(at).translate(digits)}{sign}{v:g}" for at, v in enumerate(values, start=1 - start)]
    prompt = f"A parameter starts at θ = {values[0]:g} and is moved. What is θ after step {asked}?"
    if asked:
        assert value(between.join(told), prompt) == values[-1]


@FEW
@given(
    st.sampled_from([" → ", "->", ", then ", " then ", "→"]),
    st.lists(st.integers(-30, 30), min_size=2, max_size=3),
    st.booleans(),
)
def test_of_a_chain_of_states_the_last_is_read_where_it_has_a_number_for_each_step(sign, values, start):
    asked = len(values) - start
    prompt = f"A parameter starts at θ = {values[0]} and is moved. What is θ after step {asked}?"
    assert value(sign.join(map(str, values)), prompt) == values[-1]


@pytest.mark.parametrize(
    "told", ["θ₁ = 2.9, θ₂ = 3", "2.9 → 3", "2.9, then 3", "step 1: 2.9, step 2: 3", "θ₂ = 3", "θ₁ = 2, θ₁ = 3, θ₃ = 4"]
)
def test_states_that_do_not_reach_the_step_asked_for_wait_for_a_person(told):
    with pytest.raises(Unreadable):
        value(told, "A parameter starts at θ = 3. What is θ after step 3?")


@pytest.mark.parametrize(("yes", "no"), [("A", "B"), ("B", "A")])
def test_what_each_of_two_does_names_an_option(yes, no):
    options = {"a": "both", "b": "A only", "c": "neither", "d": "only B"}
    right = {"A": "b", "B": "d"}[yes]
    for told in (
        f"{yes} but not {no}", f"{yes} yes, {no} no", f"{no} no, {yes} yes", f"{yes} does; {no} doesn't", f"not {no}, only {yes}",
        f"{yes} gets there, {no} does not", f"{yes} works while {no} never does", f"only {yes}, {no} fails",
    ):  # fmt: skip
        assert read_one(told, options) == right, told
    assert read_one(f"{yes} yes, {no} yes", options) == "a"
    assert read_one(f"{yes} no, {no} no", options) == "c"
    for told in (
        f"{yes} or {no}",
        f"not {yes} and {no}",
        f"maybe {yes}, maybe not {no}",
        f"{yes} first, {no} never",
        "not both",
    ):
        with pytest.raises(Unreadable):
            read_one(told, options)


# --------------------------------------------------------------------------------- families: forms × locales × units
SEPARATORS = (  # between thousands, before decimals: customs of countries
    (",", "."), (".", ","), (" ", "."), (" ", ","), ("\u202f", ","), ("\u00a0", "."), ("'", "."), ("’", "."), ("_", "."),
    ("", "."), ("", ","), ("\u066c", "\u066b"),
)  # fmt: skip
SCRIPTS = ("0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "𝟘𝟙𝟚𝟛𝟜𝟝𝟞𝟟𝟠𝟡")


ONES = {
    "German": "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn",
    "French": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf",
    "Spanish": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve",
}  # fmt: skip
TENS = {
    "German": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "French": "vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt",
    "Spanish": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
}
CIENTOS = "x ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos"
AND = {"German": "und", "French": "-", "Spanish": " y "}


def in_words(number, language):
    """A number up to 999 as a school book spells it."""
    hundreds, rest = divmod(number, 100)
    ones, tens = ONES[language].split(), TENS[language].split()
    if rest < 20:
        small = ones[rest]
    elif language == "French" and rest // 10 in (7, 9):
        small = f"{tens[rest // 10 - 2]}-{ones[rest % 10 + 10]}"
    elif rest % 10 == 0:
        small = tens[rest // 10 - 2]
    elif language == "German":
        small = f"{ones[rest % 10]}und{tens[rest // 10 - 2]}"
    else:
        small = f"{tens[rest // 10 - 2]}{AND[language]}{ones[rest % 10]}"
    if not hundreds:
        return small
    small = small if rest else ""
    if language == "German":
        return f"{ones[hundreds]}hundert{small}"
    head = CIENTOS.split()[hundreds] if language == "Spanish" else f"{ones[hundreds]} cent" if hundreds > 1 else "cent"
    return f"{head} {small}".strip()


@FEW
@given(
    st.integers(2, 999),
    st.sampled_from(list(ONES)),
    st.sampled_from(["GiB", "GB", "Stunden", "horas", "heures"]),
    st.booleans(),
)
def test_a_number_in_words_of_another_language_is_that_number(number, language, unit, thousands):
    spelled = in_words(number, language)
    if thousands:
        spelled += {"German": "tausend", "French": " mille", "Spanish": " mil"}[language]
    found = numbers.read(f"{spelled} {unit}", "How much?")[0]
    assert (found.value, found.unit) == (number * 1000**thousands, units.find(unit) or "hour")


@pytest.mark.parametrize(
    ("answer", "prompt", "right"),
    [("es sind 0,81", "factor", 0.81), ("es 0,81", "factor", 0.81), ("c'est 0,81", "factor", 0.81), ("**0.81**", "factor", 0.81), ("ab t = 90", "step", 90), ("desde t = 90", "step", 90), ("a partir del paso 90", "step", 90), ("à partir de t = 90", "step", 90),
     ("beim 90. Schritt", "step", 90), ("step 90 and later", "step", 90), ("90 und mehr", "step", None),
     ("5 horas y 20 minutos", "hours", 16 / 3), ("fünfeinhalb Stunden", "hours", 5.5), ("une heure et demie", "hours", 1.5),
     ("hora y media", "hours", 1.5), ("5 heures et demie", "hours", 5.5), ("ein halber Tag", "hours", 0.5), ("half a day", "hours", 0.5),
     ("three quarters of an hour", "hours", 0.75), ("eine Dreiviertelstunde", "hours", 0.75), ("2 días y 3 horas", "hours", 2.125),
     ("10-fach", "factor", 10), ("das Zehnfache", "factor", 10), ("diez veces", "factor", 10), ("10 veces más grande", "factor", 10),
     ("um 20 % größer", "factor", 1.2), ("un 20 % más", "factor", 1.2), ("doppelt so groß", "factor", 2), ("el doble", "factor", 2),
     ("halb so groß", "factor", 0.5), ("la mitad", "factor", 0.5), ("ein Drittel", "factor", 1 / 3), ("un tiers", "factor", 1 / 3),
     ("ten to the minus three", "factor", 1e-3), ("10 hoch -3", "factor", 1e-3), ("10 to the power of -3", "factor", 1e-3),
     ("1.5 e-3", "factor", 1.5e-3), ("1.5x10-3", "factor", None), ("10-3", "factor", None), ("0·81", "factor", 0.81), ("log10(100)", "factor", 2),
     ("menos 0,5", "factor", -0.5), ("0.81, 0.9", "factor", None), ("0.81; 0,90", "factor", None), ("quatre vingt seize dix", "factor", None),
     ("four twenty sixteen", "factor", None), ("0.81 gerundet", "factor", 0.81), ("37 and a quarter", "factor", 37.25)],
)  # fmt: skip
def test_an_amount_in_words_is_read_or_refused(answer, prompt, right):
    asked = {
        "step": "From which step t is it below 1 %? Give a whole number.",
        "hours": "How many hours?",
        "factor": FACTOR,
    }
    if right is None:
        with pytest.raises(Unreadable):
            numbers.read(answer, asked[prompt])
    else:
        assert value(answer, asked[prompt]) == pytest.approx(right)


@FEW
@given(
    st.sampled_from(["point", "Komma", "virgule"]), st.integers(0, 9), st.lists(st.integers(0, 9), min_size=1, max_size=4),
    st.booleans(),
)  # fmt: skip
def test_a_decimal_in_words_is_that_number(point, whole, decimals, negative):
    words = WORDS[point]
    text = f"{words[whole]} {point} {' '.join(words[digit] for digit in decimals)}"
    wanted = float(f"{whole}.{''.join(map(str, decimals))}")
    assert value(f"minus {text}" if negative else text) == pytest.approx(-wanted if negative else wanted)


@FEW
@given(
    st.sampled_from([(1024, "KiB", "MiB", "GiB", "TiB"), (1000, "kB", "MB", "GB", "TB")]), st.integers(1, 4),
    st.integers(1, 200), st.sampled_from(["÷", "/", " / "]), st.booleans(), st.booleans(),
)  # fmt: skip
def test_bytes_divided_by_a_power_are_in_the_larger_unit(family, steps, billions, sign, unit_last, step_by_step):
    """`14e9 × 4 B × 2 ÷ 1024³` in GiB, whatever the question asks for; a unit that is written says the same."""
    base, *names = family
    power = sign.join([str(base)] * steps) if step_by_step else f"{base}^{steps}"
    text = f"{billions}e9 × 4 B × 2 {sign} {power}{' ' + names[steps - 1] if unit_last and not step_by_step else ''}"
    (found,) = numbers.read(text, IN_GIB)
    assert units.convert(found.value, found.unit, "B") == pytest.approx(billions * 8e9)
    assert found.unit == names[steps - 1]


@FEW
@given(st.integers(2, 9), st.integers(1, 12), st.sampled_from(["optimizer", "opt", ""]), st.booleans(), st.booleans())
def test_a_call_is_known_whether_its_arguments_are_named_or_not(warmup, more, first, named, swapped):
    """Another value, or two values in each other's place, is none of the options."""
    total = warmup + more
    known = {
        "a": f"`WarmupCosine(optimizer, warmup_steps={warmup}, total_steps={total})`",
        "b": f"`WarmupCosine(optimizer, warmup_steps=0, total_steps={total})`",
    }
    pair = [f"warmup_steps={warmup}", f"total_steps={total}"] if named else [str(warmup), str(total)]
    text = f"WarmupCosine({', '.join([first] * bool(first) + (pair[::-1] if swapped else pair))})"
    if swapped and not named:
        with pytest.raises(Unreadable):
            options.read_one(text, known)
    else:
        assert options.read_one(text, known) == "a"


WORDS = {
    "point": ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    "Komma": ["null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"],
    "virgule": ["zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"],
}


def grouped(digits, separator):
    head = len(digits) % 3 or 3
    return separator.join([digits[:head], *(digits[n : n + 3] for n in range(head, len(digits), 3))])


@st.composite
def written_numbers(draw):
    """A number, in the customs of a country, in the digits of a script; never one that has two readings."""
    whole, below = str(draw(st.integers(0, 10**10))), draw(st.sampled_from(("", "5", "25", "0625", "50")))
    thousands, point = draw(st.sampled_from(SEPARATORS))
    text = grouped(whole, thousands) + (point + below if below else "")
    if re.fullmatch(r"[1-9]\d{0,2}[.,\u066b\u066c]\d{3}", text):
        text = whole
    script = draw(st.sampled_from(SCRIPTS))
    return float(f"{whole}.{below or 0}"), text.translate(str.maketrans(SCRIPTS[0], script))


@FEW
@given(written_numbers())
def test_a_number_is_read_in_the_customs_of_every_country_and_script(case):
    right, text = case
    assert value(text) == pytest.approx(right)


LEADS = (
    "",
    "about ",
    "approx. ",
    "≈ ",
    "~",
    "= ",
    "θ = ",
    "c ≈ ",
    "The answer is ",
    "$",
    "+",
    "ca. ",
    "roughly ",
    "it is ",
)
TAILS = ("", ".", " ", "!", " because 4 bytes each", " (approx.)", ", since it is so", " in total")
UNITS = {
    "GiB": ("GiB", "gib", "GIB", "gibibytes", "Gibyte", "Gibytes", "gibi bytes", "GiBytes"),
    "GB": ("GB", "gb", "gigabytes", "Gigabyte", "GByte", "Gbytes", "giga bytes", "Go"),
    "TiB": ("TiB", "tebibytes"), "MB": ("MB", "megabytes", "Mbytes"), "MiB": ("MiB", "mebibytes"),
    "B": ("B", "bytes", "byte", "Bytes"), "Gbit": ("Gbit", "Gbits", "gigabits", "Gb"),
    "hour": ("h", "hours", "hour", "hrs", "hr"), "min": ("min", "minutes", "mins"), "s": ("s", "sec", "seconds"),
    "day": ("d", "days"), "ms": ("ms", "milliseconds"),
}  # fmt: skip
SPELLINGS = [(unit, spelled) for unit, all_ in UNITS.items() for spelled in all_]


@FEW
@given(st.sampled_from(SPELLINGS), written_numbers(), st.sampled_from(LEADS), st.sampled_from(TAILS), st.booleans())
def test_an_amount_is_read_with_every_spelling_of_its_unit(unit, number, lead, tail, spaced):
    (name, spelled), (right, text) = unit, number
    found = numbers.read(f"{lead}{text}{' ' if spaced else ''}{spelled}{'$' if lead == '$' else ''}{tail}", IN_GIB)
    assert [(one.value, one.unit) for one in found] == [(pytest.approx(right), name)]


POWERS = (
    "{m}e{p}", "{m}E+{p}", "{m}·10^{p}", "{m} × 10^{p}", "{m}*10**{p}", "{m} x 10^{{{p}}}", r"{m} \times 10^{{{p}}}",
    r"${m} \cdot 10^{{{p}}}$", "{m}·10{s}",
)  # fmt: skip
SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@FEW
@given(st.sampled_from(POWERS), st.sampled_from(("1.12", "1,12", "4", "37.5", "3,75")), st.integers(0, 15))
def test_a_power_of_ten_is_read_in_every_spelling(form, mantissa, power):
    text = form.format(m=mantissa, p=power, s=str(power).translate(SUPERSCRIPTS))
    assert value(text) == pytest.approx(float(mantissa.replace(",", ".")) * 10.0**power)


@st.composite
def arithmetic(draw, depth=0):
    """An expression as it may be typed, and its value."""
    if depth > 2 or draw(st.booleans()):
        number = draw(st.integers(1, 40))
        return str(number), float(number)
    (a, x), (b, y) = draw(arithmetic(depth=depth + 1)), draw(arithmetic(depth=depth + 1))
    form, result = draw(
        st.sampled_from(
            [
                (f"({a})*({b})", x * y), (f"({a}) × ({b})", x * y), (f"({a}) · ({b})", x * y), (f"({a})/({b})", x / y),
                (rf"\frac{{{a}}}{{{b}}}", x / y), (f"({a})+({b})", x + y), (f"sqrt({a})", math.sqrt(x)),
                (f"np.sqrt({a})", math.sqrt(x)), (rf"\sqrt{{{a}}}", math.sqrt(x)), (f"({a})**2", x**2), (f"({a})²", x**2),
            ]
        )
    )  # fmt: skip
    return form, result


@FEW
@given(arithmetic(), st.sampled_from(("", "x", " times", " GiB", "×")))
def test_arithmetic_is_worked_out(case, tail):
    text, right = case
    if len(text) < 300:
        assert value(text + tail) == pytest.approx(right)


@FEW
@given(
    st.integers(1, 400),
    st.integers(1, 400),
    st.sampled_from(("-", " – ", " to ", " or ", " ± ", "..", ":", ", or ", " bis ")),
)
def test_what_has_two_readings_is_refused(low, more, between):
    with pytest.raises(Unreadable):
        numbers.read(f"{low}{between}{2 * low + more + 1}", FACTOR)


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("20% longer", 1.2), ("20 % more", 1.2), ("80% less", 0.2), ("5 times smaller", 0.2), ("twice", 2), ("twice as long", 2),
        ("tenfold", 10), ("10-fold", 10), ("half", 0.5), ("two thirds", 2 / 3), ("a quarter", 0.25), ("one and a half", 1.5),
        ("three", 3), ("one hundred and four", 104), ("1 1/5", 1.2), ("3½", 3.5), ("1.2 : 1", 1.2), ("up to 1.2", 1.2), ("≤1.2", 1.2),
        ("1/sqrt(1-0.99)", 10), ("1/√0.01", 10), ("120 per cent = 1.2", 1.2), ("c = 72/60 = 1.2", 1.2), ("3.2 times as long as before", 3.2),
    ],
)  # fmt: skip
def test_a_factor_is_read_in_words(answer, right):
    found = numbers.read(answer, FACTOR)[0]
    assert found.value * units.SIZES[found.unit or ""] == pytest.approx(right)


@pytest.mark.parametrize(
    ("answer", "hours"),
    [
        ("5 h 20 min", 16 / 3),
        ("5h20min", 16 / 3),
        ("5 hours and 20 minutes", 16 / 3),
        ("1 day, 3 hours", 27),
        ("3h 26m 15s", 3.4375),
    ],
)
def test_time_in_parts_is_added(answer, hours):
    found = numbers.read(answer, "")[0]
    assert units.convert(found.value, found.unit, "hour") == pytest.approx(hours)


@pytest.mark.parametrize(
    "answer",
    [
        "< 1.2", "≥ 1.2", "more than 1.2", "1.2 ± 0.1", "104.3 G", "104.3 GiB/s", "104.3 GiB per step", "104 GiB +", "1 nan", "nan", "1e999",
        "104.3 GiB = 104.3 GB", "40 GB weights + 80 GB state", "40 GB for m, 40 GB for v", "not 1.2", "3:26", "1..2", "0x10", "2^10^10", "1/0",
        "20 % faster", "1.2 lr", "1.2*lr", "GB = 104.3", "", "x", "Ⅶ", "①", "twice the parameters",
    ],
)  # fmt: skip
def test_what_no_teacher_could_read_is_refused_with_a_sentence(answer):
    with pytest.raises(Unreadable) as refused:
        numbers.read(answer, IN_GIB if re.search("B|G|para", answer) else FACTOR)
    assert 15 < len(str(refused.value)) < 400


def test_one_comma_before_three_digits_keeps_both_readings():
    (found,) = numbers.read("1,500", FACTOR)
    assert (found.value, found.otherwise) == (1500, 1.5)
    assert mark_item(item(NumericKey(1500, "", 4)), "1,500").status == "right"
    assert mark_item(item(NumericKey(1.5, "", 2)), "1,500").status == "right"
    assert mark_item(item(NumericKey(1500, "", 4)), "1.500").status == "right"
    assert mark_item(item(NumericKey(7, "", 2)), "1,500").status == "wrong"


@pytest.mark.parametrize(
    ("unit", "typed"), [("", "1,609"), ("", "\u22121,609"), ("hour", "1,609 h"), ("hour", "1,609 Stunden")]
)
def test_of_two_readings_the_right_one_counts_where_a_slip_is_no_factor_of_a_thousand(unit, typed):
    size = -1.6094 if typed.startswith("\u2212") else 1.6094
    assert mark_item(item(NumericKey(size, unit, 3)), typed).status == "right"
    slip = (Wrong(1000 * size, "A thousand times too much."),)
    assert mark_item(item(NumericKey(size, unit, 3, slip)), typed).status == "unreadable"


def test_a_comma_in_an_amount_of_a_binary_unit_is_a_decimal_one_where_that_is_right():
    """GiB for MiB is a mistake by 1024, which no digits hide."""
    assert mark_item(item(NumericKey(1.609, "GiB", 3)), "1,609 GiB").status == "right"
    assert mark_item(item(NumericKey(1.571, "GiB", 3)), "1,609 GiB").status == "wrong"


@pytest.mark.parametrize("unit", ["GB", "TB", "MB"])
def test_of_memory_both_readings_wait_because_the_next_prefix_is_a_thousand(unit):
    assert mark_item(item(NumericKey(1.609, unit, 3)), f"1,609 {unit}").status == "unreadable"


# -------------------------------------------------------------------------------------------- numbers are marked right
@FEW
@given(written_numbers(), st.sampled_from(SPELLINGS[:20]), st.sampled_from(LEADS))
def test_a_right_amount_is_credited_and_another_prefix_never(number, unit, lead):
    (right, text), (name, spelled) = number, unit
    if right == 0:
        return
    question = item(NumericKey(right, name, 3), prompt=IN_GIB)
    assert mark_item(question, f"{lead}{text} {spelled}{'$' if lead == '$' else ''}").status == "right"
    for twin in units.twins(name):
        assert mark_item(question, f"{lead}{text} {twin}").score == 0


# ---------------------------------------------------------------------------------------------- formulas × spellings
SYMBOLS = {"theta": "", "g": "", "lr": "", "lam": "", "m_hat": "", "v_hat": "", "eps": ""}
STEP = item(
    FormulaKey(
        "theta - lr*(m_hat/(sqrt(v_hat) + eps) + lam*theta)",
        SYMBOLS,
        (Wrong("theta - lr*m_hat", "Only the first moment."),),
    ),
    "formula",
)
SPELLED = {  # one symbol in many hands
    "theta": ("theta", "θ", r"\theta", "theta_t", "θ_t", r"\theta_{t}", "w", "theta_{t-1}", "θₜ", "param", "theta[t]"),
    "lr": ("lr", "α", "η", r"\eta", r"\text{lr}", "alpha", "learning_rate", r"\mathrm{lr}", "self.lr"),
    "lam": ("lam", "λ", r"\lambda", "lambda", "wd", "weight_decay"),
    "m": ("m_hat", "m̂", r"\hat{m}", r"\hat m", "mhat", r"\hat{m}_t", "hat(m)", "m̂ₜ"),
    "v": ("v_hat", "v̂", r"\hat{v}", "vhat", r"\hat{v}_{t}"),
    "eps": ("eps", "ε", r"\epsilon", r"\varepsilon", "epsilon", "ϵ"),
    "times": ("*", " * ", "·", r"\cdot ", r" \times ", " ", " × "),
    "root": ("sqrt({})", "np.sqrt({})", r"\sqrt{{{}}}", "√({})", "({})**0.5", "({})^(1/2)", "({})**(1/2)"),
    "fraction": ("{}/({})", r"\frac{{{}}}{{{}}}", "({})/({})", "np.divide({}, {})"),
    "assigned": ("", "theta = ", "θ ← ", "theta_new = ", r"\theta_{{t+1}} = "),
    "end": ("", ";", " ", "."),
    "minus": ("-", "−", "–"),
    "brackets": ("({})", "[{}]", r"\left({}\right)"),
}


@st.composite
def spelled_steps(draw):
    hand = {part: draw(st.sampled_from(spellings)) for part, spellings in SPELLED.items()}
    fraction = hand["fraction"].format(hand["m"], f"{hand['root'].format(hand['v'])} + {hand['eps']}")
    theta = hand["theta"]
    inner = hand["brackets"].format(f"{fraction} + {hand['lam']}{hand['times']}{theta}")
    return f"{hand['assigned'].format()}{theta} {hand['minus']} {hand['lr']}{hand['times']}{inner}{hand['end']}"


@FEW
@given(spelled_steps())
def test_a_right_formula_is_credited_in_every_spelling(text):
    mark = mark_item(STEP, text)
    assert mark.status == "right", (text, mark.message)


@FEW
@given(spelled_steps(), st.sampled_from((("+", "-"), ("-", "+"), ("−", "+"), ("–", "+"))))
def test_a_formula_with_one_sign_changed_is_never_credited(text, change):
    changed = text.replace(f" {change[0]} ", f" {change[1]} ", 1)
    if changed != text:
        assert mark_item(STEP, changed).score == 0


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ("lr (g + lam theta)", "lr·(g + lam·theta)"), ("theta(1 - lr lam)", "theta·(1 − lr·lam)"), ("|g|", "abs(g)"), ("lr |g| theta", "lr·abs(g)·theta"),
        ("g = g + lam*theta; theta - lr*g", "theta − lr·(g + lam·theta)"), ("g <- g + lam theta\ntheta <- theta - lr g", "theta − lr·(g + lam·theta)"),
        ("theta -= lr*g;", "theta − lr·g"), ("np.subtract(theta, lr*g)", "theta − lr·g"), ("param.data - lr*param.grad", "theta − lr·g"),
        ("0,5 g", "0.5·g"), ("2g", "2·g"), ("g(t)", "g"), (r"\frac{g}{2}\theta", "g/2·theta"),
    ],
)  # fmt: skip
def test_a_formula_is_read_as_it_is_meant(answer, read):
    assert formulas.written(formulas.parse(answer, SYMBOLS)) == read


@pytest.mark.parametrize(
    "answer",
    [
        "lr/2 g", "1/2 lr", "theta_{t+1} - lr g", "theta_t - theta_{t-1}", "a", "theta = theta = g", "theta; 1", "1,500 g", r"\foo{g}", "g!",
        "lr+" * 200, "(" * 60 + "g" + ")" * 60, "sqrt g^2", "exp g", "",
    ],
)  # fmt: skip
def test_a_formula_with_two_readings_is_refused(answer):
    with pytest.raises(Unreadable):
        formulas.parse(answer, SYMBOLS)


def test_a_name_at_time_t_is_unclear_only_where_t_is_a_symbol():
    assert formulas.written(formulas.parse("g(t)", {"g": ""})) == "g"
    with pytest.raises(Unreadable):
        formulas.parse("g(t)", {"g": "", "t": ""})


# -------------------------------------------------------------------------------------------------- options, orders
TEXTS = ("by 0.1 in both", "lr = 0.2", "lr = 0.02", "Adam", "Adam and AdamW, which decays")
CHOICE = item(ChoiceKey(tuple(Option(x, text, x == "b") for x, text in zip("abcde", TEXTS, strict=True))), "choice")
LINES = item(ChoiceKey(tuple(Option(str(n), f"g = g + {n}*w", n == 3) for n in range(1, 8))), "line")
ORDER = item(OrderKey(dict(zip("abcde", ("A", "B", "C", "D", "E"), strict=True)), tuple("cdaeb")), "ordering")
SEVERAL = item(ChoiceKey(tuple(Option(x, f"text {x}", x in "de") for x in "abcde"), several=True), "multiple")


@pytest.mark.parametrize(
    "answer",
    ["b", "B", "(b)", "b)", "b.", "[b]", "option b", "answer: b", "The answer is b", "lr = 0.2", "0.2", "0,2", "1/5", "0.20", "LR=0.2",
     "b, lr = 0.2", "b) lr = 0.2", "b: because of the rate", ["b"], "`b`", "**b**", " b "],
)  # fmt: skip
def test_an_option_is_read_by_letter_and_by_text(answer):
    assert mark_item(CHOICE, answer).status == "right"


@pytest.mark.parametrize(
    "answer", ["b or c", "b, c", "lr", "0.3", "z", "c, lr = 0.2", "Ad", "bc", ["b", "c"], [["b"]], {"b": 1}, 7]
)
def test_an_option_that_is_unclear_is_refused(answer):
    assert mark_item(CHOICE, answer).status == "unreadable"


@pytest.mark.parametrize(
    "answer",
    [
        3,
        "3",
        "line 3",
        "Line 3.",
        "#3",
        "third",
        "3rd",
        "the third line",
        "3: g = g - 3*w",
        "g = g + 3*w",
        "g=g+3*w",
        "٣",
    ],
)
def test_a_line_is_read_by_number_ordinal_and_code(answer):
    assert mark_item(LINES, answer).status == "right"


@FEW
@given(
    st.permutations("abcde"),
    st.sampled_from(("{}", " {}", ", {}", " > {}", " → {}", " -> {}", "; {}", " then {}", r" \to {}", "\n{}")),
    st.booleans(),
)
def test_an_order_is_read_with_anything_between_its_letters(letters, between, capital):
    text = letters[0] + "".join(between.format(letter) for letter in letters[1:])
    text = text.upper() if capital and "then" not in text and "to" not in text else text
    assert options.read_order(text, ORDER.key.entries) == tuple(letters)
    assert options.read_order(list(letters), ORDER.key.entries) == tuple(letters)


@FEW
@given(st.sets(st.sampled_from("abcde"), min_size=1), st.sampled_from((", ", " ", "", " and ", " & ", "; ", "/")))
def test_several_options_are_read_with_anything_between_them(letters, between):
    text = between.join(sorted(letters))
    assert options.read_several(text, dict.fromkeys("abcde", "")) == tuple(sorted(letters))


@FEW
@given(
    st.permutations("abcde"),
    st.sampled_from(
        ["my order: {}, {}, {}, {}, {}", "Reihenfolge: {} {} {} {} {}", "{} vor {} vor {} vor {} vor {}", "{} ➔ {} ➔ {} ➔ {} ➔ {}",
         "primero {}, luego {}, después {}, {} y {}", "d'abord {}, puis {}, ensuite {}, {}, enfin {}", "{} before {} before {} before {} before {}",
         "step 1: {}, step 2: {}, step 3: {}, step 4: {}, step 5: {}", "first {}; second {}; third {}; fourth {}; fifth {}"]
    ),
)  # fmt: skip
def test_an_order_is_read_in_words(letters, form):
    assert options.read_order(form.format(*letters), ORDER.key.entries) == tuple(letters)


@pytest.mark.parametrize("answer", ["e ← d ← c ← b ← a", "a <- b <- c <- d <- e"])
def test_an_order_with_arrows_to_the_left_is_refused(answer):
    with pytest.raises(Unreadable):
        options.read_order(answer, ORDER.key.entries)


@FEW
@given(
    st.lists(st.booleans(), min_size=3, max_size=3).filter(any),
    st.sampled_from([("true", "false"), ("yes", "no"), ("ja", "nein"), ("vrai", "faux"), ("sí", "no"), ("richtig", "falsch"), ("✓", "✗"), ("✔\ufe0f", "✘"), ("☑", "☒"), ("✅", "❌")]),
    st.sampled_from(["{}: {}", "{} {}", "({}) {}", "{} = {}", "{} is {}"]),
    st.sampled_from([", ", "; ", "\n"]),
)  # fmt: skip
def test_options_that_are_each_said_to_be_true_or_false_are_those_that_are_true(truths, words, form, between):
    text = between.join(form.format(letter, words[not true]) for letter, true in zip("abc", truths, strict=True))
    found = options.read_several(text, dict.fromkeys("abcd", ""))
    assert found == tuple(letter for letter, true in zip("abc", truths, strict=True) if true)


@pytest.mark.parametrize(
    "answer", ["d is wrong", "c, d are false", "a, x", "a-c", "all but x", "alle außer b", "a to d", "a, b, not c"]
)
def test_of_several_options_no_part_of_an_unclear_answer_is_credited(answer):
    with pytest.raises(Unreadable):
        options.read_several(answer, dict(zip("abcd", ("one thing", "two", "three", "four"), strict=True)))


@pytest.mark.parametrize(
    "answer", ["a!", "a?", "definitely a", "it must be A", "Option A is correct", "la a", "ⓐ", "respuesta: a"]
)
def test_one_option_is_read_with_what_people_say_around_it(answer):
    assert options.read_one(answer, dict.fromkeys("abc", "text")) == "a"


def test_signs_of_size_are_refused_where_sizes_are_ordered():
    with pytest.raises(Unreadable):
        options.read_order("a < b > c", dict.fromkeys("abc", ""), "From light to heavy.")


def test_where_several_orders_are_right_each_of_them_is():
    before = (("c", "e"), ("d", "a"), ("a", "e"), ("e", "b"))
    question = item(OrderKey(ORDER.key.entries, tuple("cdaeb"), before), "ordering")
    place = {o: [o.index(x) for x in "abcde"] for o in map("".join, itertools.permutations("abcde"))}
    for order, (a, b, c, d, e) in place.items():
        assert (mark_item(question, list(order)).status == "right") == (c < e and d < a < e < b), order


@pytest.mark.parametrize("cell", ["0.2 × lr", "0.2", "0.2*lr", "0.2 lr", "0,2 x lr", ".2 LR", 0.2, "1/5 lr"])
def test_a_cell_of_a_table_is_read_as_a_multiple(cell):
    key = MatrixKey(("row", "other"), ("0.2 × lr", "1 × lr"), {"row": "0.2 × lr", "other": "1 × lr"})
    assert mark_item(item(key, "matrix"), {"row": cell, "other": "lr"}).status == "right"
    assert mark_item(item(key, "matrix"), f"row: {cell}; other: lr").status == "right"


# ------------------------------------------------------------------------------------ any bytes: a status and a sentence
PIECES = st.sampled_from(
    [*"0123456789.,+-−–*/^()[]{}|√%=≈<>≤≥;:!?_'\"`$\\&#~ ×·\t\n", "nan", "inf", "∞", "1e", "e9", "½", "①", "٣", "３", "²", "⁻", "₁", "\u202e",
     "\u0302", "\ud800", "\x00", "GiB", "GB", "Gb", "h", "min", "percent", "%", "times", "x", "twice", "half", "ten", "and", "or", "about", "per GPU",
     "billion", "sqrt", "exp", "np.", "theta", "θ", "lr", "g", "m_hat", "a", "b", "c", "->", "\\frac{1}{2}", "\\text{", "}", "10^{9}", "_{t-1}", "="]
)  # fmt: skip
TYPED = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=40)
SCALARS = TYPED | st.integers() | st.floats() | st.booleans() | st.dates() | st.integers(-(10**400), 10**400)
ANSWERS = SCALARS | st.lists(SCALARS, max_size=4) | st.dictionaries(TYPED, SCALARS, max_size=4)
MATRIX = item(MatrixKey(("SGD", "Adam"), ("1 ×", "2 ×"), {"SGD": "1 ×", "Adam": "2 ×"}), "matrix")
NUMBER = item(NumericKey(104.3, "GiB", 3, (Wrong(112.0, "These are GB."),)), prompt=IN_GIB)
PURE = item(NumericKey(0.023, "", 3), prompt=FACTOR)
EVERY = (NUMBER, PURE, STEP, CHOICE, LINES, SEVERAL, ORDER, MATRIX)


@FEW
@given(ANSWERS, st.sampled_from(EVERY))
@example("2.3 %", PURE)
@example("1 nan", PURE)
@example("1 nan", NUMBER)
def test_any_answer_has_a_status_and_a_sentence_and_never_a_fault_of_ours(answer, question):
    mark = mark_item(question, answer)
    assert mark.status != "grader_error", mark.for_staff
    assert 0 <= mark.score <= mark.max_score == question.points
    assert 5 < len(mark.message) < 1500
    if mark.status == "unreadable":
        assert mark.score == 0


@FEW
@given(st.binary(max_size=200) | TYPED.map(lambda text: f"[answers]\nq = {text}\n".encode("utf-8", "replace")))
def test_any_bytes_are_a_quiz_with_a_status(data):
    for mark in mark_quiz((NUMBER,), data):
        assert mark.status != "grader_error", mark.for_staff
        assert mark.message


@FEW
@given(TYPED, st.sampled_from(EVERY))
def test_the_form_and_the_grader_read_alike(answer, question):
    """What the form refuses is unreadable to the grader; the grader alone refuses what only the key decides."""
    status = mark_item(question, answer).status
    refused = reading.problem(kinds.asked(question), answer) != ""
    if refused and question.kind != "matrix":
        assert status == "unreadable"
    if status == "unreadable" and not refused:
        assert question.kind == "numeric"  # another kind of unit, or the other reading of a comma


def test_the_command_counts_loudly_what_it_could_not_read(capsys):
    from autograder.batch import MarkedFile
    from autograder.model import CriterionMark, Report
    from autograder.publish import publish

    quiz = tuple(mark_item(NUMBER, answer) for answer in ("104.3 GiB", "104.3 G", "about"))
    report = Report(
        "a", "0" * 64, 1, "x", "0" * 64, "graded", "", (CriterionMark("c", "C", 1, 1, "passed"),), quiz=quiz
    )
    publish(iter([MarkedFile(Path("x"), report)]), [Path("x")], "json", None)
    assert "2 QUIZ ANSWERS COULD NOT BE READ" in capsys.readouterr().err


# --------------------------------------------------------------------------------------------------------- the module
def test_the_reading_needs_nothing_but_the_standard_library():
    for path in (ROOT / "autograder/reading").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 10))
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            assert all(name.partition(".")[0] in sys.stdlib_module_names for name in names), (path, names)


def test_a_cell_is_known_by_words_that_no_other_column_has():
    columns, rows = (
        ("on the ramp", "on the cosine", "at min_lr", "fast, and even", "fast, and uneven"),
        ("t = 5", "t = 6"),
    )
    given = {"t=5": "ramp", "t  = 6": "Min_LR"}
    assert tables.read_table(given, rows, columns)[0] == {"t = 5": "on the ramp", "t = 6": "at min_lr"}
    for unclear in ("fast, and", "on the", "the", "min", "not on the ramp"):
        with pytest.raises(Unreadable):
            tables.read_table({"t = 5": unclear}, rows, columns)


@pytest.mark.parametrize(
    ("typed_", "name"),
    [("0.98**20", "e"), ("(1-0.02)^20", "e"), ("0.668", "e"), ("2/100", "a"), ("\u2212\u221e", "c"), ("minus infinity", "c"),
     ("-np.inf", "c"), ("float('nan')", "d"), ("not a number", "d"), ("infinity", ""), ("0.67 or 0.02", ""), ("0.65", ""), ("0.7", "")],
)  # fmt: skip
def test_an_option_is_known_by_its_value_however_it_is_written(typed_, name):
    shown = {"a": "0.02", "b": "-1500", "c": "-inf", "d": "nan", "e": "0.6676"}
    if name:
        assert options.read_one(typed_, shown) == name
    else:
        with pytest.raises(Unreadable):
            options.read_one(typed_, shown)


def test_options_that_lie_close_together_are_not_told_apart_by_a_rounded_value():
    with pytest.raises(Unreadable):
        options.read_one("0.668", {"a": "0.6676", "b": "0.6725"})


@pytest.mark.parametrize("form", ["e^({})", "e**({})", "math.e**({})", "e^{{{}}}", "\\mathrm{{e}}^{{{}}}"])
@pytest.mark.parametrize("power", ["x", "-x", "2*x", "-2*x/3"])
def test_a_power_of_e_is_the_exponential_unless_the_question_has_an_e(form, power):
    exponential = formulas.parse(f"exp({power})", ["x"])
    assert formulas.parse(form.format(power), ["x"]) == exponential
    assert formulas.parse(form.format(power), ["x", "e"]) != exponential


@pytest.mark.parametrize(
    ("text", "meant"), [("eˣ", "exp(x)"), ("e⁻ˣ", "exp(-x)"), ("e^-x", "exp(-x)"), ("2e^x", "2*exp(x)")]
)
def test_a_power_of_e_needs_no_parentheses(text, meant):
    assert formulas.parse(text, ["x"]) == formulas.parse(meant, ["x"])
