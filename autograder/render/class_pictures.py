"""Draws pictures of a class as SVG: counts as bars or as a strip in a table, and how hard the parts are."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import escape

from autograder.render.escape import one_line
from autograder.render.pictures import COLOURS, EDGE, LEFT, TOP, Frame, short, text_at, ticks

LONGEST = 24  # letters of a part's name: its column is as wide
RING = f'fill="none" stroke="{COLOURS["golden"]}" stroke-width="1.6"'


def bars(id_: str, title: str, x_label: str, counts: Sequence[tuple[str, int]], *, mark: int | None = None) -> str:
    """Counts as an `<svg>` of bars with labels below; `mark`: a line before the bar of that index, named "due"."""
    most = max((count for _, count in counts), default=0)
    width = max(len(counts), 7)  # a single day is no wall
    frame = Frame((0.0, float(width)), (0.0, max(most, 1) * 1.05), (420.0, 240.0), log_y=False)
    shapes = [f'<path d="M{LEFT:g} {TOP:g}V{frame.bottom:g}H{frame.right:g}" {EDGE} />']
    every = math.ceil(width / 7)  # labels of more would touch each other
    for index, (label, count) in enumerate(counts):
        left, right, top = frame.at_x(index + 0.1), frame.at_x(index + 0.9), frame.at_y(count)
        size = f'width="{right - left:.1f}" height="{frame.bottom - top:.1f}"'
        told = f"<title>{escape(one_line(label, 40))}: {count}</title>"
        shapes.append(f'<rect x="{left:.1f}" y="{top:.1f}" {size} fill="{COLOURS["yours"]}">{told}</rect>')
        if index % every == 0:
            shapes.append(text_at((left + right) / 2, frame.bottom + 17, one_line(label, 40), "middle"))
    for value in ticks(frame.y, whole=True):
        shapes += [f'<path d="M{LEFT:g} {frame.at_y(value):.1f}h-4" {EDGE} />',
                   text_at(LEFT - 7, frame.at_y(value) + 4, short(value), "end")]  # fmt: skip
    if mark is not None:
        x = frame.at_x(mark)
        shapes.append(f'<path d="M{x:.1f} {TOP:g}V{frame.bottom:g}" {EDGE} stroke-dasharray="3 3" />')
        shapes.append(text_at(x + 4, TOP + 4, "due"))
    shapes.append(text_at((LEFT + frame.right) / 2, frame.bottom + 35, one_line(x_label, 60), "middle"))
    words = ", ".join(f"{one_line(label, 40)}: {count}" for label, count in counts if count)
    return _figure(id_, title, words, (frame.size[0], frame.bottom + 44), shapes, top=TOP - 10)


def strip(id_: str, title: str, counts: Sequence[tuple[str, int]], most: int) -> str:
    """Counts as an `<svg>` without axes, as high as a line of text, for the cell of a table."""
    wide, unit = 120.0 / max(len(counts), 1), 24.0 / max(most, 1)
    shapes = [
        f'<rect x="{place * wide:.1f}" y="{24 - unit * count:.1f}" width="{wide * 0.85:.1f}" '
        f'height="{unit * count:.1f}" fill="{COLOURS["yours"]}"><title>{escape(label)}: {count}</title></rect>'
        for place, (label, count) in enumerate(counts)
    ]
    words = ", ".join(f"{label}: {count}" for label, count in counts)
    return _figure(id_, title, words, (120.0, 24.0), [f'<path d="M0 23.5h120" {EDGE} />', *shapes])


@dataclass(frozen=True)
class Share:
    """A class in one part: its share of the points at first and now, and the interval of now. None: not known."""

    title: str
    first: float | None
    now: float
    interval: tuple[float, float] | None


def shares(id_: str, title: str, rows: Sequence[Share]) -> str:
    """Each row as a line of an `<svg>`: a ring where the class began, a dot where it is, a line for the interval."""
    left, right, top, pitch = 176.0, 396.0, 30.0, 24.0
    bottom = top + pitch * len(rows)
    at: Callable[[float], float] = lambda share: left + share * (right - left)  # noqa: E731
    shapes = [
        f'<circle cx="{left + 4:g}" cy="12" r="6" {RING} />',
        text_at(left + 15, 16, "first submission"),
        f'<circle cx="{left + 124:g}" cy="12" r="4" fill="{COLOURS["yours"]}" />',
        text_at(left + 133, 16, "what counts"),
    ]
    for value in (0.0, 0.5, 1.0):
        shapes.append(f'<path d="M{at(value):.1f} {top:g}V{bottom:g}" {EDGE} stroke-width=".5" />')
        shapes.append(text_at(at(value), bottom + 16, f"{100 * value:.0f} %", "middle"))
    told = []
    for place, row in enumerate(rows):
        y = top + pitch * (place + 0.5)
        words = f"{one_line(row.title, 60)}: " + (f"first {100 * row.first:.0f} %, " if row.first is not None else "")
        told.append(f"{words}now {100 * row.now:.0f} %")
        line = (
            f'<path d="M{at(row.interval[0]):.1f} {y:.1f}H{at(row.interval[1]):.1f}" stroke="{COLOURS["context"]}" '
            'stroke-width="5" stroke-opacity=".35" />'
            if row.interval
            else ""
        )
        ring = f'<circle cx="{at(row.first):.1f}" cy="{y:.1f}" r="6" {RING} />' if row.first is not None else ""
        dot = f'<circle cx="{at(row.now):.1f}" cy="{y:.1f}" r="4" fill="{COLOURS["yours"]}" />'
        shapes.append(text_at(left - 10, y + 4, _cut(one_line(row.title)), "end"))
        shapes.append(f"<g>{line}{ring}{dot}<title>{escape(told[-1])}</title></g>")
    return _figure(id_, title, "; ".join(told), (420.0, bottom + 24), shapes)


def _cut(words: str) -> str:
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


def _figure(
    id_: str, title: str, words: str, size: tuple[float, float], shapes: Sequence[str], *, top: float = 0.0
) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 {top:g} {size[0]:g} {size[1] - top:g}" width="100%" '
        f'role="img" aria-labelledby="{id_}-title {id_}-desc" font-family="inherit" font-size="12" fill="currentColor">'
        f'<title id="{id_}-title">{escape(one_line(title))}</title><desc id="{id_}-desc">{escape(words)}</desc>'
        f"{''.join(shapes)}</svg>"
    )
