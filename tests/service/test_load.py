"""What keeps pages fast in a large course: the same queries and the same work however much is stored, by an index."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from conftest import require
from fastapi.testclient import TestClient
from service_load import asked_pages, deployment, fill, graded

from autograder.service.queue import Queue, places
from autograder.service.store import Store
from autograder.service.store.rows import count
from autograder.service.store.schema import AssignmentRow, SubmissionRow
from autograder.service.store.standings import refresh
from autograder.service.web.app import create_app
from autograder.service.web.edge.live import sights
from autograder.service.web.student.submitting import receive

LARGE = "submissions|reports|diagnoses|jobs|audit|sheets"  # tables that grow with what is handed in
WHOLE = {"metrics"}  # count everything by an index, once a minute
STEP = 20  # instructions of SQLite's machine that are counted as one


@pytest.fixture(scope="module")
def course():
    """A course of twelve with 30 submissions, and what fills it further."""
    require("landlock")
    with deployment(12) as made:
        columns = graded(made)
        fill(made, columns, 0, 30)
        yield made, columns


def have(made, columns, wanted: int) -> None:
    """Fill the course until so many are stored, whatever a test before has stored."""
    with made.store.reading() as db:
        there = count(db, SubmissionRow.assignment_id == made.assignment, SubmissionRow.report_id.is_not(None))
    fill(made, columns, there, wanted)


@contextmanager
def listening():
    """Every SELECT that is executed meanwhile, with its parameters."""
    seen = []

    def note(_connection, _cursor, statement, parameters, *_):
        if statement.startswith("SELECT"):
            seen.append((statement, parameters))

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


@contextmanager
def working():
    """Counts what SQLite does meanwhile, in steps of so many instructions: no clock, and the same every time."""
    done = [0]

    def step() -> None:
        done[0] += 1

    def opened(connection, _record):
        connection.set_progress_handler(step, STEP)

    sa.event.listen(sa.Engine, "connect", opened)
    try:
        yield lambda: done[0]
    finally:
        sa.event.remove(sa.Engine, "connect", opened)


def worked(made) -> dict[str, int]:
    """Steps of each page, when everything that is cached once has been; and of a marking's end."""
    told = {}
    with working() as count, TestClient(create_app(made.settings), client=("127.0.0.1", 1)) as client:
        for name, (path, cookie) in asked_pages(made).items():
            for _ in range(2):
                before = count()
                assert client.get(path, headers={"cookie": cookie}).status_code == 200, name
                told[name] = count() - before
        store, student = Store(made.settings.database), next(iter(made.cookies))
        with store.writing() as db:
            before = count()
            refresh(db, db.get_one(AssignmentRow, made.assignment), [student])
            told["what is kept of a student"] = count() - before
        store.close()
    return told


def asked(made) -> dict[str, list]:
    """The queries of each page, and of what goes on beside them."""
    told = {}
    with TestClient(create_app(made.settings), client=("127.0.0.1", 1)) as client:
        for name, (path, cookie) in asked_pages(made).items():
            with listening() as told[name]:
                assert client.get(path, headers={"cookie": cookie}).status_code == 200, name
    queue = Queue()
    with listening() as told["handing in"], made.store.writing() as db:
        student = next(iter(made.cookies))
        one = receive(db, queue, db.get_one(AssignmentRow, made.assignment), student, "optimizers.py", b"x = 1\n").id
    with listening() as told["the place in the queue"], made.store.reading() as db:
        assert places(db)
        assert sights(db, [one])
    return told


@pytest.mark.slow
def test_no_page_asks_more_often_the_more_is_stored(course):
    made, columns = course
    before = asked(made)
    have(made, columns, 300)
    after = asked(made)
    assert {name: len(queries) for name, queries in after.items()} == {
        name: len(queries) for name, queries in before.items()
    }


@pytest.mark.slow
def test_no_page_works_more_the_more_is_stored(course):
    """Of each student there is ten times as much."""
    made, columns = course
    have(made, columns, 300)
    before = worked(made)
    have(made, columns, 3000)
    after = worked(made)
    assert all(steps for name, steps in before.items() if name != "metrics")  # these are kept for a moment
    grown = {
        name: (before[name], after[name])
        for name in before
        if name not in WHOLE and after[name] > 1.2 * before[name] + 20
    }
    assert not grown


def test_every_query_finds_its_rows_by_an_index(course):
    made, _ = course
    wasteful = []
    with made.store.reading() as db:
        for name, queries in asked(made).items():
            for statement, parameters in queries if name not in WHOLE else ():
                plan = db.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                wasteful += [(name, row.detail, statement) for row in plan if reads_all(row.detail, statement)]
    assert not wasteful


def reads_all(step: str, statement: str) -> bool:
    """Whether SQLite reads a whole table for this step of its plan, or sorts all that match to take a few."""
    sorts_all = (
        "TEMP B-TREE FOR ORDER BY" in step and " LIMIT " in statement and re.search(rf"FROM ({LARGE})\b", statement)
    )
    return bool(re.match(rf"SCAN ({LARGE})\b", step) or sorts_all)
