"""`gradmark practice`: endless small exercises in a terminal, each with its verdict and hint at once.

Exercises are quiz items of assignments, one idea each, drawn from a seed. An idea that was answered wrongly comes
back after two others; until then ideas take turns. Nothing is recorded, and nothing leaves the machine.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np

from autograder.model import Assignment, ChoiceKey, Item, ItemMark, MatrixKey, NumericKey, OrderKey, TextKey
from autograder.quiz import mark_item
from autograder.quiz.kinds import asked, in_words, right_answer

BACK_AFTER = 3  # exercises: a wrong idea comes back as the third one, before it is forgotten and after others
SURVEYED = 12  # variants looked through for what ideas there are: every slot of every quiz so far shows up in six
SEARCHED = 200  # variants drawn for one exercise about an idea; one in ten has any given idea at worst
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class NoExercise(Exception):
    """Nothing can be asked; the message says why and what to do."""


@dataclass
class ExercisePool:
    """Draws exercises, and decides which idea is due when."""

    assignments: Sequence[Assignment]
    ideas: Sequence[str] = ()
    seed: int | None = None
    drawn: int = 0
    due: dict[str, int] = field(default_factory=dict)  # idea -> number of the exercise at which it comes back
    turns: list[str] = field(default_factory=list)
    known: Sequence[str] = ()  # all ideas there are; looked for when not given
    held: frozenset[str] = frozenset()  # questions that are never asked: those of a graded quiz that is open
    partial: bool = False  # some assignments are left out for now: an idea may have no exercise
    avoided: set[str] = field(default_factory=set)  # those drawn and left: alone held, they give the same exercise

    def __post_init__(self) -> None:
        self.seed = secrets.randbits(32) if self.seed is None else self.seed
        if not self.known:
            self.known = sorted({i.idea for a in self.assignments for n in range(SURVEYED) for i in _alone(a, n)})
        if not self.known:
            raise NoExercise("There is nothing to practise: none of these assignments has a quiz.")
        if unknown := [idea for idea in self.ideas if idea not in self.known]:
            known = ", ".join(self.known)
            raise NoExercise(f"There is no exercise about {', '.join(unknown)}. The ideas are: {known}.")
        self.ideas = list(self.ideas or self.known)

    def next(self) -> Item:
        """The next exercise."""
        self.drawn += 1
        draw = np.random.default_rng([self.seed or 0, self.drawn])
        idea = self._idea(draw)
        for tried in (idea, *(other for other in self.ideas if other != idea and (self.held or self.partial))):
            for _ in range(SURVEYED if self.partial else SEARCHED):
                assignment = self.assignments[int(draw.integers(len(self.assignments)))]
                fitting = [item for item in _alone(assignment, int(draw.integers(2**31))) if item.idea == tried]
                fitting = [item for item in fitting if not self._is_held(item)]
                if fitting:
                    return fitting[int(draw.integers(len(fitting)))]
        raise NoExercise(
            f"No other exercise about {idea} was found: those that there are stand in a quiz that still counts. "
            "Choose other ideas, or come back when it is over."
            if self.held or self.partial
            else f"No exercise about {idea} was found in {SEARCHED} draws. This is our fault: tell us the seed."
        )

    def _is_held(self, item: Item) -> bool:
        words = same_words(asked(item))
        self.avoided |= {words} & self.held
        return words in self.held

    def _idea(self, draw: np.random.Generator) -> str:
        ready = [idea for idea, number in self.due.items() if number <= self.drawn]
        if ready:
            idea = min(ready, key=lambda idea: self.due[idea])
            del self.due[idea]
            return idea
        if all(idea in self.due for idea in self.turns):
            self.turns = [str(idea) for idea in draw.permutation(list(self.ideas))]
        idea = next((idea for idea in reversed(self.turns) if idea not in self.due), self.turns[-1])
        self.turns.remove(idea)
        return idea

    def told(self, item: Item, *, right: bool) -> None:
        """Record an outcome: an idea that was not understood comes back soon."""
        if not right:
            self.due[item.idea] = self.drawn + BACK_AFTER


def same_words(question: Mapping[str, Any]) -> str:
    """A digest of a question, equal where the same is asked with the same numbers and options in any order."""
    texts = sorted(str(option["text"]) for option in question.get("options", ()))
    parts = [question["prompt"], *texts, *sorted(question.get("rows", ())), *sorted(question.get("columns", ()))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _alone(assignment: Assignment, seed: int) -> Iterator[Item]:
    """The items of a variant that can be asked alone and have a verdict at once."""
    return (i for i in assignment.quiz(seed) if i.follow is None and not isinstance(i.key, TextKey))


# ---------------------------------------------------------------------------------------------------- the dialogue
def run(pool: ExercisePool, most: int | None, *, as_json: bool) -> None:
    """Asks, reads answers from standard input and says how it went, until `most`, `q`, the end of input or Ctrl-C."""
    right = asked = 0
    try:
        for number in count(1) if most is None else range(1, most + 1):
            item = pool.next()
            _ask(item, number, as_json=as_json)
            verdict = _answered(item, as_json=as_json)
            if verdict is None:
                break
            good = verdict.status == "right"
            pool.told(item, right=good)
            right, asked = right + good, asked + 1
            _tell(item, verdict, (right, asked), as_json=as_json)
    except KeyboardInterrupt:
        pass  # as good a way to say "enough" as any
    _goodbye(right, asked, as_json=as_json)


def _ask(item: Item, number: int, *, as_json: bool) -> None:
    if as_json:
        _line({"exercise": number, "id": item.id, "kind": item.kind, "idea": item.idea, "prompt": item.prompt,
               "choices": _choices(item)})  # fmt: skip
        return
    print(f"\n{number}. {item.title}  ({item.idea})\n\n{item.prompt}\n")
    if item.kind != "line":  # the listing in the prompt shows its numbers
        for letter, text in _choices(item).items():
            print(f"  {letter}) {text}")
    if isinstance(item.key, MatrixKey):
        print("  for: " + "; ".join(item.key.rows))
    print(HOW[item.kind] + " Empty: show me. q: enough.")


def _choices(item: Item) -> dict[str, str]:
    if isinstance(item.key, ChoiceKey):
        return {option.id: option.text for option in item.key.options}
    if isinstance(item.key, OrderKey):
        return dict(item.key.entries)
    if isinstance(item.key, MatrixKey):
        return dict(zip(LETTERS, item.key.columns, strict=False))
    return {}


HOW = {
    "numeric": "A number, with its unit if it has one.",
    "prediction": "A number.",
    "choice": "One letter.",
    "line": "The number of the line.",
    "multiple": "All letters that are right, such as: a c.",
    "ordering": "The letters in order, such as: b a c.",
    "matrix": "A letter for each row, in the order of the rows, such as: a c b.",
    "formula": "A formula.",
}


def _answered(item: Item, *, as_json: bool) -> ItemMark | None:
    """The verdict on what was typed; None when it is enough. What cannot be read may be typed again."""
    while True:
        if not as_json:
            print("> ", end="", flush=True)
        line = sys.stdin.readline()
        if not line or line.strip().lower() in ENOUGH:
            return None
        verdict = mark_item(item, _shaped(item, line.strip()))
        if verdict.status != "unreadable":
            return verdict
        if as_json:
            _line({"id": item.id, "status": verdict.status, "message": verdict.message})
        else:
            print(f"{verdict.message} Try again.")


ENOUGH = frozenset({"q", "quit", "exit"})


def _shaped(item: Item, text: str) -> object:
    letters = text.replace(",", " ").split()
    if isinstance(item.key, MatrixKey):
        columns = _choices(item)
        return {row: columns.get(letter, letter) for row, letter in zip(item.key.rows, letters, strict=False)}
    if isinstance(item.key, OrderKey) or (isinstance(item.key, ChoiceKey) and item.key.several):
        return letters
    return text


def _tell(item: Item, verdict: ItemMark, tally: tuple[int, int], *, as_json: bool) -> None:
    right, asked = tally
    if as_json:
        _line({"id": item.id, "idea": item.idea, "status": verdict.status, "message": verdict.message,
               "solution": item.solution, "right": right, "asked": asked})  # fmt: skip
        return
    if verdict.status == "right":
        print("\n✓ Right.")
    elif verdict.status == "empty":
        print(f"\nThe answer is {key_text(item)}.")
    else:
        print(f"\n{'◐' if verdict.status == 'partial' else '✗'} {verdict.message}\nThe answer is {key_text(item)}.")
    if item.solution not in verdict.message:
        print(item.solution)
    print(f"[{right} of {asked} right]")


def key_text(item: Item) -> str:
    """The right answer, as one would type it."""
    right = right_answer(item)
    if isinstance(right, dict):
        letter = {column: letter for letter, column in _choices(item).items()}
        return " ".join(letter[column] for column in right.values())
    if isinstance(right, list):
        return " ".join(right)
    return in_words(item, right) if isinstance(item.key, NumericKey) else str(right)


def _goodbye(right: int, asked: int, *, as_json: bool) -> None:
    if as_json:
        _line({"right": right, "asked": asked})
    elif asked:
        print(f"\nThat was {asked}, {right} of them right. Until next time!")
    else:
        print("\nUntil next time!")


def _line(record: dict[str, Any]) -> None:
    print(json.dumps(record, ensure_ascii=False), flush=True)
