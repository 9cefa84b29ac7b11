"""Aggregates of a run with their uncertainty; every rate goes with an interval.

`wilson` is for a rate over rows (a value of `values`, since loops stop by it too), `mean_t` for the
mean of figures that rows have, `total_of` for what all rows will come to by a few of them,
`pass_at_k` for what several tries are worth, `difficulty_of` for the band of a row's pass rate.
"""

from sygra_eval.quality.means import mean_t, t_quantile
from sygra_eval.quality.pass_rate import DIFFICULTIES, Difficulty, difficulty_of, pass_at_k
from sygra_eval.quality.totals import FEWEST_ROWS, total_of
from sygra_eval.values import Interval, wilson

__all__ = [
    "DIFFICULTIES",
    "FEWEST_ROWS",
    "Difficulty",
    "Interval",
    "difficulty_of",
    "mean_t",
    "pass_at_k",
    "t_quantile",
    "total_of",
    "wilson",
]
