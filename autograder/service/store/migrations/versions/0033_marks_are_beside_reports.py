"""The points of a report's rows stand beside its body, so that adding them up anew reads no bodies."""

from __future__ import annotations

import json
import zlib
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"

AT_ONCE = 500  # bodies are large


def upgrade() -> None:
    op.add_column("reports", sa.Column("marks", sa.LargeBinary, nullable=False, server_default=sa.text("''")))
    bind = op.get_bind()
    reports = sa.table("reports", sa.column("id"), sa.column("body"), sa.column("marks", sa.LargeBinary))
    last = ""
    while rows := bind.execute(
        sa.select(reports.c.id, reports.c.body).where(reports.c.id > last).order_by(reports.c.id).limit(AT_ONCE)
    ).all():
        marked = [{"of": id_, "marks": marks} for id_, body in rows if (marks := marks_of(body))]
        if marked:
            bind.execute(sa.update(reports).where(reports.c.id == sa.bindparam("of")), marked)
        last = rows[-1][0]


def marks_of(body: bytes) -> bytes:
    """Return the points of a report. Until version 0.9, answers counted where there were any.

    A damaged report has none: it stops no upgrade, and `gradmark admin check` tells of it.
    """
    try:
        told: dict[str, Any] = json.loads(zlib.decompress(body))
    except (zlib.error, ValueError):
        return b""
    old = "quiz_points" not in told
    criteria = [[row["id"], row["max_score"]] for row in told["criteria"]]
    quiz = [
        [item["id"], item["awaited"]["points"] if old and item["awaited"] else item["max_score"],
         *([item["awaited"]["points"]] if item["awaited"] else [])]
        for item in told["quiz"]
    ]  # fmt: skip
    counts, points = (True, sum(row[1] for row in quiz)) if old else (told["quiz_counts"], told["quiz_points"])
    scores = [[row["score"] for row in told[kind]] for kind in ("criteria", "quiz")]
    return zlib.compress(json.dumps([*scores, json.dumps([criteria, quiz, counts, points])]).encode())
