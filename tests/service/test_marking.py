"""What a worker does with a submission."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace

import pytest
import sqlalchemy as sa
from course import RIGHT, WRONG, hand_in

from autograder.quiz.kinds import right_answer
from autograder.quiz.variants import seed_for
from autograder.service.store import regrades, reports
from autograder.service.store.schema import (
    AssignmentRow,
    JobRow,
    MembershipRow,
    RegradeRow,
    ReportRow,
    SubmissionRow,
    VersionRow,
    now,
)
from autograder.service.store.standings import outdated, standings
from autograder.service.web.student.submitting import receive
from autograder.service.worker import jobs, marking, sheets


@pytest.mark.slow
def test_what_is_handed_in_is_marked_and_its_pictures_follow(service):
    right, wrong = hand_in(service, "Ada", RIGHT), hand_in(service, "Bob", WRONG)
    assert service.work() == ["mark", "mark"]
    with service.store.reading() as db:
        for submission, score in ((right, 100.0), (wrong, 90.0)):
            report = db.get_one(ReportRow, db.get_one(SubmissionRow, submission).report_id)
            assert reports.unpack(report.body).score == report.score
            assert (report.status, round(report.score)) == ("graded", score)
            assert reports.unpack_pictures(report.pictures)
        assert {job.state for job in db.query(JobRow)} == {"done"}


def test_pictures_of_an_older_release_are_still_read():
    pictures = [{"title": "SGD", "caption": "", "svg": "<svg />"}]
    assert reports.unpack_pictures(zlib.compress(json.dumps(pictures).encode())) == pictures


def test_a_newer_submission_supersedes_one_that_waits(service):
    first, second = hand_in(service, "Ada", WRONG), hand_in(service, "Ada", RIGHT)
    assert service.work() == ["mark"]
    with service.store.reading() as db:
        assert [db.get_one(SubmissionRow, one).state for one in (first, second)] == ["superseded", "graded"]


def test_one_that_cannot_be_marked_replaces_nothing(service):
    """However many of them came: else whoever breaks a file in the last minute has nothing marked at all."""
    first, second = hand_in(service, "Ada", RIGHT), hand_in(service, "Ada", b"def f(")
    third = hand_in(service, "Ada", b"def g(")
    assert states(service, first, second, third) == ["superseded", "superseded", "queued"]
    service.work()
    assert states(service, first, second, third) == ["graded", "not_gradable", "not_gradable"]


def test_a_late_one_does_not_replace_one_that_waits_and_was_in_time(service):
    in_time = hand_in(service, "Ada", RIGHT)
    due(service, counts="best")
    late, later = hand_in(service, "Ada", WRONG), hand_in(service, "Ada", RIGHT + b"#")
    assert states(service, in_time, late, later) == ["queued", "superseded", "queued"]
    due(service, counts="latest")
    hand_in(service, "Ada", WRONG + b"#")
    assert states(service, in_time, late, later) == ["superseded"] * 3


def test_a_file_that_is_nothing_is_told_under_its_own_name(service):
    with service.store.writing() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        receive(db, service.queue, asked, service.people["Ada"], "essay <b>.pdf", b"%PDF")
    service.work()
    with service.store.reading() as db:
        told = reports.unpack(db.query(ReportRow).one().body).message
    assert told.startswith('"essay <b>.pdf" is neither'), told


BROKEN = b"def f("


@pytest.mark.parametrize("counts", ["best", "latest"])
@pytest.mark.parametrize("show_quiz", ["after_due", "at_once"])
def test_a_quiz_beside_code_that_cannot_be_imported_is_marked_and_replaces_no_code(service, counts, show_quiz):
    """It counts while there is nothing else. Shown at once it waits: it costs no attempt, and answers could be tried."""
    with service.store.writing() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        asked.policy = {"counts": counts, "show_quiz": show_quiz, "due_at": now() + 3600}
        seed = seed_for(
            service.context.course_secret(asked.course_id),
            db.get_one(MembershipRow, (asked.course_id, service.people["Ada"])).quiz_id,
        )
    answers = {
        item.id: right_answer(item)
        for item in service.context.assignment("optimizers", "").quiz(seed)
        if item.kind != "text"
    }
    first = hand_in(service, "Ada", BROKEN, answers=answers)
    service.work()
    with service.store.reading() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        found = standings(db, asked)
        report = reports.unpack(db.get_one(ReportRow, db.get_one(SubmissionRow, first).report_id).body)
        assert report.status == "not_gradable"
        if show_quiz == "at_once":
            assert (found, report.quiz, report.max_score) == ({}, (), 125)
            assert any("marked together with your code" in told for told in report.remarks)
            return
        (standing,) = found.values()
        assert 0 < standing.points == report.score < 25.01
        assert (standing.max_points, standing.submissions, standing.counting.submission_id) == (125, 0, first)
        assert list(outdated(db)) == []
    second = hand_in(service, "Ada", RIGHT)
    service.work()
    third = hand_in(service, "Ada", BROKEN, answers=answers)
    service.work()
    with service.store.reading() as db:
        (standing,) = standings(db, db.get_one(AssignmentRow, service.assignment)).values()
        assert (standing.points, standing.counting.submission_id, standing.submissions) == (100, second, 1)
        assert list(outdated(db)) == []
    assert states(service, first, second, third) == ["not_gradable", "graded", "not_gradable"]


def due(service, counts):
    """It was due an hour ago."""
    with service.store.writing() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        asked.policy = {"due_at": now() - 3600, "late_days": 2, "counts": counts}


def states(service, *submissions):
    with service.store.reading() as db:
        return [db.get_one(SubmissionRow, one).state for one in submissions]


@pytest.mark.slow
def test_a_superseded_submission_stays_so_whoever_was_still_marking_it(service):
    """A worker that was thought dead; the limit does not count what was superseded."""
    first = hand_in(service, "Ada", WRONG)
    with service.store.reading() as db:
        job = db.scalars(sa.select(JobRow)).one()
    begun = jobs.start(service.context, job.id, "paused")
    with service.store.writing() as db:
        service.queue.again(db, db.get_one(JobRow, job.id))
    hand_in(service, "Ada", RIGHT)
    jobs.done(service.context, begun, marking.mark(service.context, begun))
    with service.store.reading() as db:
        found = db.get_one(SubmissionRow, first)
        assert (found.state, found.report_id, db.get_one(JobRow, job.id).state) == ("superseded", None, "superseded")


def test_a_worker_with_another_secret_marks_no_quiz_by_other_questions(service):
    """Somebody forgot to copy it to the second machine: wrong marks would look like right ones."""
    ada = service.people["Ada"]
    sheets.draw(service.context, JobRow(user_id=ada, payload={"assignment": service.assignment}))
    submission = hand_in(service, "Ada", RIGHT)
    with service.store.reading() as db:
        job = db.scalars(sa.select(JobRow.id)).one()
    jobs.run(replace(service.context, secret=bytes(32)), job, "other")
    with service.store.reading() as db:
        failed = db.get_one(JobRow, job)
        assert (failed.state, failed.failures, db.get_one(SubmissionRow, submission).state) == ("queued", 1, "queued")
        assert "Give all workers the same" in failed.error
    assert service.work() == ["mark"]
    with service.store.reading() as db:
        assert db.get_one(SubmissionRow, submission).state == "graded"


@pytest.mark.slow
def test_a_worker_that_dies_before_it_draws_leaves_no_regrade_without_pictures(service, monkeypatch):
    submission = hand_in(service, "Ada", WRONG)
    service.work()
    with service.store.writing() as db:
        db.execute(sa.update(ReportRow).values(digest="0" * 64))  # as if of an earlier edition
        asked, version = db.get_one(AssignmentRow, service.assignment), db.scalars(sa.select(VersionRow)).one()
        wanted = RegradeRow(assignment_id=asked.id, version_id=version.id, by_id="staff", state="running")
        db.add(wanted)
        db.flush()
        job = service.queue.put(db, **regrades.remark(asked, wanted, db.get_one(SubmissionRow, submission))).id

    def dies(*_arguments: object) -> None:
        raise sa.exc.OperationalError("", {}, OSError("gone"))

    with monkeypatch.context() as patched:
        patched.setattr(marking, "draw", dies)
        with pytest.raises(sa.exc.OperationalError):
            jobs.run(service.context, job, "dies")
    with service.store.writing() as db:
        service.queue.again(db, db.get_one(JobRow, job))
    assert service.work() == ["remark"]
    with service.store.reading() as db:
        new = db.scalars(sa.select(ReportRow).where(ReportRow.digest == version.digest)).one()
        assert reports.unpack_pictures(new.pictures)
