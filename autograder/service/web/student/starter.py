"""The starter files of an assignment: what a student begins with, as one zip with the student's own quiz in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from autograder.service.queue import OPEN
from autograder.service.rules import policy as policies
from autograder.service.store.rows import jobs_about, version_of
from autograder.service.store.schema import AssignmentRow, DownloadRow, JobRow, SheetRow, VersionRow, now
from autograder.service.web.edge.access import Actor, Me, assignment_for, not_found
from autograder.service.web.edge.site import attachment, page, site
from autograder.zips import with_file

KIND = "starter"  # a line of worker.packaging

router = APIRouter(include_in_schema=False)


@router.get("/a/{assignment_id}/starter")
def starter(request: Request, actor: Me, assignment_id: str, *, part: bool = False) -> Response:
    """The zip; where no worker has packed it yet, a page that waits for it (`part`: what changes of that page)."""
    with site(request).store.writing() as db:
        asked = assignment_for(db, actor, assignment_id)
        version = _version(db, actor, asked)
        packed = db.scalar(
            sa.select(DownloadRow).where(
                DownloadRow.assignment_id == asked.id, DownloadRow.kind == KIND, DownloadRow.digest == version.digest
            )
        )
        failed = packed is None and not _being_packed(request, db, asked)
        sheet = db.get(SheetRow, (asked.id, actor.id))
        items = sheet.items if sheet and sheet.digest == version.digest else []
    if packed is None or part:
        template = "_starter.html" if part else "starter.html"
        return page(request, template, asked=asked, ready=packed is not None, failed=failed)
    return attachment(_with_quiz(packed, items), packed.name, "application/zip")


def _version(db: Session, actor: Actor, asked: AssignmentRow) -> VersionRow:
    """The version that is handed out.

    Raises:
        HTTPException: 404: there is none yet, or its students may not see it yet.
    """
    version = version_of(db, asked)
    opens_at = policies.from_json(asked.policy).opens_at
    if version is None or (opens_at is not None and now() < opens_at and asked.course_id not in actor.staff):
        raise not_found()
    return version


def _being_packed(request: Request, db: Session, asked: AssignmentRow) -> bool:
    """Have a worker pack the files unless one does; return False where the last job failed."""
    packing = jobs_about(db, "package", JobRow.course_id == asked.course_id, assignment=asked.id, kind=KIND)
    last = next(iter(packing), None)
    if last is not None and last.state == "parked":
        return False
    if last is None or last.state not in OPEN:
        payload = {"assignment": asked.id, "kind": KIND}
        site(request).queue.put(db, "package", "interactive", course_id=asked.course_id, payload=payload)
    return True


def _with_quiz(packed: DownloadRow, items: Sequence[dict[str, Any]]) -> bytes:
    """The zip with these questions in it as `quiz.md`, to read away from the page; answers are given on the page."""
    if not items:
        return packed.body
    text = "\n".join(_as_text(items)) + "\n"
    return with_file(packed.body, f"{packed.name.removesuffix('.zip')}/quiz.md", text.encode())


def _as_text(items: Sequence[dict[str, Any]]) -> list[str]:
    lines = ["# Your quiz", "", "These questions are yours alone. Answer them on the quiz page of the assignment."]
    for number, item in enumerate(items, start=1):
        lines += ["", f"## {number}. {item['title']} ({item['points']:g} points)", "", item["prompt"].strip()]
        lines += [""] if item.get("options") or item.get("rows") else []
        lines += [f"- {option['id']}: {option['text']}" for option in item.get("options", ())]
        lines += [f"- {row}: {' / '.join(map(str, item['columns']))}" for row in item.get("rows", ())]
    return lines
