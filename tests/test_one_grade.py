"""One grade: one class through report, page, table, service, every gradebook and every adapter, all of which must agree."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from rich.console import Console

from autograder import quiz
from autograder.adapters import autolab, coderunner, common, github, gradescope, junit, prairielearn
from autograder.assignment import load
from autograder.batch import failed
from autograder.export.gradebook import SHEETS, gradebook
from autograder.model import CriterionMark, Submission
from autograder.quiz.kinds import right_answer
from autograder.render import html, is_marked, jsonl, text, total
from autograder.roster import parse
from autograder.service.rules import grades, policy
from autograder.service.worker import passback

OPTIMIZERS = quiz.that_counts(load("optimizers"))
ITEMS = OPTIMIZERS.quiz(OPTIMIZERS.quiz_seed)
CODE, QUIZ = sum(c.points for c in OPTIMIZERS.criteria), sum(item.points for item in ITEMS)
EXPORTS = {  # of each platform, by which its import knows students and the column
    "canvas": "Student,ID,SIS User ID,SIS Login ID,Section,optimizers (7)\n    Points Possible,,,,,125\n{rows}",
    "moodle": "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Last modified (submission)\n{rows}",
    "blackboard": "Last Name,First Name,Username,Student ID,optimizers [Total Pts: 125 Score] |55\n{rows}",
    "brightspace": "OrgDefinedId,Username,Last Name,First Name,optimizers Points Grade <Numeric MaxPoints:125>,End-of-Line Indicator\n{rows}",
    "gradescope": "First Name,Last Name,SID,Email,Sections\n{rows}",
    "github": "identifier,github_username,github_id,name\n{rows}",
    "nbgrader": "id,first_name,last_name,email\n{rows}",
}  # fmt: skip
ROWS = {
    "canvas": '"{last}, {first}",{n},{id},{id},S,\n', "moodle": "Participant {n},{first} {last},{id},,,125,\n",
    "blackboard": "{last},{first},{id},{n},\n", "brightspace": "#{id},{id},{last},{first},,#\n",
    "gradescope": "{first},{last},{id},{id}@x,\n", "github": "{id},{id},{n},{first} {last}\n",
    "nbgrader": "{id},{first},{last},{id}@x\n",
}  # fmt: skip
PEOPLE = {"ada": ("Ada", "Love"), "alan": ("Alan", "Turing"), "grace": ("Grace", "Hopper"), "mary": ("Mary", "Shelley"), "emmy": ("Emmy", "Noether"), "kurt": ("Kurt", "Good")}  # fmt: skip


def answers(*, right: int) -> bytes:
    """A quiz.toml of which so many questions are right, and texts are left out."""
    closed = [item for item in ITEMS if item.kind != "text"][:right]
    return "\n".join(f"{item.id} = {json.dumps(right_answer(item))}" for item in closed).encode()


HANDED_IN = {  # who -> the part of each row that their code has (None: no code that can be used), and their quiz
    "ada": (1.0, answers(right=99)), "alan": (1.0, None), "grace": (0.5, answers(right=3)),
    "mary": (0.0, answers(right=0)), "emmy": (1.0, b'student = "ada"\nvariant = 99\nx = "1"'), "kurt": (None, answers(right=2)),
}  # fmt: skip


def report_of(who):
    part, quiz_toml = HANDED_IN[who]
    files = {"optimizers.py": b"..."} | ({quiz.FILE: quiz_toml} if quiz_toml is not None else {})
    marked = quiz.mark_submission(OPTIMIZERS, Submission(who, files, "", student=who))
    rows = [(c, c.points * (part or 0.0)) for c in OPTIMIZERS.criteria]
    status = {1.0: "passed", 0.5: "partial"}.get(part, "failed")
    return replace(
        failed(OPTIMIZERS),
        status="graded" if part is not None else "not_gradable",
        message="",
        path=f"{who}/optimizers.py",
        known_as=(who,),
        criteria=tuple(CriterionMark(c.id, c.title, score, c.points, status) for c, score in rows),
        quiz=marked.marks,
        quiz_points=marked.points,
        quiz_counts=True,
    )


@pytest.fixture(scope="module")
def reports():
    return {who: report_of(who) for who in HANDED_IN}


@pytest.fixture(scope="module")
def expected(reports):
    """The points of each student, added up here and nowhere else: code and quiz, out of the same for everybody."""
    code = {who: CODE * (part or 0.0) for who, (part, _) in HANDED_IN.items()}
    return {who: (round(code[who] + sum(i.score for i in reports[who].quiz), 2), CODE + QUIZ) for who in code}


def test_the_class_has_every_kind_of_grade(expected):
    assert expected["alan"] == (CODE, CODE + QUIZ), "a quiz that was not handed in has 0 of its points"
    assert expected["emmy"] == (CODE, CODE + QUIZ), "so has one of somebody else"
    assert expected["ada"][0] > expected["alan"][0] > expected["grace"][0] > expected["mary"][0] == 0


def in_words(report) -> str:
    console = Console(file=io.StringIO(), width=200, color_system=None)
    console.print(text.report_view(report))
    return console.file.getvalue()


def test_report_json_terminal_and_page_have_the_same_grade(reports, expected):
    for who, report in reports.items():
        told = jsonl.to_json(report)
        assert (told["score"], told["max_score"]) == total(report) == expected[who]
        assert sum(part["score"] for part in told["parts"]) == pytest.approx(expected[who][0])
        points, most = (f"{value:g}" for value in expected[who])
        for shown in (in_words(report), re.sub(r"<[^>]+>", "", html.page(report))):
            words = " ".join(shown.split())
            assert re.search(rf"(?<![\d.]){re.escape(points)} (?:/|of) {most}(?![\d.])", words), (who, words[:300])


def test_the_table_of_a_class_has_the_same_grades(reports, expected):
    console = Console(file=io.StringIO(), width=200, color_system=None)
    console.print(text.summary(reports.values()))
    lines = console.file.getvalue().splitlines()
    for who, (points, most) in expected.items():
        (line,) = [one for one in lines if f"{who}/" in one]
        assert re.search(rf"(?<![\d.]){re.escape(f'{points:g}')} / {most:g}(?![\d.])", line), line


@pytest.mark.parametrize("platform", SHEETS)
def test_every_gradebook_has_the_same_grades(platform, reports, expected):
    rows = "".join(
        ROWS[platform].format(id=who, n=n, first=first, last=last)
        for n, (who, (first, last)) in enumerate(PEOPLE.items(), start=101)
    )
    roster = parse(EXPORTS[platform].format(rows=rows))
    lines = "\n".join(json.dumps(jsonl.to_json(report)) for report in reports.values())
    made = gradebook(platform, lines, roster)
    table = list(csv.reader(io.StringIO(made.text)))
    for n, who in enumerate(PEOPLE, start=101):
        (row,) = [one for one in table if {who, f"#{who}", f"{who}@x", f"Participant {n}"} & {*one}]
        assert f"{expected[who][0]:g}" in row, (who, row)
    assert platform not in ("canvas", "nbgrader", "gradescope", "github") or f"{CODE + QUIZ:g}" in made.text


def test_every_adapter_has_the_same_grade(reports, expected):
    settings = replace(common.policy(OPTIMIZERS), late_per_day=0.0)
    for who, report in reports.items():
        points, most = expected[who]
        shown = common.held_back(report, settings)
        assert total(shown) == expected[who], "what is held back is in the total"
        assert gradescope.results(report, settings, {})["score"] == points
        assert coderunner.results(report)["fraction"] == pytest.approx(points / most)
        learn = prairielearn.results(report)
        assert learn["gradable"] == (is_marked(report) or bool(report.quiz))
        assert learn["score"] == pytest.approx(points / most)
        last = json.loads(autolab.lines(report, OPTIMIZERS).splitlines()[-1])
        assert sum(last["scores"].values()) == pytest.approx(points)
        assert f"{points:g} / {most:g}" in github.summary(report)
        facts = {one.get("name"): one.get("value") for one in ET.fromstring(junit.xml(report)).iter("property")}  # noqa: S314 - ours
        assert (facts["score"], facts["max_score"]) == (f"{points:g}", f"{most:g}")


def test_the_service_passes_the_same_grade_back(reports, expected):
    for number, (who, report) in enumerate(reports.items(), start=1):
        one = grades.MarkedSubmission(who, number, 0.0, 0.0, report.score, report.max_score)
        standing = grades.standing(policy.Policy(), [one])
        body = passback._body(standing, waits=False)  # noqa: SLF001 - what is sent
        assert (body["scoreGiven"], body["scoreMaximum"]) == expected[who]
