"""Validator `differential`: the answer gives what a reference gives, on many inputs.

Both run in the sandbox, one after the other and each by itself; what they gave is compared out
here. An input on which the reference raises, wavers or does not end says nothing and is discarded.
"""

import ast
import secrets
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from sygra_eval.sandbox import machine_factor
from sygra_eval.validators.comparing import are_equal
from sygra_eval.validators.differential_config import DifferentialConfig
from sygra_eval.validators.driver import (
    ASKED_AGAIN,
    COMMAND,
    Answered,
    answered,
    differs,
    drive_of_units,
    execution_of,
)
from sygra_eval.validators.mutated_inputs import Input, more_inputs
from sygra_eval.validators.plain_data import written
from sygra_eval.validators.row_tests import BadTests, statements_of
from sygra_eval.validators.running import IsHostFault, run_judged, told_of
from sygra_eval.validators.split import SplitTest, Unit, splits_of
from sygra_eval.validators.syntax import tree_of
from sygra_eval.validators.typed_values import BadForm, Opaque, TooLarge, decoded, encoded
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
    TestCount,
    ValidatorContext,
    Verdict,
)

CONTRACT = "sygra_eval_contract"
PARTS = 4  # in how many executions a slow answer gets the inputs that were too many for one
MOST_RUNS = 4  # of the reference: an input on which it hangs is left out of the next

Json = list[object]


class NotApplicable(Exception):
    """There is nothing to compare with, or on."""


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
        inputs = inputs_for(config, ctx, name)
        known = await reference_values(config, ctx, name, inputs, limits)
        if candidate.code is None:
            evidence = Evidence(tests={"differential": TestCount(passed=0, total=len(known))})
            reason = no_code(candidate)
            return verdict(status=Status.FAIL, score=0.0, reason=reason, evidence=evidence)
        units = [unit_of(name, given) for given, _ in known]
        came, ran = await answers_to(units, candidate.code, ctx, limits)
    except NotApplicable as error:
        return verdict(status=Status.SKIP, reason=str(error))
    except (BadTests, IsHostFault) as error:
        return verdict(status=Status.ERROR, reason=str(error))
    compared = [compare(came, number, known[number][1], config) for number in range(len(known))]
    passed = sum(difference is None for difference in compared)
    if not came.is_whole and passed == len(known):
        compared[0], passed = "answers came that were not asked for", passed - 1
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
    case = failing_case(name, known, compared, came, ran)
    evidence = replace(evidence, failing=case, output=shortened(ran.stdout + ran.stderr, 2000))
    reason = f"`{case.input}` {case.got or case.traceback}, the reference gives {case.expected}"
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


# Inputs


def inputs_for(config: DifferentialConfig, ctx: ValidatorContext, name: str) -> tuple[Input, ...]:
    """Read the inputs of a row, or make them from the calls in its tests."""
    if config.inputs is not None:
        listed = ctx.columns.get(config.inputs)
        is_fit = isinstance(listed, list) and all(isinstance(args, list) for args in listed)
        if not is_fit:
            raise BadTests(f"column `{config.inputs}` is no list of argument lists")
        assert isinstance(listed, list)  # noqa: S101 - for the type checker
        given = [Input(tuple(args)) for args in listed]
        most = config.most_inputs if config.mutate else min(len(given), config.most_inputs)
        return tuple(more_inputs(given, most, ctx.seed))
    statements = [
        statement
        for column in config.test_columns()
        for statement in statements_of(column, ctx.columns.get(column))
    ]
    splits = splits_of(statements, name, "")
    examples = [found for split in splits if split for found in calls_in(split, name)]
    return tuple(more_inputs(examples, config.most_inputs, ctx.seed))


def calls_in(split: SplitTest, name: str) -> list[Input]:
    """Find the arguments of the entry point in a test."""
    found = []
    for unit in split.units:
        objects = {step[1]: step[2] for step in unit.steps if step[0] == "let"}
        for step in unit.steps:
            match step:
                case ["call", _, called, [*args], {**named}, _] if called == name:
                    forms = [held_in(form, objects) for form in (*args, *named.values())]
                    if all(form is not None for form in forms):
                        values = [decoded(form[0]) for form in forms if form is not None]
                        given = tuple(zip(map(str, named), values[len(args) :], strict=True))
                        found.append(Input(tuple(values[: len(args)]), given))
    return found


def held_in(form: object, objects: dict[object, object]) -> tuple[object] | None:
    """Give the value of an argument, where it is known before the call."""
    match form:
        case ["value", held]:
            return (held,)
        case ["slot", slot] if slot in objects:
            return (objects[slot],)
    return None


# The answer


async def answers_to(
    units: Sequence[Unit], code: str, ctx: ValidatorContext, limits: Limits
) -> tuple[Answered, ExecutionResult]:
    """Run the answer on all inputs; one that is slow, and not without end, gets them in parts."""
    came, ran = await asked(units, code, ctx, limits)
    stopped_at = came.stopped_at
    if ran.status is not ExecutionStatus.TIMEOUT or stopped_at is None or stopped_at < 0:
        return came, ran
    alone, _ = await asked([units[stopped_at]], code, ctx, limits)
    if not alone.is_whole:
        return came, ran  # it is this input that takes the time
    answers: dict[int, tuple[Json, ...]] = {}
    size = -(-len(units) // PARTS)
    for first in range(0, len(units), size):
        part, ran = await asked(units[first : first + size], code, ctx, limits)
        answers |= {first + number: times for number, times in part.answers.items()}
        if not part.is_whole:
            stopped_at = None if part.stopped_at is None else first + part.stopped_at
            return Answered(answers=answers, stopped_at=stopped_at), ran
    return Answered(answers=answers, is_whole=True), ran


async def asked(
    units: Sequence[Unit], code: str, ctx: ValidatorContext, limits: Limits
) -> tuple[Answered, ExecutionResult]:
    """Run a program once on some inputs."""
    drive = drive_of_units(units, secrets.token_hex(16), ctx.seed)
    ran = await run_judged(ctx.sandbox, execution_of(code, drive, limits))
    return answered(drive, ran), ran


# The reference


async def reference_values(
    config: DifferentialConfig,
    ctx: ValidatorContext,
    name: str,
    inputs: Sequence[Input],
    limits: Limits,
) -> list[tuple[Input, object]]:
    """Run the reference and keep the inputs on which it returns a value, the same one twice."""
    reference = ctx.columns.get(config.reference)
    if not isinstance(reference, str) or not reference.strip():
        raise NotApplicable(f"the row has no reference in `{config.reference}`")
    contract = contract_of(config, ctx, reference, name)
    left = list(inputs)
    known: list[tuple[Input, object]] = []
    for _ in range(MOST_RUNS):
        units = [unit_of(name, given, has_contract=bool(contract)) for given in left]
        came, ran = await asked(units, reference + contract, ctx, limits)
        if came.load_failure is not None or came.stopped_at == -1:
            told = (came.load_failure or {}).get("error") or told_of(ran)
            raise BadTests(f"the reference fails when it is loaded: {told}")
        known = [
            (given, value)
            for number, given in enumerate(left)
            for value in returned(came.answers.get(number, ()))
        ]
        if came.stopped_at is None or len(left) == 1:
            break
        del left[came.stopped_at]
    if len(known) < config.min_inputs:
        raise NotApplicable(
            f"the reference returns on {len(known)} of {len(inputs)} inputs, "
            f"fewer than {config.min_inputs}"
        )
    return known


def contract_of(
    config: DifferentialConfig, ctx: ValidatorContext, reference: str, name: str
) -> str:
    """Make a function of the contract, to be called before the reference; it runs in the box."""
    text = ctx.columns.get(config.contract) if config.contract is not None else None
    if not isinstance(text, str) or not text.strip():
        return ""
    tree, program = tree_of(text_dedented(text)), tree_of(reference)
    found = [n for n in (program.body if program else []) if is_function(n, name)]
    if tree is None or not found or not isinstance(found[-1], ast.FunctionDef):
        raise BadTests(f"column `{config.contract}` holds no assertions on the parameters")
    arguments = ast.unparse(found[-1].args)
    body = "\n".join("    " + line for line in ast.unparse(tree).splitlines())
    return f"\n\nfrom typing import *\ndef {CONTRACT}({arguments}):\n{body}\n"


def text_dedented(text: str) -> str:
    """Take the common indentation away."""
    lines = [line for line in text.splitlines() if line.strip()]
    margin = min((len(line) - len(line.lstrip()) for line in lines), default=0)
    return "\n".join(line[margin:] for line in lines)


def is_function(node: ast.stmt, name: str) -> bool:
    """Whether a statement defines the function."""
    return isinstance(node, ast.FunctionDef) and node.name == name


def unit_of(name: str, given: Input, *, has_contract: bool = False) -> Unit:
    """Make the steps for one input."""
    try:
        args: Json = [["value", encoded(value)] for value in given.args]
        named = {key: ["value", encoded(value)] for key, value in given.named}
    except (Opaque, TooLarge) as error:
        raise BadTests(f"an input cannot go into the box: {error}") from error
    steps: list[Json] = [["call", 2, name, args, named, "value"]]
    if has_contract:
        steps.insert(0, ["call", 1, CONTRACT, args, named, "keep"])
    return Unit(
        steps=tuple(steps),
        places=tuple((number, ()) for number in range(len(steps))),
        text=shortened(given.in_words(name)),
    )


# Comparison


def returned(times: Sequence[Json]) -> list[object]:
    """Give the value that was returned both times; nothing when it was not."""
    if len(times) != 2 or differs(tuple(times)):
        return []
    *before, last = times[0]
    match last:
        case ["value", form] if all(shown == ["done"] for shown in before):
            try:
                return [decoded(form)]
            except BadForm:
                return []
    return []


def compare(
    came: Answered, number: int, expected: object, config: DifferentialConfig
) -> str | None:
    """Say how an answer differs from what the reference gave; None when it does not."""
    times = came.answers.get(number, ())
    if not times:
        failure = (came.load_failure or {}).get("error", "")
        return f"did not return: {failure}" if failure else ""
    match times[0]:
        case [["value", form]]:
            try:
                got = decoded(form)
            except BadForm as error:
                return f"gave {error}"
            if not are_equal(got, expected, tolerance=config.tolerance, types=config.types):
                return f"gave {shortened(written(got))}"
        case [["raise", _, _, str(told), *_]]:
            return f"raised {shortened(told)}"
        case [["opaque", str(kind)]]:
            return f"gave an object of the class `{kind[:80]}`, which is no plain data"
        case _:
            return "gave a value that cannot be compared"
    if len(times) < 2:
        return ""
    return ASKED_AGAIN if differs(times) else None


def failing_case(
    name: str,
    known: Sequence[tuple[Input, object]],
    compared: Sequence[str | None],
    came: Answered,
    ran: ExecutionResult,
) -> FailingCase:
    """Make a case of the first input with another answer, else of the one that has none."""
    numbers = [number for number, difference in enumerate(compared) if difference is not None]
    told = [number for number in numbers if compared[number]]
    number = told[0] if told else numbers[0]
    if not told and came.stopped_at is not None and came.stopped_at >= 0:
        number = came.stopped_at
    given, expected = known[number]
    return FailingCase(
        test="differential",
        input=shortened(given.in_words(name)),
        expected=shortened(written(expected)),
        got=compared[number] or "",
        traceback="" if compared[number] else f"did not return: {told_of(ran)}",
    )
