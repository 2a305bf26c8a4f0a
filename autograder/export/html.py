"""Plain text of items as HTML: paragraphs, `code` and blocks of code; everything else is shown as it is written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

# What XML 1.0 allows: anything else would make a platform refuse the whole file.
_ILLEGAL = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BLOCK = re.compile(r"^```[^\n]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")


def legal(text: str) -> str:
    """`text` with the characters that no XML may hold shown as U+FFFD, and one kind of line end."""
    return _ILLEGAL.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def paragraphs(text: str) -> str:
    """A prompt, a solution, a hint."""
    parts = _BLOCK.split(legal(text))  # prose, code, prose, code, …
    return "".join(
        _prose(part) if n % 2 == 0 else f"<pre><code>{_escaped(part)}</code></pre>" for n, part in enumerate(parts)
    )


def inline(text: str) -> str:
    """An option or an entry: no paragraph around it, unless it holds several or a block of code."""
    if _BLOCK.search(text) or re.search(r"\n\s*\n", text):
        return paragraphs(text)
    return _line(legal(text).strip())


def plain(text: str) -> str:
    """One line without markup: for names, and for menus that take none."""
    return " ".join(_CODE.sub(r"\1", legal(text)).split())


def hints(lines: Iterable[tuple[str, str]]) -> str:
    """A list of what somebody may have answered, and what to say about it."""
    rows = [f"<li>{inline(answer)}: {inline(hint)}</li>" for answer, hint in lines if hint]
    return f"<ul>{''.join(rows)}</ul>" if rows else ""


def _prose(text: str) -> str:
    return "".join(f"<p>{_line(part.strip())}</p>" for part in re.split(r"\n[ \t]*\n", text) if part.strip())


def _line(text: str) -> str:
    parts = _CODE.split(text)
    shown = [_escaped(part) if n % 2 == 0 else f"<code>{_escaped(part)}</code>" for n, part in enumerate(parts)]
    return "".join(shown).replace("\n", "<br/>")


def _escaped(text: str) -> str:
    return escape(text, quote=True)
