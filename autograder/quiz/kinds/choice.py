"""Choices: one option or a line of code, or several. Choosing at random, everything or nothing gains nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from autograder.model import ChoiceKey, Item, Option
from autograder.quiz.outcome import BadKey, Outcome
from autograder.reading import as_typed
from autograder.reading.options import read_one, read_several


def asked(item: Item) -> dict[str, Any]:
    """The options. Of a line question the prompt loses its listing, because each line becomes something to choose."""
    key = _key(item)
    if item.kind != "line":
        return {"options": [{"id": o.id, "text": o.text} for o in key.options]}
    prompt, lines = _listing(item.prompt)
    return {"prompt": prompt, "options": [{"id": o.id, "text": lines.get(o.id, o.text)} for o in key.options]}


def how(item: Item) -> str:
    if _key(item).several:
        return 'all that are right, in the form ["x", "y"]'
    return "the number of one line" if item.kind == "line" else "one letter"


def right(item: Item) -> object:
    found = [o.id for o in _key(item).options if o.right]
    return found if _key(item).several else found[0]


def wrong(item: Item) -> Iterator[tuple[object, str]]:
    several = _key(item).several
    yield from (([o.id] if several else o.id, o.hint) for o in _key(item).options if not o.right)


def words(item: Item, answer: object) -> str:
    return with_texts(answer, {option["id"]: option["text"] for option in asked(item)["options"]})


def with_texts(answer: object, texts: Mapping[str, str]) -> str:
    """The options of an answer, each with its text on a line of its own."""
    names = answer if isinstance(answer, (list, tuple)) else [answer]
    typed = [as_typed(name) for name in names]
    return "\n".join(f"{name}) {texts[name]}" if name in texts else name for name in typed)


def mark(item: Item, answer: object) -> Outcome:
    """One option, or several: right ones taken, less wrong ones taken, never below 0.

    A wrong one costs what a right one brings, and more where there are so few wrong ones that taking all would pay.
    """
    key = _key(item)
    rights = {o.id for o in key.options if o.right}
    if not rights or (len(rights) > 1 and not key.several):
        raise BadKey(f"Item {item.id} has {len(rights)} right options.")
    texts = {option["id"]: option["text"] for option in asked(item)["options"]}
    if key.several:
        chosen = read_several(answer, texts)
        return _several(key, rights, [o for o in key.options if o.id in chosen])
    taken = next(o for o in key.options if o.id == read_one(answer, texts, item.prompt))
    if taken.right:
        return Outcome("right", 1.0, f"Right. {taken.hint}".strip())
    return Outcome("wrong", 0.0, taken.hint or "This is not right.")


def _several(key: ChoiceKey, rights: set[str], taken: list[Option]) -> Outcome:
    good = [o for o in taken if o.right]
    bad = [o for o in taken if not o.right]
    price = max(1 / len(rights), 1 / max(len(key.options) - len(rights), 1))
    fraction = max(0.0, len(good) / len(rights) - price * len(bad))
    hints = " ".join(f"({o.id}) {o.hint}" for o in bad if o.hint)
    if not bad and len(good) == len(rights):
        return Outcome("right", 1.0, "Right.")
    counted = f"Of what you took {len(good)} {'is' if len(good) == 1 else 'are'} right and {len(bad)} not"
    missing = "" if len(good) == len(rights) else "; not everything that is right is among it"
    return Outcome("partial" if fraction > 0 else "wrong", fraction, f"{counted}{missing}. {hints}".strip())


def _listing(prompt: str) -> tuple[str, dict[str, str]]:
    """A prompt without its numbered listing, and the lines of that by number."""
    before, _, rest = prompt.partition("```\n")
    listing, _, after = rest.partition("```")
    lines = dict(re.findall(r"^ *(\d+) {2}(.*)$", listing, re.MULTILINE))
    return "\n\n".join(part.strip() for part in (before, after) if part.strip()), lines


def _key(item: Item) -> ChoiceKey:
    assert isinstance(item.key, ChoiceKey)
    return item.key
