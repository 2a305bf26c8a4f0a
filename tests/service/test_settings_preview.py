"""Settings that change marks: shown before they are saved, and told to the students whom they concern."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from acting import form, seen
from course import RIGHT, WRONG, csrf, hand_in
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from autograder.service.rules import policy as policies
from autograder.service.rules import zones
from autograder.service.store.grades import judged_by
from autograder.service.store.schema import AssignmentRow, CourseRow, ExtensionRow, NoticeRow, SubmissionRow, now
from autograder.service.store.standings import standings
from autograder.service.web.student.submitting import judge_lateness
from autograder.service.worker import marking

HOUR = 3600.0


@pytest.fixture
def marked(service, monkeypatch):
    """Ada handed in a right file after a wrong one, Bob a wrong one; both two hours ago, due in a day."""
    monkeypatch.setattr(marking, "draw", lambda *_: None)  # nothing here looks at a picture
    for name, source in (("Ada", WRONG), ("Ada", RIGHT), ("Bob", WRONG)):
        hand_in(service, name, source)
        service.work()
    with service.by_hand() as db:
        db.execute(sa.update(SubmissionRow).values(made_at=now() - 2 * HOUR))
        asked = db.get_one(AssignmentRow, service.assignment)
        due = now() // 60 * 60 + 24 * HOUR  # forms hold minutes
        asked.policy = policies.to_json(policies.Policy(due_at=due, late_days=9, counts="latest", show_quiz="at_once"))
    return service


def save(service, client, **changed):
    more = {name: changed.pop(name) for name in ("seen", "back") if name in changed}
    data = {"csrf": csrf(client), **form(service, **changed), **more}
    return client.post(f"/staff/a/{service.assignment}/settings", data=data)


def points(service) -> dict[str, float]:
    with service.store.reading() as db:
        has = standings(db, db.get_one(AssignmentRow, service.assignment))
    return {name: has[id_].points for name, id_ in service.people.items() if id_ in has}


def notices(service, name) -> list[str]:
    with service.store.reading() as db:
        return list(db.scalars(sa.select(NoticeRow.text).where(NoticeRow.user_id == service.people[name])))


@pytest.mark.slow
def test_a_due_time_that_costs_marks_is_shown_first_and_saved_once_it_was_seen(marked):
    staff, before = marked.browser("Staff"), points(marked)
    earlier = {"due_at": now() - 12 * HOUR}
    shown = save(marked, staff, **earlier)
    assert "Nothing is saved yet" in shown.text
    assert all(name in shown.text for name in ("Ada", "Bob"))
    assert points(marked) == before
    assert notices(marked, "Ada") == []
    saved = save(marked, staff, **earlier, seen=seen(shown.text))
    assert "Saved" in saved.text
    assert points(marked) == {name: round(value * 0.9, 2) for name, value in before.items()}
    (told,) = notices(marked, "Ada")
    assert "The due time was changed." in told
    assert f"had {before['Ada']:g} points and now have {before['Ada'] * 0.9:g}" in told
    assert "It is now due on" in told


@pytest.mark.slow
def test_what_changes_no_mark_is_saved_at_once_and_a_due_time_is_told(marked):
    staff, before = marked.browser("Staff"), points(marked)
    assert "Saved" in save(marked, staff, limit=3).text
    assert notices(marked, "Bob") == []
    assert "Saved" in save(marked, staff, due_at=now() + 72 * HOUR).text
    (told,) = notices(marked, "Bob")
    assert "It is now due on" in told
    assert "points" not in told
    assert points(marked) == before


@pytest.mark.slow
def test_what_was_looked_at_is_what_is_saved(marked):
    staff = marked.browser("Staff")
    stale = seen(save(marked, staff, due_at=now() - 12 * HOUR).text)
    with marked.by_hand() as db:
        late = now() + 300 * HOUR
        db.add(ExtensionRow(assignment_id=marked.assignment, user_id=marked.people["Bob"], due_at=late))
    before = points(marked)
    shown = save(marked, staff, due_at=now() - 12 * HOUR, seen=stale)
    assert "whose marks change has changed" in shown.text
    assert points(marked) == before
    assert "Saved" in save(marked, staff, due_at=now() - 12 * HOUR, seen=seen(shown.text)).text
    assert points(marked)["Bob"] == before["Bob"], "an extension never takes time away"
    assert notices(marked, "Bob") == [], "nothing changes for Bob"


@pytest.mark.slow
def test_a_preview_waits_for_nobody_who_writes(marked):
    """With 20 000 submissions it takes a second, and students hand in meanwhile."""
    staff = marked.browser("Staff")
    token = {"csrf": csrf(staff)}
    typed = token | form(marked, due_at=now() - 12 * HOUR)
    with marked.by_hand() as db:  # on SQLite one writes at a time; on Postgres this row is held
        asked = db.get_one(AssignmentRow, marked.assignment, with_for_update=True)
        asked.title = "Held"
        db.flush()
        shown = staff.post(f"/staff/a/{marked.assignment}/settings", data=typed)
        assert "Nothing is saved yet" in shown.text


@pytest.mark.slow
def test_one_goes_back_with_what_was_typed(marked):
    staff = marked.browser("Staff")
    back = save(marked, staff, late_percent_per_day=73.0, due_at=now() - 12 * HOUR, back="1")
    assert (back.status_code, 'value="73.0"' in back.text) == (200, True)


@pytest.mark.slow
def test_nobody_reads_points_in_a_notice_that_their_page_does_not_show(marked):
    staff = marked.browser("Staff")
    hidden = {"due_at": now() - 12 * HOUR, "show_marks": "never"}
    save(marked, staff, **hidden, seen=seen(save(marked, staff, **hidden).text))
    (told,) = notices(marked, "Ada")
    assert "not shown now" in told
    assert "had" not in told


@pytest.mark.slow
def test_a_time_zone_that_moves_the_end_of_a_late_day_tells_whose_mark_changes(marked):
    """Berlin's clocks are set back in the night of 25 October 2026: that late day has 25 hours there, 24 in UTC."""
    due = zones.seconds(dt.datetime(2026, 10, 25), "Europe/Berlin")  # noqa: DTZ001 - a local time
    with marked.by_hand() as db:
        asked = db.get_one(AssignmentRow, marked.assignment)
        asked.policy = policies.to_json(policies.Policy(due_at=due, late_days=9, counts="latest"))
        db.execute(sa.update(SubmissionRow).values(made_at=due + 24.5 * HOUR))
        judge_lateness(db, asked)
    before, staff = points(marked), marked.browser("Staff")
    url = f"/staff/c/{marked.course}/time-zone"
    assert staff.post(url, data={"csrf": csrf(staff), "time_zone": "Europe/Berlin"}).status_code == 200
    after = points(marked)
    assert after["Ada"] > before["Ada"]
    assert "The time zone was changed." in notices(marked, "Ada")[0]
    with marked.store.reading() as db:
        assert db.get_one(CourseRow, marked.course).time_zone == "Europe/Berlin"


@pytest.mark.slow
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.builds(
        policies.Policy,
        due_at=st.none() | st.floats(-100, 100).map(lambda hours: now() + hours * HOUR),
        grace_minutes=st.sampled_from([0.0, 5.0, 200.0]),
        late_percent_per_day=st.sampled_from([0.0, 10.0, 55.0, 100.0]),
        late_days=st.integers(0, 9),
        counts=st.sampled_from(["best", "latest"]),
        time_zone=st.sampled_from(["UTC", "Europe/Berlin"]),
    ),
    st.floats(-50, 50),
)
def test_what_is_previewed_is_what_comes_about(marked, chosen, extension):
    """For any policy, with an extension of Bob's; what is kept is what the preview said."""
    with marked.store.writing() as db:
        known = db.get(ExtensionRow, (marked.assignment, marked.people["Bob"]))
        own = known or ExtensionRow(assignment_id=marked.assignment, user_id=marked.people["Bob"], due_at=0.0)
        own.due_at = now() + extension * HOUR
        db.add(own)
        db.flush()
        preview = judged_by(db, db.get_one(AssignmentRow, marked.assignment), chosen)
    with marked.by_hand() as db:
        asked = db.get_one(AssignmentRow, marked.assignment)
        asked.policy = policies.to_json(chosen)
        judge_lateness(db, asked)
    with marked.store.reading() as db:
        assert preview == standings(db, db.get_one(AssignmentRow, marked.assignment))
