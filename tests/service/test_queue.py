"""Who is next, in the real queue: one worker with one slot, which takes what waits."""

from __future__ import annotations

import itertools
import math
import threading

import pytest
import sqlalchemy as sa
from course import RIGHT, WRONG, hand_in, serving
from workers import until, working

from autograder.service import queue as queues
from autograder.service.queue import LANES, MOST_BEHIND, next_job, places, unpark
from autograder.service.store.schema import JobRow, SubmissionRow, WorkerRow, now
from autograder.service.worker import jobs, main


@pytest.fixture(params=["sqlite", "postgres"])
def service(request, tmp_path):
    url = request.getfixturevalue("postgres").database() if request.param == "postgres" else ""
    with serving(tmp_path, url) as running:
        yield running


@pytest.fixture
def order(monkeypatch):
    """Jobs of the kind "note" write down that they ran, in turn."""
    ran: list[str] = []
    monkeypatch.setitem(jobs.KINDS, "note", lambda context, job: ran.append(job.payload["name"]) or {})
    return ran


def put(service, name, lane="interactive", who=None, kind="note") -> str:
    with service.store.writing() as db:
        user = service.people[who] if who else None
        return service.queue.put(db, kind, lane, user_id=user, payload={"name": name}).id


def state(service, job_id) -> str:
    with service.store.reading() as db:
        return db.get_one(JobRow, job_id).state


def test_lanes_never_overlap():
    bases = sorted(lane.base for lane in LANES.values() if lane.queue == "quick")
    assert all(after - before > MOST_BEHIND for before, after in itertools.pairwise(bases))


def test_lanes_come_one_after_the_other(service, order):
    for lane in ("regrade", "practice", "interactive", "sheet"):
        put(service, lane, lane)
    with working(service):
        until(lambda: len(order) == 4)
    assert order == ["sheet", "interactive", "practice", "regrade"]


@pytest.mark.slow
def test_nobody_waits_for_somebody_elses_second_job(service, order):
    for number in (1, 2, 3):
        put(service, f"Ada {number}", who="Ada")
    for number in (1, 2):
        put(service, f"Bob {number}", who="Bob")
    with working(service):
        until(lambda: len(order) == 5)
    assert order == ["Ada 1", "Bob 1", "Ada 2", "Bob 2", "Ada 3"]


def test_a_job_is_queued_only_if_what_it_is_about_is_stored(service, order):
    with pytest.raises(ZeroDivisionError), service.store.writing() as db:  # noqa: PT012
        service.queue.put(db, "note", "interactive", payload={"name": "never"})
        raise ZeroDivisionError
    put(service, "stored")
    with working(service):
        until(lambda: order)
    assert order == ["stored"]


@pytest.mark.slow
def test_a_newer_submission_takes_the_place_of_one_that_waits(service):
    first, second = hand_in(service, "Ada", WRONG), hand_in(service, "Ada", RIGHT)
    practice = hand_in(service, "Ada", WRONG, practice=True)
    with service.store.reading() as db:
        states = [db.get_one(SubmissionRow, one).state for one in (first, second, practice)]
    assert states == ["superseded", "queued", "queued"]
    with working(service):
        until(lambda: {"graded"} == states_of(service, second, practice))
    assert states_of(service, first) == {"superseded"}


def states_of(service, *submissions) -> set[str]:
    with service.store.reading() as db:
        return {db.get_one(SubmissionRow, one).state for one in submissions}


@pytest.mark.slow
def test_places_are_told_in_the_order_in_which_jobs_are_taken(service, order, monkeypatch):
    begun, go = threading.Event(), threading.Event()
    monkeypatch.setitem(jobs.KINDS, "hold", lambda context, job: begun.set() or (go.wait(30) and {}))
    holding = put(service, "", kind="hold")
    waiting = [put(service, "practice", "practice"), put(service, "Ada", who="Ada"), put(service, "Bob", who="Bob")]
    slow = put(service, "slow", "slow")
    with working(service):
        assert begun.wait(30)
        until(lambda: state(service, slow) == "done")
        with service.store.reading() as db:
            told = places(db)
        go.set()
        until(lambda: len(order) == 4)
    assert order == ["slow", "Ada", "Bob", "practice"]
    assert (told[holding].state, told[holding].ahead) == ("running", 0)
    assert [told[one].ahead for one in waiting] == [2, 0, 1]
    assert set(told) == {holding, *waiting}
    assert told[waiting[1]].seconds < told[waiting[2]].seconds < told[waiting[0]].seconds


def test_who_watches_reads_no_regrade_that_waits_behind(service):
    """One of twenty thousand kept a web process busy, four times a second."""
    hand_in(service, "Ada")
    with service.store.writing() as db:
        for number in range(2 * queues.AT_ONCE):
            db.add(JobRow(kind="note", lane="regrade", priority=LANES["regrade"].base + number))
        last = service.queue.put(db, "note", "interactive", user_id=service.people["Bob"]).id
    with service.store.reading() as db:
        told, everything = places(db, [last]), places(db)
    assert (len(told), told[last].ahead) == (2, 1)
    assert (len(everything), everything[last]) == (2 + 2 * queues.AT_ONCE, told[last])


def test_the_estimate_is_what_jobs_took_lately_shared_by_all_slots(service):
    with service.store.writing() as db:
        for number in range(60):
            took = 4.0 if number >= 10 else 400.0  # the first ones are no longer recent
            at = now() - 1000 + number
            db.add(
                JobRow(kind="mark", lane="interactive", priority=1, state="done", started_at=at - took, finished_at=at)
            )
        db.add_all(WorkerRow(id=f"w{number}", slots=2, sandbox="landlock") for number in (1, 2))
        db.add(WorkerRow(id="dead", slots=50, sandbox="landlock", beat_at=now() - 10 * queues.LEASE_SECONDS))
    last = [put(service, str(number)) for number in range(9)][-1]
    with service.store.reading() as db:
        place = places(db)[last]
    assert (place.ahead, round(place.seconds, 3)) == (8, 4.0 * (8 / 4 + 1))


def test_the_estimate_of_a_marking_is_not_from_what_exercises_took(service):
    """They are drawn in hundredths of a second, and many at a time."""
    with service.store.writing() as db:
        for number in range(50):
            lane, took = ("interactive", 4.0) if number % 10 == 0 else ("sheet", 0.02)
            at = now() - 1000 + number
            db.add(JobRow(kind="mark", lane=lane, priority=1, state="done", started_at=at - took, finished_at=at))
        db.add(WorkerRow(id="w", slots=2, sandbox="landlock"))
    for number in range(10):
        put(service, str(number), "sheet")
    last = [put(service, str(number)) for number in range(5)][-1]
    with service.store.reading() as db:
        place = places(db)[last]
    assert (place.ahead, round(place.seconds, 3)) == (14, (4 * 4.0 + 10 * 0.02) / 2 + 4.0)


def test_nobody_is_promised_a_time_while_there_is_no_worker(service):
    submission = hand_in(service, "Ada")
    with service.store.reading() as db:
        (place,) = places(db).values()
    assert (place.ahead, place.seconds) == (0, None)
    ada = service.browser("Ada")
    assert "no worker is there just now" in ada.get(f"/s/{submission}").text


@pytest.mark.slow
def test_a_parked_job_can_be_tried_again(service, monkeypatch):
    monkeypatch.setattr(jobs, "RETRY_SECONDS", (0.0, 0.0))
    monkeypatch.setitem(jobs.KINDS, "mark", lambda context, job: 1 / 0)
    submission = hand_in(service, "Ada")
    with working(service):
        until(lambda: states_of(service, submission) == {"parked"})
    with service.store.reading() as db:
        parked = db.scalars(sa.select(JobRow)).one()
    assert (parked.state, parked.failures) == ("parked", jobs.FAILURES)
    assert "ZeroDivisionError" in parked.error
    monkeypatch.undo()
    with service.store.writing() as db:
        assert unpark(db, service.queue, parked.id)
        assert not unpark(db, service.queue, parked.id)
    with working(service):
        until(lambda: states_of(service, submission) == {"graded"})


def test_a_job_that_failed_waits_before_it_is_tried_again_and_keeps_nobody_waiting(service, order):
    tried = put(service, "later")
    with service.store.writing() as db:
        service.queue.again(db, db.get_one(JobRow, tried), after_seconds=1.0)
    put(service, "now")
    with service.store.reading() as db:
        assert next_job(db, "slow") == (None, math.inf)
    with working(service):
        until(lambda: len(order) == 2)
    assert order == ["now", "later"]


def test_a_hand_that_waits_is_woken_when_a_job_is_stored(service, order, monkeypatch):
    """Its worker would look by itself only after a quarter of an hour."""
    monkeypatch.setattr(main, "NET_SECONDS", 900.0)
    with working(service):
        put(service, "first")
        until(lambda: order == ["first"])
        put(service, "second", "slow")
        until(lambda: order == ["first", "second"])


def test_hands_of_two_workers_run_each_job_once(service, order):
    for number in range(40):
        put(service, str(number))
    with working(service, "one", 2), working(service, "other", 2):
        until(lambda: len(order) >= 40)
    assert sorted(order, key=int) == [str(number) for number in range(40)]


def test_workers_that_look_at_the_same_moment_take_different_jobs(tmp_path, postgres):
    with serving(tmp_path, postgres.database()) as service:
        put_there = [put(service, name) for name in ("first", "second")]
        with service.store.writing() as one, service.store.writing() as two, service.store.writing() as three:
            taken = [next_job(db, "quick") for db in (one, two, three)]
        assert taken == [(put_there[0], 0.0), (put_there[1], 0.0), (None, math.inf)]
