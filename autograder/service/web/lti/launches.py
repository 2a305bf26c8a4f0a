"""LTI 1.3 as a tool: a learning platform signs its people in and sends them to an assignment.

After the 1EdTech Security Framework 1.0, section 5.1 (OpenID Connect, begun by a third party), and LTI 1.3 Core. The
browser holds the state in a cookie of ours, so a platform opens us in a window or tab; keeping it in the platform's
storage by postMessage is not done here.
"""

from __future__ import annotations

import hmac
import logging
import secrets
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from autograder.service.rules import lti as rules
from autograder.service.rules.lti import Known, LaunchRefused, Message
from autograder.service.store.links import hashed
from autograder.service.store.rows import note
from autograder.service.store.schema import (
    AssignmentRow,
    ContextRow,
    CourseRow,
    JobRow,
    KeyRow,
    LaunchRow,
    PlatformRow,
    ResourceRow,
    now,
)
from autograder.service.web.edge import rates
from autograder.service.web.edge.access import Actor, Me, audit, known, not_found, staffs
from autograder.service.web.edge.forms import Fields
from autograder.service.web.edge.security import HEADERS, from_here, ours
from autograder.service.web.edge.signing_in import begin_session
from autograder.service.web.edge.site import page, site
from autograder.service.web.lti import contexts
from autograder.service.web.lti import keys as lti_keys
from autograder.service.web.lti import people as lti_people

LAUNCH_SECONDS = 600.0  # from the platform's first request until its message
CHOOSING_SECONDS = 3600.0  # for staff to choose what a new link leads to
COOKIE = "gradmark_lti_"  # and a part of the state's hash: two tabs are two launches
MOST_TOKEN = 64 * 1024  # characters
MOST_TARGET = 2000

router = APIRouter(include_in_schema=False)
log = logging.getLogger(__name__)


async def given(request: Request) -> dict[str, str]:
    """Dependency: what the platform sent, by a form or in the address."""
    form = await request.form() if request.method == "POST" else {}
    return {**request.query_params, **{name: value for name, value in form.items() if isinstance(value, str)}}


Given = Annotated[dict[str, str], Depends(given)]


@router.get("/lti/jwks.json")
def key_set(request: Request) -> Response:
    """Our public keys: with them platforms verify what a worker signed."""
    with site(request).store.reading() as db:
        keys = list(db.scalars(sa.select(KeyRow.public).order_by(KeyRow.made_at.desc())))
    return JSONResponse({"keys": keys}, headers={"Cache-Control": "public, max-age=300"})


@router.api_route("/lti/login", methods=["GET", "POST"])
def login(request: Request, sent: Given) -> Response:
    """A platform begins a launch: we ask it who the person is, and will know our question again."""
    rates.spend(request, rates.LAUNCHES, rates.address(request))
    here = site(request)
    state, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    try:
        with here.store.writing() as db:
            platform = _registered(db, sent.get("iss", ""), sent.get("client_id", ""))
            target = sent.get("target_link_uri", "")
            if not sent.get("login_hint"):
                raise LaunchRefused("platform", "it does not say who wants to sign in")
            if len(target) > MOST_TARGET or not rules.is_ours(target, here.settings.public_url):
                raise LaunchRefused("platform", f"its link does not lead to {here.settings.public_url}")
            db.execute(sa.delete(LaunchRow).where(LaunchRow.expires_at < now()))
            db.add(
                LaunchRow(
                    state_hash=hashed(state),
                    nonce=nonce,
                    platform_id=platform.id,
                    target=target,
                    expires_at=now() + LAUNCH_SECONDS,
                )
            )
    except LaunchRefused as refused:
        return told(request, refused)
    question = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": platform.client_id,
        "redirect_uri": f"{here.settings.public_url}/lti/launch",
        "login_hint": sent["login_hint"],
        "state": state,
        "nonce": nonce,
    }
    if hint := sent.get("lti_message_hint"):
        question["lti_message_hint"] = hint
    response = RedirectResponse(rules.with_query(platform.authorize_url, question), 302)
    response.set_cookie(
        _cookie(state),
        state,
        max_age=int(LAUNCH_SECONDS),
        path="/lti/launch",
        httponly=True,
        secure=here.settings.secure,
        samesite="none" if here.settings.secure else "lax",  # the platform's form is another site's
    )
    return response


@router.post("/lti/launch")
def launch(request: Request, sent: Given) -> Response:
    """The platform's answer: who it is, in which course, as what, and which link they opened."""
    here = site(request)
    try:
        begun, platform = _begun(request, sent.get("state", ""))
        if "id_token" not in sent:
            raise LaunchRefused("platform", f"it did not sign you in ({sent.get('error', 'no message')[:100]!r})")
        if len(sent["id_token"]) > MOST_TOKEN:
            raise LaunchRefused("platform", "its message is too long")
        them = Known(platform.issuer, platform.client_id, platform.deployments, rules.origin(platform.token_url))
        claims = lti_keys.verified(here.store, platform, them, sent["id_token"])
        said = rules.message(claims, them, nonce=begun.nonce, target=begun.target, public_url=here.settings.public_url)
        response = _entered(request, begun, said, sent["state"])
    except LaunchRefused as refused:
        return told(request, refused)
    response.delete_cookie(_cookie(sent["state"]), path="/lti/launch")
    return response


def _registered(db: Session, issuer: str, client_id: str) -> PlatformRow:
    """The platform that begins a launch. One that says no client id has to have one registration only."""
    asked = sa.select(PlatformRow).where(PlatformRow.issuer == issuer)
    found = db.scalars(asked.where(PlatformRow.client_id == client_id) if client_id else asked).all()
    if len(found) != 1:
        raise LaunchRefused(
            "ours", f"no platform is registered here as {issuer[:200]!r} with the client id {client_id[:200]!r}"
        )
    return found[0]


def _begun(request: Request, state: str) -> tuple[LaunchRow, PlatformRow]:
    """The launch of this state, which is thereby used up: it was begun here, in this browser, and not long ago."""
    if not state or not hmac.compare_digest(request.cookies.get(_cookie(state), "").encode(), state.encode()):
        raise LaunchRefused("late", "it was not begun in this browser, or the browser keeps no cookies of ours")
    with site(request).store.writing() as db:
        found = db.get(LaunchRow, hashed(state), with_for_update=True)
        if found is None or found.expires_at < now():
            raise LaunchRefused("late", "it was begun too long ago")
        if found.used_at is not None:
            raise LaunchRefused("late", "it has been used before")
        found.used_at = now()
        return found, db.get_one(PlatformRow, found.platform_id)


def _entered(request: Request, begun: LaunchRow, said: Message, state: str) -> Response:
    """Signs the person in, to the course here that the platform's course is, and sends them where the link leads.

    A course that nobody has chosen yet: its staff are asked.
    """
    here = site(request)
    with here.store.writing() as db:
        # One launch of a platform at a time: nobody is made twice.
        platform = db.get_one(PlatformRow, begun.platform_id, with_for_update=True)
        context = contexts.found(db, platform, said)
        if context is not None:
            return entered(request, db, begun, platform, context, said)
        if said.role != "staff":
            raise LaunchRefused("early", "your instructor has to open this link once, before students can")
        current = db.get_one(LaunchRow, begun.state_hash)
        current.expires_at = now() + CHOOSING_SECONDS
        current.settings = {"said": rules.kept(said)}
    response = RedirectResponse(f"/lti/context/{begun.state_hash}", 303)
    response.set_cookie(
        _cookie(state), state, max_age=int(CHOOSING_SECONDS), path="/lti/context", httponly=True,
        secure=here.settings.secure, samesite="lax",  # so that no form of another site's carries it
    )  # fmt: skip
    return response


def entered(
    request: Request, db: Session, begun: LaunchRow, platform: PlatformRow, context: ContextRow, said: Message,
    *, proven: str = "",
) -> Response:  # fmt: skip
    """Begin a session in this course, and lead to the assignment or to the choice of one."""
    here = site(request)
    user = lti_people.arrived(db, here.queue, platform, context, said, proven=proven)
    if said.kind == rules.DEEP_LINKING:
        where = _choosing(db, begun, context, said)
    else:
        link = lti_people.resource(db, here.queue, context, said)
        where = _leads_to(db, link, said)
    response = RedirectResponse(where, 303)
    begin_session(request, db, user.id, response, course_id=context.course_id)
    note(db, user.id, "lti.launched", platform.id, context.course_id, role=said.role)
    return response


def _leads_to(db: Session, link: ResourceRow, said: Message) -> str:
    asked = db.get(AssignmentRow, link.assignment_id) if link.assignment_id else None
    if said.role == "staff":
        return f"/staff/a/{asked.id}" if asked else f"/lti/link/{link.id}"
    if asked is None:
        raise LaunchRefused("early", "your instructor has not chosen yet which assignment this link leads to")
    if not asked.open:
        raise LaunchRefused("early", "this assignment is not open yet")
    return f"/a/{asked.id}"


def _choosing(db: Session, begun: LaunchRow, context: ContextRow, said: Message) -> str:
    if said.role != "staff":
        raise LaunchRefused("course", "only staff of the course place links")
    current = db.get_one(LaunchRow, begun.state_hash)
    current.expires_at = now() + CHOOSING_SECONDS
    current.settings = {**said.settings, "deployment": said.deployment, "context": context.id}
    return f"/lti/new-link/{begun.state_hash}"


def _cookie(state: str) -> str:
    return COOKIE + hashed(state)[:16]


def told(request: Request, refused: LaunchRefused) -> Response:
    log.warning("LTI launch refused: %s", refused.why, extra={"whose": refused.whose})
    return page(request, "lti_refused.html", status=403, whose=refused.whose, why=refused.why)


# ------------------------------------------------------------------- staff say what a link leads to: one that is there
@router.get("/lti/link/{link_id}")
def ask(request: Request, actor: Me, link_id: str) -> Response:
    with site(request).store.reading() as db:
        link, course_id = _link(db, actor, link_id)
        return _ask(request, db, course_id, f"/lti/link/{link.id}", link.assignment_id)


def _ask(request: Request, db: Session, course_id: str, action: str, chosen: str | None = None) -> Response:
    in_order = sa.select(AssignmentRow).where(AssignmentRow.course_id == course_id).order_by(AssignmentRow.made_at)
    course = db.get_one(CourseRow, course_id)
    return page(request, "lti_link.html", action=action, chosen=chosen, all=db.scalars(in_order).all(), course=course)


@router.post("/lti/link/{link_id}", dependencies=[Depends(ours)])
def choose(request: Request, actor: Me, link_id: str, assignment: Annotated[str, Form()]) -> Response:
    here = site(request)
    with here.store.writing() as db:
        link, course_id = _link(db, actor, link_id)
        asked = known(db, AssignmentRow, assignment, course_id=course_id)
        lti_people.connect(db, here.queue, link, asked.id, link.line_item, link.scopes)
        audit(db, actor, "lti.link_chosen", link.id, course_id, assignment=asked.id)
    return RedirectResponse(f"/staff/a/{asked.id}", 303)


def _link(db: Session, actor: Actor, link_id: str) -> tuple[ResourceRow, str]:
    link = known(db, ResourceRow, link_id)
    course_id = db.get_one(ContextRow, link.context_id).course_id
    staffs(actor, course_id, "run")
    return link, course_id


# --------------------------------------------------------------------- or one that is about to be made (deep linking)
@router.get("/lti/new-link/{launch_id}")
def ask_new(request: Request, actor: Me, launch_id: str) -> Response:
    with site(request).store.reading() as db:
        begun, course_id = _open(db, actor, launch_id)
        return _ask(request, db, course_id, f"/lti/new-link/{begun.state_hash}")


@router.post("/lti/new-link/{launch_id}", dependencies=[Depends(ours)])
def choose_new(request: Request, actor: Me, launch_id: str, assignment: Annotated[str, Form()]) -> Response:
    """Have a worker sign what goes back to the platform."""
    here = site(request)
    with here.store.writing() as db:
        begun, course_id = _open(db, actor, launch_id)
        asked = known(db, AssignmentRow, assignment, course_id=course_id)
        payload = {"launch": begun.state_hash, "assignment": asked.id}
        job = here.queue.put(db, "deep-link", "sheet", course_id=course_id, user_id=actor.id, payload=payload)
        audit(db, actor, "lti.link_made", asked.id, course_id, platform=begun.platform_id)
    return RedirectResponse(f"/lti/signed/{job.id}", 303)


@router.get("/lti/signed/{job_id}")
def signed(request: Request, actor: Me, job_id: str) -> Response:
    """The signed answer, as a form that leads back to the platform."""
    with site(request).store.reading() as db:
        job = known(db, JobRow, job_id, kind="deep-link", user_id=actor.id)
    if job.state == "parked":
        raise HTTPException(503, "The link could not be signed. Whoever runs this service finds out why.")
    response = page(request, "lti_signed.html", result=job.result)
    if job.state == "done":
        back = rules.origin(job.result["return"])
        response.headers["Content-Security-Policy"] = HEADERS["Content-Security-Policy"].replace(
            "form-action 'self'", f"form-action {back}"
        )
    else:
        response.headers["Refresh"] = "1"
    return response


def _open(db: Session, actor: Actor, launch_id: str) -> tuple[LaunchRow, str]:
    """A launch in which a link is about to be made, and the course here that it is in."""
    begun = db.get(LaunchRow, launch_id)
    context = db.get(ContextRow, begun.settings.get("context", "")) if begun else None
    if begun is None or context is None or begun.expires_at < now():
        raise not_found()
    staffs(actor, context.course_id, "run")
    return begun, context.course_id


# ---------------------------------------------------------------- staff say which course here a platform's course is
@router.get("/lti/context/{launch_id}")
def ask_course(request: Request, launch_id: str) -> Response:
    actor = contexts.signed_in(request)
    with site(request).store.reading() as db:
        _, platform, said = _waiting(request, db, launch_id)
        return contexts.asked(request, db, platform, said, actor, action=f"/lti/context/{launch_id}")


@router.post("/lti/context/{launch_id}", dependencies=[Depends(from_here)])
def choose_course(request: Request, launch_id: str, typed: Fields) -> Response:
    """Tie the platform's course to the course that was chosen, and go on with the launch."""
    actor = contexts.signed_in(request)
    try:
        with site(request).store.writing() as db:
            begun, platform, said = _waiting(request, db, launch_id)
            context, problem = contexts.tied(db, platform, said, actor, typed)
            if context is None:
                action = f"/lti/context/{launch_id}"
                return contexts.asked(request, db, platform, said, actor, action=action, problem=problem, typed=typed)
            begun.settings = {}
            proven = actor.id if actor and actor.may("run", context.course_id) else ""
            response = entered(request, db, begun, platform, context, said, proven=proven)
            contexts.record(db, context, said, typed)
    except LaunchRefused as refused:
        return told(request, refused)
    response.delete_cookie(f"{COOKIE}{launch_id[:16]}", path="/lti/context")
    return response


def _waiting(request: Request, db: Session, launch_id: str) -> tuple[LaunchRow, PlatformRow, Message]:
    """The launch that this browser began, and that waits for its staff to choose a course.

    Raises:
        HTTPException: 404.
    """
    begun = db.get(LaunchRow, launch_id)
    state = request.cookies.get(f"{COOKIE}{launch_id[:16]}", "")
    if begun is None or begun.expires_at < now() or "said" not in begun.settings:
        raise not_found()
    if not hmac.compare_digest(hashed(state).encode(), begun.state_hash.encode()):
        raise not_found()
    platform = db.get_one(PlatformRow, begun.platform_id, with_for_update=True)
    return begun, platform, rules.again(begun.settings["said"])
