"""Roles of a course's staff, and what one page tells of a person; tests/service/test_routes.py has role by route."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import sqlalchemy as sa
from course import RIGHT, WRONG, csrf, hand_in
from hypothesis import given
from hypothesis import strategies as st

from autograder.service.operate import CannotOperate
from autograder.service.operate.people import erase
from autograder.service.rules import zones
from autograder.service.store.schema import (
    STAFF,
    AssignmentRow,
    AuditRow,
    CourseRow,
    ExtensionRow,
    MembershipRow,
    NoticeRow,
    SubmissionRow,
    UserRow,
    now,
)
from autograder.service.web.edge.access import RIGHTS
from autograder.service.web.edge.site import span

DAY = 86_400.0


def change(service, client, name, **form):
    url = f"/staff/c/{service.course}/people/{service.people[name]}"
    return client.post(url, data={"csrf": csrf(client), **form})


def role_of(service, name) -> str:
    with service.store.reading() as db:
        return db.get_one(MembershipRow, (service.course, service.people[name])).role


def notices(service, name) -> list[str]:
    with service.store.reading() as db:
        return list(db.scalars(sa.select(NoticeRow.text).where(NoticeRow.user_id == service.people[name])))


def test_every_role_of_staff_has_rights_and_each_has_those_of_the_one_below():
    assert RIGHTS.keys() == set(STAFF)
    assert RIGHTS["observer"] < RIGHTS["ta"] < RIGHTS["staff"]


@pytest.mark.parametrize("role", STAFF)
def test_an_instructor_gives_a_role_and_it_holds_at_once(service, role):
    staff, bob = service.browser("Staff"), service.browser("Bob")
    assert bob.get(f"/staff/c/{service.course}").status_code == 404
    assert change(service, staff, "Bob", role=role).status_code == 200
    assert role_of(service, "Bob") == role
    assert bob.get(f"/staff/c/{service.course}").status_code == 200
    made = change(service, bob, "Ada", role="student", section="Mon")
    assert made.status_code == (200 if role == "staff" else 403)
    if role != "staff":
        assert "Only an instructor" in made.text


@pytest.mark.parametrize("role", STAFF)
def test_nobody_of_the_staff_is_erased(service, role):
    service.person("Carol", role)
    with pytest.raises(CannotOperate, match="one of the staff"):
        erase(service.store, service.people["Carol"])


def test_whoever_only_observes_another_course_makes_no_links_for_its_people(service):
    """A link is its person, everywhere: an observer would see, and do, what that person may."""
    with service.store.writing() as db:
        other = CourseRow(title="Another course")
        db.add(other)
        db.flush()
        for name, role in (("Staff", "observer"), ("Ada", "student")):
            db.add(MembershipRow(course_id=other.id, user_id=service.people[name], role=role, roster_id=name))
    staff = service.browser("Staff")
    sent = staff.post(f"/staff/c/{service.course}/people/{service.people['Ada']}/link", data={"csrf": csrf(staff)})
    assert sent.status_code == 403
    assert change(service, staff, "Ada", role="ta").status_code == 422
    assert role_of(service, "Ada") == "student"


@pytest.mark.slow
def test_an_observer_writes_no_comment_and_a_ta_does(service):
    service.person("Carol", "observer")
    service.person("Tom", "ta")
    submission = hand_in(service, "Ada", WRONG)
    service.work()
    for name, status in (("Carol", 403), ("Tom", 200)):
        client = service.browser(name)
        sent = client.post(f"/s/{submission}/comments", data={"csrf": csrf(client), "text": "Look at line 3."})
        assert sent.status_code == status


@pytest.mark.slow
def test_a_page_tells_all_that_a_person_handed_in_with_marks_and_extensions(service):
    ids = [hand_in(service, "Ada", source) for source in (WRONG, RIGHT) if service.work() is not None]
    service.work()
    staff = service.browser("Staff")
    url = f"/staff/c/{service.course}/people/{service.people['Ada']}/extensions/{service.assignment}"
    staff.post(url, data={"csrf": csrf(staff), "due_at": "2090-01-01T12:00", "reason": "ill"})
    shown = staff.get(f"/staff/c/{service.course}/people/{service.people['Ada']}").text
    assert all(f"/staff/s/{one}" in shown for one in ids)
    with service.store.reading() as db:
        numbers = {one.id: one.number for one in db.scalars(sa.select(SubmissionRow))}
    assert f"submission {numbers[ids[1]]}</a> counts" in shown
    assert "ill" in shown
    assert "1 Jan 2090" in shown
    assert "hand" not in re.findall(r"<h3>.*?</h3>", shown)


# --------------------------------------------------------------------------------------------- many extensions
@pytest.fixture
def late(service):
    """Ada and Bob handed in 30 hours late, for 20 percent."""
    with service.by_hand() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        asked.policy = {"due_at": now() - 30 * 3600, "late_days": 5, "late_percent_per_day": 10.0}
    for name in ("Ada", "Bob"):
        hand_in(service, name)
    service.work()
    return service


def give(service, client, students, **form):
    data = {"csrf": csrf(client), "student": [service.people[one] for one in students], **form}
    return client.post(f"/staff/a/{service.assignment}/extensions", data=data)


def extended(service) -> set[str]:
    with service.store.reading() as db:
        return set(db.scalars(sa.select(ExtensionRow.user_id)))


def test_many_get_an_extension_at_once_are_judged_anew_and_told(late):
    staff = late.browser("Staff")
    assert give(late, staff, ["Ada", "Bob"], due_at="2090-01-01T12:00", reason="fire").status_code == 200
    assert extended(late) == {late.people["Ada"], late.people["Bob"]}
    with late.store.reading() as db:
        assert set(db.scalars(sa.select(SubmissionRow.late_seconds))) == {0.0}
        assert db.scalar(sa.select(sa.func.count()).where(AuditRow.action == "extension.given")) == 2
    assert "1 Jan 2090, 12:00" in notices(late, "Ada")[-1]
    give(late, staff, ["Bob"], take_back="1")
    assert extended(late) == {late.people["Ada"]}
    assert "taken back" in notices(late, "Bob")[-1]
    assert len(notices(late, "Ada")) == 1


def test_the_overview_says_how_many_have_handed_in_nothing(late):
    def told() -> str:
        shown = late.browser("Staff").get(f"/staff/a/{late.assignment}").text
        said = r"<li>(?:<a [^>]*/missing\">)?([^<]*(?:handed in nothing yet|every student has handed in))(?:</a>)?</li>"
        return re.search(said, shown)[1]

    assert told() == "every student has handed in"
    for name, said in (("Carol", "1 of 3 students has"), ("Dan", "2 of 4 students have")):
        late.person(name)
        assert told() == f"{said} handed in nothing yet"
    with late.by_hand() as db:
        db.get_one(MembershipRow, (late.course, late.people["Dan"])).dropped = True
    assert told() == "1 of 3 students has handed in nothing yet", "who has left is not waited for"


def test_who_has_handed_in_nothing_is_listed_with_addresses_to_copy(late):
    staff, url = late.browser("Staff"), f"/staff/a/{late.assignment}/missing"
    assert "Every student has handed in." in staff.get(url).text
    for name in ("Carol", "Dan", "Eve"):
        late.person(name)
    with late.by_hand() as db:
        db.get_one(UserRow, late.people["Dan"]).email = None
        db.get_one(MembershipRow, (late.course, late.people["Eve"])).dropped = True
    shown = staff.get(url).text
    assert "2 of 4 students." in shown
    assert re.search(r"<textarea[^>]*>([^<]*)</textarea>", shown)[1] == "carol@example.org"
    assert "1 e-mail address, to copy (1 has none here)" in shown
    table = shown[shown.index("<tbody") :]
    assert "2090" not in table
    give(late, staff, ["Dan"], due_at="2090-01-01T12:00")
    assert "1 Jan 2090, 12:00" in staff.get(url).text
    assert [name for name in late.people if f">{name}</a>" in table] == ["Carol", "Dan"]


# ---------------------------------------------------------------------------- extensions of several assignments
@pytest.fixture
def three(late):
    """Two more assignments: one is due over a change of the clock, and one has no due time."""
    policies = [{"due_at": zones.seconds(SPRING, "Europe/Berlin"), "time_zone": "Europe/Berlin"}, {}]
    rows = [
        AssignmentRow(course_id=late.course, title=f"Further {number}", source="optimizers", policy=policy)
        for number, policy in enumerate(policies)
    ]
    with late.by_hand() as db:
        db.add_all(rows)
    late.dated, late.undated = rows[0].id, rows[1].id
    return late


SPRING = dt.datetime(2090, 3, 25, 18, 0)  # noqa: DTZ001 - local; the clocks are changed on the 26th


def give_for_all(service, client, students, assignments=None, **form):
    chosen = [service.assignment, service.dated, service.undated] if assignments is None else assignments
    data = {"csrf": csrf(client), "student": [service.people[one] for one in students], "assignment": chosen, **form}
    return client.post(f"/staff/c/{service.course}/extensions", data=data)


def own_due_times(service, name) -> dict[str, float]:
    with service.store.reading() as db:
        rows = db.scalars(sa.select(ExtensionRow).where(ExtensionRow.user_id == service.people[name]))
        return {one.assignment_id: one.due_at for one in rows}


def test_some_get_more_days_for_every_assignment_that_has_a_due_time(three):
    staff = three.browser("Staff")
    with three.store.reading() as db:
        due_at = db.get_one(AssignmentRow, three.assignment).policy["due_at"]
    assert "Without a due time" in staff.get(f"/staff/c/{three.course}/extensions").text
    assert "Saved for 1 student." in give_for_all(three, staff, ["Ada"], days="3", reason="ill").text
    assert own_due_times(three, "Ada") == {
        three.assignment: pytest.approx(due_at + 3 * DAY, abs=0.001),
        three.dated: zones.seconds(SPRING + dt.timedelta(days=3), "Europe/Berlin"),
    }
    assert own_due_times(three, "Bob") == {}
    with three.store.reading() as db:
        lateness = dict(db.execute(sa.select(SubmissionRow.user_id, SubmissionRow.late_seconds)).all())
    assert (lateness[three.people["Ada"]], lateness[three.people["Bob"]] > DAY) == (0.0, True)
    assert len(notices(three, "Ada")) == 1, "of an assignment that is not open yet, nobody is told"


def test_more_days_take_no_time_from_who_has_longer(three):
    staff = three.browser("Staff")
    give_for_all(three, staff, ["Ada"], [three.dated], days="5")
    before = own_due_times(three, "Ada")
    give_for_all(three, staff, ["Ada", "Bob"], [three.dated], days="2")
    assert own_due_times(three, "Ada") == before
    assert own_due_times(three, "Bob")[three.dated] < before[three.dated]
    give_for_all(three, staff, ["Ada"], take_back="1")
    assert (own_due_times(three, "Ada"), len(own_due_times(three, "Bob"))) == ({}, 1)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"days": "2"}, "Choose at least one student"),
        ({"students": ["Ada"], "days": "2", "assignments": []}, "Choose at least one assignment"),
        ({"students": ["Ada"], "days": "0"}, "how many days more"),
        ({"students": ["Ada"], "days": "1.5"}, "whole number"),
        ({"students": ["Ada"], "days": ""}, "Days more than everyone"),
        ({"students": ["Staff"], "days": "2"}, "Choose at least one student"),
    ],
)
def test_a_form_for_all_that_says_too_little_changes_nothing(three, form, said):
    form = dict(form)
    sent = give_for_all(three, three.browser("Staff"), form.pop("students", []), form.pop("assignments", None), **form)
    assert (sent.status_code, said in sent.text) == (422, True)
    assert extended(three) == set()


def test_nobody_extends_an_assignment_of_another_course(three):
    with three.by_hand() as db:
        course = CourseRow(title="Another")
        db.add(course)
        db.flush()
        other = AssignmentRow(course_id=course.id, title="Theirs", source="optimizers", policy={"due_at": now()})
        db.add(other)
    assert give_for_all(three, three.browser("Staff"), ["Ada"], [other.id], days="2").status_code == 422
    assert extended(three) == set()


# ------------------------------------------------------------------------------------------------ spans of time
@given(st.floats(1, 1e8))
def test_nobody_reads_a_longer_time_than_there_is(seconds):
    number, unit = span(seconds).split()
    size = {"s": 1, "min": 60, "h": 3600, "days": DAY}[unit]
    assert int(number) * size <= seconds < (int(number) + 1) * size
    assert unit == "s" or int(number) > 1, "one hour of two would be told as half the time"


def test_of_two_due_times_a_student_reads_the_one_that_holds(late):
    """A notice of an earlier one, that nobody has dismissed, would be false."""
    staff, ada = late.browser("Staff"), late.browser("Ada")
    for year in (2089, 2090):
        give(late, staff, ["Ada", "Bob"], due_at=f"{year}-01-01T12:00", reason="fire")
    assert "1 Jan 2090" in ada.get("/").text
    assert [text.count("1 Jan 20") for text in notices(late, "Ada")] == [1]
    give(late, staff, ["Bob"], take_back="1")
    assert len(notices(late, "Bob")) == 1
    assert len(notices(late, "Ada")) == 1, "nobody else's goes"


def test_a_section_gets_an_extension_whole(late):
    with late.store.writing() as db:
        db.get_one(MembershipRow, (late.course, late.people["Bob"])).section = "Mon"
    staff = late.browser("Staff")
    give(late, staff, [], section="Mon", due_at="2090-01-01T12:00")
    assert extended(late) == {late.people["Bob"]}


@pytest.mark.parametrize(
    "form",
    [{"students": []}, {"students": ["Ada"], "due_at": ""}, {"students": ["Ada"], "due_at": "soon"}],
    ids=["nobody chosen", "no time", "no such time"],
)
def test_a_form_that_says_too_little_changes_nothing(late, form):
    staff = late.browser("Staff")
    sent = give(late, staff, form.pop("students"), **form)
    assert (sent.status_code, 'role="alert"' in sent.text) == (422, True)
    assert extended(late) == set()


def test_staff_get_no_extension(late):
    staff = late.browser("Staff")
    assert give(late, staff, ["Staff"], due_at="2090-01-01T12:00").status_code == 422
