"""Packages, quiz exports and templates, as staff download them."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace

import pytest
from course import RIGHT, WRONG, csrf, hand_in

from autograder.service.store.schema import AssignmentRow, DownloadRow, MembershipRow, SubmissionRow, UserRow
from autograder.service.web.staff.downloads import KINDS
from autograder.service.worker import packaging


@pytest.fixture
def staff(service):
    return service.browser("Staff")


def rows(text):
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.slow
def test_the_gradebook_has_what_counts_after_lateness_for_every_student(service, staff):
    hand_in(service, "Ada", RIGHT)
    late = hand_in(service, "Bob", WRONG)
    service.work()
    with service.by_hand() as db:
        db.get_one(SubmissionRow, late).late_seconds = 3600.0
        db.get_one(AssignmentRow, service.assignment).policy = {"late_percent_per_day": 10.0, "late_days": 1}
    service.person("Eve")
    url = f"/staff/a/{service.assignment}/grades"
    assert "nothing marked" in staff.get(url).text
    plain = rows(staff.get(f"{url}/plain.csv").text)
    assert [row[:1] + row[4:] for row in plain] == [
        ["id", "points", "of", "submission", "late_seconds", "submissions"],
        ["r-ada", "100", "125", "1", "0", "1"],
        ["r-bob", "81", "125", "1", "3600", "1"],
        ["r-eve", "", "", "", "", ""],
    ]
    canvas = rows(staff.get(f"{url}/canvas.csv").text)
    assert canvas[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Optimizers"]
    assert [row[-1] for row in canvas[1:]] == ["125", "100", "81", ""]
    moodle = rows(staff.get(f"{url}/moodle.csv").text)
    assert moodle[2] == ["Bob", "", "r-bob", "bob@example.org", "81"] or moodle[2][2:] == [
        "r-bob",
        "bob@example.org",
        "81",
    ]
    assert staff.get(f"{url}/other.csv").status_code == 404


def test_no_cell_of_a_gradebook_is_run_by_a_spreadsheet(service, staff):
    with service.store.writing() as db:
        db.get_one(UserRow, service.people["Ada"]).name = "=cmd|' /C calc'!A0"
        member = db.get_one(MembershipRow, (service.course, service.people["Ada"]))
        member.section, member.roster_id = "+1", "@SUM(1)"
        db.get_one(AssignmentRow, service.assignment).title = "-1"
    for form in ("plain", "canvas", "moodle"):
        for row in rows(staff.get(f"/staff/a/{service.assignment}/grades/{form}.csv").text):
            assert not [cell for cell in row if cell[:1] in tuple("=+-@\t\r")], form


def test_each_download_is_made_by_a_worker_and_taken_by_staff_alone(service, staff):
    url = f"/staff/a/{service.assignment}/downloads"
    for kind in ("students", "gradescope", "qti"):
        staff.post(url, data={"csrf": csrf(staff), "kind": kind})
    assert "Being prepared" in staff.get(url).text
    assert service.work() == ["package"] * 3
    with service.store.reading() as db:
        made = {row.kind: row.id for row in db.query(DownloadRow)}
    shown = staff.get(url).text
    for id_ in made.values():
        assert f"{url}/{id_}" in shown
        assert service.browser("Ada").get(f"{url}/{id_}").status_code == 404
    students = staff.get(f"{url}/{made['students']}")
    assert students.headers["content-disposition"] == 'attachment; filename="optimizers.zip"'
    with zipfile.ZipFile(io.BytesIO(students.content)) as archive:
        names = archive.namelist()
        assert "optimizers/optimizers.py" in names
        assert archive.testzip() is None


def test_a_download_is_made_once_however_often_it_is_asked_for(service, staff):
    url = f"/staff/a/{service.assignment}/downloads"
    for _ in range(3):
        staff.post(url, data={"csrf": csrf(staff), "kind": "gift"})
    assert service.work() == ["package"]
    assert staff.post(url, data={"csrf": csrf(staff), "kind": "passwords"}).status_code == 404


@pytest.mark.slow
def test_every_kind_on_the_page_can_be_made(service):
    assignment = service.context.assignment("optimizers")
    for kind in KINDS:
        name, told, body = packaging.made(assignment, kind)
        assert name
        assert told
        assert 1000 < len(body) < 10_000_000, kind


def test_a_quiz_that_is_not_there_is_told(service):
    with pytest.raises(packaging.CannotMake, match="no quiz"):
        packaging.made(replace(service.context.assignment("optimizers"), quiz=lambda _: ()), "qti")
