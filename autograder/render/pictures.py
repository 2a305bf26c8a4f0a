"""Draws a chart as SVG that lives inside a page: its colours follow the page, its text stays text.

The shapes are few, so they are written here; only contour lines need a library (contourpy, which matplotlib uses too):
a picture takes 1 ms where matplotlib took 30. The page may set `--golden`, `--yours`, `--context` and the text colour;
without them the fallbacks below hold. Each step is a group with an id and `data-step`: its points, and its numbers in
words, which a page shows under the pointer, after a link to the id, or by a script.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import escape

from autograder.render.escape import one_line, visible

if TYPE_CHECKING:
    from autograder.model import Array, Chart, Role, Series, Surface

COLOURS: dict[Role, str] = {
    "golden": "var(--golden, #946200)",
    "yours": "var(--yours, #3f46a8)",
    "context": "var(--context, #767a85)",
}
# Told apart by width, dash and marker too. The golden line lies broad below, so that equal paths show both.
LINES: dict[Role, str] = {
    "golden": 'stroke-width="3" stroke-opacity=".75"',
    "yours": 'stroke-width="1.4" stroke-dasharray="5 3"',
    "context": 'stroke-width="1.4" stroke-dasharray="1.5 2.5"',
}
LAYERS: tuple[Role, ...] = ("context", "golden", "yours")  # from below
SIZE, SIZE_WITH_SURFACE = (350.0, 270.0), (420.0, 430.0)  # drawn 1:1 on a phone, where text of 12 is readable
LEFT, RIGHT, TOP, BOTTOM = 56.0, 14.0, 32.0, 62.0  # the numbers of a step stand in the last line
LETTER = 6.6  # the mean width of a letter of 12
MARKERS = 8  # per line, at most: more of them hide the line; on a map each has its step's number
MOST_STEPS = 120  # that tell their numbers
EDGE = 'fill="none" stroke="currentColor" stroke-opacity=".55"'
HALO = ' paint-order="stroke" stroke="var(--paper, #ffffff)" stroke-width="3" stroke-linejoin="round"'
REFLECTED = 6  # pieces of a contour line, all but the first of which continue the bend before
LEVELS = 9  # contour lines at equal shares of the area: shows valley and wall of any surface
HUGE = 1e100  # beyond this arithmetic overflows; a diverged run leaves the picture either way


@dataclass(frozen=True)
class Frame:
    """The rectangle of the data, and how values become places in it."""

    x: tuple[float, float]
    y: tuple[float, float]
    size: tuple[float, float]
    log_y: bool

    @property
    def right(self) -> float:
        return self.size[0] - RIGHT

    @property
    def bottom(self) -> float:
        return self.size[1] - BOTTOM

    def at_x(self, value: float) -> float:
        return LEFT + _share(value, self.x) * (self.right - LEFT)

    def at_y(self, value: float) -> float:
        low, high = self.y
        share = (
            _share(math.log10(max(value, low)), (math.log10(low), math.log10(high)))
            if self.log_y
            else _share(value, self.y)
        )
        return self.bottom - share * (self.bottom - TOP)

    def holds(self, x: float, y: float) -> bool:
        return self.x[0] <= x <= self.x[1] and (y >= 0 if self.log_y else self.y[0] <= y) and y <= self.y[1]


def drawn(charts: Sequence[Chart]) -> list[dict[str, str]]:
    """The pictures of a report as they are kept and shown: title, caption, svg, group, steps; "" is False."""
    numbered = [replace(chart, id=f"{number}-{chart.id}") for number, chart in enumerate(charts, start=1)]  # unique ids
    return [
        {
            "title": chart.title,
            "caption": chart.caption,
            "svg": svg(chart),
            "group": chart.group,
            "open": "open" if chart.open else "",
            "wide": "wide" if chart.surface is not None else "",
            "id": _prefix(chart),
            "steps": " ".join(str(step) for step in _by_step(_drawables(chart))),
        }
        for chart in numbered
    ]


def svg(chart: Chart) -> str:
    """`chart` as an `<svg>` element, the same bytes every time. Its ids start with the chart's id."""
    prefix, series = _prefix(chart), _drawables(chart)
    frame = _frame(chart, series)
    inside = [
        *(_terrain(frame, chart.surface) if chart.surface else ()),
        *(_band(frame, chart.band) if chart.band else ()),
        *(shape for role in LAYERS for one in series if one.role == role for shape in _line(frame, one, chart)),
        *(_mark(frame, chart.mark) if chart.mark is not None else ()),
    ]
    parts = [
        f'<title id="{prefix}-title">{escape(one_line(chart.title))}</title>',
        f'<desc id="{prefix}-desc">{escape(_description(chart))}</desc>',
        f'<clipPath id="{prefix}-clip">{_inside(frame)}</clipPath>',
        *_axes(frame, chart),
        f'<g clip-path="url(#{prefix}-clip)">{"".join(inside)}</g>',
        *_words_on_map(frame, series, chart),
        *_legend(series, chart.surface),
        *_steps(frame, series, chart, prefix),
    ]
    box = f"0 0 {frame.size[0]:g} {frame.size[1]:g}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="100%" role="img" '
        f'aria-labelledby="{prefix}-title {prefix}-desc" font-family="inherit" font-size="12" fill="currentColor">'
        f"{''.join(parts)}</svg>"
    )


def on_paper(chart: Chart) -> str:
    """`chart` as an SVG file of its own in fixed colours on white, for platforms that show it as an image."""
    drawn = re.sub(r"var\(--[a-z]+, (#[0-9a-f]{6})\)", r"\1", svg(chart)).replace("currentColor", "#222222")
    drawn = drawn.replace('font-family="inherit"', 'font-family="sans-serif"').replace(' width="100%"', "")
    return drawn.replace("<title", '<rect width="100%" height="100%" fill="#ffffff" /><title', 1)


@dataclass(frozen=True)
class _Drawable:
    """A series without what has no place: (step, x, y) of each point; a gap is None.

    The step of a point on a map is its place in the path; elsewhere the number on the x axis, where that is whole.
    """

    label: str
    role: Role
    points: tuple[tuple[int, float, float] | None, ...]

    @classmethod
    def of(cls, series: Series, *, on_map: bool, least: float) -> _Drawable:
        whole = not on_map and all(_finite(x) and float(x).is_integer() for x in series.x)
        points = tuple(
            (int(x) if whole else place, float(x), float(y)) if _finite(x) and _finite(y) and y >= least else None
            for place, (x, y) in enumerate(zip(series.x, series.y, strict=False))
        )
        return cls(one_line(series.label, 40), series.role, points)

    @property
    def kept(self) -> list[tuple[int, float, float]]:
        return [point for point in self.points if point is not None]


def _prefix(chart: Chart) -> str:
    return "chart-" + (re.sub(r"[^a-z0-9]+", "-", chart.id.lower())[:40].strip("-") or "x")


def _log_y(chart: Chart) -> bool:
    return chart.log_y and chart.surface is None  # a map has no logarithmic side


def _drawables(chart: Chart) -> tuple[_Drawable, ...]:
    """Return the series that are drawn: on a logarithmic axis zero has a place only where a band ends at the bottom."""
    least = -math.inf if not _log_y(chart) else 0.0 if chart.band else math.ulp(0.0)
    return tuple(_Drawable.of(one, on_map=chart.surface is not None, least=least) for one in chart.series)


def _by_step(series: Sequence[_Drawable]) -> dict[int, list[tuple[_Drawable, float, float]]]:
    """Return what is told of each step, at most of the first MOST_STEPS."""
    found: dict[int, list[tuple[_Drawable, float, float]]] = {}
    for one in series:
        for step, x, y in one.kept if one.role != "context" else ():
            found.setdefault(step, []).append((one, x, y))
    return {step: found[step] for step in sorted(found)[:MOST_STEPS]}


def _stride(count: int) -> int:
    """Return 1, 2, 5, 10, 20 … so that at most MARKERS of `count` are marked."""
    strides = (size * 10**power for power in range(9) for size in (1, 2, 5))
    return next((stride for stride in strides if count <= stride * MARKERS), count)


def _finite(value: float) -> bool:
    return math.isfinite(value) and abs(value) < HUGE


def _share(value: float, limits: tuple[float, float]) -> float:
    """The place of a value between the limits, from 0 to 1; what lies far outside stays near enough to be drawn."""
    low, high = limits
    return min(max((value - low) / (high - low), -9.0), 9.0)


# ------------------------------------------------------------------------------------------------------- the frame
def _frame(chart: Chart, series: Sequence[_Drawable]) -> Frame:
    if chart.surface is not None:
        x, y = chart.surface.x, chart.surface.y
        return Frame((float(x.min()), float(x.max())), (float(y.min()), float(y.max())), SIZE_WITH_SURFACE, log_y=False)
    xs = [x for one in series for _, x, _ in one.kept]
    ys = [y for one in series for *_, y in one.kept] + ([chart.band] if chart.band else [])
    if not _log_y(chart):
        return Frame(_limits(xs, 0.02), _limits(ys, 0.05), SIZE, log_y=False)
    if chart.band:  # what lies far below it is rounding too, and takes no room
        ys = [max(y, chart.band / 10) for y in ys]
    return Frame(_limits(xs, 0.02), _decades(ys), SIZE, log_y=True)


def _limits(values: Sequence[float], margin: float) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    if high - low <= 1e-12 * max(abs(low), abs(high), 1e-300):
        low, high = low - max(abs(low), 1.0) / 2, high + max(abs(high), 1.0) / 2
    return low - margin * (high - low), high + margin * (high - low)


def _decades(values: Sequence[float]) -> tuple[float, float]:
    """Whole powers of ten around all values, so that a logarithmic axis always has two of them to read."""
    powers = [math.log10(value) for value in values] or [0.0]
    low, high = math.floor(min(powers)), math.ceil(max(powers))
    return 0.8 * 10.0**low, 1.25 * 10.0 ** max(high, low + 1)


def ticks(limits: tuple[float, float], *, whole: bool = False) -> list[float]:
    """Four to eight numbers that people count in, within the limits."""
    low, high = limits
    power = 10.0 ** math.floor(math.log10((high - low) / 4))
    step = next(power * size for size in (1, 2, 5, 10) if (high - low) / (power * size) <= 7)
    step = max(step, 1.0) if whole else step
    return [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _powers(limits: tuple[float, float]) -> list[float]:
    low, high = (math.ceil(math.log10(limits[0])), math.floor(math.log10(limits[1])))
    stride = max(1, math.ceil((high - low) / 6))
    shown = list(range(high, low - 1, -stride)) if high - low >= stride else [high, low]
    return [10.0**power for power in shown]


def _axes(frame: Frame, chart: Chart) -> Iterator[str]:
    middle = (TOP + frame.bottom) / 2
    yield f'<path d="M{LEFT:g} {TOP:g}V{frame.bottom:g}H{frame.right:g}" {EDGE} />'
    whole = chart.surface is None and all(float(x).is_integer() for one in chart.series for x in one.x if _finite(x))
    for value in ticks(frame.x, whole=whole):
        x = frame.at_x(value)
        yield f'<path d="M{x:.1f} {frame.bottom:g}v4" {EDGE} />'
        yield text_at(x, frame.bottom + 17, short(value), "middle")
    for value in _powers(frame.y) if frame.log_y else ticks(frame.y):
        y = frame.at_y(value)
        yield f'<path d="M{LEFT:g} {y:.1f}h-4" {EDGE} />'
        yield text_at(LEFT - 7, y + 4, _power(value) if frame.log_y else short(value), "end")
    yield text_at((LEFT + frame.right) / 2, frame.bottom + 35, one_line(chart.x_label, 60), "middle")
    label = escape(one_line(chart.y_label, 60))
    yield f'<text x="12" y="{middle:g}" text-anchor="middle" transform="rotate(-90 12 {middle:g})">{label}</text>'


def _inside(frame: Frame) -> str:
    size = f'width="{frame.right - LEFT:g}" height="{frame.bottom - TOP:g}"'
    return f'<rect x="{LEFT:g}" y="{TOP:g}" {size} />'


def text_at(x: float, y: float, words: str, anchor: str = "start", more: str = "") -> str:
    placed = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{placed}{more}>{escape(words)}</text>'


# -------------------------------------------------------------------------------------------------- what is inside
def _line(frame: Frame, series: _Drawable, chart: Chart) -> Iterator[str]:
    colour = COLOURS[series.role]
    path, pen = [], "M"
    for point in series.points:
        if point is None:
            pen = "M"
            continue
        path.append(f"{pen}{frame.at_x(point[1]):.1f} {frame.at_y(point[2]):.1f}")
        pen = "L"
    if path:
        joined = "".join(path)
        yield f'<path d="{joined}" fill="none" stroke="{colour}" {LINES[series.role]} stroke-linejoin="round" />'
    if chart.surface is not None and series.role != "context":  # a dot for each step: short steps lie close together
        dots = "".join(f"M{frame.at_x(x):.1f} {frame.at_y(y):.1f}h0" for _, x, y in series.kept)
        yield f'<path d="{dots}" stroke="{colour}" stroke-width="4" stroke-linecap="round" />'
    stride = _stride(len(series.points))
    for step, x, y in series.kept if series.role != "context" else ():
        if step % stride == 0:
            yield _marker(frame.at_x(x), frame.at_y(y), series.role)


def _marker(x: float, y: float, role: Role) -> str:
    colour = COLOURS[role]
    if role == "golden":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2" fill="none" stroke="{colour}" stroke-width="1.4" />'
    cross = f"M{x - 3:.1f} {y - 3:.1f}l6 6m0-6l-6 6"
    return f'<path d="{cross}" fill="none" stroke="{colour}" stroke-width="1.5" stroke-dasharray="none" />'


def _steps(frame: Frame, series: Sequence[_Drawable], chart: Chart, prefix: str) -> Iterator[str]:
    """One group for each step: rings to point at, and its numbers in words, both unseen until a page shows them.

    A group is as large as the picture: whoever follows a link to it sees the picture from its upper edge.
    """
    large = f'<path d="M0 0h{frame.size[0]:g}v{frame.size[1]:g}" fill="none" pointer-events="none" />'
    for step, points in _by_step(series).items():
        rings = "".join(
            f'<circle cx="{frame.at_x(x):.0f}" cy="{frame.at_y(y):.0f}" r="6" fill="{COLOURS[one.role]}" '
            'fill-opacity="0" />'
            for one, x, y in points
            if frame.holds(x, y)
        )
        told = "; ".join(f"{one.label} {_numbers(x, y, chart)}" for one, x, y in points)
        named = "step" if chart.surface is not None else one_line(chart.x_label, 20)
        place = f"{step}" if chart.surface is not None else short(points[0][1])
        words = text_at(
            frame.right, frame.size[1] - 7, f"{named} {place}: {told}", "end", ' visibility="hidden" font-size="11"'
        )
        yield f'<g id="{prefix}-{step}" data-step="{step}">{large}{rings}{words}</g>'


def _numbers(x: float, y: float, chart: Chart) -> str:
    return f"({short(x)}, {short(y)})" if chart.surface is not None else short(y)


def _terrain(frame: Frame, surface: Surface) -> Iterator[str]:
    """Contour lines, and a cross at the minimum."""
    from contourpy import contour_generator  # noqa: PLC0415 - only maps need it

    heights = np.where(np.abs(surface.z) < HUGE, surface.z, np.nan)
    seen = heights[np.isfinite(heights)]
    levels = np.unique(np.quantile(seen, np.linspace(0.02, 0.98, LEVELS))) if seen.size else np.array([])
    lines = contour_generator(surface.x, surface.y, np.ma.masked_invalid(heights))
    for level in levels:
        path = "".join(_outline(frame, np.asarray(one)) for one in lines.lines(float(level)))
        if path:
            yield f'<path d="{path}" fill="none" stroke="currentColor" stroke-opacity=".28" stroke-width=".8" />'
    if surface.minimum is not None:
        x, y = frame.at_x(surface.minimum[0]), frame.at_y(surface.minimum[1])
        yield f'<path d="M{x - 5:.1f} {y:.1f}h10m-5-5v10" fill="none" stroke="currentColor" stroke-width="1.4" />'


def _outline(frame: Frame, line: Array) -> str:
    """Return a curve near every fifth point of a contour line: rounder than its corners, in fewer bytes.

    Each piece bends to a point and ends halfway to the next one. So the next bend is the last one's reflection, which
    need not be written (T), but now and then, as rounding adds up.
    """
    kept = [(frame.at_x(float(x)), frame.at_y(float(y))) for x, y in [*line[:-1:5], line[-1]]]
    pieces = []
    for number, ((x0, y0), (x1, y1)) in enumerate(pairwise(kept[1:])):
        bend = "T" if number % REFLECTED else f"Q{x0:.1f} {y0:.1f} "
        pieces.append(f"{bend}{(x0 + x1) / 2:.1f} {(y0 + y1) / 2:.1f}")
    return f"M{kept[0][0]:.1f} {kept[0][1]:.1f}{''.join(pieces)}L{kept[-1][0]:.1f} {kept[-1][1]:.1f}"


def _band(frame: Frame, height: float) -> Iterator[str]:
    """The errors that rounding explains, from the bottom up to `height`."""
    y = max(frame.at_y(height), TOP)
    yield (
        f'<rect x="{LEFT:g}" y="{y:.1f}" width="{frame.right - LEFT:g}" height="{frame.bottom - y:.1f}" '
        f'fill="{COLOURS["context"]}" fill-opacity=".18" />'
    )
    yield text_at(frame.right - 6, min(y + 15, frame.bottom - 4), "rounding", "end")


def _mark(frame: Frame, step: float) -> Iterator[str]:
    """A line at the first step that leaves the band or the other path, with its number."""
    x = frame.at_x(step)
    yield (
        f'<path d="M{x:.1f} {TOP:g}V{frame.bottom:g}" fill="none" stroke="currentColor" stroke-opacity=".6" '
        'stroke-dasharray="3 3" />'
    )
    right = x < (LEFT + frame.right) / 2
    yield text_at(
        x + (5 if right else -5), TOP + 12, f"leaves at step {short(step)}", "start" if right else "end", HALO
    )


def _words_on_map(frame: Frame, series: Sequence[_Drawable], chart: Chart) -> Iterator[str]:
    """On a map: where paths begin and end, the minimum, steps. Each word stands where it hides least of the paths."""
    lines = np.array([place for one in series if one.role != "context" for place in _along(frame, one)]).reshape(-1, 2)
    taken: list[tuple[float, float, float]] = []
    for x, y, word, colour in _wanted_words(series, chart) if chart.surface else ():
        if not frame.holds(x, y):
            continue
        wide = LETTER * len(word)
        free = [
            (left, base)
            for left in (frame.at_x(x) + 7, frame.at_x(x) - 7 - wide, frame.at_x(x) - wide / 2)
            for base in (frame.at_y(y) - 7, frame.at_y(y) + 16, frame.at_y(y) + 4)
            if LEFT <= left <= frame.right - wide and TOP + 12 <= base <= frame.bottom
            and all(left >= x0 + w + 4 or x0 >= left + wide + 4 or abs(base - y0) >= 13 for x0, y0, w in taken)
        ]  # fmt: skip
        if free:
            left, base = min(free, key=lambda place: _hidden(lines, place[0], place[1], wide))
            taken.append((left, base, wide))
            yield text_at(left, base, word, more=f'{HALO} fill="{colour}"')


def _along(frame: Frame, series: _Drawable) -> Iterator[tuple[float, float]]:
    """Yield places on the drawn line, close together."""
    ends = [(frame.at_x(x), frame.at_y(y)) for _, x, y in series.kept]
    for (x0, y0), (x1, y1) in pairwise(ends):
        count = min(int(math.hypot(x1 - x0, y1 - y0) / 4) + 1, 100)
        yield from ((x0 + (x1 - x0) * k / count, y0 + (y1 - y0) * k / count) for k in range(count))


def _hidden(lines: Array, left: float, base: float, wide: float) -> int:
    """Return how many places of the lines, (n, 2), a word would cover."""
    inside = np.abs(lines - (left + wide / 2, base - 4)) <= (wide / 2 + 2, 7)
    return int(inside.all(axis=1).sum())


def _wanted_words(series: Sequence[_Drawable], chart: Chart) -> Iterator[tuple[float, float, str, str]]:
    """(x, y, word, colour), the most wanted first."""
    paths = [one for one in series if one.role != "context" and one.kept]
    for one in paths[:1]:
        yield *one.kept[0][1:], "start", "currentColor"
    if chart.surface is not None and chart.surface.minimum is not None:
        yield *chart.surface.minimum, "minimum", "currentColor"
    for one in paths:
        step, x, y = one.kept[-1]
        yield x, y, f"end ({step})", COLOURS[one.role]
    for one in paths:
        stride = _stride(len(one.points))
        for step, x, y in one.kept[1:-1]:
            if step % stride == 0:
                yield x, y, str(step), COLOURS[one.role]


def _legend(series: Sequence[_Drawable], surface: Surface | None) -> Iterator[str]:
    x = LEFT
    for one in series:
        label = one.label + (" (leaves the picture)" if surface is not None and _leaves(one, surface) else "")
        colour = COLOURS[one.role]
        yield f'<path d="M{x:.1f} 13h26" fill="none" stroke="{colour}" {LINES[one.role]} />'
        yield text_at(x + 32, 17, label)
        x += 32 + LETTER * len(label) + 14


def _leaves(series: _Drawable, surface: Surface) -> bool:
    inside: Callable[[float, Array], bool] = lambda value, axis: bool(axis.min() <= value <= axis.max())  # noqa: E731
    return any(p is None or not (inside(p[1], surface.x) and inside(p[2], surface.y)) for p in series.points)


# ------------------------------------------------------------------------------------------------------- in words
def short(value: float) -> str:
    return re.sub(r"e([+-])0?", lambda m: "e" + m[1].strip("+"), f"{value + 0.0:.3g}").replace("-", "−")


def _power(value: float) -> str:
    digits = str(round(math.log10(value))).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{digits}"


def _description(chart: Chart) -> str:
    """The caption, and where each line begins and ends."""
    ends = [
        f"{one_line(s.label, 40)}: from {_at(s, 0, chart)} to {_at(s, -1, chart)}." for s in chart.series if s.x and s.y
    ]
    return " ".join([" ".join(visible(chart.caption).split()), *ends])


def _at(series: Series, place: int, chart: Chart) -> str:
    if chart.surface is not None:
        return f"({short(series.x[place])}, {short(series.y[place])})"
    return short(series.y[place])
