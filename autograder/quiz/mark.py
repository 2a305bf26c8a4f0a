"""Marks the items of one quiz: each by its kind, and those that build on others by what they build on."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from autograder.model import Awaited, Item, ItemDetail, ItemMark, NumericKey
from autograder.quiz.answers import Answers, fitted
from autograder.quiz.kinds import in_words, kind, numeric, right_words, text
from autograder.quiz.outcome import BadKey, Outcome
from autograder.reading import Unreadable, as_typed, is_empty
from autograder.reading.sheet import TWICE

log = logging.getLogger(__name__)
OUR_FAULT = "We could not mark this answer. This is our fault and costs you nothing: it is marked again later."


def mark_items(items: Sequence[Item], answers: Answers) -> tuple[ItemMark, ...]:
    """One mark per item, in their order.

    Raises:
        BadKey: ours: two items with one id.
    """
    by_id = {item.id: item for item in items}
    if len(by_id) < len(items):
        raise BadKey("Two items of one quiz have the same id.")
    answers = fitted(items, answers)
    return tuple(
        _twice(item, answers.twice[item.id])
        if item.id in answers.twice
        else mark_item(item, answers.entries.get(item.id), by_id, answers.entries)
        for item in items
    )


def mark_item(
    item: Item, answer: object, items: Mapping[str, Item] | None = None, answers: Mapping[str, object] | None = None
) -> ItemMark:
    """The mark of one answer, as TOML gave it; `items` and `answers` are the whole quiz, for what builds on others.

    A fault of ours in one question ends as the status `grader_error` of that question and of nothing else.
    """
    try:
        outcome = _outcome(item, answer, items or {}, answers or {})
    except Unreadable as error:
        outcome = Outcome("unreadable", 0.0, str(error))
    except Exception as error:  # noqa: BLE001 - ours, whatever it is: logged, told to staff, and the others are marked
        outcome = _our_fault(item.id, error)
    # What waits for a person, or for us, has its points later; what the quiz is out of does not depend on it.
    fraction = 0.0 if outcome.status in ("waiting", "grader_error") else outcome.fraction
    score = round(item.points * min(max(fraction, 0.0), 1.0), 2)
    awaited = Awaited(as_typed(answer)[: text.LONGEST], item.points) if outcome.status == "waiting" else None
    return ItemMark(
        item.id,
        score,
        item.points,
        outcome.status,
        outcome.message,
        item.title,
        outcome.for_staff,
        awaited,
        _detail(item, answer),
    )


def _twice(item: Item, both: str) -> ItemMark:
    """The mark of a question that two entries answer differently: which one is meant is not guessed."""
    unread = replace(mark_item(item, ""), status="unreadable", message=TWICE)
    return replace(unread, detail=replace(unread.detail, answer=both[: text.LONGEST])) if unread.detail else unread


def _detail(item: Item, answer: object) -> ItemDetail | None:
    """The question with the answers; None where our key has none to give."""
    try:
        given = "" if is_empty(answer) else in_words(item, answer)[: text.LONGEST]
        return ItemDetail(item.prompt, given, right_words(item), item.solution)
    except Exception:
        log.exception("quiz question %s cannot be shown with its answer", item.id)
        return None


def _our_fault(name: str, error: Exception) -> Outcome:
    log.error("quiz question %s could not be marked", name, exc_info=error)
    return Outcome("grader_error", 0.0, OUR_FAULT, f"{name} could not be marked: {type(error).__name__}: {error}")


def _outcome(item: Item, answer: object, items: Mapping[str, Item], answers: Mapping[str, object]) -> Outcome:
    if is_empty(answer):
        return Outcome("empty", 0.0, "You gave no answer.")
    if isinstance(item.key, NumericKey):
        return numeric.mark(item, answer, _from_own(item, items, answers))
    return kind(item).mark(item, answer)


def _from_own(item: Item, items: Mapping[str, Item], answers: Mapping[str, object]) -> numeric.Own | None:
    """Return this item's answer, given the student's own answer to the item that it builds on; None if neither."""
    if item.follow is None or not items:
        return None
    earlier = items.get(item.follow.item)
    if earlier is None or not isinstance(earlier.key, NumericKey):
        raise BadKey(f"Item {item.id} builds on {item.follow.item}, which is no numeric item of this quiz.")
    own = None if is_empty(answers.get(earlier.id)) else numeric.own_value(earlier, answers[earlier.id])
    if own is None:
        return None
    try:
        expected = float(item.follow.compute(own.value))
    except (ArithmeticError, ValueError):  # their number leads nowhere, as 0 does under a division
        return None
    return numeric.Own(expected, own.right) if math.isfinite(expected) else None
