"""A course's time zone: what people type and read, and when a late day ends."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from course import csrf, hand_in
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.service.rules import policy as policies
from autograder.service.rules import zones
from autograder.service.rules.policy import Policy
from autograder.service.store.schema import AssignmentRow, AuditRow, CourseRow, MembershipRow, NoticeRow, SubmissionRow
from autograder.service.web.edge.forms import BadField, time_field, typed_time

BERLIN = "Europe/Berlin"
ZONES = st.sampled_from(("UTC", BERLIN, "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns"))
TIMES = st.integers(1_700_000_000, 2_000_000_000).map(lambda minute: float(minute // 60 * 60))


def at(text: str, zone: str = BERLIN) -> float:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@settings(max_examples=60)
@given(ZONES, TIMES)
def test_a_time_field_reads_back_what_it_shows(zone, moment):
    read = typed_time(time_field(moment, zone), "Due", zone)
    assert read in (moment, moment - 3600, moment - 1800)  # of two equal local times the first
    assert time_field(read, zone) == time_field(moment, zone)


def test_a_time_that_the_clocks_skip_is_refused_with_a_sentence():
    with pytest.raises(BadField, match="does not exist in Europe/Berlin"):
        typed_time("2026-03-29T02:30", "Due", BERLIN)


@pytest.mark.parametrize(
    ("due", "handed_in", "days"),
    [
        ("2026-10-24T23:59", "2026-10-25T00:00", 1),
        ("2026-10-24T23:59", "2026-10-25T23:59", 1),  # 25 hours: the clocks were set back
        ("2026-10-24T23:59", "2026-10-26T00:00", 2),
        ("2026-03-28T23:59", "2026-03-29T23:59", 1),
        ("2026-03-28T23:59", "2026-03-30T00:00", 2),  # 24 hours and a minute, of which one day has 23
    ],
)
def test_a_late_day_ends_at_the_same_time_of_day(due, handed_in, days):
    policy = Policy(due_at=at(due), late_days=days, time_zone=BERLIN, grace_minutes=0)
    late = policies.late_seconds(policy, at(handed_in), policy.due_at)
    assert policies.days_late(policy, late, at(handed_in)) == days
    assert policies.admit(policy, (), at(handed_in), due_at=policy.due_at).admitted
    if days > 1:
        fewer = Policy(due_at=at(due), late_days=days - 1, time_zone=BERLIN, grace_minutes=0)
        assert not policies.admit(fewer, (), at(handed_in), due_at=fewer.due_at).admitted


@settings(max_examples=60)
@given(ZONES, TIMES, st.integers(1, 40), st.integers(-7200, 7200))
def test_late_days_are_those_between_two_equal_times_of_day(zone, due, days, shift):
    policy = Policy(due_at=due, time_zone=zone, grace_minutes=0)
    handed_in = zones.days_after(due, days, zone) + shift
    assert policies.days_late(policy, handed_in - due, handed_in) == days + (shift > 0)


def test_pages_and_forms_use_the_zone_of_the_course(service):
    staff = service.browser("Staff")
    url = f"/staff/c/{service.course}"
    assert staff.post(f"{url}/time-zone", data={"csrf": csrf(staff), "time_zone": BERLIN}).status_code in (200, 303)
    settings_url = f"/staff/a/{service.assignment}/settings"
    page = staff.get(settings_url).text
    assert "Due (Europe/Berlin)" in page
    fields = dict(re.findall(r'name="(\w+)"[^>]*?value="([^"]*)"', page))
    chosen = {name: value for name, value in fields.items() if name not in ("csrf", "time_zone")}
    chosen |= {"counts": "best", "show_marks": "at_once", "show_hints": "at_once", "show_quiz": "after_due"}
    saved = staff.post(settings_url, data={**chosen, "csrf": csrf(staff), "due_at": "2099-07-01T18:00"})
    assert saved.status_code in (200, 303), saved.text
    with service.store.reading() as db:
        policy = db.get_one(AssignmentRow, service.assignment).policy
        assert db.get_one(CourseRow, service.course).time_zone == BERLIN
    assert policy["time_zone"] == BERLIN
    assert policy["due_at"] == at("2099-07-01T18:00")
    shown = service.browser("Ada").get(f"/a/{service.assignment}").text
    assert '<time datetime="2099-07-01T16:00:00Z">Wed 1 Jul 2099, 18:00 CEST</time>' in shown
    assert "are shown after <time" in shown
    assert "UTC" not in shown, "what is shown later as well"
    refused = staff.post(settings_url, data={**chosen, "csrf": csrf(staff), "due_at": "2027-03-28T02:30"}).text
    assert "does not exist in Europe/Berlin" in refused
    assert ">Machine learning systems</a>" in refused, "a page that answers a form names its course, too"


def test_a_zone_that_does_not_exist_is_refused(service):
    staff = service.browser("Staff")
    answer = staff.post(f"/staff/c/{service.course}/time-zone", data={"csrf": csrf(staff), "time_zone": "Mars/Base"})
    assert answer.status_code == 422
    assert "“Mars/Base” is not a time zone" in answer.text


@pytest.mark.parametrize("many", [False, True])
def test_notices_on_the_first_page_have_their_courses_time(service, many):
    """Also where somebody is in courses of different zones: a notice about a submission is of its course."""
    hand_in(service, "Ada")
    with service.by_hand() as db:
        db.get_one(CourseRow, service.course).time_zone = BERLIN
        theirs = db.scalars(sa.select(SubmissionRow.id)).one()
        about = theirs if many else None
        db.add(
            NoticeRow(user_id=service.people["Ada"], submission_id=about, text="Hello.", made_at=at("2026-07-01T18:00"))
        )
        if many:
            other = CourseRow(title="Another", time_zone="Asia/Kolkata")
            db.add(other)
            db.flush()
            db.add(MembershipRow(course_id=other.id, user_id=service.people["Ada"], role="student", roster_id="r-ada"))
    home = service.browser("Ada").get("/").text
    assert 'this notice of <time datetime="2026-07-01T16:00:00Z">Wed 1 Jul 2026, 18:00 CEST</time>' in home


def test_the_log_tells_settings_in_the_courses_time(service):
    with service.by_hand() as db:
        db.get_one(CourseRow, service.course).time_zone = BERLIN
        changed = {"due_at": at("2026-07-01T18:00")}
        db.add(AuditRow(actor_id="", action="assignment.policy", object_id=service.assignment, course_id=service.course,
                        detail={"changed": changed, "marks": 0}))  # fmt: skip
    log = service.browser("Staff").get(f"/staff/c/{service.course}/audit").text
    assert "Due: Wed 1 Jul 2026, 18:00 CEST" in log
