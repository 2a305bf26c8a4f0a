"""The operator's page of learning platforms, who may sign people in; and what an instructor sees of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.service.outbox import refused, send_now, unsent
from autograder.service.rules.lti import is_address
from autograder.service.store.schema import (
    ArrivalRow,
    AssignmentRow,
    ContextRow,
    CourseRow,
    KeyRow,
    LaunchRow,
    PassbackRow,
    PlatformRow,
    PlatformUserRow,
    ResourceRow,
)
from autograder.service.web.edge.access import Actor, Me, audit, known, operates, staffs
from autograder.service.web.edge.forms import Fields
from autograder.service.web.edge.security import ours
from autograder.service.web.edge.site import page, site
from autograder.service.web.lti import contexts

ADDRESSES = {
    "authorize_url": "authorization address",
    "token_url": "token address",
    "jwks_url": "key set address",
}
HERE = "/operator/lti"

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Asked:
    """The form, as it was filled in."""

    issuer: str = ""
    client_id: str = ""
    deployments: str = ""
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
    authorize_url: Annotated[str, Form()] = "",
    token_url: Annotated[str, Form()] = "",
    jwks_url: Annotated[str, Form()] = "",
) -> Asked:
    given = (issuer, client_id, deployments, authorize_url, token_url, jwks_url)
    return Asked(*(value.strip() for value in given))


@router.get(HERE)
def show(request: Request, actor: Me, edit: str = "") -> Response:
    operates(actor)
    with site(request).store.reading() as db:
        return _page(request, db, _as_form(known(db, PlatformRow, edit)) if edit else Asked(), edit=edit)


@router.post(HERE, dependencies=[Depends(ours)])
def register(request: Request, actor: Me, asked: Annotated[Asked, Depends(filled_in)]) -> Response:
    return _save(request, actor, asked, edit="")


@router.post(HERE + "/key", dependencies=[Depends(ours)])
def new_key(request: Request, actor: Me) -> Response:
    """A worker makes it: the private half never comes here."""
    operates(actor)
    here = site(request)
    with here.store.writing() as db:
        here.queue.put(db, "key", "sheet", payload={"new": True})
        audit(db, actor, "lti.key_asked")
    return RedirectResponse(HERE, 303)


@router.post(HERE + "/{platform_id}", dependencies=[Depends(ours)])
def change(request: Request, actor: Me, platform_id: str, asked: Annotated[Asked, Depends(filled_in)]) -> Response:
    return _save(request, actor, asked, edit=platform_id)


@router.post(HERE + "/{platform_id}/remove", dependencies=[Depends(ours)])
def remove(request: Request, actor: Me, platform_id: str) -> Response:
    """Its links and what it called our people go with it; the people and their submissions stay."""
    operates(actor)
    with site(request).store.writing() as db:
        one = known(db, PlatformRow, platform_id)
        for context in db.scalars(sa.select(ContextRow).where(ContextRow.platform_id == one.id)).all():
            contexts.untie(db, context)
        for table in (PassbackRow, ArrivalRow, PlatformUserRow, LaunchRow):
            db.execute(sa.delete(table).where(table.platform_id == one.id))
        db.delete(one)
        audit(db, actor, "lti.platform_removed", one.id, issuer=one.issuer)
    return RedirectResponse(HERE, 303)


@router.post(HERE + "/{platform_id}/courses", dependencies=[Depends(ours)])
def tie_by_hand(request: Request, actor: Me, platform_id: str, typed: Fields) -> Response:
    """Say which course a course of the platform is, before its staff do, or another one than they said."""
    operates(actor)
    with site(request).store.writing() as db:
        one = db.get_one(PlatformRow, known(db, PlatformRow, platform_id).id, with_for_update=True)
        context, course = typed.get("context", "").strip(), db.get(CourseRow, typed.get("course", ""))
        wanted = typed.get("deployment", "").strip()
        deployments = [wanted] if wanted else one.deployments
        if not 0 < len(context) <= 255 or course is None or not set(deployments) <= set(one.deployments):
            wrong = ["Give the course id there, a deployment that is registered, and the course here."]
            return _page(request, db, Asked(), edit="", wrong=wrong)
        for deployment in deployments:
            same = ContextRow.platform_id == one.id, ContextRow.deployment == deployment, ContextRow.context == context
            before = db.scalar(sa.select(ContextRow).where(*same))
            if before is not None and before.course_id != course.id:
                contexts.untie(db, before)
                before = None
            if before is None:
                tied = contexts.tie(db, one, deployment, context, course.id)
                audit(db, actor, "lti.course_bound", tied.id, course.id, context=context)
    return RedirectResponse(HERE, 303)


def _save(request: Request, actor: Actor, asked: Asked, *, edit: str) -> Response:
    operates(actor)
    here = site(request)
    with here.store.writing() as db:
        one = known(db, PlatformRow, edit) if edit else PlatformRow()
        wrong = asked.wrong()
        same = db.scalar(
            sa.select(PlatformRow.id).where(
                PlatformRow.issuer == asked.issuer, PlatformRow.client_id == asked.client_id
            )
        )
        if same not in (None, one.id):
            wrong.append("A platform with this issuer and client id is registered already. It serves all its courses.")
        if wrong:
            return _page(request, db, asked, edit=edit, wrong=wrong)
        one.issuer, one.client_id, one.deployments = asked.issuer, asked.client_id, asked.listed
        one.authorize_url, one.token_url, one.jwks_url = asked.authorize_url, asked.token_url, asked.jwks_url
        one.key_set, one.keys_at = {}, None
        db.add(one)
        db.flush()
        if db.scalar(sa.select(KeyRow.id).limit(1)) is None:
            here.queue.put(db, "key", "sheet")
        done = "lti.platform_changed" if edit else "lti.platform_registered"
        audit(db, actor, done, one.id, issuer=one.issuer, client_id=one.client_id)
    return RedirectResponse(HERE, 303)


def _page(request: Request, db: Session, asked: Asked, *, edit: str, wrong: list[str] | None = None) -> Response:
    tied = sa.select(ContextRow, CourseRow.title).join(CourseRow, CourseRow.id == ContextRow.course_id)
    return page(
        request,
        "lti_platforms.html",
        status=422 if wrong else 200,
        platforms=db.scalars(sa.select(PlatformRow).order_by(PlatformRow.made_at)).all(),
        tied=db.execute(tied.order_by(ContextRow.made_at)).all(),
        courses=db.scalars(sa.select(CourseRow).order_by(CourseRow.made_at.desc())).all(),
        keys=db.scalars(sa.select(KeyRow.made_at).order_by(KeyRow.made_at.desc())).all(),
        here=site(request).settings.public_url,
        asked=asked,
        edit=edit,
        wrong=wrong or [],
    )


def _as_form(one: PlatformRow) -> Asked:
    given = (one.issuer, one.client_id, "\n".join(one.deployments), one.authorize_url, one.token_url, one.jwks_url)
    return Asked(*given)


# ---------------------------------------------------------------------------------------- the platforms of one course
@router.get("/staff/c/{course_id}/lti")
def of_course(request: Request, actor: Me, course_id: str) -> Response:
    staffs(actor, course_id, "see")
    with site(request).store.reading() as db:
        tied = db.execute(
            sa.select(ContextRow, PlatformRow.issuer)
            .join(PlatformRow, PlatformRow.id == ContextRow.platform_id)
            .where(ContextRow.course_id == course_id)
            .order_by(ContextRow.made_at)
        ).all()
        links = db.execute(
            sa.select(ResourceRow, AssignmentRow.title)
            .join(ContextRow, ContextRow.id == ResourceRow.context_id)
            .outerjoin(AssignmentRow, AssignmentRow.id == ResourceRow.assignment_id)
            .where(ContextRow.course_id == course_id)
            .order_by(ResourceRow.made_at)
        ).all()
        course, waiting, no = db.get_one(CourseRow, course_id), unsent(db, course_id), refused(db, course_id)
    return page(request, "lti_course.html", course=course, tied=tied, links=links, unsent=waiting, refused=no)


@router.post("/staff/c/{course_id}/lti/send", dependencies=[Depends(ours)])
def send_grades(request: Request, actor: Me, course_id: str) -> Response:
    """Try again at once to send the grades that a platform has not taken yet."""
    staffs(actor, course_id, "run")
    here = site(request)
    with here.store.writing() as db:
        audit(db, actor, "lti.grades_sent_again", "", course_id, count=send_now(db, here.queue, course_id))
    return RedirectResponse(f"/staff/c/{course_id}/lti#unsent", 303)


@router.post("/staff/c/{course_id}/lti/{context_id}/untie", dependencies=[Depends(ours)])
def untie(request: Request, actor: Me, course_id: str, context_id: str) -> Response:
    """The next launch by staff of that course there asks again which course it is."""
    staffs(actor, course_id, "run")
    with site(request).store.writing() as db:
        context = known(db, ContextRow, context_id, course_id=course_id)
        audit(db, actor, "lti.course_untied", context.id, course_id, context=context.context, title=context.title)
        contexts.untie(db, context)
    return RedirectResponse(f"/staff/c/{course_id}/lti", 303)
