"""Draws a chart as SVG that lives inside a page: its colours follow the page, its text stays text.

matplotlib draws, here and nowhere else, and is imported only when something is drawn (0.5 s). The page
may set `--golden`, `--yours`, `--context` and the text colour; without them the fallbacks below hold.
"""

from __future__ import annotations

import io
import math
import re
import threading
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np

from autograder.render.escape import one_line, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from autograder.model import Chart, Series, Surface

# Colours that stand for roles until `_presentation` replaces them; nothing else draws in these.
GOLDEN, YOURS, CONTEXT, INK = "#a00001", "#a00002", "#a00003", "#a00004"
PAGE_COLOURS = {
    GOLDEN: "var(--golden, #946200)",
    YOURS: "var(--yours, #3f46a8)",
    CONTEXT: "var(--context, #767a85)",
    INK: "currentColor",
}
# Told apart by width, dash and marker too. The golden line lies broad below, so that equal paths show both.
LOOKS: dict[str, dict[str, Any]] = {
    "golden": {
        "color": GOLDEN,
        "linewidth": 3.0,
        "alpha": 0.75,
        "marker": "o",
        "markersize": 5.5,
        "zorder": 3,
    },
    "yours": {
        "color": YOURS,
        "linewidth": 1.4,
        "dashes": (4, 2),
        "marker": "x",
        "markersize": 5,
        "zorder": 4,
    },
    "context": {"color": CONTEXT, "linewidth": 1.4, "dashes": (1, 1.5), "zorder": 2},
}
SIZE = (4.2, 2.9)  # inches of 72 units: drawn 1:1 on a phone, where 9-unit text is then 10 px high
SIZE_WITH_SURFACE = (4.2, 3.5)
MARKERS = 12  # per line, about: more of them hide the line
LEVELS = 9  # contour lines at equal shares of the area: shows valley and wall of any surface
ROUND = [1, 2, 5, 10]  # ticks at numbers that people count in
HUGE = 1e100  # beyond this matplotlib's arithmetic overflows; a diverged run leaves the picture either way
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text as text
    "svg.hashsalt": "gradmark",  # the same chart gives the same bytes
    "text.parse_math": False,  # a dollar sign is a dollar sign
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 9,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
}
_DRAWING = threading.Lock()  # matplotlib's settings and font cache are one per process


def svg(chart: Chart) -> str:
    """`chart` as an `<svg>` element, the same bytes every time. Its ids start with the chart's id."""
    log_y = chart.log_y and chart.surface is None  # a map has no logarithmic side
    series = tuple(_drawable(s, log_y=log_y) for s in chart.series)
    chart = replace(chart, series=series, log_y=log_y)
    return _inline(_drawn(chart), chart)


def png(chart: Chart) -> bytes:
    """`chart` as a PNG on white, for platforms that take pictures and no pages."""
    from matplotlib import rc_context  # noqa: PLC0415 - as below
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    log_y = chart.log_y and chart.surface is None
    chart = replace(chart, series=tuple(_drawable(s, log_y=log_y) for s in chart.series), log_y=log_y)
    out = io.BytesIO()
    with _DRAWING, rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure = Figure(SIZE_WITH_SURFACE if chart.surface else SIZE)
        FigureCanvasAgg(figure)
        _plot(figure.add_axes((0.16, 0.17, 0.81, 0.72 if not chart.surface else 0.74)), chart)
        _on_paper(figure)
        figure.savefig(out, format="png", dpi=144, facecolor="white", metadata={"Software": None})  # sharp on phones
    return out.getvalue()


PAPER_COLOURS = {GOLDEN: "#946200", YOURS: "#3f46a8", CONTEXT: "#767a85", INK: "#222222"}


def _on_paper(figure: Any) -> None:
    """The roles' colours in place of their stand-ins, which only a page can replace later."""
    from matplotlib.colors import to_hex  # noqa: PLC0415

    for artist in figure.findobj():
        for name in ("color", "edgecolor", "markeredgecolor"):
            look = getattr(artist, f"get_{name}", lambda: None)()
            if isinstance(look, str | tuple) and (colour := PAPER_COLOURS.get(to_hex(look))):
                artist.set(**{name: colour})
        edges: Any = getattr(artist, "get_edgecolors", list)()  # a contour's
        if len(edges) and (colour := PAPER_COLOURS.get(to_hex(edges[0]))):
            artist.set_edgecolor(colour)


def _drawable(series: Series, *, log_y: bool) -> Series:
    """Without the points that no axis can hold: NaN, infinite, huge, and not positive on a log axis."""
    low = 1 / HUGE if log_y else -HUGE
    kept = [(x, y) for x, y in zip(series.x, series.y, strict=True) if abs(x) < HUGE and low < y < HUGE]
    return replace(series, x=tuple(x for x, _ in kept), y=tuple(y for _, y in kept))


# ---------------------------------------------------------------------------------------------------- drawing
def _drawn(chart: Chart) -> str:
    from matplotlib import rc_context  # noqa: PLC0415 - half a second that only pictures pay
    from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    out = io.StringIO()
    with _DRAWING, rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # the reader's browser has its own fonts
        figure = Figure(SIZE_WITH_SURFACE if chart.surface else SIZE)
        FigureCanvasSVG(figure)
        axes = figure.add_axes((0.16, 0.17, 0.81, 0.72 if not chart.surface else 0.74))
        _plot(axes, chart)
        figure.savefig(out, format="svg", transparent=True)
    return out.getvalue()


def _plot(axes: Axes, chart: Chart) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: PLC0415

    if chart.log_y:
        axes.set_yscale("log")
        axes.set_ylim(*_decades(chart.series))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=ROUND))
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=ROUND, integer=_counts(chart)))
    axes.yaxis.set_major_formatter(FuncFormatter(_power if chart.log_y else _short))
    axes.xaxis.set_major_formatter(FuncFormatter(_short))
    axes.minorticks_off()
    for series in chart.series:
        label = one_line(series.label, 40) + (" (leaves the picture)" if _leaves(series, chart.surface) else "")
        axes.plot(series.x, series.y, label=label, markevery=_markevery(series), **_look(series))
    if chart.surface is not None:
        _terrain(axes, chart)
    axes.set_xlabel(one_line(chart.x_label, 60))
    axes.set_ylabel(one_line(chart.y_label, 60))
    if chart.series:
        axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3, frameon=False, handlelength=3, fontsize=9)


def _look(series: Series) -> dict[str, Any]:
    hollow = {"markerfacecolor": "none", "markeredgewidth": 1.2} if series.role == "golden" else {}
    return LOOKS[series.role] | hollow


def _markevery(series: Series) -> int:
    return max(1, math.ceil(len(series.x) / MARKERS))


def _terrain(axes: Axes, chart: Chart) -> None:
    """Contour lines under the paths, the frame set to them, and a word where the paths begin."""
    surface = chart.surface
    assert surface is not None
    heights = np.where(np.abs(surface.z) < HUGE, surface.z, np.nan)
    levels = np.unique(np.nanquantile(heights, np.linspace(0.02, 0.98, LEVELS)))
    axes.contour(surface.x, surface.y, heights, levels, colors=INK, alpha=0.28, linewidths=0.7, zorder=1)
    axes.set(xlim=(surface.x.min(), surface.x.max()), ylim=(surface.y.min(), surface.y.max()))
    first = next((s for s in chart.series if s.role == "golden" and s.x), None)
    if first is not None:
        axes.annotate("start", (first.x[0], first.y[0]), xytext=(6, 6), textcoords="offset points", clip_on=True)


def _leaves(series: Series, surface: Surface | None) -> bool:
    if surface is None:
        return False
    inside_x = all(surface.x.min() <= x <= surface.x.max() for x in series.x)
    return not (inside_x and all(surface.y.min() <= y <= surface.y.max() for y in series.y))


def _counts(chart: Chart) -> bool:
    return chart.surface is None and all(float(x).is_integer() for s in chart.series for x in s.x)


def _decades(series: tuple[Series, ...]) -> tuple[float, float]:
    """Whole powers of ten around all values, so that a logarithmic axis always has two of them to read."""
    powers = [math.log10(y) for s in series for y in s.y] or [0.0]
    low, high = math.floor(min(powers)), math.ceil(max(powers))
    return 0.8 * 10.0**low, 1.25 * 10.0 ** max(high, low + 1)


def _short(value: float, _position: object = None) -> str:
    return re.sub(r"e([+-])0?", lambda m: "e" + m[1].strip("+"), f"{value:.3g}").replace("-", "−")


def _power(value: float, _position: object = None) -> str:
    power = math.log10(value)
    if abs(power - round(power)) > 1e-9:  # rounding of log10; a tick between powers is written as it is
        return _short(value)
    digits = str(round(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{digits}"


# ---------------------------------------------------------------------------------------------- into the page
def _inline(drawing: str, chart: Chart) -> str:
    """What matplotlib wrote as an element for a page: own ids, the page's colours, named for readers."""
    root = ET.fromstring(drawing)  # noqa: S314 - matplotlib wrote this a moment ago
    prefix = "chart-" + (re.sub(r"[^a-z0-9]+", "-", chart.id.lower())[:40].strip("-") or "x")
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith(("metadata", "style")):
                parent.remove(child)
    used = set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", drawing))
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        style = element.attrib.pop("style", "")
        element.attrib = {
            k.rpartition("}")[2]: _attribute(k, v, prefix) for k, v in element.items() if _kept(k, v, used)
        } | _presentation(style)
    box = root.attrib["viewBox"]
    root.attrib = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": box,
        "width": "100%",
        "role": "img",
        "aria-labelledby": f"{prefix}-title {prefix}-desc",
    }
    _describe(root, chart, prefix)
    return re.sub(r"\n\s*", "", ET.tostring(root, encoding="unicode"))


def _kept(name: str, value: str, used: set[str]) -> bool:
    """Whether an attribute does anything: matplotlib names every group and turns text by -0 degrees."""
    return (name != "id" or value in used) and not value.startswith("rotate(-0 ")


def _attribute(name: str, value: str, prefix: str) -> str:
    if name == "id":
        return f"{prefix}-{value}"
    if name.endswith("href"):
        return f"#{prefix}-{value[1:]}"
    if name == "d":
        value = re.sub(r"\s+", " ", value).strip()
    if name in ("d", "x", "y", "transform"):
        return re.sub(r"-?\d+\.\d+", lambda m: f"{float(m[0]):.1f}".removesuffix(".0"), value)
    return value.replace("url(#", f"url(#{prefix}-")


def _presentation(style: str) -> dict[str, str]:
    """A style as attributes of its own, which every content policy allows, in the page's colours and its font."""
    style = re.sub(r"font-family: [^;]*", "font-family: inherit", style)
    style = re.sub(r"font: ([\d.]+px) [^;]*", r"font-size: \1; font-family: inherit", style)
    for stand_in, colour in PAGE_COLOURS.items():
        style = style.replace(stand_in, colour)
    return {
        name.strip(): value.strip() for name, _, value in (part.partition(":") for part in style.split(";")) if value
    }


def _describe(root: ET.Element, chart: Chart, prefix: str) -> None:
    title, desc = ET.Element("title", id=f"{prefix}-title"), ET.Element("desc", id=f"{prefix}-desc")
    title.text = one_line(chart.title)
    ends = [
        f"{one_line(s.label, 40)}: from {_at(s, 0, chart)} to {_at(s, -1, chart)}." for s in chart.series if s.x and s.y
    ]
    desc.text = " ".join([" ".join(visible(chart.caption).split()), *ends])
    root.insert(0, desc)
    root.insert(0, title)


def _at(series: Series, place: int, chart: Chart) -> str:
    if chart.surface is not None:
        return f"({_short(series.x[place])}, {_short(series.y[place])})"
    return _short(series.y[place])
