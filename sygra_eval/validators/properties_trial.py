"""Puts all inputs of all properties to the answer, in as few executions as it allows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from sygra_eval.validators.differential_runs import Ask, answer_parts
from sygra_eval.validators.driver import Answered
from sygra_eval.validators.mutated_inputs import Input
from sygra_eval.validators.properties_rules import Broken, DoesNotApply, Question, Rule, Told
from sygra_eval.validators.running import told_of
from sygra_eval.validators.split import Unit
from sygra_eval.values import ExecutionResult, Limits


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
    came, ran = await answer_parts(plan.units, [range(len(plan.units))], ask, limits)
    if came.load_failure is not None or came.stopped_at == -1:
        told = (came.load_failure or {}).get("error") or told_of(ran)
        return Tried(tuple(findings), ran, load_failure=told)
    for finding, question, numbers in asked:
        rule, given = rules[finding.rule], inputs[finding.given]
        findings.append(judged(finding, rule, given, question, numbers, came, ran))
    is_forged = not came.is_whole and came.stopped_at is None
    findings.sort(key=lambda one: (one.rule, one.given))
    return Tried(tuple(findings), ran, is_forged=is_forged)


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
) -> Finding:
    """Judge one question by its answers."""
    told: Told = [came.answers.get(number, ()) for number in numbers]
    if any(len(times) < 2 for times in told):
        if came.stopped_at in numbers:
            text = f"did not return: {told_of(ran)}"
            return replace(finding, broken=Broken(text, got=text, ended=True))
        return replace(finding, is_unanswered=True)
    try:
        return replace(finding, broken=rule.broken(given, question, told))
    except DoesNotApply:
        return replace(finding, is_discarded=True)
