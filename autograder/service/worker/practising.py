"""Practice in the browser: draws an exercise, marks its answer, and says at once how it went.

What a session knows of itself lies in its jobs, which only the service writes: an exercise follows from the state in
its job, so that its answer is marked by drawing it again.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.model import Item
from autograder.practice import ExercisePool, NoExercise, same_words
from autograder.quiz import mark_item
from autograder.quiz.kinds import asked as question
from autograder.quiz.kinds import right_words
from autograder.quiz.variants import seed_for
from autograder.service.rules import policy as policies
from autograder.service.store.schema import AssignmentRow, ExtensionRow, JobRow, MembershipRow, SheetRow, now
from autograder.service.worker.context import Context

ALWAYS = "practice"  # the assignment of small exercises that every course practises with
State = dict[str, Any]


def exercise(context: Context, job: JobRow) -> dict[str, Any]:
    """The job of a student who wants an exercise: a question without its key, or why there is none."""
    try:
        pool, item = drawn(context, job, held(context, job))
    except NoExercise as error:
        return {"problem": str(error)}
    return {
        "question": question(item),
        "idea": item.idea,
        "ideas": list(pool.known),
        "avoided": sorted(pool.avoided),
        "digests": [assignment.digest for assignment in pool.assignments],
    }


def answer(context: Context, job: JobRow) -> dict[str, Any]:
    """The job of an answer: the verdict, the right answer, why, and the state that the next exercise goes on from."""
    with context.store.reading() as db:
        asked = db.get_one(JobRow, job.payload["exercise"])
    pool, item = drawn(context, asked, frozenset(asked.result.get("avoided", ())))
    if [assignment.digest for assignment in pool.assignments] != asked.result["digests"]:
        return {"problem": "The exercises have changed since this one was drawn. Take another."}
    mark = mark_item(item, job.payload["answer"])
    told = {"status": mark.status, "message": mark.message}
    if mark.status == "unreadable":  # may be written again: nothing has been given away
        return told
    right = mark.status == "right"
    pool.told(item, right=right)
    return told | {
        "answer": "" if right else right_words(item),
        "solution": "" if item.solution in mark.message else item.solution,
        "state": _kept(pool) | _tally(asked.payload["state"], item.idea, right=right),
    }


def held(context: Context, job: JobRow) -> frozenset[str]:
    """The questions that practice never shows: of quizzes of this course that still count for somebody.

    Those are the questions that were drawn for anybody, and this student's own, opened or not.
    """
    found: set[str] = set()
    with context.store.reading() as db:
        member = db.get(MembershipRow, (job.course_id, job.user_id))
        rows = db.scalars(sa.select(AssignmentRow).where(AssignmentRow.course_id == job.course_id)).all()
        counting = [asked for asked in rows if _still_counts(db, asked)]
        for asked in counting:
            sheets = db.scalars(sa.select(SheetRow.items).where(SheetRow.assignment_id == asked.id))
            found |= {same_words(question) for items in sheets for question in items}
    for asked in counting if member else ():
        assert member is not None
        seed = seed_for(context.course_secret(asked.course_id), member.quiz_id)
        found |= {same_words(question(item)) for item in context.assignment(asked.source).quiz(seed)}
    return frozenset(found)


def _still_counts(db: Session, asked: AssignmentRow) -> bool:
    """Return whether answers to its quiz may still be handed in, by anybody: without a due time, for ever."""
    policy = policies.from_json(asked.policy)
    later = db.scalars(sa.select(ExtensionRow.due_at).where(ExtensionRow.assignment_id == asked.id))
    closes = policies.closes_at(policy, max([due for due in (policy.due_at, *later) if due is not None], default=None))
    return asked.version_id is not None and (closes is None or now() <= closes)


def drawn(context: Context, asked: JobRow, held: frozenset[str]) -> tuple[ExercisePool, Item]:
    """The exercise of a job, the same every time, and the pool that it came from.

    Raises:
        NoExercise: nothing can be asked.
    """
    state: State = asked.payload["state"]
    pool = ExercisePool(
        [context.assignment(source) for source in dict.fromkeys([*asked.payload["sources"], ALWAYS])],
        ideas=state["ideas"],
        seed=state["seed"],
        drawn=state.get("drawn", 0),
        due=dict(state.get("due", {})),
        turns=list(state.get("turns", ())),
        known=state.get("known", ()),
        held=held,
    )
    return pool, pool.next()


def _kept(pool: ExercisePool) -> State:
    return {
        "seed": pool.seed,
        "ideas": list(pool.ideas),
        "drawn": pool.drawn,
        "due": pool.due,
        "turns": pool.turns,
        "known": list(pool.known),
    }


def _tally(state: State, idea: str, *, right: bool) -> State:
    """The course of a session: exercises, right ones, right ones in a row, and each idea's last outcome."""
    return {
        "asked": state.get("asked", 0) + 1,
        "right": state.get("right", 0) + right,
        "row": state.get("row", 0) + 1 if right else 0,
        "last": state.get("last", {}) | {idea: right},
    }
