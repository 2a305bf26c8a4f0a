"""Groups that hand in together: one submission counts for all members, and what is one person's stays theirs."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from acting import decide, grouped
from course import RIGHT, WRONG, csrf, hand_in

from autograder.service.rules import policy as policies
from autograder.service.store.schema import (
    AssignmentRow,
    AuditRow,
    ExtensionRow,
    MembershipRow,
    NoticeRow,
    SheetRow,
    SubmissionRow,
    now,
)
from autograder.service.store.standings import standings
from autograder.service.web.student.submitting import NotTaken
from autograder.service.worker import marking
from autograder.service.worker.similarity import Source, compare

DAY = 86_400.0


@pytest.fixture
def together(service, monkeypatch):
    """Ada and Bob are the group Adam, Carol hands in alone; the assignment is for groups."""
    monkeypatch.setattr(marking, "draw", lambda *_: None)
    service.person("Carol")
    staff = service.browser("Staff")
    settle(service, groups=True)
    grouped(service, staff, Ada="Adam", Bob=" Adam ")
    return service


def settle(service, **chosen):
    with service.by_hand() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        asked.policy = policies.to_json(policies.Policy(**{"show_quiz": "at_once", "groups": True, **chosen}))


def rows(service, name):
    with service.store.reading() as db:
        wanted = sa.select(SubmissionRow).where(SubmissionRow.user_id == service.people[name])
        return db.scalars(wanted.order_by(SubmissionRow.number)).all()


def points(service):
    with service.store.reading() as db:
        has = standings(db, db.get_one(AssignmentRow, service.assignment))
    return {name: has[id_].points for name, id_ in service.people.items() if id_ in has}


@pytest.mark.slow
def test_what_one_member_hands_in_counts_for_all_and_each_sees_it(together):
    hand_in(together, "Ada", WRONG)
    together.work()
    has = points(together)
    assert has["Ada"] == has["Bob"]
    assert "Carol" not in has
    (theirs,) = rows(together, "Bob")
    bob = together.browser("Bob")
    assert "handed in Optimizers for your group, Adam" in bob.get("/").text
    report = bob.get(f"/s/{theirs.id}").text
    assert "Adam, handed in by Ada" in report
    page = bob.get(f"/a/{together.assignment}").text
    assert "You hand in as <strong>Adam</strong>, with Ada" in page
    (hers,) = rows(together, "Ada")
    assert bob.get(f"/s/{hers.id}").status_code == 404, "each has one of their own: comments and decisions stay theirs"
    table = together.browser("Staff").get(f"/staff/a/{together.assignment}/grades/plain.csv").text
    lines = {line.split(",")[0]: line for line in table.splitlines()}
    assert f"{has['Ada']:g}" in lines["r-ada"]
    assert f"{has['Ada']:g}" in lines["r-bob"]
    assert "in none" in together.browser("Carol").get(f"/a/{together.assignment}").text


@pytest.mark.slow
def test_a_decision_and_an_extension_of_one_member_stay_theirs(together):
    settle(together, due_at=now() - DAY / 2, late_days=2)
    with together.by_hand() as db:
        db.add(ExtensionRow(assignment_id=together.assignment, user_id=together.people["Bob"], due_at=now() + DAY))
    hand_in(together, "Ada", WRONG)
    together.work()
    (hers,), (his,) = rows(together, "Ada"), rows(together, "Bob")
    assert hers.late_seconds > 0 == his.late_seconds
    before = points(together)
    assert before["Ada"] == round(before["Bob"] * 0.9, 2)
    decide(together.browser("Staff"), his.id, row="criterion:bias_correction", points="1")
    after = points(together)
    assert after["Ada"] == before["Ada"]
    assert after["Bob"] != before["Bob"]


@pytest.mark.slow
def test_each_member_has_their_own_quiz(together):
    with together.by_hand() as db:
        db.add(
            SheetRow(assignment_id=together.assignment, user_id=together.people["Bob"], digest="", answers={"q": "2"})
        )
    hand_in(together, "Ada", RIGHT, answers={"q": "1"})
    assert [one.answers for name in ("Ada", "Bob") for one in rows(together, name)] == [{"q": "1"}, {"q": "2"}]
    hand_in(together, "Bob", RIGHT, answers={"q": "3"}, alone=True)
    assert len(rows(together, "Ada")) == 1, "who hands in new answers does so for nobody else"


@pytest.mark.slow
def test_a_group_has_one_limit_and_what_comes_too_late_for_a_member_is_not_theirs(together):
    settle(together, limit=2)
    for name in ("Ada", "Bob"):
        hand_in(together, name)
        together.work()
    for name in ("Ada", "Bob"):
        with pytest.raises(NotTaken):
            hand_in(together, name)
    settle(together, due_at=now() - DAY)
    with together.by_hand() as db:
        db.add(ExtensionRow(assignment_id=together.assignment, user_id=together.people["Bob"], due_at=now() + DAY))
    hand_in(together, "Bob")
    assert [len(rows(together, name)) for name in ("Ada", "Bob")] == [2, 3]


def test_sent_twice_it_is_one_submission_for_each(together):
    ids = {hand_in(together, "Ada", idempotency_key="once") for _ in range(2)}
    assert len(ids) == 1
    assert [len(rows(together, name)) for name in ("Ada", "Bob")] == [1, 1]


def test_practice_and_assignments_for_one_are_handed_in_alone(together):
    hand_in(together, "Ada", practice=True)
    settle(together, groups=False)
    hand_in(together, "Ada")
    assert rows(together, "Bob") == []


def test_who_joins_a_group_gets_what_it_handed_in_and_who_leaves_keeps_it(together):
    staff = together.browser("Staff")
    hand_in(together, "Ada", RIGHT + b"# replaced before it was marked")
    hand_in(together, "Ada")
    told = grouped(together, staff, Carol="Adam", Bob="").text
    assert re.search(r"2 people changed groups, and got 1 submission\b", told)
    assert [one.digest for one in rows(together, "Carol")] == [rows(together, "Ada")[-1].digest]
    assert len(rows(together, "Bob")) == 2
    hand_in(together, "Ada")
    assert [len(rows(together, name)) for name in ("Ada", "Bob", "Carol")] == [3, 2, 2]
    grouped(together, staff, Carol="Eve")
    grouped(together, staff, Carol="Adam")
    assert len(rows(together, "Carol")) == 2, "nobody gets the same twice"
    with together.store.reading() as db:
        said = db.scalars(sa.select(AuditRow).where(AuditRow.action == "member.grouped")).all()
        assert len(said) == 6


def test_groups_come_with_a_roster_and_a_column_of_sections_stays_one(together):
    staff = together.browser("Staff")
    text = "id,name,section,group\nr-ada,Ada,Mon,Nesterov\nr-eve,Eve,Tue,Nesterov\n"
    shown = staff.post(f"/staff/c/{together.course}/roster/import", data={"csrf": csrf(staff), "text": text}).text
    assert "Nesterov" in shown
    hand_in(together, "Ada")
    staff.post(f"/staff/c/{together.course}/roster/apply", data={"csrf": csrf(staff), "text": text})
    with together.store.reading() as db:
        found = {one.roster_id: (one.section, one.group_name) for one in db.scalars(sa.select(MembershipRow))}
    assert found["r-ada"] == ("Mon", "Nesterov")
    assert found["r-eve"] == ("Tue", "Nesterov")
    assert found["r-bob"] == ("", "Adam")
    page = staff.get(f"/staff/c/{together.course}/groups").text
    assert "Ada, Eve" in page
    assert 'value="Adam"' in page


def test_a_group_is_not_similar_to_itself():
    text = [f"line {n}" for n in range(40)]

    def source(number, group):
        own = "".join(chr(0x100 + (number * 37 + n * n) % 90) for n in range(60)) if not group else "x" * 60
        return Source(f"s{number}", f"u{number}", text, own, list(range(40)) + [0] * 20, group)

    apart = [source(number, "") for number in range(12)]
    found = compare([*apart, source(20, "A"), source(21, "A")])["pairs"]
    assert not any({"u20", "u21"} == set(pair["users"]) for pair in found)
    found = compare([*apart, source(20, "A"), source(21, "B")])["pairs"]
    assert any({"u20", "u21"} == set(pair["users"]) for pair in found)


def test_staff_see_the_group_beside_each_submission(together):
    hand_in(together, "Ada")
    (his,) = rows(together, "Bob")
    staff = together.browser("Staff")
    assert "group Adam, handed in by Ada" in staff.get(f"/staff/s/{his.id}").text
    assert "Adam" in staff.get(f"/staff/a/{together.assignment}/submissions").text
    with together.store.reading() as db:
        (told,) = db.scalars(sa.select(NoticeRow)).all()
    assert (told.user_id, told.submission_id) == (together.people["Bob"], his.id)
