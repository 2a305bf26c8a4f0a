"""The quiz as a form: every kind of item, through the real marking."""

from __future__ import annotations

import io
import json
import tomllib
import zipfile

import pytest
from course import RIGHT, csrf, hand_in
from limits import RateLimitItemPerHour

from autograder.lateness import DAY
from autograder.model import MatrixKey, NumericKey, OrderKey
from autograder.model import TextKey as FreeText
from autograder.quiz import answers as core
from autograder.quiz.kinds import right_answer, right_words, wrong_answers
from autograder.quiz.variants import seed_for
from autograder.regenerate.quiz import key_data
from autograder.service.rules import answers as rules
from autograder.service.store import reports
from autograder.service.store.schema import (
    AssignmentRow,
    JobRow,
    MembershipRow,
    ReportRow,
    SheetRow,
    SubmissionRow,
    VersionRow,
    now,
)
from autograder.service.web.edge import rates
from autograder.service.worker.sheets import question


@pytest.fixture
def ada(service):
    """A browser in which Ada is signed in."""
    with service.browser("Ada") as client:
        client.headers["x-csrf-token"] = csrf(client)
        yield client


def place(service):
    return f"/a/{service.assignment}/quiz"


def items(service, name="Ada"):
    """The questions of this student, with their keys."""
    secret = service.context.course_secret(service.course)
    return service.context.assignment("optimizers").quiz(seed_for(secret, f"r-{name.lower()}"))


def sheet(service, name="Ada"):
    with service.store.reading() as db:
        return db.get(SheetRow, (service.assignment, service.people[name]))


def drawn(service, client):
    client.get(place(service))
    service.work()
    return client.get(place(service))


def typed(questions, answers):
    """The fields that a browser sends for these answers, each as `quiz.toml` has it."""
    sent = {}
    for number, item in enumerate(questions, start=1):
        name, given = f"q{number}", answers.get(item.id, "")
        if isinstance(item.key, MatrixKey) and given:
            columns = {column: str(at) for at, column in enumerate(item.key.columns, start=1)}
            sent |= {f"{name}.{at}": columns[given[row]] for at, row in enumerate(item.key.rows, 1) if row in given}
        elif isinstance(item.key, OrderKey):
            sent |= {f"{name}.{at}": one for at, one in enumerate(given, start=1)}
        elif given:
            sent[name] = given
    return sent


def send(service, client, answers, to="", **more):
    form = {"digest": sheet(service).digest}
    form |= typed(items(service), answers) | more
    return client.post(place(service) + to, data=form)


def marks(service):
    """The quiz of Ada's latest report, by item, and the report."""
    with service.store.reading() as db:
        latest = (
            db.query(SubmissionRow)
            .filter_by(user_id=service.people["Ada"])
            .order_by(SubmissionRow.number.desc())
            .first()
        )
        report = reports.unpack(db.get_one(ReportRow, latest.report_id).body)
    return {mark.id: mark for mark in report.quiz}, report


# ------------------------------------------------------------------------------------------------------ the questions
def test_a_student_sees_their_own_questions_as_soon_as_a_worker_has_drawn_them_once(service, ada):
    waiting = ada.get(place(service))
    assert 'hx-trigger="load delay:300ms"' in waiting.text
    ada.get(place(service))  # a reload puts no second job
    assert service.work() == ["sheet"]
    page = ada.get(place(service)).text
    own = items(service)
    assert 'hx-trigger="load' not in page
    assert page.count('class="question"') == len(own)
    assert [known["id"] for known in sheet(service).items] == [item.id for item in own]
    with service.browser("Bob") as bob:
        drawn(service, bob)
    assert [q["prompt"] for q in sheet(service, "Bob").items] != [q["prompt"] for q in sheet(service).items]


def secrets_of(item):
    """Texts from which the answer of an item follows, and which its question does not show itself."""
    data = key_data(0, [item])["items"][0]
    key = data["key"]
    told = {data["solution"], key.get("sample", ""), key.get("expression", ""), *dict(key.get("rubric", ())).values()}
    told |= {one["hint"] for part in ("wrong", "options", "hints") for one in key.get(part, ())}
    if isinstance(item.key, NumericKey):
        told |= {str(item.key.value), f"{item.key.value:.4g}", *(str(wrong.value) for wrong in item.key.wrong)}
    return {text for text in told if text} - {item.title}


@pytest.mark.parametrize("name", ["optimizers", "practice", "schedulers"])
def test_a_question_shows_nothing_of_its_key(name):
    from autograder.assignment import load

    seen = 0
    for seed in range(8):
        for item in load(name).quiz(seed):
            told = question(item)
            assert set(told) <= {
                "id", "kind", "title", "prompt", "points", "unit", "options", "rows", "columns", "symbols",
            }  # fmt: skip
            shown = {text for option in told.get("options", ()) for text in option.values()}
            assert all(set(option) == {"id", "text"} for option in told.get("options", ()))
            for secret in secrets_of(item):
                # Numbers of the question itself are no secret: "0.5" of an lr may be an answer too.
                if secret not in item.prompt and secret not in shown:
                    assert secret not in json.dumps(told | {"id": "", "points": ""}, ensure_ascii=False), (
                        item.id,
                        secret,
                    )
                    seen += 1
            if isinstance(item.key, OrderKey):
                assert [option["id"] for option in told["options"]] == list(item.key.entries)
    assert seen > 50


def test_a_question_is_shown_with_its_code_and_without_its_name(service, ada):
    page = drawn(service, ada).text
    for item in items(service):
        assert f'"{item.id}"' not in page  # the name of an item can tell too much
        if item.kind == "line":
            assert all(f'class="line-number">{option.id}<' in page for option in item.key.options)
    assert "<script>" not in page
    assert "style=" not in page


def test_the_quiz_of_somebody_elses_course_is_not_there(service):
    with service.store.writing() as db:
        db.delete(db.get_one(MembershipRow, (service.course, service.people["Bob"])))
    with service.browser("Bob") as bob:
        assert bob.get(place(service)).status_code == 404
        assert bob.post(place(service), data={"csrf": "x"}).status_code in (403, 404)


def test_questions_wait_until_the_assignment_opens(service, ada):
    with service.store.writing() as db:
        db.get_one(AssignmentRow, service.assignment).policy = {"opens_at": now() + DAY}
    assert "not open yet" in ada.get(place(service)).text
    assert service.work() == []


def test_new_questions_keep_the_answers_that_still_have_theirs(service, ada):
    drawn(service, ada)
    number = next(item for item in items(service) if item.kind == "numeric")
    hand_in(service, "Ada", RIGHT)
    with service.store.writing() as db:
        old = db.get_one(SheetRow, (service.assignment, service.people["Ada"]))
        old.digest, old.items = "an older one", [*old.items, {"id": "gone", "kind": "text"}]
    page = send(service, ada, {number.id: "12 GiB"}, "/hand-in", **{f"q{len(items(service)) + 1}": "gone too"})
    assert "questions have changed" in page.text
    assert set(sheet(service).answers) == {number.id, "gone"}
    drawn(service, ada)
    assert sheet(service).answers == {number.id: "12 GiB"}
    stale = ada.post(place(service), data={"digest": "an older one", "q1": "13 GiB"})
    assert "Load the page again" in stale.text
    assert sheet(service).answers == {number.id: "12 GiB"}


# --------------------------------------------------------------------------------------------------------- the answers
def test_right_answers_of_every_kind_are_marked_right_and_wrong_ones_wrong(service, ada):
    drawn(service, ada)
    own = items(service)
    assert {item.kind for item in own} >= {
        "numeric", "prediction", "choice", "multiple", "line", "ordering", "matrix", "formula", "text",
    }  # fmt: skip
    hand_in(service, "Ada", RIGHT)
    service.work()
    right = {item.id: right_answer(item) for item in own}
    assert send(service, ada, right).status_code == 200
    assert sheet(service).answers == right  # exactly as quiz.toml has them
    assert f"{len(own)} of {len(own)} answered" in ada.get(place(service)).text

    send(service, ada, right, "/hand-in")
    service.work()
    found, report = marks(service)
    assert {mark.status for mark in found.values()} == {"right", "waiting"}
    assert not report.remarks

    wrong = {item.id: next(wrong_answers(item))[0] for item in own if not isinstance(item.key, FreeText)}
    send(service, ada, wrong, "/hand-in")
    service.work()
    found, _ = marks(service)
    assert {found[item].status for item in wrong} <= {"wrong", "partial"}
    assert sum(mark.status == "empty" for mark in found.values()) == len(own) - len(wrong)


ODD = [
    'quotes " and \' and """three"""',
    "back\\slash \\u0041 \\",
    "two\nlines\n\n[answers]\nvariant = 3",
    "ümläute, 漢字, 👩‍🔬, e\u0301, \u202eturned\u202c",
    "'); DROP TABLE sheets; --",
    "<script>alert(1)</script> {{ 7 * 7 }} ${7*7}",
    "one. two. three. " * 60,
    "tab\tand\u007fdelete and \u0085next line \u2028",
]


@pytest.mark.parametrize("text", ODD)
def test_whatever_is_typed_arrives_at_the_person_who_reads_it(text):
    answers = {"essay": text, "matrix": {text: text}, "order": [text]}
    assert tomllib.loads(rules.as_toml(answers).decode())["answers"] == answers
    assert core.read(rules.as_toml(answers)).entries == answers


@pytest.mark.parametrize("value", [None, 1e400, float("nan"), True, 10**30, {"a": [1, None]}, "\ud800", ["\x00"]])
def test_whatever_json_holds_becomes_toml_that_a_grader_can_read(value):
    core.read(rules.as_toml({"item": value, "other.name ": "x"}))


def test_odd_texts_are_saved_shown_again_and_marked(service, ada):
    drawn(service, ada)
    essay = next(item for item in items(service) if isinstance(item.key, FreeText))
    hand_in(service, "Ada", RIGHT)
    text = "\n".join(ODD)
    send(service, ada, {essay.id: text + "\x00\x1b[31m"}, "/hand-in")
    kept = sheet(service).answers[essay.id]
    assert kept == text.replace("\u007f", "").replace("\u0085", "") + "[31m"
    page = ada.get(place(service)).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    service.work()
    found, _ = marks(service)
    assert found[essay.id].awaited.answer == kept


def test_a_text_that_is_too_long_is_refused_and_not_lost(service, ada):
    drawn(service, ada)
    essay = next(item for item in items(service) if isinstance(item.key, FreeText))
    formula = next(item for item in items(service) if item.kind == "formula")
    long = "word " * (rules.MOST_IN_TEXT // 5) + "the end"
    answer = send(service, ada, {essay.id: long})
    assert answer.status_code == 422
    assert f"{rules.MOST_IN_TEXT} is the most" in answer.text
    assert long in answer.text
    assert sheet(service).answers == {}
    assert "Not saved" in ada.post(
        place(service),
        data={"digest": sheet(service).digest, **typed(items(service), {formula.id: "m+" * 300})},
        headers={"HX-Request": "true"},
    ).text  # fmt: skip


def test_the_longest_answers_that_are_taken_can_be_read_by_the_grader():
    assert rules.MOST_BYTES < core.MAX_BYTES
    questions = [{"id": f"essay {number}", "kind": "text"} for number in range(3)]
    answers = {one["id"]: "." * rules.MOST_IN_TEXT for one in questions}
    assert "together" in rules.problem(questions, answers)
    del answers["essay 2"], answers["essay 1"]
    assert rules.problem(questions, answers) == ""
    core.read(rules.as_toml(answers))


def test_an_option_that_does_not_exist_is_refused(service, ada):
    drawn(service, ada)
    for number, item in enumerate(items(service), start=1):
        if item.kind in ("choice", "line", "multiple", "ordering", "matrix"):
            name = f"q{number}.1" if item.kind in ("ordering", "matrix") else f"q{number}"
            answer = send(service, ada, {}, **{name: "zz"})
            assert answer.status_code == 422, item.kind
            assert "does not fit your questions" in answer.text
    assert sheet(service).answers == {}


def test_fields_of_no_question_are_not_looked_at_and_a_flood_is_refused(service, ada):
    drawn(service, ada)
    number = next(item for item in items(service) if item.kind == "numeric")
    send(service, ada, {number.id: "3"}, q99="x", seed="1", items="[]")
    assert sheet(service).answers == {number.id: "3"}
    flood = send(service, ada, {number.id: "4"}, **{f"x{n}": "y" for n in range(2000)})
    assert flood.status_code in (200, 400)
    assert set(sheet(service).answers) == {number.id}


def test_a_half_done_order_and_table_come_back_as_they_were_left(service, ada):
    drawn(service, ada)
    own = items(service)
    order = next(item for item in own if item.kind == "ordering")
    matrix = next(item for item in own if item.kind == "matrix")
    places = ["", order.key.order[0], *[""] * (len(order.key.order) - 2)]
    row = matrix.key.rows[1]
    send(service, ada, {order.id: places, matrix.id: {row: matrix.key.columns[-1]}})
    assert sheet(service).answers == {order.id: places, matrix.id: {row: matrix.key.columns[-1]}}
    assert f'<option value="{order.key.order[0]}" selected>' in ada.get(place(service)).text


def test_a_form_of_somebody_elses_session_is_not_taken(service, ada):
    drawn(service, ada)
    del ada.headers["x-csrf-token"]
    assert ada.post(place(service), data={"csrf": "guessed", "q1": "1"}).status_code == 403


# ---------------------------------------------------------------------------------------------------------- handing in
def test_without_code_there_is_nothing_to_hand_the_quiz_in_with(service, ada):
    drawn(service, ada)
    number = next(item for item in items(service) if item.kind == "numeric")
    assert "answered nothing" in send(service, ada, {}, "/hand-in").text
    assert "Hand in your code first" in send(service, ada, {number.id: "3"}, "/hand-in").text
    assert sheet(service).answers == {number.id: "3"}
    hand_in(service, "Ada", RIGHT, practice=True)
    assert "Hand in your code first" in send(service, ada, {number.id: "3"}, "/hand-in").text


def test_the_same_form_sent_twice_is_one_submission_and_a_changed_one_is_another(service, ada):
    drawn(service, ada)
    number = next(item for item in items(service) if item.kind == "numeric")
    hand_in(service, "Ada", RIGHT)
    for answer in ("3", "3", "4"):
        send(service, ada, {number.id: answer}, "/hand-in", key="of this page")
    with service.store.reading() as db:
        made = db.query(SubmissionRow).order_by(SubmissionRow.number).all()
    assert [one.answers for one in made] == [{}, {number.id: "3"}, {number.id: "4"}]


def test_the_quiz_sends_the_code_again_and_that_counts_as_sent(service, ada, monkeypatch):
    """What is replaced before it is marked costs no attempt: else a loop fills the disk."""
    monkeypatch.setattr(rates, "UPLOADED", RateLimitItemPerHour(2, namespace="test"))
    drawn(service, ada)
    number = next(item for item in items(service) if item.kind == "numeric")
    hand_in(service, "Ada", RIGHT)
    told = [send(service, ada, {number.id: str(turn)}, "/hand-in").text for turn in range(3)]
    assert ["too much" in page for page in told] == [False, False, True]
    assert sheet(service).answers == {number.id: "2"}


def test_the_limit_holds_for_the_quiz_and_answers_are_saved_all_the_same(service, ada):
    drawn(service, ada)
    number = next(item for item in items(service) if item.kind == "numeric")
    hand_in(service, "Ada", RIGHT)
    with service.store.writing() as db:
        db.get_one(AssignmentRow, service.assignment).policy = {"limit": 1}
    assert "submissions in" in send(service, ada, {number.id: "3"}, "/hand-in").text
    assert sheet(service).answers == {number.id: "3"}


def test_after_the_due_time_the_form_can_only_be_read(service, ada):
    drawn(service, ada)
    number = next(item for item in items(service) if item.kind == "numeric")
    send(service, ada, {number.id: "3 GiB"})
    with service.store.writing() as db:
        db.get_one(AssignmentRow, service.assignment).policy = {"due_at": now() - DAY}
    page = ada.get(place(service)).text
    assert "closed" in page
    assert 'value="3 GiB"' in page
    assert "<button>" not in page.partition("<main")[2]
    assert send(service, ada, {number.id: "4 GiB"}).status_code == 409
    assert send(service, ada, {number.id: "4 GiB"}, "/hand-in").status_code == 409
    assert sheet(service).answers == {number.id: "3 GiB"}


# ------------------------------------------------------------------------------------------- a quiz.toml in the upload
def zipped(quiz_toml):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("optimizers.py", RIGHT)
        archive.writestr("quiz.toml", quiz_toml)
    return data.getvalue()


def uploaded(service, quiz_toml, **more):
    from autograder.service.web.student.submitting import receive

    with service.store.writing() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        receive(db, service.queue, asked, service.people["Ada"], "work.zip", zipped(quiz_toml), **more)
    service.work()
    return marks(service)


def test_the_quiz_of_an_upload_counts_where_the_form_is_empty_and_not_where_it_is_filled_in(service):
    own = items(service)
    number = next(item for item in own if item.kind == "numeric")
    right, wrong = right_answer(number), next(wrong_answers(number))[0]
    for head in ("", 'student = "r-ada"\n'):
        found, _ = uploaded(service, f"{head}[answers]\n{number.id} = '{right}'\n")
        assert found[number.id].status == "right"
    found, report = uploaded(service, f"[answers]\n{number.id} = '{right}'\n", answers={number.id: wrong})
    assert found[number.id].status == "wrong"
    assert any("not the quiz.toml in your upload" in remark for remark in report.remarks)


@pytest.mark.parametrize("with_variant", [False, True])
def test_a_quiz_that_names_another_student_is_not_marked_as_theirs(service, with_variant):
    bobs = next(item for item in items(service, "Bob") if item.kind == "numeric")
    seed = seed_for(service.context.course_secret(service.course), "r-bob")
    variant = f"variant = {seed}\n" if with_variant else ""
    found, report = uploaded(service, f"student = 'r-bob'\n{variant}[answers]\n{bobs.id} = '{right_answer(bobs)}'\n")
    assert [mark.status for mark in found.values()] == ["unreadable"]
    assert "“r-bob”, and you are “r-ada”" in found["quiz"].message
    assert (report.score, report.max_score) == (100.0, 125.0)


def test_a_job_that_failed_for_good_says_whose_fault_it_is(service, ada):
    with service.store.writing() as db:
        db.get_one(AssignmentRow, service.assignment).source = "nowhere"
    ada.get(place(service))
    service.work()
    with service.store.reading() as db:
        assert db.query(JobRow).one().state == "parked"
        assert db.query(VersionRow).count() == 1
    assert "This is our fault" in ada.get(place(service)).text
    assert service.work() == []
    with service.store.writing() as db:
        db.get_one(AssignmentRow, service.assignment).source = "optimizers"
        db.query(JobRow).one().finished_at -= 61
    assert "being drawn" in ada.get(place(service)).text, "“try again later” is true"
    assert service.work() == ["sheet"]
    assert "are yours alone" in ada.get(place(service)).text
    with service.store.reading() as db:
        assert db.query(JobRow).one().state == "done", "and nobody need look at it any more"


# --------------------------------------------------------------------------- how it is read, who reads it, what is told
def test_saving_says_how_an_answer_is_read_and_not_whether_it_is_right(service, ada):
    own = items(service)
    drawn(service, ada)
    number = next(item for item in own if item.kind == "numeric" and item.key.unit)
    at = own.index(number) + 1
    for answer, words in (
        ("2*14e9*4/2**30 GiB", "Read as 104.308 GiB"),
        ("1,5 GiB", "Read as 1.5 GiB"),
        ("104.3 G", "Cannot be read"),
        ("<b>5</b>", "Cannot be read"),
        (f"{number.key.value} {number.key.unit}", "Read as"),
    ):
        form = {"digest": sheet(service).digest, f"q{at}": answer}
        told = ada.post(place(service), data=form, headers={"hx-request": "true"}).text
        assert words in told.partition(f'id="read-{at}"')[2].partition("</p>")[0], told
        assert "right" not in told.lower()
        assert "<b>" not in told
    assert "Read as" in ada.get(place(service)).text


def test_an_answer_that_cannot_be_read_waits_for_a_person_and_equal_ones_are_marked_once(service):
    own = items(service)
    number = next(item for item in own if item.kind == "numeric" and item.key.unit)
    found, report = uploaded(service, f"[answers]\n{number.id} = '104.3 G'\n")
    mark = found[number.id]
    assert (mark.status, mark.awaited.answer, mark.awaited.points) == ("waiting", "104.3 G", number.points)
    assert "a person marks it" in mark.message
    assert "not a unit" in mark.for_staff
    with service.browser("Staff") as staff:
        page = staff.get(f"/staff/a/{service.assignment}/texts/{number.id}").text
        assert "104.3 G" in page
    assert report.max_score == 125


def test_the_right_answers_are_shown_when_nothing_more_is_taken_and_not_before(service):
    from autograder.service.rules.policy import Policy, closes_at
    from autograder.service.web.student.showing import visible_report

    number = next(item for item in items(service) if item.kind == "numeric")
    _, report = uploaded(service, f"[answers]\n{number.id} = '{next(wrong_answers(number))[0]}'\n")
    at = now()
    policy = Policy(due_at=at + DAY, show_quiz="at_once")
    before = visible_report(report, policy, at, at + DAY).report
    after = visible_report(report, policy, closes_at(policy, at + DAY) + 1, at + DAY).report
    assert {mark.detail for mark in before.quiz} == {None}
    told = next(mark for mark in after.quiz if mark.id == number.id).detail
    assert (told.prompt, told.right, told.why) == (number.prompt, right_words(number), number.solution)
    assert told.answer
    assert {mark.detail for mark in visible_report(report, Policy(show_quiz="at_once"), at, None).report.quiz} == {None}
