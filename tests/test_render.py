"""Reports as JSON, on a terminal and as a page: right, safe and readable whatever a submission brought."""

from __future__ import annotations

import dataclasses
import io
import itertools
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from drawn import charts
from rich.console import Console

from autograder.model import Chart, CriterionMark, Diagnosis, Exhibit, ItemMark, Place, Report, Series, Surface
from autograder.render import class_pictures, escape, headline, html, jsonl, pictures, points, text, total, verdict

DATA = Path(__file__).parent / "data" / "reports"
CRITERIA = {
    "interface": ("Construction and documented interface", 10),
    "zero_grad": ("Clearing gradients", 5),
    "sgd": ("The plain step", 10),
    "momentum": ("The velocity", 15),
    "weight_decay": ("Weight decay in the gradient", 10),
    "adam_moments": ("The two moments", 10),
    "bias_correction": ("Correcting the start of the moments", 10),
    "adaptive_step": ("The adaptive step", 10),
    "adamw": ("Decoupled weight decay", 10),
    "state": ("State, copies and resuming", 5),
    "training": ("A real network learns", 5),
}
HOSTILE = '</style></title><script>alert(1)</script><img src=x onerror="alert(2)">{{ 7*7 }}[red]\x1b[2J\x07\u202ecod\u2066\u200b\ud800'


# ------------------------------------------------------------------------------------------------------ samples
def marks(lost: dict[str, tuple[float, tuple[str, ...]]] | None = None) -> tuple[CriterionMark, ...]:
    """Full marks but for `lost`: criterion -> (score, messages)."""
    lost = lost or {}
    made = []
    for name, (title, most) in CRITERIA.items():
        score, messages = lost.get(name, (most, ()))
        status = "passed" if score == most else "partial" if score else "failed"
        made.append(CriterionMark(name, title, score, most, status, messages))
    return tuple(made)


def report(**changes: object) -> Report:
    plain = Report(
        assignment="optimizers",
        assignment_digest="3f2a9c41" * 8,
        seed=7,
        path="ada/optimizers.py",
        digest="b7e15162" * 8,
        status="graded",
        message="",
        criteria=marks(),
        seconds=0.2134,
        sandbox="docker",
        versions={"gradmark": "0.1.0", "numpy": "2.4.6"},
    )
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def test_the_json_says_where_a_mistake_is_and_never_how_the_right_line_reads() -> None:
    place = Place(42, 43, "m_hat = self.m[i]", "bias_correction", "operand", edit="m_hat = self.m[i] / c", cell=3)
    told = jsonl.to_json(report(places=(place,)))
    assert told["places"] == [
        {"line": 42, "end_line": 43, "source": "m_hat = self.m[i]", "criterion": "bias_correction", "kind": "operand", "cell": 3}
    ]  # fmt: skip
    assert "places" not in jsonl.to_json(report())


NOTE = "The mistake is in this line: with it changed, everything about Adam agrees."
OWN = "v_hat = v / (1 - beta1**t)"


def pointed(**changes: object) -> Report:
    """A wrong Adam whose line is known; its repair is for staff."""
    place = Place(102, 102, OWN, "bias_correction", "name", edit="THE REPAIR", note=NOTE, subject="Adam")
    return report(
        criteria=marks({"bias_correction": (6, (NOTE, "The second average has another decay."))}),
        diagnoses=(Diagnosis("x", "bias_correction", "Corrected with β₁", "The second average …", group="Adam"),),
        places=(dataclasses.replace(place, **changes),),  # type: ignore[arg-type]
    )


def test_the_terminal_shows_the_students_own_line_in_its_row_and_names_it_beside_the_idea():
    shown = " ".join(printed(text.report_view(pointed()), 120).split())
    assert f"line 102 {OWN} {NOTE} The second average has another decay." in shown
    assert "Correcting the start of the moments, line 102" in shown
    assert shown.count(NOTE) == 1
    assert "THE REPAIR" not in shown
    assert "Corrected with β₁ (line 102)" in printed(text.summary([pointed()]), 120)


@pytest.mark.parametrize(
    ("counts", "score", "told"), [(True, 3, "quiz: 3 of 5"), (True, 5, ""), (False, 3, "")], ids=str
)
def test_the_table_of_a_class_tells_the_points_of_a_quiz_that_lost_some(counts, score, told):
    quiz = (ItemMark("q", score, 5, "right" if score == 5 else "partial", "", "Question"),)
    shown = printed(text.summary([report(quiz=quiz, quiz_counts=counts, quiz_points=5)]), 120)
    assert told in shown
    assert ("quiz:" in shown) == bool(told)


def test_the_page_shows_the_students_own_line_in_its_row_and_the_repair_to_staff_alone():
    source = html.page(pointed())
    row = source.partition('<div class="own-line">')[2].partition("</div>")[0]
    assert "Line 102" in row
    assert f"<code>{OWN}</code>" in row
    assert NOTE in row
    assert Page(source).text.count(NOTE) == 1
    assert "line 102 of your code" in Page(source).text
    assert "THE REPAIR" not in source
    assert "THE REPAIR" in html.page(pointed(), staff=True)


def test_a_line_of_a_notebook_is_told_with_its_cell():
    one = pointed(line=3, end_line=4, cell=5)
    assert "code cell 5, lines 3–4" in printed(text.report_view(one), 120)
    assert "Code cell 5, lines 3–4" in Page(html.page(one)).text


def test_a_line_is_told_beside_an_idea_only_where_it_is_this_ideas_own():
    other = Diagnosis("y", "bias_correction", "Another idea", "…", group="Adam")
    two = dataclasses.replace(pointed(), diagnoses=(*pointed().diagnoses, other))
    assert "(line 102)" not in printed(text.summary([two]), 120), "it could be either one's"
    assert "(line 102)" not in printed(text.summary([pointed(subject="SGD")]), 120), "it is about another class"
    assert "(line 102)" not in printed(text.summary([pointed(criterion="sgd")]), 120), "it is about another row"


def perfect() -> Report:
    return report(
        remarks=("PyTorch applies AdamW's decay before the Adam step, you apply it after: both are decoupled.",)
    )


def wrong_adam() -> Report:
    return report(
        path="grace/optimizers.py",
        criteria=marks({
            "bias_correction": (0, ("Step 1: `w` is off by up to 0.216. The first step should be about lr long, yours is 3.16 × that.",)),
            "state": (3.5, ("`get_momentum_state()` returns the buffers themselves: changing the result changes the optimizer.",)),
        }),
        diagnoses=(
            Diagnosis(
                "no-bias-correction", "bias_correction", "The moments are used before they have warmed up",
                "m and v start at zero, so for the first steps both are too small, and not by the same factor. "
                "Adam divides them by 1 − β₁ᵗ and 1 − β₂ᵗ to undo exactly that. Your steps are those of Adam without either division.",
                "Take one parameter, gradient 1, and compute m̂ = m / (1 − β₁) and v̂ = v / (1 − β₂) on paper for t = 1. "
                "What is m̂ / (√v̂ + ε)? Print the same two numbers in `step()`.",
            ),
        ),
        exhibits=(
            Exhibit(
                "adam-1", "Adam, one parameter, two steps of gradient 1", "bias_correction",
                ("θ₀ = 1", "g = 1", "lr = 0.1", "β₁ = 0.9", "β₂ = 0.999", "ε = 1e-8"),
                (("0", "1", "1", ""), ("1", "0.9", "0.683772", "3.162"), ("2", "0.8", "0.258803", "4.250")),
                "In step 1 yours moves by 0.1 · 0.1 / √0.001 = 0.316228; the right step is 0.1 · 1 / √1 = 0.1.",
            ),
        ),
        charts=charts(),
        remarks=("Your step counter counts once per `step()`; PyTorch counts per parameter. Both get full marks.",),
        quiz=(ItemMark("adam-first-step", 1, 2, "partial", "Right number, wrong unit: GiB was asked, this is GB."),),
        quiz_counts=True,
        quiz_points=2,
        log="epoch 1\n",
    )  # fmt: skip


def not_gradable() -> Report:
    rows = tuple(CriterionMark(name, title, 0, most, "not_run") for name, (title, most) in CRITERIA.items())
    return report(
        path="alan/optimizers.py",
        status="not_gradable",
        criteria=rows,
        message="Line 41 of your file is not Python: `v = mu * v + ` ends too early.",
    )


def grader_error() -> Report:
    return report(
        path="kurt/optimizers.py",
        status="grader_error",
        criteria=(),
        message="The Docker engine did not answer.",
    )


def hostile() -> Report:
    """Every text that could ever quote a student is hostile here."""
    bad = HOSTILE + "x" * 100_000
    return report(
        path=HOSTILE,
        criteria=(
            CriterionMark("sgd", HOSTILE, 0.333333, 1, "partial", (bad, "`" + HOSTILE + "`")),
            *marks()[1:],
        ),
        diagnoses=(Diagnosis("x", "sgd", HOSTILE, bad, bad, group="SGD"),),
        places=(Place(3, 4, HOSTILE + "\n" + bad, "sgd", HOSTILE, edit=bad, note=bad, subject="SGD"),),
        remarks=(bad,),
        quiz=(ItemMark(HOSTILE, 0, 1, HOSTILE, bad),),
        exhibits=(Exhibit("s", HOSTILE, HOSTILE, (HOSTILE, f"a = {HOSTILE}"), ((HOSTILE,) * 4,), bad),),
        charts=(Chart(HOSTILE, HOSTILE, bad, HOSTILE, HOSTILE, (Series("$x" + HOSTILE, (0.0,), (1.0,), "yours"),)),),
        versions={HOSTILE: HOSTILE},
        sandbox=HOSTILE,
        log=bad,
    )


SAMPLES = {f.__name__: f for f in (perfect, wrong_adam, not_gradable, grader_error, hostile)}


@pytest.fixture(params=SAMPLES)
def sample(request):
    return SAMPLES[request.param]()


def printed(renderable, width=80):
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    console.print(renderable)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"


# --------------------------------------------------------------------------------------------------------- JSON
@pytest.mark.parametrize("name", ["perfect", "wrong_adam", "not_gradable", "grader_error"])
def test_the_json_is_the_recorded_one_to_the_letter(name):
    """Others script against it: a change here is a change of the contract."""
    assert (
        json.dumps(jsonl.to_json(SAMPLES[name]()), indent=1, ensure_ascii=False)
        == (DATA / f"{name}.json").read_text().strip()
    )


def test_json_is_one_line_of_strict_utf8_json(sample):
    line = json.dumps(jsonl.to_json(sample), allow_nan=False, ensure_ascii=False)
    assert "\n" not in line
    assert json.loads(line.encode("utf-8")) == jsonl.to_json(sample)


def test_nothing_for_staff_only_reaches_json():
    shown = json.dumps(jsonl.to_json(report(log="SECRET-LOG", exhibits=wrong_adam().exhibits)))
    assert "SECRET-LOG" not in shown
    assert "0.683772" not in shown


def test_the_rows_add_up_to_the_total_after_rounding():
    """Three thirds of 10 are shown as 3.33 each: the total must be what a reader adds up, 9.99."""
    thirds = tuple(CriterionMark(str(i), "", 10 / 3, 10 / 3, "passed") for i in range(3))
    told = jsonl.to_json(report(criteria=thirds))
    assert told["score"] == told["max_score"] == 9.99
    assert round(sum(row["score"] for row in told["criteria"]), 2) == told["score"]


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_mark_that_is_no_number_is_our_fault_and_raised(score):
    with pytest.raises(ValueError, match="must be finite"):
        jsonl.to_json(report(criteria=(CriterionMark("sgd", "", score, 1, "partial"),)))


# ------------------------------------------------------------------------------------------------------ verdict
@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (perfect(), "Everything that was asked for is right."),
        (wrong_adam(), "9 of 11 criteria are met; one idea explains part of what went wrong."),
        (not_gradable(), "Your submission could not be marked."),
        (grader_error(), "The grader failed. Your code was not marked."),
        (report(criteria=marks({"sgd": (0, ())})), "10 of 11 criteria are met."),
        (
            report(criteria=marks({"bias_correction": (0, ())}), diagnoses=wrong_adam().diagnoses),
            "10 of 11 criteria are met; one idea explains what went wrong.",
        ),
        (report(criteria=marks(dict.fromkeys(CRITERIA, (0, ())))), "None of 11 criteria is met yet."),
        (report(criteria=marks(dict.fromkeys(CRITERIA, (0, ())))[:1]), "The one criterion is not met yet."),
        (report(quiz=(ItemMark("q", 0, 1, "failed", ""),)), "Your code meets all 11 criteria."),
        (report(criteria=marks(dict.fromkeys(list(CRITERIA)[1:], (0, ())))), "1 of 11 criteria is met."),
        (report(criteria=()), "There was nothing to mark."),
    ],
)
def test_the_verdict_is_one_true_sentence(given, sentence):
    assert verdict(given) == sentence


def test_points_have_no_zeros_that_say_nothing():
    assert [points(p) for p in (9.5, 12.0, 1 / 3, 0, -0.0, 100)] == ["9.5", "12", "0.33", "0", "0", "100"]


# ------------------------------------------------------------------------------------------------------- escape
@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("m̂ₜ = √v̂, “quoted”, 日本語, עברית", "m̂ₜ = √v̂, “quoted”, 日本語, עברית"),
        ("\x1b[31mred\x9b2J", r"\x1b[31mred\x9b2J"),
        ("a\u202eb\u2066c\u200bd\ufeff", r"a\u202eb\u2066c\u200bd\ufeff"),
        ("one\r\ntwo\rthree\tfour", "one\ntwo\\rthree    four"),
        ("\ud800\u2028\U000e0041", r"\ud800\u2028\U000e0041"),
        ("a" + "\u0301" * 5, "a" + "\u0301" * 3 + r"\u0301\u0301"),
    ],
)
def test_what_could_mislead_is_written_out_and_the_rest_left_alone(given, shown):
    assert escape.visible(given) == shown


def test_huge_text_is_cut_and_says_by_how_much():
    assert escape.visible("x" * 5000) == "x" * 4000 + "… (1000 more characters)"
    assert escape.one_line("a\nb\n  c") == "a b c"


# --------------------------------------------------------------------------------------------------------- text
@pytest.mark.parametrize("name", ["wrong_adam", "not_gradable", "grader_error"])
def test_the_terminal_shows_the_recorded_view(name):
    """80 columns without any colour: what it means must be readable here."""
    assert printed(text.report_view(SAMPLES[name]())) == (DATA / f"{name}.txt").read_text()


def test_the_table_of_many_is_the_recorded_one():
    shown = printed(
        text.summary(SAMPLES[name]() for name in ("perfect", "wrong_adam", "not_gradable", "grader_error")),
        100,
    )
    assert shown == (DATA / "summary.txt").read_text()


@pytest.mark.parametrize("view", [text.report_view, lambda r: text.summary([r])])
@pytest.mark.parametrize("width", [40, 120])
def test_hostile_text_cannot_steer_a_terminal(view, width):
    shown = printed(view(hostile()), width)
    assert not [c for c in shown if c != "\n" and not c.isprintable()]
    assert "[red]" in "".join(shown.split())  # shown as written, not obeyed
    assert len(shown) < 40_000


def test_colour_is_there_when_the_terminal_has_it():
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system="standard")
    console.print(text.report_view(wrong_adam()))
    assert "\x1b[31m✗ not yet right" in console.file.getvalue()


# --------------------------------------------------------------------------------------------------------- page
class Page(HTMLParser):
    """What a browser would see: elements in order, and the ids, headings and open tags."""

    VOID = ("meta", "img", "br", "hr", "input", "link")

    def __init__(self, source):
        super().__init__()
        self.tags, self.attributes, self.open, self.headings, self.visible_text = [], [], [], [], []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *a) for a in attrs]
        self.headings += [int(tag[1])] if re.fullmatch("h[1-6]", tag) else []
        self.open += [] if tag in self.VOID else [tag]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.visible_text += [data] if "style" not in self.open else []

    @property
    def text(self):
        return " ".join("".join(self.visible_text).split())


def test_the_page_is_whole_and_in_order(sample):
    """Every element is closed where it should be, ids are unique, references point somewhere, headings skip no level."""
    seen = Page(html.page(sample, staff=True))
    assert not seen.open
    ids = [value for _, name, value in seen.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    wanted = {part for _, name, value in seen.attributes if name == "aria-labelledby" for part in value.split()}
    assert wanted <= set(ids)
    assert seen.headings[0] == 1
    assert seen.headings.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in zip(seen.headings, seen.headings[1:], strict=False))
    assert {"header", "main", "footer"} <= set(seen.tags)


def test_the_page_needs_nothing_from_anywhere(sample):
    source = html.page(sample)
    seen = Page(source)
    assert not {"script", "link", "iframe", "object", "embed", "img", "base", "form"} & set(seen.tags)
    assert not [a for a in seen.attributes if a[1].startswith("on") or a[1] in ("src", "srcset")]
    assert all(value.startswith("#") for _, name, value in seen.attributes if name == "href")
    assert "@import" not in source
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)", source))
    policy = next(a[2] for a in seen.attributes if a[1] == "content" and "default-src" in a[2])
    assert "default-src 'none'" in policy
    assert "script" not in policy


def test_hostile_text_stays_text_on_the_page():
    """Shown as written, nothing of it invisible, and the page stays small."""
    source = html.page(hostile(), staff=True)
    assert source.encode("utf-8")
    assert "<script>alert(1)</script>" in Page(source).text
    assert "{{ 7*7 }}" in Page(source).text
    assert r"\u202ecod\u2066\u200b\ud800" in Page(source).text
    assert not [c for c in source if c not in "\n\xa0" and not c.isprintable()]
    assert len(source) < 200_000


def test_the_log_is_for_staff():
    secret = report(log="SECRET-LOG")
    assert "SECRET-LOG" not in html.page(secret)
    assert "SECRET-LOG" in html.page(secret, staff=True)


def test_the_page_tells_idea_numbers_pictures_and_remarks_in_this_order():
    seen = Page(html.page(wrong_adam())).text
    told = [
        "89.5 of 102 points", "one idea explains", "used before they have warmed up", "Try this",
        "not yet right", "Check it by hand", "0.683772", "3.162",
        "The way down the valley", "Error by step", "Loss of a small network", "counts per parameter", "seed",
    ]  # fmt: skip
    places = [seen.index(word) for word in told]
    assert places == sorted(places)


def test_a_report_without_marks_shows_no_score_and_whose_fault_it_is():
    assert "points" not in Page(html.page(grader_error())).text
    assert "the grader's fault" in Page(html.page(grader_error())).text
    assert "does not use an attempt" in Page(html.page(not_gradable())).text
    assert "line 41" in Page(html.page(not_gradable())).text.lower()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("divide by 1 − β₁ᵗ", "divide by 1\xa0−\xa0<var>β₁ᵗ</var>"),
        ("m̂/(√v̂ + ε), θ₀", "<var>m̂</var>/(<var>√v̂</var> + <var>ε</var>), <var>θ₀</var>"),
        ("call `step()` & `<b>`", "call <code>step()</code> &amp; <code>&lt;b&gt;</code>"),
        ("a lone ` stays", "a lone ` stays"),
        ("λόγος is a word", "λόγος is a word"),
    ],
)
def test_prose_marks_code_and_symbols(given, shown):
    assert html.prose(given) == shown


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_colour_of_text_can_be_read(scheme):
    """WCAG AA: 4.5 to 1 for text on each ground it appears on, 3 to 1 for lines that carry meaning."""
    css = (Path(html.__file__).parent / "templates" / "report.css").read_text()
    colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", css.split("@media screen")[0]))
    if scheme:
        colours |= dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", css.split("@media screen")[1]))
    for ground in ("paper", "card", "tint"):
        for ink in ("ink", "muted", "accent", "pass", "partial", "fail"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    assert min(contrast(colours[line], colours["paper"]) for line in ("golden", "yours", "context")) >= 3


def contrast(one, other):
    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


# ----------------------------------------------------------------------------------------------------- pictures
@pytest.fixture(params=[0, 1, 2], ids=["path", "error", "loss"])
def chart(request):
    return charts()[request.param]


def test_a_picture_fits_into_a_page(chart):
    drawn = pictures.svg(chart)
    root = ET.fromstring(drawn)  # noqa: S314 - drawn by us
    assert drawn.startswith("<svg ")
    assert len(drawn) < 40_000
    assert root.get("width") == "100%"
    assert root.get("role") == "img"
    assert root.get("height") is None
    assert root[0].text == chart.title
    assert chart.caption in root[1].text
    texts = ["".join(t.itertext()) for t in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {chart.x_label, chart.y_label, *(s.label for s in chart.series)} <= set(texts)


def test_a_picture_follows_the_colours_of_the_page(chart):
    drawn = pictures.svg(chart)
    own = re.sub(r"var\(--[a-z]+, #[0-9a-f]{6}\)", "", drawn)
    assert "currentColor" in own
    assert re.findall(r"(?<!url\()#[0-9a-f]{6}", own) == []  # no colour that dark mode could not change
    assert 'font-family="inherit"' in own
    assert "style" not in own  # which a strict content policy would forbid
    assert "Sans" not in own


def test_the_same_chart_gives_the_same_bytes_in_another_process(chart):
    """Hash seeds, dates and the first import must leave no trace."""
    code = f"import test_render as t; from autograder.render import pictures as p; print(p.svg([c for c in t.charts() if c.id == {chart.id!r}][0]), end='')"
    again = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent, env={"PYTHONPATH": f"{Path(html.__file__).parents[2]}", "PATH": "", "HOME": str(Path.home())}, capture_output=True, check=True, text=True)  # fmt: skip
    assert again.stdout == pictures.svg(chart)


def test_golden_and_yours_differ_by_more_than_colour():
    drawn = ET.fromstring(pictures.svg(charts()[0]))  # noqa: S314 - drawn by us
    dashes = {
        role: next(
            e.get("stroke-dasharray") for e in drawn.iter() if e.get("d") and f"var(--{role}" in e.get("stroke", "")
        )
        for role in ("golden", "yours")
    }
    assert dashes["yours"]
    assert not dashes["golden"]


def test_runs_that_diverged_can_be_drawn():
    """NaN, infinity and the largest floats leave gaps; nothing is raised and nothing warns."""
    wild = (1.0, float("nan"), float("inf"), -float("inf"), 1e308, -1.0, 0.0)
    steps = tuple(float(i) for i in range(7))
    for log_y in (True, False):
        for role in ("golden", "yours", "context"):
            drawn = pictures.svg(Chart("c", "t", "", "x", "y", (Series("s", steps, wild, role),), log_y=log_y))
            assert "nan" not in drawn
            assert "inf" not in drawn


@pytest.mark.parametrize("errors", [(1.2, 1.5), (3e-7, 8e-6), (1e-3,), (1e-3, 1e-3), (1e-300, 1e90)])
def test_a_logarithmic_axis_has_at_least_two_powers_of_ten(errors):
    line = Series("yours", tuple(range(len(errors))), errors, "yours")
    drawn = pictures.svg(Chart("c", "t", "", "x", "y", (line,), log_y=True))
    assert len(re.findall(">10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+<", drawn)) >= 2


def test_charts_with_nothing_in_them_can_be_drawn():
    flat = Surface(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.zeros((2, 2)))
    for surface in (None, flat):
        for series in ((), (Series("s", (), (), "yours"),)):
            for log_y in (True, False):
                assert pictures.svg(Chart("c", "t", "", "x", "y", series, log_y=log_y, surface=surface)).startswith(
                    "<svg "
                )


def test_a_path_that_leaves_the_picture_says_so():
    away = dataclasses.replace(charts()[0], series=(Series("yours", (0.0, 99.0), (0.0, 0.0), "yours"),))
    assert "yours (leaves the picture)" in pictures.svg(away)
    assert "leaves the picture" not in pictures.svg(charts()[0])


def test_each_step_of_a_path_tells_its_numbers():
    drawn = ET.fromstring(pictures.svg(charts()[0]))  # noqa: S314 - drawn by us
    (last,) = [group for group in drawn.iter() if group.get("data-step") == "30"]
    words = last.find("{*}text")
    assert re.fullmatch(r"step 30: expected \(.+, .+\); yours \(.+, .+\)", words.text)
    assert words.get("visibility") == "hidden", "until somebody points at the step"
    assert len(last.findall("{*}circle")) == 2


def test_the_step_of_a_curve_is_the_number_on_its_axis():
    """A line of distances has no step 0, and its first point is step 1 all the same."""
    late = Series("yours", (1.0, 2.0, 3.0), (0.5, 0.25, 0.125), "yours")
    drawn = ET.fromstring(pictures.svg(Chart("c", "t", "", "step", "y", (late,))))  # noqa: S314 - drawn by us
    assert [group.get("data-step") for group in drawn.iter() if group.get("data-step")] == ["1", "2", "3"]


def test_each_step_of_a_picture_is_a_link_away_without_a_script():
    page = html.page(report(charts=charts()))
    found = list(Page(page).attributes)
    ids = {value for _, name, value in found if name == "id"}
    targets = [value.removeprefix("#") for _, name, value in found if name == "href" and value.startswith("#chart")]
    assert len(targets) == 31 + 30 + 31, "no error at step 0, which has no place on a logarithmic axis"
    assert set(targets) <= ids


def test_words_on_a_map_keep_clear_of_each_other():
    drawn = ET.fromstring(pictures.svg(charts()[0]))  # noqa: S314 - drawn by us
    words = [one for one in drawn.iterfind(".//{*}text") if one.get("paint-order")]
    boxes = [(float(w.get("x")), float(w.get("y")), pictures.LETTER * len(w.text)) for w in words]
    assert len(boxes) > 6
    for (x0, y0, w0), (x1, y1, w1) in itertools.combinations(boxes, 2):
        assert x0 + w0 <= x1 or x1 + w1 <= x0 or abs(y0 - y1) >= 12


def test_the_band_of_rounding_and_the_first_step_that_leaves_it_are_drawn():
    line = Series("yours", (1.0, 2.0, 3.0), (1e-9, 1e-8, 0.1), "yours")
    drawn = pictures.svg(Chart("c", "t", "", "x", "y", (line,), log_y=True, band=1e-6, mark=3.0))
    assert ">rounding</text>" in drawn
    assert ">leaves at step 3</text>" in drawn
    assert "<rect" in drawn.partition("</clipPath>")[2]
    assert ">10⁻⁸<" not in drawn, "what lies far inside the band takes no room"
    plain = pictures.svg(Chart("c", "t", "", "x", "y", (line,), log_y=True))
    assert "rounding" not in plain
    assert "<rect" not in plain.partition("</clipPath>")[2]


def test_pictures_stand_in_groups_and_only_those_that_matter_are_open():
    some = [dataclasses.replace(charts()[0], group=group, open=group == "Adam") for group in ("SGD", "Adam", "Adam")]
    page = html.page(report(charts=tuple(some)))
    assert re.findall(r'<details class="group"( open)?>\s*<summary class="group-name">(\w+)', page) == [
        ("", "SGD"),
        (" open", "Adam"),
    ]
    assert page.partition('group-name">Adam')[2].count("<figure") == 2


def test_pictures_that_were_kept_before_there_were_groups_are_still_shown():
    old = [{"title": "T", "caption": "C", "svg": "<svg></svg>"}]
    assert "<figure>" in html.pictures(old)
    assert 'class="walk"' not in html.pictures(old)
    assert "<details" not in html.pictures(old)


def test_a_picture_on_paper_needs_nothing_of_a_page(chart):
    drawn = pictures.on_paper(chart)
    ET.fromstring(drawn)  # noqa: S314 - drawn by us
    assert "var(" not in drawn
    assert "currentColor" not in drawn
    assert "#ffffff" in drawn


def test_dollars_and_brackets_in_a_label_are_only_characters():
    odd = Series("costs $5_a$ <b>", (0.0, 1.0), (1.0, 2.0), "yours")
    assert "costs $5_a$ &lt;b&gt;</text>" in pictures.svg(Chart("c", "t", "", "x", "y", (odd,)))


def test_the_difficulty_of_parts_is_told_in_words_and_stays_inside_the_picture():
    rows = [
        class_pictures.Share("Momentum", 0.25, 1.0, (0.8, 1.0)),
        class_pictures.Share("A part " * 9, None, 0.5, None),
    ]
    drawn = ET.fromstring(class_pictures.shares("c", "Difficulty", rows))  # noqa: S314 - drawn by us
    assert drawn.find("{*}desc").text.startswith("Momentum: first 25 %, now 100 %; A part")
    wide = float(drawn.get("viewBox").split()[2])
    for word in drawn.iterfind(".//{*}text"):
        share = {"start": (0, 1), "middle": (0.5, 0.5), "end": (1, 0)}[word.get("text-anchor", "start")]
        length = pictures.LETTER * len(word.text)
        assert float(word.get("x")) - share[0] * length >= 0, word.text
        assert float(word.get("x")) + share[1] * length <= wide, word.text


def test_the_strip_of_a_class_is_as_high_as_the_most_who_ever_had_it():
    drawn = ET.fromstring(class_pictures.strip("s", "By day", [("1 Dec", 0), ("2 Dec", 2), ("3 Dec", 4)], 4))  # noqa: S314 - drawn by us
    assert [float(bar.get("height")) for bar in drawn.iterfind("{*}rect")] == [0, 12, 24]


def test_two_equal_charts_on_a_page_do_not_share_ids():
    twice = report(charts=(charts()[0], charts()[0]))
    ids = [value for _, name, value in Page(html.page(twice)).attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_contourpy_is_imported_only_for_pictures():
    """Marking on a terminal, JSON and pages without charts need none of it."""
    code = (
        "import sys, test_render as t; from autograder.render import html, jsonl, text;"
        "r = t.report(); html.page(r); jsonl.to_json(t.wrong_adam()); t.printed(text.report_view(t.wrong_adam()));"
        "assert 'contourpy' not in sys.modules; html.page(t.wrong_adam()); assert 'contourpy' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent, env={"PYTHONPATH": f"{Path(html.__file__).parents[2]}", "PATH": "", "HOME": str(Path.home())}, check=True)  # fmt: skip


def test_total_is_what_the_page_and_the_terminal_show():
    assert total(wrong_adam()) == (89.5, 102.0) != (0, 0)
    assert "89.5 / 102" in printed(text.report_view(wrong_adam()))


# ------------------------------------------------------------------------------------------- what is said first
STOPPED = (
    "Your code was still running after 1 s of computing (line 7: `while True:`). Look for a loop that does not end."
)
RAISED = "During step() number 1: your code raised KeyError: 'v' (line 7: `self.v`)."


@pytest.mark.parametrize("message", [STOPPED, RAISED])
def test_code_that_was_stopped_is_told_before_everything_else(message):
    first = report(criteria=marks({"sgd": (3, ("Something smaller.", message)), "momentum": (2, (message,))}))
    page = html.page(first)
    assert headline(first) == message
    assert "while True:" in page.partition("<h1>")[2].partition("</h1>")[0] or message == RAISED
    assert verdict(first) in page, "how many criteria are met is said below it"


def test_code_that_moves_nothing_is_told_so_and_code_that_moves_something_is_not():
    still = "Nothing moves with Adam and AdamW: in every experiment all numbers stay as they were."
    assert headline(report(criteria=marks({"adam_moments": (0, ("Something smaller.", still))}))) == still
    assert headline(report(criteria=marks({"adam_moments": (0, ("Something smaller.",))}))) == ""


@pytest.mark.parametrize("message", ["Divide by what your code raised.", "Your codec raised it.", ""])
def test_a_message_that_tells_of_no_stop_is_no_headline(message):
    assert headline(report(criteria=marks({"sgd": (3, (message,))}))) == ""


def test_hashes_and_the_seed_are_in_a_fold_at_the_end():
    page = html.page(report())
    assert page.index("How this was marked</summary>") < page.index(report().digest)
    assert "<details>\n<summary>How this was marked" in page
