"""Rows of a run, one page at a time and one row as a whole, from its journal.

`Indexes` keeps, beside the server and never in a run folder, what rows are found by: `facts` takes
it from a row, `index` follows the journal, `asking` says what a view shows, and `views` makes it.
`page` joins that with the journal for a page. `record` tells one row's story from its draft to its
outcome, with `texts` cut that are long, and `marks` is what people said of rows.
"""

from sygra_eval.studio.rows.asking import FACETS, SORTS, Asked
from sygra_eval.studio.rows.indexes import Indexes, OpenIndex, is_running
from sygra_eval.studio.rows.marks import Mark, Marked, MarkKind, add_mark, marks_in

__all__ = [
    "FACETS",
    "SORTS",
    "Asked",
    "Indexes",
    "Mark",
    "MarkKind",
    "Marked",
    "OpenIndex",
    "add_mark",
    "is_running",
    "marks_in",
]
