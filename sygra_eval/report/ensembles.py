"""The report's tables of what several models did."""

from sygra_eval.engine import RunSummary
from sygra_eval.report.figures import UNKNOWN, bounds, percent
from sygra_eval.report.table import Align, Table


def ensembles(summary: RunSummary) -> Table:
    """Return who answered, who did not, and whose answers were kept."""
    has_choice = any(member.chooses for member in summary.members)
    shown = 6 if has_choice else 4
    return Table(
        title="Several models",
        columns=("node", "label", "answered", "no answer", "kept", "verified")[:shown],
        aligns=(Align.LEFT, Align.LEFT, *(Align.RIGHT,) * 4)[:shown],
        rows=tuple(
            (
                member.node,
                member.label,
                str(member.answered),
                str(member.unanswered),
                str(member.kept) if member.chooses else UNKNOWN,
                str(member.verified) if member.chooses else UNKNOWN,
            )[:shown]
            for member in summary.members
        ),
        notes=("in rows; verified: those whose kept answer is its own",) if has_choice else (),
    )


def shares(summary: RunSummary) -> Table:
    """Return the verified rate of each model where rows had different ones."""
    return Table(
        title="Rows by model",
        columns=("role", "model", "verified", "rows", "%", "95 % interval"),
        aligns=(Align.LEFT, Align.LEFT, *(Align.RIGHT,) * 4),
        rows=tuple(
            (
                share.role,
                share.name,
                str(share.verified),
                str(share.rows),
                percent(share.verified_rate.estimate if share.verified_rate else None),
                bounds(share.verified_rate),
            )
            for share in summary.shares
        ),
    )
