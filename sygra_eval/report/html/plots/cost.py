"""What was spent against what was verified, row after row."""

from collections.abc import Sequence

from sygra_eval.report.figures import short_count
from sygra_eval.report.html.plots.svg import WIDTH, Plot, canvas, line, path, text, ticks
from sygra_eval.report.table import Align, Table

_TOP, _FLOOR, _LEFT, _HEIGHT = 22.0, 212.0, 48.0, 250.0
_FIGURES = 20


def cost_plot(curve: Sequence[tuple[int, float, int]], unit: str) -> Plot | None:
    """Draw verified rows over what was spent, in the order of the source.

    :param curve: Rows that ended, what they spent together, how many of them are verified.
    :param unit: Of what was spent, as `tokens` or `USD`.
    """
    if len(curve) < 2 or curve[-1][1] <= 0:
        return None
    name, title = "cost", f"Verified rows against {unit} spent"
    ended, spent, verified = curve[-1]
    across, up = ticks(spent), ticks(max(verified, 1), least=1.0)

    def place(at_cost: float, at_rows: float) -> tuple[float, float]:
        x = _LEFT + (WIDTH - _LEFT - 14) * at_cost / across[-1]
        return x, _FLOOR - (_FLOOR - _TOP) * at_rows / up[-1]

    marks = [text(0, 10, "rows verified", class_="tick")]
    for tick in up:
        _, y = place(0, tick)
        marks.append(line(_LEFT, y, WIDTH, y, class_="grid"))
        marks.append(text(_LEFT - 6, y + 4, f"{tick:,g}", anchor="end", class_="tick"))
    for tick in across:
        x, _ = place(tick, 0)
        marks.append(line(x, _FLOOR, x, _FLOOR + 4))
        marks.append(text(x, _FLOOR + 18, _amount(tick, unit), anchor="middle", class_="tick"))
    marks.append(text(WIDTH, _FLOOR + 34, f"{unit} spent", anchor="end", class_="tick"))
    marks.append(path([place(0, 0), place(spent, verified)], class_="line dashed"))
    marks.append(path([place(0, 0), *(place(cost, rows) for _, cost, rows in curve)]))
    each = f"{_amount(spent / verified, unit)} {unit} for each" if verified else "none verified"
    told = (
        f"{ended:,} rows spent {_amount(spent, unit)} {unit}; {verified:,} are verified: {each}. "
        "The dashed line is this average; where the drawn line is flatter, rows cost more."
    )
    return Plot(
        name=name,
        title=title,
        told=told,
        drawing=canvas(name, title, told, _HEIGHT, marks),
        figures=Table(
            title=title,
            columns=("rows that ended", f"{unit} spent", "verified"),
            aligns=(Align.RIGHT,) * 3,
            rows=tuple(
                (str(rows), _amount(cost, unit), str(got)) for rows, cost, got in _thinned(curve)
            ),
        ),
    )


def _thinned(curve: Sequence[tuple[int, float, int]]) -> list[tuple[int, float, int]]:
    """Return some twenty points of it, the last among them."""
    stride = -(-len(curve) // _FIGURES)
    kept = list(curve[::-1][::stride])
    return kept[::-1]


def _amount(value: float, unit: str) -> str:
    if unit == "USD":
        return f"{value:.3g}"
    return f"{round(value):,}" if value < 100_000 else short_count(round(value))
