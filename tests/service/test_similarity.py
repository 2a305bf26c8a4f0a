"""Similar submissions, and the evidence."""

from __future__ import annotations

import random
import re
from itertools import pairwise

import pytest
from course import csrf, hand_in

from autograder.assignment import load
from autograder.model import Report
from autograder.service.store.schema import AssignmentRow, AuditRow, JobRow, SubmissionRow
from autograder.service.worker.marking import stored
from autograder.service.worker.similarity import LEAST, TokenReader, compare, shared

OPTIMIZERS = load("optimizers")
HANDS = {path.stem: path.read_text() for path in OPTIMIZERS.hands}
READER = TokenReader(OPTIMIZERS.template.read_text())


def source(text, name="somebody"):
    return READER.source(name, name, text)


def disguised(text):
    """Other names, other comments, another layout."""
    for number, word in enumerate(("theta", "moments", "state", "param", "velocity", "settings", "after", "rule")):
        text = re.sub(rf"\b{word}\b", f"quantity_{number}", text)
    return "\n\n".join(line + "  # my own" for line in text.splitlines() if line.strip() and '"""' not in line)


@pytest.fixture(scope="module")
def class_of_hands():
    """Twenty right answers, and two that copy from others of them."""
    texts = {**HANDS, "copies functional": disguised(HANDS["functional"]), "copies lerp": disguised(HANDS["lerp"])}
    return compare([source(text, name) for name, text in texts.items()])


# --------------------------------------------------------------------------------------------- what is compared
def test_a_disguised_copy_stands_out_and_right_answers_in_other_hands_do_not(class_of_hands):
    assert {frozenset(pair["users"]) for pair in class_of_hands["pairs"]} == {
        frozenset(("functional", "copies functional")),
        frozenset(("lerp", "copies lerp")),
    }
    assert class_of_hands["median"] < 0.3 < class_of_hands["limit"] < 1


def test_the_evidence_is_the_lines_that_both_have(class_of_hands):
    (pair,) = [pair for pair in class_of_hands["pairs"] if "lerp" in pair["users"]]
    longest = max(pair["passages"], key=lambda passage: passage["tokens"])
    mine, theirs = longest["texts"]
    original = HANDS["lerp"].splitlines()
    assert all(original[number - 1] == text for number, text in mine)
    assert any(text.endswith("# my own") for _, text in theirs)


def test_page_breaks_disguise_nothing():
    """Python counts no line for them."""
    paged = HANDS["lerp"].replace("\nclass ", "\n\f\nclass ").replace("\n    def ", "\n\f    def ")
    assert paged.count("\f") > 10
    assert source(paged).tokens == source(HANDS["lerp"]).tokens


def test_what_the_template_has_is_nobodys_own():
    assert source(OPTIMIZERS.template.read_text()).tokens == ""


def test_the_order_of_methods_does_not_count():
    one = "class SGD:\n    def step(self):\n        a = 1 + 2 * 3\n    def reset(self):\n        b = [4, 5, 6] * 7\n"
    other = "class SGD:\n    def reset(self):\n        b = [4, 5, 6] * 7\n    def step(self):\n        a = 1 + 2 * 3\n"
    assert source(one).tokens == source(other).tokens


def test_what_two_share_is_a_share():
    texts = [source(text) for text in HANDS.values()]
    for one, other in pairwise(texts):
        assert 0 <= shared(one, other) <= 1
        assert shared(one, other) == pytest.approx(shared(other, one), abs=0.2)  # alignments are not unique
    assert shared(texts[0], texts[0]) == 1


@pytest.mark.parametrize("text", ["def f(:\n", "\tx\n  y\n", "x = '''", "\0", "(" * 5000])
def test_what_is_no_python_is_left_out(text):
    assert source(text) is None


def test_a_small_class_has_no_median():
    few = [source(text, name) for name, text in list(HANDS.items())[: LEAST - 1]]
    assert compare(few) == {"submissions": LEAST - 1, "pairs": []}


def test_a_class_all_alike_names_nobody():
    """A passage that everybody was given shifts the median, and no pair is far above it."""
    rng = random.Random(5)  # noqa: S311 - no secret
    given = "".join(f"    value_{n} = {n} * scale + {n % 7}\n" for n in range(40))
    own = [
        f"def given(scale):\n{given}\ndef own(x):\n    return {rng.random()} * x ** {rng.random()}\n" for _ in range(12)
    ]
    assert compare([source(text, str(n)) for n, text in enumerate(own)])["pairs"] == []


# -------------------------------------------------------------------------------------------------- in the service
def handed_in_and_marked(service, name, text):
    """With a report as a worker stores one; what is compared is the upload."""
    service.person(name)
    id_ = hand_in(service, name, text.encode())
    with service.by_hand() as db:
        verdict = Report("optimizers", OPTIMIZERS.digest, 1, "", "", "graded", "", ())
        handed_in, report = (
            db.get_one(SubmissionRow, id_),
            stored(db, db.get_one(AssignmentRow, service.assignment), id_, verdict),
        )
        handed_in.state, handed_in.report_id = "graded", report.id
        db.query(JobRow).delete()


def test_staff_compare_what_counts_and_who_looks_is_on_record(service):
    hostile = '\nMARK = ["<script>alert(1)</script>", 2, 3, 4, 5, 6, 7, 8, 9]\n'
    for number, text in enumerate([*list(HANDS.values())[:LEAST], HANDS["functional"]]):
        handed_in_and_marked(service, f"Student{number}", text + hostile)
    staff, path = service.browser("Staff"), f"/staff/a/{service.assignment}/similarity"
    staff.post(path, data={"csrf": csrf(staff)})
    assert "are being compared" in staff.get(path).text
    staff.post(path, data={"csrf": csrf(staff)})  # one at a time
    assert service.work() == ["similarity"]
    listed = staff.get(path).text
    assert "never an accusation" in listed
    assert "Student7 and Student10" in listed
    assert staff.get(path).text == listed, "an open page looks again by itself, which is on record once an hour"
    link = re.search(rf'href="({path}/\w+/1)"', listed)[1]
    evidence = staff.get(link).text
    assert "&lt;script&gt;" in evidence
    assert "<script>alert" not in evidence
    with service.store.reading() as db:
        actions = [row.action for row in db.query(AuditRow) if row.action.startswith("similarity")]
    assert actions == ["similarity.begun", "similarity.seen", "similarity.pair_seen"]


def test_nobody_else_sees_pairs(service):
    with service.store.writing() as db:
        job = JobRow(
            kind="similarity", lane="slow", priority=1, course_id=service.course, state="done", finished_at=1.0,
            payload={"assignment": service.assignment}, result={"submissions": 3, "pairs": []},
        )  # fmt: skip
        db.add(job)
        db.flush()
    ada, path = service.browser("Ada"), f"/staff/a/{service.assignment}/similarity"
    assert ada.get(path).status_code == ada.get(f"{path}/{job.id}/1").status_code == 404
    assert service.browser("Staff").get(f"{path}/{job.id}/1").status_code == 404  # no such pair
    assert "From ten on" in service.browser("Staff").get(path).text
