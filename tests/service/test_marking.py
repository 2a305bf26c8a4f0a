"""What a worker does with a submission."""

from __future__ import annotations

from course import RIGHT, WRONG, hand_in

from autograder.service.store import reports
from autograder.service.store.schema import Job, Report, Submission


def test_what_is_handed_in_is_marked_and_its_pictures_follow(service):
    right, wrong = hand_in(service, "Ada", RIGHT), hand_in(service, "Bob", WRONG)
    assert service.work() == ["mark", "mark", "draw"], "while somebody waits for marks, pictures wait too"
    with service.store.reading() as db:
        for submission, score in ((right, 100.0), (wrong, 90.0)):
            report = db.get_one(Report, db.get_one(Submission, submission).report_id)
            assert reports.unpack(report.body).score == report.score
            assert (report.status, round(report.score)) == ("graded", score)
            assert reports.unpack_pictures(report.pictures)
        assert {job.state for job in db.query(Job)} == {"done"}
        assert not [job for job in db.query(Job) if "charts" in job.payload], "they are large, and drawn"


def test_pictures_that_were_put_off_are_the_same_as_those_drawn_at_once(service):
    before, after = hand_in(service, "Ada", WRONG), hand_in(service, "Bob", WRONG)
    service.work()
    with service.store.reading() as db:
        first, second = (
            reports.unpack_pictures(db.get_one(Report, db.get_one(Submission, one).report_id).pictures)
            for one in (before, after)
        )
    assert first == second


def test_a_newer_submission_supersedes_one_that_waits(service):
    first, second = hand_in(service, "Ada", WRONG), hand_in(service, "Ada", RIGHT)
    assert service.work() == ["mark"]
    with service.store.reading() as db:
        assert [db.get_one(Submission, one).state for one in (first, second)] == ["superseded", "graded"]
