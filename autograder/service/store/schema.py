"""The tables. Times are seconds since the epoch, UTC; ids are opaque and cannot be guessed.

What never changes once written: a submission's bytes, a report, an audit row. A regrade adds reports beside the old
ones and moves `SubmissionRow.report_id`. What follows from other rows: standings and held misconceptions, which
store.standings writes anew whenever something that they follow from has changed.
"""

from __future__ import annotations

import base64
import secrets
import time
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from autograder.service.store.reports import marks


def new_id() -> str:
    """80 random bits in 16 letters and digits."""
    return base64.b32encode(secrets.token_bytes(10)).decode().lower()


def now() -> float:
    return time.time()


STAFF = ("staff", "ta", "observer")  # an instructor, a TA, an observer; their rights stand in web.edge.access


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON, bytes: LargeBinary}  # noqa: RUF012 - SQLAlchemy's


class Keyed:
    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    made_at: Mapped[float] = mapped_column(default=now)


# ----------------------------------------------------------------------------------------------------- people
class UserRow(Keyed, Base):
    __tablename__ = "users"
    name: Mapped[str] = mapped_column(Text, default="")
    email: Mapped[str | None] = mapped_column(String(320), unique=True)  # lower case
    operator: Mapped[bool] = mapped_column(default=False)  # runs the service: makes courses, sees parked jobs
    notices: Mapped[dict[str, Any]] = mapped_column(default=dict)  # ways by kind, as chosen: rules.notices
    erased_at: Mapped[float | None]
    merged_id: Mapped[str | None] = mapped_column(String(16))  # who they turned out to be: nothing else is left here


class CourseRow(Keyed, Base):
    __tablename__ = "courses"
    title: Mapped[str] = mapped_column(Text)
    keep_days: Mapped[int | None]  # submissions older than this are erased; None = kept
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")  # IANA; each assignment's policy has it too
    archived_at: Mapped[float | None]  # since then it is read, and nothing in it changes


class MembershipRow(Base):
    """A person's role in a course.

    `roster_id` decides the quiz variant. Who turns out to have another id in the roster keeps the one that their quiz
    is drawn by, as `drawn_as`; whoever looks for a person finds them by `other_ids` too.
    """

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("course_id", "roster_id"),)
    course_id: Mapped[str] = mapped_column(ForeignKey("courses.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(8))  # "student", or one of STAFF
    roster_id: Mapped[str] = mapped_column(String(100))
    drawn_as: Mapped[str] = mapped_column(String(100), default="")  # "": by the roster's id
    other_ids: Mapped[list[Any]] = mapped_column(default=list)
    section: Mapped[str] = mapped_column(Text, default="")
    group_name: Mapped[str] = mapped_column(Text, default="")  # who hands in together; "" = alone
    dropped: Mapped[bool] = mapped_column(default=False)  # no longer in the course: hands in nothing, keeps reports
    made_at: Mapped[float] = mapped_column(default=now)

    @property
    def quiz_id(self) -> str:
        return self.drawn_as or self.roster_id


class LinkRow(Base):
    """A sign-in link, once; its token is known to its reader only."""

    __tablename__ = "links"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    made_at: Mapped[float] = mapped_column(default=now)
    expires_at: Mapped[float]
    used_at: Mapped[float | None]


class SessionRow(Base):
    """A session of a browser."""

    __tablename__ = "sessions"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    course_id: Mapped[str | None] = mapped_column(String(16))  # sees this course only: a platform opened it
    made_at: Mapped[float] = mapped_column(default=now)
    expires_at: Mapped[float]


class TokenRow(Keyed, Base):
    """For the HTTP API: may do what its owner may, or look only."""

    __tablename__ = "tokens"
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    read_only: Mapped[bool] = mapped_column(default=False)
    expires_at: Mapped[float]
    revoked_at: Mapped[float | None]


class AuditRow(Base):
    """An entry of the audit log, written in the transaction that does what it says."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[float] = mapped_column(default=now, index=True)
    actor_id: Mapped[str | None] = mapped_column(String(16))  # None = the service itself
    course_id: Mapped[str | None] = mapped_column(String(16), index=True)
    action: Mapped[str] = mapped_column(String(60))  # "submission.made", "regrade.applied", …
    object_id: Mapped[str] = mapped_column(String(100), default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


# ------------------------------------------------------------------------------------------------ what is asked
class AssignmentRow(Keyed, Base):
    """An assignment of a course. `policy` is rules.policy.Policy as JSON."""

    __tablename__ = "assignments"
    course_id: Mapped[str] = mapped_column(ForeignKey("courses.id"), index=True)
    title: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)  # the name of its folder, known to workers
    folder: Mapped[str | None] = mapped_column(String(64))  # the digest that a worker last found there; "" = unreadable
    open: Mapped[bool] = mapped_column(default=False)  # students see it
    policy: Mapped[dict[str, Any]] = mapped_column(default=dict)
    version_id: Mapped[str | None] = mapped_column(
        String(16)
    )  # what new submissions are marked with; None = not proven


class VersionRow(Keyed, Base):
    """One state of an assignment's folder, by digest, with its proof."""

    __tablename__ = "versions"
    __table_args__ = (UniqueConstraint("assignment_id", "digest"),)
    assignment_id: Mapped[str] = mapped_column(ForeignKey("assignments.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(8))  # "proven" | "refused"
    proof: Mapped[dict[str, Any]] = mapped_column(default=dict)  # rows of verify.Proof
    about: Mapped[dict[str, Any]] = mapped_column(default=dict)  # title, main, criteria, items without keys, handout


class ExtensionRow(Base):
    __tablename__ = "extensions"
    assignment_id: Mapped[str] = mapped_column(ForeignKey("assignments.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    due_at: Mapped[float]
    reason: Mapped[str] = mapped_column(Text, default="")


class SheetRow(Base):
    """A student's quiz: questions without keys, drawn by a worker. `answers` is what is filled in so far."""

    __tablename__ = "sheets"
    assignment_id: Mapped[str] = mapped_column(ForeignKey("assignments.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))  # of the version it was drawn from
    seed: Mapped[int] = mapped_column(BigInteger, default=0)
    items: Mapped[list[Any]] = mapped_column(default=list)
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    drawn_as: Mapped[str] = mapped_column(String(100), default="")  # "": as its student's others
    saved_at: Mapped[float] = mapped_column(default=now)


# ------------------------------------------------------------------------------------------- what was handed in
class SubmissionRow(Keyed, Base):
    """A submission of one student, as received. `state` follows its latest marking."""

    __tablename__ = "submissions"
    __table_args__ = (
        UniqueConstraint("assignment_id", "user_id", "number"),
        UniqueConstraint("user_id", "idempotency_key"),
        Index("ix_submissions_assignment_made", "assignment_id", "made_at"),
        # What a class is counted by: in the table, a state lies behind each upload.
        Index("ix_submissions_counted", "assignment_id", "practice", "state", "user_id", "number"),
    )
    assignment_id: Mapped[str] = mapped_column(ForeignKey("assignments.id"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    number: Mapped[int]  # 1, 2, … for this student
    practice: Mapped[bool] = mapped_column(default=False)  # counts for nothing
    name: Mapped[str] = mapped_column(Text)  # of the file
    upload: Mapped[bytes | None]  # None once erased
    digest: Mapped[str] = mapped_column(String(64))  # SHA-256 of the upload
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict)  # to the quiz, by item
    drawn_as: Mapped[str] = mapped_column(String(100), default="")  # whose quiz they answer; "": as the sheet's
    group_name: Mapped[str] = mapped_column(Text, default="")  # that it was handed in for; "" = for its student alone
    joint_id: Mapped[str | None] = mapped_column(String(16))  # that of the member who handed it in
    state: Mapped[str] = mapped_column(String(12), default="queued")
    # "queued" | "running" | "graded" | "not_gradable" | "superseded" | "parked"
    late_seconds: Mapped[float] = mapped_column(default=0.0)
    report_id: Mapped[str | None] = mapped_column(String(16))  # the report that counts
    idempotency_key: Mapped[str] = mapped_column(String(100), default=new_id)


def _marks(context: DefaultExecutionContext) -> bytes:
    return marks(context.get_current_parameters()["body"])  # type: ignore[no-untyped-call]


class ReportRow(Keyed, Base):
    """One verdict; exactly one for (submission, assignment digest, seed). `body` is store.reports' packing."""

    __tablename__ = "reports"
    __table_args__ = (UniqueConstraint("submission_id", "digest", "seed"),)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"))
    digest: Mapped[str] = mapped_column(String(64))  # of the assignment
    seed: Mapped[int] = mapped_column(BigInteger)  # 48 bits
    status: Mapped[str] = mapped_column(String(12))
    score: Mapped[float]  # by the points of the assignment's policy; its body has those of its edition
    max_score: Mapped[float]
    counted: Mapped[bool] = mapped_column(default=False)  # at some time: a regrade's preview is no student's to see
    texts: Mapped[list[Any]] = mapped_column(default=list)  # free answers that a person marks: rules.grades.Text each
    body: Mapped[bytes]
    marks: Mapped[bytes] = mapped_column(default=_marks)  # the points of its rows: store.reports.marks
    pictures: Mapped[bytes | None]  # None until drawn


class DiagnosisRow(Base):
    """A misconception that a report names: what its body says too, where all reports can be asked at once."""

    __tablename__ = "diagnoses"
    report_id: Mapped[str] = mapped_column(ForeignKey("reports.id"), primary_key=True)
    misconception: Mapped[str] = mapped_column(String(100), primary_key=True)
    criterion: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(Text)


class TextMarkRow(Base):
    """A person's mark of a free-text answer, in the question's own points; the same text handed in again keeps it."""

    __tablename__ = "text_marks"
    __table_args__ = (Index("ix_text_marks_answer", "assignment_id", "answer_digest"),)
    assignment_id: Mapped[str] = mapped_column(ForeignKey("assignments.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    item_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    answer_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    points: Mapped[float]
    comment: Mapped[str] = mapped_column(Text, default="")
    by_id: Mapped[str] = mapped_column(String(16))
    made_at: Mapped[float] = mapped_column(default=now)


class OverrideRow(Base):
    """Points that a person gave a row of a submission; the grader's stay beside them, in its reports.

    It holds for every report of the submission, whatever a regrade says, until it is lifted.
    """

    __tablename__ = "overrides"
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    row: Mapped[str] = mapped_column(String(120), primary_key=True)  # "criterion:momentum", "item:q1"
    points: Mapped[float]  # as the edition counts them, which a course's points then weigh
    reason: Mapped[str] = mapped_column(Text)  # its student reads it
    by_id: Mapped[str] = mapped_column(String(16))
    made_at: Mapped[float] = mapped_column(default=now)


class CommentRow(Keyed, Base):
    """A comment by student or staff about a submission. `open`: a student's question that nobody has answered."""

    __tablename__ = "comments"
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"), index=True)
    author_id: Mapped[str] = mapped_column(String(16))
    about: Mapped[str] = mapped_column(String(120), default="")  # a row, as of an override; "line:12"; "" = all of it
    text: Mapped[str] = mapped_column(Text)
    open: Mapped[bool] = mapped_column(default=False, index=True)


class StandingRow(Base):
    """A student's standing in an assignment (rules.grades.Standing), so that no page looks through all submissions."""

    __tablename__ = "standings"
    assignment_id: Mapped[str] = mapped_column(ForeignKey("assignments.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)  # "": what counts; else as if this edition's did
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True, index=True)
    points: Mapped[float]
    max_points: Mapped[float]
    submissions: Mapped[int]
    first_id: Mapped[str] = mapped_column(String(16))
    latest_id: Mapped[str] = mapped_column(String(16))
    # the submission that counts, as it was judged
    submission_id: Mapped[str] = mapped_column(String(16))
    number: Mapped[int]
    made_at: Mapped[float]
    late_seconds: Mapped[float]
    score: Mapped[float]
    max_score: Mapped[float]
    texts: Mapped[float]


class StudentMisconceptionRow(Base):
    """A misconception that reports of a student named (rules.statistics.Held)."""

    __tablename__ = "held_misconceptions"
    assignment_id: Mapped[str] = mapped_column(ForeignKey("assignments.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True, index=True)
    misconception: Mapped[str] = mapped_column(String(100), primary_key=True)
    criterion: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(Text)
    since: Mapped[float] = mapped_column(default=0.0)  # when the first submission with it was handed in
    submissions: Mapped[int | None]
    seconds: Mapped[float | None]


class RegradeRow(Keyed, Base):
    """Marks of an assignment computed again with another version; nothing changes until it is applied."""

    __tablename__ = "regrades"
    assignment_id: Mapped[str] = mapped_column(ForeignKey("assignments.id"), index=True)
    version_id: Mapped[str] = mapped_column(String(16), default="")  # "" until its proof is there
    by_id: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(9), default="proving")
    # "proving" | "refused" | "running" | "applied" | "dismissed"
    total: Mapped[int] = mapped_column(default=0)  # submissions that it began with
    put: Mapped[int] = mapped_column(default=0)  # of these, how many have a job already
    lowering: Mapped[bool] = mapped_column(default=False)  # whether marks were allowed to go down, with a notice
    applied_at: Mapped[float | None]


class DownloadRow(Keyed, Base):
    """A file for staff that a worker made of a proven version: a platform's package, a quiz to import, the handout."""

    __tablename__ = "downloads"
    __table_args__ = (UniqueConstraint("assignment_id", "kind", "digest"),)
    assignment_id: Mapped[str] = mapped_column(ForeignKey("assignments.id"))
    kind: Mapped[str] = mapped_column(String(20))  # a line of worker.packaging.KINDS
    digest: Mapped[str] = mapped_column(String(64))  # of the version
    name: Mapped[str] = mapped_column(Text)
    told: Mapped[str] = mapped_column(Text)  # what to do with it
    size: Mapped[int]
    body: Mapped[bytes]


class NoticeRow(Keyed, Base):
    """Something a person must be told, such as a mark that a regrade changed; workers mail it to who wants that."""

    __tablename__ = "notices"
    __table_args__ = (
        Index("ix_notices_user_id_key", "user_id", "key", unique=True),
        Index("ix_notices_mailed_at", "mailed_at", "made_at"),
    )
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    submission_id: Mapped[str | None] = mapped_column(String(16))
    course_id: Mapped[str | None] = mapped_column(String(16))  # of one about no submission
    text: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(10), default="changed")  # a line of rules.notices, or "platform"
    key: Mapped[str | None] = mapped_column(String(80))  # of what is told only once; "of:ID:…" names somebody else
    seen_at: Mapped[float | None]
    mailed_at: Mapped[float | None]  # sent, or looked at and not wanted


# ------------------------------------------------------------------------------------------------------ the queue
class JobRow(Keyed, Base):
    """A job for a worker: what waits, who has it, and how it ended."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_state_priority", "state", "priority", "made_at"),
        Index("ix_jobs_state_room_priority", "state", "room", "priority", "made_at"),  # which one a worker takes next
        Index("ix_jobs_course_kind", "course_id", "kind", "made_at"),
        Index("ix_jobs_regrade", "regrade_id", "kind", "state"),
    )
    kind: Mapped[str] = mapped_column(String(16))  # a line of worker.jobs.KINDS
    lane: Mapped[str] = mapped_column(String(12))  # a line of queue.LANES
    room: Mapped[str] = mapped_column(String(8), default="quick")  # "quick" | "slow": which hands of a worker take it
    priority: Mapped[int]  # smaller is sooner
    not_before: Mapped[float] = mapped_column(default=0.0)  # a job that failed waits a little
    course_id: Mapped[str | None] = mapped_column(String(16))
    user_id: Mapped[str | None] = mapped_column(String(16), index=True)
    submission_id: Mapped[str | None] = mapped_column(String(16), index=True)
    regrade_id: Mapped[str | None] = mapped_column(String(16))  # the regrade that waits for it
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(String(10), default="queued")
    # "queued" | "running" | "done" | "skipped" (there was nothing to do) | "superseded" | "parked"
    failures: Mapped[int] = mapped_column(default=0)  # of ours
    starts: Mapped[int] = mapped_column(default=0)
    worker_id: Mapped[str | None] = mapped_column(String(40))
    started_at: Mapped[float | None]
    finished_at: Mapped[float | None] = mapped_column(index=True)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str] = mapped_column(Text, default="")  # for staff


class WorkerRow(Base):
    """A worker's heartbeat: work of one whose beat is older than the lease is taken over."""

    __tablename__ = "workers"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    started_at: Mapped[float] = mapped_column(default=now)
    beat_at: Mapped[float] = mapped_column(default=now)
    slots: Mapped[int]
    sandbox: Mapped[str] = mapped_column(String(12))


# ------------------------------------------------------------------------------------------------------------ LTI
class KeyRow(Keyed, Base):
    """Our RSA key for LTI: the public half for everybody, the private one sealed with the workers' secret."""

    __tablename__ = "keys"
    public: Mapped[dict[str, Any]]  # a JWK
    sealed: Mapped[bytes]


class PlatformRow(Keyed, Base):
    """A learning platform that launches us by LTI 1.3. One registration serves all its courses: see ContextRow."""

    __tablename__ = "platforms"
    __table_args__ = (UniqueConstraint("issuer", "client_id"),)
    issuer: Mapped[str] = mapped_column(String(500))
    client_id: Mapped[str] = mapped_column(String(200))
    deployments: Mapped[list[Any]] = mapped_column(default=list)
    authorize_url: Mapped[str] = mapped_column(Text)
    token_url: Mapped[str] = mapped_column(Text)
    jwks_url: Mapped[str] = mapped_column(Text)
    key_set: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what lay at jwks_url
    keys_at: Mapped[float | None]  # when it was last asked for


class ContextRow(Keyed, Base):
    """A course of a platform, and the course here that it is: staff chose it. Several may be one course here."""

    __tablename__ = "contexts"
    __table_args__ = (UniqueConstraint("platform_id", "deployment", "context"),)
    platform_id: Mapped[str] = mapped_column(ForeignKey("platforms.id"))
    deployment: Mapped[str] = mapped_column(String(255))
    context: Mapped[str] = mapped_column(String(255))
    title: Mapped[str] = mapped_column(Text, default="")  # as the platform calls it
    course_id: Mapped[str] = mapped_column(ForeignKey("courses.id"), index=True)


class LaunchRow(Base):
    """A launch under way: state and nonce, each good once."""

    __tablename__ = "launches"
    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    nonce: Mapped[str] = mapped_column(String(64), unique=True)
    platform_id: Mapped[str] = mapped_column(ForeignKey("platforms.id"))
    target: Mapped[str] = mapped_column(Text, default="")
    # of deep linking: where the choice goes; of a course that nobody has chosen yet: all that the launch said
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    expires_at: Mapped[float]
    used_at: Mapped[float | None]


class PlatformUserRow(Base):
    __tablename__ = "platform_users"
    platform_id: Mapped[str] = mapped_column(ForeignKey("platforms.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)


class ArrivalRow(Base):
    """A person of a platform who came from this course there: their grades go to its columns, and to no other's."""

    __tablename__ = "arrivals"
    __table_args__ = (
        ForeignKeyConstraint(["platform_id", "subject"], ["platform_users.platform_id", "platform_users.subject"]),
    )
    context_id: Mapped[str] = mapped_column(ForeignKey("contexts.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    platform_id: Mapped[str] = mapped_column(String(16))


class ResourceRow(Keyed, Base):
    """A link placed in a platform's course, and where its grades go."""

    __tablename__ = "resources"
    __table_args__ = (UniqueConstraint("context_id", "link"),)
    context_id: Mapped[str] = mapped_column(ForeignKey("contexts.id"))
    link: Mapped[str] = mapped_column(String(255))
    assignment_id: Mapped[str | None] = mapped_column(ForeignKey("assignments.id"), index=True)
    line_item: Mapped[str] = mapped_column(Text, default="")  # AGS: "" = this platform wants no grades
    scopes: Mapped[list[Any]] = mapped_column(default=list)


class PassbackRow(Base):
    """The grade last sent for a student; timestamps grow, as AGS asks."""

    __tablename__ = "passbacks"
    __table_args__ = (
        ForeignKeyConstraint(["platform_id", "subject"], ["platform_users.platform_id", "platform_users.subject"]),
    )
    resource_id: Mapped[str] = mapped_column(ForeignKey("resources.id"), primary_key=True)
    platform_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    body: Mapped[dict[str, Any]] = mapped_column(default=dict)  # without its timestamp; empty until one has arrived
    sent_at: Mapped[float]
