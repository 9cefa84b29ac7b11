"""ShellCheck on an answer's script: in the sandbox, with nothing of the answer's own settings."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sygra_eval.sandbox import program_at
from sygra_eval.validators.running import IsHostFault, run_judged, told_of
from sygra_eval.validators.tools import MOST_FINDINGS, Finding
from sygra_eval.validators.verdicts import in_one_line
from sygra_eval.values import (
    PROGRAMS,
    Evidence,
    Execution,
    ExecutionResult,
    ExecutionStatus,
    FailingCase,
    Limits,
    Sandbox,
)

ENTRY, SCRIPT = "run_shellcheck.py", "answer.sh"
DIRECTIVE = re.compile(r"#(\s*)shellcheck(?=\s)")  # an answer cannot silence it
FOUND_NOTHING, FOUND_SOMETHING = 0, 1
NOT_INSTALLED = "shellcheck is not installed and was not run"
RUN = "import os\nos.execv({path!r}, {arguments!r})\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What ShellCheck said, or that it was not asked."""

    reason: str
    findings: tuple[Finding, ...] = ()
    evidence: Evidence | None = None

    @property
    def output(self) -> str:
        """What the evidence says of it."""
        return self.evidence.output if self.evidence is not None else self.reason


async def checked(
    code: str, dialect: str, severity: str, limits: Limits, sandbox: Sandbox
) -> Checked:
    """Have the script read.

    :raises IsHostFault: When ShellCheck did not do its work.
    """
    if severity == "off":
        return Checked(reason="shellcheck is off")
    path = program_at("shellcheck")
    if path is None:
        return Checked(reason=NOT_INSTALLED)
    arguments = ["shellcheck", "--norc", "--format=json1", f"--shell={dialect}"]
    arguments += [f"--severity={severity}", SCRIPT]
    execution = Execution(
        files={
            ENTRY: RUN.format(path=path, arguments=arguments),
            SCRIPT: DIRECTIVE.sub(r"#\1shell-check", code),
        },
        entry=ENTRY,
        limits=limits,
        allow=frozenset({PROGRAMS}),
    )
    ran = await run_judged(sandbox, execution)
    findings = tuple(findings_in(ran))
    count = "1 finding" if len(findings) == 1 else f"{len(findings)} findings, the first"
    told = f"shellcheck: {count}: {findings[0]}" if findings else "shellcheck: no finding"
    return Checked(
        reason=told,
        findings=findings,
        evidence=evidence_of(tuple(arguments), ran, limits, findings, code),
    )


def findings_in(ran: ExecutionResult) -> Iterator[Finding]:
    """Read the JSON.

    :raises IsHostFault: When there is none to read, as the tool did not end as it should.
    """
    if ran.status is ExecutionStatus.TIMEOUT or ran.exit_code not in {
        FOUND_NOTHING,
        FOUND_SOMETHING,
    }:
        raise IsHostFault(f"shellcheck: {told_of(ran)}")
    try:
        for one in json.loads(ran.stdout)["comments"]:
            yield Finding(
                rule=f"SC{one['code']}",
                message=one["message"],
                line=one["line"],
                column=one["column"],
            )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise IsHostFault(f"shellcheck said what cannot be read: {type(error).__name__}") from error


def evidence_of(
    command: tuple[str, ...],
    ran: ExecutionResult,
    limits: Limits,
    findings: tuple[Finding, ...],
    code: str,
) -> Evidence:
    """Give the first findings, and the line that the first is about."""
    told = [str(finding) for finding in findings[:MOST_FINDINGS]]
    if len(findings) > MOST_FINDINGS:
        told.append(f"and {len(findings) - MOST_FINDINGS} more")
    failing = None
    if findings:
        lines, first = code.split("\n"), findings[0]
        is_known = first.line is not None and 0 < first.line <= len(lines)
        line = lines[first.line - 1].strip() if is_known and first.line is not None else ""
        failing = FailingCase(
            test=f"shellcheck {first.rule}", input=in_one_line(line), traceback=str(first)
        )
    return Evidence(
        command=command,
        exit_code=ran.exit_code,
        output="\n".join(told) or "shellcheck: no finding",
        isolation=ran.isolation,
        limit_s=limits.wall_s,
        failing=failing,
    )
