"""The pieces of a plot: a canvas with title and description, marks, axes, whiskers, patterns.

Everything is drawn in `currentColor`, so that a plot follows the page's colours and prints; what
has to be told apart differs in pattern or shape and carries a label. Ids begin with the plot's
name, as a page has several plots.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sygra_eval.quality import Interval
from sygra_eval.report.html.markup import Markup, joined, number, tag
from sygra_eval.report.table import Table

WIDTH = 440.0
"""Units across a plot. On a narrow screen one unit is three quarters of a pixel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A drawing with the figures that it shows.

    :ivar name: Of letters and hyphens; ids in the drawing begin with it.
    :ivar told: The drawing in a sentence, for who does not see it.
    """

    name: str
    title: str
    told: str
    drawing: Markup
    figures: Table


def shown(plot: Plot, table: Markup) -> Markup:
    """Return the plot as it stands on a page; `table` is made of its figures."""
    return tag(
        "figure",
        tag("figcaption", plot.title),
        plot.drawing,
        tag("p", plot.told, class_="told"),
        tag("details", tag("summary", f"The figures: {plot.title.lower()}"), table),
        class_="plot",
        id=f"plot-{plot.name}",
    )


def canvas(name: str, title: str, told: str, height: float, marks: Iterable[Markup]) -> Markup:
    """Return a drawing that says what it is."""
    return tag(
        "svg",
        tag("title", title, id=f"plot-{name}-title"),
        tag("desc", told, id=f"plot-{name}-desc"),
        tag("defs", _hatch(name)),
        joined(list(marks)),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(WIDTH)} {number(height)}",
        role="img",
        aria_labelledby=f"plot-{name}-title plot-{name}-desc",
    )


def text(x: float, y: float, said: str, *, anchor: str = "start", class_: str = "") -> Markup:
    """Return real text; `anchor` is `start`, `middle` or `end`."""
    return tag(
        "text",
        said,
        x=x,
        y=y,
        text_anchor=None if anchor == "start" else anchor,
        class_=class_ or None,
        fill="currentColor",
    )


def bar(x: float, y: float, width: float, height: float, *, class_: str = "bar") -> Markup:
    """Return a filled rectangle."""
    size = {"width": max(0.0, width), "height": max(0.0, height)}
    return tag("rect", x=x, y=y, **size, fill="currentColor", class_=class_)


def hatched(name: str, x: float, y: float, width: float, height: float) -> Markup:
    """Return a rectangle with a border, filled with the pattern."""
    size = {"width": max(0.0, width), "height": max(0.0, height)}
    fill = f"url(#plot-{name}-hatch)"
    return tag("rect", x=x, y=y, **size, fill=fill, stroke="currentColor", class_="hatched")


def line(x1: float, y1: float, x2: float, y2: float, *, class_: str = "line") -> Markup:
    """Return a straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke="currentColor", class_=class_)


def path(points: Sequence[tuple[float, float]], *, class_: str = "line") -> Markup:
    """Return a line through the points."""
    to = " L".join(f"{number(x)} {number(y)}" for x, y in points)
    return tag("path", d=f"M{to}", fill="none", stroke="currentColor", class_=class_)


def whisker(x: float, low: float, high: float) -> Markup:
    """Return an interval standing upright: a line with an end at both bounds."""
    ends = [line(x - 5, y, x + 5, y, class_="whisker") for y in (low, high)]
    return joined([line(x, low, x, high, class_="whisker"), *ends])


def ticks(top: float, *, least: float = 0.0) -> list[float]:
    """Return round numbers from 0 to the first of them that is not below `top`.

    :param least: Between one and the next: 1 for what is counted, as there is no half of a row.
    """
    if not (top > 0 and math.isfinite(top)):
        return [0.0, 1.0]
    rough = top / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(step * power for step in (1.0, 2.0, 2.5, 5.0, 10.0) if step * power >= rough)
    if step < 10 * least:
        step = float(max(least, math.ceil(step)))
    return [step * count for count in range(math.ceil(top / step - 1e-9) + 1)]


def percent_words(rate: Interval | None) -> str:
    """Return a rate with its bounds, in percent."""
    if rate is None:
        return "unknown"
    return f"{100 * rate.estimate:.1f} % ({100 * rate.low:.1f} to {100 * rate.high:.1f})"


def _hatch(name: str) -> Markup:
    stroke = tag("path", d="M0 6 L6 0", stroke="currentColor", stroke_width="1.2", fill="none")
    return tag(
        "pattern",
        stroke,
        id=f"plot-{name}-hatch",
        width=6,
        height=6,
        patternUnits="userSpaceOnUse",
    )
