"""Keep standings in a table and mark a regrade's jobs by a column, so that no page looks through all submissions.

What is kept is computed from the rest, by this release, when all steps are done (env.py).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "standings",
        sa.Column("assignment_id", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(16), nullable=False),
        sa.Column("points", sa.Double(), nullable=False),
        sa.Column("max_points", sa.Double(), nullable=False),
        sa.Column("submissions", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.String(16), nullable=False),
        sa.Column("latest_id", sa.String(16), nullable=False),
        sa.Column("submission_id", sa.String(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("late_seconds", sa.Double(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("max_score", sa.Double(), nullable=False),
        sa.Column("texts", sa.Double(), nullable=False),
        sa.Column("texts_max", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignments.id"], name="fk_standings_assignment_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_standings_user_id"),
        sa.PrimaryKeyConstraint("assignment_id", "digest", "user_id", name="pk_standings"),
    )
    op.create_index("ix_standings_user_id", "standings", ["user_id"])
    op.create_table(
        "held_misconceptions",
        sa.Column("assignment_id", sa.String(16), nullable=False),
        sa.Column("user_id", sa.String(16), nullable=False),
        sa.Column("misconception", sa.String(100), nullable=False),
        sa.Column("criterion", sa.String(100), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("submissions", sa.Integer(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignments.id"], name="fk_held_misconceptions_assignment_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_held_misconceptions_user_id"),
        sa.PrimaryKeyConstraint("assignment_id", "user_id", "misconception", name="pk_held_misconceptions"),
    )
    op.create_index("ix_held_misconceptions_user_id", "held_misconceptions", ["user_id"])
    op.drop_index("ix_submissions_standing", "submissions")
    op.drop_index("ix_reports_verdict", "reports")
    op.add_column("jobs", sa.Column("regrade_id", sa.String(16), nullable=True))
    op.create_index("ix_jobs_regrade", "jobs", ["regrade_id", "kind", "state"])
    op.add_column("assignments", sa.Column("folder", sa.String(64), nullable=True))
    for name in ("total", "put"):
        op.add_column("regrades", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("reports", sa.Column("counted", sa.Boolean(), nullable=False, server_default=sa.false()))
    _reports_know_that_they_counted()
    _regrades_know_their_jobs()


def _reports_know_that_they_counted() -> None:
    """Copy what counts now, and what counted at first."""
    names = ("id", "submission_id", "made_at", "counted")
    reports, other = (sa.table("reports", *map(sa.column, names)).alias(alias) for alias in ("reports", "other"))
    target = sa.table("reports", *map(sa.column, names))
    submissions = sa.table("submissions", sa.column("report_id"))
    first = sa.select(reports.c.id).where(
        ~sa.exists().where(other.c.submission_id == reports.c.submission_id, other.c.made_at < reports.c.made_at)
    )
    counts = sa.select(submissions.c.report_id).where(submissions.c.report_id.is_not(None))
    op.execute(sa.update(target).where(target.c.id.in_(first) | target.c.id.in_(counts)).values(counted=sa.true()))


def _regrades_know_their_jobs() -> None:
    jobs = sa.table(
        "jobs",
        sa.column("kind", sa.String),
        sa.column("state", sa.String),
        sa.column("regrade_id", sa.String),
        sa.column("payload", sa.JSON),
        sa.column("result", sa.JSON),
    )
    waited_for = sa.or_(
        jobs.c.kind == "regrade",
        sa.and_(jobs.c.kind == "remark", jobs.c.payload["late"].as_boolean().is_(False)),
    )
    op.execute(sa.update(jobs).where(waited_for).values(regrade_id=jobs.c.payload["regrade"].as_string()))
    regrades = sa.table("regrades", *(sa.column(name) for name in ("id", "total", "put")))
    began_with = (
        sa.select(sa.func.count()).where(jobs.c.regrade_id == regrades.c.id, jobs.c.kind == "remark").scalar_subquery()
    )
    op.execute(sa.update(regrades).values(total=began_with, put=began_with))
    nothing_to_do = jobs.c.result["skipped"].as_string().is_not(None)
    op.execute(sa.update(jobs).where(jobs.c.kind == "remark", nothing_to_do).values(state="skipped"))
