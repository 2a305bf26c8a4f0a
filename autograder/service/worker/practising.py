"""Practice in the browser: draws an exercise, marks its answer, and says at once how it went.

What a session knows of itself lies in its jobs, which only the service writes: an exercise follows from the state in
its job, so that its answer is marked by drawing it again.
"""

from __future__ import annotations

import time
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
MOST_SECONDS = 2.0  # of one exercise for drawing what others are asked: 50 of a class
State = dict[str, Any]


def exercise(context: Context, job: JobRow) -> dict[str, Any]:
    """The job of a student who wants an exercise: a question without its key, or why there is none."""
    try:
        words, left_out = held(context, job)
        pool, item = drawn(context, job, words, left_out)
    except NoExercise as error:
        return {"problem": str(error)}
    return {
        "question": question(item),
        "idea": item.idea,
        "ideas": list(pool.known),
        "avoided": sorted(pool.avoided),
        "left_out": sorted(left_out),
        "digests": [assignment.digest for assignment in pool.assignments],
    }


def answer(context: Context, job: JobRow) -> dict[str, Any]:
    """The job of an answer: the verdict, the right answer, why, and the state that the next exercise goes on from."""
    with context.store.reading() as db:
        asked = db.get_one(JobRow, job.payload["exercise"])
    left_out = frozenset(asked.result.get("left_out", ()))
    pool, item = drawn(context, asked, frozenset(asked.result.get("avoided", ())), left_out)
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


def held(context: Context, job: JobRow) -> tuple[frozenset[str], frozenset[str]]:
    """The questions that practice never shows, of quizzes of this course that still count for somebody; and sources.

    Those are the questions that were drawn for anybody and everybody's own, opened or not. To draw those of a class
    takes a while: until a worker knows all of them, it takes no exercise from these sources.
    """
    found: set[str] = set()
    unknown: set[str] = set()
    with context.store.reading() as db:
        members = db.scalars(sa.select(MembershipRow).where(MembershipRow.course_id == job.course_id)).all()
        rows = db.scalars(sa.select(AssignmentRow).where(AssignmentRow.course_id == job.course_id)).all()
        counting = [asked for asked in rows if _still_counts(db, asked)]
        for asked in counting:
            sheets = db.scalars(sa.select(SheetRow.items).where(SheetRow.assignment_id == asked.id))
            found |= {same_words(question) for items in sheets for question in items}
    members = sorted(members, key=lambda one: one.user_id != job.user_id)  # their own first
    until = time.monotonic() + MOST_SECONDS
    for asked in counting:
        secret = context.course_secret(asked.course_id)
        for member in members:
            words = _words(context, asked, seed_for(secret, member.quiz_id), until)
            found |= words or frozenset()
            unknown |= {asked.source} if words is None else set()
    return frozenset(found), frozenset(unknown)


def _words(context: Context, asked: AssignmentRow, seed: int, until: float) -> frozenset[str] | None:
    """The questions of a variant, remembered by this worker; None where they are not known and there is no time."""
    assignment = context.assignment(asked.source)
    key = assignment.digest, seed
    if key not in context.quiz_words and time.monotonic() < until:
        context.quiz_words[key] = frozenset(same_words(question(item)) for item in assignment.quiz(seed))
    return context.quiz_words.get(key)


def _still_counts(db: Session, asked: AssignmentRow) -> bool:
    """Return whether answers to its quiz may still be handed in, by anybody: without a due time, for ever."""
    policy = policies.from_json(asked.policy)
    later = db.scalars(sa.select(ExtensionRow.due_at).where(ExtensionRow.assignment_id == asked.id))
    closes = policies.closes_at(policy, max([due for due in (policy.due_at, *later) if due is not None], default=None))
    return asked.version_id is not None and (closes is None or now() <= closes)


def drawn(
    context: Context, asked: JobRow, held: frozenset[str], left_out: frozenset[str] = frozenset()
) -> tuple[ExercisePool, Item]:
    """The exercise of a job, the same every time, and the pool that it came from, without the sources left out.

    Raises:
        NoExercise: nothing can be asked.
    """
    state: State = asked.payload["state"]
    every = {source: context.assignment(source) for source in [*asked.payload["sources"], ALWAYS]}
    kept = [assignment for source, assignment in every.items() if source not in left_out]
    if not kept:
        raise NoExercise("The exercises are being prepared. Try again in a moment.")
    pool = ExercisePool(
        kept,
        ideas=state["ideas"],
        seed=state["seed"],
        drawn=state.get("drawn", 0),
        due=dict(state.get("due", {})),
        turns=list(state.get("turns", ())),
        known=state.get("known", ()) or (ExercisePool(list(every.values()), seed=0).known if left_out else ()),
        held=held,
        partial=bool(left_out),
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
