"""Templates and prose: what every page for students and staff is rendered with."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from autograder.render.escape import visible

# An item's text knows paragraphs and `code`, nothing else: a * in it is a product.
_ITEM = MarkdownIt("zero").enable(["fence", "backticks"])
_HANDOUT = MarkdownIt("commonmark", {"html": False}).enable("table")
LONGEST = 200_000  # characters of one text; a handout has ten thousand


def page(template: str, **values: object) -> bytes:
    """A page of HTML that needs nothing else: every value is escaped."""
    return _environment(html=True).get_template(template).render(**values).encode()


def text(template: str, **values: object) -> bytes:
    """A text file, with nothing escaped: Python, Markdown."""
    return _environment(html=False).get_template(template).render(**values).encode()


def handout_html(markdown: str) -> Markup:
    return _wide_tables(_HANDOUT.render(visible(markdown, LONGEST)))


def item_html(prompt: str) -> Markup:
    return Markup(_ITEM.render(visible(prompt, LONGEST)))  # noqa: S704 - the renderer escapes; it lets no HTML through


def _wide_tables(html: str) -> Markup:
    """On a phone a table scrolls by itself, not the page with it."""
    framed = html.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    return Markup(framed)  # noqa: S704 - as above


@cache
def _environment(*, html: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("autograder.regenerate"),
        autoescape=html,  # noqa: S701 - Python and Markdown are not HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(prose=item_html, points=points)
    return environment


def points(value: float) -> str:
    """`2`, `1.5`: as a rubric writes them."""
    return f"{value:g}"
