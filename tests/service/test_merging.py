"""Two entries of one person: joined by a roster or a launch where that is sure, and merged by staff where it is not."""

from __future__ import annotations

import html
import re

import pytest
import sqlalchemy as sa
from acting import send
from course import RIGHT, WRONG, csrf, hand_in

from autograder.assignment import load
from autograder.quiz.kinds import right_answer
from autograder.quiz.variants import seed_for
from autograder.service.operate import people
from autograder.service.operate.integrity import check
from autograder.service.rules import roster
from autograder.service.store.schema import (
    AssignmentRow,
    AuditRow,
    CourseRow,
    ExtensionRow,
    MembershipRow,
    PlatformRow,
    PlatformUserRow,
    RegradeRow,
    SheetRow,
    SubmissionRow,
    UserRow,
    VersionRow,
    now,
)
from autograder.service.store.standings import standings
from autograder.service.worker import marking, sheets
from autograder.service.worker.context import Context


@pytest.fixture
def staff(service):
    return service.browser("Staff")


def known_at_platform(service, name: str, subject: str) -> None:
    with service.store.writing() as db:
        platform = db.scalar(sa.select(PlatformRow)) or PlatformRow(
            issuer="i", client_id="c", authorize_url="", token_url="", jwks_url=""
        )
        db.add(platform)
        db.flush()
        db.add(PlatformUserRow(platform_id=platform.id, subject=subject, user_id=service.people[name]))


def answers_of(service, name: str) -> dict[str, object]:
    """Every right answer to this person's own quiz, as the form stores them."""
    with service.store.reading() as db:
        member = db.get_one(MembershipRow, (service.course, service.people[name]))
        seed = seed_for(service.context.course_secret(service.course), member.quiz_id)
    return {item.id: right_answer(item) for item in load("optimizers").quiz(seed) if item.kind != "text"}


def quiz_points(service, submission: str) -> float:
    """Points of a submission's quiz, as it is marked now."""
    context: Context = service.context
    with service.store.reading() as db:
        handed_in = db.get_one(SubmissionRow, submission)
        asked = db.get_one(AssignmentRow, handed_in.assignment_id)
        version = db.get_one(VersionRow, asked.version_id)
    return sum(item.score or 0.0 for item in marking.verdict_of(context, handed_in, asked, version).quiz)


def merge_page(service, staff, gone: str, stays: str):
    return staff.get(f"/staff/c/{service.course}/people/{gone}/merge", params={"into": stays})


def merge(service, staff, gone: str, stays: str, **options):
    url = f"/staff/c/{service.course}/people/{gone}/merge"
    return staff.post(url, data={"csrf": csrf(staff), "into": stays}, **options)


def text_of(page) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


@pytest.mark.slow
def test_a_merge_says_what_it_will_do_does_it_and_loses_nothing(service, staff):
    """Ada came from a platform, Bob is what the roster calls her; each has handed in code and a quiz of their own."""
    ada, bob = service.people["Ada"], service.people["Bob"]
    known_at_platform(service, "Ada", "subject-of-ada")
    first = hand_in(service, "Bob", WRONG, answers=answers_of(service, "Bob"))
    second = hand_in(service, "Ada", RIGHT, answers=answers_of(service, "Ada"))
    third = hand_in(service, "Bob", WRONG)
    service.work()
    before = {one: quiz_points(service, one) for one in (first, second)}
    assert min(before.values()) > 5
    with service.by_hand() as db:
        db.add(ExtensionRow(assignment_id=service.assignment, user_id=ada, due_at=now() + 9000, reason="ill"))
        asked = db.get_one(AssignmentRow, service.assignment)
        asked.policy = {**asked.policy, "due_at": now() - 9000}
        points = standings(db, asked)[ada].points

    told = text_of(merge_page(service, staff, ada, bob))
    assert "Ada (id r-ada, ada@example.org) becomes Bob (id r-bob, bob@example.org)" in told
    assert "1 submission moves. The entry that stays has 2 of its own." in told
    assert "1 sign-in from learning platforms leads to them" in told
    assert "The extension moves" in told

    assert merge(service, staff, ada, bob).status_code == 200
    with service.store.reading() as db:
        rows = db.scalars(sa.select(SubmissionRow).order_by(SubmissionRow.number)).all()
        assert [(row.id, row.number, row.user_id) for row in rows] == [
            (first, 1, bob), (second, 2, bob), (third, 3, bob)
        ]  # fmt: skip
        assert db.get(MembershipRow, (service.course, ada)) is None
        member = db.get_one(MembershipRow, (service.course, bob))
        assert (member.roster_id, member.other_ids) == ("r-bob", ["r-ada"])
        assert db.scalars(sa.select(PlatformUserRow.user_id)).all() == [bob]
        assert db.get_one(ExtensionRow, (service.assignment, bob)).reason == "ill"
        assert all(row.late_seconds == 0 for row in rows)  # the extension holds for all of them
        asked = db.get_one(AssignmentRow, service.assignment)
        assert standings(db, asked)[bob].points == points
        done = db.scalars(sa.select(AuditRow).where(AuditRow.action == "member.merged")).one()
        assert (done.actor_id, done.object_id, done.detail["entry"]) == (service.people["Staff"], bob, ada)
    assert {one: quiz_points(service, one) for one in before} == before  # each by the quiz that it answers
    assert "merged another entry (“Ada”) into Bob" in text_of(staff.get(f"/staff/c/{service.course}/audit"))
    assert check(service.store) == []

    people.erase(service.store, ada)  # by either id
    with service.store.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(SubmissionRow)) == 0
        for one in (ada, bob):
            assert (db.get_one(UserRow, one).name, db.get_one(UserRow, one).email) == ("", None)
        assert not [row for row in db.scalars(sa.select(AuditRow)) if "Ada" in str(row.detail)]


@pytest.mark.parametrize("both", [False, True])
def test_the_draft_of_a_quiz_moves_with_its_questions_unless_the_other_has_begun_theirs(service, staff, both):
    ada, bob = service.people["Ada"], service.people["Bob"]
    drawn = {}
    for name in ("Ada", "Bob"):
        job = service.queue.put
        with service.store.writing() as db:
            made = job(db, "sheet", "sheet", course_id=service.course, user_id=service.people[name],
                       payload={"assignment": service.assignment})  # fmt: skip
        sheets.draw(service.context, made)
        with service.store.writing() as db:
            sheet = db.get_one(SheetRow, (service.assignment, service.people[name]))
            drawn[name] = sheet.items
            if name == "Ada" or both:
                sheet.answers = {sheet.items[0]["id"]: f"of {name}"}
    told = text_of(merge_page(service, staff, ada, bob))
    assert ("Both have begun the quiz" if both else "The draft of the quiz moves") in told
    merge(service, staff, ada, bob)
    with service.store.reading() as db:
        sheet = db.scalars(sa.select(SheetRow)).one()
        assert (sheet.user_id, sheet.items) == (bob, drawn["Bob" if both else "Ada"])
        assert list(sheet.answers.values()) == ["of Bob" if both else "of Ada"]
    # What is handed in from this sheet is marked by its questions, and no worker thinks that it has a wrong secret.
    name = "Bob" if both else "Ada"
    of = "r-bob" if both else "r-ada"
    seed = seed_for(service.context.course_secret(service.course), of)
    answers = {item.id: right_answer(item) for item in load("optimizers").quiz(seed) if item.kind != "text"}
    assert quiz_points(service, hand_in(service, "Bob", RIGHT, answers=answers)) > 5, name


def test_who_cannot_be_merged_is_told_why_and_nothing_happens(service, staff):
    ada, bob, teacher = (service.people[name] for name in ("Ada", "Bob", "Staff"))
    assert "same person" in merge_page(service, staff, ada, ada).text
    assert "is staff of a course" in text_of(merge_page(service, staff, ada, teacher))
    assert "Choose the other entry" in merge_page(service, staff, ada, "x").text
    with service.store.writing() as db:
        other = CourseRow(title="Of others")
        db.add(other)
        db.flush()
        db.add(MembershipRow(course_id=other.id, user_id=bob, role="student", roster_id="b"))
    assert "ask an operator" in merge_page(service, staff, ada, bob).text
    assert merge(service, staff, ada, bob).status_code == 409
    with service.store.writing() as db:
        db.execute(sa.delete(MembershipRow).where(MembershipRow.course_id == other.id))
        db.add(RegradeRow(assignment_id=service.assignment, by_id=teacher, state="running"))
    assert "is being regraded" in merge(service, staff, ada, bob).text
    with service.store.reading() as db:
        assert db.get_one(MembershipRow, (service.course, ada)).other_ids == []


# --------------------------------------------------------------------------------------- a platform first, then a roster
def member(service, name: str) -> MembershipRow:
    with service.store.reading() as db:
        return db.get_one(MembershipRow, (service.course, service.people[name]))


def came_first(service, name: str, subject: str) -> None:
    """As a launch leaves somebody whom no roster knows: with the platform's own id."""
    known_at_platform(service, name, subject)
    with service.store.writing() as db:
        db.get_one(MembershipRow, (service.course, service.people[name])).roster_id = subject


def test_a_roster_joins_who_came_from_a_platform_by_their_address_and_keeps_their_quiz(service, staff):
    came_first(service, "Ada", "opaque-subject")
    before = answers_of(service, "Ada")
    text = "id,name,email\n4711,Ada,ada@example.org\nr-bob,Bob,bob@example.org\n"
    shown = text_of(send(service, staff, "roster/import", text=text))
    assert "0 new, 1 changed, 1 unchanged" in shown
    assert "id opaque-subject 4711" in shown
    send(service, staff, "roster/apply", text=text)
    assert (member(service, "Ada").roster_id, member(service, "Ada").other_ids) == ("4711", ["opaque-subject"])
    assert answers_of(service, "Ada") == before
    assert "0 new, 0 changed, 2 unchanged" in text_of(send(service, staff, "roster/import", text=text))


def test_an_id_that_a_roster_gave_does_not_change_by_an_address(service, staff):
    text = "id,name,email\n4711,Ada,ada@example.org\n"
    assert "An id never changes" in text_of(send(service, staff, "roster/import", text=text))


def test_everybody_is_found_by_each_id_of_a_roster(service, staff):
    text = "Student,ID,SIS User ID,SIS Login ID,Section\n" + "Ada,90210,r-ada,al17,Mon\n"
    send(service, staff, "roster/apply", text=text)
    assert sorted(member(service, "Ada").other_ids) == ["90210", "al17"]
    again = send(service, staff, "roster/import", text="id,name\nal17,Ada\n")
    assert "0 new, 0 changed, 1 unchanged" in again.text


def test_a_line_whose_ids_are_two_peoples_is_for_a_person_to_solve():
    ada, bob = (
        roster.Member(name, f"r-{name}", name, "", "", "student", dropped=False, others=(f"o-{name}",))
        for name in ("ada", "bob")
    )
    (row,) = roster.read("Student,ID,SIS User ID,SIS Login ID,Section\nX,o-bob,new,o-ada,1\n")
    plan = roster.plan([row], [ada, bob])
    assert "its ids belong to ada (“r-ada”) and bob (“r-bob”)" in plan.conflicts[0]
    assert "merge them" in plan.conflicts[0]
