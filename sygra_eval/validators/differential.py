"""Validator `differential`: the answer gives what a reference gives, on many inputs.

Both run in the sandbox, one after the other and each by itself; what they gave is compared out
here. An input on which the reference raises what the question does not ask for, wavers, writes too
much or does not end says nothing and is discarded.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from sygra_eval.sandbox import machine_factor
from sygra_eval.validators.comparing import are_equal
from sygra_eval.validators.differential_config import DifferentialConfig
from sygra_eval.validators.differential_inputs import contract_of, inputs_for, unit_of
from sygra_eval.validators.differential_runs import answer_parts, asking, reference_parts
from sygra_eval.validators.driver import ASKED_AGAIN, COMMAND, Answered, differs
from sygra_eval.validators.mutated_inputs import Input
from sygra_eval.validators.plain_data import written
from sygra_eval.validators.row_tests import BadTests
from sygra_eval.validators.running import IsHostFault, told_of
from sygra_eval.validators.typed_values import BadForm, decoded
from sygra_eval.validators.words import no_code, shortened
from sygra_eval.values import (
    Candidate,
    Evidence,
    FailingCase,
    Limits,
    Stage,
    Status,
    TestCount,
    ValidatorContext,
    Verdict,
)

Json = list[object]
UNKNOWN = object()


class NotApplicable(Exception):
    """There is nothing to compare with, or on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the reference did with one input.

    :ivar value: What it returned, where it raised nothing.
    :ivar raised: The exceptions, of those the question asks for, that what it raised is one of.
    :ivar after: Its arguments as they were after the call, where they count.
    """

    given: Input
    value: object = None
    raised: frozenset[str] = frozenset()
    after: tuple[object, ...] = ()

    def expectation(self) -> str:
        """Say what the reference does."""
        if self.raised:
            return f"raises {' and '.join(sorted(self.raised))}"
        return f"gives {shortened(written(self.value))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The reference's part: the inputs that count, and in which executions they went well."""

    known: tuple[Known, ...]
    parts: tuple[tuple[int, ...], ...]
    shows_arguments: bool


async def differential(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when the answer equals the reference on all inputs on which that returns."""
    config = ctx.validator.config
    assert isinstance(config, DifferentialConfig)  # noqa: S101 - registered with this model
    verdict = partial(Verdict, validator=ctx.validator.name, is_required=ctx.validator.is_required)
    if ctx.stage is Stage.LOOP:
        return verdict(status=Status.SKIP, reason="it runs on the kept candidate, after the loop")
    limits = limits_for(config, ctx)
    try:
        name = entry_point_of(candidate, config, ctx)
        inputs = await inputs_for(config, ctx, name)
        compared = await reference_values(config, ctx, name, inputs, limits)
        known = compared.known
        if candidate.code is None:
            evidence = Evidence(tests={"differential": TestCount(passed=0, total=len(known))})
            reason = no_code(candidate)
            return verdict(status=Status.FAIL, score=0.0, reason=reason, evidence=evidence)
        shows = compared.shows_arguments
        units = [unit_of(name, one.given, shows_arguments=shows) for one in known]
        ask = asking(candidate.code, ctx)
        came, ran = await answer_parts(units, compared.parts, ask, limits)
    except NotApplicable as error:
        return verdict(status=Status.SKIP, reason=str(error))
    except (BadTests, IsHostFault) as error:
        return verdict(status=Status.ERROR, reason=str(error))
    differences = [difference(came, number, one, config) for number, one in enumerate(known)]
    passed = sum(found is None for found in differences)
    if not came.is_whole and passed == len(known):
        differences[0], passed = "answers came that were not asked for", passed - 1
    evidence = Evidence(
        command=COMMAND,
        exit_code=ran.exit_code,
        isolation=ran.isolation,
        limit_s=limits.wall_s,
        tests={"differential": TestCount(passed=passed, total=len(known))},
    )
    discarded = f"{len(inputs) - len(known)} of {len(inputs)} inputs discarded"
    if passed == len(known):
        reason = f"equal to the reference on {passed} inputs ({discarded})"
        return verdict(status=Status.PASS, score=1.0, reason=reason, evidence=evidence)
    number = failing_number(differences, came)
    told = differences[number] or f"did not return: {told_of(ran)}"
    case = FailingCase(
        test="differential",
        input=shortened(known[number].given.in_words(name)),
        expected=known[number].expectation().removeprefix("gives "),
        got=differences[number] or "",
        traceback="" if differences[number] else told,
    )
    evidence = replace(evidence, failing=case, output=shortened(ran.stdout + ran.stderr, 2000))
    reason = f"`{case.input}` {told}, the reference {known[number].expectation()}"
    return verdict(status=Status.FAIL, score=passed / len(known), reason=reason, evidence=evidence)


def limits_for(config: DifferentialConfig, ctx: ValidatorContext) -> Limits:
    """Give the run's limits, or the suite's own time limit on this machine."""
    if config.timeout is None:
        return ctx.limits
    time_s = config.timeout * machine_factor()
    return replace(ctx.limits, wall_s=time_s, cpu_s=time_s)


def entry_point_of(candidate: Candidate, config: DifferentialConfig, ctx: ValidatorContext) -> str:
    """Give the function asked for."""
    named = candidate.entry_point or ctx.columns.get(config.entry_point)
    if not isinstance(named, str) or not named.isidentifier():
        raise NotApplicable("the row names no entry point")
    return named


# The reference


async def reference_values(
    config: DifferentialConfig,
    ctx: ValidatorContext,
    name: str,
    inputs: Sequence[Input],
    limits: Limits,
) -> Compared:
    """Run the reference and keep the inputs on which it does the same thing twice."""
    reference = ctx.columns.get(config.reference)
    if not isinstance(reference, str) or not reference.strip():
        raise NotApplicable(f"the row has no reference in `{config.reference}`")
    contract = contract_of(config, ctx, reference, name)
    asked_for, shows = promised(config, ctx), are_arguments_shown(config, ctx)
    units = [
        unit_of(name, given, has_contract=bool(contract), shows_arguments=shows) for given in inputs
    ]
    found = await reference_parts(units, asking(reference + contract, ctx), limits)
    known, numbers = list[Known](), dict[int, int]()
    for number, given in enumerate(inputs):
        times = found.answers.get(number, ())
        one = known_of(given, times, asked_for, has_contract=bool(contract))
        if one is not None:
            numbers[number] = len(known)
            known.append(one)
    if len(known) < config.min_inputs:
        raise NotApplicable(
            f"the reference returns on {len(known)} of {len(inputs)} inputs, "
            f"fewer than {config.min_inputs}"
        )
    parts = (tuple(numbers[n] for n in part if n in numbers) for part in found.whole)
    return Compared(
        known=tuple(known), parts=tuple(part for part in parts if part), shows_arguments=shows
    )


def promised(config: DifferentialConfig, ctx: ValidatorContext) -> frozenset[str]:
    """Give the exceptions that the question asks for."""
    said = ctx.columns.get(config.raises) if config.raises is not None else None
    if said is None:
        return frozenset()
    if not isinstance(said, list) or not all(isinstance(name, str) for name in said):
        raise BadTests(f"column `{config.raises}` is no list of names of exceptions")
    return frozenset(said)


def are_arguments_shown(config: DifferentialConfig, ctx: ValidatorContext) -> bool:
    """Whether a row counts what becomes of the arguments."""
    return config.arguments is not None and ctx.columns.get(config.arguments) is True


def known_of(
    given: Input, times: Sequence[Json], asked_for: frozenset[str], *, has_contract: bool
) -> Known | None:
    """Read what the reference did; None where that says nothing."""
    if len(times) != 2 or differs(tuple(times)):
        return None
    told = times[0]
    if has_contract:
        if told[0] != ["done"]:
            return None
        told = told[1:]
    try:
        after = tuple(decoded(shown[1]) for shown in told[1:])  # type: ignore[index]
        match told[0]:
            case ["value", form]:
                return Known(given=given, value=decoded(form), after=after)
            case ["raise", [*names], *_] if raised := asked_for & set(map(str, names)):
                return Known(given=given, raised=raised, after=after)
    except (BadForm, IndexError):
        return None  # it gave something that is no plain data
    return None


# Comparison


def difference(came: Answered, number: int, known: Known, config: DifferentialConfig) -> str | None:
    """Say how an answer differs from what the reference did; None when it does not."""
    times = came.answers.get(number, ())
    if not times:
        failure = (came.load_failure or {}).get("error", "")
        return f"did not return: {failure}" if failure else ""
    told, *shown = times[0]
    found = result_difference(told, known, config) or arguments_difference(shown, known, config)
    if found is not None:
        return found
    if len(times) < 2:
        return ""
    return ASKED_AGAIN if differs(times) else None


def result_difference(told: object, known: Known, config: DifferentialConfig) -> str | None:
    """Compare what was returned or raised."""
    match told:
        case ["value", form]:
            try:
                got = decoded(form)
            except BadForm as error:
                return f"gave {error}"
            is_same = are_equal(got, known.value, tolerance=config.tolerance, types=config.types)
            return None if is_same and not known.raised else f"gave {shortened(written(got))}"
        case ["raise", [*names], _, str(text), *_]:
            is_same = bool(known.raised) and known.raised <= set(map(str, names))
            return None if is_same else f"raised {shortened(text)}"
        case ["opaque", str(kind)]:
            return f"gave an object of the class `{kind[:80]}`, which is no plain data"
    return "gave a value that cannot be compared"


def arguments_difference(
    shown: Sequence[object], known: Known, config: DifferentialConfig
) -> str | None:
    """Compare the arguments after the call."""
    for number, (told, expected) in enumerate(zip(shown, known.after, strict=False), start=1):
        try:
            got = decoded(told[1]) if isinstance(told, list) and told[0] == "value" else UNKNOWN
        except BadForm:
            got = UNKNOWN
        if got is UNKNOWN:
            shown_as = "an object that is no plain data"
        elif are_equal(got, expected, tolerance=config.tolerance, types=config.types):
            continue
        else:
            shown_as = shortened(written(got))
        return f"left its argument {number} as {shown_as} and not as {shortened(written(expected))}"
    return None


def failing_number(differences: Sequence[str | None], came: Answered) -> int:
    """Choose the first input with another answer, else the one that was running, or has none."""
    told = [number for number, found in enumerate(differences) if found]
    if told:
        return told[0]
    if came.stopped_at is not None and came.stopped_at >= 0:
        return came.stopped_at
    return next(number for number, found in enumerate(differences) if found is not None)
