"""Staff pages: assignments, submissions, texts, grades, settings."""

from __future__ import annotations

import html
import re
import shutil

import pytest
import sqlalchemy as sa
from acting import TEXT, text_item
from course import RIGHT, WRONG, csrf, hand_in

from autograder import authoring
from autograder.assignment import BadAssignment, load
from autograder.quiz.kinds.text import mark
from autograder.service.store.schema import (
    AssignmentRow,
    AuditRow,
    DiagnosisRow,
    JobRow,
    MembershipRow,
    ReportRow,
    SubmissionRow,
    TextMarkRow,
    UserRow,
    VersionRow,
    now,
)
from autograder.service.web.staff.settings import LABELS
from autograder.service.web.staff.submissions import ROWS, chosen, listed
from autograder.service.web.staff.texts import rubric


@pytest.fixture
def staff(service):
    return service.browser("Staff")


def post(client, url, **form):
    return client.post(url, data={"csrf": csrf(client), **form})


# ------------------------------------------------------------------------------------------------------- operator
def test_an_operator_makes_a_course_and_its_staff_sign_in_with_the_link_shown(service):
    operator = service.browser("Operator")
    made = post(operator, "/operator/courses", title="Systems", name="Grace", email="Grace@Example.org")
    link = made.text.split('id="link" value="')[1].split('"')[0]
    grace = service.browser()
    assert grace.post(link).status_code == 200
    with service.store.reading() as db:
        user = db.scalar(sa.select(UserRow).where(UserRow.email == "grace@example.org"))
        course = db.scalar(sa.select(MembershipRow.course_id).where(MembershipRow.user_id == user.id))
        assert {row.action for row in db.query(AuditRow)} >= {"course.made", "staff.named", "link.made"}
    assert "Systems" in grace.get(f"/staff/c/{course}").text
    assert grace.get(f"/staff/c/{service.course}").status_code == 404


def test_what_the_operator_typed_is_not_lost_when_something_is_missing(service):
    operator = service.browser("Operator")
    told = post(operator, "/operator/courses", title="Systems", name="Grace", email="nobody")
    assert (told.status_code, "Systems" in told.text, "an e-mail address" in told.text) == (422, True, True)


def test_only_operators_see_the_operators_pages(staff):
    assert [staff.get(url).status_code for url in ("/operator", "/operator/audit")] == [404, 404]
    assert post(staff, "/operator/courses", title="Mine", name="Me", email="me@example.org").status_code == 404


def test_the_operator_sees_a_parked_job_and_tries_it_again(service):
    submission = hand_in(service, "Ada")
    with service.store.writing() as db:
        job = db.query(JobRow).one()
        job.state, job.error, job.finished_at = "parked", "<b>it broke</b>", now()
        db.get_one(SubmissionRow, submission).state = "parked"
        job_id = job.id
    operator = service.browser("Operator")
    assert "&lt;b&gt;it broke" in operator.get("/operator").text
    post(operator, f"/operator/jobs/{job_id}/again")
    assert service.work() == ["mark"]
    assert "Failed jobs</h2>\n<p>None.</p>" in operator.get("/operator").text


def test_the_audit_log_is_read_page_by_page(service):
    with service.store.writing() as db:
        db.add_all([AuditRow(action=f"thing.{number}", detail={}) for number in range(150)])
    operator = service.browser("Operator")
    first = operator.get("/operator/audit").text
    assert "thing.149" in first
    assert "thing.49<" not in first
    older = first.split('href="/operator/audit?before=')[1].split('"')[0]
    assert "thing.49<" in operator.get(f"/operator/audit?before={older}").text


# -------------------------------------------------------------------------------------------- a new assignment
@pytest.fixture
def own(service, tmp_path):
    """The operator's folder, with an assignment that holds and a copy that does not."""
    folder = tmp_path / "own"
    authoring.new("tiny", folder)
    shutil.copytree(folder / "tiny", folder / "spoilt", ignore=shutil.ignore_patterns("__pycache__"))
    toml = folder / "spoilt" / "assignment.toml"
    toml.write_text(re.sub(r"relative = \S+", "relative = 0.9", toml.read_text()))
    object.__setattr__(service.settings, "assignments", folder)
    return service


def ask_for(service, staff, source):
    """The page of a new assignment of this source, as one comes to it by clicking."""
    page = post(staff, f"/staff/c/{service.course}/sources")
    assert service.work() == ["sources"]
    assert source in staff.get(page.url).text
    return post(staff, page.url.path, source=source, title="")


@pytest.mark.slow
def test_an_assignment_stays_closed_until_it_is_proven_and_opens_then(own, staff):
    made = ask_for(own, staff, "tiny")
    assert "Queued…" in made.text
    assert post(staff, f"{made.url.path}/open", open="1").status_code == 409
    assert own.work() == ["prove"]
    assert "It marks fairly: all" in staff.get(made.url).text
    assert "✓ Open" in post(staff, f"{made.url.path}/open", open="1").text
    with own.store.reading() as db:
        asked = db.get_one(AssignmentRow, made.url.path.rpartition("/")[2])
        assert (asked.open, db.get_one(VersionRow, asked.version_id).state) == (True, "proven")


@pytest.mark.parametrize("fails", [False, True])
def test_every_statement_of_a_proof_is_counted_in_its_sections(service, staff, fails):
    """Those about the code of other hands are many, and only what fails of them is listed."""
    rows = [
        {
            "section": section,
            "name": f"{section} {number}",
            "holds": not fails or number > 0,
            "said": "named",
            "detail": {},
        }
        for section, many in (("right", 3), ("other hand", 4))
        for number in range(many)
    ]
    with service.store.writing() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        version = db.get_one(VersionRow, asked.version_id)
        version.proof = {**version.proof, "titles": {"right": "Right answers"}, "rows": rows}
    told = staff.get(f"/staff/a/{service.assignment}").text
    assert [tuple(map(int, found)) for found in re.findall(r": (\d+) of (\d+)</summary>", told)] == [
        (3 - fails, 3), (4 - fails, 4)
    ]  # fmt: skip
    assert ("other hand 0" in told) == fails
    assert "other hand 1" not in told


@pytest.mark.slow
def test_an_assignment_that_does_not_verify_is_refused_with_its_reasons_and_may_be_mended(own, staff):
    made = ask_for(own, staff, "spoilt")
    assert own.work() == ["prove"]
    told = staff.get(made.url).text
    assert "It is refused" in told
    assert "tolerances out" in told
    assert post(staff, f"{made.url.path}/open", open="1").status_code == 409
    shutil.copy(own.settings.assignments / "tiny" / "assignment.toml", own.settings.assignments / "spoilt")
    text = (own.settings.assignments / "spoilt" / "assignment.toml").read_text()
    assert "tiny" in text
    post(staff, f"{made.url.path}/prove")
    assert own.work() == ["prove"]
    assert "It marks fairly" in staff.get(made.url).text


def test_a_folder_that_could_not_be_imported_is_read_again_once_it_is_mended(own):
    file = own.settings.assignments / "tiny" / "scenarios.py"
    good = file.read_text()
    file.write_text("def (:\n")
    with pytest.raises(BadAssignment, match=r"scenarios\.py, line 1: invalid syntax"):
        own.context.assignment("tiny", fresh=True)
    file.write_text(good)
    assert own.context.assignment("tiny").id == "tiny"


def test_only_what_a_worker_listed_can_be_added(own, staff):
    page = post(staff, f"/staff/c/{own.course}/sources")
    own.work()
    assert post(staff, page.url.path, source="../../etc").status_code == 422


def test_a_proof_in_progress_says_how_far_it_is(own, staff):
    made = ask_for(own, staff, "tiny")
    with own.store.writing() as db:
        job = db.query(JobRow).where(JobRow.kind == "prove").one()
        job.state, job.result = "running", {"done": 2, "of": 5}
    told = staff.get(f"{made.url.path}/proof").text
    assert '<progress max="5" value="2"' in told
    assert "hx-get" in told


# ------------------------------------------------------------------------------------------------------- settings
def settings(service):
    return f"/staff/a/{service.assignment}/settings"


FORM = {
    "title": "Optimizers", "opens_at": "2026-11-01T08:00", "due_at": "2026-11-30T18:00", "grace_minutes": "5",
    "late_percent_per_day": "10", "late_days": "2", "limit": "20", "window_minutes": "60", "counts": "latest",
    "show_marks": "at_once", "show_hints": "after_due", "show_quiz": "never",
}  # fmt: skip


def test_the_policy_is_saved_as_typed_and_in_utc(service, staff):
    assert "Saved" in post(staff, settings(service), **FORM).text
    with service.store.reading() as db:
        policy = db.get_one(AssignmentRow, service.assignment).policy
    assert (policy["due_at"], policy["late_days"], policy["counts"]) == (1796061600.0, 2, "latest")
    assert 'value="2026-11-30T18:00"' in staff.get(settings(service)).text


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("due_at", "2026-10-01T00:00", "due before it opens"),
        ("due_at", "soon", "is not a time"),
        ("late_percent_per_day", "120", "between 0 and 100"),
        ("limit", "many", "is not a number"),
        ("late_days", "1.5", "whole number"),
        ("window_minutes", "nan", "between"),
        ("counts", "<b>", "choose one"),
        ("title", " ", "needs a title"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_and_nothing_typed_is_lost(service, staff, field, typed, told):
    page = post(staff, settings(service), **{**FORM, "grace_minutes": "7", field: typed})
    assert (page.status_code, told in page.text, 'value="7"' in page.text) == (422, True, True)
    with service.store.reading() as db:
        assert db.get_one(AssignmentRow, service.assignment).policy == {}


def test_a_refusal_names_a_field_by_the_label_that_it_has_on_the_page(service, staff):
    wrong = dict.fromkeys(LABELS, "<?>")
    page = post(staff, settings(service), **FORM | wrong)
    labels = re.findall(r'<label for="(\w+)">([^<(]+)', page.text)
    problems = re.search(r"(?s)<ul>(.*?)</ul>", page.text)[1]
    assert {name: text.strip() for name, text in labels if name in wrong} == LABELS
    assert [text.partition(":")[0] for text in re.findall("<li>(.*?)</li>", problems)] == list(LABELS.values())


@pytest.mark.parametrize("where", ["a", "c"])
def test_no_settings_page_says_a_heading_twice(service, staff, where):
    shown = staff.get(f"/staff/{where}/{service.assignment if where == 'a' else service.course}/settings").text
    said = [re.sub("<.*?>", "", one).strip() for one in re.findall(r"<(?:h\d|legend|label)\b[^>]*>(.*?)</", shown)]
    assert len(said) == len(set(said)) > 5


# ---------------------------------------------------------------------------------------------------- submissions
@pytest.mark.slow
def test_staff_find_submissions_by_filter(service, staff):
    right, wrong = hand_in(service, "Ada", RIGHT), hand_in(service, "Bob", WRONG)
    late = hand_in(service, "Bob", b"x = 1", practice=True)
    service.work()
    with service.store.writing() as db:
        db.get_one(SubmissionRow, late).late_seconds = 90.0
        db.get_one(MembershipRow, (service.course, service.people["Ada"])).section = "Monday"

    def found(**filters):
        text = staff.get(f"/staff/a/{service.assignment}/submissions", params=filters).text
        return {name for name, id_ in (("right", right), ("wrong", wrong), ("late", late)) if f"/staff/s/{id_}" in text}

    assert found() == {"right", "wrong", "late"}
    assert found(who="ada") == {"right"}
    assert found(who="r-bob") == {"wrong", "late"}
    assert found(section="Monday") == {"right"}
    assert found(state="graded", most="95", who="bob", practice="without") == {"wrong"}
    assert found(least="99,5") == {"right"}
    assert found(late="1") == {"late"}
    assert found(practice="only") == {"late"}
    assert found(practice="without", order="oldest") == {"right", "wrong"}
    with service.store.reading() as db:
        named = db.query(DiagnosisRow).first().misconception
    assert found(misconception=named) == {"wrong"}
    assert found(misconception="none") == set()
    assert staff.get(f"/staff/a/{service.assignment}/submissions?least=much").status_code == 422


def test_pages_of_submissions_follow_each_other_without_gaps_or_repeats(service):
    with service.store.writing() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        for number in range(2 * ROWS + 5):
            db.add(
                SubmissionRow(
                    assignment_id=asked.id, user_id=service.people["Ada"], number=number, name="x", upload=b"",
                    digest="", made_at=1000.0 + number // 3,
                )
            )  # fmt: skip
        for oldest in (False, True):
            seen, after = [], ""
            while rows := db.execute(listed(chosen(asked, {}), after, oldest)).all():
                seen += [row.id for row in rows[:ROWS]]
                after = f"{rows[:ROWS][-1].made_at!r}~{rows[:ROWS][-1].id}"
            assert len(seen) == len(set(seen)) == 2 * ROWS + 5


def test_a_page_of_submissions_reads_an_index_in_its_order_however_many_there_are(service):
    with service.store.reading() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        query = listed(chosen(asked, {}), "1000.0~aaaa", oldest_first=False)
        text = str(query.compile(db.get_bind(), compile_kwargs={"literal_binds": True}))
        plan = [row.detail for row in db.execute(sa.text("EXPLAIN QUERY PLAN " + text.replace(":", "\\:")))]
    assert any("ix_submissions_assignment_made (assignment_id=? AND made_at<?)" in step for step in plan), plan
    assert not [step for step in plan if step.startswith("SCAN")], plan
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan


@pytest.mark.slow
def test_staff_see_one_submission_with_their_notes_and_as_its_student_does(service, staff):
    submission = hand_in(service, "Bob", WRONG)
    service.work()
    with service.store.writing() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        asked.policy = {"show_hints": "never"}
        report = db.query(ReportRow).one()
    mine = staff.get(f"/staff/s/{submission}").text
    theirs = staff.get(f"/staff/s/{submission}?view=student").text
    assert str(report.seed) in mine
    assert "bias" in mine.partition("How it was marked")[0]
    assert "The idea to look at" in mine
    assert "The idea to look at" not in theirs
    assert mine.count("<h1") == theirs.count("<h1") == 1
    with service.store.writing() as db:
        db.get_one(AssignmentRow, service.assignment).policy = {"show_marks": "never", "due_at": now() - 1}
    seen = service.browser("Bob").get(f"/s/{submission}").text.partition('<div id="submission">')[2]
    theirs = staff.get(f"/staff/s/{submission}?view=student").text
    assert seen.partition("<footer")[0].strip() in theirs, "word for word"
    got = staff.get(f"/staff/s/{submission}/upload")
    assert (got.content, got.headers["content-disposition"][:10]) == (WRONG, "attachment")


def test_students_and_staff_of_other_courses_see_nothing_of_it(service):
    submission = hand_in(service, "Ada")
    service.work()
    pages = [f"/staff/s/{submission}", f"/staff/s/{submission}/upload", f"/staff/c/{service.course}"]
    pages += [f"/staff/a/{service.assignment}{tab}" for tab in ("", "/submissions", "/texts", "/grades", "/downloads")]
    pages += [f"/staff/a/{service.assignment}/settings", f"/staff/c/{service.course}/roster"]
    for name in ("Ada", "Bob", "Operator"):
        browser = service.browser(name)
        assert {browser.get(url).status_code for url in pages} == {404}, name


def test_what_is_parked_is_marked_again_on_a_click(service, staff):
    submission = hand_in(service, "Ada")
    with service.store.writing() as db:
        job = db.query(JobRow).one()
        job.state, job.error = "parked", "broke"
        db.get_one(SubmissionRow, submission).state = "parked"
    assert "The grader failed" in staff.get(f"/staff/s/{submission}").text
    post(staff, f"/staff/s/{submission}/again")
    assert service.work() == ["mark"]
    with service.store.reading() as db:
        assert db.get_one(SubmissionRow, submission).state == "graded"


# ---------------------------------------------------------------------------------------------------------- texts


def test_texts_are_marked_by_a_person_once_for_the_same_answer_and_count_at_once(service, staff):
    item = text_item(service, "Ada")
    hand_in(service, "Ada", RIGHT, answers={item.id: TEXT})
    service.work()
    first = (f"/staff/c/{service.course}", f"/staff/a/{service.assignment}")
    assert all("1 answer</a> waits for a person" in staff.get(page).text for page in first), "nobody else tells them"
    url = f"/staff/a/{service.assignment}/texts/{item.id}"
    shown = staff.get(url).text
    assert "&lt;b&gt;dividing" in shown
    assert not re.search(r"\bAda\b", shown)
    assert re.search(r"The answer: Ada\b", staff.get(url, params={"names": "1"}).text)
    digest = shown.split('name="digest" value="')[1].split('"')[0]
    over = post(staff, url, digest=digest, points=str(item.points + 1), comment="kept")
    assert (over.status_code, "kept" in over.text) == (422, True)
    assert "All of them are marked" in post(staff, url, digest=digest, points="1,5", comment="Half of it").text
    assert not any("for a person" in staff.get(page).text for page in first)
    before = standing(service, "Ada")
    marked = hidden(staff.get(url, params={"digest": digest}).text)
    changed = post(staff, url, **marked, points="2", comment="")
    assert changed.status_code == 200
    after = standing(service, "Ada")
    assert after.points == pytest.approx(before.points + 0.5)
    hand_in(service, "Ada", RIGHT + b"\n", answers={item.id: f" {TEXT}\n"})
    service.work()
    assert standing(service, "Ada").points == after.points
    with service.store.reading() as db:
        assert [row.detail["points"] for row in db.query(AuditRow).where(AuditRow.action == "text.marked")] == [
            1.5,
            2.0,
        ]


@pytest.mark.slow
def test_question_sample_and_rubric_stand_beside_the_answer(service, staff):
    """The rows that a grader ticks are those of the quiz, whatever the worker writes around them."""
    item = text_item(service, "Ada")
    hand_in(service, "Ada", RIGHT, answers={item.id: "m is too small: the correction is large"})
    service.work()
    shown = staff.get(f"/staff/a/{service.assignment}/texts/{item.id}").text
    text = html.unescape(shown)
    assert item.prompt.split("\n")[0] in text
    assert item.key.sample in text
    assert [float(points) for points in re.findall(r'data-points="([\d.]+)"', shown)] == [
        points for points, _ in item.key.rubric
    ]
    assert all(what in text for _, what in item.key.rubric)


@pytest.mark.parametrize("source", ["optimizers", "schedulers"])
def test_every_row_of_every_rubric_is_read_back(source):
    """A row that is not read could not be ticked."""
    known = set()
    for seed in range(10):
        for item in load(source).quiz(seed):
            if item.kind == "text":
                for answer in ("", "nothing: at all", item.key.sample):
                    known.add(item.title)
                    rows = rubric(mark(item, answer).for_staff)
                    assert [(row.points, row.what) for row in rows] == list(item.key.rubric)
    assert known or source != "optimizers"


def test_of_two_who_mark_the_same_text_the_second_is_told_and_loses_nothing(service, staff):
    service.person("Grace", "staff")
    grace, item = service.browser("Grace"), text_item(service, "Ada")
    hand_in(service, "Ada", RIGHT, answers={item.id: TEXT})
    service.work()
    url = f"/staff/a/{service.assignment}/texts/{item.id}"
    first = hidden(staff.get(url).text)
    second = hidden(grace.get(url).text)
    assert post(staff, url, **first, points="1", comment="Why so small?").status_code == 200
    late = post(grace, url, **hidden(post(grace, url, **second, points="two").text), points="2", comment="All of it")
    assert late.status_code == 409
    assert "has marked this answer since you opened it" in late.text
    for theirs_and_hers in (f"1 of {item.points:g} points", "Why so small?", 'value="2"', "All of it"):
        assert theirs_and_hers in late.text
    assert given(service) == [(1, "Why so small?")]
    assert post(grace, url, **hidden(late.text), points="2", comment="All of it").status_code == 200
    assert given(service) == [(2, "All of it")]
    again = hidden(staff.get(url, params={"digest": first["digest"]}).text)
    assert post(staff, url, **again, points="1.5", comment="").status_code == 200
    assert given(service) == [(1.5, "")]


def hidden(page):
    """What the form of a page carries along."""
    return dict(re.findall(r'name="(digest|seen)" value="(\w*)"', page))


def given(service):
    with service.store.reading() as db:
        return [(mark.points, mark.comment) for mark in db.query(TextMarkRow)]


@pytest.mark.slow
def test_as_many_answers_are_told_to_wait_as_wait_on_their_page(service, staff):
    """Of the submission that counts and of the newest; what somebody else wrote letter for letter is no other one."""
    for name, source, text in (
        ("Ada", WRONG, "no longer"), ("Ada", RIGHT, TEXT), ("Ada", WRONG + b"#", "newer"), ("Bob", RIGHT, TEXT),
    ):  # fmt: skip
        hand_in(service, name, source, answers={text_item(service, name).id: text})
        service.work()
    item, other = text_item(service, "Ada").id, text_item(service, "Bob").id
    left = 2 if item == other else 3
    url = f"/staff/a/{service.assignment}"
    assert f"{left} answers</a> wait for" in staff.get(url).text
    for question in (item, item, other):
        page = staff.get(f"{url}/texts/{question}").text
        if 'name="digest"' in page:
            post(
                staff,
                f"{url}/texts/{question}",
                digest=page.split('name="digest" value="')[1].split('"')[0],
                points="1",
            )
            left -= 1
        assert ("for a person" in staff.get(url).text) == (left > 0)
    assert left == 0


def standing(service, name):
    from autograder.service.store.standings import standings

    with service.store.reading() as db:
        return standings(db, db.get_one(AssignmentRow, service.assignment))[service.people[name]]


def test_a_marked_text_raises_the_points_and_never_the_maximum(service, staff):
    item = text_item(service, "Ada")
    hand_in(service, "Ada", RIGHT, answers={item.id: TEXT})
    service.work()
    before = standing(service, "Ada")
    url = f"/staff/a/{service.assignment}/texts/{item.id}"
    digest = staff.get(url).text.split('name="digest" value="')[1].split('"')[0]
    post(staff, url, digest=digest, points="1")
    after = standing(service, "Ada")
    assert (after.points, after.max_points) == (before.points + 1, before.max_points)


def test_a_title_that_canvas_may_skip_is_warned_about_beside_its_file(service, staff):
    at = f"/staff/a/{service.assignment}/grades"
    assert "Canvas may skip" not in staff.get(at).text
    with service.store.writing() as db:
        db.get_one(AssignmentRow, service.assignment).title = "Final project"
    assert "Canvas may skip the column. Give the assignment another title." in staff.get(at).text
