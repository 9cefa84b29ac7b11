"""The report as JSON: every figure of the run, in an order that does not change.

Only ASCII is written, so that no terminal, editor or encoding can be led astray by an id; what is
read back is the text as it was.
"""

import json
from collections.abc import Mapping

from sygra_eval.engine import RunSummary
from sygra_eval.quality import Figure
from sygra_eval.report.document import document_of


def json_report(summary: RunSummary, measured: Mapping[str, Figure] | None = None) -> str:
    """Return all figures; what is unknown is null."""
    document = document_of(summary, measured)
    return json.dumps(document, indent=2, allow_nan=False) + "\n"
