"""Counts of a run: each row of its journal is read once, and handed to who counts it.

`Counting` (`counting`) reads. What it reads goes on by what it is: events to `life` (how the run
began and ended, its pace), visits and ends of rows to `flow` (nodes and edges), rounds to `loops`,
verdicts to `judged`, calls to `spending`, which has budgets too; `newest` keeps what is told one by
one. What is known of a record until it ends is in `records`. `paths` says where in the graph a path
of the journal belongs, and so a text that is being written; `stored` reads what anybody wrote.
"""

from sygra_eval.studio.live.counting.counting import CountAnew, Counting, LiveNow, outcomes_told
from sygra_eval.studio.live.counting.life import Life
from sygra_eval.studio.live.counting.paths import Places
from sygra_eval.studio.live.counting.spending import budget_of
from sygra_eval.studio.live.counting.stored import MOST_TEXT

__all__ = [
    "MOST_TEXT",
    "CountAnew",
    "Counting",
    "Life",
    "LiveNow",
    "Places",
    "budget_of",
    "outcomes_told",
]
