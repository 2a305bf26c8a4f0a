"""The questions of a QTI 1.2 package, in Canvas's dialect.

Canvas reads more into the format than the specification says, and this module keeps to it: numbers in the identifiers
of matches are the matches; every answer of a numerical question that a condition names counts as right; the smallest
accepted number is 1e-4, so smaller ones are asked in another power of ten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from xml.etree import ElementTree as ET

from autograder.export.html import hints, inline, paragraphs, plain
from autograder.export.questions import BankQuestion, Number, decimal, numbers, rubric
from autograder.model import ChoiceKey, Item, MatrixKey, NumericKey, OrderKey, TextKey

SMALLEST = Decimal("1e-4")  # Canvas takes no smaller number as an answer
FIRST_ID = 1000  # answers are numbered from here: Canvas takes the digits of an identifier for the answer itself

Feedback = dict[str, str]  # identifier -> HTML


def add_item(section: ET.Element, question: BankQuestion) -> None:
    item = question.item
    element = ET.SubElement(section, "item", ident=question.ident, title=plain(item.title))
    match item.key:
        case ChoiceKey() as key:
            feedback = _choice(element, question, key)
        case NumericKey() as key:
            feedback = _numerical(element, question, key)
        case MatrixKey() as key:
            pairs = [(plain(row), key.columns.index(key.right[row])) for row in key.rows]
            said = {
                n: hints((column, key.hints.get((row, column), "")) for column in key.columns)
                for n, row in enumerate(key.rows)
            }
            feedback = _matching(element, question, [plain(column) for column in key.columns], pairs, said)
        case OrderKey() as key:
            places = [str(n + 1) for n in range(len(key.order))]
            pairs = [(plain(text), key.order.index(entry)) for entry, text in key.entries.items()]
            feedback = _matching(element, question, places, pairs, {})
        case TextKey() as key:
            feedback = _essay(element, question, key)
        case _:
            raise TypeError(f"{item.key} is not portable: `questions.portable` missed it")
    for ident, html in feedback.items():
        material = nest(ET.SubElement(element, "itemfeedback", ident=ident), "flow_mat", "material")
        add(material, "mattext", html, texttype="text/html")


# ------------------------------------------------------------------------------------------- the kinds of question
def _choice(element: ET.Element, question: BankQuestion, key: ChoiceKey) -> Feedback:
    kind, cardinality = (
        ("multiple_answers_question", "Multiple") if key.several else ("multiple_choice_question", "Single")
    )
    ids = _ids(len(key.options))
    presentation = _head(element, question, kind, question.item.prompt, ids)
    lid = ET.SubElement(presentation, "response_lid", ident="response1", rcardinality=cardinality)
    render = ET.SubElement(lid, "render_choice")
    for ident, option in zip(ids, key.options, strict=True):
        _label(render, ident, inline(option.text), "text/html")
    processing, feedback = _processing(element, question.item)
    for ident, option in zip(ids, key.options, strict=True):
        if option.hint:
            chosen = _condition(processing, "Yes")
            add(ET.SubElement(chosen, "conditionvar"), "varequal", ident, respident="response1")
            _show(chosen, f"{ident}_fb")
            feedback[f"{ident}_fb"] = paragraphs(option.hint)
    right = _condition(processing, "No")
    test = ET.SubElement(right, "conditionvar")
    _exactly(ET.SubElement(test, "and") if key.several else test, ids, key)
    add(right, "setvar", "100", action="Set", varname="SCORE")
    return feedback


def _exactly(test: ET.Element, ids: Sequence[str], key: ChoiceKey) -> None:
    """All right options, and with several answers none of the others."""
    for ident, option in zip(ids, key.options, strict=True):
        if option.right or key.several:
            add(test if option.right else ET.SubElement(test, "not"), "varequal", ident, respident="response1")


def _numerical(element: ET.Element, question: BankQuestion, key: NumericKey) -> Feedback:
    """Wrong numbers stand in the feedback for any wrong answer: as conditions, Canvas would import them as right."""
    right, wrong, prompt = _scaled(question.item, key)
    ids = _ids(1)
    presentation = _head(element, question, "numerical_question", prompt, ids)
    string = ET.SubElement(presentation, "response_str", ident="response1", rcardinality="Single")
    ET.SubElement(ET.SubElement(string, "render_fib", fibtype="Decimal"), "response_label", ident="answer1")
    processing, feedback = _processing(element, question.item)
    condition = _condition(processing, "No")
    either = nest(condition, "conditionvar", "or")
    add(either, "varequal", decimal(right.value), respident="response1")
    between = ET.SubElement(either, "and")
    add(between, "vargte", decimal(right.value - right.tolerance), respident="response1")
    add(between, "varlte", decimal(right.value + right.tolerance), respident="response1")
    add(condition, "setvar", "100", action="Set", varname="SCORE")
    said = hints((f"If you answered about {_about(number, key.figures)}", number.hint) for number in wrong)
    if said:
        otherwise = _condition(processing, "Yes")
        ET.SubElement(ET.SubElement(otherwise, "conditionvar"), "other")
        _show(otherwise, "general_incorrect_fb")
        feedback["general_incorrect_fb"] = said
    return feedback


def _about(number: Number, figures: int) -> str:
    """With a figure more than was asked for, so that it looks like what a student wrote."""
    return decimal(Decimal(f"{number.value:.{figures}e}"))


def _scaled(item: Item, key: NumericKey) -> tuple[Number, list[Number], str]:
    """The numbers in a power of ten that Canvas takes, and the prompt that says which."""
    right, wrong = numbers(key)
    unit = f" {key.unit}" if key.unit else ""
    if not right.value or abs(right.value) - right.tolerance >= SMALLEST:
        asked = f"Give the number in{unit}, without the unit." if unit else "Give a number."
        return right, wrong, f"{item.prompt}\n\n({asked})"
    power = right.value.adjusted()
    asked = f"Give the number in units of 1e{power}{unit}: for {decimal(Decimal(1).scaleb(power))}{unit} write 1."
    return _times(right, power), [_times(number, power) for number in wrong], f"{item.prompt}\n\n({asked})"


def _times(number: Number, power: int) -> Number:
    return replace(number, value=number.value.scaleb(-power), tolerance=number.tolerance.scaleb(-power))


def _matching(
    element: ET.Element,
    question: BankQuestion,
    columns: Sequence[str],
    pairs: Sequence[tuple[str, int]],
    said: Mapping[int, str],
) -> Feedback:
    """Each row with the number of its column; equal shares for each right row; hints for a row that is wrong."""
    matches = _ids(len(columns))
    rows = [str(int(matches[-1]) + n + 1) for n in range(len(pairs))]
    presentation = _head(element, question, "matching_question", question.item.prompt, rows)
    for row, (text, _) in zip(rows, pairs, strict=True):
        lid = ET.SubElement(presentation, "response_lid", ident=f"response_{row}")
        add(ET.SubElement(lid, "material"), "mattext", text, texttype="text/plain")
        render = ET.SubElement(lid, "render_choice")
        for ident, column in zip(matches, columns, strict=True):
            _label(render, ident, column, "text/plain")
    processing, feedback = _processing(element, question.item)
    for n, (row, (_, place)) in enumerate(zip(rows, pairs, strict=True)):
        right = _condition(processing)
        add(ET.SubElement(right, "conditionvar"), "varequal", matches[place], respident=f"response_{row}")
        add(right, "setvar", f"{100 / len(pairs):.2f}", varname="SCORE", action="Add")
        if said.get(n):
            wrong = _condition(processing)
            add(nest(wrong, "conditionvar", "not"), "varequal", matches[place], respident=f"response_{row}")
            _show(wrong, f"{row}_fb")
            feedback[f"{row}_fb"] = said[n]
    return feedback


def _essay(element: ET.Element, question: BankQuestion, key: TextKey) -> Feedback:
    presentation = _head(element, question, "essay_question", question.item.prompt, [])
    string = ET.SubElement(presentation, "response_str", ident="response1", rcardinality="Single")
    ET.SubElement(ET.SubElement(string, "render_fib"), "response_label", ident="answer1", rshuffle="No")
    solution = f"{question.item.solution}\n\n{rubric(key)}"
    processing, feedback = _processing(element, replace(question.item, solution=solution))
    ET.SubElement(ET.SubElement(_condition(processing, "No"), "conditionvar"), "other")
    return feedback


# --------------------------------------------------------------------------------------------------- common parts
def _ids(count: int) -> list[str]:
    return [str(FIRST_ID + n) for n in range(count)]


def _head(element: ET.Element, question: BankQuestion, kind: str, prompt: str, ids: Sequence[str]) -> ET.Element:
    """Write the kind of the question and its prompt; return the element for the answer fields."""
    fields = {
        "question_type": kind,
        "points_possible": f"{question.item.points:g}",
        "original_answer_ids": ",".join(ids),
        "assessment_question_identifierref": f"{question.ident}-ref",
    }
    add_fields(ET.SubElement(element, "itemmetadata"), fields)
    presentation = ET.SubElement(element, "presentation")
    add(ET.SubElement(presentation, "material"), "mattext", paragraphs(prompt), texttype="text/html")
    return presentation


def add_fields(parent: ET.Element, fields: Mapping[str, str]) -> None:
    metadata = ET.SubElement(parent, "qtimetadata")
    for label, entry in fields.items():
        field = ET.SubElement(metadata, "qtimetadatafield")
        add(field, "fieldlabel", label)
        add(field, "fieldentry", entry)


def _processing(element: ET.Element, item: Item) -> tuple[ET.Element, Feedback]:
    """Return the element for the scoring; the solution is shown whatever was answered."""
    processing = ET.SubElement(element, "resprocessing")
    outcomes = ET.SubElement(processing, "outcomes")
    ET.SubElement(outcomes, "decvar", maxvalue="100", minvalue="0", varname="SCORE", vartype="Decimal")
    always = _condition(processing, "Yes")
    ET.SubElement(ET.SubElement(always, "conditionvar"), "other")
    _show(always, "general_fb")
    return processing, {"general_fb": paragraphs(item.solution)}


def _condition(processing: ET.Element, goes_on: str = "") -> ET.Element:
    return ET.SubElement(processing, "respcondition", {"continue": goes_on} if goes_on else {})


def _show(condition: ET.Element, ident: str) -> None:
    ET.SubElement(condition, "displayfeedback", feedbacktype="Response", linkrefid=ident)


def _label(render: ET.Element, ident: str, text: str, texttype: str) -> None:
    label = ET.SubElement(render, "response_label", ident=ident)
    add(ET.SubElement(label, "material"), "mattext", text, texttype=texttype)


def nest(parent: ET.Element, *tags: str) -> ET.Element:
    for tag in tags:
        parent = ET.SubElement(parent, tag)
    return parent


def add(parent: ET.Element, tag: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, tag, attributes).text = text
