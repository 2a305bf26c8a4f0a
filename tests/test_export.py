"""Exports, read back: what a platform finds in the file is what the items say, whatever the texts hold.

QTI and Moodle XML have no reader on PyPI that anybody maintains, so they are validated by a DTD of the part that we
write and read here by the rules of Canvas's and Moodle's importers. GIFT is read by gift-pegjs: what it found in
data/export/sample.gift is recorded there, and read anew where GIFT_PEGJS names a folder with node_modules.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import unicodedata
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from autograder.assignment import load
from autograder.export import CannotExport, export, losses
from autograder.export.gradebook import BadGradebook, gradebook, read_reports
from autograder.export.html import paragraphs
from autograder.model import (
    ChoiceKey,
    Follow,
    FormulaKey,
    Item,
    MatrixKey,
    NumericKey,
    Option,
    OrderKey,
    TextKey,
    Wrong,
)
from autograder.publish import say, say_fault
from autograder.roster import parse

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(__file__).parent / "data" / "export"
FORMS = ("qti", "moodle", "gift")
SEED = 7
HOSTILE = (
    "<script>alert('1')</script> ]]> &lt; &&058; {=a ~%50%b #c} :: -> \\n \\ \"q\" =SUM(A1) [html]x // $CATEGORY: y\x07"
)
SHOWN = HOSTILE.replace("\x07", "\ufffd")  # what no XML can hold is shown as a replacement
SOLUTION = "Because `v = 0.9 v + g`.\n\n```python\nif a < b:\n    step()\n```\nθ ← θ − lr·m̂/(√v̂ + ε)"


def item(id_: str, kind: str, key: object, prompt: str = "What is it?", **more: object) -> Item:
    return Item(id_, kind, "memory", f"About {id_}", prompt, 2.0, key, SOLUTION, **more)  # type: ignore[arg-type]


OPTIONS = (Option("a", "twice `v`", right=True), Option("b", "%50% more", right=False, hint="No: ##{x}"))
ITEMS = (
    item("state", "numeric", NumericKey(37.252902984619, "GiB", 4, (Wrong(40.0, "GB, ~not~ GiB"), Wrong(74.5, "two")))),
    item("tiny", "prediction", NumericKey(-2.5e-7, "", 2, (Wrong(2.5e-7, "The sign."),))),
    item("large", "numeric", NumericKey(7e11, "B", 3)),
    item("zero", "prediction", NumericKey(0.0, "", 3)),
    item("near", "prediction", NumericKey(0.987, "", 3), follow=Follow("tiny", abs, 0.5)),
    item("which", "choice", ChoiceKey(OPTIONS), "Which?\n\n```\nwhile x:\n    y = {}\n\n    z\n```\nend"),
    item("evil", "choice", ChoiceKey((Option("a", HOSTILE, right=True, hint=HOSTILE), Option("b", "[html]b", right=False))), HOSTILE),
    item("all", "multiple", ChoiceKey((*OPTIONS, Option("c", "c", right=True), Option("d", "d", right=True)), several=True)),
    item("bug", "line", ChoiceKey(tuple(Option(str(n), f"x = {n}", n == 2, f"line {n}") for n in range(1, 4)))),
    item("order", "ordering", OrderKey({"a": "second -> `b`", "b": "third", "c": "first"}, ("c", "a", "b"))),
    item(
        "table",
        "matrix",
        MatrixKey(
            ("SGD", "A -> B"),
            ("none", "1x", "v = 2: {x} &&058;"),
            {"SGD": "none", "A -> B": "v = 2: {x} &&058;"},
            {("SGD", "1x"): "Only with momentum.", ("A -> B", "none"): "It keeps m & v."},
        ),
    ),
    item("rule", "formula", FormulaKey("m/(1-b**t)", {"m": "moment"}, (Wrong("m*(1-b**t)", "Divide."), Wrong("m", "Raw.")))),
    item("free", "formula", FormulaKey("a + b", {"a": "a", "b": "b"})),
    item("why", "text", TextKey(((1.0, "names decay"), (1.0, "says = why")), "Because <of> it.")),
)  # fmt: skip


# ------------------------------------------------------------------------------------- what must come out of a file
class Shown(HTMLParser):
    """What a reader sees of HTML, and which tags it holds."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.tags = "", set()
        self.feed(html)
        self.close()

    def handle_data(self, data):
        self.text += data

    def handle_starttag(self, tag, attrs):
        assert not attrs, "no text of an item makes attributes"
        self.tags.add(tag)


HARMLESS = {"p", "br", "code", "pre", "ul", "li"}


def words(html: str) -> str:
    shown = Shown(html)
    assert shown.tags <= HARMLESS
    return squeezed(shown.text)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def said(text: str) -> str:
    """What a reader should see of an item's text: everything but its own marks for code."""
    text = re.sub(r"^```[a-z]*\n", "", text, flags=re.MULTILINE).replace("`", "")
    return squeezed(text.replace("\x07", "\ufffd"))


def wanted(item_: Item, form: str) -> dict[str, object]:
    """What the file must say of an item, worked out from the item alone."""
    key = item_.key
    told: dict[str, object] = {"prompt": said(item_.prompt), "solution": said(item_.solution)}
    match key:
        case NumericKey():
            told["right"] = key.value
            told["hints"] = [] if form == "qti" else [(w.value, said(w.hint)) for w in key.wrong]
        case ChoiceKey():
            number = {o.id: f"{o.id}:" if item_.kind == "line" else "" for o in key.options}
            told["options"] = [(number[o.id] + said(o.text), o.right, said(o.hint)) for o in key.options]
        case OrderKey() if form == "moodle":
            told["order"] = [said(key.entries[e]) for e in key.order]
        case OrderKey():
            told["pairs"] = {said(text): str(key.order.index(e) + 1) for e, text in key.entries.items()}
        case MatrixKey():
            told["pairs"] = {said(row): said(key.right[row]) for row in key.rows}
            told["columns"] = {said(column) for column in key.columns}
        case FormulaKey() if key.wrong:
            told["options"] = sorted(
                [(said(key.expression), True, "")] + [(said(str(w.value)), False, said(w.hint)) for w in key.wrong]
            )
    return told


def check(item_: Item, found: dict[str, object], form: str) -> None:
    want = wanted(item_, form)
    if isinstance(item_.key, FormulaKey) and "options" in found:
        found["options"] = sorted(found["options"])
    if isinstance(item_.key, NumericKey):
        check_number(item_.key, found, want)
    assert found["prompt"].startswith(want.pop("prompt")), item_.id
    assert found["solution"].startswith(want.pop("solution")), item_.id
    for name, value in want.items():
        assert found[name] == value, (item_.id, name)


def check_number(key: NumericKey, found: dict[str, object], want: dict[str, object]) -> None:
    """Right: the value, and its rounding to the figures asked for. Wrong: one more or less in the last of them."""
    low, high = found.pop("interval")
    if not key.value:
        assert (-low, high) == pytest.approx((0.5 * 10.0 ** (1 - key.figures),) * 2), "as the marking has it"
    scale = found.pop("scale", 1.0)
    want["right"] = pytest.approx(key.value / scale, rel=1e-12)
    rounded = float(f"{key.value / scale:.{key.figures - 1}e}")
    assert low <= rounded <= high
    if key.value:
        unit = 10.0 ** (int(f"{abs(rounded):e}".split("e")[1]) - key.figures + 1)
        assert not low <= rounded + unit <= high
        assert not low <= rounded - unit <= high


# -------------------------------------------------------------------------------------------------- three readers
def read_qti(data: bytes) -> list[dict[str, object]]:
    """The questions of a package, scored by its conditions as Canvas does."""
    return [qti_item(element) for element in qti_root(data).iter("{*}item")]


def qti_root(data: bytes) -> etree._Element:
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    manifest = etree.fromstring(archive.read("imsmanifest.xml"))
    hrefs = {node.get("href") for node in manifest.iter("{*}file")}
    assert hrefs | {"imsmanifest.xml", "non_cc_assessments/"} == set(archive.namelist())
    (meta,) = (etree.fromstring(archive.read(name)) for name in hrefs if name.endswith("assessment_meta.xml"))
    (name,) = (name for name in hrefs if not name.endswith("assessment_meta.xml"))
    root = etree.fromstring(archive.read(name))
    dtd = etree.DTD(str(DATA / "qti.dtd"))
    assert dtd.validate(etree.fromstring(etree.tostring(root))), dtd.error_log
    assert float(meta.findtext("{*}points_possible")) == sum(points_of(n) for n in root.find(".//{*}section"))
    return root


def points_of(node: etree._Element) -> float:
    group = node.findtext("{*}selection_ordering//{*}points_per_item")
    return float(group) if group else float(fields(node)["points_possible"])


def fields(element: etree._Element) -> dict[str, str]:
    return {
        field.findtext("{*}fieldlabel"): field.findtext("{*}fieldentry") or ""
        for field in element.find("{*}itemmetadata").iter("{*}qtimetadatafield")
    }


def qti_item(element: etree._Element) -> dict[str, object]:
    feedback = {fb.get("ident"): words(fb.findtext(".//{*}mattext") or "") for fb in element.iter("{*}itemfeedback")}
    shown = {node.get("linkrefid") for node in element.iter("{*}displayfeedback")}
    assert shown == set(feedback), "feedback that is shown is there, and the other way round"
    prompt = words(element.findtext("{*}presentation/{*}material/{*}mattext"))
    found: dict[str, object] = {"prompt": prompt, "solution": feedback["general_fb"], "feedback": feedback}
    conditions = element.findall(".//{*}respcondition")
    kind = fields(element)["question_type"]
    labels = element.findall(".//{*}response_label")
    if kind in ("multiple_choice_question", "multiple_answers_question"):
        (scoring,) = (c for c in conditions if c.find("{*}setvar") is not None)
        rights = set(scoring.xpath(".//*[local-name()='varequal'][not(ancestor::*[local-name()='not'])]/text()"))
        wrongs = set(scoring.xpath(".//*[local-name()='not']/*[local-name()='varequal']/text()"))
        ids = [label.get("ident") for label in labels]
        assert len(set(ids)) == len(ids)
        assert kind == "multiple_choice_question" or rights | wrongs == set(ids)
        found["options"] = [
            (words(label.findtext(".//{*}mattext")), id_ in rights, feedback.get(f"{id_}_fb", ""))
            for id_, label in zip(ids, labels, strict=True)
        ]
    elif kind == "numerical_question":
        (low,), (high,), (right,) = (
            element.xpath(f".//*[local-name()='{tag}']/text()") for tag in ("vargte", "varlte", "varequal")
        )
        assert float(right) == 0 or min(abs(float(low)), abs(float(high))) >= 1e-4, "below that Canvas refuses"
        scale = re.search(r"inunitsof1e(-\d+)", prompt)
        found |= {"right": float(right), "interval": (float(low), float(high)), "hints": []}
        found["scale"] = 10.0 ** int(scale.group(1)) if scale else 1.0
    elif kind == "matching_question":
        columns = {label.get("ident"): squeezed(label.findtext(".//{*}mattext")) for label in labels}
        pairs = {
            c.find(".//{*}varequal").get("respident"): columns[c.findtext(".//{*}varequal")]
            for c in conditions
            if c.find("{*}setvar") is not None
        }
        rows = {
            lid.get("ident"): squeezed(lid.findtext("{*}material/{*}mattext"))
            for lid in element.iter("{*}response_lid")
        }
        found |= {"pairs": {rows[id_]: column for id_, column in pairs.items()}, "columns": set(columns.values())}
        total = sum(float(node.text) for node in element.iter("{*}setvar"))
        assert total == pytest.approx(100, abs=0.1)  # shares have two decimals
        digits = [re.sub(r"\D", "", id_) for id_ in (*rows, *columns)]
        assert len(set(digits)) == len(digits), "Canvas knows rows and columns by their digits"
    else:
        assert kind == "essay_question"
    return found


def read_moodle(data: bytes) -> list[dict[str, object]]:
    root = etree.fromstring(data)
    dtd = etree.DTD(str(DATA / "moodle.dtd"))
    assert dtd.validate(root), dtd.error_log
    return [moodle_question(node) for node in root if node.get("type") != "category"]


def moodle_question(node: etree._Element) -> dict[str, object]:
    found: dict[str, object] = {
        "prompt": words(node.findtext("questiontext/text")),
        "solution": words(node.findtext("generalfeedback/text")),
    }
    answers = [
        (
            float(a.get("fraction")),
            a.findtext("text"),
            words(a.findtext("feedback/text") or ""),
            a.findtext("tolerance"),
        )
        for a in node.findall("answer")
    ]
    match node.get("type"):
        case "numerical":
            found |= of_numbers([(f, float(v), float(t), h) for f, v, h, t in answers])
            found["units"] = {u.findtext("unit_name"): float(u.findtext("multiplier")) for u in node.iter("unit")}
        case "multichoice":
            rights = sum(f > 0 for f, *_ in answers)
            assert sum(f for f, *_ in answers if f > 0) == pytest.approx(100, abs=0.001)
            if node.findtext("single") == "false":
                assert all(f in MOODLE_GRADES or -f in MOODLE_GRADES for f, *_ in answers)
                assert all(abs(f) == pytest.approx(100 / rights, abs=1e-4) for f, *_ in answers)
            found["options"] = [(words(text), f > 0, hint) for f, text, hint, _ in answers]
        case "ordering":
            assert [f for f, *_ in answers] == list(range(1, len(answers) + 1))
            found["order"] = [words(text) for _, text, *_ in answers]
        case "matching":
            pairs = [
                (words(s.findtext("text") or ""), squeezed(s.findtext("answer/text"))) for s in node.iter("subquestion")
            ]
            found |= {"pairs": {row: c for row, c in pairs if row}, "columns": {c for _, c in pairs}}
            found["said"] = words(node.findtext("incorrectfeedback/text") or "")
        case "essay":
            found["grader"] = words(node.findtext("graderinfo/text"))
    return found


# The only percentages that Moodle imports (its list of grade options), as far as ten equal shares need them.
MOODLE_GRADES = {100.0, 50.0, 33.33333, 25.0, 20.0, 16.66667, 14.28571, 12.5, 11.11111, 10.0}


def of_numbers(answers: list[tuple[float, float, float, str]]) -> dict[str, object]:
    """Numeric answers in the order in which a platform tries them: percent, value, tolerance, hint."""
    (percent, value, tolerance, _), *wrong = answers
    assert percent == 100
    assert all(percent == 0 for percent, *_ in wrong)
    hints = [(value, hint) for _, value, _, hint in wrong]
    return {"right": value, "interval": (value - tolerance, value + tolerance), "hints": hints}


def read_gift(data: bytes) -> list[dict[str, object]]:
    """By the rules of Moodle's importer: escapes first, then the first { to the first }, then what each part begins with."""
    text = data.decode()
    assert not re.search(r"[^\t\n\x20-\U0010ffff]", text)
    found = []
    for block in re.split(r"\n\n+", text.strip()):
        lines = [line for line in block.split("\n") if not line.strip().startswith("//")]
        if not lines[0].startswith("$CATEGORY: "):
            found.append(gift_question("\n".join(lines)))
    return found


# What Moodle puts for an escaped character, until it has found the parts of the question.
STAND_INS = {":": "&&058;", "#": "&&035;", "=": "&&061;", "{": "&&123;", "}": "&&125;", "~": "&&126;", "n": "&&010"}


def gift_question(block: str) -> dict[str, object]:
    block = re.sub(r"\\[\\:#={}~n]", lambda m: STAND_INS.get(m.group()[1], "\\"), block)

    def shown(part: str) -> str:
        part = part.strip()
        assert part.startswith("[html]") or not part, "an answer that begins with [ would be taken for a format"
        for char, stand_in in STAND_INS.items():
            part = part.replace(stand_in, "\n" if char == "n" else char)
        return words(part.removeprefix("[html]"))

    start, end = block.index("{"), block.index("}")
    assert block[end + 1 :] == ""
    _, _, prompt = block[2:start].partition("::")
    answers, _, solution = block[start + 1 : end].rpartition("####")
    found: dict[str, object] = {"prompt": shown(prompt), "solution": shown(solution)}
    if answers.startswith("#"):
        parts = [re.fullmatch(r"%(\d+)%([-\d.]+):([\d.]+)(?:#(.*))?", a.strip()) for a in answers[1:].split("=")[1:]]
        found |= of_numbers([(float(p[1]), float(p[2]), float(p[3]), shown(p[4] or "")) for p in parts])
    elif "~" in answers:
        found["options"] = []
        for answer in answers.replace("=", "~=").split("~")[1:]:
            part, _, hint = answer.strip().partition("#")
            weight = re.match(r"%(-?[\d.]+)%", part)
            right = part.startswith("=") or (weight is not None and float(weight[1]) > 0)
            text = part.removeprefix("=") if weight is None else part[weight.end() :]
            found["options"].append((shown(text), right, shown(hint)))
    elif "->" in answers:
        pairs = [pair.partition("->")[::2] for pair in answers.split("=")[1:]]
        sides = [(shown(row), shown("[html]" + column)) for row, column in pairs]
        found |= {"pairs": {row: column for row, column in sides if row}, "columns": {c for _, c in sides}}
    return found


def read_pegjs(questions: list[dict]) -> list[dict[str, object]]:
    """What gift-pegjs found, in the same words."""
    return [pegjs_question(q) for q in questions if q["type"] != "Category"]


def undone(text: str) -> str:
    """gift-pegjs leaves its stand-ins for escaped characters in the right sides of pairs; Moodle does not."""
    return re.sub(r"&&(\d{3});", lambda m: chr(int(m[1])), text)


def pegjs_question(q: dict) -> dict[str, object]:
    assert not q["hasEmbeddedAnswers"]
    assert q["stem"]["format"] == "html"
    found: dict[str, object] = {"prompt": words(q["stem"]["text"]), "solution": words(q["globalFeedback"]["text"])}
    choices = q.get("choices", [])
    hints = [words(c["feedback"]["text"]) if c["feedback"] else "" for c in choices]
    match q["type"]:
        case "Numerical":
            numbers = [(c["weight"], c["text"]["number"], c["text"]["range"]) for c in choices]
            found |= of_numbers([(*number, hint) for number, hint in zip(numbers, hints, strict=True)])
        case "MC":
            rights = [c["isCorrect"] or (c["weight"] or 0) > 0 for c in choices]
            texts = [words(c["text"]["text"]) for c in choices]
            found["options"] = list(zip(texts, rights, hints, strict=True))
        case "Matching":
            pairs = [(words(p["subquestion"]["text"]), squeezed(undone(p["subanswer"]))) for p in q["matchPairs"]]
            found |= {"pairs": {row: column for row, column in pairs if row}, "columns": {c for _, c in pairs}}
        case other:
            assert other == "Essay"
    return found


READERS = {"qti": read_qti, "moodle": read_moodle, "gift": read_gift}


def written(form: str, *items: Item, seed: int = SEED) -> bytes:
    return export(form, "sample", "A sample <quiz> / α", {seed: items})


# ------------------------------------------------------------------------------------------------------ round trips
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", range(len(ITEMS)), ids=[i.id for i in ITEMS])
def test_every_kind_of_item_comes_back_as_it_went(form, number):
    """The same stem, options, right answers, hints, solution; numbers within the figures asked for."""
    (found,) = READERS[form](written(form, ITEMS[number]))
    check(ITEMS[number], found, form)


@pytest.mark.parametrize("form", FORMS)
def test_a_whole_quiz_comes_back_in_its_order(form):
    found = READERS[form](written(form, *ITEMS))
    assert len(found) == len(ITEMS)
    for item_, one in zip(ITEMS, found, strict=True):
        check(item_, one, form)


TEXTS = st.text(alphabet=st.one_of(st.sampled_from("=~#{}:\\-><&[]%$\n`'\"n0/ \r\x00"), st.characters()), max_size=40)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=60, deadline=None)  # the DTD is read anew for each: a slow machine is no failure
@given(stem=TEXTS, option=TEXTS, hint=TEXTS)
def test_no_text_breaks_a_file(form, stem, option, hint):
    """Whatever the texts hold, the file is valid, has one question, and says them."""
    key = ChoiceKey((Option("a", f"x{option}", right=True, hint=hint), Option("b", "b", right=False)))
    (found,) = READERS[form](written(form, item("any", "choice", key, stem)))
    seen = [(found["prompt"], stem), (found["options"][0][0], f"x{option}"), (found["options"][0][2], hint)]
    for shown, meant in seen:
        assert shown == words(paragraphs(meant))


def test_text_is_shown_as_it_is_written_and_only_code_is_marked():
    html = paragraphs("a < b & `x[i] < 1`\nsecond\n\n```py\nfor i in x:\n\n    pass\n```\nθ ← θ − lr·g")
    assert html == (
        "<p>a &lt; b &amp; <code>x[i] &lt; 1</code><br/>second</p>"
        "<pre><code>for i in x:\n\n    pass\n</code></pre><p>θ ← θ − lr·g</p>"
    )


# ------------------------------------------------------------------------------------- what is special on a platform
def find(form: str, id_: str) -> dict[str, object]:
    (one,) = (item_ for item_ in ITEMS if item_.id == id_)
    return READERS[form](written(form, one))[0]


def test_canvas_is_told_no_wrong_number_as_a_condition():
    """It would import it as a right one; the hints are shown for any wrong answer instead."""
    feedback = find("qti", "state")["feedback"]["general_incorrect_fb"]
    assert feedback == squeezed("If you answered about 40: GB, ~not~ GiB If you answered about 74.5: two")


def test_canvas_is_asked_for_small_numbers_in_a_power_of_ten():
    found = find("qti", "tiny")
    assert found["right"] == -2.5
    assert "inunitsof1e-7:for0.0000001write1" in found["prompt"]
    assert "about2.5" in found["feedback"]["general_incorrect_fb"], "hints are in the same power"


def test_canvas_says_what_is_wrong_in_a_row_of_a_matrix():
    feedback = find("qti", "table")["feedback"]
    assert sorted(v for k, v in feedback.items() if k != "general_fb") == ["1x:Onlywithmomentum.", "none:Itkeepsm&v."]


def test_moodle_understands_other_units_of_bytes():
    units = find("moodle", "state")["units"]
    assert next(iter(units)) == "GiB"
    assert 37.252902984619 * units["GB"] == pytest.approx(40.0)
    assert find("moodle", "tiny")["units"] == {}


def test_graders_are_told_the_rubric_and_a_good_answer():
    grader = find("moodle", "why")["grader"]
    assert "1points:namesdecay" in grader
    assert "Because<of>it." in grader
    for form in ("qti", "gift"):
        assert "1points:namesdecay" in find(form, "why")["solution"]
        assert "Because<of>it." not in find(form, "why")["solution"]


@pytest.mark.parametrize("form", ["moodle", "gift"])
def test_hints_for_pairs_are_said_together(form):
    said_ = find(form, "table").get("said") or find(form, "table")["solution"]
    assert "SGD,1x:Onlywithmomentum." in said_


def test_what_is_lost_is_said():
    assert len(losses({1: ITEMS}, "qti")) == 6
    assert len(losses({1: ITEMS, 2: ITEMS}, "qti")) == 7, "variants are drawn one by one"
    assert losses({1: ITEMS[5:7]}, "qti") == []
    assert any("4.4" in sentence for sentence in losses({1: ITEMS}, "moodle"))


# ---------------------------------------------------------------------------------------------------------- GIFT
def test_the_sample_is_what_others_read():
    """The recorded reading belongs to these bytes: when this fails, write sample.gift and record anew."""
    assert written("gift", *ITEMS) == (DATA / "sample.gift").read_bytes()


def check_pegjs(questions: list[dict]) -> None:
    found = read_pegjs(questions)
    assert len(found) == len(ITEMS)
    for item_, one in zip(ITEMS, found, strict=True):
        check(item_, one, "gift")


def test_a_reader_that_others_maintain_finds_the_same():
    check_pegjs(json.loads((DATA / "sample.gift.json").read_text(encoding="utf-8")))


def test_a_reader_that_others_maintain_finds_the_same_now():
    folder, node = os.environ.get("GIFT_PEGJS"), shutil.which("node")
    if not (folder and node):
        pytest.skip("needs node, and GIFT_PEGJS naming a folder with node_modules/gift-pegjs")
    done = subprocess.run(
        [node, DATA / "read_gift.js"],
        env={"NODE_PATH": str(Path(folder) / "node_modules")},
        input=written("gift", *ITEMS),
        capture_output=True,
        check=True,
    )
    check_pegjs(json.loads(done.stdout))


# --------------------------------------------------------------------------------------------------------- variants
def variant(seed: int, points: float = 2.0, *, fixed: bool = False) -> tuple[Item, ...]:
    first = item("state", "numeric", NumericKey(1.0 if fixed else float(seed), "", 3))
    return (first, Item("fixed", "choice", "memory", "Fixed", "Same?", points, ChoiceKey(OPTIONS), "So."))


def test_several_variants_become_pools_that_draw_one():
    root = qti_root(export("qti", "sample", "Title", {seed: variant(seed) for seed in (1, 2, 3)}))
    (pool,) = root.findall(".//{*}section/{*}section")
    assert len(pool.findall("{*}item")) == 3
    assert pool.findtext(".//{*}selection_number") == "1"
    assert pool.findtext(".//{*}points_per_item") == "2"
    assert len(root.findall("{*}assessment/{*}section/{*}item")) == 1, "what is the same in all variants is asked once"


@pytest.mark.parametrize("form", ["moodle", "gift"])
def test_several_variants_become_a_category_each(form):
    data = export(form, "sample", "A/B", {seed: variant(seed) for seed in (1, 2)}).decode()
    paths = re.findall(r"<category>\s*<text>(.*?)</text>" if form == "moodle" else r"\$CATEGORY: (.*)", data)
    home = "$course$/top/A//B"
    assert paths == [home, f"{home}/01 About state", home]
    assert len(READERS[form](data.encode())) == 3


def test_variants_with_other_points_are_refused():
    with pytest.raises(CannotExport, match="Variant 2 has other points than variant 1"):
        export("qti", "sample", "T", {1: variant(1), 2: variant(2, 3.0)})


def test_items_are_pooled_by_id_when_their_order_differs():
    data = export("qti", "sample", "T", {1: variant(1), 2: variant(2)[::-1]})
    assert len(qti_root(data).findall(".//{*}section/{*}section/{*}item")) == 2


@pytest.mark.parametrize("form", FORMS)
def test_an_assignment_without_a_quiz_is_refused(form):
    with pytest.raises(CannotExport, match="no quiz"):
        export(form, "sample", "T", {1: ()})


def test_a_number_that_is_none_is_refused():
    with pytest.raises(CannotExport, match="key is at fault"):
        written("gift", item("nan", "numeric", NumericKey(float("nan"), "", 3)))


# --------------------------------------------------------------------------------------------------- the same bytes
SHOW = "import sys, hashlib; sys.path[:0] = sys.argv[1:]; import test_export as t; print([hashlib.sha256(t.written(f, *t.ITEMS)).hexdigest() for f in t.FORMS])"


def test_the_same_quiz_is_the_same_bytes_in_every_process():
    outs = set()
    for number in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": number, "TZ": f"UTC{number}"}
        command = [sys.executable, "-c", SHOW, str(ROOT), str(ROOT / "tests")]
        outs.add(subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout)
    assert len(outs) == 1
    assert written("qti", *ITEMS, seed=8) != written("qti", *ITEMS), "ids are the variant's"


# ---------------------------------------------------------------------------------------------------- the real items
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", [1, 2, 3, 20])
def test_the_quiz_of_the_assignment_comes_back_as_it_went(form, seed):
    quiz = load("optimizers").quiz(seed)
    if not quiz:
        pytest.skip("assignments/optimizers exports no quiz yet")
    found = READERS[form](written(form, *quiz, seed=seed))
    for item_, one in zip(quiz, found, strict=True):
        check(item_, one, form)


# ------------------------------------------------------------------------------------------------------- gradebooks
def report(path: str, score: float = 87.5, status: str = "graded") -> str:
    told = {"schema": "gradmark.report/1", "assignment": "optimizers", "submission": {"path": path}, "status": status}
    return json.dumps({**told, "score": score, "max_score": 100})


ROSTER = (
    "id,first_name,last_name,email,lms_user_id,section\r\n"
    'ada,Ada,"Lovelace, Countess",ada@example.org,11,=1+1\r\n'
    "bob,=cmd|' /C calc'!A0,+Bob,@bob,12,\r\n"
    "eve,Eve,Evans,eve@example.org,13,\r\n"
)
REPORTS = "\n".join([report("sub/ada/optimizers.py"), report("x_bob_4711_optimizers.py", 0, "not_gradable"), ""])


def table(platform: str, reports: str = REPORTS, roster: str = ROSTER) -> list[list[str]]:
    text = gradebook(platform, reports, parse(roster), "Optimizers").text
    assert text.count("\r\n") == text.count("\n"), "RFC 4180"
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def test_canvas_gets_its_columns_and_its_row_of_points():
    rows = table("canvas")
    assert rows[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Optimizers"]
    assert rows[1] == ["Points Possible", "", "", "", "", "100"]
    assert rows[2] == ["Lovelace, Countess, Ada", "11", "ada", "", "'=1+1", "87.5"]
    assert [row[-1] for row in rows[3:]] == ["0", ""], "not gradable is 0; nothing handed in is empty"


def test_a_gradebook_of_canvas_is_a_roster_and_comes_back_with_its_own_ids():
    """The id of Canvas is its own: students are known by their SIS id."""
    exported = (
        "Student,ID,SIS User ID,SIS Login ID,Section,Essay (7)\r\n"
        "Points Possible,,,,,10\r\n"
        '"Lovelace, Ada",11,ada,al,Monday,9\r\n'
        '"Student, Test",99,,test,Monday,\r\n'
    )
    rows = table("canvas", report("ada/optimizers.py"), exported)
    assert rows[0][:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert [row[1:] for row in rows[2:]] == [["11", "ada", "al", "Monday", "87.5"]]


@pytest.mark.parametrize(
    ("part", "counts", "told"),
    [("total", True, True), ("total", False, False), ("quiz", False, True), ("code", True, False)],
)
def test_answers_that_wait_for_a_person_are_named_where_they_count(part, counts, told):
    made = json.loads(report("ada/optimizers.py"))
    made["parts"] = [
        {"id": one, "score": 1, "max_score": 2, "counts": True, "state": "marked"} for one in ("code", "quiz")
    ]
    made["parts"][1]["counts"] = counts
    made["quiz"] = [{"id": "text", "score": 0, "max_score": 2, "status": "waiting", "message": ""}]
    remarks = gradebook("canvas", json.dumps(made), parse(ROSTER), "Optimizers", part).remarks
    assert any("wait for a person, and have 0 points here until then: ada." in one for one in remarks) == told


def test_moodle_gets_what_it_tells_students_apart_by():
    rows = table("moodle")
    assert rows[0] == ["First name", "Last name", "ID number", "Email address", "Optimizers"]
    assert rows[2] == ["'=cmd|' /C calc'!A0", "'+Bob", "bob", "'@bob", "0"]


def test_nbgrader_gets_its_own_header():
    rows = table("nbgrader")
    header = "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,late_submission_penalty,score,max_score"
    assert rows[0] == header.split(",")
    assert rows[1] == [
        "Optimizers",
        "",
        "",
        "ada",
        "Lovelace, Countess",
        "Ada",
        "ada@example.org",
        "87.5",
        "0",
        "87.5",
        "100",
    ]
    assert rows[3][7:] == ["0", "0", "0", "100"]


def test_of_two_ids_in_a_path_the_nearer_to_the_file_counts():
    rows = table("moodle", report("ada/eve/optimizers.py", 5))
    assert [row[-1] for row in rows[1:]] == ["", "", "5"]


@pytest.mark.parametrize("platform", ["canvas", "moodle", "nbgrader"])
def test_a_fault_of_ours_is_never_a_zero(platform):
    rows = table(platform, report("eve/optimizers.py", 0, "grader_error"))
    assert rows[-1][9 if platform == "nbgrader" else -1] == ""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "  =", "\n=", "\u00a0@", "＝", "＋", "－", "＠"])
def test_no_cell_runs_in_a_spreadsheet(start):
    roster = f'id,section\r\nada,"x"\r\n"bob","y"\r\neve,"{start}1"\r\n'
    column = f"{start}HYPERLINK(1)"
    rows = list(csv.reader(io.StringIO(gradebook("canvas", REPORTS, parse(roster), column).text, newline="")))
    assert rows[0][-1] == "'" + column
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell.strip().startswith(tuple("=+-@＝＋－＠")) or cell[:1] in [*"\t\r\n"]]


BAD = {
    "no reports": ("\n", ROSTER),
    "Line 1 of the reports is no report": ("[" * 100_000, ROSTER),
    "Line 2 of the reports is no report": (report("ada/x.py") + '\n{"schema": "gradmark.report/1"}', ROSTER),
    "which is not gradmark.report/1": ('{"schema": "other/1"}', ROSTER),
    "a score that cannot be": (report("ada/x.py", float("nan")), ROSTER),
    "several assignments": (report("ada/x.py") + "\n" + report("eve/x.py").replace("optimizers", "other"), ROSTER),
    "different maxima (100 and 125)": (
        report("ada/x.py") + "\n" + report("eve/x.py").replace('"max_score": 100', '"max_score": 125'),
        ROSTER,
    ),
}


@pytest.mark.parametrize("complaint", BAD)
def test_what_cannot_be_told_apart_is_refused(complaint):
    with pytest.raises(BadGradebook, match=re.escape(complaint)):
        table("canvas", *BAD[complaint])


UNPLACED = {
    "match nobody on the roster and are not in the file: mallory/optimizers.py": [report("mallory/optimizers.py")],
    "could be ada or bob": [report("ada_bob_optimizers.py")],
    "There are 2 reports for ada": [report("ada/optimizers.py"), report("ada.zip")],
    "Nothing is marked for these, and their cells are empty: bob": [report("ada/optimizers.py")],
    "The grader failed on these, and their cells are empty: ada": [report("ada/optimizers.py", 0, "grader_error")],
}


@pytest.mark.parametrize("told", UNPLACED)
def test_what_matches_nobody_is_said_and_the_rest_is_written(told):
    made = gradebook(
        "moodle", "\n".join([*UNPLACED[told], report("eve/optimizers.py", 3)]), parse(ROSTER), "Optimizers"
    )
    assert any(told in remark for remark in made.remarks)
    rows = list(csv.reader(io.StringIO(made.text, newline="")))
    assert rows[3][-1] == "3"
    assert sum(row[-1] != "" for row in rows[1:]) == 1 + ("Nothing" in told)


@pytest.mark.parametrize("title", ["Final Project", "Optimizers (Final)", "Current Score"])
def test_a_title_that_canvas_would_take_for_a_total_is_warned_about(title):
    assert any(title in remark for remark in gradebook("canvas", REPORTS, parse(ROSTER), title).remarks)
    assert not any(
        "total columns" in remark for remark in gradebook("canvas", REPORTS, parse(ROSTER), "Finalists").remarks
    )


@pytest.mark.parametrize(
    ("title", "warned"), [("Final Optimizers", True), ("Optimizers", False), ("Finalists' optimizers", False)]
)
def test_the_column_of_the_export_is_warned_about_under_whatever_name_it_was_asked_for(title, warned):
    export = f'Student,ID,SIS User ID,SIS Login ID,Section,{title} (991)\n"Lovelace, Ada",1,ada,ada,S,\n'
    made = gradebook("canvas", REPORTS, parse(export))
    assert any("Canvas may skip the column" in remark and title in remark for remark in made.remarks) == warned


@pytest.mark.parametrize(
    ("platform", "title"),
    [
        ("canvas", "Lab 3 (4711)"),
        ("blackboard", "Lab 3 [Total Pts: 100 Score] |99"),
        ("brightspace", "Lab 3 Points Grade"),
    ],
)
def test_a_column_is_found_by_its_whole_title_too(platform, title):
    ids = (
        "Student,ID,SIS User ID,SIS Login ID,Section"
        if platform == "canvas"
        else "Last Name,First Name,Username,Student ID,x"
    )
    made = gradebook(
        platform, report("ada/optimizers.py"), parse(f"{ids},{title}\nLovelace Ada,Ada,ada,ada,S,\n"), title
    )
    assert title in made.text.splitlines()[0]
    assert not [remark for remark in made.remarks if "no column" in remark]


def test_code_and_quiz_can_be_two_columns():
    told = json.loads(report("ada/optimizers.py", 95)) | {"max_score": 125}
    told["parts"] = [
        {"id": "code", "score": 90, "max_score": 100, "counts": True, "state": "marked"},
        {"id": "quiz", "score": 5, "max_score": 25, "counts": True, "state": "marked"},
    ]
    scores = {
        part: next(csv.reader(gradebook("moodle", json.dumps(told), parse(ROSTER), "x", part).text.splitlines()[1:]))[
            -1
        ]
        for part in ("total", "code", "quiz")
    }
    assert scores == {"total": "95", "code": "90", "quiz": "5"}
    with pytest.raises(BadGradebook, match="has no quiz"):
        gradebook("moodle", REPORTS, parse(ROSTER), "x", "quiz")


PARTS = [
    {"id": "code", "score": 90, "max_score": 100, "counts": True, "state": "marked"},
    {"id": "quiz", "score": 5, "max_score": 25, "counts": True, "state": "marked"},
]


@pytest.mark.parametrize(
    "columns", ["Optimizers (4)", "Optimizers quiz (5)", "Optimizers (4),Optimizers quiz (5)", "Essay (3)"]
)
@pytest.mark.parametrize("part", ["code", "quiz"])
def test_the_points_of_one_part_never_go_into_the_column_of_the_other(part, columns):
    """Canvas knows a column by its number: quiz points in the code's column would replace the marks of the code."""
    told = json.loads(report("ada/optimizers.py", 95)) | {"max_score": 125, "parts": PARTS}
    header = f"Student,ID,SIS User ID,SIS Login ID,Section,{columns}"
    roster = parse(f'{header}\n"Lovelace, Ada",11,ada,al,Monday{"," * len(columns.split(","))}\n')
    title = gradebook("canvas", json.dumps(told), roster, "", part).text.splitlines()[0].split(",")[-1]
    own, name = ("Optimizers quiz (5)", "optimizers quiz") if part == "quiz" else ("Optimizers (4)", "optimizers")
    assert title == (own if own in columns.split(",") else name)


def test_staff_are_told_whose_code_could_not_be_imported():
    (told,) = [one for one in gradebook("canvas", REPORTS, parse(ROSTER)).remarks if "could not be imported" in one]
    assert "bob" in told
    assert "ada" not in told


# ------------------------------------------------------------------------------------------------------ the commands
def gradmark(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "autograder", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_the_command_writes_a_gradebook(tmp_path):
    (tmp_path / "reports.jsonl").write_text(REPORTS, encoding="utf-8")
    (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8", newline="")
    done = gradmark(
        "gradebook", "reports.jsonl", "--for", "moodle", "--roster", "roster.csv", "--out", "out.csv", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        assert file.read() == gradebook("moodle", REPORTS, parse(ROSTER)).text


NAME = "/zoe\x1b[2J\x9b\u202e\x07\n::error::x\x85/\ud800"


def steering(told):
    return [c for c in told if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]


def test_a_folders_name_steers_no_terminal_when_a_gradebook_is_made(tmp_path):
    (tmp_path / "reports.jsonl").write_text(report(NAME), encoding="utf-8")
    (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8", newline="")
    told = gradmark(
        "gradebook", "reports.jsonl", "--for", "moodle", "--roster", "roster.csv", "--out", "out.csv", cwd=tmp_path
    ).stderr
    assert "match nobody" in told
    assert steering(told) == []


@given(st.text(st.characters(), max_size=200))
def test_nothing_that_is_said_steers_a_terminal(words):
    with contextlib.redirect_stderr(io.StringIO()) as told:
        say(words)
        say_fault(ValueError(words))
    assert steering(told.getvalue()) == []


ANYTHING = (None, True, -1, 10**400, float("nan"), -1e999, "", "x", "9" * 5000, [], [[]], ["x"], {}, {"a": {}})


def _places(value, path=()):
    yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from _places(value[key], (*path, key))


@pytest.mark.parametrize("odd", ANYTHING, ids=lambda odd: str(odd)[:10])
def test_a_report_with_anything_anywhere_is_read_or_refused_with_its_line(odd):
    whole = json.loads(report("ada/x.py"))
    whole["quiz"] = [{"id": "a", "score": 1, "max_score": 2, "status": "waiting"}]
    whole["parts"] = [
        {"id": one, "score": 1, "max_score": 2, "state": "marked", "counts": True} for one in ("code", "quiz")
    ]
    for *path, last in filter(None, _places(whole)):
        told = json.loads(json.dumps(whole))
        inside = told
        for key in path:
            inside = inside[key]
        inside[last] = odd
        for part in ("total", "code", "quiz"):
            with contextlib.suppress(BadGradebook):
                read_reports(json.dumps(told), part)


@pytest.mark.parametrize("missing", ["reports.jsonl", "roster.csv"])
def test_a_file_that_cannot_be_read_is_a_usage_error(tmp_path, missing):
    (tmp_path / "reports.jsonl").write_text(REPORTS, encoding="utf-8")
    (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8")
    (tmp_path / missing).unlink()
    done = gradmark(
        "gradebook", "reports.jsonl", "--for", "canvas", "--roster", "roster.csv", "--out", "out.csv", cwd=tmp_path
    )
    assert done.returncode == 2
    assert f"{missing} cannot be read" in done.stderr


@pytest.mark.parametrize("form", FORMS)
def test_the_command_writes_the_quiz(tmp_path, form):
    assignment = load("optimizers")
    if not assignment.quiz(5):
        pytest.skip("assignments/optimizers exports no quiz yet")
    done = gradmark("export", "optimizers", "--quiz", form, "--seed", 5, "--out", "quiz.out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    quiz = {5: assignment.quiz(5)}
    assert (tmp_path / "quiz.out").read_bytes() == export(form, "optimizers", assignment.title, quiz)
    assert all(squeezed(sentence) in squeezed(done.stderr) for sentence in losses(quiz, form))
