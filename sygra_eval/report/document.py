"""The report as data: sections of figures, each with the query that gives it again.

Start at `document_of`. A number that stands in no figure is a setting, an exit code or a version.
"""

from collections.abc import Mapping

from sygra_eval.engine import RunSummary
from sygra_eval.quality import Figure as Measured
from sygra_eval.report.document_judging import judging
from sygra_eval.report.document_loops import loops
from sygra_eval.report.document_metrics import agreement, gates, metrics
from sygra_eval.report.document_rows import rows
from sygra_eval.report.document_spending import spending
from sygra_eval.report.figure import counted
from sygra_eval.report.queries import QUERIES

SCHEMA_VERSION = 2
SCHEMA_ID = "urn:sygra-eval:schema:report:2"


def document_of(
    summary: RunSummary, measured: Mapping[str, Measured] | None = None
) -> dict[str, object]:
    """Return all figures; what is unknown is null and says why.

    :param measured: The registered metrics over the rows, by name.
    """
    document: dict[str, object] = {
        "$schema": SCHEMA_ID,
        "schema_version": SCHEMA_VERSION,
        "suite": summary.suite,
        "run": summary.run,
        "suite_sha256": summary.suite_sha256,
        "version": summary.version or None,
        "made_by": _commands(summary),
        "environment": dict(summary.environment),
        "state": summary.state,
        "exit": int(summary.exit_code),
        "exit_reason": summary.exit_reason,
        "gates": gates(summary),
        "agreement": agreement(summary),
        "metrics": metrics(measured or {}),
        **rows(summary),
        **judging(summary),
        **loops(summary),
        **spending(summary),
        "models": [
            {"name": name, "type": kind, "model": what} for name, kind, what in summary.models
        ],
        "damaged_rows": {
            "absent": counted(summary.damage.rows, "damaged_rows", what="absent"),
            "met": counted(summary.damage.met, "damaged_rows", what="met"),
        },
        "warnings": list(summary.warnings),
    }
    asked = queries_in(document)
    document["queries"] = {
        name: {"sql": query.sql, "about": query.about}
        for name, query in QUERIES.items()
        if name in asked
    }
    return document


def queries_in(value: object) -> set[str]:
    """Return the names of all queries that the figures in a value name."""
    if isinstance(value, dict):
        own = {str(value["query"])} if "query" in value and "value" in value else set()
        return own.union(*map(queries_in, value.values()))
    if isinstance(value, list):
        return set().union(*map(queries_in, value))
    return set()


def _commands(summary: RunSummary) -> dict[str, object]:
    """Return what makes the run again, and what makes this page again."""
    folder = f"{summary.suite}/{summary.run}"
    return {
        "run": summary.command or None,
        "report": f"sygra-eval report {folder} --as json",
        "figure": f"sygra-eval report {folder} --query NAME",
    }
