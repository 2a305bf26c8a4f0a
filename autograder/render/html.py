"""A report as one page that needs nothing else: no script, no font, no picture from anywhere."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from autograder.render import GLYPHS, ITEM_GLYPHS, ITEM_WORDS, WORDS, advice, points, subtotal, total, verdict
from autograder.render.escape import one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autograder.model import Chart, CriterionMark, ItemMark, Report

LONGEST_LOG = 64 * 2**10  # characters, staff only: all that a sandbox keeps

# A symbol as a formula has it (θ₀, βᵗ, √v̂, Δθ), standing alone: Greek words are left in peace.
_SYMBOL = re.compile(
    r"(?<![^\W\d_])[√∇]?"
    r"(?:[\u0391-\u03c9]{1,2}[\u0300-\u036f₀-₉ₐ-ₜ⁰-⁹⁻ᵃ-ᵿᵀ²³¹]*|[A-Za-z][\u0300-\u036f₀-₉ₐ-ₜ⁰-⁹⁻ᵃ-ᵿᵀ²³¹]+)"
    r"(?![^\W\d_])"
)


def page(report: Report, *, staff: bool = False) -> str:
    """The whole page. `staff` adds what the code printed and the names of the misconceptions."""
    score, maximum = total(report)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            staff=staff,
            score=score,
            maximum=maximum,
            verdict=verdict(report),
            advice=advice(report),
            titles={mark.id: mark.title for mark in report.criteria},
            pictures=list(_pictures(report.charts)),
        )
    )


def _pictures(charts: tuple[Chart, ...]) -> Iterator[tuple[Chart, Markup]]:
    if not charts:
        return
    from autograder.render import pictures  # noqa: PLC0415 - a page without charts never waits for matplotlib

    for number, chart in enumerate(charts, start=1):  # numbered: ids must be unique on the page
        yield chart, Markup(pictures.svg(replace(chart, id=f"{number}-{chart.id}")))  # noqa: S704 - we drew it


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("autograder.render"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=safe,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(prose=prose, points=points, line=one_line, log=_log, share=_share)
    environment.globals.update(GLYPHS=GLYPHS | ITEM_GLYPHS, WORDS=WORDS | ITEM_WORDS, subtotal=subtotal)
    return environment


def safe(value: object) -> object:
    """Every text that a template prints passes here, so that none can hide or turn the line."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def prose(text: str) -> Markup:
    """Our text, which may quote a student: `code` between backticks, symbols as mathematics, all escaped."""
    pieces = visible(text).split("`")
    if len(pieces) % 2 == 0:  # a lone backtick is a backtick
        pieces[-2:] = [f"{pieces[-2]}`{pieces[-1]}"]
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if number % 2 else _with_symbols(piece)
        for number, piece in enumerate(pieces)
    )


def _with_symbols(text: str) -> Markup:
    text = text.replace(" − ", "\N{NO-BREAK SPACE}−\N{NO-BREAK SPACE}")  # 1 − β is one thing to read
    shown, at = Markup(), 0
    for match in _SYMBOL.finditer(text):
        shown += escape(text[at : match.start()]) + Markup("<var>{}</var>").format(match[0])
        at = match.end()
    return shown + escape(text[at:])


def _log(text: str) -> Markup:
    return escape(visible(text, LONGEST_LOG))


def _share(mark: CriterionMark | ItemMark) -> str:
    """How much of a mark was earned, as a CSS percentage."""
    return f"{100 * min(max(mark.score / mark.max_score, 0), 1) if mark.max_score else 0:.0f}%"
