"""Makes foreign text safe to show: whatever could steer a terminal or mislead a reader's eye is written out.

Markup is a matter of each place (Rich `Text` takes none, Jinja2 escapes HTML); this is what all places share.
"""

from __future__ import annotations

import unicodedata

LONGEST = 4000  # characters of one message: two screens; an honest one has three lines
LONGEST_LINE = 200  # characters of a name, path or title
MOST_MARKS = 3  # combining marks on one letter: no script needs more, "zalgo" paints over lines

# Control and ESC, bidi and invisible, lone surrogates, private, unassigned, and the two exotic line ends.
_WRITTEN_OUT = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text: str, limit: int = LONGEST) -> str:
    r"""`text` with newlines kept and other invisible characters spelled out, such as `\x1b` or `\u202e`."""
    if len(text) > limit:
        text = f"{text[:limit]}… ({len(text) - limit} more characters)"
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\t", "    ")
    shown, marks = [], 0
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        hidden = char != "\n" and (category in _WRITTEN_OUT or marks > MOST_MARKS)
        shown.append(char.encode("unicode_escape").decode() if hidden else char)
    return "".join(shown)


def one_line(text: str, limit: int = LONGEST_LINE) -> str:
    """`visible` on a single line: for names, titles and table cells."""
    return " ".join(visible(text, limit).split())
