"""Students' pages: what is taken, what is told, and what is kept from whom."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import sqlalchemy as sa
from acting import again, counted, policy, program, put, verdict
from course import RIGHT, WRONG, csrf, hand_in

from autograder.lateness import DAY
from autograder.model import CriterionMark
from autograder.render import total
from autograder.service.rules.grades import answer_digest
from autograder.service.rules.policy import Policy
from autograder.service.store import reports
from autograder.service.store.schema import (
    AssignmentRow,
    ExtensionRow,
    JobRow,
    NoticeRow,
    ReportRow,
    SheetRow,
    SubmissionRow,
    TextMarkRow,
    WorkerRow,
    now,
)
from autograder.service.web.student.showing import TextGiven, changes, visible_report, with_texts
from autograder.service.web.student.submitting import receive


def post(client, service, *, key="", code="", file=None, assignment=None):
    return client.post(
        f"/a/{assignment or service.assignment}/submissions",
        data={"csrf": csrf(client), "key": key, "code": code},
        files={"file": file or ("", b"")},
    )


def plain(answer) -> str:
    """What a page says, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def submissions(service, name="Ada") -> list[SubmissionRow]:
    with service.store.reading() as db:
        mine = (
            sa.select(SubmissionRow).where(SubmissionRow.user_id == service.people[name]).order_by(SubmissionRow.number)
        )
        return list(db.scalars(mine))


# --------------------------------------------------------------------------------------------------- handing in
@pytest.mark.slow
def test_a_file_is_handed_in_marked_and_read(service):
    ada = service.browser("Ada")
    shown = post(ada, service, file=("optimizers.py", WRONG))
    assert shown.url.path == f"/s/{submissions(service)[0].id}"
    assert "yours is next" in shown.text
    assert 'http-equiv="refresh"' in shown.text  # without JavaScript it loads itself
    service.work()
    shown = ada.get(shown.url.path)
    assert "<h1>10 of 11 criteria are met" in shown.text
    assert "No bias correction" in shown.text
    assert shown.text.count("<figure") == 6
    assert "This submission counts" in shown.text
    assert 'http-equiv="refresh"' not in shown.text


@pytest.mark.slow
def test_pasted_code_is_handed_in_as_the_file_that_is_marked(service):
    ada = service.browser("Ada")
    post(ada, service, code=RIGHT.decode().replace("\n", "\r\n"))  # as browsers send lines
    [one] = submissions(service)
    assert (one.name, one.upload) == ("optimizers.py", RIGHT)


def test_saved_quiz_answers_are_handed_in_with_the_code(service):
    with service.store.writing() as db:
        db.add(SheetRow(assignment_id=service.assignment, user_id=service.people["Ada"], digest="", answers={"q": "b"}))
    ada = service.browser("Ada")
    assert "1 saved quiz answer is handed in" in " ".join(ada.get(f"/a/{service.assignment}").text.split()).replace(
        "Your 1", "1"
    )
    post(ada, service, code="x = 1")
    assert submissions(service)[0].answers == {"q": "b"}


def test_the_same_form_sent_twice_is_one_submission_and_changed_it_is_another(service):
    """A double click, and a student who went back in a browser that kept the form."""
    ada = service.browser("Ada")
    key = re.search(r'name="key" value="([^"]+)"', ada.get(f"/a/{service.assignment}").text)[1]
    first, second = (post(ada, service, key=key, code="x = 1") for _ in range(2))
    assert first.url == second.url
    assert post(ada, service, key=key, code="x = 2").url != first.url
    assert len(submissions(service)) == 2


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({}, "There was no file and no code"),
        ({"code": "  \n"}, "There was no file and no code"),
        ({"file": ("optimizers.py", b"")}, "That file is empty"),
        ({"file": ("optimizers.py", b"x" * 8_000_001)}, "larger than 8 MB"),
        ({"file": ("optimizers.py", b"x = 1"), "code": "x = 2"}, "You chose a file and pasted code too"),
    ],
)
def test_what_cannot_be_taken_is_told_costs_nothing_and_keeps_what_was_typed(service, sent, told):
    ada = service.browser("Ada")
    answer = post(ada, service, **sent)
    assert answer.status_code == 422
    assert told in answer.text
    assert "no attempt was used" in answer.text
    assert sent.get("code", "").strip() in answer.text
    assert not submissions(service)


@pytest.mark.slow
def test_a_limit_is_told_before_and_after_it_is_reached_and_code_is_not_lost(service):
    policy(service, limit=1, window_minutes=60)
    ada = service.browser("Ada")
    assert "used 0 of 1 submissions in the last hour" in ada.get(f"/a/{service.assignment}").text
    post(ada, service, code="x = 1")
    answer = post(ada, service, code="precious = '<b>'")
    assert answer.status_code == 409
    assert "used 1 of 1 submissions in the last hour" in answer.text
    assert "The next one opens at" in answer.text
    assert "precious = &#39;&lt;b&gt;&#39;" in answer.text
    assert "Paste code" not in ada.get(f"/a/{service.assignment}").text
    assert len(submissions(service)) == 1


def test_lateness_is_by_the_due_time_at_the_moment_of_storing(service):
    """It was changed between the look at the form and the transaction."""
    with service.store.reading() as db:
        before = db.get_one(AssignmentRow, service.assignment)
    policy(service, due_at=now() - 3600, late_days=2)
    with service.store.writing() as db:
        stored = receive(db, service.queue, before, service.people["Ada"], "optimizers.py", RIGHT)
    assert stored.late_seconds > 3500


def test_lateness_is_told_before_and_after_it_costs(service):
    policy(service, due_at=now() - 3600, late_days=2, late_percent_per_day=10, show_quiz="at_once")
    ada = service.browser("Ada")
    assert "loses 10&nbsp;% of its points" in ada.get(f"/a/{service.assignment}").text
    shown = ada.get(f"/s/{put(service, late=3600.0)}").text
    assert "16 earned, 10&nbsp;% off for 1 day late: <strong>14.4</strong>" in shown
    assert re.search(r">14\.4<span[^>]*> of [\d.]+, 16 before lateness<", ada.get(f"/a/{service.assignment}").text)


def test_lateness_says_so_where_the_points_of_the_quiz_are_held_back(service):
    policy(service, due_at=now() - 3600, late_days=2, late_percent_per_day=10, show_quiz="after_due")
    shown = service.browser("Ada").get(f"/s/{put(service, late=3600.0)}").text
    assert "15 earned without the quiz, 10&nbsp;% off for 1 day late: <strong>13.5</strong>" in shown


def test_after_the_due_time_nothing_is_taken_but_with_an_extension(service):
    policy(service, due_at=now() - DAY)
    ada, bob = service.browser("Ada"), service.browser("Bob")
    with service.store.writing() as db:
        db.add(ExtensionRow(assignment_id=service.assignment, user_id=service.people["Bob"], due_at=now() + DAY))
    assert "closed" in ada.get("/").text
    assert "your extension" in bob.get("/").text
    refused = post(ada, service, code="x = 1").text
    assert "its due time is over" in refused
    assert "What you hand in now" not in refused
    assert post(bob, service, code="x = 1").url.path.startswith("/s/")
    assert not submissions(service)


def test_before_it_opens_nothing_is_told_of_what_is_asked(service):
    policy(service, opens_at=now() + DAY)
    ada = service.browser("Ada")
    shown = ada.get(f"/a/{service.assignment}").text
    assert "This assignment opens" in shown
    assert "Bias correction" not in shown
    assert "opens" in ada.get("/").text
    refused = ada.post(
        f"/a/{service.assignment}/submissions", data={"csrf": csrf(ada), "code": "x", "practice": "true"}
    )
    assert "not open yet" in refused.text


def test_a_form_without_its_token_changes_nothing(service):
    ada = service.browser("Ada")
    assert ada.post(f"/a/{service.assignment}/submissions", data={"code": "x = 1"}).status_code == 403
    assert not submissions(service)


def test_what_is_another_students_is_not_there(service):
    one = put(service, "Bob")
    ada = service.browser("Ada")
    with service.store.writing() as db:
        db.add(notice := NoticeRow(user_id=service.people["Bob"], text="Yours"))
    assert ada.get(f"/s/{one}").status_code == 404
    assert ada.get(f"/s/{one}/events").status_code == 404
    ada.post(f"/notices/{notice.id}/seen", data={"csrf": csrf(ada)})
    assert "Yours" in service.browser("Bob").get("/").text


# --------------------------------------------------------------------------------------------- what became of it
def test_what_could_not_be_marked_says_so_and_costs_nothing(service):
    one = put(service, body=verdict(status="not_gradable", message="Line 3: there is no colon.", criteria=(), quiz=()))
    shown = service.browser("Ada").get(f"/s/{one}").text
    assert "there is no colon" in shown
    assert "does not use an attempt" in shown
    assert "points" not in re.sub(r"<footer.*", "", shown, flags=re.DOTALL)


def test_a_parked_submission_is_no_mark_and_our_fault(service):
    one = hand_in(service, "Ada")
    with service.store.writing() as db:
        db.get_one(SubmissionRow, one).state = "parked"
        db.execute(sa.update(JobRow).values(state="parked"))
    shown = service.browser("Ada").get(f"/s/{one}").text
    assert "our fault" in shown
    assert "does not use an attempt" in shown


def test_a_superseded_submission_leads_to_the_newer_one(service):
    first, second = hand_in(service, "Ada", WRONG), hand_in(service, "Ada", RIGHT)
    assert f'href="/s/{second}"' in service.browser("Ada").get(f"/s/{first}").text


BETTER = verdict(criteria=(CriterionMark("sgd", "The plain step", 8, 10, "partial"), CriterionMark("adam", "Moments", 10, 10, "passed")), diagnoses=())  # fmt: skip


def test_what_changed_is_told_on_the_page_and_in_the_history(service):
    put(service, number=1)
    second = put(service, number=2, body=BETTER)
    ada = service.browser("Ada")
    for shown in (ada.get(f"/s/{second}").text, ada.get(f"/a/{service.assignment}").text):
        words = " ".join(re.sub(r"<[^>]+>", " ", shown).split())
        assert "gained: Moments" in words
        assert "lost: The plain step" in words
        assert "no longer: IDEA" in words


@pytest.mark.slow
def test_a_report_that_a_regrade_replaced_stays_reachable_and_one_that_never_counted_does_not(service):
    one = put(service, made_at=now() - DAY)
    with service.by_hand() as db:
        submission = db.get_one(SubmissionRow, one)
        first = submission.report_id
        proposed = again(db, submission, verdict(), seed=2, made_at=now() + 1, counts=False)
        again(
            db, submission, verdict(criteria=(CriterionMark("sgd", "S", 10, 10, "passed"),)), seed=3, made_at=now() + 2
        )
    ada = service.browser("Ada")
    shown = ada.get(f"/s/{one}").text
    assert "Marked again on" in shown
    assert f"?report={first}" in shown
    assert "no longer counts" in ada.get(f"/s/{one}?report={first}").text
    assert ada.get(f"/s/{one}?report={proposed}").status_code == 404
    assert service.browser("Staff").get(f"/s/{one}?report={proposed}").status_code == 200


def test_what_is_too_long_to_paste_is_told_with_what_to_do(service):
    refused = post(service.browser("Ada"), service, code="#" * 1_100_000)
    assert refused.status_code == 400
    assert "hand it in as a file" in refused.text


def test_a_preview_that_was_there_before_the_first_report_is_not_offered_as_one(service):
    """The submission was parked; a regrade marked it, was not applied, and then its own marking went well."""
    one = put(service, made_at=now() - DAY)
    with service.by_hand() as db:
        preview = again(db, db.get_one(SubmissionRow, one), verdict(), seed=2, made_at=now() - DAY, counts=False)
    ada = service.browser("Ada")
    shown = ada.get(f"/s/{one}").text
    assert "Marked again on" not in shown
    assert preview not in shown
    assert ada.get(f"/s/{one}?report={preview}").status_code == 404
    assert service.browser("Staff").get(f"/staff/s/{one}?report={preview}").status_code == 200


def test_pictures_that_are_still_being_drawn_are_asked_for_until_they_are_there(service):
    one = hand_in(service, "Ada")
    with service.by_hand() as db:
        again(db, db.get_one(SubmissionRow, one), verdict())
        db.execute(sa.update(ReportRow).values(pictures=None))
    ada = service.browser("Ada")
    assert 'hx-trigger="load delay:5000ms"' in ada.get(f"/s/{one}").text, "no worker is there"
    with service.store.writing() as db:
        db.add(WorkerRow(id="w", slots=1, sandbox="landlock"))
    assert 'hx-trigger="load delay:1000ms"' in ada.get(f"/s/{one}").text, "as long as the queue says"
    drawn = [{"title": "A valley", "caption": "Down", "svg": '<svg xmlns="http://www.w3.org/2000/svg"></svg>'}]
    with service.store.writing() as db:
        db.execute(sa.update(ReportRow).values(pictures=reports.pack_pictures(drawn)))
    shown = ada.get(f"/s/{one}").text
    assert "load delay" not in shown
    assert "A valley" in shown


def test_a_free_answer_that_waits_for_a_person_has_no_points_yet_instead_of_none(service):
    shown = service.browser("Ada").get(f"/s/{put(service)}").text
    row = shown.partition("waiting for a person")[2].partition("</li>")[0]
    assert '<span class="marks">–<span class="of"> of 4</span></span>' in row
    assert "of 0" not in shown


def test_a_free_answer_that_a_person_read_is_shown_with_comment_and_points(service):
    with service.by_hand() as db:
        db.add(
            TextMarkRow(
                assignment_id=service.assignment, user_id=service.people["Ada"], item_id="q2",
                answer_digest=answer_digest("because"), points=3, comment="Nearly <b>.", by_id="",
            )
        )  # fmt: skip
    shown = service.browser("Ada").get(f"/s/{put(service)}").text
    assert "Read by a person: Nearly &lt;b&gt;." in shown
    assert "<strong>19</strong> <span>of 26 points" in shown


def test_practice_counts_for_nothing_and_is_in_no_history(service):
    one = put(service, practice=True)
    ada = service.browser("Ada")
    shown = ada.get(f"/s/{one}").text
    assert "Practice counts for nothing" in shown
    assert "Back to practice" in shown
    assert "Hand in again" not in shown
    assert one not in ada.get(f"/a/{service.assignment}").text


def test_home_shows_what_one_has_and_notices_until_they_are_dismissed(service):
    one = put(service)
    with service.store.writing() as db:
        db.add(NoticeRow(user_id=service.people["Ada"], submission_id=one, text="Your mark rose."))
    ada = service.browser("Ada")
    shown = ada.get("/").text
    assert "<strong>16</strong>" in shown
    where = re.search(r'action="(/notices/[^"]+)"', shown)[1]
    assert "Your mark rose." not in ada.post(where, data={"csrf": csrf(ada)}).text


def test_home_says_whether_anything_was_handed_in(service):
    ada = service.browser("Ada")
    assert "nothing handed in yet" in ada.get("/").text
    hand_in(service, "Ada")
    assert "not marked yet" in ada.get("/").text
    with service.by_hand() as db:
        db.get_one(AssignmentRow, service.assignment).policy = {"due_at": now() - 86400}
    assert ">nothing handed in<" in service.browser("Bob").get("/").text, "it is closed"


def test_staff_and_operators_are_led_to_their_pages(service):
    assert f'href="/staff/c/{service.course}"' in service.browser("Staff").get("/").text
    assert 'href="/operator"' in service.browser("Operator").get("/").text
    assert "/staff" not in service.browser("Ada").get("/").text


# ------------------------------------------------------------------------------------------------ who sees what
SECRETS = {
    "marks": ("points<", "of 10<", "partly right", "The plain step"),
    "hints": ("HINT", "TRY", "IDEA", "MESSAGE", "EXHIBIT", "PICTURE"),
    "quiz": ("WHY", "QUESTION"),
}
PICTURE = {"title": "PICTURE", "caption": "", "svg": "<svg></svg>"}
HELD = {  # times in days from now at which what is shown "after_due" is held back
    "before the deadline": {"due_at": 1},
    "not released": {"due_at": -1, "release_at": 1},
    "not released, without a due time": {"release_at": 1},
    "released before the deadline": {"due_at": 1, "release_at": -1},
}


def at(days: dict[str, int]) -> dict[str, float]:
    return {name: now() + number * DAY for name, number in days.items()}


@pytest.mark.slow
@pytest.mark.parametrize("part", SECRETS)
@pytest.mark.parametrize("when", [*HELD, "never"])
def test_what_the_policy_withholds_is_not_sent_and_it_is_told_when_it_will_be(service, part, when):
    showing = "never" if when == "never" else "after_due"
    policy(service, **at(HELD.get(when, {"due_at": 1})), **{"show_quiz": "at_once", f"show_{part}": showing})
    put(service, number=1)
    one = put(service, number=2, pictures=[PICTURE])
    ada, staff = service.browser("Ada"), service.browser("Staff")
    for page in (f"/s/{one}", f"/a/{service.assignment}", "/"):
        shown = re.sub(r'(?s)<section aria-labelledby="asked">.*?</section>', "", ada.get(page).text)
        assert not [secret for secret in SECRETS[part] if secret in shown], page
    assert ("shown after" if showing == "after_due" else "not shown in this assignment") in ada.get(f"/s/{one}").text
    seen_by_staff = staff.get(f"/s/{one}").text
    assert not [secret for secret in SECRETS[part] if secret not in seen_by_staff]
    assert "LOG" in seen_by_staff
    over = {"due_at": now() - DAY, "release_at": now() - DAY / 2}
    policy(service, **over, **{"show_quiz": "at_once", f"show_{part}": "after_due"})
    assert not [secret for secret in SECRETS[part] if secret not in ada.get(f"/s/{one}").text]


def test_a_student_never_sees_what_is_for_staff():
    seen = visible_report(verdict(), Policy(show_quiz="at_once"), now(), None)
    assert not seen.withheld
    for secret in ("LOG", "RUBRIC"):
        assert secret in repr(verdict())
        assert secret not in repr(seen.report)


def test_quiz_details_that_are_never_shown_leave_the_points_as_they_are_once_nothing_more_is_taken():
    given = Policy(due_at=2.0, show_quiz="never")
    seen = visible_report(verdict(), given, 2.0 + 301, 2.0)
    assert total(seen.report) == total(verdict())
    assert [(one.part, one.until) for one in seen.withheld] == [("quiz", None)]
    assert total(visible_report(verdict(), given, 2.0 + 299, 2.0).report) == (
        15,
        26,
    )  # the quiz is missing from the score, never from the maximum


@pytest.mark.parametrize("when", ["after_due", "never"])
@pytest.mark.parametrize("held", HELD)
def test_while_the_quiz_is_held_back_no_page_tells_a_total_and_each_tells_the_codes_points(service, when, held):
    """A sum with another maximum would be read as a mark: report, history, start page and API say the same."""
    policy(service, **at(HELD[held]), show_quiz=when)
    one = put(service)
    ada, client = service.browser("Ada"), program(service, "Ada")
    pages = {page: plain(ada.get(page)) for page in (f"/s/{one}", f"/a/{service.assignment}", "/")}
    assert not [page for page, shown in pages.items() if "of 26" in shown], "26 is code and quiz"
    assert "15 of 20 points for the code" in pages[f"/s/{one}"]
    assert "15 of 20 for the code" in pages[f"/a/{service.assignment}"]
    assert "Your code is marked. The total is shown after" in pages["/"]
    told = client.get(f"/api/v1/submissions/{one}/report").json()
    assert told["score"] is None
    assert [(part["id"], part["score"], part["max_score"], part["state"]) for part in told["parts"]] == [
        ("code", 15, 20, "marked"), ("quiz", 0, 6, "not_marked"),
    ]  # fmt: skip
    policy(service, due_at=now() - DAY, show_quiz=when)
    assert "16 of 26 points" in plain(ada.get(f"/s/{one}"))
    assert "16 of 26" in plain(ada.get("/"))
    told = client.get(f"/api/v1/submissions/{one}/report").json()
    assert (told["score"], told["max_score"]) == (16, 26)


def test_an_extension_keeps_back_what_is_shown_after_the_due_time():
    given = Policy(due_at=2.0, show_marks="after_due", grace_minutes=0)
    assert visible_report(verdict(), given, 3.0, 4.0).hides("marks")
    assert not visible_report(verdict(), given, 5.0, 4.0).hides("marks")


def test_a_mark_for_another_answer_to_the_same_question_is_not_this_ones():
    given = {("q2", answer_digest("something else")): TextGiven(4, "")}
    assert with_texts(verdict(), given) == verdict()


def test_an_idea_is_not_called_gone_where_the_code_ended_before_its_row():
    """It is gone where its row became better, or where another idea explains the row now."""
    before = verdict()
    (idea,) = {one.criterion: one for one in before.diagnoses}.values()
    ended = replace(
        before, diagnoses=(), criteria=tuple(replace(mark, score=0, status="failed") for mark in before.criteria)
    )
    assert changes(before, ended).gone == ()
    assert changes(before, BETTER).gone == (idea.title,)
    other = replace(ended, diagnoses=(replace(idea, misconception="another", title="Another"),))
    assert (changes(before, other).gone, changes(before, other).new) == ((idea.title,), ("Another",))


def test_equal_reports_have_no_changes():
    assert not changes(verdict(), verdict())


# -------------------------------------------------------------------------------------------------------- size


def test_pages_ask_the_database_as_often_for_many_submissions_and_assignments_as_for_few(service):
    ada = service.browser("Ada")
    ids = [put(service, number=number) for number in range(1, 4)]
    asked: dict[str, list[int]] = {}
    for round_ in range(2):
        for page in ("/", f"/a/{service.assignment}", f"/s/{ids[2]}"):
            with counted() as said:
                assert ada.get(page).status_code == 200
            asked.setdefault(page, []).append(len(said))
        if round_ == 0:
            ids += [put(service, number=number) for number in range(4, 40)]
            with service.store.writing() as db:
                db.add_all(
                    AssignmentRow(course_id=service.course, title="More", source="m", open=True) for _ in range(9)
                )
    for page, (few, many) in asked.items():
        assert many <= few + 1, page  # one more: the predecessor of the history's last line
        assert many <= 20, page


def test_history_is_paged_and_each_page_knows_what_changed_since_the_one_below(service):
    for number in range(1, 31):
        put(service, number=number, body=BETTER if number > 10 else None)
    ada = service.browser("Ada")
    shown = ada.get(f"/a/{service.assignment}").text
    assert re.findall(r'<span class="out-of-sight">Submission </span>(\d+)', shown) == [
        str(n) for n in range(30, 10, -1)
    ]
    assert "no longer: IDEA" in shown  # between 10, which is on the next page, and 11
    older = ada.get(re.search(r'href="([^"]+before=\d+)"', shown)[1]).text
    assert re.findall(r'<span class="out-of-sight">Submission </span>(\d+)', older) == [
        str(n) for n in range(10, 0, -1)
    ]
