"""A report as one page that needs nothing else: no script, no font, no picture from anywhere."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from autograder.render import (
    STATUSES,
    advice,
    by_hand,
    has_score,
    headline,
    is_marked,
    other_messages,
    parts_told,
    places_in,
    places_of,
    points,
    points_told,
    quiz_held_back,
    source,
    subtotal,
    verdict,
    where,
    where_of,
)
from autograder.render.escape import one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from autograder.model import Chart, CriterionMark, ItemMark, Report

NOTHING = Markup()
LONGEST_LOG = 64 * 2**10  # characters, staff only: all that a sandbox keeps

# A symbol as a formula has it (θ₀, βᵗ, √v̂, Δθ), standing alone: Greek words are left in peace.
_SYMBOL = re.compile(
    r"(?<![^\W\d_])[√∇]?"
    r"(?:[\u0391-\u03c9]{1,2}[\u0300-\u036f₀-₉ₐ-ₜ⁰-⁹⁻ᵃ-ᵿᵀ²³¹]*|[A-Za-z][\u0300-\u036f₀-₉ₐ-ₜ⁰-⁹⁻ᵃ-ᵿᵀ²³¹]+)"
    r"(?![^\W\d_])"
)


def page(report: Report, *, staff: bool = False, answers: bool = False) -> str:
    """The whole page. `staff` adds what the code printed and the names of the misconceptions.

    `answers` adds to each quiz question the student's answer, the right one and why: for when the quiz is over.
    """
    if not staff and not answers:  # nobody knows here whether answers are still taken
        report = replace(report, quiz=tuple(replace(item, detail=None) for item in report.quiz))
    shown = body(report, staff=staff, pictures=pictures(_drawn(report.charts)))
    return _environment().get_template("report.html.j2").render(report=report, body=shown)


def body(
    report: Report,
    *,
    staff: bool = False,
    heading: str = "",
    which: Markup = NOTHING,
    told: Markup = NOTHING,
    pictures: Markup = NOTHING,
) -> Markup:
    """A report for inside of a page: it has the page's h1, and nothing that a strict content policy forbids.

    `heading` stands in for the verdict, `which` for the line that says whose report it is, `told` stands below
    both, `pictures` where pictures belong.
    """
    score, maximum = points_told(report)
    template = _environment().get_template("_report.html.j2")
    return Markup(  # noqa: S704 - the template escapes
        template.render(
            report=report,
            staff=staff,
            score=score,
            maximum=maximum if has_score(report) else 0,
            marked=is_marked(report),
            held_back=quiz_held_back(report),
            by_hand=by_hand(report),
            bar=list(_bar([*report.criteria, *(report.quiz if report.quiz_counts else ())])),
            headline="" if heading else headline(report),
            verdict=heading or verdict(report),
            which=which,
            parts=parts_told(report),
            advice=advice(report),
            titles={mark.id: mark.title for mark in report.criteria},
            told=told,
            pictures=pictures,
        )
    )


def pictures(drawn: Iterable[Mapping[str, str]]) -> Markup:
    """The section of a report with these pictures, each a title, a caption and an SVG that we drew; empty for none."""
    known = {"group": "", "open": "open", "wide": "", "id": "", "steps": ""}  # pictures of an older release lack some
    shown = [{**known, **picture, "svg": Markup(picture["svg"])} for picture in drawn]  # noqa: S704 - we drew it
    if not shown:
        return Markup()
    groups = {name: [one for one in shown if one["group"] == name] for name in dict.fromkeys(p["group"] for p in shown)}
    return Markup(_environment().get_template("_pictures.html.j2").render(groups=groups))  # noqa: S704 - as above


def _drawn(charts: tuple[Chart, ...]) -> Iterable[Mapping[str, str]]:
    if not charts:
        return ()
    from autograder.render.pictures import drawn  # noqa: PLC0415 - a page without charts never waits for NumPy

    return drawn(charts)


def _bar(rows: Sequence[CriterionMark | ItemMark]) -> Iterator[tuple[str, str, str, str]]:
    """Each row's part of the whole: its status, where it starts, how wide it is and how much of that was earned."""
    whole = sum(mark.max_score for mark in rows)
    start = 0.0
    for mark in rows:
        if mark.max_score:
            earned = min(max(mark.score, 0.0), mark.max_score)
            at, wide, won = (f"{100 * part / whole:.2f}%" for part in (start, mark.max_score, earned))
            yield mark.status, at, wide, won
            start += mark.max_score


@cache
def _environment() -> Environment:
    made = environment("autograder.render")
    made.filters.update(log=_log)
    made.filters.update(where=where, source=source)
    made.globals.update(
        subtotal=subtotal, places_in=places_in, places_of=places_of, where_of=where_of, other_messages=other_messages
    )
    return made


def environment(package: str) -> Environment:
    """Return the template settings of reports and pages: everything printed is escaped and visible."""
    made = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=safe,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(prose=prose, points=points, line=one_line)
    glyphs, words, _ = (dict(zip(STATUSES, column, strict=True)) for column in zip(*STATUSES.values(), strict=True))
    made.globals.update(GLYPHS=glyphs, WORDS=words)
    return made


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
