"""The kinds of notices, and where each person wants them: on the page, by e-mail, in both places, in none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Way = Literal["page", "mail"]
WAYS: tuple[Way, ...] = ("page", "mail")


@dataclass(frozen=True)
class NoticeKind:
    id: str
    title: str
    usual: frozenset[Way]  # where it comes unless somebody chose otherwise
    mail: str = ""  # the sentence of a mail that says less than the page: marks are nobody else's to read


BOTH: frozenset[Way] = frozenset(WAYS)
KINDS = {
    kind.id: kind
    for kind in (
        # Whoever hands in looks on while it is marked: told only to who asks for it.
        NoticeKind("marked", "A submission of mine was marked", frozenset()),
        NoticeKind(
            "changed", "A mark of mine was changed", BOTH, "A mark of yours was changed. The page says which and why."
        ),
        NoticeKind("group", "Somebody handed in for my group", BOTH),
        NoticeKind("extended", "My due time was changed", BOTH),
        NoticeKind("reply", "Somebody answered my question, or commented on my work", BOTH),
        NoticeKind("due", "Something is due tomorrow, and I have points to gain", BOTH),
    )
}


def wanted(chosen: Mapping[str, Any], kind: str, way: Way) -> bool:
    """Return whether a person with these choices wants notices of a kind that way; what nobody can switch off comes."""
    if kind not in KINDS:
        return way == "page"
    ways = chosen.get(kind)
    return way in (KINDS[kind].usual if ways is None else ways)
