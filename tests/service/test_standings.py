"""What is kept of each student: it is what follows from all that they handed in, whoever changed something last."""

from __future__ import annotations

import random
import re
import threading

import pytest
import sqlalchemy as sa
from acting import handed_in
from conftest import require
from course import RIGHT, WRONG, csrf, hand_in, serving
from typer.testing import CliRunner

from autograder.cli import app
from autograder.service.operate.integrity import check
from autograder.service.rules.grades import Text, answer_digest
from autograder.service.rules.policy import Policy, to_json
from autograder.service.store import grades
from autograder.service.store.schema import (
    AssignmentRow,
    RegradeRow,
    ReportRow,
    StandingRow,
    StudentMisconceptionRow,
    SubmissionRow,
    TextMarkRow,
    VersionRow,
)
from autograder.service.store.standings import counts, misconceptions, outdated, refresh, standings, standings_of


@pytest.fixture
def klass(service):
    """The assignment, and three people with thirty submissions between them."""
    chance = random.Random(7)  # noqa: S311 - the same class every time
    people = [service.people["Ada"], service.people["Bob"], service.person("Cleo")]
    with service.store.writing() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        for number in range(1, 31):
            for user in people[: 1 + number % 3]:
                late = chance.choice([0.0, 0.0, 0.0, 3600.0, 100_000.0])
                score, state = chance.choice([90.0, 90.0, 12.5]), chance.choice(["graded"] * 3 + ["not_gradable"])
                if user == people[2]:  # the same when rounded: the later one is better all the same
                    score, late, state = 83.666 if number < 15 else 83.67, 0.0, "graded"
                handed_in(
                    db, asked, user, number, score, late_seconds=late, state=state, practice=number % 7 == 0,
                    named=chance.choice([(), ("a",), ("a", "b")]) if state == "graded" else (),
                )  # fmt: skip
                refresh(db, asked, [user])
    return people


def asked_in(service, db) -> AssignmentRow:
    return db.get_one(AssignmentRow, service.assignment)


@pytest.mark.parametrize("counts", ["best", "latest"])
def test_what_is_kept_follows_the_policy(service, klass, counts):
    with service.store.writing() as db:
        asked = asked_in(service, db)
        asked.policy = to_json(Policy(counts=counts, late_days=5))
        refresh(db, asked)
    with service.store.reading() as db:
        asked = asked_in(service, db)
        found = standings(db, asked)
        assert found == grades.judged(db, asked)
        assert found.keys() == set(klass)
        assert all(standings(db, asked, user) == {user: found[user]} for user in klass)
        assert all(standings_of(db, user, [asked]) == {asked.id: found[user]} for user in klass)
        latest = {user: found[user].latest_id == found[user].counting.submission_id for user in klass}
    assert all(latest.values()) == (counts == "latest")


@pytest.mark.slow
@pytest.mark.usefixtures("klass")
def test_a_student_alone_is_what_the_class_says_of_them(service):
    with service.store.writing() as db:
        asked = asked_in(service, db)
        one_by_one = [
            (row.user_id, row.misconception, row.submissions, row.seconds) for row in db.query(StudentMisconceptionRow)
        ]
        before = standings(db, asked)
        refresh(db, asked)
        at_once = [
            (row.user_id, row.misconception, row.submissions, row.seconds) for row in db.query(StudentMisconceptionRow)
        ]
        assert standings(db, asked) == before
    assert sorted(one_by_one, key=str) == sorted(at_once, key=str)
    assert {name for _, name, *_ in at_once} == {"a", "b"}


@pytest.mark.usefixtures("klass")
def test_counts_are_those_of_all_submissions(service):
    with service.store.reading() as db:
        asked = asked_in(service, db)
        found = counts(db, [asked])[asked.id]
        rows = db.execute(
            sa.select(SubmissionRow.state, sa.func.count())
            .where(SubmissionRow.practice.is_(False))
            .group_by(SubmissionRow.state)
        ).all()
    assert found.by_state == {state: count for state, count in rows}  # noqa: C416
    assert (found.students, found.submissions) == (3, sum(count for _, count in rows))


def test_when_misconceptions_were_lost(service):
    ada = service.people["Ada"]
    with service.store.writing() as db:
        asked = asked_in(service, db)
        for number, named in enumerate([{"a"}, {"a", "b"}, {"b"}, {"a", "b"}, {"b"}], start=1):
            handed_in(db, asked, ada, number, 50.0, named=named)
            refresh(db, asked, [ada])
        found = [(one.id, one.had, one.have, one.submissions, one.seconds) for one, _ in misconceptions(db, asked)]
    assert found == [("a", 1, 0, 4, 4000.0), ("b", 1, 1, None, None)]


def test_a_mark_for_a_text_can_make_another_submission_count(service):
    ada = service.people["Ada"]
    text = Text("q1", "Why?", answer_digest("because"), 20.0)
    with service.store.writing() as db:
        asked = asked_in(service, db)
        handed_in(db, asked, ada, 1, 80.0)
        handed_in(db, asked, ada, 2, 70.0, texts=[vars(text)])
        refresh(db, asked, [ada])
        assert standings(db, asked)[ada].points == 80
        db.add(
            TextMarkRow(
                assignment_id=asked.id, user_id=ada, item_id="q1", answer_digest=text.digest, points=15, by_id="staff"
            )
        )
        refresh(db, asked, [ada])
        has = standings(db, asked)[ada]
        assert (has.points, has.max_points, has.counting.number) == (85, 100, 2)
        assert (has.counting.texts, has.counting.max_score) == (15, 100)


def test_an_extension_given_afterwards_is_in_the_gradebook_at_once(service):
    ada = service.people["Ada"]
    with service.store.writing() as db:
        asked = asked_in(service, db)
        asked.policy = to_json(Policy(due_at=500.0, late_days=10_000_000, late_percent_per_day=10))
        handed_in(db, asked, ada, 1, 80.0, late_seconds=500.0)
        refresh(db, asked, [ada])
        assert standings(db, asked)[ada].points == 72
    staff = service.browser("Staff")
    due = {"due_at": "2050-01-01T00:00", "reason": "ill"}
    answer = staff.post(
        f"/staff/c/{service.course}/people/{ada}/extensions/{service.assignment}", data={"csrf": csrf(staff)} | due
    )
    assert answer.status_code == 200, answer.text
    with service.store.reading() as db:
        assert standings(db, asked_in(service, db))[ada].points == 80


def test_a_policy_that_is_changed_is_in_the_gradebook_at_once(service):
    ada = service.people["Ada"]
    with service.store.writing() as db:
        asked = asked_in(service, db)
        for number, score in ((1, 80.0), (2, 40.0)):
            handed_in(db, asked, ada, number, score)
        refresh(db, asked, [ada])
    staff, url = service.browser("Staff"), f"/staff/a/{service.assignment}/settings"
    fields = dict(re.findall(r'<input [^>]*name="([^"]+)"[^>]*value="([^"]*)"', staff.get(url).text))
    shown = dict.fromkeys(("show_marks", "show_hints", "show_quiz"), "at_once")
    chosen = fields | shown | {"counts": "latest"}
    preview = staff.post(url, data=chosen)  # it lowers a mark, so it is shown before it holds
    looked_at = re.search(r'name="seen" value="(\w+)"', preview.text)
    assert looked_at, preview.text
    assert staff.post(url, data=chosen | {"seen": looked_at[1]}).status_code == 200
    with service.store.reading() as db:
        assert standings(db, asked_in(service, db))[ada].points == 40


def test_a_regrade_under_way_keeps_what_its_reports_would_make_of_everybody(service, klass):
    ada = klass[0]
    with service.store.writing() as db:
        asked = asked_in(service, db)
        version = VersionRow(assignment_id=asked.id, digest="new", state="proven")
        db.add(version)
        db.flush()
        regrade = RegradeRow(assignment_id=asked.id, by_id="", version_id=version.id, state="running")
        db.add(regrade)
        refresh(db, asked)
        assert standings(db, asked, digest="new") == standings(db, asked)
        counting = standings(db, asked)[ada].counting.submission_id
        old = db.scalars(sa.select(ReportRow).where(ReportRow.submission_id == counting)).one()
        db.add(ReportRow(submission_id=counting, digest="new", seed=1, status="graded", score=99.0, max_score=100.0,
                      body=old.body, texts=[]))  # fmt: skip
        refresh(db, asked, [ada])
        assert standings(db, asked, digest="new")[ada].points > standings(db, asked)[ada].points
        assert list(outdated(db)) == []
        regrade.state = "dismissed"
        refresh(db, asked)
        assert standings(db, asked, digest="new") == {}


def test_check_says_what_was_changed_by_hand_and_recount_mends_it(service, klass):
    options = ["admin", "check", "--data", str(service.settings.data)]
    with service.store.writing() as db:
        one = db.get_one(StandingRow, (service.assignment, "", klass[0]))
        one.points += 1
        gone = db.scalars(
            sa.select(StudentMisconceptionRow).where(StudentMisconceptionRow.user_id == klass[1]).limit(1)
        ).one()
        db.delete(gone)
    told = check(service.store)
    about = [line for line in told if "recount" in line]
    assert [user in line for user, line in zip(klass[:2], about, strict=True)] == [True, True]
    assert CliRunner().invoke(app, options).exit_code == 1
    assert CliRunner().invoke(app, ["admin", "recount", *options[2:]]).exit_code == 0
    assert not [line for line in check(service.store) if "recount" in line]


def test_who_is_erased_has_nothing_kept(service, klass):
    from autograder.service.operate.people import erase

    erase(service.store, klass[0])
    with service.store.reading() as db:
        for table in (StandingRow, StudentMisconceptionRow):
            users = set(db.scalars(sa.select(table.user_id)))
            assert users
            assert klass[0] not in users


def test_what_a_course_keeps_no_longer_counts_no_longer(service):
    from autograder.service.operate.housekeeping import retain
    from autograder.service.store.schema import CourseRow, now

    ada, bob = service.people["Ada"], service.people["Bob"]
    with service.store.writing() as db:
        asked = asked_in(service, db)
        handed_in(db, asked, ada, 1, 90.0)
        new = handed_in(db, asked, ada, 2, 60.0)
        handed_in(db, asked, bob, 1, 50.0)
        new.made_at = now()
        db.get_one(CourseRow, service.course).keep_days = 30
        db.add_all(
            TextMarkRow(
                assignment_id=asked.id, user_id=user, item_id="q", answer_digest="d", points=1, by_id="s", made_at=1
            )
            for user in (ada, bob)
        )
        refresh(db, asked)
        assert standings(db, asked)[ada].points == 90
    retain(service.store)
    with service.store.reading() as db:
        found = standings(db, asked_in(service, db))
        assert {user: one.points for user, one in found.items()} == {ada: 60}
        assert set(db.scalars(sa.select(TextMarkRow.user_id))) == {ada}, "who has something left keeps the marks for it"


@pytest.mark.slow
def test_two_markings_of_a_student_at_once_both_count(postgres, tmp_path):
    """Neither transaction sees the other's report: the second to compute must wait until the first is over."""
    require("landlock")
    with serving(tmp_path, postgres.database()) as service:
        ada = service.people["Ada"]
        with service.store.writing() as db:
            asked = asked_in(service, db)
            for number in (1, 2):
                handed_in(db, asked, ada, number, 10.0 * number)
            refresh(db, asked, [ada])
            first, second = db.scalars(sa.select(ReportRow).order_by(ReportRow.score)).all()
        stored, go_on, started = threading.Event(), threading.Event(), threading.Event()

        def marking(report_id: str, score: float, *, waits: bool) -> None:
            with service.store.writing() as db:
                asked = asked_in(service, db)
                db.get_one(ReportRow, report_id).score = score
                db.flush()
                started.set()
                if waits:
                    refresh(db, asked, [ada])
                    stored.set()
                    assert go_on.wait(20)
                else:
                    assert stored.wait(20)
                    refresh(db, asked, [ada])

        both = [
            threading.Thread(target=marking, args=(first.id, 95.0), kwargs={"waits": True}),
            threading.Thread(target=marking, args=(second.id, 60.0), kwargs={"waits": False}),
        ]
        for one in both:
            one.start()
        assert stored.wait(20)
        both[1].join(0.5)  # it waits for the first, or has computed without it
        go_on.set()
        for one in both:
            one.join(20)
        with service.store.reading() as db:
            assert standings(db, asked_in(service, db))[ada].points == 95


@pytest.mark.slow
def test_handing_in_and_marking_keep_it_by_themselves(service):
    hand_in(service, "Ada", WRONG)
    hand_in(service, "Bob", RIGHT)
    service.work()
    with service.store.reading() as db:
        asked = asked_in(service, db)
        found = standings(db, asked)
        (one, about), *others = misconceptions(db, asked)
    assert found[service.people["Bob"]].points == 100
    assert found[service.people["Ada"]].points < 100
    assert (about.title, one.had, one.have, others) == ("No bias correction", 1, 1, [])
