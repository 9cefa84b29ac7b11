"""Which scores validators gave: a small histogram each."""

from collections.abc import Mapping, Sequence

from sygra_eval.report.html.markup import Markup
from sygra_eval.report.html.plots.svg import WIDTH, Plot, bar, canvas, line, text
from sygra_eval.report.table import Align, Table

BINS = 10
"""From 0 to 1; a score of 1 is in the last."""

_EACH, _BARS = 118.0, 62.0
_MOST = 6


def scores_plot(counts: Mapping[str, Sequence[int]]) -> Plot | None:
    """Draw a histogram a validator; those that only said yes or no give way to others.

    :param counts: By validator, how many scores fell into each of `BINS` bins.
    """
    given = {name: bins for name, bins in counts.items() if any(bins)}
    if not given:
        return None
    between = {name: bins for name, bins in given.items() if any(bins[1:-1])}
    drawn = list((between or given).items())[:_MOST]
    name, title = "scores", "Scores of the validators"
    marks = [
        mark
        for at, (validator, bins) in enumerate(drawn)
        for mark in _histogram(validator, bins, at * _EACH)
    ]
    told = "; ".join(
        f"{validator}: {_scores(bins)}, {bins[-1]:,} of 0.9 or more, {bins[0]:,} below 0.1"
        for validator, bins in given.items()
    )
    if len(drawn) < len(given):
        told += (
            ". Those that gave nothing between are not drawn" if between else ". Not all are drawn"
        )
    return Plot(
        name=name,
        title=title,
        told=f"{told}.",
        drawing=canvas(name, title, f"{told}.", len(drawn) * _EACH, marks),
        figures=Table(
            title=title,
            columns=("score", *given),
            aligns=(Align.LEFT, *(Align.RIGHT,) * len(given)),
            rows=tuple(
                (_range(at), *(str(bins[at]) for bins in given.values())) for at in range(BINS)
            ),
        ),
    )


def _histogram(validator: str, bins: Sequence[int], y: float) -> list[Markup]:
    highest, room = max(bins), WIDTH / BINS
    floor = y + 26 + _BARS
    marks = [
        text(0, y + 14, validator),
        text(WIDTH, y + 14, _scores(bins), anchor="end", class_="tick"),
    ]
    for at, count in enumerate(bins):
        height = (_BARS - 14) * count / highest
        marks.append(bar(at * room + 2, floor - height, room - 4, height))
        if count:
            middle = (at + 0.5) * room
            marks.append(
                text(middle, floor - height - 3, f"{count:,}", anchor="middle", class_="tick")
            )
    marks.append(line(0, floor, WIDTH, floor))
    for at, anchor in ((0, "start"), (5, "middle"), (10, "end")):
        marks.append(text(at * room, floor + 14, f"{at / 10:g}", anchor=anchor, class_="tick"))
    return marks


def _range(at: int) -> str:
    return f"{at / BINS:.1f} to {'1.0' if at == BINS - 1 else f'below {(at + 1) / BINS:.1f}'}"


def _scores(bins: Sequence[int]) -> str:
    return "1 score" if sum(bins) == 1 else f"{sum(bins):,} scores"
