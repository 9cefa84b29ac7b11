"""The gates of a run as a table."""

from sygra_eval.engine import RunSummary
from sygra_eval.report.table import Align, Table


def gates(summary: RunSummary) -> Table:
    """Return a line for each gate, and for each group of one."""
    return Table(
        title="Gates",
        columns=("gate", "outcome", "why"),
        aligns=(Align.LEFT,) * 3,
        rows=tuple((gate.name, gate.state.value, gate.reason) for gate in summary.gates),
    )
