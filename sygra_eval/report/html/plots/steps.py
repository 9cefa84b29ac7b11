"""Whether another round, or draft, paid: what is verified after each, and at what price."""

from collections.abc import Sequence
from dataclasses import dataclass

from sygra_eval.quality import Interval, wilson
from sygra_eval.report.figures import UNKNOWN, cost, short_count, small_cost
from sygra_eval.report.html.markup import Markup
from sygra_eval.report.html.plots.svg import (
    WIDTH,
    Plot,
    bar,
    canvas,
    hatched,
    line,
    percent_words,
    text,
    ticks,
    whisker,
)
from sygra_eval.report.table import Align, Table

_TOP, _FLOOR, _LEFT, _HEIGHT = 22.0, 212.0, 44.0, 268.0
_MOST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One more round or draft.

    :ivar gained: Rows verified with it that were not before.
    :ivar tokens: What all rows spent on it, and `usd`; None is unknown.
    """

    number: int
    gained: int
    tokens: int | None = None
    usd: float | None = None


def steps_plot(name: str, what: str, steps: Sequence[Step], rows: int) -> Plot | None:
    """Draw what is verified after each step, of all `rows`; what the step gained is hatched.

    :param what: `round` or `draft`.
    """
    if not steps or not rows:
        return None
    after, total = [], 0
    for step in steps:
        total += step.gained
        after.append(wilson(min(total, rows), rows))
    drawn = steps[:_MOST]
    top = max(one.high for one in after if one is not None)
    title = f"What each {what} bought"
    told = _told(what, steps, after, rows, is_cut=len(drawn) < len(steps))
    marks = [*_axis(top), *_bars(name, what, drawn, after, top)]
    return Plot(
        name=name,
        title=title,
        told=told,
        drawing=canvas(name, title, told, _HEIGHT, marks),
        figures=_figures(title, what, steps, after),
    )


def _axis(top: float) -> list[Markup]:
    marks = []
    for tick in ticks(100 * top):
        y = _height(tick / 100, top)
        marks.append(line(_LEFT, y, WIDTH, y, class_="grid"))
        marks.append(text(_LEFT - 6, y + 4, f"{tick:g}", anchor="end", class_="tick"))
    marks.append(text(0, 10, "% of rows verified", class_="tick"))
    return marks


def _bars(
    name: str, what: str, steps: Sequence[Step], after: Sequence[Interval | None], top: float
) -> list[Markup]:
    marks = []
    room = (WIDTH - _LEFT) / len(steps)
    width = min(46.0, room * 0.56)
    for at, (step, now) in enumerate(zip(steps, after, strict=False)):
        before = after[at - 1] if at else None
        start = before.estimate if before is not None else 0.0
        middle = _LEFT + room * (at + 0.5)
        left = middle - width / 2
        end = now.estimate if now is not None else 0.0
        y_end, y_start = _height(end, top), _height(start, top)
        marks.append(bar(left, y_start, width, _FLOOR - y_start, class_="bar faint"))
        if end > start:
            marks.append(hatched(name, left, y_end, width, y_start - y_end))
        if now is not None:
            marks.append(whisker(middle, _height(now.low, top), _height(now.high, top)))
        few = len(steps) <= 6
        marks.append(
            text(
                middle, _FLOOR + 18, f"{what if few else ''} {step.number}".strip(), anchor="middle"
            )
        )
        marks.append(
            text(middle, _FLOOR + 35, f"+{step.gained:,}", anchor="middle", class_="number")
        )
        if few:
            marks.append(text(middle, _FLOOR + 51, _price(step), anchor="middle", class_="tick"))
    return marks


def _height(rate: float, top: float) -> float:
    scale = ticks(100 * top)[-1] / 100
    return _FLOOR - (_FLOOR - _TOP) * min(rate / scale, 1.0)


def price_of(step: Step) -> str:
    """Return what one more verified row took in this step; unknown where none came."""
    if not step.gained:
        return UNKNOWN
    if step.usd:
        return small_cost(step.usd / step.gained)
    if step.tokens is None:
        return UNKNOWN
    return f"{short_count(round(step.tokens / step.gained))} tokens"


def _price(step: Step) -> str:
    price = price_of(step)
    return "" if price == UNKNOWN else f"{price.replace('tokens', 'tok.')} each"


def _told(
    what: str,
    steps: Sequence[Step],
    after: Sequence[Interval | None],
    rows: int,
    *,
    is_cut: bool,
) -> str:
    first, last = steps[0], steps[-1]
    began = f"{first.gained:,} of {rows:,} rows are verified with {what} {first.number}"
    if len(steps) == 1:
        return f"{began}: {percent_words(after[0])}. Whiskers are 95 % intervals."
    more = sum(step.gained for step in steps[1:])
    cut = f" The first {_MOST} are drawn." if is_cut else ""
    return (
        f"{began}, {more:,} more with those up to {what} {last.number}: "
        f"{percent_words(after[-1])}. Hatched is what a {what} added; whiskers are 95 % intervals."
        f"{cut}"
    )


def _figures(
    title: str, what: str, steps: Sequence[Step], after: Sequence[Interval | None]
) -> Table:
    rows = [
        (
            str(step.number),
            str(step.gained),
            UNKNOWN if now is None else f"{100 * now.estimate:.1f}",
            UNKNOWN if now is None else f"{100 * now.low:.1f} – {100 * now.high:.1f}",
            UNKNOWN if step.tokens is None else str(step.tokens),
            cost(step.usd),
            price_of(step),
        )
        for step, now in zip(steps, after, strict=True)
    ]
    return Table(
        title=title,
        columns=(
            what,
            "newly verified",
            "% verified so far",
            "95 % interval",
            "tokens spent on it",
            "cost of it",
            "each new row took",
        ),
        aligns=(Align.RIGHT,) * 7,
        rows=tuple(rows),
    )
