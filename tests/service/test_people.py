"""Rosters, links, extensions and erasure, as staff use them."""

from __future__ import annotations

import csv
import io
import re
import threading

import pytest
import sqlalchemy as sa
from acting import send
from course import csrf, hand_in, serving
from hypothesis import given
from hypothesis import strategies as st

from autograder.service.rules import roster
from autograder.service.store.schema import (
    AssignmentRow,
    AuditRow,
    CourseRow,
    ExtensionRow,
    LinkRow,
    MembershipRow,
    SubmissionRow,
    UserRow,
    now,
)
from autograder.service.web.student.submitting import due_at, judge_lateness

ROSTER = "ID;Name;E-mail;Section\nr-ada;Ada Lovelace;ADA@example.org;Mon\n4711;Grace Hopper;grace@example.org;Tue\n"


@pytest.fixture
def staff(service):
    return service.browser("Staff")


def people(service):
    with service.store.reading() as db:
        rows = db.execute(
            sa.select(
                MembershipRow.roster_id, UserRow.name, UserRow.email, MembershipRow.section, MembershipRow.dropped
            )
            .join(UserRow, UserRow.id == MembershipRow.user_id)
            .where(MembershipRow.course_id == service.course, MembershipRow.role == "student")
        )
        return {row[0]: tuple(row[1:]) for row in rows}


# ---------------------------------------------------------------------------------------------------------- import
def test_an_import_is_shown_before_it_changes_anything_and_done_twice_changes_nothing(service, staff):
    before = people(service)
    shown = send(service, staff, "roster/import", text=ROSTER)
    assert "1 new, 1 changed, 0 unchanged, 1 in the course but not in this list" in shown.text
    assert people(service) == before
    send(service, staff, "roster/apply", text=ROSTER)
    assert people(service) == {
        "r-ada": ("Ada Lovelace", "ada@example.org", "Mon", False),
        "r-bob": ("Bob", "bob@example.org", "", False),
        "4711": ("Grace Hopper", "grace@example.org", "Tue", False),
    }
    assert "0 new, 0 changed, 2 unchanged" in send(service, staff, "roster/import", text=ROSTER).text


def test_who_is_not_in_the_file_is_dropped_only_when_staff_say_so_and_keeps_everything(service, staff):
    submission = hand_in(service, "Bob")
    send(service, staff, "roster/apply", text=ROSTER, drop="1")
    assert people(service)["r-bob"][3]
    with service.store.reading() as db:
        assert db.get_one(SubmissionRow, submission).upload
    assert service.browser("Bob").get(f"/a/{service.assignment}").status_code == 404
    back = send(service, staff, "roster/import", text="id\nr-bob\n")
    assert "back in the course" in back.text
    send(service, staff, "roster/apply", text="id\nr-bob\n")
    assert not people(service)["r-bob"][3]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16"])
def test_a_file_is_read_in_the_code_page_that_it_has_and_says_so(service, staff, encoding):
    url, form = f"/staff/c/{service.course}/roster/import", {"csrf": csrf(staff)}
    text = "id;name\r\nr-ada;Ada Müller\r\n99;Jürgen Größe\r\n;Test Student\r\n"
    shown = staff.post(url, data=form, files={"file": ("roster.csv", text.encode(encoding))}).text
    assert "1 new, 1 changed" in shown
    assert "Jürgen Größe" in shown
    assert "Not students in the file: line 4" in shown
    assert ("was read as Windows-1252" in shown) == (encoding in ("latin-1", "cp1252"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,email\nr-eve,ada@example.org\n", "is Ada here, with the id “r-ada”"),
        ("id,email\n1,a@x.org\n2,a@x.org\n", "Line 2: the address a@x.org is there 2 times"),
        ("id\n1\n\n1\n", "Line 4: the id “1” is there 2 times"),
        ("id,name\n,Nobody\n", "Line 2: it has no id"),
        ("id\nR-ADA\n", "differ only in case"),
        ("id\n=1+1\n", "begins like a formula"),
        ("id,email\n1,none\n", "is not an e-mail address"),
    ],
)
def test_a_conflict_is_told_with_its_line_and_stops_the_import(service, staff, text, told):
    before = people(service)
    assert told in send(service, staff, "roster/import", text=text).text
    assert send(service, staff, "roster/apply", text=text, drop="1").status_code == 422
    assert people(service) == before


def test_names_that_a_roster_does_not_change_are_told():
    members = [roster.Member(id_, id_, "Ada", "", "Mon", "student", dropped=False, shared=id_ == "a") for id_ in "ab"]
    plan = roster.plan(roster.read("id,name,section\na,Ada L.,Tue\nb,Ada L.,Mon\n"), members)
    assert [(change.member.id, [*change.columns]) for change in plan.changed] == [("a", ["section"]), ("b", ["name"])]
    assert [member.id for member in plan.kept] == ["a"]


def test_the_line_that_excel_writes_for_itself_is_no_header():
    for first in ("sep=;\r\n", '\ufeff"sep=;"\n'):
        (row,) = roster.read(first + "id;name\r\na1;Ada\r\n")
        assert (row.line, row.id, row.name) == (3, "a1", "Ada")


def test_an_export_of_canvas_is_a_roster_as_it_is(service, staff):
    """The id is the institution's, which its gradebook is given back, and rows of nobody are left out."""
    text = (
        "Student,ID,SIS User ID,SIS Login ID,Section,Essay (7)\n"
        ",,,,,Manual Posting\n    Points Possible,,,,,100\n"
        '"Lovelace, Ada",4711,r-ada,ada,A,90\n"Hopper, Grace",4712,r-grace,grace,A,\n"Student, Test",99,,,A,\n'
    )
    shown = send(service, staff, "roster/import", text=text).text
    assert re.search(r"1 new, 1 changed, 0 unchanged", shown)
    assert "To be solved first" not in shown
    send(service, staff, "roster/apply", text=text)
    assert "Grace Hopper" in str(people(service)["r-grace"])


@pytest.mark.parametrize("text", ["", "name\nAda\n", "id\n", 'id,name\n1,"Ada\n', "x" * 900_001])
def test_what_is_no_roster_is_refused_with_a_sentence_and_the_text_is_still_there(service, staff, text):
    page = send(service, staff, "roster/import", text=text)
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert text[:5] in page.text


ROWS = st.lists(st.tuples(*[st.text(max_size=12)] * 3), max_size=6)


@given(ROWS, st.booleans())
def test_whatever_a_roster_says_is_read_or_refused(rows, raw):
    """Nothing else happens, and what is read never contradicts itself once it has been imported."""
    stream = io.StringIO()
    csv.writer(stream).writerows([("id", "name", "email"), *rows])
    text = "id" + "".join(map("".join, rows)) if raw else stream.getvalue()
    try:
        found = roster.read(text)
    except roster.BadRoster:
        return
    plan = roster.plan(found, [])
    if not plan.conflicts:
        members = [
            roster.Member(row.id, row.id, row.name, row.email, row.section, "student", dropped=False)
            for row in plan.new
        ]
        assert roster.plan(found, members) == roster.ImportPlan(same=len(found))


# ----------------------------------------------------------------------------------------------------------- links
def test_every_student_gets_a_link_of_their_own_in_a_table(service, staff):
    with service.store.writing() as db:
        db.get_one(UserRow, service.people["Ada"]).name = '=HYPERLINK("http://evil")'
    table = list(csv.DictReader(io.StringIO(send(service, staff, "links").text, newline="")))
    assert {row["id"] for row in table} == {"r-ada", "r-bob"}
    assert next(row["name"] for row in table if row["id"] == "r-ada").startswith("'=")
    browser = service.browser()
    assert browser.post(table[0]["link"]).status_code == 200
    assert browser.post(table[0]["link"]).status_code == 403
    with service.store.reading() as db:
        assert db.scalar(sa.select(AuditRow.detail).where(AuditRow.action == "links.made")) == {"count": 2}


@pytest.mark.parametrize("why", ["operator", "elsewhere"])
def test_staff_cannot_become_somebody_who_is_more_than_their_student(service, staff, why):
    with service.store.writing() as db:
        if why == "operator":
            db.get_one(UserRow, service.people["Ada"]).operator = True
        else:
            other = CourseRow(title="Another")
            db.add(other)
            db.flush()
            db.add(MembershipRow(course_id=other.id, user_id=service.people["Ada"], role="staff", roster_id="x"))
    assert send(service, staff, f"people/{service.people['Ada']}/link").status_code == 403
    table = csv.DictReader(io.StringIO(send(service, staff, "links").text, newline=""))
    assert {row["id"]: bool(row["link"]) for row in table} == {"r-ada": False, "r-bob": True}
    send(service, staff, "roster/apply", text="id,email,section\nr-ada,mine@example.org,Mon\n")
    assert people(service)["r-ada"] == ("Ada", "ada@example.org", "Mon", False)


def test_a_link_of_one_person_is_shown_once(service, staff):
    shown = send(service, staff, f"people/{service.people['Bob']}/link").text
    link = shown.split('id="link" value="')[1].split('"')[0]
    token = link.rpartition("/")[2]
    assert token not in staff.get(f"/staff/c/{service.course}/people/{service.people['Bob']}").text
    with service.store.reading() as db:
        assert token not in {row.token_hash for row in db.query(LinkRow)}


# ------------------------------------------------------------------------------------------------------ one person
@pytest.mark.slow
def test_an_extension_is_taken_back_before_or_after_the_due_time_changes(postgres, tmp_path):
    """At the same moment, and neither had seen the other: what was handed in late counted as in time for good."""
    with serving(tmp_path, postgres.database()) as service:
        submission, staff, ada = hand_in(service, "Ada"), service.browser("Staff"), service.people["Ada"]
        with service.store.writing() as db:
            db.add(ExtensionRow(assignment_id=service.assignment, user_id=ada, due_at=now() + 3600))
        step = f"people/{ada}/extensions/{service.assignment}"
        with service.store.writing() as db:
            asked = db.get_one(AssignmentRow, service.assignment)
            asked.policy = {"due_at": now() - 3600}
            judge_lateness(db, asked)
            taking = threading.Thread(target=send, args=(service, staff, step), kwargs={"due_at": ""})
            taking.start()
            taking.join(2)
        taking.join()
        with service.store.reading() as db:
            assert db.get(ExtensionRow, (service.assignment, ada)) is None
            assert db.get_one(SubmissionRow, submission).late_seconds > 0


def test_an_extension_is_given_in_utc_and_taken_back(service, staff):
    step = f"people/{service.people['Ada']}/extensions/{service.assignment}"
    with service.by_hand() as db:
        db.get_one(AssignmentRow, service.assignment).policy = {"due_at": 1796000000.0}
    send(service, staff, step, due_at="2026-12-01T12:00", reason="ill")
    with service.store.reading() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        assert due_at(db, asked, service.people["Ada"]) == 1796126400.0
        assert db.query(ExtensionRow).one().reason == "ill"
    again = send(service, staff, step, due_at="never", reason="still here")
    assert (again.status_code, "still here" in again.text) == (422, True)
    send(service, staff, step, due_at="")
    with service.store.reading() as db:
        assert db.query(ExtensionRow).count() == 0


def test_staff_change_a_place_in_the_course_but_not_their_own_rights(service, staff):
    send(service, staff, f"people/{service.people['Ada']}", role="staff", section=" Tue ")
    assert service.browser("Ada").get(f"/staff/c/{service.course}").status_code == 200
    mine = send(service, staff, f"people/{service.people['Staff']}", role="student", section="")
    assert mine.status_code == 422
    assert staff.get(f"/staff/c/{service.course}").status_code == 200


@pytest.mark.parametrize("elsewhere", [True, False])
def test_whom_staff_of_another_course_hold_a_key_to_becomes_staff_by_an_operator_alone(service, staff, elsewhere):
    """Staff of a course make links for its students, and may keep what these open; an operator ends all of it."""
    if elsewhere:
        with service.store.writing() as db:
            other = CourseRow(title="Another course")
            db.add(other)
            db.flush()
            db.add(MembershipRow(course_id=other.id, user_id=service.people["Ada"], role="student", roster_id="a"))
    where = f"/staff/c/{service.course}/people/{service.people['Ada']}"
    answer = staff.post(where, data={"csrf": csrf(staff), "role": "staff"})
    assert (answer.status_code, "an operator" in answer.text) == ((422, True) if elsewhere else (200, False))
    with service.store.reading() as db:
        role = db.get_one(MembershipRow, (service.course, service.people["Ada"])).role
    assert role == ("student" if elsewhere else "staff")
    assert staff.post(where, data={"csrf": csrf(staff), "role": role, "section": "Mon"}).status_code == 200


def test_people_are_found_by_section_role_and_name(service, staff):
    send(service, staff, "roster/apply", text=ROSTER)
    url = f"/staff/c/{service.course}/roster"
    assert "Grace" not in staff.get(url, params={"section": "Mon"}).text
    assert "Lovelace" not in staff.get(url, params={"role": "staff"}).text.partition("<tbody")[2]
    assert "Grace" in staff.get(url, params={"who": "HOPPER"}).text


def test_nobody_reaches_a_person_through_a_course_that_is_not_theirs(service, staff):
    with service.store.writing() as db:
        stranger = UserRow(name="Stranger")
        db.add(stranger)
        db.flush()
        id_ = stranger.id
    assert staff.get(f"/staff/c/{service.course}/people/{id_}").status_code == 404
    assert send(service, staff, f"people/{id_}/link").status_code == 404
    ada = service.browser("Ada")
    assert {send(service, ada, step).status_code for step in ("links", "roster/import", "roster/apply")} == {404}


def test_a_person_is_erased_only_by_who_types_whom(service, staff):
    hand_in(service, "Ada")
    service.work()
    step = f"people/{service.people['Ada']}/erase"
    assert "1 submission with uploads" in staff.get(f"/staff/c/{service.course}/{step}").text
    assert send(service, staff, step, id="r-bob").status_code == 422
    assert service.browser("Ada").get("/").status_code == 200
    assert send(service, staff, step, id="r-ada").status_code == 200
    with service.store.reading() as db:
        assert db.query(SubmissionRow).count() == 0
        assert db.get_one(UserRow, service.people["Ada"]).name == ""
    assert staff.get(f"/staff/c/{service.course}/roster").status_code == 200
    assert staff.get(f"/staff/c/{service.course}/people/{service.people['Ada']}").status_code == 200
    assert send(service, staff, step, id=service.people["Ada"]).status_code == 404
