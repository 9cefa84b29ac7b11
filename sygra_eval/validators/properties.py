"""Validator `properties`: what is said of a function holds for inputs that nobody wrote down.

Inputs are drawn outside; the answer runs in the sandbox on all of them in one execution, each
twice, and what it gave is judged out here. An input for which a property fails is made smaller
before it is told.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sygra_eval.sandbox import machine_factor
from sygra_eval.validators.differential import Known, NotApplicable
from sygra_eval.validators.differential_runs import asking
from sygra_eval.validators.driver import COMMAND
from sygra_eval.validators.generated_inputs import Args
from sygra_eval.validators.mutated_inputs import Input
from sygra_eval.validators.plain_data import weight_of
from sygra_eval.validators.properties_config import (
    EQUIVALENT,
    PREVIOUS,
    PropertiesConfig,
    Property,
    properties_of,
)
from sygra_eval.validators.properties_inputs import Inputs, inputs_of, known_by
from sygra_eval.validators.properties_rules import Rule
from sygra_eval.validators.properties_trial import Finding, Tried, tried
from sygra_eval.validators.properties_values import BadProperty, Broken
from sygra_eval.validators.row_tests import BadTests
from sygra_eval.validators.running import IsHostFault
from sygra_eval.validators.shrinking import shrunk
from sygra_eval.validators.typed_values import encoded
from sygra_eval.validators.verdicts import in_one_line, says
from sygra_eval.validators.words import LONGEST, no_code, shortened
from sygra_eval.values import (
    PREVIOUS_DRAFT,
    Candidate,
    Evidence,
    ExecutionStatus,
    FailingCase,
    Limits,
    Stage,
    Status,
    TestCount,
    ValidatorContext,
    Verdict,
)

GROUP = "properties"
MOST_TIMEOUTS = 2  # while a failing input is made smaller
LATER = "it runs on the kept candidate, after the loop"


async def properties(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when every property holds for every input that it speaks of."""
    config = ctx.validator.config
    assert isinstance(config, PropertiesConfig)  # noqa: S101 - registered with this model
    try:
        wanted = wanted_properties(config, ctx)
        name = entry_point_of(candidate, config, ctx)
        inputs = await inputs_of(config, ctx, name)
        trial = await trial_of(wanted, inputs, name, config, ctx)
        if candidate.code is None:
            evidence = Evidence(tests={GROUP: TestCount(passed=0, total=len(trial.inputs))})
            return says(ctx, Status.FAIL, no_code(candidate), evidence=evidence)
        return await trial.verdict(candidate.code)
    except NotApplicable as error:
        return says(ctx, Status.SKIP, str(error))
    except (BadTests, BadProperty, IsHostFault) as error:
        return says(ctx, Status.ERROR, str(error))


def wanted_properties(config: PropertiesConfig, ctx: ValidatorContext) -> tuple[Property, ...]:
    """Give the properties that can be tried at this stage.

    :raises NotApplicable: When there is none.
    """
    said: object = config.properties
    if isinstance(said, str):
        column, said = said, ctx.columns.get(said)
        if said in (None, "", []):
            raise NotApplicable(f"the row has no properties in `{column}`")
        try:
            said = properties_of(said)
        except ValueError as error:
            raise BadTests(f"column `{column}`: {error}") from error
    assert isinstance(said, tuple)  # noqa: S101 - read with the suite or just now
    is_loop = ctx.stage is Stage.LOOP
    why = {
        EQUIVALENT: why_no_reference(config, ctx),
        PREVIOUS: "" if ctx.columns.get(PREVIOUS_DRAFT) else "there is no earlier draft",
    }
    if is_loop and not config.visible:
        why[EQUIVALENT] = LATER
    wanted = tuple(one for one in said if not why.get(one.name))
    if not wanted:
        raise NotApplicable(next(why[one.name] for one in said if why.get(one.name)))
    return wanted


def why_no_reference(config: PropertiesConfig, ctx: ValidatorContext) -> str:
    """Say why nothing can be compared with a reference; nothing when it can."""
    if config.reference is None:
        return "the suite names no reference"
    held = ctx.columns.get(config.reference)
    is_there = isinstance(held, str) and held.strip()
    return "" if is_there else f"the row has no reference in `{config.reference}`"


def entry_point_of(candidate: Candidate, config: PropertiesConfig, ctx: ValidatorContext) -> str:
    """Give the function asked for."""
    named = candidate.entry_point or ctx.columns.get(config.entry_point)
    if not isinstance(named, str) or not named.isidentifier():
        raise NotApplicable("the row names no entry point")
    return named


async def trial_of(
    wanted: Sequence[Property],
    inputs: Inputs,
    name: str,
    config: PropertiesConfig,
    ctx: ValidatorContext,
) -> "Trial":
    """Run the reference, if there is one, and keep the inputs that it takes.

    :raises BadTests: When most inputs are none that the question is about.
    """
    limits = limits_for(config, ctx)
    trial = Trial(wanted, name, inputs, inputs.given, config, ctx, limits)
    if trial.has_reference:
        known = await trial.reference(inputs.given)
        taken = [one for one in inputs.given if one.key() in known]
        trial = replace(trial, inputs=tuple(taken), known=known)
    total = len(inputs.given)
    discarded = total - len(trial.inputs)
    if 2 * discarded > total:
        raise BadTests(
            f"{discarded} of {total} inputs were discarded: the reference does not return on them; "
            "write strategies that give only inputs which the question allows"
        )
    if inputs.undrawn > total:
        raise BadTests(
            f"{inputs.undrawn} of {total + inputs.undrawn} draws came to nothing; "
            "write strategies of which less is thrown away"
        )
    return trial


def limits_for(config: PropertiesConfig, ctx: ValidatorContext) -> Limits:
    """Give the run's limits, or the suite's own time limit on this machine."""
    if config.timeout is None:
        return ctx.limits
    time_s = config.timeout * machine_factor()
    return replace(ctx.limits, wall_s=time_s, cpu_s=time_s)


@dataclass(frozen=True, slots=True)
class Trial:
    """What an answer is put through.

    :ivar inputs: Those that count, of those that were `made`.
    :ivar known: What the reference does on them.
    """

    wanted: Sequence[Property]
    name: str
    made: Inputs
    inputs: tuple[Input, ...]
    config: PropertiesConfig
    ctx: ValidatorContext
    limits: Limits
    known: Mapping[str, Known] = field(default_factory=dict)

    @property
    def has_reference(self) -> bool:
        """Whether there is a program that is right."""
        return not why_no_reference(self.config, self.ctx)

    async def verdict(self, code: str) -> Verdict:
        """Try all, and tell the first property that does not hold, by a small input."""
        rules = await self.rules(self.wanted, self.inputs, self.known)
        came = await tried(rules, self.inputs, asking(code, self.ctx), self.limits)
        evidence = self.evidence(came)
        if came.load_failure:
            told = f"did not return: {came.load_failure}"
            case = FailingCase(test=GROUP, traceback=told)
            return self.says(Status.FAIL, told, replace(evidence, failing=case), came)
        for number, rule in enumerate(rules):
            if not came.failures(number):
                self.refuse_unasked(rule, came.of(number))
                continue
            words, broken = await self.smallest(rule, number, came, code)
            case = FailingCase(
                test=rule.prop.title,
                input=in_one_line(words),
                expected=in_one_line(broken.expected),
                got=in_one_line(broken.got),
            )
            reason = f"{rule.prop.title}: `{case.input}` {in_one_line(broken.told, 2 * LONGEST)}"
            return self.says(Status.FAIL, reason, replace(evidence, failing=case), came)
        if came.is_forged or any(one.is_unanswered for one in came.findings):
            told = "answers are missing, or came that were not asked for"
            return self.says(Status.FAIL, told, evidence, came)
        for number, rule in enumerate(rules):
            refused = sum(one.is_discarded and not one.unasked for one in came.of(number))
            if 2 * refused > len(self.inputs):
                told = f"{refused} of {len(self.inputs)} inputs are refused"
                return self.says(Status.FAIL, f"{rule.prop.title}: {told}", evidence, came)
        titles = ", ".join(rule.prop.title for rule in rules)
        reason = f"{titles}: no counterexample in {len(self.inputs)} inputs ({self.discarded()})"
        return self.says(Status.PASS, reason, evidence, came)

    def refuse_unasked(self, rule: Rule, findings: Sequence[Finding]) -> None:
        """Refuse a property that most inputs say nothing of, through no fault of the answer.

        :raises BadProperty: With what stands in the way.
        """
        unasked = [one.unasked for one in findings if one.unasked]
        if 2 * len(unasked) > len(findings):
            raise BadProperty(
                f"{rule.prop.title}: {len(unasked)} of {len(findings)} inputs were discarded: "
                f"{shortened(unasked[0])}; change the property or the strategies"
            )

    def discarded(self) -> str:
        """Say how many inputs were discarded."""
        total = len(self.made.given)
        return f"{total - len(self.inputs)} of {total} discarded"

    def evidence(self, came: Tried) -> Evidence:
        """Say what was tried, and how it ended."""
        bad = {one.given for one in came.findings if one.broken or one.is_unanswered}
        passed = 0 if came.load_failure else len(self.inputs) - len(bad)
        if came.is_forged and passed == len(self.inputs):
            passed -= 1
        output = "" if came.ran is None else shortened(came.ran.stdout + came.ran.stderr, 2000)
        told = f"{len(self.inputs)} inputs tried, seed {self.ctx.seed}, {self.discarded()}"
        return Evidence(
            command=COMMAND,
            exit_code=came.ran.exit_code if came.ran is not None else None,
            output=f"{told}\n{output}".rstrip(),
            isolation=came.ran.isolation if came.ran is not None else "",
            limit_s=self.limits.wall_s,
            tests={GROUP: TestCount(passed=passed, total=len(self.inputs))},
        )

    def says(self, status: Status, reason: str, evidence: Evidence, came: Tried) -> Verdict:
        """Give the verdict; its score is the share of the inputs for which all holds."""
        count = evidence.tests[GROUP]
        score = count.passed / count.total if count.total else 0.0
        verdict = says(self.ctx, status, reason, evidence=evidence)
        return replace(verdict, score=score) if status is Status.FAIL else verdict

    # Other programs

    async def rules(
        self, wanted: Sequence[Property], inputs: Sequence[Input], reference: Mapping[str, Known]
    ) -> list[Rule]:
        """Make the rules, with what the other programs do on these inputs."""
        names = {one.name for one in wanted}
        allowed = frozenset[str]().union(*(one.allowed for one in self.wanted)) | self.asked_for()
        known = {EQUIVALENT: reference}
        if PREVIOUS in names:
            known[PREVIOUS] = await self.draft_before(inputs)
            if 2 * len(known[PREVIOUS]) < len(inputs):  # nothing that one could agree with
                wanted = [one for one in wanted if one.name != PREVIOUS]
        if not wanted:
            raise NotApplicable("the draft before does not return on most inputs")
        config = self.config.for_reference()
        return [Rule(one, self.name, allowed, config, known.get(one.name, {})) for one in wanted]

    def asked_for(self) -> frozenset[str]:
        """Give the exceptions that a row's question asks for."""
        said = self.ctx.columns.get(self.config.raises) if self.config.raises else None
        return frozenset(map(str, said)) if isinstance(said, list) else frozenset()

    async def reference(self, inputs: Sequence[Input]) -> Mapping[str, Known]:
        """Run the reference."""
        program = str(self.ctx.columns[self.config.reference or ""])
        return await self.other(program, inputs)

    async def draft_before(self, inputs: Sequence[Input]) -> Mapping[str, Known]:
        """Run the draft before, which may well be broken."""
        try:
            return await self.other(str(self.ctx.columns[PREVIOUS_DRAFT]), inputs)
        except BadTests:
            return {}

    async def other(self, program: str, inputs: Sequence[Input]) -> Mapping[str, Known]:
        """Run another program."""
        config = self.config.for_reference()
        return await known_by(program, config, self.ctx, self.name, inputs, self.limits)

    # A smaller input

    async def smallest(self, rule: Rule, number: int, came: Tried, code: str) -> tuple[str, Broken]:
        """Give the failing input in words, after it was made as small as the search can."""
        failures = came.failures(number)
        first = min(failures, key=lambda one: size_of(self.inputs[one.given]))
        assert first.broken is not None  # noqa: S101 - it is a failure
        has_hung = came.ran is not None and came.ran.status is ExecutionStatus.TIMEOUT
        if (
            self.made.strategy is None
            or self.made.examples is None
            or (first.broken.ended and has_hung)
        ):
            return first.words, first.broken
        search = Search(self, rule, code, first.broken.ended, {one.given for one in failures})
        args = await shrunk(
            self.made.strategy,
            self.made.examples.wanted,
            self.ctx.seed,
            search.known(),
            search.fails,
        )
        if args is None or weight_of(args) > weight_of(self.inputs[first.given].args):
            return first.words, first.broken
        found = await search.finding(Input(args))
        if found is None or found.broken is None:
            return first.words, first.broken
        return found.words, found.broken


def size_of(given: Input) -> tuple[int, str]:
    """Order inputs: the shorter first."""
    key = given.key()
    return len(key), key


@dataclass(slots=True)
class Search:
    """Answers whether an input still fails."""

    trial: Trial
    rule: Rule
    code: str
    ended: bool
    failing: set[int]
    timeouts: int = 0

    def known(self) -> dict[str, bool]:
        """Say what is known of the inputs that were tried; those that nobody takes do not fail."""
        failing = {form_of(self.trial.inputs[number]) for number in self.failing}
        return {form: form in failing for form in map(form_of, self.trial.made.given)}

    async def fails(self, args: Args) -> bool | None:
        """Run one input; None when too many of them take for ever."""
        found = await self.finding(Input(args))
        if self.timeouts > MOST_TIMEOUTS:
            return None
        return found is not None and found.broken is not None and found.broken.ended == self.ended

    async def finding(self, given: Input) -> Finding | None:
        """Run one input, in the reference and in the answer; None when it does not count."""
        trial = self.trial
        try:
            known = await trial.reference([given]) if trial.has_reference else {}
            if trial.has_reference and not known:
                return None
            rules = await trial.rules([self.rule.prop], [given], known)
            came = await tried(rules, [given], asking(self.code, trial.ctx), trial.limits)
        except (BadTests, BadProperty, NotApplicable):
            return None
        self.timeouts += came.ran is not None and came.ran.status is ExecutionStatus.TIMEOUT
        return came.findings[0] if came.findings else None


def form_of(given: Input) -> str:
    """Write an input as the child does."""
    return json.dumps(encoded(given.args))
