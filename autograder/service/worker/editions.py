"""Watches the folders of assignments, and tells staff of another edition before anybody hands in to it."""

from __future__ import annotations

import logging

import sqlalchemy as sa

from autograder.model import Assignment
from autograder.service.store.schema import AssignmentRow, VersionRow
from autograder.service.worker.context import Context
from autograder.service.worker.proving import about

log = logging.getLogger(__name__)


def look(context: Context) -> None:
    """Writes down what this worker has; of several workers, the latest one's word counts."""
    with context.store.reading() as db:
        every = db.execute(sa.select(AssignmentRow.id, AssignmentRow.source, AssignmentRow.folder)).all()
    for id_, source, folder in every:
        try:
            assignment = context.assignment(source)
            found = assignment.digest
        except Exception as error:  # noqa: BLE001 - an operator's folder holds Python, which may raise anything
            log.warning("the assignment %s cannot be read: %s", source, error)
            found = ""  # a regrade says what is wrong with it
        else:
            _complete(context, id_, assignment)
        if found != folder:
            with context.store.writing() as db:
                db.execute(sa.update(AssignmentRow).where(AssignmentRow.id == id_).values(folder=found))


def _complete(context: Context, assignment_id: str, assignment: Assignment) -> None:
    """Tell of an edition that was proven by an earlier release what it did not tell: the points of the quiz."""
    this = VersionRow.assignment_id == assignment_id, VersionRow.digest == assignment.digest
    with context.store.reading() as db:
        known = db.scalar(sa.select(VersionRow.about).where(*this))
    if known is not None and "quiz_points" not in known:
        with context.store.writing() as db:
            db.execute(sa.update(VersionRow).where(*this).values(about=about(assignment)))
