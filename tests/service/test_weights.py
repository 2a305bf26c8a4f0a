"""Points of rubric rows that a course changes: previewed, saved, and the same on every page and in every export."""

from __future__ import annotations

import importlib
import io
import json
import re
import zipfile
import zlib
from dataclasses import replace
from urllib.parse import unquote

import pytest
import sqlalchemy as sa
from acting import TEXT, choose_points, decide, form, seen, text_item
from course import RIGHT, WRONG, csrf, hand_in
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.model import Awaited, CriterionMark, ItemMark, Report
from autograder.render import total
from autograder.service.operate import integrity, people
from autograder.service.rules import policy as policies
from autograder.service.rules.weights import QUIZ, weighed
from autograder.service.store import reports
from autograder.service.store.schema import AssignmentRow, CourseRow, NoticeRow, ReportRow, SubmissionRow, VersionRow
from autograder.service.store.standings import standings
from autograder.service.web.staff import submissions
from autograder.service.worker import marking

HALVES = st.integers(0, 40).map(lambda number: number / 2)


@st.composite
def marks(draw):
    """A row's points and its maximum."""
    most = draw(HALVES)
    return round(draw(st.integers(0, 100)) / 100 * most, 2), most


@st.composite
def told(draw):
    """A report with rows and questions, some of which wait for a person; and points for some of its rows."""
    rows = draw(st.lists(marks(), min_size=1, max_size=5))
    items = draw(st.lists(st.tuples(marks(), st.booleans()), max_size=6))
    criteria = tuple(CriterionMark(f"c{n}", "", *row, "partial") for n, row in enumerate(rows))
    quiz = tuple(
        ItemMark(f"q{n}", 0.0, 0.0, "waiting", "", awaited=Awaited("a", row[1]))
        if waits
        else ItemMark(f"q{n}", *row, "partial", "")
        for n, (row, waits) in enumerate(items)
    )
    most = sum(row[1] for row, _ in items)
    counts = draw(st.booleans())
    report = Report("a", "d", 1, "", "", "graded", "", criteria, quiz=quiz, quiz_counts=counts, quiz_points=most)
    names = [*(mark.id for mark in criteria), *([QUIZ] if most else [])]
    return report, draw(st.dictionaries(st.sampled_from(names), HALVES))


@given(told())
@settings(max_examples=60)
def test_the_numbers_of_the_database_are_those_of_the_pages(case):
    report, chosen = case
    by_course = weighed(report, chosen)
    added = reports.Adding(chosen).sums(reports.marks(reports.pack(report)))
    assert (added.score, added.max_score) == pytest.approx((by_course.score, by_course.max_score))
    assert total(by_course)[0] == pytest.approx(by_course.score), "whoever adds up the rows gets the score"
    waits = {item.id: item.awaited.points for item in by_course.quiz if item.awaited and by_course.quiz_counts}
    assert {name: added.share(f"item:{name}", report.quiz[int(name[1:])].awaited.points) for name in waits} == waits


@given(told(), st.booleans())
@settings(max_examples=60)
def test_an_upgrade_puts_beside_old_reports_what_is_put_beside_new_ones(case, old):
    """`old`: as version 0.8 wrote them, where answers counted and those that waited were out of nothing."""
    plain = json.loads(zlib.decompress(reports.pack(case[0])))
    if old:
        del plain["quiz_points"], plain["quiz_counts"]
    body = zlib.compress(json.dumps(plain).encode())
    upgrade = importlib.import_module("autograder.service.store.migrations.versions.0033_marks_are_beside_reports")
    assert upgrade.marks_of(body) == reports.marks(body)


@given(told())
@settings(max_examples=60)
def test_everything_right_has_the_points_that_were_chosen_and_nothing_has_none(case):
    report, chosen = case
    for share in (0.0, 1.0):
        rows = tuple(replace(mark, score=share * mark.max_score) for mark in report.criteria)
        quiz = tuple(replace(one, score=share * one.max_score) for one in report.quiz)
        seen = weighed(replace(report, criteria=rows, quiz=quiz), chosen)
        for mark, old in zip(seen.criteria, rows, strict=True):
            assert mark.max_score == chosen.get(mark.id, old.max_score)
            assert mark.score == (share * mark.max_score if old.max_score else 0.0)
        if report.quiz_counts and chosen.get(QUIZ):
            worth = sum(one.awaited.points if one.awaited else one.max_score for one in seen.quiz)
            assert worth == pytest.approx(chosen[QUIZ])
            assert seen.quiz_points == chosen[QUIZ]


@given(told())
@settings(max_examples=30)
def test_without_points_of_its_own_a_course_has_those_of_the_edition(case):
    report, _ = case
    assert weighed(report, {}) == report
    assert weighed(report, {mark.id: mark.max_score for mark in report.criteria}) == report


# -------------------------------------------------------------------------------------------------- in the service
@pytest.fixture
def marked(service, monkeypatch):
    """Ada's file is right, Bob's is wrong; both answered a text, which a person marked in full."""
    monkeypatch.setattr(marking, "draw", lambda *_: None)
    for name, source in (("Ada", RIGHT), ("Bob", WRONG)):
        hand_in(service, name, source, answers={text_item(service, name).id: TEXT})
    service.work()
    with service.by_hand() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        asked.policy = policies.to_json(policies.Policy(show_quiz="at_once"))
    staff, item = service.browser("Staff"), text_item(service, "Ada").id
    at = f"/staff/a/{service.assignment}/texts/{item}"
    with service.store.reading() as db:
        (text,) = {
            one["digest"]: one["points"] for (all_,) in db.execute(sa.select(ReportRow.texts)) for one in all_
        }.items()
    assert staff.post(at, data={"csrf": csrf(staff), "digest": text[0], "points": str(text[1])}).status_code == 200
    return service


def has(service, name):
    with service.store.reading() as db:
        return standings(db, db.get_one(AssignmentRow, service.assignment))[service.people[name]]


def submission_of(service, name) -> tuple[str, str]:
    with service.store.reading() as db:
        theirs = sa.select(SubmissionRow).where(SubmissionRow.user_id == service.people[name])
        one = db.scalars(theirs.order_by(SubmissionRow.number)).first()
        return one.id, one.report_id


@pytest.mark.slow
def test_points_of_rows_are_changed_in_the_browser_and_agree_everywhere(marked):
    staff, before = marked.browser("Staff"), {name: has(marked, name) for name in ("Ada", "Bob")}
    data = {"csrf": csrf(staff), **form(marked), "points.bias_correction": "30", "points.quiz": "10"}
    shown = staff.post(f"/staff/a/{marked.assignment}/settings", data=data).text
    assert "Nothing is saved yet" in shown
    crumbs = shown.partition('class="crumbs"')[2].partition("</ol>")[0]
    with marked.store.reading() as db:
        assert db.get_one(CourseRow, marked.course).title in crumbs
    assert 'name="points.bias_correction" value="30"' in shown, "what was typed is not lost by the preview"
    assert has(marked, "Bob") == before["Bob"]
    assert "Saved" in staff.post(f"/staff/a/{marked.assignment}/settings", data=data | {"seen": seen(shown)}).text
    after = {name: has(marked, name) for name in ("Ada", "Bob")}
    for name, now in after.items():
        id_, report_id = submission_of(marked, name)
        with marked.store.reading() as db:
            raw = reports.unpack(db.get_one(ReportRow, report_id).body)
        rows = {mark.id: mark for mark in raw.criteria}
        share = rows["bias_correction"].score / rows["bias_correction"].max_score
        texts = before[name].counting.texts / raw.quiz_points * 10
        code = sum(mark.score for mark in raw.criteria) - rows["bias_correction"].score + 30 * share
        assert now.points == pytest.approx(code + texts, abs=0.02), "each row keeps its share"
        assert now.max_points == before[name].max_points - rows["bias_correction"].max_score + 30 - raw.quiz_points + 10
        report = marked.browser(name).get(f"/s/{id_}").text
        assert "of 30</span>" in report
        assert f"{now.points:g}" in report
        assert f"{now.points:g}" in staff.get(f"/staff/s/{id_}").text
        assert f"{now.points:g}" in staff.get(f"/staff/a/{marked.assignment}/grades/plain.csv").text
        archive = zipfile.ZipFile(io.BytesIO(people.export(marked.store, marked.people[name])))
        exported = json.loads(archive.read(f"reports/{id_}/{report_id}.json"))
        assert {row["id"]: row["max_score"] for row in exported["criteria"]}["bias_correction"] == 30
        with marked.store.reading() as db:
            told = db.scalars(sa.select(NoticeRow.text).where(NoticeRow.user_id == marked.people[name])).all()
        assert any("The rubric was changed. You had" in text for text in told), told
    assert integrity.check(marked.store) == []
    log = staff.get(f"/staff/c/{marked.course}/audit").text
    assert "points: Bias correction 30, quiz 10; marks changed: 2" in log
    assert "Saved" in choose_points(marked, staff, bias_correction="", quiz="").text
    assert "points: those of the edition" in staff.get(f"/staff/c/{marked.course}/audit").text
    assert {name: has(marked, name) for name in before} == before, "taking it back gives the same marks as before"


@pytest.mark.slow
def test_reports_of_a_worker_of_an_older_release_are_added_up_from_their_bodies(marked):
    before = has(marked, "Ada")
    with marked.store.writing() as db:
        db.execute(sa.update(ReportRow).values(marks=b""))
    staff = marked.browser("Staff")
    assert "Saved" in choose_points(marked, staff, bias_correction="30").text
    assert has(marked, "Ada").max_points == before.max_points + 20
    assert "Saved" in choose_points(marked, staff, bias_correction="").text
    assert has(marked, "Ada") == before


@pytest.mark.slow
def test_a_row_that_a_person_decided_keeps_its_share_too(marked):
    staff, (id_, _) = marked.browser("Staff"), submission_of(marked, "Bob")
    choose_points(marked, staff, bias_correction=30)
    before = has(marked, "Bob").points
    assert decide(staff, id_, row="criterion:bias_correction", points="12").status_code == 200
    assert has(marked, "Bob").points > before
    assert "to 12 points" in marked.browser("Bob").get(f"/s/{id_}").text
    with_twelve = has(marked, "Bob").points
    choose_points(marked, staff, bias_correction=15)
    assert has(marked, "Bob").points == with_twelve - 6
    assert "to 6 points" in marked.browser("Bob").get(f"/s/{id_}").text
    assert "<strong>" in staff.get(f"/staff/s/{id_}").text
    refused = decide(staff, id_, row="criterion:bias_correction", points="16")
    assert refused.status_code == 422, "the row has 15 points here"


@pytest.mark.slow
def test_a_part_that_does_not_count_is_told_and_counts_nowhere(marked):
    staff, before = marked.browser("Staff"), has(marked, "Ada")
    choose_points(marked, staff, quiz=0, sgd=0)
    after, (id_, report_id) = has(marked, "Ada"), submission_of(marked, "Ada")
    with marked.store.reading() as db:
        raw = reports.unpack(db.get_one(ReportRow, report_id).body)
    sgd = next(mark.max_score for mark in raw.criteria if mark.id == "sgd")
    assert after.max_points == before.max_points - raw.quiz_points - sgd
    assert after.points == after.max_points, "her code is right, and nothing else counts"
    assert "not part of the total" in marked.browser("Ada").get(f"/s/{id_}").text
    hand_in(marked, "Ada", WRONG)
    marked.work()
    with marked.store.reading() as db:
        newest = db.scalars(sa.select(ReportRow).order_by(ReportRow.made_at.desc())).first()
        assert newest.max_score == after.max_points, "what is marked from now on has the same maximum"


@pytest.mark.slow
def test_a_rubric_without_points_is_refused_and_nothing_typed_is_lost(marked):
    staff, before = marked.browser("Staff"), has(marked, "Ada")
    with marked.store.reading() as db:
        about = db.scalars(sa.select(VersionRow.about)).first()
    nothing = {row["id"]: 0 for row in about["criteria"]} | {"quiz": 0}
    page = choose_points(marked, staff, **nothing)
    assert page.status_code == 422
    assert "Give at least one row points" in page.text
    page = choose_points(marked, staff, sgd="many")
    assert "“many” is not a number" in page.text
    assert 'value="many"' in page.text
    assert has(marked, "Ada") == before


@pytest.mark.slow
def test_the_filter_of_submissions_takes_the_points_that_its_list_shows(marked, monkeypatch):
    """They follow the course's points, and what people decided about a row or a text; over every page of the list."""
    staff = marked.browser("Staff")
    for source in (WRONG, RIGHT, b"x = 1"):
        hand_in(marked, "Bob", source)
        marked.work()
    choose_points(marked, staff, bias_correction=30)
    decide(staff, submission_of(marked, "Ada")[0], row="criterion:momentum", points="0.25")
    monkeypatch.setattr(submissions, "ROWS", 2)

    def shown(**filters):
        found, after = {}, ""
        while True:
            text = staff.get(f"/staff/a/{marked.assignment}/submissions", params=filters | {"after": after}).text
            for row in re.findall(r"<tr role=\"row\"><th scope=\"row\".*?</tr>", text, re.DOTALL):
                points = re.search(r'class="number" data-sort="([^"]*)"', row)[1]
                id_ = re.search(r"/staff/s/(\w+)", row)[1]
                assert id_ not in found
                found[id_] = float(points) if points else None
            following = re.search(r'href="\?[^"]*after=([^"&]+)[^"]*">Next page', text)
            if following is None:
                return found
            after = unquote(following[1])

    every = shown()
    assert len(every) == 5
    bounds = sorted({one for one in every.values() if one is not None})
    assert len(bounds) > 2
    for least in bounds:
        for most in bounds:
            wanted = {id_: one for id_, one in every.items() if one is not None and least <= one <= most}
            assert shown(least=f"{least:g}", most=f"{most:g}") == wanted
