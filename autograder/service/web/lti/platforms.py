"""The operator's page of a course's learning platforms: who may sign people in, and what they must be told of us."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.service.outbox import send_now, unsent
from autograder.service.rules.lti import is_address
from autograder.service.store.schema import (
    AssignmentRow,
    CourseRow,
    KeyRow,
    LaunchRow,
    PassbackRow,
    PlatformRow,
    PlatformUserRow,
    ResourceRow,
)
from autograder.service.web.edge.access import Actor, Me, audit, not_found, operates
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import page, site

ADDRESSES = {
    "authorize_url": "authorization address",
    "token_url": "token address",
    "jwks_url": "key set address",
}

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Asked:
    """The form, as it was filled in."""

    issuer: str = ""
    client_id: str = ""
    deployments: str = ""
    context: str = ""
    authorize_url: str = ""
    token_url: str = ""
    jwks_url: str = ""

    def wrong(self) -> list[str]:
        """Sentences for the operator."""
        told = [
            f"The {what} is not an address that begins with https://."
            for name, what in ADDRESSES.items()
            if not is_address(getattr(self, name))
        ]
        if not 0 < len(self.issuer) <= 500:
            told.insert(0, "Give the issuer, exactly as the platform writes it.")
        if not 0 < len(self.client_id) <= 200:
            told.insert(0, "Give the client id that the platform made for gradmark.")
        if not self.deployments or any(len(line) > 255 for line in self.listed):
            told.append("Give at least one deployment id, each on a line of its own.")
        return told

    @property
    def listed(self) -> list[str]:
        return [line.strip() for line in self.deployments.splitlines() if line.strip()]


def filled_in(
    issuer: Annotated[str, Form()] = "",
    client_id: Annotated[str, Form()] = "",
    deployments: Annotated[str, Form()] = "",
    context: Annotated[str, Form()] = "",
    authorize_url: Annotated[str, Form()] = "",
    token_url: Annotated[str, Form()] = "",
    jwks_url: Annotated[str, Form()] = "",
) -> Asked:
    given = (issuer, client_id, deployments, context[:255], authorize_url, token_url, jwks_url)
    return Asked(*(value.strip() for value in given))


@router.get("/staff/c/{course_id}/lti")
def show(request: Request, actor: Me, course_id: str, edit: str = "") -> Response:
    with site(request).store.reading() as db:
        course = _course(db, actor, course_id)
        one = _platform(db, course.id, edit) if edit else None
        asked = _as_form(one) if one else Asked()
        return _page(request, db, course, asked, edit=edit)


@router.post("/staff/c/{course_id}/lti", dependencies=[Depends(ours)])
def register(request: Request, actor: Me, course_id: str, asked: Annotated[Asked, Depends(filled_in)]) -> Response:
    return _save(request, actor, course_id, asked, edit="")


@router.post("/staff/c/{course_id}/lti/key", dependencies=[Depends(ours)])
def new_key(request: Request, actor: Me, course_id: str) -> Response:
    """A worker makes it: the private half never comes here."""
    here = site(request)
    with here.store.writing() as db:
        course = _course(db, actor, course_id)
        here.queue.put(db, "key", "sheet", course_id=course.id, payload={"new": True})
        audit(db, actor, "lti.key_asked", "", course.id)
    return RedirectResponse(f"/staff/c/{course.id}/lti", 303)


@router.post("/staff/c/{course_id}/lti/send", dependencies=[Depends(ours)])
def send_grades(request: Request, actor: Me, course_id: str) -> Response:
    """Try again at once to send the grades that a platform has not taken yet."""
    here = site(request)
    with here.store.writing() as db:
        course = _course(db, actor, course_id)
        audit(db, actor, "lti.grades_sent_again", "", course.id, count=send_now(db, here.queue, course.id))
    return RedirectResponse(f"/staff/c/{course.id}/lti#unsent", 303)


@router.post("/staff/c/{course_id}/lti/{platform_id}", dependencies=[Depends(ours)])
def change(
    request: Request, actor: Me, course_id: str, platform_id: str, asked: Annotated[Asked, Depends(filled_in)]
) -> Response:
    return _save(request, actor, course_id, asked, edit=platform_id)


@router.post("/staff/c/{course_id}/lti/{platform_id}/remove", dependencies=[Depends(ours)])
def remove(request: Request, actor: Me, course_id: str, platform_id: str) -> Response:
    """Its links and what it called our people go with it; the people and their submissions stay."""
    with site(request).store.writing() as db:
        course = _course(db, actor, course_id)
        one = _platform(db, course.id, platform_id)
        for table in (PassbackRow, ResourceRow, PlatformUserRow, LaunchRow):
            db.execute(sa.delete(table).where(table.platform_id == one.id))
        db.delete(one)
        audit(db, actor, "lti.platform_removed", one.id, course.id, issuer=one.issuer)
    return RedirectResponse(f"/staff/c/{course.id}/lti", 303)


def _save(request: Request, actor: Actor, course_id: str, asked: Asked, *, edit: str) -> Response:
    here = site(request)
    with here.store.writing() as db:
        course = _course(db, actor, course_id)
        one = _platform(db, course.id, edit) if edit else PlatformRow(course_id=course.id)
        wrong = asked.wrong()
        same = db.scalar(
            sa.select(PlatformRow.id).where(
                PlatformRow.issuer == asked.issuer, PlatformRow.client_id == asked.client_id
            )
        )
        if same not in (None, one.id):
            wrong.append("A platform with this issuer and client id is registered already. Each course has its own.")
        if wrong:
            return _page(request, db, course, asked, edit=edit, wrong=wrong)
        one.issuer, one.client_id, one.deployments, one.context = (
            asked.issuer,
            asked.client_id,
            asked.listed,
            asked.context,
        )
        one.authorize_url, one.token_url, one.jwks_url = asked.authorize_url, asked.token_url, asked.jwks_url
        one.key_set, one.keys_at = {}, None
        db.add(one)
        db.flush()
        if db.scalar(sa.select(KeyRow.id).limit(1)) is None:
            here.queue.put(db, "key", "sheet", course_id=course.id)
        done = "lti.platform_changed" if edit else "lti.platform_registered"
        audit(db, actor, done, one.id, course.id, issuer=one.issuer, client_id=one.client_id)
    return RedirectResponse(f"/staff/c/{course.id}/lti", 303)


def _page(
    request: Request, db: Session, course: CourseRow, asked: Asked, *, edit: str, wrong: list[str] | None = None
) -> Response:
    platforms = db.scalars(
        sa.select(PlatformRow).where(PlatformRow.course_id == course.id).order_by(PlatformRow.made_at)
    ).all()
    links = db.execute(
        sa.select(ResourceRow, AssignmentRow.title)
        .join(PlatformRow, PlatformRow.id == ResourceRow.platform_id)
        .outerjoin(AssignmentRow, AssignmentRow.id == ResourceRow.assignment_id)
        .where(PlatformRow.course_id == course.id)
        .order_by(ResourceRow.made_at)
    ).all()
    return page(
        request,
        "lti_platforms.html",
        status=422 if wrong else 200,
        course=course,
        platforms=platforms,
        links=links,
        unsent=unsent(db, course.id),
        keys=db.scalars(sa.select(KeyRow.made_at).order_by(KeyRow.made_at.desc())).all(),
        here=site(request).settings.public_url,
        asked=asked,
        edit=edit,
        wrong=wrong or [],
    )


def _course(db: Session, actor: Actor, course_id: str) -> CourseRow:
    """Operators only: who registers a platform decides who may sign in."""
    operates(actor)
    course = db.get(CourseRow, course_id)
    if course is None:
        raise not_found()
    return course


def _platform(db: Session, course_id: str, platform_id: str) -> PlatformRow:
    one = db.get(PlatformRow, platform_id)
    if one is None or one.course_id != course_id:
        raise not_found()
    return one


def _as_form(one: PlatformRow) -> Asked:
    return Asked(
        one.issuer,
        one.client_id,
        "\n".join(one.deployments),
        one.context,
        one.authorize_url,
        one.token_url,
        one.jwks_url,
    )
