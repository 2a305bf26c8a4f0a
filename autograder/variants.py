"""Shows that all variants of a quiz are equally hard, and that their keys are right: a part of the proof.

Equal by construction means the same blueprint: as many questions, of the same kinds, for the same
points. Then every key is handed in as an answer and must get full marks, and so is every distractor, which must not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from autograder.model import (
    Assignment,
    ChoiceKey,
    FormulaKey,
    Item,
    MatrixKey,
    NumericKey,
    OrderKey,
)
from autograder.quiz import mark_item

SEEDS = 50  # variants looked at: each draws its own questions and numbers
Answer = str | list[str] | dict[str, str]
Statement = tuple[str, bool, str]  # what is stated, whether it holds, what was found


def statements(assignment: Assignment, seeds: Sequence[int] = range(SEEDS)) -> Iterator[Statement]:
    """Nothing for an assignment without a quiz."""
    quizzes = {seed: assignment.quiz(seed) for seed in (assignment.quiz_seed, *seeds)}
    if not any(quizzes.values()):
        return
    yield _same_blueprint(quizzes)
    yield _all("keys get full marks", quizzes, lambda item: _full(item, right(item)))
    yield _all("distractors do not", quizzes, lambda item: not any(_full(item, answer) for answer in wrong(item)))


def _same_blueprint(quizzes: Mapping[int, Sequence[Item]]) -> Statement:
    blueprints = {seed: [(i.kind, i.points) for i in items] for seed, items in quizzes.items()}
    first = next(iter(blueprints.values()))
    odd = [seed for seed, blueprint in blueprints.items() if blueprint != first]
    points = sum(points for _, points in first)
    asked = len({tuple(item.id for item in items) for items in quizzes.values()})
    selections = f"{asked} selections of questions" if asked > 1 else "the same questions for everybody"
    said = f"{len(first)} questions, {points:g} points, of the same kinds in {len(quizzes)} variants: {selections}"
    if odd:
        said = f"of another blueprint: variant {', '.join(map(str, odd[:5]))}"
    return "equal difficulty", not odd, said


def _all(name: str, quizzes: Mapping[int, Sequence[Item]], holds: Callable[[Item], bool]) -> Statement:
    failing = [f"{item.id} (variant {seed})" for seed, items in quizzes.items() for item in items if not holds(item)]
    count = sum(len(items) for items in quizzes.values())
    return name, not failing, f"fails: {', '.join(failing[:5])}" if failing else f"{count} items"


def _full(item: Item, answer: Answer) -> bool:
    """Whether the answer gets all points; a text waits for a person and gets none from us, which is right."""
    mark = mark_item(item, answer)
    return mark.status == "waiting" if item.kind == "text" else mark.score == item.points


def right(item: Item) -> Answer:
    """The key as a student would write it."""
    match item.key:
        case NumericKey(value=value, unit=unit):
            return f"{value!r} {unit}".strip()
        case ChoiceKey(options=options, several=several):
            taken = [option.id for option in options if option.right]
            return taken if several else taken[0]
        case OrderKey(order=order):
            return list(order)
        case MatrixKey(right=columns):
            return dict(columns)
        case FormulaKey(expression=expression):
            return expression
        case text:
            return text.sample


def wrong(item: Item) -> list[Answer]:
    """Every wrong answer that the key knows, as a student would write it."""
    match item.key:
        case NumericKey(wrong=known, unit=unit):
            return [w.value if isinstance(w.value, str) else f"{w.value!r} {unit}".strip() for w in known]
        case ChoiceKey(options=options, several=several):
            return [[option.id] if several else option.id for option in options if not option.right]
        case OrderKey(order=order):
            return [list(reversed(order))]
        case MatrixKey(right=columns, columns=every):
            return [{**columns, row: other} for row, column in columns.items() for other in every if other != column]
        case FormulaKey(wrong=known):
            return [str(w.value) for w in known]
    return []
