"""The quiz of one variant, as quiz.toml to fill in, as paper to write on, and as the staff's key."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from autograder.model import ChoiceKey, Item, MatrixKey, NumericKey, OrderKey, TextKey
from autograder.quiz.kinds import asked, how, in_words, right_answer, wrong_answers
from autograder.reading import amount
from autograder.regenerate.page import page, points
from autograder.render.escape import visible

WIDTH = 100  # columns of a comment: what an editor shows without wrapping
LINES_PER_POINT, MOST_LINES = 3, 12  # ruled lines on paper for a free text


@dataclass(frozen=True)
class Owner:
    """The owner of a paper: all fields are empty where everyone gets the same."""

    id: str = ""
    name: str = ""


EVERYBODY = Owner()


# -------------------------------------------------------------------------------------------------- to fill in
def sheet(title: str, seed: int, items: Sequence[Item], owner: Owner = EVERYBODY) -> bytes:
    """quiz.toml: the questions as comments, an empty answer under each."""
    lines = [
        *_comment(f"{title}: the quiz, {len(items)} questions, {points(sum(i.points for i in items))} points."),
        "#",
        *_comment(
            "Write each answer between its quotation marks or brackets. Unanswered questions score 0, like wrong ones. "
            "Hand this file in together with your code, under this name."
        ),
        "",
        f"variant = {seed}   # which questions you were asked: leave it as it is",
        *([f"student = {_quoted(owner.id)}   # whose they are: leave it too"] if owner.id else []),
        "",
        "[answers]",
    ]
    for number, item in enumerate(items, start=1):
        lines += ["", *_question(number, item), *_empty(item)]
    return ("\n".join(lines) + "\n").encode()


def questions(seed: int, items: Sequence[Item]) -> bytes:
    """The same for check.py, which says how answers are read: no keys."""
    told = {"variant": seed, "questions": [asked(item) for item in items]}
    return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()


def _question(number: int, item: Item) -> Iterator[str]:
    yield "# " + "-" * (WIDTH - 2)
    yield from _comment(f"{number}. {item.title} ({_points(item)})")
    yield "#"
    for line in _unfenced(item.prompt):
        yield from _comment(line) if line is not None else ["#"]
    choices = _choices(item)
    yield from ["#"] if choices else []
    for label, text in choices:
        yield from _comment(f"{label})  {text}", indent=4)
    yield "#"
    yield from _comment(f"→ {how(item)}")


def _unfenced(prompt: str) -> Iterator[str | None]:
    """The lines of a prompt, None for an empty one; blocks of code indented instead of fenced."""
    inside = False
    for line in prompt.strip("\n").split("\n"):
        if line.lstrip().startswith("```"):
            inside = not inside
        else:
            yield ("    " + line if inside else line) if line.strip() else None


def _comment(text: str, indent: int = 0) -> Iterator[str]:
    """Comment lines; TOML allows no control characters in them, and none can end one."""
    for line in visible(text).split("\n"):
        code = line.startswith("    ")
        wrapped = [line] if code else textwrap.wrap(line, WIDTH - 2, subsequent_indent=" " * indent)
        yield from (f"# {part}".rstrip() for part in wrapped or [""])


def _empty(item: Item) -> Iterator[str]:
    name = bare(item.id)
    match item.key:
        case ChoiceKey(several=True) | OrderKey():
            yield f"{name} = []"
        case MatrixKey(rows=rows):
            yield from (f'{name}.{bare(row)} = ""' for row in rows)
        case _:
            yield f'{name} = ""'


def bare(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(text: str) -> str:
    """A TOML string: what JSON escapes, TOML understands, and DEL besides."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


# ------------------------------------------------------------------------------------------------------- words
def _choices(item: Item) -> list[tuple[str, str]]:
    """Return the options; lines of code stand in the prompt, with their numbers."""
    match item.key:
        case ChoiceKey(options=options) if item.kind != "line":
            return [(option.id, option.text) for option in options]
        case OrderKey(entries=entries):
            return list(entries.items())
    return []


def _points(item: Item) -> str:
    return f"{points(item.points)} point{'' if item.points == 1 else 's'}"


def answer(item: Item) -> str:
    """The right answer, in a line; of options their letters, which stand beside them."""
    right = right_answer(item)
    if isinstance(item.key, ChoiceKey | OrderKey):
        return ", ".join(right) if isinstance(right, list) else str(right)
    return in_words(item, right).replace("\n", "; ")


def distractors(item: Item) -> list[tuple[str, str]]:
    """Wrong answers that have a reason, with it; of a free text its rubric."""
    if isinstance(item.key, TextKey):
        return [(f"{points(worth)} for", what) for worth, what in item.key.rubric]
    if isinstance(item.key, MatrixKey):
        return [(f"{row}: {column}", hint) for (row, column), hint in item.key.hints.items()]
    if isinstance(item.key, ChoiceKey):
        return [(option.id, option.hint) for option in item.key.options if not option.right]
    if isinstance(item.key, NumericKey):
        key = item.key
        return [(amount(float(one.value), key.unit, key.figures + 1), one.hint) for one in key.wrong]
    return [(in_words(item, wrong), hint) for wrong, hint in wrong_answers(item) if hint]


# ------------------------------------------------------------------------------------------------------- paper
def paper(title: str, seed: int, items: Sequence[Item], owner: Owner = EVERYBODY) -> bytes:
    """A page to print and write on, without any key."""
    return page("quiz.html.j2", title=title, seed=seed, owner=owner, questions=_questions(items), key=None)


def key_page(title: str, seed: int, items: Sequence[Item], owner: Owner = EVERYBODY) -> bytes:
    """The same page with answers, solutions and the reasons of wrong answers: for staff."""
    key = {
        i.id: {"answer": answer(i), "solution": i.solution, "wrong": distractors(i), "follow": i.follow} for i in items
    }
    return page("quiz.html.j2", title=title, seed=seed, owner=owner, questions=_questions(items), key=key)


def _questions(items: Sequence[Item]) -> list[dict[str, Any]]:
    return [
        {
            "number": number,
            "item": item,
            "points": _points(item),
            "shape": _shape(item),
            "choices": _choices(item),
            "how": _on_paper(item),
            "lines": min(MOST_LINES, round(LINES_PER_POINT * item.points)) if isinstance(item.key, TextKey) else 1,
        }
        for number, item in enumerate(items, start=1)
    ]


def _shape(item: Item) -> str:
    match item.key:
        case ChoiceKey() if item.kind != "line":
            return "choice"
        case OrderKey():
            return "order"
        case MatrixKey():
            return "matrix"
    return "lines"


def _on_paper(item: Item) -> str:
    match item.key:
        case ChoiceKey(several=True):
            return "Tick all that are right."
        case ChoiceKey() if item.kind != "line":
            return "Tick one."
        case OrderKey():
            return "Number them in the right order, starting with 1."
        case MatrixKey():
            return "Tick one in each row."
        case TextKey():
            return ""
    return f"{how(item)[0].upper()}{how(item)[1:]}."


# ------------------------------------------------------------------------------------------------- for machines
def key_data(seed: int, items: Sequence[Item]) -> dict[str, Any]:
    """The key as data: all of every item but functions."""
    return {"variant": seed, "points": sum(item.points for item in items), "items": [_item(item) for item in items]}


def _item(item: Item) -> dict[str, Any]:
    told = {name: getattr(item, name) for name in ("id", "kind", "idea", "title", "prompt", "points", "solution")}
    key = asdict(item.key)
    if isinstance(item.key, MatrixKey):
        key["hints"] = [{"row": row, "column": column, "hint": hint} for (row, column), hint in item.key.hints.items()]
    follow = {"item": item.follow.item, "fraction": item.follow.fraction} if item.follow else None
    return {**told, "answer": answer(item), "key": _plain(key), "follows": follow}


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value
