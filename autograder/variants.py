"""Shows that the variants of a quiz ask for as much, and that their keys are right: a part of the proof.

All variants have the same blueprint: as many questions, of the same kinds, for the same points. That makes them alike
in what is worth how much; it does not prove that each is equally hard, and nothing here says so. Then every key is
handed in as an answer and must get full marks, and so is every distractor, which must not, and no hint may give the
key away. Where an assignment can compute keys a second time, from the words of the question alone, both must agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from autograder.model import Assignment, Item, ItemMark, NumericKey
from autograder.quiz import mark_item
from autograder.quiz.kinds import right_answer, right_words, wrong_answers
from autograder.quiz.kinds.numeric import near

SEEDS = 2000  # variants looked at: each draws its own questions and numbers
Statement = tuple[str, bool, str]  # what is stated, whether it holds, what was found
Questions = Mapping[str, tuple[int, Item]]  # by their words -> the first variant that asks it, and the item


def statements(assignment: Assignment, seeds: Sequence[int] | None = None) -> Iterator[Statement]:
    """Nothing for an assignment without a quiz. `seeds`: without any named, as many as a proof needs."""
    seeds = range(SEEDS) if seeds is None else seeds
    quizzes = {seed: assignment.quiz(seed) for seed in (assignment.quiz_seed, *seeds)}
    if not any(quizzes.values()):
        return
    yield _same_blueprint(quizzes)
    different = _different(quizzes)
    held = [(f"{item.id} (variant {seed})", _held(item)) for seed, item in different.values()]
    for number, name in enumerate(("keys get full marks", "distractors do not", "hints keep the key")):
        yield _all(name, [(question, holds[number]) for question, holds in held])
    numbers = {words: one for words, one in different.items() if isinstance(one[1].key, NumericKey)}
    again = {words: value for words, (_, item) in numbers.items() if (value := assignment.key_again(item)) is not None}
    if again:
        yield _keys_agree(numbers, again)


def _different(quizzes: Mapping[int, Sequence[Item]]) -> Questions:
    """Each question once, however many variants ask it."""
    found: dict[str, tuple[int, Item]] = {}
    for seed, items in quizzes.items():
        for item in items:
            found.setdefault(f"{item.id}\0{item.prompt}\0{item.key}", (seed, item))
    return found


def _same_blueprint(quizzes: Mapping[int, Sequence[Item]]) -> Statement:
    blueprints = {seed: [(i.kind, i.points) for i in items] for seed, items in quizzes.items()}
    first = next(iter(blueprints.values()))
    odd = [seed for seed, blueprint in blueprints.items() if blueprint != first]
    points = sum(points for _, points in first)
    asked = len({tuple(item.id for item in items) for items in quizzes.values()})
    selections = f"{asked} selections of questions" if asked > 1 else "the same questions for everybody"
    found = f"{len(first)} questions, {points:g} points, of the same kinds in {len(quizzes)} variants: {selections}"
    if odd:
        found = f"of another blueprint: variant {', '.join(map(str, odd[:5]))}"
    return "same blueprint", not odd, found


def _all(name: str, questions: Sequence[tuple[str, bool]]) -> Statement:
    failing = [question for question, holds in questions if not holds]
    found = f"fails: {', '.join(failing[:5])}" if failing else f"{len(questions)} different questions"
    return name, not failing, found


def _held(item: Item) -> tuple[bool, bool, bool]:
    """Return whether its key gets full marks, no distractor does, and no hint gives the key away."""
    mistaken = [mark_item(item, answer) for answer, _ in wrong_answers(item)]
    right = mark_item(item, right_answer(item))
    return _is_full(item, right), not any(_is_full(item, mark) for mark in mistaken), _keeps_its_key(item, mistaken)


def _is_full(item: Item, mark: ItemMark) -> bool:
    """Return whether an answer gets all points; a text waits for a person, and getting none from us is right."""
    return mark.status == "waiting" if item.kind == "text" else mark.score == item.points


def _keeps_its_key(item: Item, mistaken: Sequence[ItemMark]) -> bool:
    """Return whether what is told about wrong answers never has the right one in it, as a number or formula."""
    if item.kind not in ("numeric", "prediction", "formula"):
        return True  # the options stand there for all to see; which is right is in no hint of another by its letter
    key = right_words(item)
    return not any(_holds(mark.message, key, item.prompt) for mark in mistaken)


def _holds(message: str, key: str, prompt: str) -> bool:
    """Return whether a message has the key in it. Short numbers occur by chance; the question's own are known."""
    return len(key.strip("−")) > 3 and key in message and key not in prompt


def _keys_agree(numbers: Questions, again: Mapping[str, float]) -> Statement:
    keys = {words: numbers[words] for words in again}
    failing = [f"{item.id} (variant {seed})" for words, (seed, item) in keys.items() if not _same(item, again[words])]
    found = f"{len(again)} of {len(numbers)} questions for a number"
    return "keys agree with the questions", not failing, f"fails: {', '.join(failing[:5])}" if failing else found


def _same(item: Item, again: float) -> bool:
    return isinstance(item.key, NumericKey) and near(again, item.key.value, item.key.figures + 3)
