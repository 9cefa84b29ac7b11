"""What validators found in the code of rows, as SARIF 2.1.0: for code scanners and editors.

The worst findings come first, and no more than `MOST_RESULTS`; what was left out is counted.
"""

import heapq
import json
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from sygra_eval.engine import ExitCode, ReportContext
from sygra_eval.report.findings import CodeFinding, findings_of
from sygra_eval.report.plain_text import shown

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
MOST_RESULTS = 5_000
MOST_MESSAGE = 1_000
MOST_SNIPPET = 200
_COMPLETED = (ExitCode.PASSED, ExitCode.GATE_FAILED, ExitCode.WARNINGS)


def sarif_report(ctx: ReportContext) -> Iterator[str]:
    """Yield the document."""
    seen = _Counted(finding for row in ctx.rows() for finding in findings_of(row))
    most = min(ctx.options.max_rows or MOST_RESULTS, MOST_RESULTS)
    worst = heapq.nsmallest(most, seen, key=lambda one: (one.weight, one.index))
    rules = {rule: place for place, rule in enumerate(sorted({one.rule for one in worst}))}
    results = [_result(one, rules[one.rule]) for one in worst]
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(ctx, worst)},
                "automationDetails": {"id": f"{_name(ctx.summary.suite)}/"},
                "invocations": [_invocation(ctx, seen.count - len(results))],
                "columnKind": "unicodeCodePoints",
                "results": results,
                "properties": {
                    "run": ctx.summary.run,
                    "state": ctx.summary.state,
                    "findings": seen.count,
                    "findingsLeftOut": seen.count - len(results),
                },
            }
        ],
    }
    yield json.dumps(document, indent=1, allow_nan=False) + "\n"


class _Counted:
    """Findings, counted on their way."""

    def __init__(self, findings: Iterable[CodeFinding]) -> None:
        self._findings = findings
        self.count = 0

    def __iter__(self) -> Iterator[CodeFinding]:
        for finding in self._findings:
            self.count += 1
            yield finding


def _driver(ctx: ReportContext, worst: Sequence[CodeFinding]) -> dict[str, object]:
    named = {one.rule: one for one in worst}
    rules = [
        {
            "id": _name(rule),
            "shortDescription": {"text": _about(named[rule])},
            "defaultConfiguration": {"level": _level(named[rule])},
        }
        for rule in sorted(named)
    ]
    version = {"version": ctx.summary.version} if ctx.summary.version else {}
    return {"name": "sygra-eval", **version, "rules": rules}


def _about(finding: CodeFinding) -> str:
    kind = "required" if finding.is_deciding else "optional"
    return f"The {kind} validator {_name(finding.validator)} failed"


def _invocation(ctx: ReportContext, left_out: int) -> dict[str, object]:
    is_finished = ctx.state_words == ctx.summary.state
    notes = [] if is_finished else [ctx.state_words]
    if left_out:
        notes.append(f"{left_out} findings that weigh less were left out")
    return {
        "executionSuccessful": is_finished and ctx.summary.exit_code in _COMPLETED,
        "toolExecutionNotifications": [
            {"level": "note", "message": {"text": note}} for note in notes
        ],
    }


def _result(finding: CodeFinding, rule: int) -> dict[str, object]:
    # `[text](address)` would be a link; here it is what a row says.
    message = f"{finding.row_id}: {finding.message}".replace("](", "] (")
    place: dict[str, object] = {
        "artifactLocation": {"uri": f"rows/{quote(_whole(finding.row_id), safe='')}.py"}
    }
    if finding.line is not None:
        column = {} if finding.column is None else {"startColumn": finding.column}
        snippet = {"text": shown(finding.snippet, MOST_SNIPPET)}
        place["region"] = {"startLine": finding.line, **column, "snippet": snippet}
    return {
        "ruleId": _name(finding.rule),
        "ruleIndex": rule,
        "level": _level(finding),
        "message": {"text": shown(message, MOST_MESSAGE)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"rowId/v1": _whole(finding.row_id)},
    }


def _level(finding: CodeFinding) -> str:
    return "error" if finding.is_deciding else "warning"


def _name(text: str) -> str:
    return shown(text, MOST_SNIPPET)


def _whole(text: str) -> str:
    """Return a text that UTF-8 can hold: half a pair of surrogates is none."""
    return text.encode("utf-8", "replace").decode()
