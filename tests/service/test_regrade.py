"""A regrade, from its start over the preview to what students are told."""

from __future__ import annotations

import contextlib
import re
import shutil
import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa
from acting import AVERAGED, ROOT, Edition, handed_in, points, verdict
from course import RIGHT, SAMPLES, WRONG, csrf, hand_in, serving
from hypothesis import given
from hypothesis import strategies as st
from workers import until, working

from autograder import variants
from autograder.assignment import load
from autograder.service.operate.people import erase
from autograder.service.queue import OPEN
from autograder.service.rules import regrading as rules
from autograder.service.rules.grades import MarkedSubmission, standing
from autograder.service.rules.policy import Policy, to_json
from autograder.service.rules.statistics import PartMark
from autograder.service.store import regrades
from autograder.service.store.schema import (
    AssignmentRow,
    AuditRow,
    JobRow,
    NoticeRow,
    RegradeRow,
    ReportRow,
    SubmissionRow,
    VersionRow,
    now,
)
from autograder.service.worker import editions, jobs, marking, regrading

EMPTY = SAMPLES["bare template"].read_bytes()  # marked quickly, where many must differ


# ------------------------------------------------------------------------------------------------ pure functions
def one(number, score, late=0.0):
    return MarkedSubmission(f"s{number}", number, 100.0 * number, late, score, 100.0)


BEST, LATEST = Policy(), Policy(counts="latest")
scores = st.lists(st.floats(0, 100), min_size=1, max_size=5)


@given(scores, scores)
def test_with_never_lower_nobody_has_less_than_before(old, new):
    for policy in (BEST, LATEST):
        before, after = (
            {"ada": standing(policy, [one(n, score) for n, score in enumerate(each)])} for each in (old, new)
        )
        (change,) = rules.changes(before, after)
        has = change.new if change.taken(lowering=False) else change.old
        assert has >= change.old


def test_changes_come_with_the_largest_falls_first():
    def each(**scores):
        return {name: standing(BEST, [one(1, score)]) for name, score in scores.items()}

    found = rules.changes(each(a=50, b=50, c=50, d=50), each(a=50, b=40, c=70, d=45, e=10))
    assert [(c.user_id, c.by, c.way) for c in found] == [
        ("b", -10, "down"), ("d", -5, "down"), ("c", 20, "up"), ("e", 10, "up"), ("a", 0, "same"),
    ]  # fmt: skip
    assert rules.bands(found) == [
        ("10 to 20 points down", 1), ("5 to 10 points down", 1), ("less than 5 points down", 0), ("unchanged", 1),
        ("less than 5 points up", 0), ("5 to 10 points up", 0), ("10 to 20 points up", 1), ("20 points or more up", 1),
    ]  # fmt: skip
    assert rules.bands([]) == []


def test_shifts_tell_what_became_of_each_part():
    def parts(sgd, adam):
        return [PartMark("sgd", "SGD", "sgd", sgd, 10), PartMark("adam", "Adam", "adam", adam, 10)]

    new = PartMark("new", "New", "new", 3, 5)
    found = rules.shifts([(parts(5, 5), [*parts(7, 5), new]), (parts(5, 5), parts(4, 5))])
    assert [(s.title, s.up, s.down, s.same, s.mean) for s in found] == [("SGD", 1, 1, 0, 0.5), ("Adam", 0, 0, 2, 0.0)]


def test_marking_again_is_spared_only_where_nothing_can_come_of_it():
    day = 86_400.0
    assert not rules.can_matter(BEST, one(1, 60), 0.0, 0.0, 100.0, best=100.0)
    assert rules.can_matter(BEST, one(1, 60), 0.0, 0.0, 100.0, best=99.0)
    assert not rules.can_matter(BEST, one(1, 60, day), day, 2 * day, 100.0, best=90.0)  # late: at most 90
    assert rules.can_matter(
        BEST, one(1, 70), 0.0, 0.0, 50.0, best=50.0
    )  # its old report is worth more than any new one
    assert rules.can_matter(LATEST, one(1, 60), 0.0, 0.0, 100.0, best=100.0)


# -------------------------------------------------------------------------------------------------- in the service


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    """Drawing them takes twice as long as marking, and nothing here looks at one."""
    monkeypatch.setattr(marking, "draw", lambda *_: None)


@pytest.fixture
def edition(service, tmp_path):
    return Edition(service, tmp_path / "home")


class Staff:
    """A member of staff at the regrade page."""

    def __init__(self, service):
        self.service, self.browser = service, service.browser("Staff")
        self.path, self.token = f"/staff/a/{service.assignment}/regrade", csrf(self.browser)

    def look(self, more=""):
        return self.browser.get(self.path + more).text

    def begin(self):
        return self.browser.post(self.path, data={"csrf": self.token})

    def decide(self, what, **typed):
        with self.service.store.reading() as db:
            newest = regrades.latest(db, db.get_one(AssignmentRow, self.service.assignment))
        return self.browser.post(f"{self.path}/{newest.id}/{what}", data={"csrf": self.token, **typed})


@pytest.fixture
def staff(service):
    return Staff(service)


def everything(service, table):
    with service.store.reading() as db:
        return list(db.scalars(sa.select(table)))


def falls_of(page):
    return page.partition('name="falls" value="')[2].partition('"')[0]


@pytest.mark.slow
def test_staff_see_who_changes_before_anything_does(service, edition, staff):
    """Bob has the mistake that now costs more, Ada none, Cleo the one that now costs less."""
    service.person("Cleo")
    for name, source in (("Ada", RIGHT), ("Bob", WRONG), ("Cleo", AVERAGED)):
        hand_in(service, name, source)
    service.work()
    before, old = points(service), {row.id for row in everything(service, ReportRow)}
    edition.points(bias_correction=20, momentum=5)
    assert "Begin a regrade" in staff.look()
    assert "being proven" in staff.begin().text
    assert service.work() == ["regrade", "remark", "remark", "remark"]

    page = staff.look()
    assert points(service) == before, "nothing changes before it is applied"
    assert "1 student)" in page  # would lose
    assert ">Bob" in page
    assert ">Ada" not in page
    assert ">Ada" in staff.look("?show=all")
    assert ">Cleo" not in staff.look("?show=down")
    table = staff.browser.get(staff.path + "/preview.csv").text.splitlines()
    assert table[1] == "r-bob,Bob,,90,80,-10,1,1"
    assert len(table) == 4

    assert "no mark fell" in staff.decide("apply", lowering="keep").text
    after = points(service)
    assert after["Cleo"] > before["Cleo"]
    assert (after["Ada"], after["Bob"]) == (before["Ada"], before["Bob"])
    assert old <= {row.id for row in everything(service, ReportRow)}, "old reports are kept"
    (notice,) = everything(service, NoticeRow)
    assert notice.user_id == service.people["Cleo"]
    assert f"You had {before['Cleo']} points and now have {after['Cleo']}" in notice.text
    (applied,) = [row for row in everything(service, AuditRow) if row.action == "regrade.applied"]
    assert {name: applied.detail[name] for name in ("up", "down", "kept", "lowering")} == {
        "up": 1, "down": 0, "kept": 1, "lowering": False,
    }  # fmt: skip


@pytest.mark.slow("ten markings of five files")
def test_the_jobs_of_a_regrade_come_a_few_at_a_time_and_a_worker_that_dies_leaves_the_rest_to_another(
    service, edition, staff, monkeypatch
):
    """In one transaction five thousand of them kept whoever hands in waiting for a minute."""
    for number in range(5):
        hand_in(service, "Ada" if number % 2 else "Bob", EMPTY + b"#" * number)
        service.work()
    edition.points(bias_correction=20)
    monkeypatch.setattr(regrading, "AT_ONCE", 2)
    put, times = service.queue.put, iter(range(100))

    def dies(db, kind, *given, **told):
        if kind == "remark" and next(times) == 3:
            raise OSError("the machine is gone")
        return put(db, kind, *given, **told)

    staff.begin()
    (job,) = everything_of(service, "regrade")
    with monkeypatch.context() as broken:
        broken.setattr(service.queue, "put", dies)
        with pytest.raises(OSError, match="gone"):
            regrading.regrade(service.context, job)
    assert len(everything_of(service, "remark")) == 2, "the first two were stored before the third was put"
    assert "0 of 5 submissions are marked again" in staff.look()
    assert staff.decide("apply", lowering="keep").status_code == 409, "three have no job yet"
    assert service.work().count("remark") == 5
    assert ">Bob" in staff.look("?show=all")
    assert staff.decide("apply", lowering="keep").status_code == 200
    assert regrading.regrade(service.context, job) == {}, "once more does nothing"


@pytest.mark.slow
def test_a_regrade_that_is_dismissed_while_its_jobs_are_put_puts_no_more(service, edition, staff, monkeypatch):
    for number in range(3):
        hand_in(service, "Ada", EMPTY + b"#" * number)
        service.work()
    edition.points(bias_correction=20)
    monkeypatch.setattr(regrading, "AT_ONCE", 1)
    monkeypatch.setattr(regrading.time, "sleep", lambda _: staff.decide("dismiss"))
    staff.begin()
    service.work()
    assert [job.state for job in everything_of(service, "remark")] == ["superseded"]


def under_way(service, submissions, **told) -> str:
    """A regrade with these submissions of Ada's and Bob's in turn, of which nothing is put yet; its id."""
    names = ("Ada", "Bob")
    with service.by_hand() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        for number in range(submissions):
            handed_in(db, asked, service.people[names[number % 2]], number + 1, 50.0)
        version = VersionRow(assignment_id=asked.id, digest="new", state="proven")
        db.add(version)
        db.flush()
        wanted = RegradeRow(assignment_id=asked.id, version_id=version.id, by_id="", state="running", **told)
        db.add(wanted)
        db.flush()
        service.queue.put(db, "regrade", "slow", regrade_id=wanted.id, payload={"regrade": wanted.id})
    return wanted.id


def progress(service, regrade_id) -> regrades.Progress:
    with service.store.reading() as db:
        return regrades.progress(db, db.get_one(RegradeRow, regrade_id))


def test_a_worker_that_was_thought_dead_and_puts_more_leaves_nothing_unput_when_it_dies(service, monkeypatch):
    wanted = under_way(service, 6, total=6)
    monkeypatch.setattr(regrading, "AT_ONCE", 2)
    left_out, looks = regrades.left_out, []

    def looked(db, asked, regrade, digest):
        found = left_out(db, asked, regrade, digest)
        looks.append(len(found))
        if len(looks) == 1:  # the other one puts two of them now, and dies
            with service.store.writing() as other:
                regrade = other.get_one(RegradeRow, wanted)
                for one in found[:2]:
                    service.queue.put(other, **regrades.remark(asked, regrade, one))
                regrade.put += 2
        return found

    monkeypatch.setattr(regrades, "left_out", looked)
    regrading.regrade(service.context, everything_of(service, "regrade")[0])
    assert looks == [6, 4]
    assert len(everything_of(service, "remark")) == 6
    assert progress(service, wanted) == regrades.Progress(total=6, waiting=6, skipped=0, parked=0)


def test_what_came_before_a_worker_was_back_is_waited_for_too(service, monkeypatch):
    """It began with two, and its worker died; four more were handed in until another one put the jobs."""
    wanted, seen = under_way(service, 6, total=2), []
    monkeypatch.setattr(regrading, "AT_ONCE", 2)
    monkeypatch.setattr(regrading.time, "sleep", lambda _: seen.append(progress(service, wanted).waiting))
    regrading.regrade(service.context, everything_of(service, "regrade")[0])
    assert seen == [6, 6, 6]


def test_who_is_erased_while_jobs_are_put_gets_none(service, monkeypatch):
    wanted = under_way(service, 2, total=2)
    monkeypatch.setattr(regrading, "AT_ONCE", 1)
    monkeypatch.setattr(regrading.time, "sleep", lambda _: erase_once())
    order = []

    def erase_once() -> None:
        if not order:
            (job,) = everything_of(service, "remark")
            order.extend(name for name, id_ in service.people.items() if id_ != job.user_id and name in ("Ada", "Bob"))
            erase(service.store, service.people[order[0]])

    regrading.regrade(service.context, everything_of(service, "regrade")[0])
    assert [job.user_id == service.people[order[0]] for job in everything_of(service, "remark")] == [False]
    assert progress(service, wanted) == regrades.Progress(total=1, waiting=1, skipped=0, parked=0)


@pytest.mark.slow
def test_rules_do_not_change_under_a_regrade_and_an_extension_makes_it_look_again(service, edition, staff):
    """The late one is spared, because the one in time has all points; with an extension it might count."""
    with service.by_hand() as db:
        db.get_one(AssignmentRow, service.assignment).policy = to_json(
            Policy(due_at=now() // 60 * 60 - 3600, late_days=2, late_percent_per_day=50)
        )
    early = hand_in(service, "Ada", RIGHT)
    service.work()
    hand_in(service, "Ada", WRONG)
    service.work()
    with service.by_hand() as db:
        db.get_one(SubmissionRow, early).late_seconds = 0.0
    edition.points(momentum=5)
    staff.begin()
    service.work()
    assert [job.state for job in everything_of(service, "remark")] == ["done", "skipped"]
    url = f"/staff/a/{service.assignment}/settings"
    page = staff.browser.get(url).text
    fields = dict(re.findall(r'<input [^>]*name="([^"]+)"[^>]*value="([^"]*)"', page))
    fields |= dict.fromkeys(("show_marks", "show_hints", "show_quiz"), "at_once")
    refused = staff.browser.post(url, data=fields | {"counts": "latest"})
    assert (refused.status_code, "A regrade is under way" in refused.text) == (422, True)
    assert staff.browser.post(url, data=fields | {"counts": "best", "title": "Descent"}).status_code == 200
    where = f"/staff/c/{service.course}/people/{service.people['Ada']}/extensions/{service.assignment}"
    staff.browser.post(where, data={"csrf": staff.token, "due_at": "2050-01-01T00:00", "reason": ""})
    assert service.work() == ["remark"]


@pytest.mark.slow
def test_a_marking_of_a_regrade_that_is_over_is_in_the_preview_of_the_next_with_the_same_edition(
    service, edition, staff, monkeypatch
):
    """It is stored after the next one has begun, and before that looks what there is to mark."""
    hand_in(service, "Bob", WRONG)
    service.work()
    edition.points(bias_correction=20, momentum=5)
    staff.begin()
    jobs.run(service.context, everything_of(service, "regrade")[0].id, "test")
    (at_work,) = everything_of(service, "remark")
    verdict_of = marking.verdict_of

    def another_begins(*given):
        staff.decide("dismiss")
        staff.begin()
        (job,) = [job for job in everything_of(service, "regrade") if job.state == "queued"]
        with service.store.reading() as db:
            begun, asked = db.get_one(RegradeRow, job.regrade_id), db.get_one(AssignmentRow, service.assignment)
        assert not regrading._refused_by(service.context, job, begun, asked)  # noqa: SLF001 - half of a job
        return verdict_of(*given)

    monkeypatch.setattr(marking, "verdict_of", another_begins)
    regrading.remark(service.context, at_work)
    assert service.work() == ["regrade"], "there is nothing left to mark"
    assert "r-bob,Bob,,90,80,-10,1,1" in staff.browser.get(staff.path + "/preview.csv").text


@pytest.mark.slow
def test_two_late_markings_of_a_student_do_not_lower_what_may_not_fall(postgres, tmp_path, monkeypatch):
    """Each would see the other's old report, and take its own for no loss."""
    with serving(tmp_path, postgres.database()) as service:
        ada = service.people["Ada"]
        with service.by_hand() as db:
            asked = db.get_one(AssignmentRow, service.assignment)
            both = [handed_in(db, asked, ada, number, 90.0).id for number in (1, 2)]
            version = VersionRow(assignment_id=asked.id, digest="new", state="proven")
            db.add(version)
            db.flush()
            asked.version_id = version.id
            wanted = RegradeRow(
                assignment_id=asked.id, version_id=version.id, by_id="", state="applied", applied_at=1.0
            )
            db.add(wanted)
            db.flush()
            late = [
                JobRow(
                    kind="remark",
                    lane="regrade",
                    priority=1,
                    user_id=ada,
                    submission_id=one,
                    payload={"regrade": wanted.id},
                )
                for one in both
            ]
            db.add_all(late)
        monkeypatch.setattr(marking, "stored", lambda db, _asked, one, _verdict: stored_by_hand(db, one))
        monkeypatch.setattr(marking, "verdict_of", lambda *_: verdict())
        monkeypatch.setattr(regrading, "_full", lambda *_: 100.0)
        monkeypatch.setattr(service.context, "assignment", lambda *_, **__: load("optimizers"), raising=False)
        judged, meeting = regrades.judged, threading.Barrier(2)

        def judged_at_once(*given, **told):
            found = judged(*given, **told)
            with contextlib.suppress(threading.BrokenBarrierError):
                meeting.wait(1.0)
            return found

        monkeypatch.setattr(regrades, "judged", judged_at_once)
        working_ = [threading.Thread(target=regrading.remark, args=(service.context, job)) for job in late]
        for one in working_:
            one.start()
        for one in working_:
            one.join(20)
        assert points(service) == {"Ada": 90}


def stored_by_hand(db, submission_id):
    report = ReportRow(
        submission_id=submission_id,
        digest="new",
        seed=1,
        status="graded",
        score=50.0,
        max_score=100.0,
        body=b"",
        texts=[],
    )
    db.add(report)
    db.flush()
    return report


def everything_of(service, kind):
    return [job for job in everything(service, JobRow) if job.kind == kind]


@pytest.mark.slow
def test_marks_fall_only_when_that_is_ticked_as_it_was_seen_and_with_a_notice(service, edition, staff):
    hand_in(service, "Bob", WRONG)
    service.work()
    edition.points(bias_correction=20, momentum=5)
    staff.begin()
    service.work()
    falls = falls_of(staff.look())
    unticked = staff.decide("apply", lowering="lower", falls=falls)
    assert unticked.status_code == 422
    assert "Nothing was changed" in unticked.text
    assert 'value="lower" checked' in unticked.text
    stale = staff.decide("apply", lowering="lower", falls="0" * 64, understood="1")
    assert stale.status_code == 422
    assert "Look at the list again" in stale.text
    assert points(service) == {"Bob": 90}
    assert staff.decide("apply", lowering="lower", falls=falls, understood="1").status_code == 200
    assert points(service) == {"Bob": 80}
    (notice,) = everything(service, NoticeRow)
    assert "You had 90 points and now have 80" in notice.text


@pytest.mark.slow("markings by two editions in two workers")
def test_who_hands_in_meanwhile_is_marked_at_once_and_followed_up(service, edition, staff):
    """Before the preview, between it and its application, and in the middle of that."""
    hand_in(service, "Ada", RIGHT)
    service.work()
    version = edition.points(bias_correction=20, momentum=5)
    staff.begin()
    service.work()
    between = hand_in(service, "Bob", AVERAGED)
    assert service.work() == ["mark", "remark"]
    assert points(service)["Bob"] < 90, "marked with the edition in use"
    assert ">Bob" in staff.look("?show=up"), "and in the preview"

    service.person("Cleo")
    overtaken = hand_in(service, "Cleo", AVERAGED)
    waiting = [job for job in everything(service, JobRow) if job.state == "queued"]
    marking_began = service.context.store.reading

    def applied_while_marked():
        """As soon as the marking has looked which edition is in use, the regrade is applied."""
        service.context.store.reading = marking_began
        looked = marking_began()

        class Looked:
            def __enter__(self):
                return looked.__enter__()

            def __exit__(self, *error):
                looked.__exit__(*error)
                staff.decide("apply", lowering="keep")

        return Looked()

    service.context.store.reading = applied_while_marked
    jobs.run(service.context, waiting[0].id, "test")
    assert service.work() == ["remark"]
    with service.store.reading() as db:
        assert db.get_one(AssignmentRow, service.assignment).version_id == version
        digest = db.get_one(VersionRow, version).digest
        for id_ in (between, overtaken):
            assert db.get_one(ReportRow, db.get_one(SubmissionRow, id_).report_id).digest == digest
    assert points(service)["Bob"] == points(service)["Cleo"] > 90
    hand_in(service, "Ada", WRONG)
    assert service.work() == ["mark"], "and from then on the new edition marks"


@pytest.mark.slow
def test_what_was_parked_is_rescued_by_a_regrade(service, edition, staff):
    id_ = hand_in(service, "Ada", RIGHT)
    with service.store.writing() as db:
        db.query(JobRow).delete()
        db.get_one(SubmissionRow, id_).state = "parked"
    edition.points(bias_correction=20, momentum=5)
    staff.begin()
    service.work()
    staff.decide("apply", lowering="keep")
    assert points(service) == {"Ada": 100}
    with service.store.reading() as db:
        assert db.get_one(SubmissionRow, id_).state == "graded"


@pytest.mark.slow
def test_staff_are_told_on_the_course_and_the_assignment_that_the_folder_changed_with_the_one_button(
    service, edition, staff
):
    hand_in(service, "Ada", RIGHT)
    service.work()
    pages = [f"/staff/c/{service.course}", f"/staff/a/{service.assignment}"]
    assert not [url for url in pages if "another edition" in staff.browser.get(url).text]
    edition.points(bias_correction=20, momentum=5)
    service.context = replace(service.context, _loaded={})  # a worker that begins now
    late = hand_in(service, "Bob", WRONG)
    hand_in(service, "Bob", WRONG, practice=True)
    service.browser("Ada").get(f"/a/{service.assignment}/quiz")
    service.work()
    for url in pages:
        page = staff.browser.get(url).text
        assert "another edition" in page, url
        assert re.search(r"state=parked[^>]*>1 submission</a>\s+could not be marked", page), url
        assert re.search(rf'action="{staff.path}">.*<button[^>]*>Begin a regrade', page), url
    staff.begin()
    assert "A <a" in staff.browser.get(pages[1]).text
    service.work()
    staff.decide("apply", lowering="keep")
    with service.store.reading() as db:
        assert db.get_one(SubmissionRow, late).state == "graded"
    for url in pages:
        page = staff.browser.get(url).text
        assert not re.search("another edition|could not be marked|under way", page), url


@pytest.mark.slow
def test_a_worker_that_begins_tells_of_another_edition_before_anybody_hands_in(service, edition, staff):
    edition.points(bias_correction=20)
    service.context = replace(service.context, _loaded={})

    def told() -> bool:
        return "another edition" in staff.browser.get(f"/staff/a/{service.assignment}").text

    assert not told()
    with working(service):
        until(told)
    for file in ("assignment.toml", "__init__.py"):
        (edition.folder / file).write_text("def f(")
        editions.look(replace(service.context, _loaded={}))
        assert told(), "nor can it mark with what it cannot read"


@pytest.mark.slow
def test_what_a_regrade_rescued_is_on_no_list_of_failures_any_more(service, edition, staff):
    edition.points(bias_correction=20, momentum=5)
    service.context = replace(service.context, _loaded={})
    hand_in(service, "Bob", WRONG)
    service.browser("Ada").get(f"/a/{service.assignment}/quiz")
    service.work()
    operator = service.browser("Operator")
    assert operator.get("/operator").text.count("Try again") == 2
    staff.begin()
    service.work()
    staff.decide("apply", lowering="keep")
    assert "Failed jobs</h2>\n<p>None.</p>" in operator.get("/operator").text


@pytest.mark.slow
def test_a_folder_that_was_put_back_is_told_of_no_more_once_a_regrade_with_it_is_applied(service, staff):
    with service.store.writing() as db:
        version = db.get_one(VersionRow, db.get_one(AssignmentRow, service.assignment).version_id)
        digest, version.digest = version.digest, "0" * 64
    ada = service.browser("Ada")
    ada.get(f"/a/{service.assignment}/quiz")
    service.work()
    page = f"/staff/a/{service.assignment}"
    assert "another edition" in staff.browser.get(page).text
    with service.store.writing() as db:
        db.query(VersionRow).one().digest = digest
        job = db.query(JobRow).one()
        job.payload = {**job.payload, "digest": digest}
    staff.begin()
    service.work()
    staff.decide("apply", lowering="keep")
    assert "another edition" not in staff.browser.get(page).text
    assert "being drawn" in ada.get(f"/a/{service.assignment}/quiz").text
    assert service.work() == ["sheet"]


def test_the_proof_shown_is_that_of_the_edition_in_use(service, edition, staff):
    """And not of the one that was proven when the assignment was made."""
    hand_in(service, "Ada", RIGHT)
    service.work()
    with service.store.writing() as db:
        first = db.get_one(VersionRow, db.get_one(AssignmentRow, service.assignment).version_id)
        payload, result = {"assignment": service.assignment}, {"version": first.id, "holds": True}
        db.add(JobRow(kind="prove", lane="slow", priority=1, course_id=service.course, payload=payload, result=result,
                   state="done"))  # fmt: skip
        old = first.digest[:12]
    page = f"/staff/a/{service.assignment}"
    assert old in staff.browser.get(page).text
    edition.points(bias_correction=20, momentum=5)
    staff.begin()
    service.work()
    staff.decide("apply", lowering="keep")
    with service.store.reading() as db:
        new = db.get_one(VersionRow, db.get_one(AssignmentRow, service.assignment).version_id).digest[:12]
    shown = staff.browser.get(page).text
    assert (new in shown, old in shown, new == old) == (True, False, False)


@pytest.mark.slow
def test_what_was_parked_gets_its_report_whatever_else_counts(service, edition, staff):
    """Its student was told that it will."""
    hand_in(service, "Ada", RIGHT)
    service.work()
    id_ = hand_in(service, "Ada", WRONG)
    with service.store.writing() as db:
        db.query(JobRow).filter(JobRow.submission_id == id_).delete()
        db.get_one(SubmissionRow, id_).state = "parked"
    edition.points(bias_correction=20, momentum=5)
    staff.begin()
    service.work()
    staff.decide("apply", lowering="keep")
    with service.store.reading() as db:
        assert db.get_one(SubmissionRow, id_).state == "graded"


@pytest.mark.slow
def test_one_that_was_parked_after_the_beginning_is_marked_when_it_is_applied(service, edition, staff):
    hand_in(service, "Ada", RIGHT)
    service.work()
    edition.points(bias_correction=20, momentum=5)
    staff.begin()
    service.work()
    id_ = hand_in(service, "Bob", RIGHT)
    with service.store.writing() as db:
        db.query(JobRow).filter(JobRow.submission_id == id_).delete()
        db.get_one(SubmissionRow, id_).state = "parked"
    staff.decide("apply", lowering="keep")
    assert service.work() == ["remark"]
    assert points(service)["Bob"] == 100


def test_the_same_edition_changes_nothing_and_says_so(service, staff):
    hand_in(service, "Ada", RIGHT)
    service.work()
    staff.begin()
    assert service.work() == ["regrade"]
    assert "same edition gives the same marks" in staff.look()
    assert len(everything(service, ReportRow)) == 1


@pytest.mark.slow
def test_one_regrade_at_a_time_and_a_dismissed_one_leaves_no_work(service, edition, staff):
    hand_in(service, "Bob", WRONG)
    service.work()
    edition.points(bias_correction=20, momentum=5)
    staff.begin()
    again = staff.begin()
    assert again.status_code == 409
    assert "Apply or dismiss it" in again.text
    assert service.work(1) == ["regrade"]
    too_early = staff.decide("apply", lowering="keep")
    assert too_early.status_code == 409
    staff.decide("dismiss")
    assert service.work() == []
    assert points(service) == {"Bob": 90}
    assert "dismissed" in staff.look()
    assert staff.begin().status_code == 200


@pytest.mark.usefixtures("edition")
def test_nobody_need_look_at_the_failure_of_a_dismissed_one(service, staff, monkeypatch):
    def failing(*_args, **_options):
        raise RuntimeError("the disk is gone")  # a broken folder would be its author's fault, and refused

    monkeypatch.setattr(service.context, "assignment", failing)
    staff.begin()
    service.work()
    assert "The grader failed at this regrade" in staff.look()
    operator = service.browser("Operator")
    assert "Try again" in operator.get("/operator").text
    staff.decide("dismiss")
    assert "Failed jobs</h2>\n<p>None.</p>" in operator.get("/operator").text


@pytest.mark.slow
def test_one_that_is_dismissed_while_it_is_proven_marks_nothing(service, edition, staff, monkeypatch):
    hand_in(service, "Bob", WRONG)
    service.work()
    edition.points(bias_correction=20, momentum=5)
    staff.begin()
    read = service.context.assignment

    def dismissed_meanwhile(*args, **options):
        staff.decide("dismiss")
        return read(*args, **options)

    monkeypatch.setattr(service.context, "assignment", dismissed_meanwhile)
    assert service.work() == ["regrade"]
    assert [row.state for row in everything(service, RegradeRow)] == ["dismissed"]


@pytest.mark.slow
def test_a_worker_that_dies_anywhere_leaves_the_same_regrade(service, edition, staff):
    """Each job runs twice, as one does whose worker fell silent after its last word."""
    hand_in(service, "Bob", WRONG)
    service.work()
    edition.points(bias_correction=20, momentum=5)
    staff.begin()
    (begun,) = [job for job in everything(service, JobRow) if job.kind == "regrade"]
    regrading.regrade(service.context, begun)
    regrading.regrade(service.context, begun)
    (again,) = [job for job in everything(service, JobRow) if job.kind == "remark"]
    assert regrading.remark(service.context, again) == regrading.remark(service.context, again)
    assert len(everything(service, ReportRow)) == 2


@pytest.mark.slow
def test_a_marking_that_ends_twice_moves_nothing_back(service, edition, staff):
    """A worker that was thought dead stores what it found long after a regrade was applied."""
    id_ = hand_in(service, "Bob", AVERAGED)
    (first,) = everything(service, JobRow)
    service.work()
    edition.points(bias_correction=20, momentum=5)
    staff.begin()
    service.work()
    staff.decide("apply", lowering="keep")
    with service.store.reading() as db:
        now = db.get_one(SubmissionRow, id_).report_id
        old = db.scalar(sa.select(ReportRow.digest).where(ReportRow.submission_id == id_, ReportRow.id != now))
        before = db.scalar(sa.select(VersionRow.id).where(VersionRow.digest == old))
        new = db.get_one(AssignmentRow, service.assignment).version_id
    with service.store.writing() as db:
        db.get_one(AssignmentRow, service.assignment).version_id = before  # as the silent worker saw it
    marking.mark(service.context, first)
    with service.store.writing() as db:
        db.get_one(AssignmentRow, service.assignment).version_id = new
        assert db.get_one(SubmissionRow, id_).report_id == now


@pytest.mark.slow
def test_older_ones_are_spared_when_the_counting_one_has_everything(service, edition, staff):
    for source in (WRONG, AVERAGED, RIGHT):
        hand_in(service, "Ada", source)
        service.work()
    edition.points(bias_correction=20, momentum=5)
    staff.begin()
    service.work()
    assert len(everything(service, ReportRow)) == 4
    assert "2 older submissions were not marked again" in staff.look()


@pytest.mark.slow
def test_with_latest_only_the_last_ones_are_marked_again(service, edition, staff):
    for source in (WRONG, AVERAGED):
        hand_in(service, "Ada", source)
        service.work()
    with service.store.writing() as db:
        db.get_one(AssignmentRow, service.assignment).policy = {"counts": "latest"}
    edition.points(bias_correction=20, momentum=5)
    staff.begin()
    assert service.work() == ["regrade", "remark"]


@pytest.mark.slow
def test_one_that_cannot_be_marked_again_keeps_its_report_and_is_told(service, edition, staff):
    id_ = hand_in(service, "Bob", WRONG)
    service.work()
    edition.points(bias_correction=20, momentum=5)
    staff.begin()
    service.work(1)
    with service.store.writing() as db:
        db.execute(sa.update(JobRow).where(JobRow.kind == "remark").values(state="parked", error="ours"))
    page = staff.look()
    assert "1 could not be marked again" in page
    assert f"/staff/s/{id_}" in page
    staff.decide("apply", lowering="keep")
    assert points(service) == {"Bob": 90}


@pytest.mark.slow
def test_an_edition_that_cannot_be_read_is_refused(service, edition, staff):
    hand_in(service, "Bob", WRONG)
    service.work()
    (edition.folder / "assignment.toml").write_text("no toml")
    staff.begin()
    service.work()
    assert "refused" in staff.look()
    assert "is not valid TOML" in staff.look()
    assert [row.state for row in everything(service, RegradeRow)] == ["refused"]


@pytest.mark.slow("it proves an assignment twice")
def test_an_edition_is_proven_before_anybody_is_marked_with_it(service, tmp_path, staff, monkeypatch):
    """A real proof, of the smallest assignment there is; then of one whose hints nobody has read."""
    monkeypatch.setattr(variants, "SEEDS", 20)
    home = tmp_path / "home" / "assignments"
    shutil.copytree(ROOT / "assignments/practice", home / "practice")
    for shared in ("reference", "student_template"):
        (home.parent / shared).symlink_to(ROOT / shared)
    service.context.settings = replace(service.settings, assignments=home)
    with service.store.writing() as db:
        db.get_one(AssignmentRow, service.assignment).source = "practice"
    staff.begin()
    service.work()
    assert [(row.state, bool(row.version_id)) for row in everything(service, RegradeRow)] == [("running", True)]
    staff.decide("dismiss")
    (home / "practice" / "reviewed.json").unlink()
    staff.begin()
    service.work()
    assert "Its proof fails" in staff.look()
    assert {row.state for row in everything(service, VersionRow)} == {"proven", "refused"}


@pytest.mark.slow
def test_the_progress_tells_and_ends_with_the_preview(service, edition, staff):
    hand_in(service, "Bob", WRONG)
    service.work()
    edition.points(bias_correction=20, momentum=5)
    staff.begin()
    assert "waits for a worker" in staff.look("/progress")
    service.work(1)
    assert "0 of 1 submissions" in staff.look("/progress")
    assert "HX-Refresh" not in staff.browser.get(staff.path + "/progress").headers
    service.work()
    assert staff.browser.get(staff.path + "/progress").headers["HX-Refresh"] == "true"
    with service.store.reading() as db:
        assert not [job for job in db.scalars(sa.select(JobRow)) if job.state in OPEN]


def test_students_see_nothing_of_it(service):
    ada, path = service.browser("Ada"), f"/staff/a/{service.assignment}/regrade"
    for more in ("", "/progress", "/preview.csv"):
        assert ada.get(path + more).status_code == 404
    token = csrf(ada)
    assert ada.post(path, data={"csrf": token}).status_code == 404
    assert ada.post(f"{path}/none/apply", data={"csrf": token}).status_code == 404
    assert ada.post(f"{path}/none/dismiss", data={"csrf": token}).status_code == 404
