"""Practice in the browser: draws an exercise, marks its answer, and says at once how it went.

What a session knows of itself lies in its jobs, which only the service writes: an exercise follows from the state in
its job, so that its answer is marked by drawing it again.
"""

from __future__ import annotations

from typing import Any

from autograder.model import Item
from autograder.practice import NoExercise, Pool
from autograder.quiz import mark_item
from autograder.quiz.kinds import asked as question
from autograder.quiz.kinds import right_words
from autograder.service.store.schema import JobRow
from autograder.service.worker.context import Context

ALWAYS = "practice"  # the assignment of small exercises that every course practises with
State = dict[str, Any]


def exercise(context: Context, job: JobRow) -> dict[str, Any]:
    """The job of a student who wants an exercise: a question without its key, or why there is none."""
    try:
        pool, item = drawn(context, job)
    except NoExercise as error:
        return {"problem": str(error)}
    return {
        "question": question(item),
        "idea": item.idea,
        "ideas": list(pool.known),
        "digests": [assignment.digest for assignment in pool.assignments],
    }


def answer(context: Context, job: JobRow) -> dict[str, Any]:
    """The job of an answer: the verdict, the right answer, why, and the state that the next exercise goes on from."""
    with context.store.reading() as db:
        asked = db.get_one(JobRow, job.payload["exercise"])
    pool, item = drawn(context, asked)
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


def drawn(context: Context, asked: JobRow) -> tuple[Pool, Item]:
    """The exercise of a job, the same every time, and the pool that it came from.

    Raises:
        NoExercise: nothing can be asked.
    """
    state: State = asked.payload["state"]
    pool = Pool(
        [context.assignment(source) for source in dict.fromkeys([*asked.payload["sources"], ALWAYS])],
        ideas=state["ideas"],
        seed=state["seed"],
        drawn=state.get("drawn", 0),
        due=dict(state.get("due", {})),
        turns=list(state.get("turns", ())),
        known=state.get("known", ()),
    )
    return pool, pool.next()


def _kept(pool: Pool) -> State:
    return {
        "seed": pool.seed,
        "ideas": list(pool.ideas),
        "drawn": pool.drawn,
        "due": pool.due,
        "turns": pool.turns,
        "known": list(pool.known),
    }


def _tally(state: State, idea: str, *, right: bool) -> State:
    """How the session goes: exercises, right ones, right ones in a row, and for each idea whether it was right last."""
    return {
        "asked": state.get("asked", 0) + 1,
        "right": state.get("right", 0) + right,
        "row": state.get("row", 0) + 1 if right else 0,
        "last": state.get("last", {}) | {idea: right},
    }
