"""Puts all inputs of all properties to the answer, in as few executions as it allows."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from sygra_eval.validators.differential_runs import Ask, Asked, slow_or_not
from sygra_eval.validators.driver import Answered
from sygra_eval.validators.mutated_inputs import Input
from sygra_eval.validators.properties_rules import Rule, Told
from sygra_eval.validators.properties_values import (
    Broken,
    DoesNotApply,
    IsBroken,
    Json,
    Question,
)
from sygra_eval.validators.running import told_of
from sygra_eval.validators.split import Unit
from sygra_eval.validators.verdicts import in_one_line
from sygra_eval.values import ExecutionResult, ExecutionStatus, Limits

MOST_RUNS = 40


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one property and one input.

    :ivar unasked: Why the input could not be asked about, where that is not the answer's doing.
    """

    rule: int
    given: int
    words: str = ""
    broken: Broken | None = None
    is_discarded: bool = False
    is_unanswered: bool = False
    unasked: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of all.

    :ivar load_failure: Why the answer could not be loaded.
    """

    findings: tuple[Finding, ...]
    ran: ExecutionResult | None = None
    load_failure: str = ""
    is_forged: bool = False

    def of(self, rule: int) -> list[Finding]:
        """Give the findings of one property."""
        return [one for one in self.findings if one.rule == rule]

    def failures(self, rule: int) -> list[Finding]:
        """Give the inputs for which a property does not hold."""
        return [one for one in self.of(rule) if one.broken is not None]


@dataclass(slots=True)
class Plan:
    """The units of all questions, each once where properties ask for the same call."""

    units: list[Unit] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def add(self, unit: Unit, *, is_shared: bool) -> int:
        """Give the number of a unit."""
        key = repr(unit.steps)
        if is_shared and key in self.numbers:
            return self.numbers[key]
        self.units.append(unit)
        if is_shared:
            self.numbers[key] = len(self.units) - 1
        return len(self.units) - 1


async def tried(rules: Sequence[Rule], inputs: Sequence[Input], ask: Ask, limits: Limits) -> Tried:
    """Ask about every input by every property, and judge."""
    plan = Plan()
    asked: list[tuple[Finding, Question, list[int]]] = []
    findings: list[Finding] = []
    for finding, question in questions(rules, inputs):
        if question is None:
            findings.append(finding)
            continue
        is_shared = question.split is None
        numbers = [plan.add(unit, is_shared=is_shared) for unit in question.units]
        asked.append((finding, question, numbers))
    if not asked:
        return Tried(tuple(findings))
    came, ran = await answers_to(plan.units, ask, limits)
    if came.load_failure is not None or came.stopped_at == -1:
        told = (came.load_failure or {}).get("error") or told_of(ran)
        return Tried(tuple(findings), ran, load_failure=in_one_line(told))
    is_forged = is_more(came)
    later: list[Followed] = []
    for finding, question, numbers in asked:
        rule, given = rules[finding.rule], inputs[finding.given]
        one = judged(finding, rule, given, question, numbers, came, ran)
        (later if isinstance(one, Followed) else findings).append(one)  # type: ignore[arg-type]
    if later:
        units = [one.question.units[0] for one in later]
        came, ran = await answers_to(units, ask, limits)
        is_forged = is_forged or is_more(came)
        findings += [one.judged(number, came, ran) for number, one in enumerate(later)]
    findings.sort(key=lambda one: (one.rule, one.given))
    return Tried(tuple(findings), ran, is_forged=is_forged)


def is_more(came: Answered) -> bool:
    """Whether something came that was not asked for."""
    return not came.is_whole and came.stopped_at is None


async def answers_to(units: Sequence[Unit], ask: Ask, limits: Limits) -> Asked:
    """Ask all; where results are too many for one execution, in parts."""
    answers: dict[int, tuple[Json, ...]] = {}
    waiting = deque([list(range(len(units)))])
    runs = 0
    while True:
        part = waiting.popleft()
        came, ran = await slow_or_not([units[number] for number in part], ask, limits)
        runs += 1
        if ran.status is ExecutionStatus.OUTPUT_LIMIT and len(part) > 1 and runs < MOST_RUNS:
            middle = len(part) // 2
            waiting.extendleft([part[middle:], part[:middle]])
            continue
        answers |= {part[number]: times for number, times in came.answers.items()}
        if not came.is_whole:
            at = came.stopped_at
            if at is not None and (at >= 0 or runs > 1) and came.load_failure is None:
                at = part[max(at, 0)]  # that it loads is known by then
            return replace(came, answers=answers, stopped_at=at), ran
        if not waiting:
            return Answered(answers=answers, is_whole=True), ran


def questions(
    rules: Sequence[Rule], inputs: Sequence[Input]
) -> Iterator[tuple[Finding, Question | None]]:
    """Yield every question; None where an input says nothing of a property."""
    for number, rule in enumerate(rules):
        for at, given in enumerate(inputs):
            finding = Finding(number, at)
            try:
                question = rule.question(given)
            except DoesNotApply as error:
                yield replace(finding, is_discarded=True, unasked=str(error) or "not known"), None
            else:
                yield replace(finding, words=question.words), question


def judged(
    finding: Finding,
    rule: Rule,
    given: Input,
    question: Question,
    numbers: Sequence[int],
    came: Answered,
    ran: ExecutionResult,
) -> "Finding | Followed":
    """Judge one question by its answers, or ask on."""
    told: Told = [came.answers.get(number, ()) for number in numbers]
    if any(len(times) < 2 for times in told):
        return unanswered(finding, is_here=came.stopped_at in numbers, ran=ran)
    try:
        if question.follow:
            value, then = rule.follow_up(given, question, told)
            return Followed(finding, rule, given, then, value)
        return replace(finding, broken=rule.broken(given, question, told))
    except IsBroken as error:
        return replace(finding, broken=error.broken)
    except DoesNotApply:
        return replace(finding, is_discarded=True)


def unanswered(finding: Finding, *, is_here: bool, ran: ExecutionResult) -> Finding:
    """Say that no answer came, and whether this is where the process ended."""
    if not is_here:
        return replace(finding, is_unanswered=True)
    text = f"did not return: {told_of(ran)}"
    return replace(finding, broken=Broken(text, got=text, ended=True))


@dataclass(frozen=True, slots=True)
class Followed:
    """A question that goes on with the value that came out, in another process."""

    finding: Finding
    rule: Rule
    given: Input
    question: Question
    value: object

    def judged(self, number: int, came: Answered, ran: ExecutionResult) -> Finding:
        """Judge what came of it."""
        times = came.answers.get(number, ())
        if len(times) < 2:
            is_here = came.stopped_at in (number, -1) or came.load_failure is not None
            return unanswered(self.finding, is_here=is_here, ran=ran)
        try:
            broken = self.rule.broken(self.given, self.question, [times], [self.value])
        except DoesNotApply:
            return replace(self.finding, is_discarded=True)
        return replace(self.finding, broken=broken)
