"""Watches the folders of assignments, and tells staff of another edition before anybody hands in to it."""

from __future__ import annotations

import logging

import sqlalchemy as sa

from autograder.service.store.schema import AssignmentRow
from autograder.service.worker.context import Context

log = logging.getLogger(__name__)


def look(context: Context) -> None:
    """Writes down what this worker has; of several workers, the latest one's word counts."""
    with context.store.reading() as db:
        every = db.execute(sa.select(AssignmentRow.id, AssignmentRow.source, AssignmentRow.folder)).all()
    for id_, source, folder in every:
        try:
            found = context.assignment(source).digest
        except Exception as error:  # noqa: BLE001 - an operator's folder holds Python, which may raise anything
            log.warning("the assignment %s cannot be read: %s", source, error)
            found = ""  # a regrade says what is wrong with it
        if found != folder:
            with context.store.writing() as db:
                db.execute(sa.update(AssignmentRow).where(AssignmentRow.id == id_).values(folder=found))
