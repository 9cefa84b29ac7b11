"""How long calls took, step by step."""

from collections.abc import Sequence

from sygra_eval.report.html.markup import Markup, tag
from sygra_eval.report.html.plots.svg import WIDTH, Plot, canvas, line, text, ticks
from sygra_eval.report.table import Align, Table

_STEP = 52.0
_MOST = 12

Percentiles = tuple[str, int, float, float, float]
"""A step's name, its calls, and the seconds within which 50, 90 and 99 % of them were answered."""


def latency_plot(steps: Sequence[Percentiles]) -> Plot | None:
    """Draw a line a step from its median to the slowest hundredth, with a shape at each mark."""
    drawn = [one for one in steps if one[1]][:_MOST]
    if not drawn:
        return None
    name, title = "latency", "How long calls took"
    scale = ticks(max(one[4] for one in drawn))
    floor = len(drawn) * _STEP

    def across(seconds: float) -> float:
        return 4 + (WIDTH - 22) * min(seconds / scale[-1], 1.0)

    marks: list[Markup] = []
    for tick in scale:
        marks.append(line(across(tick), 20, across(tick), floor + 2, class_="grid"))
        marks.append(text(across(tick), floor + 18, f"{tick:g} s", anchor="middle", class_="tick"))
    for at, (step, calls, p50, p90, p99) in enumerate(drawn):
        y = at * _STEP
        said = f"{p50:.2f} · {p90:.2f} · {p99:.2f} s"
        marks.append(text(0, y + 15, f"{step} ({calls:,} calls)"))
        marks.append(text(WIDTH, y + 15, said, anchor="end", class_="number"))
        marks.append(line(across(p50), y + 32, across(p99), y + 32))
        marks.append(_circle(across(p50), y + 32))
        marks.append(_square(across(p90), y + 32))
        marks.append(_triangle(across(p99), y + 32))
    told = (
        "Circle: half of the calls were answered by then; square: 90 % of them; "
        "triangle: 99 %. " + "; ".join(f"{step}: median {p50:.2f} s" for step, _, p50, *_ in drawn)
    )
    return Plot(
        name=name,
        title=title,
        told=f"{told}.",
        drawing=canvas(name, title, f"{told}.", floor + 26, marks),
        figures=Table(
            title=title,
            columns=("step", "calls", "50 %, s", "90 %, s", "99 %, s"),
            aligns=(Align.LEFT, *(Align.RIGHT,) * 4),
            rows=tuple(
                (step, str(calls), f"{p50:.2f}", f"{p90:.2f}", f"{p99:.2f}")
                for step, calls, p50, p90, p99 in steps
            ),
        ),
    )


def _circle(x: float, y: float) -> Markup:
    return tag("circle", cx=x, cy=y, r=5.5, fill="currentColor")


def _square(x: float, y: float) -> Markup:
    size = {"width": 9, "height": 9}
    return tag("rect", x=x - 4.5, y=y - 4.5, **size, stroke="currentColor", class_="open")


def _triangle(x: float, y: float) -> Markup:
    d = f"M{x:.2f} {y - 6:.2f} l6 11 h-12 z"
    return tag("path", d=d, stroke="currentColor", class_="open")
