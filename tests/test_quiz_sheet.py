"""A quiz.toml as people leave it: one slip of the file's form costs no answer, and nothing is guessed."""

import re
import tomllib
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autograder import quiz
from autograder.assignment import load
from autograder.intake import read as read_submission
from autograder.model import FormulaKey
from autograder.quiz import answers, that_counts
from autograder.quiz.kinds import right_answer
from autograder.reading import Unreadable, sheet
from autograder.regenerate.quiz import sheet as written

OPTIMIZERS = that_counts(replace(load("optimizers"), quiz_seed=7))
ITEMS = OPTIMIZERS.quiz(7)
EMPTY = written("Quiz", 7, ITEMS)
BLANK = EMPTY.decode() if isinstance(EMPTY, bytes) else EMPTY
MARKED = [item for item in ITEMS if item.kind not in ("text", "matrix")]
RIGHT = {
    item.id: answer if isinstance(answer := right_answer(item), str) else ", ".join(answer) for item in MARKED
}  # as a text
MOST = sum(item.points for item in MARKED)


def filled(typed, **more):
    """The sheet with each answer as it is typed behind the equals sign."""
    text = BLANK
    for name, value in {**typed, **more}.items():
        line = next(line for line in text.split("\n") if line.startswith(f"{name} = "))
        text = text.replace(line, f"{name} = {value}")
    return text


def marks(text, tmp_path, name="quiz.toml"):
    (tmp_path / "optimizers.py").write_text("x = 1\n")
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return quiz.mark_submission(OPTIMIZERS, read_submission(tmp_path))


def score(text, tmp_path, name="quiz.toml"):
    marked = marks(text, tmp_path, name)
    assert marked.points == 25
    return sum(mark.score for mark in marked.marks)


def quoted(value):
    return '"' + value.replace("\\", "\\\\") + '"'


QUOTED = {name: quoted(value) for name, value in RIGHT.items()}
HANDS = {
    "as it should be": quoted,
    "without quotation marks": str,
    "curly": lambda value: f"“{value}”",
    "German": lambda value: f"„{value}“",
    "French": lambda value: f"« {value} »",
    "single": lambda value: f"'{value}'",
    "left open": lambda value: f'"{value}',
    "closed only": lambda value: f'{value}"',
    "behind the empty ones": lambda value: f'"" {value}',
    "in the middle of two pairs": lambda value: f'""{value}""',
    "with a comment": lambda value: f"{value}  # I am sure",
    "curly with a comment": lambda value: f"“{value}”  # I am sure",
    "on the next line": lambda value: f"\n    {value}",
    "as a list without quotation marks": lambda value: f"[{value}]",
    "as a list left open": lambda value: "[" + ", ".join(f'"{one}"' for one in value.split(", ")),
}


def fits(item, hand):
    return "as a list" not in hand or item.kind in ("multiple", "ordering")


@pytest.mark.parametrize("hand", HANDS)
def test_right_answers_are_right_in_every_hand(hand, tmp_path):
    typed = {item.id: HANDS[hand](RIGHT[item.id]) for item in MARKED if fits(item, hand)}
    assert score(filled(QUOTED | typed), tmp_path) == MOST


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(MARKED), st.sampled_from(sorted(set(HANDS) - {"as it should be"})))
def test_a_slip_in_one_answer_costs_no_other(item, hand):
    assume(fits(item, hand))
    text = filled(QUOTED | {item.id: HANDS[hand](RIGHT[item.id])})
    got = answers.read(text.encode())
    marked = quiz.mark_items(ITEMS, got)
    assert sum(mark.score for mark in marked) == MOST


WHOLE = filled(QUOTED | {"text-fast-start": '"Adam adapts; v = 0.9v"'})
LINES = [at for at, line in enumerate(WHOLE.split("\n")) if line and not line.startswith("#")]


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(LINES), st.data())
def test_one_wrong_key_anywhere_costs_no_answer_of_another_line(at, data):
    """A character too much, too few or another one, or the rest of the line gone: in answers, names and the heading."""
    lines = WHOLE.split("\n")
    line, place = lines[at], data.draw(st.integers(0, len(lines[at]) - 1))
    typed = data.draw(st.sampled_from(["", *"\"'=[]#,.\\x "]))
    lines[at] = line[:place] + typed + data.draw(st.sampled_from([line[place:], line[place + 1 :], ""]))
    assume(not line.startswith("variant") or re.match(r"variant = 7\s*(?:#|$)", lines[at]))  # else it is another's
    assume(line != "[answers]" or len(lines[at]) > 6)
    own = next((name for name in RIGHT if line.startswith(f"{name} =")), "")
    got = quiz.mark_items(ITEMS, answers.read("\n".join(lines).encode()))
    assert [mark.id for mark in got if mark.id in RIGHT and mark.id != own and mark.score < mark.max_score] == []


def test_numbered_answers_and_entries_above_the_heading_are_found(tmp_path):
    lines = [f"answer{number} = {QUOTED[item.id]}" for number, item in enumerate(ITEMS, 1) if item.id in RIGHT]
    assert score("\n".join(lines), tmp_path) == MOST
    head, *rest = [f"{name} = {value}" for name, value in QUOTED.items()]
    assert score("\n".join([head, "[answers]", *rest]), tmp_path) == MOST


FILES = {
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16 without a mark": lambda text: text.encode("utf-16-le"),
    "with a byte order mark": lambda text: text.encode("utf-8-sig"),
    "Windows-1252": lambda text: "\n".join(
        line for line in text.split("\n") if not line.startswith("#")
    ).replace('text-fast-start = ""', 'text-fast-start = "Größe"').encode("cp1252"),
    "old line ends": lambda text: text.replace("\n", "\r").encode(),
    "Windows line ends": lambda text: text.replace("\n", "\r\n").encode(),
    "without the heading": lambda text: text.replace("[answers]", "").encode(),
    "another heading": lambda text: text.replace("[answers]", "[Answers]").encode(),
    "colons": lambda text: text.replace(" = ", ": ").encode(),
    "underscores": lambda text: "\n".join(
        line if line.startswith("#") else line.partition(" = ")[0].replace("-", "_") + " = " + line.partition(" = ")[2]
        for line in text.split("\n") if line and not line.startswith(("[", "matrix"))
    ).encode(),
    "without a variant": lambda text: text.replace("variant = 7", "# variant = 7").encode(),
    "variant below the heading": lambda text: text.replace("variant = 7", "").replace("[answers]", "[answers]\nvariant = 7").encode(),
    "marks of a merge": lambda text: f"<<<<<<< HEAD\n{text}\n=======\n>>>>>>> mine\n".encode(),
    "a line twice": lambda text: (text + "\n" + next(one for one in text.split("\n") if one.startswith("race-"))).encode(),
    "a NUL at its end": lambda text: text.encode() + b"\0",
}  # fmt: skip


@pytest.mark.parametrize("how", FILES)
def test_a_file_is_read_however_it_was_saved(how, tmp_path):
    assert score(FILES[how](filled(QUOTED)), tmp_path) == MOST


@pytest.mark.parametrize(
    "name",
    ["quiz.toml.txt", "Quiz.TOML", "quiz (1).toml", "quiz-2.toml", "quiz_ada.toml", "ada_quiz.toml", "quiz v2.toml"],
)
def test_a_file_is_found_under_names_that_programs_and_people_give_it(name, tmp_path):
    assert score(filled(QUOTED), tmp_path, name) == MOST


def test_json_and_numbers_of_questions_are_understood(tmp_path):
    lines = [f"{number} = {QUOTED[item.id]}" for number, item in enumerate(ITEMS, 1) if item.id in RIGHT]
    assert score("\n".join(lines), tmp_path) == MOST
    pairs = ", ".join(f'"{name}": {value}' for name, value in QUOTED.items())
    assert score("{" + pairs + "}", tmp_path) == MOST


@pytest.mark.parametrize(
    "typed",
    [
        r"\theta - \eta (g + \lambda \theta)",
        r"\theta - lr \times (g + lam \cdot \theta)",
        r"$\theta - \text{lr} \left( g + \lambda \theta \right)$",
        r"\frac{1}{1} \theta - lr \, g - lr \lambda \theta",
    ],
)
@pytest.mark.parametrize("hand", ["raw", "doubled", "single", "without quotation marks"])
def test_latex_is_latex_in_every_kind_of_quotation_mark(typed, hand, tmp_path):
    r"""`"\theta"` is TOML for a tab and `heta`, and `"\eta"` is not TOML at all."""
    (formula,) = (item for item in ITEMS if isinstance(item.key, FormulaKey))
    shown = {"raw": f'"{typed}"', "doubled": quoted(typed), "single": f"'{typed}'", "without quotation marks": typed}
    assert score(filled({formula.id: shown[hand]}), tmp_path) == formula.points


def test_what_a_form_wrote_keeps_its_new_lines():
    text = '[answers]\nwhy = "one\\ntwo\\tthree\\u002e \\\\theta"\n'
    assert sheet.read(text).answers == tomllib.loads(text)["answers"]


TEXTS = {
    "several lines": ('"Adam adapts.\nSGD needs\n  less memory"', "Adam adapts.\nSGD needs\n  less memory"),
    "marks inside": ('"It has "momentum" and more"', 'It has "momentum" and more'),
    "an equation inside": ('"The step\nv = 0.9v + g\nis first"', "The step\nv = 0.9v + g\nis first"),
    "many points": ('"so ' + "." * 300 + ' slow"', "so " + "." * 300 + " slow"),
    "three marks": ('"""first\nx-y = 2\n"""', "first\nx-y = 2"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_text_is_kept_whole(case):
    typed, meant = TEXTS[case]
    got = answers.read(filled(QUOTED | {"text-fast-start": typed, "race-rates": "c"}).encode())
    assert got.entries["text-fast-start"].strip() == meant
    assert sum(mark.score for mark in quiz.mark_items(ITEMS, got)) == MOST


def test_two_answers_to_one_question_are_not_guessed(tmp_path):
    marked = marks(filled(QUOTED) + '\nrace-rates = "a"\n', tmp_path)
    (twice,) = (mark for mark in marked.marks if mark.id == "race-rates")
    assert (twice.status, twice.score, "twice" in twice.message) == ("unreadable", 0, True)
    assert twice.detail.answer == f"{RIGHT['race-rates']}, or a"
    assert sum(mark.score for mark in marked.marks) == MOST - twice.max_score


def test_an_empty_line_beside_an_answer_is_not_a_second_answer(tmp_path):
    assert score(BLANK + "\n" + "\n".join(f"{n} = {v}" for n, v in QUOTED.items()), tmp_path) == MOST


def test_names_that_could_be_one_question_are_left_alone():
    got = quiz.mark_items(ITEMS, answers.read(b'race_rates = "c"\nRace-rates = "a"\n'))
    assert all(mark.status == "empty" for mark in got)
    both = answers.fitted(ITEMS, answers.read(b'race-rates = "c"\nrace_rates = "a"\n'))
    assert dict(both.entries) == {"race-rates": "c", "race_rates": "a"}


def test_its_author_is_told_how_a_spoilt_file_was_read(tmp_path):
    (told,) = marks(filled(QUOTED | {"race-rates": "c", "line-decay": "“3”"}), tmp_path).remarks
    assert "line 67" in told
    assert "race-rates: “c”, line-decay: “3”" in told


@pytest.mark.parametrize("text", ["asdf", "1. 104 GiB\n5. c\n", "= = =", "[[[[", '"""'])
def test_text_without_any_entry_is_refused_and_costs_the_quiz_alone(text, tmp_path):
    marked = marks(text, tmp_path)
    assert ([mark.status for mark in marked.marks], marked.points) == (["unreadable"], 25)


@pytest.mark.parametrize("piece", ['"', "'", "“", "[", '"""', '"x" ', "\\", "# ", "a-b = [", 'a-b = "x\n', "= "])
def test_what_repeats_without_end_is_read_as_quickly_and_without_a_fault_of_ours(piece, tmp_path):
    marked = marks("race-rates = " + piece * (60_000 // len(piece.encode())), tmp_path)
    assert marked.points == 25
    assert "grader_error" not in {mark.status for mark in marked.marks}


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab-_\"'“”[]{}=:#.\\\n\t \0", max_size=200))
def test_no_text_brings_the_reader_down(text):
    try:
        got = sheet.read(text)
    except Unreadable:
        return
    assert isinstance(got.answers, (dict, str, list, int, float))
