"""Migrations, tested from the first release on: an empty database, one of the first release with rows, two at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from autograder.service.store import Store
from autograder.service.store.migrate import NewerDatabase, migrate, revisions, state_of
from autograder.service.store.schema import (
    Base,
    JobRow,
    RegradeRow,
    ReportRow,
    StandingRow,
    StudentMisconceptionRow,
    SubmissionRow,
    UserRow,
)
from autograder.service.store.standings import outdated

# A database as the first release made and filled it: a row in each table. It never changes; migrations do what they must.
FIRST = Path(__file__).resolve().parents[1] / "data" / "service-0001.sql"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'gradmark.sqlite'}"
    return request.getfixturevalue("postgres").database()


@pytest.fixture
def first(tmp_path) -> Path:
    file = tmp_path / "first.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.executescript(FIRST.read_text(encoding="utf-8"))
    return file


@pytest.fixture
def opened(url) -> Iterator[Store]:
    migrate(url)
    store = Store(url)
    yield store
    store.close()


def differences(store: Store) -> list[object]:
    """Between the tables that there are and those of the code."""
    with store.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _: kind != "table" or name in Base.metadata.tables,
            },
        )
        return compare_metadata(context, Base.metadata)


def schema(file: Path) -> dict[str, str]:
    """Of our tables and indexes, without what spaces a release of SQLAlchemy puts into them."""
    with closing(sqlite3.connect(file)) as database:
        rows = database.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
    ours = {*Base.metadata.tables, "gradmark_version"}
    return {name: "".join(sql.split()) for name, sql in rows if name in ours or name.startswith("ix_")}


def test_an_empty_database_gets_the_tables_of_the_code(opened):
    assert differences(opened) == []
    with opened.reading() as db:
        assert state_of(db) == "current"


def test_a_difference_is_seen(opened):
    with opened.writing() as db:
        db.execute(sa.text("DROP INDEX ix_submissions_user_id"))
    assert differences(opened) != []


def test_again_does_nothing(opened, url):
    with opened.writing() as db:
        db.add(UserRow(name="Ada"))
    migrate(url)
    with opened.reading() as db:
        assert db.scalars(sa.select(UserRow.name)).all() == ["Ada"]


def test_the_first_migration_still_makes_what_the_first_release_had(first, tmp_path):
    """A migration that was released is never changed."""
    migrate(f"sqlite:///{tmp_path / 'made.sqlite'}", to="0001")
    assert schema(tmp_path / "made.sqlite") == schema(first)


def test_a_database_of_the_first_release_keeps_its_rows(first):
    tables = [*Base.metadata.tables]
    with closing(sqlite3.connect(first)) as database:
        known = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        before = {
            name: database.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608
            for name in tables
            if name in known
        }
    assert min(before.values()) > 0, "a table of the first release has no row here"
    migrate(f"sqlite:///{first}")
    store = Store(f"sqlite:///{first}")
    assert differences(store) == []
    with store.reading() as db:
        after = {name: db.scalar(sa.select(sa.func.count()).select_from(Base.metadata.tables[name])) for name in before}
        assert after == before
        submission = db.scalars(sa.select(SubmissionRow)).one()
        assert submission.upload
        assert db.execute(sa.text("PRAGMA foreign_key_check")).all() == []
    store.close()


def test_jobs_that_were_to_draw_are_markings_after_the_upgrade(first):
    with closing(sqlite3.connect(first)) as database, database:
        for id_, state in (("done", "done"), ("next", "queued"), ("late", "parked")):
            database.execute(
                "INSERT INTO jobs (id, made_at, kind, lane, priority, payload, state, failures, starts, result, error)"
                " VALUES (?, 1.0, 'draw', 'pictures', 30000, '{\"charts\": \"\"}', ?, 0, 0, '{}', '')",
                (id_, state),
            )
    migrate(f"sqlite:///{first}")
    store = Store(f"sqlite:///{first}")
    with store.reading() as db:
        kept = db.execute(sa.select(JobRow.id, JobRow.kind, JobRow.lane).where(JobRow.id.in_(("done", "next", "late"))))
        assert sorted(kept) == [("late", "mark", "regrade"), ("next", "mark", "regrade")]
    store.close()


def test_what_is_kept_is_there_after_the_upgrade(first):
    """The first release kept nothing: it computed a class's standings for each page."""
    with closing(sqlite3.connect(first)) as database, database:
        database.execute("UPDATE submissions SET state = 'graded', practice = 0, report_id = (SELECT id FROM reports)")
        database.execute("UPDATE reports SET status = 'graded', submission_id = (SELECT id FROM submissions)")
        regrade = database.execute("SELECT id FROM regrades").fetchone()[0]
        for id_, state, late, result in (
            ("a", "done", "false", "{}"), ("b", "done", "false", '{"skipped": "erased"}'), ("c", "queued", "true", "{}"),
        ):  # fmt: skip
            payload = f'{{"regrade": "{regrade}", "late": {late}}}'
            database.execute(
                "INSERT INTO jobs (id, made_at, kind, lane, priority, payload, state, failures, starts, result, error)"
                " VALUES (?, 1.0, 'remark', 'regrade', 1, ?, ?, 0, 0, ?, '')",
                (id_, payload, state, result),
            )
    migrate(f"sqlite:///{first}")
    store = Store(f"sqlite:///{first}")
    with store.reading() as db:
        assert list(outdated(db)) == []
        assert len(db.scalars(sa.select(StandingRow)).all()) == 1
        assert len(db.scalars(sa.select(StudentMisconceptionRow)).all()) == 1
        jobs = db.execute(
            sa.select(JobRow.id, JobRow.state, JobRow.regrade_id).where(JobRow.kind == "remark").order_by(JobRow.id)
        )
        assert [tuple(row) for row in jobs] == [
            ("a", "done", regrade),
            ("b", "skipped", regrade),
            ("c", "queued", None),
        ]
        assert db.get_one(RegradeRow, regrade).total == 2
        assert db.scalars(sa.select(ReportRow.counted)).all() == [True]
    store.close()


def test_a_database_of_a_newer_release_is_refused_and_left_alone(opened, url):
    with opened.writing() as db:
        db.execute(sa.text("UPDATE gradmark_version SET version_num = '9999'"))
    with pytest.raises(NewerDatabase, match=r"9999.*Nothing was changed"):
        migrate(url)
    with opened.reading() as db:
        assert state_of(db) == "newer"
        assert db.scalar(sa.text("SELECT version_num FROM gradmark_version")) == "9999"


@pytest.mark.slow
def test_processes_that_start_at_once_are_all_right(url):
    program = f"from autograder.service.store.migrate import migrate; print(flush=True); input(); migrate({url!r})"
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    starting = [subprocess.Popen([sys.executable, "-c", program], **streams) for _ in range(3)]
    for process in starting:
        process.stdout.readline()  # it has imported everything
    for process in starting:
        process.stdin.write("\n")
        process.stdin.flush()
    ended = [(process.communicate()[1], process.returncode) for process in starting]
    assert [status for _, status in ended] == [0, 0, 0], ended
    store = Store(url)
    assert differences(store) == []
    store.close()


def test_a_migration_that_fails_in_the_middle_has_changed_nothing(url, monkeypatch):
    """Tables are made in one transaction, on SQLite too, where a driver would commit before each."""
    import alembic.op

    def not_any_more(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("the power is gone")

    monkeypatch.setattr(alembic.op, "create_index", not_any_more)
    with pytest.raises(RuntimeError, match="the power"):
        migrate(url)
    monkeypatch.undo()
    store = Store(url)
    assert not {*sa.inspect(store.engine).get_table_names()} & {*Base.metadata.tables}
    migrate(url)
    assert differences(store) == []
    store.close()


def test_every_migration_says_where_it_goes_on():
    assert revisions()[-1] == "0001"
    assert len(set(revisions())) == len(revisions())
