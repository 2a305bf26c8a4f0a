"""A course as a whole: renamed, archived, copied to the next term, exported with a manifest."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile

import pytest
import sqlalchemy as sa
from course import RIGHT, WRONG, csrf, hand_in

from autograder.service.operate import courses
from autograder.service.rules import policy as policies
from autograder.service.store.schema import (
    AssignmentRow,
    Base,
    CommentRow,
    CourseRow,
    MembershipRow,
    ReportRow,
    SubmissionRow,
    UserRow,
    VersionRow,
)
from autograder.service.web.student.submitting import NotTaken

WEEK = 7 * 86_400.0


@pytest.fixture
def staff(service):
    return service.browser("Staff")


def post(service, client, step, **form):
    return client.post(f"/staff/c/{service.course}/{step}", data={"csrf": csrf(client), **form})


def course(service, id_="") -> CourseRow:
    with service.store.reading() as db:
        return db.get_one(CourseRow, id_ or service.course)


def test_a_course_is_renamed_and_never_left_without_a_title(service, staff):
    assert post(service, staff, "rename", title="  Systems   II ").status_code == 200
    assert course(service).title == "Systems II"
    assert post(service, staff, "rename", title=" ").status_code == 422
    assert course(service).title == "Systems II"


# ---------------------------------------------------------------------------------------------------------- archive
@pytest.mark.slow
def test_an_archived_course_is_read_and_nothing_in_it_changes_until_it_is_brought_back(service, staff):
    submission = hand_in(service, "Ada", WRONG)
    service.work()
    assert post(service, staff, "archive", archived="1").status_code == 200
    ada = service.browser("Ada")
    assert ada.get(f"/s/{submission}").status_code == 200
    assert "takes no more submissions" in ada.get(f"/a/{service.assignment}").text
    for practice in (False, True):
        with pytest.raises(NotTaken, match="takes no more submissions"):
            hand_in(service, "Ada", RIGHT, practice=practice)
    assert staff.get(f"/staff/s/{submission}").status_code == 200
    refused = post(service, staff, "rename", title="Another")
    assert (refused.status_code, "is archived" in refused.text) == (403, True)
    assert post(service, staff, "archive", archived="0").status_code == 200
    assert hand_in(service, "Ada", RIGHT)
    assert post(service, staff, "rename", title="Another").status_code == 200


def test_a_ta_neither_archives_nor_brings_back(service, staff):
    service.person("Tom", "ta")
    ta = service.browser("Tom")
    assert post(service, ta, "archive", archived="1").status_code == 403
    post(service, staff, "archive", archived="1")
    assert post(service, ta, "archive", archived="0").status_code == 403
    assert course(service).archived_at is not None


# ------------------------------------------------------------------------------------------------------------- copy
def copies(service) -> list[str]:
    with service.store.reading() as db:
        return list(db.scalars(sa.select(CourseRow.id).where(CourseRow.id != service.course)))


def test_a_copy_has_the_proven_assignments_closed_and_no_student(service, staff):
    service.person("Tom", "ta")
    due = 1_792_000_000.0  # in October, before the clocks are set back
    with service.by_hand() as db:
        db.get_one(CourseRow, service.course).time_zone = "Europe/Berlin"
        asked = db.get_one(AssignmentRow, service.assignment)
        asked.policy = policies.to_json(policies.Policy(due_at=due, late_days=2, time_zone="Europe/Berlin"))
    assert post(service, staff, "copy", title="Next term", weeks="10", staff="1").status_code == 200
    (made,) = copies(service)
    with service.store.reading() as db:
        (copied,) = db.scalars(sa.select(AssignmentRow).where(AssignmentRow.course_id == made))
        version = db.get_one(VersionRow, copied.version_id)
        old = db.get_one(VersionRow, db.get_one(AssignmentRow, service.assignment).version_id)
        members = {
            (name, role)
            for name, role in db.execute(
                sa.select(UserRow.name, MembershipRow.role)
                .join(MembershipRow, MembershipRow.user_id == UserRow.id)
                .where(MembershipRow.course_id == made)
            )
        }
    assert (copied.title, copied.open, version.assignment_id) == ("Optimizers", False, copied.id)
    assert (version.digest, version.state, version.about) == (old.digest, old.state, old.about)
    policy = policies.from_json(copied.policy)
    assert policy.due_at == due + 10 * WEEK + 3600, "the same local hour, after the clocks were set back"
    assert (policy.late_days, policy.time_zone, course(service, made).time_zone) == (2, *["Europe/Berlin"] * 2)
    assert members == {("Staff", "staff"), ("Tom", "ta")}


def test_a_copy_without_weeks_has_no_due_times_and_without_staff_its_maker_alone(service, staff):
    service.person("Tom", "ta")
    post(service, staff, "copy", title="Next term")
    (made,) = copies(service)
    with service.store.reading() as db:
        (copied,) = db.scalars(sa.select(AssignmentRow).where(AssignmentRow.course_id == made))
        members = db.scalars(sa.select(MembershipRow.user_id).where(MembershipRow.course_id == made)).all()
    assert copied.policy["due_at"] is None
    assert members == [service.people["Staff"]]


@pytest.mark.parametrize("form", [{"title": " "}, {"title": "x", "weeks": "soon"}, {"title": "x", "weeks": "9999"}])
def test_a_copy_that_is_not_said_clearly_is_not_made(service, staff, form):
    refused = post(service, staff, "copy", **form)
    assert (refused.status_code, 'role="alert"' in refused.text) == (422, True)
    assert copies(service) == []


# ----------------------------------------------------------------------------------------------------------- export
def test_every_table_is_in_the_export_of_a_course_or_left_out_for_a_reason():
    exported = {table.__tablename__ for table in courses.rows_of("")}
    assert exported | courses.LEFT_OUT.keys() == Base.metadata.tables.keys()
    assert not exported & courses.LEFT_OUT.keys()


def exported(client, service) -> zipfile.ZipFile:
    answer = client.get(f"/staff/c/{service.course}/export.zip")
    assert answer.status_code == 200
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    return archive


def lines(archive, table) -> list[dict]:
    return [json.loads(line) for line in archive.read(f"{table}.jsonl").splitlines()]


@pytest.mark.slow
def test_the_export_has_everything_of_the_course_and_the_manifest_lists_each_file(service, staff):
    submission = hand_in(service, "Ada", WRONG)
    service.work()
    with service.store.writing() as db:
        db.add(CommentRow(submission_id=submission, author_id=service.people["Ada"], text="Why?"))
    archive = exported(staff, service)
    manifest = json.loads(archive.read("manifest.json"))
    assert {one["name"] for one in manifest["files"]} == set(archive.namelist()) - {"manifest.json"}
    for one in manifest["files"]:
        data = archive.read(one["name"])
        assert (len(data), hashlib.sha256(data).hexdigest()) == (one["bytes"], one["sha256"]), one["name"]
    assert archive.read(f"uploads/{submission}") == WRONG
    with service.store.reading() as db:
        (report,) = db.scalars(sa.select(ReportRow.id))
    assert json.loads(archive.read(f"reports/{submission}/{report}.json"))["criteria"]
    assert {one["name"] for one in lines(archive, "users")} == {"Staff", "Ada", "Bob"}
    assert [one["text"] for one in lines(archive, "comments")] == ["Why?"]
    assert [one["id"] for one in lines(archive, "submissions")] == [submission]
    assert lines(archive, "audit")[-1]["action"] == "course.exported"


def test_the_export_has_nothing_of_another_course_and_no_key_to_anything(service, staff):
    with service.store.writing() as db:
        other = CourseRow(title="Another course")
        db.add(other)
        db.flush()
        asked = AssignmentRow(course_id=other.id, title="Secret", source="optimizers")
        stranger = UserRow(name="Stranger", email="stranger@example.org")
        db.add_all([asked, stranger])
        db.flush()
        db.add(MembershipRow(course_id=other.id, user_id=stranger.id, role="student", roster_id="s"))
        handed_in = {"number": 1, "name": "x", "upload": b"theirs", "digest": "0" * 64}
        db.add(SubmissionRow(assignment_id=asked.id, user_id=stranger.id, **handed_in))
    archive = exported(staff, service)
    everything = b"".join(archive.read(name) for name in archive.namelist())
    for text in (b"Stranger", b"Secret", b"theirs", b"token_hash", b"csrf"):
        assert text not in everything
