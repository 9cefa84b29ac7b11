"""The report's table of the ways that rows took through the graph."""

from sygra_eval.engine import RunSummary
from sygra_eval.report.table import Align, Table


def edges(summary: RunSummary) -> Table:
    """Return how many rows took each edge, and how often; none for a straight graph."""
    return Table(
        title="Edges",
        columns=("edge", "rows", "times"),
        aligns=(Align.LEFT, Align.RIGHT, Align.RIGHT),
        rows=tuple((edge.label, str(edge.rows), str(edge.times)) for edge in summary.edges),
        notes=("of the rows that came to END",) if summary.edges else (),
    )
