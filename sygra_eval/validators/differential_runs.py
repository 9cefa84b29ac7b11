"""Runs reference and answer on many inputs, in as few executions as they allow.

One execution takes all inputs where that goes well. A reference that dies on some of them is asked
in smaller parts until those are found; an answer gets its inputs in the parts that went well for
the reference, so that nothing is asked of it in one go that the reference could not do.
"""

import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from sygra_eval.validators.driver import Answered, answered, drive_of_units, execution_of
from sygra_eval.validators.row_tests import BadTests
from sygra_eval.validators.running import run_judged, told_of
from sygra_eval.validators.split import Unit
from sygra_eval.values import ExecutionResult, ExecutionStatus, Limits, ValidatorContext

PARTS = 4  # in how many executions a slow answer gets the inputs that were too many for one
MOST_RUNS = 100  # of the reference: some seven find one bad input among a hundred
MOST_TIMEOUTS = 8  # of them
TOO_SLOW = 4  # a reference may take one input so many times faster than the time limit, alone

Json = list[object]
Asked = tuple[Answered, ExecutionResult]
Ask = Callable[[Sequence[Unit], Limits], Awaitable[Asked]]


@dataclass(slots=True)
class Parts:
    """What the reference answered.

    :ivar answers: By input, as in `Answered`; inputs on which it died have none.
    :ivar whole: The inputs of each execution that went well.
    """

    answers: dict[int, tuple[Json, ...]] = field(default_factory=dict)
    whole: list[tuple[int, ...]] = field(default_factory=list)


def asking(code: str, ctx: ValidatorContext) -> Ask:
    """Make a function that runs a program once on some inputs."""

    async def ask(units: Sequence[Unit], limits: Limits) -> Asked:
        drive = drive_of_units(units, secrets.token_hex(16), ctx.seed)
        ran = await run_judged(ctx.sandbox, execution_of(code, drive, limits))
        return answered(drive, ran), ran

    return ask


async def reference_parts(units: Sequence[Unit], ask: Ask, limits: Limits) -> Parts:
    """Run the reference; where it dies, find the inputs that do it and go on without them.

    :raises BadTests: When it fails before any input.
    """
    found, timeouts = Parts(), 0
    waiting = deque([tuple(range(len(units)))])
    for _ in range(MOST_RUNS):
        if not waiting or timeouts >= MOST_TIMEOUTS:
            break
        part = waiting.popleft()
        is_alone = len(part) == 1 and len(units) > 1
        came, ran = await ask([units[n] for n in part], shorter(limits) if is_alone else limits)
        is_flood = ran.status is ExecutionStatus.OUTPUT_LIMIT
        if came.load_failure is not None or (came.stopped_at == -1 and not is_flood):
            told = (came.load_failure or {}).get("error") or told_of(ran)
            raise BadTests(f"the reference fails when it is loaded: {told}")
        timeouts += ran.status is ExecutionStatus.TIMEOUT
        if came.stopped_at is None:
            found.answers |= {part[number]: times for number, times in came.answers.items()}
            found.whole.append(part)
        else:
            waiting.extendleft(reversed(smaller(part, came.stopped_at)))
    return found


def shorter(limits: Limits) -> Limits:
    """Give the limits for one input: an answer has to do a hundred in the whole time."""
    return replace(limits, wall_s=limits.wall_s / TOO_SLOW, cpu_s=max(1, limits.cpu_s / TOO_SLOW))


def smaller(part: Sequence[int], stopped_at: int) -> list[tuple[int, ...]]:
    """Divide inputs in two, and take out the one that was running; one alone has no parts."""
    if len(part) == 1:
        return []
    alone = [(part[stopped_at],)] if stopped_at >= 0 else []
    rest = [number for number in part if (number,) not in alone]
    middle = len(rest) // 2
    return [half for half in (*alone, tuple(rest[:middle]), tuple(rest[middle:])) if half]


async def answer_parts(
    units: Sequence[Unit], parts: Sequence[Sequence[int]], ask: Ask, limits: Limits
) -> Asked:
    """Run the answer on the same parts; the first that does not go well ends it."""
    answers: dict[int, tuple[Json, ...]] = {}
    ran: ExecutionResult | None = None
    for part in parts:
        came, ran = await slow_or_not([units[number] for number in part], ask, limits)
        answers |= {part[number]: times for number, times in came.answers.items()}
        if not came.is_whole:
            at = came.stopped_at
            stopped_at = part[at] if at is not None and at >= 0 else at
            return replace(came, answers=answers, stopped_at=stopped_at), ran
    assert ran is not None  # noqa: S101 - there is an input, so there is a part
    return Answered(answers=answers, is_whole=True), ran


async def slow_or_not(units: Sequence[Unit], ask: Ask, limits: Limits) -> Asked:
    """Run the answer; one that is slow, and not without end, gets its inputs in parts."""
    came, ran = await ask(units, limits)
    stopped_at = came.stopped_at
    if ran.status is not ExecutionStatus.TIMEOUT or stopped_at is None or stopped_at < 0:
        return came, ran
    alone, _ = await ask([units[stopped_at]], limits)
    if not alone.is_whole:
        return came, ran  # it is this input that takes the time
    answers: dict[int, tuple[Json, ...]] = {}
    size = -(-len(units) // PARTS)
    for first in range(0, len(units), size):
        part, ran = await ask(units[first : first + size], limits)
        answers |= {first + number: times for number, times in part.answers.items()}
        if not part.is_whole:
            stopped_at = None if part.stopped_at is None else first + part.stopped_at
            return Answered(answers=answers, stopped_at=stopped_at), ran
    return Answered(answers=answers, is_whole=True), ran
