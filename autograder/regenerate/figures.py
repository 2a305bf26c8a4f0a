"""Puts the figures of an assignment into its handout: as SVG in the page, as an image in the notebook."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

from markupsafe import Markup, escape

from autograder.blame import AuthorFault, place
from autograder.model import Assignment
from autograder.render.pictures import on_paper, svg

IMAGE = re.compile(r"!\[([^\]\n]*)\]\(figure:([\w-]+)\)")
TAG = re.compile(r'<p><img src="figure:([\w-]+)" alt="([^"]*)" /></p>')


def in_page(assignment: Assignment, seed: int, html: str) -> Markup:
    """Return the page's body with each figure drawn where it is named, its caption below.

    Raises:
        AuthorFault: the handout names a figure that figures() does not give.
    """
    known = {chart.id: (svg(chart), chart.caption) for chart in assignment.figures(seed)}

    def figure(match: re.Match[str]) -> str:
        drawn, caption = _named(assignment, known, match[1])
        return f'<figure class="picture">{drawn}<figcaption>{escape(caption)}</figcaption></figure>'

    return Markup(TAG.sub(figure, html))  # noqa: S704 - the body is the renderer's, the picture ours


def in_notebook(assignment: Assignment, seed: int, told: str) -> str:
    """Return the text with each figure as an image that lies in it.

    Raises:
        AuthorFault: as in_page().
    """
    known = {chart.id: (on_paper(chart), chart.caption) for chart in assignment.figures(seed)}

    def image(match: re.Match[str]) -> str:
        drawn, _ = _named(assignment, known, match[2])
        return f"![{match[1]}](data:image/svg+xml;base64,{base64.b64encode(drawn.encode()).decode()})"

    return IMAGE.sub(image, told)


def _named(assignment: Assignment, known: Mapping[str, tuple[str, str]], name: str) -> tuple[str, str]:
    if name not in known:
        listed = ", ".join(known) or "none"
        raise AuthorFault(
            f"{place(assignment.figures, assignment.folder)}: the handout names the figure {name!r}, and figures() "
            f"gives {listed}."
        )
    return known[name]
