"""Driver mode: inputs go into the box, typed answers come out, and are judged out here.

Every unit goes in twice, in an order drawn from the seed, and both answers must agree. Only the
whole sequence of answers can make a test pass; a part of it is evidence of what went wrong.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from sygra_eval.validators.answered import decide
from sygra_eval.validators.boxes import Place
from sygra_eval.validators.outcomes import NOTHING, TestOutcomes
from sygra_eval.validators.ready_made import ready_made
from sygra_eval.validators.split import SplitTest, Unit
from sygra_eval.values import Execution, ExecutionResult, Limits

COMMAND = ("python", "inside_driver.py", "answer.py")
ASKED_AGAIN = "gives another answer when asked again"

Json = list[object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """One execution in driver mode: the tests, and the order in which their units go in."""

    tests: tuple[SplitTest, ...]
    units: tuple[Unit, ...]
    order: tuple[int, ...]
    nonce: str
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came out: for every unit its answers, of which there should be two.

    :ivar stopped_at: The unit that was running when the process ended; -1 while loading.
    """

    answers: Mapping[int, tuple[Json, ...]]
    load_failure: Mapping[str, str] | None = None
    stopped_at: int | None = None
    is_whole: bool = False


def drive_of(tests: Sequence[SplitTest], nonce: str, seed: int) -> Drive:
    """Lay down the order: each unit twice, all of them once before any goes in again."""
    units = tuple(unit for test in tests for unit in test.units)
    return replace(drive_of_units(units, nonce, seed), tests=tuple(tests))


def drive_of_units(units: Sequence[Unit], nonce: str, seed: int) -> Drive:
    """Lay down the order for units that belong to no test."""
    chance = Random(f"{seed}:{len(units)}")  # noqa: S311 - an order, no secret
    numbers = range(len(units))
    order = (*chance.sample(numbers, len(units)), *chance.sample(numbers, len(units)))
    return Drive(tests=(), units=tuple(units), order=order, nonce=nonce, seed=seed)


def execution_of(code: str, drive: Drive, limits: Limits) -> Execution:
    """One process for the candidate and all its inputs."""
    order = {
        "nonce": drive.nonce,
        "seed": drive.seed,
        "units": [unit.steps for unit in drive.units],
        "order": drive.order,
    }
    return Execution(
        files={"answer.py": code},
        support=ready_made("typed_values", "inside_driver"),
        entry="inside_driver.py",
        stdin=json.dumps(order),
        limits=limits,
        wants_result=True,
    )


def answered(drive: Drive, ran: ExecutionResult) -> Answered:
    """Read the lines in their order; at the first that is not the next one, reading stops."""
    lines = lines_of(ran.result or "", drive.nonce)
    kind, _, told = next(lines, ENDED)
    if kind == "unloaded":
        return Answered(answers={}, load_failure=load_account(told))
    if kind != "loaded":
        return Answered(answers={}, stopped_at=-1)
    answers: dict[int, tuple[Json, ...]] = {}
    for position, number in enumerate(drive.order):
        kind, at, told = next(lines, ENDED)
        if (kind, at) != ("answer", position) or len(told) != len(drive.units[number].places):
            return Answered(answers=answers, stopped_at=number)
        answers[number] = (*answers.get(number, ()), told)
    is_whole = next(lines, ENDED)[:2] == ("end", len(drive.order)) and next(lines, None) is None
    return Answered(answers=answers, is_whole=is_whole)


def outcomes_of(drive: Drive, came: Answered) -> TestOutcomes:
    """Decide every test; none passes unless all answers came and nothing else did."""
    if came.load_failure is not None or came.stopped_at == -1:
        return TestOutcomes(load_failure=came.load_failure, stopped_at=came.stopped_at)
    passed, failed = set[int](), dict[int, Mapping[str, str]]()
    stopped_at, stopped_input = None, ""
    first = 0
    for number, test in enumerate(drive.tests):
        mine = range(first, first + len(test.units))
        first += len(test.units)
        decision = decide(test, places_of(test.units, [came.answers.get(n, ()) for n in mine]))
        wavering = next((n for n in mine if differs(came.answers.get(n, ()))), None)
        if came.stopped_at is not None and came.stopped_at in mine:
            stopped_at, stopped_input = number, drive.units[came.stopped_at].text
        elif decision.has_passed and wavering is not None:
            text = drive.units[wavering].text
            failed[number] = {"error": f"`{text}` {ASKED_AGAIN}", "where": "", "input": ""}
        elif decision.has_passed:
            passed.add(number)
        elif decision.is_answered:
            failed[number] = decision.account
    if came.stopped_at is None and not came.is_whole:
        return TestOutcomes(failed=failed, stopped_at=0)  # somebody else wrote on the pipe
    return TestOutcomes(
        passed=frozenset(passed),
        failed=failed,
        stopped_at=stopped_at,
        stopped_input=stopped_input,
    )


def places_of(units: Sequence[Unit], answers: Sequence[tuple[Json, ...]]) -> dict[Place, Json]:
    """Map the places of a test to what was told of them the first time."""
    told: dict[Place, Json] = {}
    for unit, times in zip(units, answers, strict=True):
        for place, shown in zip(unit.places, times[0] if times else (), strict=False):
            told[place] = shown if isinstance(shown, list) else []
    return told


def differs(times: tuple[Json, ...]) -> bool:
    """Whether two answers to the same input differ; the words of an exception may."""
    if len(times) < 2:
        return False
    return [core_of(shown) for shown in times[0]] != [core_of(shown) for shown in times[1]]


def core_of(shown: object) -> str:
    """Give what of an answer has to be the same the next time."""
    is_raise = isinstance(shown, list) and shown[:1] == ["raise"]
    return json.dumps(shown[:2] if is_raise else shown)  # type: ignore[index]


Line = tuple[str, int, Json]
ENDED: Line = (NOTHING[0], NOTHING[1], [])


def lines_of(result: str, nonce: str) -> Iterator[Line]:
    """Yield the lines with the nonce and the right form, up to the first without."""
    for text in result.splitlines():
        try:
            told_nonce, kind, number, told = json.loads(text)
        except (ValueError, TypeError, RecursionError):
            yield ENDED
            return
        is_ours = told_nonce == nonce and isinstance(kind, str) and type(number) is int
        if not is_ours or not isinstance(told, list):
            yield ENDED
            return
        yield kind, number, told


def load_account(told: Json) -> dict[str, str]:
    """Tell why the code could not be loaded."""
    words = [word if isinstance(word, str) else "" for word in [*told, "", "", "", ""]]
    return {"error": words[2], "where": words[3]}
