"""Validator `time_growth`: the time that a function takes grows no faster than it is said to.

Measured is CPU time, by the sandbox and not by the program; the time that the inputs take to get in
is measured with a program that does nothing, and taken off. A verdict holds no figure of it.
"""

import ast
import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sygra_eval.sandbox import machine_factor
from sygra_eval.validators.boxes import Asked, Cell, Place, Raised
from sygra_eval.validators.calls import Calls
from sygra_eval.validators.child import ChildFailed
from sygra_eval.validators.driver import COMMAND, Answered, Drive, answered, execution_of
from sygra_eval.validators.generated_inputs import examples_of
from sygra_eval.validators.plain_data import FUNCTIONS, NotPlain
from sygra_eval.validators.row_tests import BadTests
from sygra_eval.validators.running import IsHostFault, run_judged, told_of
from sygra_eval.validators.split import Unit
from sygra_eval.validators.strategies import BadStrategy, parsed_strategy
from sygra_eval.validators.strategy_names import STRATEGIES
from sygra_eval.validators.syntax import parsed_afresh
from sygra_eval.validators.time_growth_config import CLAIMS, LESS_THAN_N, TimeGrowthConfig, claimed
from sygra_eval.validators.typed_values import Opaque, TooLarge, encoded
from sygra_eval.validators.verdicts import says
from sygra_eval.validators.words import no_code, shortened
from sygra_eval.values import (
    Candidate,
    Evidence,
    ExecutionResult,
    ExecutionStatus,
    FailingCase,
    Limits,
    Stage,
    Status,
    ValidatorContext,
    Verdict,
)

NOTHING = "def {name}(*args, **named):\n    return None\n"
WANTED_MS = 20.0  # of CPU for the calls of one execution: less is lost in the noise
MOST_CALLS = 100
SHARED = 32  # calls on the same input where the claim is less than `n`
TIMES = 3  # the least of so many executions counts
LEAST_SHARE = 0.25  # of the time that the inputs take: what is less is not told from noise
LEAST_MS = 0.5
LATER = "it runs on the kept candidate, after the loop"


Json = list[object]


class Ended(Exception):
    """The answer did not return for a size; the message says how."""

    def __init__(self, size: int, told: str, ran: ExecutionResult) -> None:
        super().__init__(told)
        self.size, self.told, self.ran = size, told, ran


async def time_growth(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when the time grows no faster than claimed, as far as that can be told."""
    config = ctx.validator.config
    assert isinstance(config, TimeGrowthConfig)  # noqa: S101 - registered with this model
    if ctx.stage is Stage.LOOP:
        return says(ctx, Status.SKIP, LATER)
    said = claim_of(config, ctx)
    name = candidate.entry_point or ctx.columns.get(config.entry_point)
    if not isinstance(name, str) or not name.isidentifier():
        return says(ctx, Status.SKIP, "the row names no entry point")
    if said is None:
        return says(ctx, Status.SKIP, f"the row has no claim in `{config.claim}`")
    claim = claimed(said)
    if claim is None:
        known = ", ".join(f"`{one}`" for one in CLAIMS)
        told = f"column `{config.claim}` holds `{shortened(said, 40)}`; known claims are {known}"
        return says(ctx, Status.ERROR, told)
    if candidate.code is None:
        return says(ctx, Status.FAIL, no_code(candidate))
    try:
        times = SHARED if claim in LESS_THAN_N else 1
        units = [await unit_for(config, ctx, name, size, times) for size in config.sizes]
        clock = Clock(candidate.code, name, claim, config, ctx, limits_for(config, ctx))
        return await clock.verdict(units)
    except (BadTests, IsHostFault) as error:
        return says(ctx, Status.ERROR, str(error))


def claim_of(config: TimeGrowthConfig, ctx: ValidatorContext) -> str | None:
    """Give the claim of the suite, or of the row."""
    if claimed(config.claim) is not None:
        return config.claim
    held = ctx.columns.get(config.claim)
    return str(held) if held is not None and str(held).strip() else None


def limits_for(config: TimeGrowthConfig, ctx: ValidatorContext) -> Limits:
    """Give the run's limits, or the suite's own time limit on this machine."""
    if config.timeout is None:
        return ctx.limits
    time_s = config.timeout * machine_factor()
    return replace(ctx.limits, wall_s=2 * time_s, cpu_s=time_s)


# Inputs


class NoAnswer:
    """A box in which nothing can be called: an input is made of Python's own functions."""

    is_planning = False

    def let(self, slot: int, value: object) -> None:
        """Refuse."""
        raise NotPlain("a call of the answer")

    def call(self, place: Place, slot: int, asked: Asked) -> object:
        """Refuse."""
        raise NotPlain(f"the name `{asked.name}`")

    def show(self, place: Place, slot: int) -> object:
        """Refuse."""
        raise NotPlain("a call of the answer")


async def unit_for(
    config: TimeGrowthConfig, ctx: ValidatorContext, name: str, size: int, times: int
) -> Unit:
    """Make the call for one size.

    Several on the same input, where a function that does as is claimed takes much less time than
    its input; it cannot have read all of it, so there is enough left for the next call.

    :raises BadTests: When the input cannot be made.
    """
    texts = (config.input,) if isinstance(config.input, str) else config.input
    try:
        args = tuple([await argument(text, size, ctx.seed) for text in texts])
        forms = [encoded(arg) for arg in args]
    except (NotPlain, Raised, BadStrategy, Opaque, TooLarge, RecursionError) as error:
        raise BadTests(f"`input` makes nothing of n = {size}: {error}") from error
    except ChildFailed as error:
        raise IsHostFault(f"no input was drawn: {error}") from error
    slots = range(1, len(forms) + 1)
    held = [["slot", slot] for slot in slots]
    lets: list[Json] = [["let", slot, form] for slot, form in zip(slots, forms, strict=True)]
    calls: list[Json] = [["call", 0, name, held, {}, "keep"]] * times
    places = tuple((number, ()) for number in range(times))
    return Unit(steps=(*lets, *calls), places=places, text=f"{name}(…) with n = {size}")


async def argument(text: str, size: int, seed: int) -> object:
    """Make one argument: drawn, or computed by the bounded interpreter of tests."""
    match parsed_afresh(text.strip()):
        case ast.Module(body=[ast.Expr(value=ast.Call(func=ast.Name(id=called)))]) if (
            called in STRATEGIES and called not in FUNCTIONS
        ):
            strategy = parsed_strategy([text], "", {"n": size})
            drawn = (await examples_of(strategy, 4, seed)).args()
            return drawn[-1][0]
        case ast.Module(body=[ast.Expr(value=expression)]):
            interpreter = Calls(NoAnswer(), None, frozenset())
            interpreter.variables["n"] = Cell(size)
            return interpreter.value(expression)
    raise NotPlain(f"`{shortened(text, 80)}` is no Python expression")


# Measuring


@dataclass(frozen=True, slots=True)
class Clock:
    """Measures one answer."""

    code: str
    name: str
    claim: str
    config: TimeGrowthConfig
    ctx: ValidatorContext
    limits: Limits

    async def verdict(self, units: Sequence[Unit]) -> Verdict:
        """Measure, and once more before it is said that the time grows too fast."""
        sizes = self.config.sizes
        for is_last in (False, True):
            try:
                times = await self.times(units)
            except Ended as ended:
                is_slow = ended.ran.status is ExecutionStatus.TIMEOUT
                if is_slow and not is_last:
                    continue
                return self.ended(ended)
            slope = slope_of(sizes, times) if times else 0.0
            if slope <= slope_of(sizes, self.growth(self.claim)) + self.config.margin:
                reason = f"grows no faster than `{self.claim}` from n = {sizes[0]} to {sizes[-1]}"
                return says(self.ctx, Status.PASS, reason, evidence=self.evidence(None))
        nearest = min(CLAIMS, key=lambda one: abs(slope_of(sizes, self.growth(one)) - slope))
        reason = (
            f"grows about as `{nearest}` from n = {sizes[0]} to {sizes[-1]}, "
            f"`{self.claim}` is claimed"
        )
        case = FailingCase(
            test="time_growth", input=self.input_for(sizes[-1]), expected=self.claim, got=nearest
        )
        return says(self.ctx, Status.FAIL, reason, evidence=self.evidence(case))

    def growth(self, claim: str) -> list[float]:
        """Give what a claim allows at each size."""
        return [CLAIMS[claim](size) for size in self.config.sizes]

    def input_for(self, size: int) -> str:
        """Say what the function was called with."""
        texts = self.config.input
        shown = texts if isinstance(texts, str) else ", ".join(texts)
        return shortened(f"{self.name}({shown}) with n = {size}")

    def evidence(self, case: FailingCase | None) -> Evidence:
        """Say how it was measured."""
        return Evidence(
            command=COMMAND,
            isolation=self.ctx.sandbox.describe(),
            limit_s=self.limits.cpu_s,
            failing=case,
        )

    def ended(self, ended: Ended) -> Verdict:
        """Tell of an answer that does not return."""
        case = FailingCase(test="time_growth", input=self.input_for(ended.size), got=ended.told)
        reason = f"`{case.input}`: {ended.told}"
        return says(self.ctx, Status.FAIL, reason, evidence=self.evidence(case))

    async def times(self, units: Sequence[Unit]) -> list[float]:
        """Give the CPU time of one call for each size, in milliseconds.

        None at all where the greatest takes too little to be told from what its input takes.

        :raises Ended: When the answer does not return for one.
        """
        nothing = NOTHING.format(name=self.name)
        started = [await self.least(program, units[0], 0, 0) for program in (self.code, nothing)]
        found: list[float] = []
        calls, is_told = MOST_CALLS, False
        for unit, size in zip(units, self.config.sizes, strict=True):
            if not found:
                calls = await self.calls_for(unit, size, started[0])
            else:
                calls = max(1, min(MOST_CALLS, math.ceil(WANTED_MS / max(found[-1], 1e-3))))
            taken = await self.least(self.code, unit, calls, size) - started[0]
            inputs = max(await self.least(nothing, unit, calls, size) - started[1], 0.0)
            is_told = taken - inputs > max(LEAST_SHARE * inputs, LEAST_MS)
            found.append(max(taken - inputs, LEAST_MS) / calls)
        return found if is_told else []

    async def calls_for(self, unit: Unit, size: int, started: float) -> int:
        """Choose how often the smallest size is called, so that it takes a time to be measured."""
        first = await self.least(self.code, unit, 4, size) - started
        return max(1, min(MOST_CALLS, math.ceil(WANTED_MS / max(first / 4, 1e-3))))

    async def least(self, program: str, unit: Unit, calls: int, size: int) -> float:
        """Give the least CPU time of a few executions."""
        return min([await self.taken(program, unit, calls, size) for _ in range(TIMES)])

    async def taken(self, program: str, unit: Unit, calls: int, size: int) -> float:
        """Run a program, with so many calls in it, and give its CPU time."""
        drive = Drive(
            tests=(),
            units=(unit,),
            order=(0,) * calls,
            nonce=secrets.token_hex(16),
            seed=self.ctx.seed,
        )
        ran = await run_judged(self.ctx.sandbox, execution_of(program, drive, self.limits))
        came = answered(drive, ran)
        told = why_not(came, ran)
        if told:
            raise Ended(size, told, ran)
        return ran.cpu_ms


def why_not(came: Answered, ran: ExecutionResult) -> str:
    """Say why a call did not return; nothing when all did."""
    if came.load_failure is not None or came.stopped_at is not None or not came.is_whole:
        failure = (came.load_failure or {}).get("error") or told_of(ran)
        return f"did not return: {failure}"
    for times in came.answers.values():
        for told in times:
            match told:
                case [*_, ["raise", _, _, str(text), *_]]:
                    return f"raised {shortened(text)}"
    return ""


def slope_of(sizes: Sequence[int], values: Sequence[float]) -> float:
    """Fit the exponent: the slope of the least squares through the logarithms."""
    xs, ys = [math.log(size) for size in sizes], [math.log(max(one, 1e-9)) for one in values]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    above = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return above / sum((x - mean_x) ** 2 for x in xs)
