"""The maximum of a report holds its free-text answers, whether a person has marked them yet or not.

Until now such an answer counted only once it had a mark. Points and maximum of every student are computed again when
all steps are done (env.py). Reports of a quiz that was not handed in keep their maximum until they are regraded.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

AT_ONCE = 500


def upgrade() -> None:
    op.drop_column("standings", "texts_max")
    columns = sa.column("id", sa.String), sa.column("max_score", sa.Double), sa.column("texts", sa.JSON)
    reports = sa.table("reports", *columns)
    connection = op.get_bind()
    rows = connection.execute(sa.select(reports).where(sa.cast(reports.c.texts, sa.Text) != "[]")).all()
    raised = [
        {"report": row.id, "most": row.max_score + sum(text["points"] for text in row.texts)}
        for row in rows
        if row.texts
    ]
    change = sa.update(reports).where(reports.c.id == sa.bindparam("report")).values(max_score=sa.bindparam("most"))
    for start in range(0, len(raised), AT_ONCE):
        connection.execute(change, raised[start : start + AT_ONCE])
