"""The demands of a worker on Postgres: connections, transactions, log, and nothing of a session but where it listens."""

from __future__ import annotations

import logging
import re
import threading
from contextlib import ExitStack, contextmanager

import pytest
import sqlalchemy as sa
from course import RIGHT, SAMPLES, WRONG, csrf, hand_in, serving
from pgbouncer import SESSIONS
from workers import until, working

from autograder.service import serve
from autograder.service.serve import CannotServe
from autograder.service.settings import settings
from autograder.service.store import Store
from autograder.service.store.migrate import migrate
from autograder.service.store.schema import JobRow, ReportRow, SubmissionRow
from autograder.service.worker import jobs, main

HANDS = 8
MOST_CONNECTIONS = 3
MOST_TRANSACTIONS, MOST_LOG = 40, 20_000  # of a marking, the latter in bytes
MILD = SAMPLES["Adam corrected by the wrong beta"].read_bytes()  # whose line is found in a third of the time


@contextmanager
def looking(url: str):
    """A connection that sees what the server counts."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield lambda query, **values: connection.execute(sa.text(query), values).scalar_one()
    engine.dispose()


def run(url: str, statement: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


def all_done(service) -> bool:
    with service.store.reading() as db:
        return not db.scalar(sa.select(JobRow.id).where(JobRow.state.in_(("queued", "running"))).limit(1))


def test_a_worker_with_many_hands_has_three_connections(tmp_path, postgres, monkeypatch):
    url = postgres.database()
    count = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'gradmark worker%'"
    held = []

    def hold(context, _job):
        with context.store.writing() as db:
            db.execute(sa.text("SELECT pg_sleep(0.05)"))
        return {}

    monkeypatch.setitem(jobs.KINDS, "hold", hold)
    with serving(tmp_path, url) as service, looking(url) as ask, working(service, slots=HANDS):
        with service.store.writing() as db:
            for _ in range(4 * HANDS):
                service.queue.put(db, "hold", "interactive")

        def over() -> bool:
            held.append(ask(count + " AND datname = current_database()"))
            return all_done(service)

        until(over)
    assert max(held) == MOST_CONNECTIONS


@pytest.mark.slow
def test_a_marking_costs_few_transactions_and_little_log(tmp_path, postgres):
    """Counted by the server, with all that a worker does besides: it starts, beats, looks for work and ends."""
    url = postgres.database()
    transactions = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
    log = "SELECT pg_current_wal_insert_lsn() - '0/0'"
    sources = [RIGHT, MILD] * 3  # a worker beats in any case: what is marked slowly would count more beats
    with serving(tmp_path, url) as service, looking(url) as ask:
        for number in range(len(sources)):
            service.person(f"Student {number}")

        def alone() -> None:
            """Everybody else's session ends: then the server knows what it did."""
            service.store.engine.dispose()
            until(lambda: ask("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()") == 1)

        def mark_all(of: bytes) -> tuple[float, float]:
            marked = threading.Semaphore(0)

            def done(context, job, result, done=jobs.done) -> None:
                done(context, job, result)
                if job.kind == "mark":  # not the day's tidying
                    marked.release()

            for number, source in enumerate(sources):
                hand_in(service, f"Student {number}", source + of)
            alone()
            before = ask(transactions), ask(log)
            with pytest.MonkeyPatch.context() as patched, working(service):
                patched.setattr(jobs, "done", done)
                for _ in sources:
                    assert marked.acquire(timeout=60)
            alone()
            return (ask(transactions) - before[0]) / len(sources), float(ask(log) - before[1]) / len(sources)

        # The first change of a page after a checkpoint logs all of the page: how often that is, is the operator's choice.
        for setting in ("SET full_page_writes = off", "SET autovacuum = off"):
            run(url, f"ALTER SYSTEM {setting}")
        run(url, "SELECT pg_reload_conf()")
        try:
            mark_all(b"# 1")
            taken, logged = mark_all(b"# 2")
        finally:
            run(url, "ALTER SYSTEM RESET ALL")
            run(url, "SELECT pg_reload_conf()")
        with service.store.reading() as db:
            assert db.scalar(sa.select(sa.func.count()).select_from(ReportRow)) == 2 * len(sources)
    assert 5 < taken <= MOST_TRANSACTIONS
    assert 1000 < logged <= MOST_LOG


def left_in_sessions(url: str) -> list[str]:
    """The things that sessions behind PgBouncer keep between two transactions, and that the next client finds."""
    engine = sa.create_engine(url, connect_args={"prepare_threshold": None})
    with ExitStack() as opened:  # as many transactions at once as there are sessions: each has another
        clients = [opened.enter_context(engine.connect()) for _ in range(SESSIONS)]
        kept = [name for client in clients for name in client.scalars(sa.text(KEPT))]
    engine.dispose()
    return kept


KEPT = """
SELECT statement FROM pg_prepared_statements
UNION ALL SELECT pg_listening_channels()
UNION ALL SELECT locktype FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
UNION ALL SELECT name FROM pg_settings WHERE source = 'session' AND name <> 'application_name'
"""


@pytest.mark.slow
def test_a_service_works_behind_pgbouncer_in_transaction_mode(tmp_path, pooled, monkeypatch, caplog):
    """With two sessions for all: who relied on one of its own would meet somebody else's. Workers are only ever rung."""
    url, direct = pooled
    monkeypatch.setattr(main, "NET_SECONDS", 3600.0)
    with serving(tmp_path, url, direct=direct) as service, working(service, slots=4), service.browser("Ada") as ada:
        until(lambda: all_done(service))
        token, form = csrf(ada), f"/a/{service.assignment}"
        for number in range(3):
            key = re.search('name="key" value="([^"]+)"', ada.get(form).text)[1]
            sent = ada.post(
                f"{form}/submissions",
                data={"csrf": token, "key": key},
                files={"file": ("optimizers.py", RIGHT + b"#" * number)},
            )
            assert sent.status_code == 200, sent.text
            hand_in(service, "Bob", WRONG)
            until(lambda: all_done(service), 120.0)  # on a busy machine the search for a line takes a while
        with service.store.reading() as db:
            assert set(db.scalars(sa.select(SubmissionRow.state))) == {"graded"}
            assert db.scalar(sa.select(sa.func.count()).select_from(SubmissionRow)) == 6
        assert left_in_sessions(url) == []
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_statement_that_is_often_asked_is_prepared_in_nobodys_session(pooled):
    url, direct = pooled
    migrate(direct)
    store = Store(url)
    for number in range(20):
        with store.writing() as db:  # a rollback would make the driver forget its statements
            db.execute(sa.update(JobRow).where(JobRow.priority == number).values(starts=1))
    store.close()
    assert left_in_sessions(url) == []


def test_a_worker_behind_pgbouncer_listens_past_it(tmp_path, pooled):
    url, direct = pooled
    with serving(tmp_path, url, direct=direct) as service, looking(direct) as ask, working(service):
        listens = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gradmark worker, listening'"
        until(lambda: ask(listens) == 1)


def test_a_direct_url_beside_sqlite_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADMARK_DATABASE_DIRECT", "postgresql://db.example.org/gradmark")
    monkeypatch.delenv("GRADMARK_DATABASE", raising=False)
    with pytest.raises(CannotServe, match="GRADMARK_DATABASE_DIRECT"):
        serve.serve(settings(tmp_path), host="127.0.0.1", port=0, url="", worker=None, say=print)
