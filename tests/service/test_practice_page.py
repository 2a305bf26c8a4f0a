"""Practice in the browser: exercises without end and without keys."""

from __future__ import annotations

import io
import json
import re
import zipfile

import pytest
from course import RIGHT, csrf

from autograder.lateness import DAY
from autograder.model import ChoiceKey, MatrixKey, OrderKey
from autograder.practice import BACK_AFTER, same_words
from autograder.quiz.kinds import asked as question
from autograder.quiz.kinds import right_answer, right_words, wrong_answers
from autograder.quiz.variants import seed_for
from autograder.service.store import reports
from autograder.service.store.schema import (
    AssignmentRow,
    JobRow,
    MembershipRow,
    ReportRow,
    SheetRow,
    SubmissionRow,
    now,
)
from autograder.service.worker import practising


@pytest.fixture
def ada(service):
    """A browser in which Ada is signed in."""
    with service.browser("Ada") as client:
        client.headers["x-csrf-token"] = csrf(client)
        yield client


def place(service):
    return f"/c/{service.course}/practice"


def job_of(service, page):
    with service.store.reading() as db:
        return db.get_one(JobRow, page.url.path.rpartition("/")[2])


def draw(service, client, **form):
    """Asks for an exercise; the page that shows it."""
    return done(service, client, client.post(place(service), data=form, follow_redirects=False))


def done(service, client, sent):
    """The page that a form leads to, once a worker has done what it asks for."""
    assert sent.status_code == 303, sent.text
    service.work()
    return client.get(sent.headers["location"])


def draw_of(service, client, *kinds):
    """An exercise of one of these kinds."""
    page = draw(service, client)
    for _ in range(40):
        if item_of(service, page).kind in kinds:
            return page
        page = draw(service, client, after=job_of(service, page).id)
    raise AssertionError(f"no exercise is one of {kinds}")


def item_of(service, page):
    """The item of the exercise on this page, with its key."""
    job = job_of(service, page)
    asked = job if job.kind == "exercise" else job_by(service, job.payload["exercise"])
    avoided, left_out = (frozenset(asked.result.get(name, ())) for name in ("avoided", "left_out"))
    return practising.drawn(service.context, asked, avoided, left_out)[1]


def job_by(service, job_id):
    with service.store.reading() as db:
        return db.get_one(JobRow, job_id)


def fields(item, answer):
    if isinstance(item.key, MatrixKey):
        columns = list(item.key.columns)
        return {f"q1.{at}": str(columns.index(answer[row]) + 1) for at, row in enumerate(item.key.rows, start=1)}
    if isinstance(item.key, OrderKey):
        return {f"q1.{at}": one for at, one in enumerate(answer, start=1)}
    return {"q1": answer}


def reply(service, client, page, answer=None):
    """Answers the exercise of a page; None = nothing. The page with the verdict."""
    item = item_of(service, page)
    asked = job_of(service, page)
    sent = {} if answer is None else fields(item, answer)
    return done(service, client, client.post(f"{place(service)}/{asked.id}", data=sent, follow_redirects=False))


@pytest.mark.slow
def test_every_kind_of_exercise_is_asked_without_its_key_and_marked_at_once(service, ada):
    page, kinds = draw(service, ada), set()
    for _ in range(12):
        item = item_of(service, page)
        kinds.add(item.kind)
        shown = page.text.partition('id="exercise"')[2].partition("Practise with code")[0]
        assert item.id not in shown
        assert item.solution not in shown
        if not isinstance(item.key, ChoiceKey | OrderKey):
            assert all(hint not in shown for _, hint in wrong_answers(item))
        verdict = reply(service, ada, page, right_answer(item))
        assert job_of(service, verdict).result["status"] == "right", item.id
        assert "Next exercise" in verdict.text
        page = draw(service, ada, after=job_of(service, verdict).id)
    tally = job_of(service, verdict).result["state"]
    assert (tally["asked"], tally["right"], tally["row"]) == (12, 12, 12)
    assert len(kinds) >= 4


@pytest.mark.slow
def test_a_wrong_answer_gets_its_hint_the_right_answer_and_the_reason(service, ada):
    page = draw(service, ada)
    while not (known := [w for w in wrong_answers(item_of(service, page)) if w[1]]):
        page = draw(service, ada, after=job_of(service, reply(service, ada, page)).id)
    item = item_of(service, page)
    verdict = job_of(service, reply(service, ada, page, known[0][0])).result
    assert verdict["status"] in ("wrong", "partial")
    assert known[0][1] in verdict["message"]
    assert verdict["answer"] == right_words(item)
    assert item.solution in verdict["solution"] + verdict["message"]


def test_no_variant_is_drawn_again_to_mark_an_answer(service, ada):
    page = draw(service, ada)
    quizzes = [service.context.assignment(source).quiz for source in ("optimizers", "practice")]
    before = [quiz.cache_info().misses for quiz in quizzes]
    reply(service, ada, page)
    assert [quiz.cache_info().misses for quiz in quizzes] == before
    assert sum(before) > 0


def test_an_empty_answer_shows_the_right_one(service, ada):
    page = draw(service, ada)
    verdict = reply(service, ada, page)
    assert "no answer" in verdict.text.lower()
    assert "The answer is" in verdict.text


@pytest.mark.slow
def test_a_wrong_idea_comes_back_after_two_others(service, ada):
    page = draw(service, ada)
    first = item_of(service, page).idea
    page = draw(service, ada, after=job_of(service, reply(service, ada, page)).id)
    for _ in range(BACK_AFTER - 1):
        assert item_of(service, page).idea != first
        verdict = reply(service, ada, page, right_answer(item_of(service, page)))
        page = draw(service, ada, after=job_of(service, verdict).id)
    assert item_of(service, page).idea == first


@pytest.mark.slow
def test_what_cannot_be_read_may_be_written_again_and_gives_nothing_away(service, ada):
    page = draw_of(service, ada, "numeric", "prediction")
    item = item_of(service, page)
    again = reply(service, ada, page, "a lot <b>")
    assert "Try again" in again.text
    assert 'value="a lot &lt;b&gt;"' in again.text
    assert item.solution not in again.text
    right = reply(service, ada, page, right_answer(item))
    assert job_of(service, right).result["status"] == "right"


@pytest.mark.slow
def test_ideas_can_be_chosen_and_a_made_up_one_is_told(service, ada):
    page = draw(service, ada, choose="1", idea=["memory", "state"])
    for _ in range(4):
        assert item_of(service, page).idea in ("memory", "state")
        page = draw(service, ada, after=job_of(service, reply(service, ada, page)).id)
    assert re.search(r'value="memory" checked', page.text)
    page = draw(service, ada, after=job_of(service, page).id, choose="1")  # none ticked
    assert len(set(job_of(service, page).result["ideas"])) > 5
    odd = draw(service, ada, choose="1", idea="<i>luck</i>")
    assert "There is no exercise about &lt;i&gt;luck&lt;/i&gt;" in odd.text


def test_somebody_elses_exercise_is_not_there(service, ada):
    mine = job_of(service, draw(service, ada))
    with service.browser("Bob") as bob:
        assert bob.get(f"{place(service)}/{mine.id}").status_code == 404
        sent = bob.post(f"{place(service)}/{mine.id}", data={"csrf": csrf(bob), "q1": "a"})
        assert sent.status_code == 404
        assert bob.post(place(service), data={"csrf": csrf(bob), "after": mine.id}).status_code == 404
    assert ada.get(f"/c/elsewhere/practice/{mine.id}").status_code == 404
    del ada.headers["x-csrf-token"]
    assert ada.post(f"{place(service)}/{mine.id}", data={"q1": "a"}).status_code == 403


def test_only_jobs_of_practice_can_be_answered(service, ada):
    page = draw(service, ada)
    verdict = job_of(service, reply(service, ada, page))
    assert ada.post(f"{place(service)}/{verdict.id}", data={}).status_code == 404


def test_who_asks_again_while_a_job_waits_is_shown_that_one(service, ada):
    pages = {ada.post(place(service)).url.path for _ in range(5)}
    assert len(pages) == 1
    assert service.work() == ["exercise"]


@pytest.mark.slow
def test_an_exercise_that_has_changed_meanwhile_is_not_marked_as_another(service, ada):
    page = draw(service, ada)
    with service.store.writing() as db:
        job = db.get_one(JobRow, job_of(service, page).id)
        job.result = {**job.result, "digests": ["of", "before"]}
    told = reply(service, ada, page, right_answer(item_of(service, page)))
    assert "have changed" in told.text
    assert "Take another" in told.text


def test_an_assignment_that_has_not_begun_is_not_practised(service, ada):
    with service.store.writing() as db:
        db.get_one(AssignmentRow, service.assignment).policy = {"opens_at": now() + DAY}
    page = draw(service, ada)
    assert job_of(service, page).payload["sources"] == []
    assert f"/a/{service.assignment}/submissions" not in page.text


@pytest.mark.slow
def test_tampered_and_endless_answers_get_a_sentence(service, ada):
    page = draw_of(service, ada, "numeric", "prediction")
    here = f"{place(service)}/{job_of(service, page).id}"
    long = ada.post(here, data={"q1": "9" * 5000})
    assert long.status_code == 422
    assert "is the most" in long.text
    page = draw_of(service, ada, "choice", "multiple", "line")
    here = f"{place(service)}/{job_of(service, page).id}"
    assert ada.post(here, data={"q1": "zz"}).status_code == 409


@pytest.mark.slow
def test_practice_leaves_nothing_but_small_jobs(service, ada):
    page = draw(service, ada)
    for _ in range(3):
        page = draw(service, ada, after=job_of(service, reply(service, ada, page)).id)
    with service.store.reading() as db:
        assert not db.query(SubmissionRow).count()
        assert not db.query(ReportRow).count()
        assert max(len(json.dumps([job.payload, job.result])) for job in db.query(JobRow)) < 8_000


def test_code_may_be_tried_without_limit_and_without_the_quiz(service, ada):
    with service.store.writing() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        asked.policy = {"limit": 1}
        db.add(SheetRow(assignment_id=asked.id, user_id=service.people["Ada"], digest="", answers={"essay": "mine"}))
    assert f'action="/a/{service.assignment}/submissions"' in ada.get(place(service)).text
    upload = io.BytesIO()
    with zipfile.ZipFile(upload, "w") as archive:
        archive.writestr("optimizers.py", RIGHT)
        archive.writestr("quiz.toml", "[answers]\nessay = 'mine'\n")
    for key in ("first", "second"):
        sent = ada.post(
            f"/a/{service.assignment}/submissions",
            data={"practice": "1", "key": key},
            files={"file": ("work.zip", upload.getvalue())},
        )
        assert sent.url.path.startswith("/s/"), sent.text
    service.work()
    with service.store.reading() as db:
        tried = db.query(SubmissionRow).order_by(SubmissionRow.number).all()
        assert [(one.practice, one.answers) for one in tried] == [(True, {}), (True, {})]
        assert reports.unpack(db.get_one(ReportRow, tried[-1].report_id).body).quiz == ()
        assert {job.lane for job in db.query(JobRow).where(JobRow.kind == "mark")} == {"practice"}


@pytest.mark.slow
def test_practice_never_shows_a_question_of_a_quiz_that_still_counts(service, ada):
    """Not Ada's own nor Bob's, opened or not, and none that was drawn for Bob; the first exercise knows them all."""
    secret = service.context.course_secret(service.course)
    quiz = service.context.assignment("optimizers").quiz
    with service.store.reading() as db:
        seeds = [seed_for(secret, one.quiz_id) for one in db.query(MembershipRow)]
    everybodys = {same_words(question(item)) for seed in seeds for item in quiz(seed)}
    own, bobs = ({same_words(question(i)) for i in quiz(seed_for(secret, name))} for name in ("r-ada", "r-bob"))
    with service.browser("Bob") as bob:
        bob.get(f"/a/{service.assignment}/quiz")
        service.work()
    page = draw(service, ada)
    held, unknown = practising.held(service.context, job_of(service, page))
    assert held == own | bobs | everybodys
    assert unknown == frozenset()
    for _ in range(6):
        assert same_words(question(item_of(service, page))) not in held
        page = draw(service, ada, after=job_of(service, page).id)
    with service.store.writing() as db:
        row = db.get_one(AssignmentRow, service.assignment)
        row.policy = {**row.policy, "due_at": now() - 30 * DAY}
    assert practising.held(service.context, job_of(service, page)) == (frozenset(), frozenset())


@pytest.mark.slow
def test_until_a_worker_knows_what_everybody_is_asked_it_takes_no_exercise_from_that_quiz(service, ada, monkeypatch):
    for number in range(6):
        service.person(f"Other{number}")
    with monkeypatch.context() as hurried:
        hurried.setattr(practising, "MOST_SECONDS", 0.0)
        page = draw(service, ada)
        job = job_of(service, page)
        assert job.result["left_out"] == ["optimizers"]
        assert len(job.result["digests"]) == 1, "exercises of their own are there all the same"
        everything = practising.ExercisePool(
            [service.context.assignment(one) for one in ("optimizers", "practice")], seed=1
        )
        assert job.result["ideas"] == list(everything.known), "the ideas are those of all sources"
        for _ in range(3):
            page = draw(service, ada, after=job_of(service, reply(service, ada, page)).id)
            assert job_of(service, page).result.get("left_out") == ["optimizers"]
        done_ = reply(service, ada, page)
        assert "The right answer" in done_.text or job_of(service, done_).result["status"] == "empty"
    page = draw(service, ada)
    assert job_of(service, page).result["left_out"] == []
    secret = service.context.course_secret(service.course)
    with service.store.reading() as db:
        seeds = [seed_for(secret, one.quiz_id) for one in db.query(MembershipRow)]
    quiz = service.context.assignment("optimizers").quiz
    everybodys = {same_words(question(item)) for seed in seeds for item in quiz(seed)}
    for _ in range(12):
        assert same_words(question(item_of(service, page))) not in everybodys
        page = draw(service, ada, after=job_of(service, page).id)
