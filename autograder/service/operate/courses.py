"""Everything of a course as one zip: rows as JSON lines, uploads and reports as they are, and a manifest of it all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.service.operate.people import each, files_of, plain
from autograder.service.store import Store
from autograder.service.store.migrate import revisions
from autograder.service.store.schema import (
    ArrivalRow,
    AssignmentRow,
    AuditRow,
    Base,
    CommentRow,
    ContextRow,
    CourseRow,
    DiagnosisRow,
    DownloadRow,
    ExtensionRow,
    JobRow,
    MembershipRow,
    NoticeRow,
    OverrideRow,
    PassbackRow,
    PlatformRow,
    PlatformUserRow,
    RegradeRow,
    ReportRow,
    ResourceRow,
    SheetRow,
    StandingRow,
    StudentMisconceptionRow,
    SubmissionRow,
    TextMarkRow,
    UserRow,
    VersionRow,
    now,
)
from autograder.zips import streamed

# Tables of which a course's export has nothing, and why. A test holds this and `rows_of` against the schema.
LEFT_OUT = {
    "links": "lets in whoever has it",
    "sessions": "lets in whoever has it",
    "tokens": "lets in whoever has it",
    "keys": "of the whole service",
    "launches": "good for minutes",
    "workers": "of the whole service",
}


def rows_of(course_id: str) -> dict[type[Base], sa.ColumnElement[bool]]:
    """Return the rows of a course, by table."""
    asked = sa.select(AssignmentRow.id).where(AssignmentRow.course_id == course_id)
    handed_in = sa.select(SubmissionRow.id).where(SubmissionRow.assignment_id.in_(asked))
    every_report = sa.select(ReportRow.id).where(ReportRow.submission_id.in_(handed_in))
    members = sa.select(MembershipRow.user_id).where(MembershipRow.course_id == course_id)
    contexts = sa.select(ContextRow.id).where(ContextRow.course_id == course_id)
    platforms = sa.select(ContextRow.platform_id).where(ContextRow.course_id == course_id)
    resources = sa.select(ResourceRow.id).where(ResourceRow.context_id.in_(contexts))
    by_assignment = (
        VersionRow, ExtensionRow, SheetRow, SubmissionRow, TextMarkRow, StandingRow, StudentMisconceptionRow,
        RegradeRow, DownloadRow,
    )  # fmt: skip
    by_submission = (ReportRow, OverrideRow, CommentRow, NoticeRow)
    return {
        CourseRow: CourseRow.id == course_id,
        MembershipRow: MembershipRow.course_id == course_id,
        UserRow: UserRow.id.in_(members),
        AssignmentRow: AssignmentRow.course_id == course_id,
        **{table: table.assignment_id.in_(asked) for table in by_assignment},
        **{table: table.submission_id.in_(handed_in) for table in by_submission},
        DiagnosisRow: DiagnosisRow.report_id.in_(every_report),
        JobRow: JobRow.course_id == course_id,
        PlatformRow: PlatformRow.id.in_(platforms),
        ContextRow: ContextRow.course_id == course_id,
        PlatformUserRow: PlatformUserRow.platform_id.in_(platforms) & PlatformUserRow.user_id.in_(members),
        ArrivalRow: ArrivalRow.context_id.in_(contexts),
        ResourceRow: ResourceRow.context_id.in_(contexts),
        PassbackRow: PassbackRow.resource_id.in_(resources),
        AuditRow: AuditRow.course_id == course_id,
    }


def export(store: Store, course_id: str) -> Iterator[bytes]:
    """Yield the zip piece by piece. All of it is of one moment; `manifest.json`, the last file, has a line for each.

    Uploads are `uploads/SUBMISSION`, reports `reports/SUBMISSION/REPORT.json` and their pictures beside them.
    """
    with store.reading() as db:
        yield from streamed(_with_manifest(_files(db, course_id), course_id))


def _with_manifest(
    files: Iterable[tuple[str, Iterable[bytes]]], course_id: str
) -> Iterator[tuple[str, Iterable[bytes]]]:
    listed: list[dict[str, Any]] = []
    for name, pieces in files:
        yield name, _listing(name, pieces, listed)
    about = {
        "schema": "gradmark.course/1", "course": course_id, "made_at": now(), "database": revisions()[0],
        "left_out": LEFT_OUT, "files": listed,
    }  # fmt: skip
    yield "manifest.json", [json.dumps(about, indent=1).encode()]


def _listing(name: str, pieces: Iterable[bytes], listed: list[dict[str, Any]]) -> Iterator[bytes]:
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        yield piece
        digest.update(piece)
        size += len(piece)
    listed.append({"name": name, "bytes": size, "sha256": digest.hexdigest()})


def _files(db: Session, course_id: str) -> Iterator[tuple[str, Iterable[bytes]]]:
    where = rows_of(course_id)
    for table, condition in where.items():
        yield f"{table.__tablename__}.jsonl", _lines(db, table, condition)
    yield from ((name, [data]) for name, data in files_of(db, where))


def _lines(db: Session, table: type[Base], condition: sa.ColumnElement[bool]) -> Iterator[bytes]:
    for row in each(db, table, condition):
        yield json.dumps(plain(row), ensure_ascii=False).encode() + b"\n"
