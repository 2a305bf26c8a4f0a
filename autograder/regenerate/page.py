"""Templates: what every page for students and staff is rendered with."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from autograder.render.markdown import item_html


def page(template: str, **values: object) -> bytes:
    """A page of HTML that needs nothing else: every value is escaped."""
    return _environment(html=True).get_template(template).render(**values).encode()


def text(template: str, **values: object) -> bytes:
    """A text file, with nothing escaped: Python, Markdown."""
    return _environment(html=False).get_template(template).render(**values).encode()


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
