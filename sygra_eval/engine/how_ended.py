"""How a run ended: the exit code, and the sentence that says why (design.md 6)."""

from dataclasses import dataclass

from sygra_eval.engine.counting import Count
from sygra_eval.engine.gate_exit import how_gates_ended
from sygra_eval.engine.life import Life
from sygra_eval.engine.summary import ExitCode
from sygra_eval.engine.target import Cut
from sygra_eval.engine.target import how_it_ended as target_ended
from sygra_eval.values import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a run was asked that decides how it ends."""

    limit: int | None
    most_failed: float
    is_strict: bool


def how_it_ended(
    life: Life, count: Count, cut: Cut, rows: int, bounds: Bounds
) -> tuple[ExitCode, str]:
    """Return the exit code, and the sentence that says why (design.md 6)."""
    counts = count.outcomes
    verified, failed = counts[Outcome.VERIFIED], counts[Outcome.FAILED]
    ended = sum(counts.values()) + cut.surplus
    if life.state == "running":
        return ExitCode.INTERRUPTED, f"not finished: {ended} rows have ended so far"
    if life.state == "interrupted":
        return ExitCode.INTERRUPTED, f"interrupted: {rows - ended} of {rows} rows not reached"
    if life.state == "incomplete":
        left = f"{rows - ended} of {rows} rows not reached"
        return ExitCode.INCOMPLETE, f"incomplete: {left}: {life.cause}"
    gates = how_gates_ended(life.gates, is_strict=bounds.is_strict)
    if gates.code is ExitCode.INCOMPLETE:
        return ExitCode.INCOMPLETE, f"incomplete: {gates.reason}"
    is_bounded = gates.bound_errors or cut.last is not None
    if (
        failed > bounds.most_failed * rows and not is_bounded
    ):  # with its target met it lacks nothing
        return (
            ExitCode.INCOMPLETE,
            f"incomplete: {failed} of {rows} rows failed, more than {100 * bounds.most_failed:g}%",
        )
    if count.alarms:
        of = count.canaries.total()
        return ExitCode.GATE_FAILED, f"alarm: {count.alarms} of {of} canaries passed their tests"
    if life.failures and rows > ended and cut.last is None:
        stopped = f"{counted(life.failures, 'row')} rejected or failed (--maxfail)"
        left = f"{rows - ended} of {rows} rows not reached"
        return ExitCode.GATE_FAILED, f"stopped after {stopped}: {left}"
    if cut.target is not None:
        code, why = target_ended(cut.target, cut, rows=rows, limit=bounds.limit)
        if code is not ExitCode.PASSED or gates.code is None:
            return code, f"{why}{gates.beside}"
        return gates.code, f"{gates.reason}; {why}"
    if gates.code is not None:
        return gates.code, f"{gates.reason}; {verified} of {rows} rows verified"
    code, why = _by_rows(count, rows, ended)
    return code, f"{why}{gates.beside}"


def _by_rows(count: Count, rows: int, ended: int) -> tuple[ExitCode, str]:
    """Return how a run ended that no gate was judged of."""
    counts = count.outcomes
    verified = counts[Outcome.VERIFIED]
    rejected = counts[Outcome.REJECTED] - count.canaries[Outcome.REJECTED]
    if rejected and not count.has_graph:
        return ExitCode.GATE_FAILED, f"{rejected} of {rows} rows rejected"
    if verified:
        return ExitCode.PASSED, f"{verified} of {rows} rows verified"
    if counts[Outcome.UNJUDGED] == ended:
        return ExitCode.PASSED, "no row was judged: the suite has no validators"
    return ExitCode.GATE_FAILED, f"none of {rows} rows was verified"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
