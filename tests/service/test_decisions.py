"""People decide in the end: points that they give, and what students and staff write to each other."""

from __future__ import annotations

import csv
import io

import pytest
from acting import again, decide, put, verdict
from course import RIGHT, csrf, hand_in

from autograder.model import CriterionMark
from autograder.service.store.schema import AssignmentRow, AuditRow, CommentRow, NoticeRow, OverrideRow, SubmissionRow
from autograder.service.store.standings import standings


@pytest.fixture
def staff(service):
    return service.browser("Staff")


@pytest.fixture
def ada(service):
    return service.browser("Ada")


def lift(client, id_, row="criterion:adam"):
    return client.post(f"/staff/s/{id_}/lift", data={"csrf": csrf(client), "row": row})


def write(client, id_, text, **more):
    return client.post(f"/s/{id_}/comments", data={"csrf": csrf(client), "text": text, **more})


def has(service, name="Ada") -> float:
    with service.store.reading() as db:
        return standings(db, db.get_one(AssignmentRow, service.assignment))[service.people[name]].points


def notices(service, name="Ada") -> list[str]:
    with service.store.reading() as db:
        return [one.text for one in db.query(NoticeRow).where(NoticeRow.user_id == service.people[name])]


# ----------------------------------------------------------------------------------------------------------- points
def test_points_that_a_person_gives_count_and_stand_beside_the_graders_with_the_reason(service, staff, ada):
    id_ = put(service)
    before = has(service)
    assert decide(staff, id_).status_code == 200
    assert has(service) == before + 4.5
    for page in (ada.get(f"/s/{id_}").text, staff.get(f"/staff/s/{id_}").text):
        assert "Changed by a person from 5 to 9.5 points: Right idea, wrong name." in page
    assert any("9.5 instead of 5 points. Right idea" in text for text in notices(service))
    person = f"/staff/c/{service.course}/people/{service.people['Ada']}"
    for listed in (f"/staff/a/{service.assignment}/submissions", person):
        assert f"{before + 4.5:g}<span" in staff.get(listed).text, "lists tell what counts, not what the grader gave"
    table = list(csv.reader(io.StringIO(staff.get(f"/staff/a/{service.assignment}/grades/plain.csv").text)))
    assert f"{before + 4.5:g}" in next(row for row in table if row[0] == "r-ada")
    with service.store.reading() as db:
        (said,) = db.query(AuditRow).where(AuditRow.action == "override.set")
    assert (said.detail["row"], said.detail["points"], said.detail["machine"]) == ("criterion:adam", 9.5, 5)


def test_points_that_were_lifted_are_the_graders_again(service, staff, ada):
    id_ = put(service)
    before = has(service)
    decide(staff, id_)
    lift(staff, id_)
    assert has(service) == before
    assert "Changed by a person" not in ada.get(f"/s/{id_}").text
    assert notices(service)[-1].endswith("the points of the grader count again.")
    assert lift(staff, id_).status_code == 404


def test_a_decision_survives_another_report_of_the_same_submission(service, staff):
    id_ = put(service)
    decide(staff, id_, points="9")
    rows = (
        CriterionMark("sgd", "The plain step", 10, 10, "passed"),
        CriterionMark("adam", "Moments", 2, 10, "partial"),
    )
    other = verdict(criteria=rows, assignment_digest="f" * 64)
    before = has(service)
    with service.by_hand() as db:
        again(db, db.get_one(SubmissionRow, id_), other)
    assert has(service) == before, "the grader gives three points less, and a person had decided that row"


def test_a_question_of_the_quiz_can_be_decided_and_a_text_is_marked_on_its_own_page(service, staff):
    id_ = put(service)
    before = has(service)
    assert decide(staff, id_, row="item:q1", points="2").status_code == 200
    assert has(service) - before in (0, 1), "by whether the quiz counts in this report"
    assert decide(staff, id_, row="item:q2", points="1").status_code == 422


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"points": "11"}, "between 0 and 10"),
        ({"points": "nan"}, "between 0 and 10"),
        ({"points": "many"}, "is not a number"),
        ({"reason": "  "}, "Write a reason"),
        ({"row": "criterion:no-such"}, "Choose the row"),
    ],
)
def test_a_decision_that_cannot_be_read_changes_nothing_and_says_why(service, staff, wrong, said):
    id_ = put(service)
    answer = decide(staff, id_, **wrong)
    assert answer.status_code == 422
    assert said in answer.text
    with service.store.reading() as db:
        assert db.query(OverrideRow).count() == 0


def test_a_submission_without_marks_has_none_to_change(service, staff):
    id_ = put(service, body=verdict(status="not_gradable", message="no", criteria=(), quiz=(), diagnoses=()))
    assert decide(staff, id_).status_code == 409


def test_code_that_could_not_be_marked_can_be_given_points(service, staff, ada):
    """A name that is misspelt at import: everything is 0, and a person sees that most of it is right."""
    rows = tuple(CriterionMark(name, name.title(), 0, 10, "not_run") for name in ("sgd", "adam"))
    broken = verdict(status="not_gradable", message="No class Adam.", criteria=rows, quiz=(), diagnoses=())
    id_ = put(service, body=broken)
    with service.store.reading() as db:
        assert standings(db, db.get_one(AssignmentRow, service.assignment)) == {}
    assert "Change the points of a row" in staff.get(f"/staff/s/{id_}").text
    assert decide(staff, id_).status_code == 200
    assert has(service) == 9.5
    for page in (ada.get(f"/s/{id_}").text, staff.get(f"/staff/s/{id_}").text):
        assert "Changed by a person from 0 to 9.5 points: Right idea, wrong name." in page
    assert ">9.5<span" in ada.get(f"/a/{service.assignment}").text
    assert lift(staff, id_).status_code == 200
    with service.store.reading() as db:
        assert standings(db, db.get_one(AssignmentRow, service.assignment)) == {}


def test_a_student_reads_the_reason_where_hints_are_not_shown(service, staff, ada):
    id_ = put(service)
    decide(staff, id_)
    with service.by_hand() as db:
        db.get_one(AssignmentRow, service.assignment).policy = {"show_hints": "never"}
    page = ada.get(f"/s/{id_}").text
    assert "Right idea, wrong name." in page
    assert "MESSAGE" not in page


def test_the_api_gives_the_points_that_count(service, staff, ada):
    id_ = put(service)
    decide(staff, id_)
    told = ada.get(f"/s/{id_}").text
    assert "9.5" in told


# --------------------------------------------------------------------------------------------------------- questions
def test_a_students_question_waits_for_staff_until_one_answers_and_the_thread_stays(service, staff, ada):
    id_ = put(service)
    write(ada, id_, "Why is this wrong?", about="criterion:adam")
    overview = staff.get(f"/staff/a/{service.assignment}").text
    assert f'href="/staff/a/{service.assignment}/questions"' in overview
    assert "Why is this wrong?" in staff.get(f"/staff/a/{service.assignment}/questions").text
    assert "waiting for an answer" in ada.get(f"/s/{id_}").text
    write(staff, id_, "Look at the second moment.")
    assert "No question is waiting" in staff.get(f"/staff/a/{service.assignment}/questions").text
    page = ada.get(f"/s/{id_}").text
    assert page.index("Why is this wrong?") < page.index("Look at the second moment.")
    assert "about Moments" in page
    assert "waiting for an answer" not in page
    assert any("commented on submission 1" in text for text in notices(service))


def test_a_student_is_excused_from_a_row_which_counts_in_full_and_reads_why(service, staff, ada):
    id_ = put(service)
    before = has(service)
    data = {"csrf": csrf(staff), "row": "criterion:adam", "points": "", "excuse": "1", "reason": "Ill for a week."}
    assert staff.post(f"/staff/s/{id_}/override", data=data).status_code == 200
    with service.store.reading() as db:
        (one,) = db.query(OverrideRow)
    assert one.reason == "You are excused from this part, which counts in full. Ill for a week."
    assert has(service) > before
    assert "You are excused from this part" in ada.get(f"/s/{id_}").text
    refused = staff.post(f"/staff/s/{id_}/override", data={**data, "reason": " "})
    assert (refused.status_code, "Write a reason" in refused.text) == (422, True)


def test_staff_answer_all_questions_on_one_page_and_come_back_to_the_rest(service, staff, ada):
    id_ = put(service)
    bob = service.browser("Bob")
    other = hand_in(service, "Bob", RIGHT)
    write(ada, id_, "Why is this wrong?", about="criterion:adam")
    write(bob, other, "And this?", line="3")
    page = staff.get(f"/staff/a/{service.assignment}/questions")
    assert "2 questions wait" in page.text
    assert "about <a" in page.text
    after = write(staff, id_, "Look at the second moment.", about="criterion:adam", back="questions")
    assert after.url.path == f"/staff/a/{service.assignment}/questions"
    assert "1 question waits" in after.text
    assert "Why is this wrong?" not in after.text
    assert "Look at the second moment." in after.text, "to be used again for the next"
    assert "Look at the second moment." in ada.get(f"/s/{id_}").text


def test_an_answer_answers_what_it_is_about_and_leaves_the_other_questions_of_a_student(service, staff, ada):
    id_ = put(service)
    asked = {"criterion:adam": "Why this row?", "line:3": "Why this line?", "": "And all of it?"}
    for about, text in asked.items():
        write(ada, id_, text, about=about)
    for about in ("criterion:adam", ""):
        page = write(staff, id_, "Look again.", about=about, back="questions").text
        assert asked.pop(about) not in page
        assert all(text in page for text in asked.values())
    assert list(asked) == ["line:3"]
    write(ada, id_, "And this one?", about="criterion:adam")
    write(staff, id_, "I have looked at all of it.")  # below the thread
    assert "No question is waiting" in staff.get(f"/staff/a/{service.assignment}/questions").text


def test_a_comment_on_a_line_stands_beside_the_code(service, staff, ada):
    id_ = put(service)
    with service.by_hand() as db:
        db.get_one(SubmissionRow, id_).upload = b"x = 1\ny = 2\nz = 3\n"
    write(staff, id_, "This one.", line="2")
    row = ada.get(f"/s/{id_}/code").text.partition('<tr id="L2"')[2].partition('<tr id="L3"')[0]
    assert "This one." in row
    assert f'href="/s/{id_}/code#L2"' in ada.get(f"/s/{id_}").text


def test_an_earlier_comment_of_staff_can_be_used_again(service, staff):
    first, second = put(service), put(service, "Bob")
    write(staff, first, "Divide by 1 − βᵗ.")
    with service.store.reading() as db:
        earlier = db.query(CommentRow).one().id
    assert f'value="{earlier}"' in staff.get(f"/staff/s/{second}").text
    write(staff, second, "", earlier=earlier)
    with service.store.reading() as db:
        assert [one.text for one in db.query(CommentRow)] == ["Divide by 1 − βᵗ."] * 2


def test_a_student_cannot_use_what_staff_wrote_to_others(service, staff, ada):
    theirs, hers = put(service, "Bob"), put(service)
    write(staff, theirs, "A secret.")
    with service.store.reading() as db:
        earlier = db.query(CommentRow).one().id
    assert write(ada, hers, "", earlier=earlier).status_code == 422


def test_comments_are_text(service, ada):
    id_ = put(service)
    write(ada, id_, "<script>alert(1)</script>")
    assert "<script>alert" not in ada.get(f"/s/{id_}").text


@pytest.mark.parametrize("more", [{"text": " "}, {"text": "x", "line": "many"}])
def test_a_comment_that_cannot_be_read_is_not_kept(service, ada, more):
    id_ = put(service)
    assert write(ada, id_, **more).status_code == 422
    with service.store.reading() as db:
        assert db.query(CommentRow).count() == 0
