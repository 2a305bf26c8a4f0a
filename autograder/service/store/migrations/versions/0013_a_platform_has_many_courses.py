"""One registration of a learning platform serves many courses: which is which is in a table of its own.

So far a registration was tied to one course here and to one there. Links of a course there that it was tied to before,
and is no more, could not be opened: they go.
"""

from __future__ import annotations

import base64
import secrets
import time

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "contexts",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("made_at", sa.Double, nullable=False),
        sa.Column("platform_id", sa.String(16), nullable=False),
        sa.Column("deployment", sa.String(255), nullable=False),
        sa.Column("context", sa.String(255), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("course_id", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(["platform_id"], ["platforms.id"], name="fk_contexts_platform_id"),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name="fk_contexts_course_id"),
        sa.PrimaryKeyConstraint("id", name="pk_contexts"),
        sa.UniqueConstraint("platform_id", "deployment", "context", name="uq_contexts_platform_id_deployment_context"),
    )
    op.create_index("ix_contexts_course_id", "contexts", ["course_id"])
    op.create_table(
        "arrivals",
        sa.Column("context_id", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("platform_id", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(["context_id"], ["contexts.id"], name="fk_arrivals_context_id"),
        sa.ForeignKeyConstraint(
            ["platform_id", "subject"],
            ["platform_users.platform_id", "platform_users.subject"],
            name="fk_arrivals_platform_id_subject",
        ),
        sa.PrimaryKeyConstraint("context_id", "subject", name="pk_arrivals"),
    )
    _tied()
    op.execute(
        "INSERT INTO arrivals (context_id, subject, platform_id) SELECT contexts.id, platform_users.subject, "
        "contexts.platform_id FROM contexts JOIN platform_users ON platform_users.platform_id = contexts.platform_id"
    )
    op.add_column("resources", sa.Column("context_id", sa.String(16)))
    op.execute(
        "UPDATE resources SET context_id = (SELECT contexts.id FROM contexts WHERE contexts.platform_id = "
        "resources.platform_id AND contexts.deployment = resources.deployment AND contexts.context = resources.context)"
    )
    op.execute("DELETE FROM passbacks WHERE resource_id IN (SELECT id FROM resources WHERE context_id IS NULL)")
    op.execute("DELETE FROM resources WHERE context_id IS NULL")
    with op.batch_alter_table("resources") as table:
        table.drop_constraint("uq_resources_platform_id_deployment_context_link", type_="unique")
        table.drop_constraint("fk_resources_platform_id", type_="foreignkey")
        for name in ("platform_id", "deployment", "context"):
            table.drop_column(name)
        table.alter_column("context_id", existing_type=sa.String(16), nullable=False)
        table.create_foreign_key("fk_resources_context_id", "contexts", ["context_id"], ["id"])
        table.create_unique_constraint("uq_resources_context_id_link", ["context_id", "link"])
    with op.batch_alter_table("platforms") as table:
        table.drop_constraint("fk_platforms_course_id", type_="foreignkey")
        table.drop_column("course_id")
        table.drop_column("context")


def _tied() -> None:
    """Tie each course there, in each deployment that is registered or has a link, to the course of its registration."""
    connection = op.get_bind()
    columns: list[sa.ColumnClause[str]] = [sa.column(name, sa.String) for name in ("id", "course_id", "context")]
    platforms = connection.execute(
        sa.select(*columns, sa.column("deployments", sa.JSON)).select_from(sa.table("platforms", *columns))
    ).all()
    linked = connection.execute(sa.text("SELECT DISTINCT platform_id, deployment, context FROM resources")).all()
    for platform in platforms:
        known = {row.deployment for row in linked if (row.platform_id, row.context) == (platform.id, platform.context)}
        for deployment in sorted(known | set(platform.deployments)) if platform.context else ():
            connection.execute(
                sa.text(
                    "INSERT INTO contexts (id, made_at, platform_id, deployment, context, title, course_id) "
                    "VALUES (:id, :at, :platform, :deployment, :context, '', :course)"
                ),
                {
                    "id": base64.b32encode(secrets.token_bytes(10)).decode().lower(), "at": time.time(),
                    "platform": platform.id, "deployment": deployment, "context": platform.context,
                    "course": platform.course_id,
                },
            )  # fmt: skip
