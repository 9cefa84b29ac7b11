"""How many rows came how far, and how many each step lost."""

from collections.abc import Sequence

from sygra_eval.report.html.plots.svg import WIDTH, Plot, bar, canvas, hatched, text
from sygra_eval.report.table import Align, Table

_STEP = 46.0
_BAR = 15.0


def funnel_plot(steps: Sequence[tuple[str, int]]) -> Plot | None:
    """Draw a bar a step; what a step lost is the hatched end of its bar."""
    if not steps or not steps[0][1]:
        return None
    read = steps[0][1]
    name, title = "funnel", "How far rows came"
    marks, rows = [], []
    before = read
    for at, (label, count) in enumerate(steps):
        y, lost = at * _STEP, before - count
        share = f"{100 * count / read:.1f} %"
        marks.append(text(0, y + 15, label))
        marks.append(text(WIDTH, y + 15, f"{count:,} · {share}", anchor="end", class_="number"))
        kept = WIDTH * count / read
        marks.append(bar(0, y + 22, kept, _BAR))
        if lost > 0:
            marks.append(hatched(name, kept, y + 22, WIDTH * lost / read, _BAR))
        rows.append((label, str(count), share.removesuffix(" %"), str(max(lost, 0))))
        before = count
    last, left = steps[-1]
    told = (
        f"Of {read:,} rows read, {left:,} came through the last step, {last}. "
        "The hatched end of a bar is what that step lost."
    )
    return Plot(
        name=name,
        title=title,
        told=told,
        drawing=canvas(name, title, told, len(steps) * _STEP, marks),
        figures=Table(
            title=title,
            columns=("step", "rows", "% of read", "lost in it"),
            aligns=(Align.LEFT, Align.RIGHT, Align.RIGHT, Align.RIGHT),
            rows=tuple(rows),
        ),
    )
