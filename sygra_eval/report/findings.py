"""What validators found in the code of rows, one finding each, with the line where it is known.

A line comes from evidence that may quote the row's own text, so one that its code does not have is
no line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sygra_eval.engine import ReportRow
from sygra_eval.values import Evidence, Outcome, Status, Verdict

TOOLS = frozenset({"ruff", "bandit", "mypy"})
_OF_A_TOOL = re.compile(r"line (\d{1,9}), column (\d{1,9}): ([A-Za-z0-9][\w-]{0,60}) (.*)")
_IN_A_TRACE = re.compile(r"\banswer\.py, line (\d{1,9})\b")
_IN_A_REASON = re.compile(r"\bline (\d{1,9})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFinding:
    """One thing that is wrong with a row's code.

    :ivar rule: The validator, or `validator/RULE` of the tool behind it.
    :ivar line: From 1; None where it is not known. `column` likewise, in characters.
    :ivar snippet: The line itself.
    :ivar is_deciding: The validator is a required one.
    :ivar weight: What orders findings: the lowest is the worst.
    """

    row_id: str
    index: int
    rule: str
    validator: str
    message: str
    line: int | None
    column: int | None
    snippet: str
    is_deciding: bool
    weight: tuple[int, int, float]


def findings_of(row: ReportRow) -> Iterator[CodeFinding]:
    """Yield what the validators found that failed; an error of ours is no finding."""
    # Rows that were there before have no column `code`; of them what ran code is about code.
    lines = None if row.code is None else row.code.split("\n")
    for verdict in row.verdicts:
        if verdict.status is not Status.FAIL or (lines is None and not _ran_code(verdict)):
            continue
        for rule, message, line, column in _told(verdict):
            is_known = line is not None and line >= 1 and (lines is None or line <= len(lines))
            text = lines[line - 1] if lines is not None and is_known and line is not None else ""
            yield CodeFinding(
                row_id=row.id,
                index=row.index,
                rule=f"{verdict.validator}/{rule}" if rule else verdict.validator,
                validator=verdict.validator,
                message=message,
                line=line if is_known else None,
                column=column if column and column <= len(text) else None,
                snippet=text,
                is_deciding=verdict.is_required,
                weight=(
                    not verdict.is_required,
                    row.outcome is not Outcome.REJECTED,
                    verdict.score or 0.0,
                ),
            )


def _ran_code(verdict: Verdict) -> bool:
    return verdict.evidence is not None and bool(verdict.evidence.command)


def _told(verdict: Verdict) -> Iterator[tuple[str, str, int | None, int | None]]:
    """Yield rule, message, line and column of each thing that a verdict names."""
    evidence = verdict.evidence
    of_a_tool = list(_of_a_tool(evidence)) if evidence is not None else []
    if of_a_tool:
        yield from of_a_tool
    else:
        yield "", verdict.reason, _line_in(verdict), None


def _of_a_tool(evidence: Evidence) -> Iterator[tuple[str, str, int, int]]:
    if not evidence.command or evidence.command[0] not in TOOLS:
        return
    for told in evidence.output.splitlines():
        if found := _OF_A_TOOL.fullmatch(told):
            line, column, rule, message = found.groups()
            yield rule, message, int(line), int(column)


def _line_in(verdict: Verdict) -> int | None:
    evidence = verdict.evidence
    if evidence is not None and evidence.failing is not None:
        found = _IN_A_TRACE.search(evidence.failing.traceback)
    else:
        found = _IN_A_REASON.search(verdict.reason)
    return int(found[1]) if found else None
