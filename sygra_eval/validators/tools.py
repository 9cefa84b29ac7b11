"""Code as other tools see it: a tool reads the answer in a child process, its findings decide.

The tools parse and never execute. One process per candidate: for `types` its start is most of the
time.
"""

import importlib.metadata
import importlib.util
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from sygra_eval.sandbox import machine_factor
from sygra_eval.validators.child import ChildEnded, ChildFailed, last_line, run_child
from sygra_eval.validators.verdicts import in_one_line, says
from sygra_eval.validators.words import no_code
from sygra_eval.values import (
    Candidate,
    Evidence,
    FailingCase,
    Problem,
    Status,
    ValidatorContext,
    Verdict,
)

ANSWER = "answer.py"
MOST_FINDINGS = 20
LIMIT_S = 30.0


class ToolFailed(Exception):
    """What a tool said cannot be read as findings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a tool found, where it begins."""

    rule: str
    message: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        where = "" if self.line is None else f"line {self.line}, column {self.column}: "
        return in_one_line(f"{where}{self.rule} {self.message}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A package that is run as `python -m name`.

    :ivar read: Makes findings of what the tool wrote; raises `ToolFailed`.
    """

    name: str
    arguments: tuple[str, ...]
    read: Callable[[ChildEnded], Iterable[Finding]]


class ToolConfig(BaseModel):
    """The key that all tools have.

    :ivar timeout: Seconds for one answer, scaled to the machine.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout: float = Field(default=LIMIT_S, gt=0)


def missing(name: str) -> Iterable[Problem]:
    """Report a tool that is not installed, before anything is spent."""
    if not is_installed(name):
        yield Problem(
            code="missing-package", message=f"{name} is not installed", fix=f"pip install {name}"
        )


def is_installed(name: str) -> bool:
    """Whether this environment has the tool; it is not imported."""
    return importlib.util.find_spec(name) is not None


async def judge_with(
    tool: Tool, candidate: Candidate, ctx: ValidatorContext, timeout_s: float
) -> Verdict:
    """Pass when the tool finds nothing in the candidate's code."""
    if not is_installed(tool.name):
        reason = f"{tool.name} is not installed: pip install {tool.name}"
        return says(ctx, Status.ERROR, reason)
    if candidate.code is None:
        return says(ctx, Status.FAIL, no_code(candidate))
    problem = unreadable(candidate.code)
    if problem:
        return says(ctx, Status.FAIL, problem)
    limit_s = timeout_s * machine_factor()
    try:
        ended = await run_child(
            (tool.name, *tool.arguments, ANSWER), files={ANSWER: candidate.code}, limit_s=limit_s
        )
    except ChildFailed as failure:
        return says(ctx, Status.ERROR, f"{tool.name}: {failure}")
    try:
        found = [] if ended.crashed_by else list(tool.read(ended))
    except (ToolFailed, ValueError, KeyError, TypeError, RecursionError) as failure:
        told = last_line(ended.errors) or last_line(ended.output) or str(failure)
        reason = f"{tool.name} said what cannot be read: {in_one_line(told)}"
        return says(ctx, Status.ERROR, reason)
    if ended.crashed_by:
        reason = f"{tool.name} did not survive the code: crashed with {ended.crashed_by}"
        return says(ctx, Status.FAIL, reason, evidence=evidence_of(tool, ended, limit_s, []))
    evidence = evidence_of(tool, ended, limit_s, found, candidate.code)
    if found:
        count = "1 finding" if len(found) == 1 else f"{len(found)} findings, the first"
        reason = f"{tool.name}: {count}: {found[0]}"
        return says(ctx, Status.FAIL, reason, evidence=evidence)
    return says(ctx, Status.PASS, f"{tool.name}: no finding", evidence=evidence)


def unreadable(code: str) -> str:
    """Say why no tool can be asked, or nothing."""
    try:
        code.encode()
    except UnicodeEncodeError as error:
        return f"the code holds a lone surrogate at character {error.start + 1}"
    if "\0" in code:  # which Python before 3.11.4 calls no syntax error, so that bandit breaks
        return f"the code holds a NUL at character {code.index(chr(0)) + 1}: no Python file may"
    return ""


def evidence_of(
    tool: Tool, ended: ChildEnded, limit_s: float, found: list[Finding], code: str = ""
) -> Evidence:
    """Name tool and version, the first findings, and the line that the first is about."""
    told = [f"{tool.name} {importlib.metadata.version(tool.name)}"]
    told += [str(finding) for finding in found[:MOST_FINDINGS]]
    if len(found) > MOST_FINDINGS:
        told.append(f"and {len(found) - MOST_FINDINGS} more")
    failing = None
    if found:
        lines, first = code.split("\n"), found[0]
        is_known = first.line is not None and 0 < first.line <= len(lines)
        line = lines[first.line - 1].strip() if is_known and first.line is not None else ""
        failing = FailingCase(
            test=f"{tool.name} {first.rule}", input=in_one_line(line), traceback=str(first)
        )
    return Evidence(
        command=(tool.name, *tool.arguments, ANSWER),
        exit_code=ended.exit_code,
        output="\n".join(told),
        limit_s=limit_s,
        failing=failing,
    )
