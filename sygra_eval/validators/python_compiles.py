"""Validator `python_compiles`: the answer's code is Python and defines what was asked for.

The compiler runs in the sandbox, as a hostile source can crash it; the code itself never runs.
"""

import json
from functools import partial
from pathlib import Path

from sygra_eval.validators.running import IsHostFault, run_judged, told_of
from sygra_eval.validators.syntax import defined_names
from sygra_eval.validators.words import no_code, shortened
from sygra_eval.values import (
    Candidate,
    Evidence,
    Execution,
    ExecutionResult,
    ExecutionStatus,
    Status,
    ValidatorContext,
    Verdict,
)

CHECK = Path(__file__).with_name("inside_compile.py").read_text("utf-8")
COMMAND = ("python", "inside_compile.py", "answer.py")


async def python_compiles(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when the suite's Python compiles the code. None of the answer's code is run."""
    verdict = partial(Verdict, validator=ctx.validator.name, is_required=ctx.validator.is_required)
    if candidate.code is None:
        return verdict(status=Status.FAIL, score=0.0, reason=no_code(candidate))
    execution = Execution(
        files={"answer.py": candidate.code, "inside_compile.py": CHECK},
        entry="inside_compile.py",
        limits=ctx.limits,
        wants_result=True,
    )
    try:
        ran = await run_judged(ctx.sandbox, execution)
    except IsHostFault as fault:
        return verdict(status=Status.ERROR, reason=str(fault))
    evidence = Evidence(
        command=COMMAND,
        exit_code=ran.exit_code,
        isolation=ran.isolation,
        limit_s=ctx.limits.wall_s,
    )
    if ran.status is ExecutionStatus.TIMEOUT:  # nothing of the answer ran: the machine is slow
        return verdict(
            status=Status.ERROR, reason="the compiler gave no result in time", evidence=evidence
        )
    problem = problem_with(candidate, candidate.code, ran)
    if problem:
        return verdict(status=Status.FAIL, score=0.0, reason=problem, evidence=evidence)
    return verdict(status=Status.PASS, score=1.0, reason="compiles", evidence=evidence)


def problem_with(candidate: Candidate, code: str, ran: ExecutionResult) -> str:
    """Say what keeps the code from being used, or nothing."""
    if ran.result is None:
        return f"the compiler did not survive the code: {told_of(ran)}"
    told = json.loads(ran.result)
    if told["error"]:
        return syntax_problem(told)
    names = defined_names(code)
    wanted = candidate.entry_point
    if wanted and wanted not in names:
        known = ", ".join(f"`{name}`" for name in sorted(names)) or "nothing"
        return f"wrong_name: `{wanted}` is not defined at the top level; defined there: {known}"
    return ""


def syntax_problem(told: dict[str, object]) -> str:
    """Put a compiler's complaint in one line: where, what, and the line itself."""
    error = shortened(str(told["error"]))
    if told.get("line") is None:
        return error
    where = f"line {told['line']}, column {told['column']}"
    text = shortened(str(told["text"]).strip())
    return f"{where}: {error}" + (f": `{text}`" if text else "")
