"""The first release: all its tables.

A migration that has been released is never changed, and there is none back down: before an upgrade make a backup.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("actor_id", sa.String(16), nullable=True),
        sa.Column("course_id", sa.String(16), nullable=True),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("object_id", sa.String(100), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_index("ix_audit_course_id", "audit", ["course_id"])
    op.create_table(
        "courses",
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("keep_days", sa.Integer(), nullable=True),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_courses"),
    )
    op.create_table(
        "jobs",
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("lane", sa.String(12), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.String(16), nullable=True),
        sa.Column("user_id", sa.String(16), nullable=True),
        sa.Column("submission_id", sa.String(16), nullable=True),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Integer(), nullable=False),
        sa.Column("worker_id", sa.String(40), nullable=True),
        sa.Column("started_at", sa.Double(), nullable=True),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_course_kind", "jobs", ["course_id", "kind", "made_at"])
    op.create_index("ix_jobs_finished_at", "jobs", ["finished_at"])
    op.create_index("ix_jobs_state_priority", "jobs", ["state", "priority", "made_at"])
    op.create_index("ix_jobs_submission_id", "jobs", ["submission_id"])
    op.create_index("ix_jobs_user_id", "jobs", ["user_id"])
    op.create_table(
        "keys",
        sa.Column("public", sa.JSON(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_keys"),
    )
    op.create_table(
        "users",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.String(320), nullable=True),
        sa.Column("operator", sa.Boolean(), nullable=False),
        sa.Column("erased_at", sa.Double(), nullable=True),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("beat_at", sa.Double(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("sandbox", sa.String(12), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
    )
    op.create_table(
        "assignments",
        sa.Column("course_id", sa.String(16), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("version_id", sa.String(16), nullable=True),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name="fk_assignments_course_id"),
        sa.PrimaryKeyConstraint("id", name="pk_assignments"),
    )
    op.create_index("ix_assignments_course_id", "assignments", ["course_id"])
    op.create_table(
        "links",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(16), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("used_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_links_user_id"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_links"),
    )
    op.create_index("ix_links_user_id", "links", ["user_id"])
    op.create_table(
        "memberships",
        sa.Column("course_id", sa.String(16), nullable=False),
        sa.Column("user_id", sa.String(16), nullable=False),
        sa.Column("role", sa.String(8), nullable=False),
        sa.Column("roster_id", sa.String(100), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("dropped", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name="fk_memberships_course_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_memberships_user_id"),
        sa.PrimaryKeyConstraint("course_id", "user_id", name="pk_memberships"),
        sa.UniqueConstraint("course_id", "roster_id", name="uq_memberships_course_id_roster_id"),
    )
    op.create_index("ix_memberships_user_id", "memberships", ["user_id"])
    op.create_table(
        "notices",
        sa.Column("user_id", sa.String(16), nullable=False),
        sa.Column("submission_id", sa.String(16), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=True),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_notices_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
    )
    op.create_index("ix_notices_user_id", "notices", ["user_id"])
    op.create_table(
        "platforms",
        sa.Column("course_id", sa.String(16), nullable=False),
        sa.Column("issuer", sa.String(500), nullable=False),
        sa.Column("client_id", sa.String(200), nullable=False),
        sa.Column("deployments", sa.JSON(), nullable=False),
        sa.Column("context", sa.String(255), nullable=False),
        sa.Column("authorize_url", sa.Text(), nullable=False),
        sa.Column("token_url", sa.Text(), nullable=False),
        sa.Column("jwks_url", sa.Text(), nullable=False),
        sa.Column("key_set", sa.JSON(), nullable=False),
        sa.Column("keys_at", sa.Double(), nullable=True),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name="fk_platforms_course_id"),
        sa.PrimaryKeyConstraint("id", name="pk_platforms"),
        sa.UniqueConstraint("issuer", "client_id", name="uq_platforms_issuer_client_id"),
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(16), nullable=False),
        sa.Column("csrf", sa.String(64), nullable=False),
        sa.Column("course_id", sa.String(16), nullable=True),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sessions"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_table(
        "tokens",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("read_only", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("revoked_at", sa.Double(), nullable=True),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tokens_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_tokens_token_hash"),
    )
    op.create_index("ix_tokens_user_id", "tokens", ["user_id"])
    op.create_table(
        "downloads",
        sa.Column("assignment_id", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignments.id"], name="fk_downloads_assignment_id"),
        sa.PrimaryKeyConstraint("id", name="pk_downloads"),
        sa.UniqueConstraint("assignment_id", "kind", "digest", name="uq_downloads_assignment_id_kind_digest"),
    )
    op.create_table(
        "extensions",
        sa.Column("assignment_id", sa.String(16), nullable=False),
        sa.Column("user_id", sa.String(16), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignments.id"], name="fk_extensions_assignment_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_extensions_user_id"),
        sa.PrimaryKeyConstraint("assignment_id", "user_id", name="pk_extensions"),
    )
    op.create_table(
        "launches",
        sa.Column("state_hash", sa.String(64), nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("platform_id", sa.String(16), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("used_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["platform_id"], ["platforms.id"], name="fk_launches_platform_id"),
        sa.PrimaryKeyConstraint("state_hash", name="pk_launches"),
        sa.UniqueConstraint("nonce", name="uq_launches_nonce"),
    )
    op.create_table(
        "platform_users",
        sa.Column("platform_id", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("user_id", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(["platform_id"], ["platforms.id"], name="fk_platform_users_platform_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_platform_users_user_id"),
        sa.PrimaryKeyConstraint("platform_id", "subject", name="pk_platform_users"),
    )
    op.create_index("ix_platform_users_user_id", "platform_users", ["user_id"])
    op.create_table(
        "regrades",
        sa.Column("assignment_id", sa.String(16), nullable=False),
        sa.Column("version_id", sa.String(16), nullable=False),
        sa.Column("by_id", sa.String(16), nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("lowering", sa.Boolean(), nullable=False),
        sa.Column("applied_at", sa.Double(), nullable=True),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignments.id"], name="fk_regrades_assignment_id"),
        sa.PrimaryKeyConstraint("id", name="pk_regrades"),
    )
    op.create_index("ix_regrades_assignment_id", "regrades", ["assignment_id"])
    op.create_table(
        "resources",
        sa.Column("platform_id", sa.String(16), nullable=False),
        sa.Column("deployment", sa.String(255), nullable=False),
        sa.Column("context", sa.String(255), nullable=False),
        sa.Column("link", sa.String(255), nullable=False),
        sa.Column("assignment_id", sa.String(16), nullable=True),
        sa.Column("line_item", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignments.id"], name="fk_resources_assignment_id"),
        sa.ForeignKeyConstraint(["platform_id"], ["platforms.id"], name="fk_resources_platform_id"),
        sa.PrimaryKeyConstraint("id", name="pk_resources"),
        sa.UniqueConstraint(
            "platform_id", "deployment", "context", "link", name="uq_resources_platform_id_deployment_context_link"
        ),
    )
    op.create_index("ix_resources_assignment_id", "resources", ["assignment_id"])
    op.create_table(
        "sheets",
        sa.Column("assignment_id", sa.String(16), nullable=False),
        sa.Column("user_id", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("saved_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignments.id"], name="fk_sheets_assignment_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sheets_user_id"),
        sa.PrimaryKeyConstraint("assignment_id", "user_id", name="pk_sheets"),
    )
    op.create_table(
        "submissions",
        sa.Column("assignment_id", sa.String(16), nullable=False),
        sa.Column("user_id", sa.String(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("practice", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("upload", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("late_seconds", sa.Double(), nullable=False),
        sa.Column("report_id", sa.String(16), nullable=True),
        sa.Column("idempotency_key", sa.String(100), nullable=False),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignments.id"], name="fk_submissions_assignment_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_submissions_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_submissions"),
        sa.UniqueConstraint("assignment_id", "user_id", "number", name="uq_submissions_assignment_id_user_id_number"),
        sa.UniqueConstraint("user_id", "idempotency_key", name="uq_submissions_user_id_idempotency_key"),
    )
    op.create_index("ix_submissions_assignment_made", "submissions", ["assignment_id", "made_at"])
    op.create_index(
        "ix_submissions_counted", "submissions", ["assignment_id", "practice", "state", "user_id", "number"]
    )
    op.create_index(
        "ix_submissions_standing",
        "submissions",
        ["assignment_id", "practice", "user_id", "late_seconds", "number", "made_at", "report_id", "id"],
    )
    op.create_index("ix_submissions_user_id", "submissions", ["user_id"])
    op.create_table(
        "text_marks",
        sa.Column("assignment_id", sa.String(16), nullable=False),
        sa.Column("user_id", sa.String(16), nullable=False),
        sa.Column("item_id", sa.String(100), nullable=False),
        sa.Column("answer_digest", sa.String(64), nullable=False),
        sa.Column("points", sa.Double(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("by_id", sa.String(16), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignments.id"], name="fk_text_marks_assignment_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_text_marks_user_id"),
        sa.PrimaryKeyConstraint("assignment_id", "user_id", "item_id", "answer_digest", name="pk_text_marks"),
    )
    op.create_table(
        "versions",
        sa.Column("assignment_id", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("proof", sa.JSON(), nullable=False),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignments.id"], name="fk_versions_assignment_id"),
        sa.PrimaryKeyConstraint("id", name="pk_versions"),
        sa.UniqueConstraint("assignment_id", "digest", name="uq_versions_assignment_id_digest"),
    )
    op.create_index("ix_versions_assignment_id", "versions", ["assignment_id"])
    op.create_table(
        "passbacks",
        sa.Column("resource_id", sa.String(16), nullable=False),
        sa.Column("platform_id", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("sent_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["platform_id", "subject"],
            ["platform_users.platform_id", "platform_users.subject"],
            name="fk_passbacks_platform_id_subject",
        ),
        sa.ForeignKeyConstraint(["resource_id"], ["resources.id"], name="fk_passbacks_resource_id"),
        sa.PrimaryKeyConstraint("resource_id", "platform_id", "subject", name="pk_passbacks"),
    )
    op.create_table(
        "reports",
        sa.Column("submission_id", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("max_score", sa.Double(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("pictures", sa.LargeBinary(), nullable=True),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_reports_submission_id"),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
        sa.UniqueConstraint("submission_id", "digest", "seed", name="uq_reports_submission_id_digest_seed"),
    )
    op.create_index("ix_reports_verdict", "reports", ["id", "status", "score", "max_score"])
    op.create_table(
        "diagnoses",
        sa.Column("report_id", sa.String(16), nullable=False),
        sa.Column("misconception", sa.String(100), nullable=False),
        sa.Column("criterion", sa.String(100), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name="fk_diagnoses_report_id"),
        sa.PrimaryKeyConstraint("report_id", "misconception", name="pk_diagnoses"),
    )
