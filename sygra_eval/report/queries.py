"""The statement of every figure in `report.json`, and how to read its result.

A statement is SQL for SQLite over the tables of `database`. Its result has a column `value`; or `k`
and `n`, of a share; or `x` and `times`, of a mean. All other columns say which line it is: a figure
whose result has several lines names its own under `at`. A line that is not there is a count of 0.
`behind` gives the rows that a figure is made of, as far as it is made of rows.
"""

from sygra_eval.report.queries_of_calls import OF_CALLS
from sygra_eval.report.queries_of_rows import OF_ROWS
from sygra_eval.report.query import Query

QUERIES: dict[str, Query] = {**OF_ROWS, **OF_CALLS}
