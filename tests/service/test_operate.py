"""What operators do: a backup under way, a service out of it, one person's data shown and erased, old data, checks."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sqlite3
import stat
import tarfile
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest import require
from course import RIGHT, WRONG, Service, csrf, hand_in, serving
from fastapi import HTTPException
from typer.testing import CliRunner

from autograder.cli import app
from autograder.service.operate import CannotOperate, housekeeping, people
from autograder.service.operate.backup import backup, restore
from autograder.service.operate.integrity import check
from autograder.service.queue import Queue
from autograder.service.serve import CannotServe, serve
from autograder.service.settings import Settings
from autograder.service.store import Store
from autograder.service.store.links import PREFIX, new_link
from autograder.service.store.locks import locked
from autograder.service.store.schema import (
    ArrivalRow,
    AssignmentRow,
    AuditRow,
    Base,
    CommentRow,
    ContextRow,
    CourseRow,
    DiagnosisRow,
    ExtensionRow,
    JobRow,
    LaunchRow,
    LinkRow,
    MembershipRow,
    NoticeRow,
    OverrideRow,
    PassbackRow,
    PlatformRow,
    PlatformUserRow,
    ReportRow,
    ResourceRow,
    SessionRow,
    SheetRow,
    StandingRow,
    SubmissionRow,
    TextMarkRow,
    TokenRow,
    UserRow,
    VersionRow,
    now,
)
from autograder.service.store.standings import refresh
from autograder.service.web.student.submitting import receive
from autograder.service.worker import marking

DAY = 86_400.0
# Words that are nowhere but in what this student did; the marker is in the upload too, where no report repeats it.
MARK = "zq7xkvw"
HERS = WRONG + f"\n# {MARK}-upload\n".encode()


def gradmark(*arguments: object, stdin: str = "") -> str:
    done = CliRunner().invoke(app, ["admin", *map(str, arguments)], input=stdin)
    assert done.exit_code == 0, done.output + repr(done.exception)
    return done.stdout


def told(*arguments: object) -> tuple[int, str]:
    """A command that is refused: its exit status and what it says."""
    done = CliRunner().invoke(app, ["admin", *map(str, arguments)])
    return done.exit_code, done.stderr


@pytest.fixture
def where(service) -> list[str]:
    return ["--data", str(service.settings.data)]


def enrich(service: Service) -> str:
    """A student with a row in every table that knows people, each with a word that is nowhere else."""
    student = service.person(f"{MARK}-name")
    with service.store.writing() as db:
        db.get_one(MembershipRow, (service.course, student)).section = f"{MARK}-section"
        platform = PlatformRow(issuer="i", client_id="c", authorize_url="", token_url="", jwks_url="")
        db.add(platform)
        db.flush()
        context = ContextRow(platform_id=platform.id, deployment="d", context="c", course_id=service.course)
        known = PlatformUserRow(platform_id=platform.id, subject=f"{MARK}-subject", user_id=student)
        db.add_all([context, known])
        db.flush()
        resource = ResourceRow(context_id=context.id, link="l")
        db.add_all([resource, ArrivalRow(context_id=context.id, subject=known.subject, platform_id=platform.id)])
        db.flush()
        about = {"assignment_id": service.assignment, "user_id": student}
        db.add_all(
            [
                PassbackRow(resource_id=resource.id, platform_id=platform.id, subject=f"{MARK}-subject", sent_at=0.0),
                ExtensionRow(**about, due_at=now(), reason=f"{MARK}-reason"),
                SheetRow(**about, digest="", items=[], answers={"q": f"{MARK}-answer"}),
                TextMarkRow(**about, item_id="q", answer_digest="", points=1.0, comment=f"{MARK}-comment", by_id="s"),
                NoticeRow(user_id=student, text=f"{MARK}-notice"),
                TokenRow(token_hash=MARK[::-1], user_id=student, name=f"{MARK}-token", expires_at=now() + DAY),
                SessionRow(token_hash=MARK[::-1], user_id=student, csrf="c", expires_at=now() + DAY),
                JobRow(
                    kind="similarity",
                    lane="slow",
                    priority=1,
                    state="done",
                    finished_at=now(),
                    course_id=service.course,
                    result={"pairs": [{"users": ["x", student], "passages": f"{MARK}-copied"}]},
                ),
                AuditRow(action="roster.imported", detail={"names": [f"{MARK}-name", "Grüß"]}),
                AuditRow(action="person.added", object_id=f"{MARK}-name@example.org"),
                AuditRow(action="submission.made", actor_id=student, detail={"file": f"{MARK}-file.py"}),
            ]
        )
        new_link(db, student, "")
    submission = hand_in(service, f"{MARK}-name", HERS, answers={"q": f"{MARK}-text"}, idempotency_key=f"{MARK}-key")
    with service.store.writing() as db:
        db.get_one(SubmissionRow, submission).name = f"{MARK}-file.py"
        db.add(CommentRow(submission_id=submission, author_id=student, text=f"{MARK}-question"))
        db.add(OverrideRow(submission_id=submission, row="criterion:sgd", points=1.0, reason=f"{MARK}-why", by_id="s"))
    assert service.work() == ["mark"]
    hand_in(service, f"{MARK}-name", HERS + b"#")  # and one that waits
    return student


def rows(store: Store, user: str) -> dict[str, int]:
    """How many rows about this person each table has."""
    with store.reading() as db:
        return {
            table.__tablename__: db.scalar(sa.select(sa.func.count()).select_from(table).where(condition)) or 0
            for table, condition in people.about(user).items()
        }


def traces(data: Path) -> list[str]:
    """Files with the word in them, as bytes, write-ahead log included."""
    return [file.name for file in sorted(data.iterdir()) if file.is_file() and MARK.encode() in file.read_bytes()]


# ------------------------------------------------------------------------------------------------------ one person
def test_every_table_is_about_people_or_is_known_not_to_be():
    known = {table.__tablename__ for table in people.about("")} | people.IMPERSONAL
    assert {*Base.metadata.tables} == known | {"users", "memberships", "audit"}


@pytest.mark.slow
def test_a_student_who_is_erased_leaves_no_byte_in_the_files(service, where):
    student = enrich(service)
    before = rows(service.store, student)
    assert min(before.values()) > 0, f"the test forgets tables: {before}"
    with contextlib.closing(service.store.engine.raw_connection()) as raw:
        raw.cursor().execute("PRAGMA wal_checkpoint")
    assert traces(service.settings.data) == ["gradmark.sqlite", "gradmark.sqlite-wal"], "the test looks for nothing"
    gradmark("erase", "--user", f"{MARK}-name@example.org", "--yes", *where)
    assert sum(rows(service.store, student).values()) == 0
    assert traces(service.settings.data) == []
    with service.store.reading() as db:
        user = db.get_one(UserRow, student)
        assert (user.name, user.email) == ("", None)
        assert user.erased_at is not None
        assert db.scalars(sa.select(AuditRow.action).where(AuditRow.object_id == student)).all() == [
            "person.added",
            "user.erased",
        ]
    assert check(service.store) == []


def test_who_was_erased_while_being_marked_stays_erased(service, monkeypatch):
    student = service.person("Eve")
    hand_in(service, "Eve", WRONG)
    grade = service.context.sandbox.run

    def erased_meanwhile(job: bytes, most_seconds: float) -> object:
        people.erase(service.store, student)
        return grade(job, most_seconds)

    monkeypatch.setattr(service.context.sandbox, "run", erased_meanwhile)
    service.work()
    assert sum(rows(service.store, student).values()) == 0


@pytest.mark.slow
def test_others_keep_everything_when_one_is_erased(service):
    hand_in(service, "Ada", RIGHT)
    service.work()
    enrich(service)
    ada = rows(service.store, service.people["Ada"])
    people.erase(service.store, f"{MARK}-name@example.org")
    assert rows(service.store, service.people["Ada"]) == ada
    assert service.browser("Ada").get("/").status_code == 200


def test_staff_are_not_erased_with_a_command(service, where):
    status, why = told("erase", "--user", service.people["Staff"], "--yes", *where)
    assert (status, "one of the staff" in why) == (2, True)


@pytest.mark.slow
def test_a_student_gets_all_that_is_known_of_them_and_no_secret(service, where, tmp_path):
    student = enrich(service)
    gradmark("export", "--user", student, "--out", tmp_path / "all.zip", *where)
    assert stat.S_IMODE((tmp_path / "all.zip").stat().st_mode) == 0o600
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    for table in (*people.about(student), UserRow, MembershipRow):
        assert json.loads(found[f"{table.__tablename__}.json"]), table
    submissions = json.loads(found["submissions.json"])
    assert found[f"uploads/{submissions[0]['id']}"] == HERS
    assert [
        json.loads(found[name])["status"] for name in found if name.startswith("reports/") and name.endswith(".json")
    ]
    text = b"".join(found.values())
    assert b"token_hash" not in text
    assert b"csrf" not in text
    assert service.people["Ada"].encode() not in text


# -------------------------------------------------------------------------------------------------- backup, restore
@pytest.mark.slow
def test_a_backup_while_somebody_writes_is_whole_and_marks_on_elsewhere(service, where, tmp_path):
    service.settings.secret_file.write_text("0" * 64)
    done = hand_in(service, "Ada", RIGHT)
    service.work()
    waits = hand_in(service, "Bob", WRONG)
    stop, written = threading.Event(), []

    def write() -> None:
        while not stop.is_set():
            with service.store.writing() as db:
                db.add(AuditRow(action="test.written", detail={"blob": "x" * 5000}))
                written.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(written) < 20:
            pass
        gradmark("backup", "--out", tmp_path / "kept.tar.gz", *where)
        at_the_end = len(written)
    finally:
        stop.set()
        writer.join()
    assert stat.S_IMODE((tmp_path / "kept.tar.gz").stat().st_mode) == 0o600
    elsewhere = tmp_path / "elsewhere"
    gradmark("restore", tmp_path / "kept.tar.gz", "--data", elsewhere)
    assert (elsewhere / "worker.secret").read_text() == "0" * 64
    assert stat.S_IMODE((elsewhere / "worker.secret").stat().st_mode) == 0o600
    assert gradmark("check", "--data", elsewhere) == "all is well\n"
    settings = Settings(elsewhere, f"sqlite:///{elsewhere / 'gradmark.sqlite'}", "http://testserver")
    store, queue = Store(settings.database), Queue()
    again = replace(
        service, settings=settings, store=store, queue=queue, context=replace(service.context, store=store, queue=queue)
    )
    assert again.work() == ["mark"]
    with store.reading() as db:
        assert {db.get_one(SubmissionRow, one).state for one in (done, waits)} == {"graded"}
        assert 20 <= db.query(AuditRow).where(AuditRow.action == "test.written").count() <= at_the_end
    store.close()


def test_a_restore_overwrites_nothing_and_a_backup_neither(service, where, tmp_path):
    service.settings.secret_file.write_text("0" * 64)
    kept = tmp_path / "kept.tar.gz"
    gradmark("backup", "--out", kept, *where)
    assert told("backup", "--out", kept, *where)[0] == 2
    status, why = told("restore", kept, *where)
    assert (status, "is not overwritten" in why) == (2, True)
    gradmark("backup", "--out", tmp_path / "without.tar.gz", "--without-secret", *where)
    with tarfile.open(tmp_path / "without.tar.gz") as archive:
        assert archive.getnames() == ["about.json", "gradmark.sqlite"]


def test_a_restore_is_not_mixed_with_the_log_of_a_database_that_was_moved_away(service, tmp_path):
    """As a killed process leaves it: SQLite would play it into whatever has its name."""
    backup(service.settings, tmp_path / "kept.tar.gz", secret=False)
    with service.store.writing() as db:
        db.add(AuditRow(action="test.after_the_backup"))
    killed = tmp_path / "killed"
    killed.mkdir()
    shutil.copy(service.settings.data / "gradmark.sqlite-wal", killed)
    elsewhere = Settings(killed, f"sqlite:///{killed / 'gradmark.sqlite'}", "")
    with pytest.raises(CannotOperate, match=r"gradmark\.sqlite-wal is there already"):
        restore(elsewhere, tmp_path / "kept.tar.gz")
    assert [file.name for file in killed.iterdir()] == ["gradmark.sqlite-wal"]
    (killed / "gradmark.sqlite-wal").unlink()
    restore(elsewhere, tmp_path / "kept.tar.gz")
    store = Store(elsewhere.database)
    with store.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(AuditRow)) == 0
    store.close()


@pytest.mark.parametrize("command", ["serve", "migrate", "restore"])
def test_the_folder_that_is_made_is_for_its_owner_alone(service, tmp_path, command):
    """The database in it has everybody's marks, and SQLite makes its files as the umask says."""
    folder = tmp_path / "new"
    chosen = Settings(folder, f"sqlite:///{folder / 'gradmark.sqlite'}", "")
    if command == "serve":
        with pytest.raises(CannotServe):  # no such database; by then there is a folder
            serve(replace(chosen, database="nonsense:"), host="127.0.0.1", port=0, url="", worker=None, say=print)
    elif command == "migrate":
        gradmark("migrate", "--data", folder)
    else:
        backup(service.settings, tmp_path / "kept.tar.gz", secret=False)
        restore(chosen, tmp_path / "kept.tar.gz")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_backup_without_the_secret_says_what_is_missing(where, tmp_path):
    status, why = told("backup", "--out", tmp_path / "kept.tar.gz", *where)
    assert (status, "--without-secret" in why) == (2, True)
    assert not (tmp_path / "kept.tar.gz").exists()


@pytest.mark.parametrize("harm", ["cut", "changed", "foreign", "newer"])
def test_what_is_no_whole_backup_is_refused_and_leaves_nothing(service, tmp_path, harm):
    kept = tmp_path / "kept.tar.gz"
    if harm == "newer":
        with service.store.writing() as db:
            db.execute(sa.text("UPDATE gradmark_version SET version_num = '9999'"))
    backup(service.settings, kept, secret=False)
    if harm == "cut":
        kept.write_bytes(kept.read_bytes()[:-2000])
    elif harm == "changed":
        _repack(kept, lambda name, data: data[:-1] + b"?" if name == "gradmark.sqlite" else data)
    elif harm == "foreign":
        kept.write_bytes(b"PK\x03\x04 something else")
    elsewhere = Settings(tmp_path / "elsewhere", f"sqlite:///{tmp_path / 'elsewhere' / 'gradmark.sqlite'}", "")
    with pytest.raises(CannotOperate, match="newer release" if harm == "newer" else "damaged|cannot be read"):
        restore(elsewhere, kept)
    assert list(elsewhere.data.iterdir()) == []


def _repack(file: Path, change) -> None:
    with tarfile.open(file) as archive:
        members = {name: archive.extractfile(name).read() for name in archive.getnames()}
    with tarfile.open(file, "w:gz") as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            changed = change(name, data)
            entry.size = len(changed)
            archive.addfile(entry, io.BytesIO(changed))


@pytest.mark.slow
@pytest.mark.parametrize("what", ["handing in", "marking", "a class written anew", "a text", "a start"])
def test_who_is_erased_while_something_of_theirs_is_stored_leaves_nothing_of_it(postgres, tmp_path, what):
    """Two transactions that do not see each other: on SQLite there is one at a time."""
    with serving(tmp_path, postgres.database()) as service:
        ada, problems = service.people["Ada"], []
        submission = hand_in(service, "Ada")
        with service.store.reading() as db:
            handed_in, asked = db.get_one(SubmissionRow, submission), db.get_one(AssignmentRow, service.assignment)
            version = db.get_one(VersionRow, asked.version_id)
        verdict = marking.verdict_of(service.context, handed_in, asked, version)

        def erasing() -> None:
            try:
                people.erase(service.store, ada)
            except Exception as error:  # noqa: BLE001 - told below
                problems.append(error)

        if what in ("a class written anew", "a text"):
            with service.by_hand() as db:
                handed_in = db.get_one(SubmissionRow, submission)
                handed_in.report_id, handed_in.state = marking.stored(db, asked, submission, verdict).id, "graded"
        erases = threading.Thread(target=erasing)
        with service.store.writing() as db:
            asked = db.get_one(AssignmentRow, service.assignment)
            if what == "handing in":
                receive(db, service.queue, asked, ada, "optimizers.py", RIGHT)
            elif what == "marking":
                marking.stored(db, asked, submission, verdict)
            elif what == "a start":
                db.scalars(sa.select(JobRow).with_for_update()).one()
            elif what == "a text":
                locked(db, asked.id)
                db.add(
                    TextMarkRow(assignment_id=asked.id, user_id=ada, item_id="q", answer_digest="", points=1, by_id="")
                )
                refresh(db, asked, [ada])
            else:
                refresh(db, asked)
            erases.start()
            erases.join(1.0)
            if what == "a start":
                db.execute(sa.update(SubmissionRow).where(SubmissionRow.id == submission).values(state="running"))
        erases.join(20)
        assert problems == []
        with service.store.writing() as db:
            for table in (SubmissionRow, ReportRow, JobRow, StandingRow, TextMarkRow):
                assert db.scalars(sa.select(table)).all() == [], table
            with pytest.raises(HTTPException, match="404"):
                receive(db, service.queue, db.get_one(AssignmentRow, service.assignment), ada, "optimizers.py", RIGHT)


@pytest.mark.slow
def test_postgres_is_backed_up_restored_and_erased_too(postgres, tmp_path, monkeypatch):
    """With its own tools, as whatever release is installed brings them."""
    monkeypatch.setenv("PATH", f"{postgres.server.bin_path}:{os.environ['PATH']}")
    with serving(tmp_path, postgres.database()) as service:
        service.settings.secret_file.write_text("0" * 64)
        student = enrich(service)
        backup(service.settings, tmp_path / "kept.tar.gz")
        elsewhere = Settings(tmp_path / "elsewhere", postgres.database(), "")
        restore(elsewhere, tmp_path / "kept.tar.gz")
        with pytest.raises(CannotOperate, match="is not overwritten"):
            restore(replace(elsewhere, data=tmp_path / "third"), tmp_path / "kept.tar.gz")
        store = Store(elsewhere.database)
        assert rows(store, student) == rows(service.store, student)
        assert check(store) == []
        people.erase(store, student)
        assert sum(rows(store, student).values()) == 0
        assert housekeeping.tidy(store)["submissions"] == 0
        store.close()


# ------------------------------------------------------------------------------------------------------- old data
@pytest.mark.slow
def test_a_course_keeps_submissions_for_as_long_as_it_says(service, where):
    old, waits, new = hand_in(service, "Ada", WRONG), hand_in(service, "Bob", WRONG), ""
    with service.store.writing() as db:
        job = db.scalar(sa.select(JobRow).where(JobRow.submission_id == old))
    from autograder.service.worker import jobs

    jobs.run(service.context, job.id, "test")
    with service.store.writing() as db:
        for one in (old, waits):
            db.get_one(SubmissionRow, one).made_at = now() - 100 * DAY
        db.add(NoticeRow(user_id=service.people["Ada"], submission_id=old, text="it changed"))
        db.add(JobRow(id="quotes", kind="similarity", lane="slow", priority=1, state="done", course_id=service.course))
    new = hand_in(service, "Ada", RIGHT)
    assert gradmark("retain", *where) == "0 submissions erased\n"
    with service.store.writing() as db:
        db.get_one(CourseRow, service.course).keep_days = 90
    assert gradmark("retain", *where) == "1 submissions erased\n"
    with service.store.reading() as db:
        assert set(db.scalars(sa.select(SubmissionRow.id))) == {waits, new}
        assert [db.query(table).count() for table in (ReportRow, DiagnosisRow, NoticeRow)] == [0, 0, 0]
        assert db.get(JobRow, "quotes") is None
    assert check(service.store) == []


def test_what_has_expired_goes_and_what_has_not_stays(service):
    student, past, future = service.people["Ada"], now() - 40 * DAY, now() + DAY
    with service.store.writing() as db:
        platform = PlatformRow(issuer="i", client_id="c", authorize_url="", token_url="", jwks_url="")
        db.add(platform)
        db.flush()
        for name, at in (("old", past), ("new", future)):
            db.add_all(
                [
                    LinkRow(token_hash=name, user_id=student, expires_at=at),
                    SessionRow(token_hash=name, user_id=student, csrf="", expires_at=at),
                    TokenRow(token_hash=name, user_id=student, name="", expires_at=at),
                    LaunchRow(state_hash=name, nonce=name, platform_id=platform.id, expires_at=at),
                    JobRow(id=name, kind="mark", lane="practice", priority=1, state="done", finished_at=at),
                ]
            )
        db.add(JobRow(id="parked", kind="mark", lane="practice", priority=1, state="parked", finished_at=past))
    housekeeping.expire(service.store)
    with service.store.reading() as db:
        for table in (LinkRow, SessionRow, TokenRow, LaunchRow):
            key = table.state_hash if table is LaunchRow else table.token_hash
            assert db.scalars(sa.select(key)).all() == ["new"], table
        assert set(db.scalars(sa.select(JobRow.id))) == {"new", "parked"}


def test_the_days_job_is_put_once_and_does_its_work(service):
    threads = [threading.Thread(target=housekeeping.due, args=(service.store, service.queue)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert service.work() == ["tidy"]
    housekeeping.due(service.store, service.queue)
    assert service.work() == []


# --------------------------------------------------------------------------------------------------------- checks
@pytest.fixture(scope="module")
def marked(tmp_path_factory) -> Path:
    """A database with a marked submission and one that waits."""
    require("landlock")
    folder = tmp_path_factory.mktemp("marked")
    with serving(folder) as service:
        hand_in(service, "Ada", WRONG)
        service.work()
        hand_in(service, "Bob", WRONG)
    return folder / "gradmark.sqlite"


@pytest.mark.slow
def test_a_whole_database_has_no_faults(marked):
    assert gradmark("check", "--data", marked.parent) == "all is well\n"


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        ("UPDATE submissions SET upload = x'00' WHERE state = 'graded'", "is not what was handed in"),
        ("UPDATE reports SET body = x'00'", "cannot be read"),
        ("UPDATE reports SET score = score - 1", "and its row says"),
        ("UPDATE reports SET marks = body", "the marks beside it are not those of its body"),
        ("DELETE FROM diagnoses; DELETE FROM reports", "its report is not there"),
        ("UPDATE jobs SET state = 'superseded' WHERE state = 'queued'", "no job marks it"),
        ("UPDATE versions SET state = 'refused'", "not proven"),
        ("PRAGMA foreign_keys = OFF; DELETE FROM courses", "points to a row of courses"),
        ("UPDATE reports SET pictures = x'00'", "cannot be read"),
        ("UPDATE reports SET seed = seed + 1", "its seed is"),
        ("UPDATE reports SET status = 'not_gradable'", "its status is graded"),
        ("UPDATE reports SET digest = 'another'", "another edition"),
        ("DELETE FROM diagnoses", "names other misconceptions"),
        ("UPDATE submissions SET state = 'not_gradable' WHERE state = 'graded'", "and its report says graded"),
        ("UPDATE submissions SET state = 'parked' WHERE state = 'queued'", "is parked, and no job that failed"),
        ("UPDATE jobs SET payload = '{' WHERE state = 'queued'", "its payload cannot be read"),
        ("UPDATE standings SET points = 1", "gradmark admin recount"),
    ],
)
def test_a_fault_is_told(marked, tmp_path, harm, sentence):
    shutil.copy(marked, tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / "gradmark.sqlite")) as database:
        database.executescript(harm)
    done = CliRunner().invoke(app, ["admin", "check", "--data", str(tmp_path)])
    assert done.exit_code == 1
    assert sentence in done.stdout


# ------------------------------------------------------------------------------------------------ links and tokens
def test_an_operator_gets_back_in(service, where):
    link = gradmark("link", "--url", "http://testserver", *where).strip()
    client = service.browser()
    assert client.post(link, follow_redirects=False).status_code == 303
    with service.store.reading() as db:
        assert db.scalars(sa.select(SessionRow.user_id)).all() == [service.people["Operator"]]
    assert csrf(client)


def test_a_token_opens_the_api_for_its_owner(service, where):
    given = gradmark("token", "--user", "ada@example.org", *where).strip()
    assert given.startswith(PREFIX)
    answer = service.browser().get("/api/v1/me", headers={"Authorization": f"Bearer {given}"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] == service.people["Ada"]
    with service.store.reading() as db:
        assert given not in str(vars(db.scalars(sa.select(TokenRow)).one()))


@pytest.mark.parametrize("command", [["link"], ["token", "--user", "x"], ["check"], ["retain"], ["scrub"]])
def test_a_wrong_folder_is_told_and_not_made(tmp_path, command):
    status, why = told(*command, "--data", tmp_path / "none")
    assert (status, "There is no database" in why) == (2, True)
    assert not (tmp_path / "none").exists()


def test_nobody_is_told(where):
    assert "Nobody here has the id" in told("link", "--user", "nobody@example.org", *where)[1]
