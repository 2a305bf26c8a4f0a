"""Markdown of ours as HTML: handouts and questions. HTML within it stays text; what is invisible is written out."""

from __future__ import annotations

import re
from functools import lru_cache

from markdown_it import MarkdownIt
from markupsafe import Markup

from autograder.render.escape import visible

# An item's text knows paragraphs and `code`, nothing else: a * in it is a product.
_ITEM = MarkdownIt("zero").enable(["fence", "backticks"])
_HANDOUT = MarkdownIt("commonmark", {"html": False}).enable("table")
LONGEST = 200_000  # characters of one text; a handout has ten thousand


def handout_html(markdown: str) -> Markup:
    return _wide_tables(_HANDOUT.render(visible(markdown, LONGEST)))


@lru_cache(maxsize=64)  # reading a handout takes 5 ms, and a course's students all look at the same ones
def unstyled_html(markdown: str) -> Markup:
    """A handout for pages that may have no styles of their own: columns are aligned by class."""
    html = re.sub(r' style="text-align:(\w+)"', r' class="to-\1"', handout_html(markdown))
    html = re.sub(
        r'<p><img src="figure:[\w-]+" alt="([^"]*)" /></p>', r"<p>(The handout's file has a figure: \1.)</p>", html
    )
    html = html.replace("<pre>", '<pre tabindex="0">')  # what scrolls is reached by the keyboard
    html = html.replace('<div class="wide">', '<div class="wide" tabindex="0" role="group" aria-label="Table">')
    return Markup(html)  # noqa: S704 - as below: text cannot bring the quotes of an attribute


def item_html(prompt: str) -> Markup:
    return Markup(_ITEM.render(visible(prompt, LONGEST)))  # noqa: S704 - the renderer escapes; it lets no HTML through


def _wide_tables(html: str) -> Markup:
    """On a phone a table scrolls by itself, not the page with it."""
    framed = html.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    return Markup(framed)  # noqa: S704 - as above
