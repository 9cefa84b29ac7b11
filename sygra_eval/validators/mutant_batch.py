"""Many mutants of a candidate in one execution, where its tests can be split.

A fork for each would cost more than all that a dozen mutants compute. `fates_of` says what became
of those that it can be sure of; whoever asked runs the others by themselves. The control, which is
the candidate itself, has to pass here too, and to be unchanged after each mutant.
"""

import json
import secrets
import signal
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from sygra_eval.validators.answered import decide
from sygra_eval.validators.driver import ENDED, Drive, Json, differs, drive_of, lines_of, places_of
from sygra_eval.validators.mutants import Mutant
from sygra_eval.validators.ready_made import ready_made
from sygra_eval.validators.running import run_judged
from sygra_eval.validators.split import SplitTest
from sygra_eval.values import Execution, ExecutionResult, ExecutionStatus, Limits, ValidatorContext

KILLED, TIMED_OUT, SURVIVED = "killed", "timed out", "survived"
LEAST_CPU_S = 0.05  # some fifty times what most candidates take, on a slow machine ten times
SLOWER = 10


def batch_of(
    code: str, tests: Sequence[SplitTest | None], limits: Limits, ctx: ValidatorContext
) -> "Batch | None":
    """Prepare a batch; None where a test has to share the candidate's process."""
    split = tuple(test for test in tests if test is not None)
    if len(split) < len(tests):
        return None
    return Batch(code, drive_of(split, secrets.token_hex(16), ctx.seed), limits)


@dataclass(frozen=True)
class Batch:
    """The units that each mutant of a candidate is asked, and what bounds it."""

    code: str
    drive: Drive
    limits: Limits

    async def fates_of(self, mutants: Sequence[Mutant], ctx: ValidatorContext) -> list[str] | None:
        """Say what became of the first so many of them; None when the control does not pass."""
        ran = await run_judged(ctx.sandbox, self.execution_of(mutants))
        lines = lines_of(ran.result or "", self.drive.nonce)
        kind, _, control = next(lines, ENDED)
        if kind != "control" or not self.passes(control, range(len(self.drive.order))):
            return None
        fates: list[str] = []
        for number in range(len(mutants)):
            if next(lines, None) != ("begin", number, []):
                break
            kind, at, told = next(lines, ENDED)
            if (kind, at) != ("mutant", number):
                if was_ended_by_its_clock(ran):
                    fates.append(TIMED_OUT)
                break
            fates.append(self.fate_of(told, control))
            if next(lines, None) != ("steady", number, []):
                break
        return fates

    def execution_of(self, mutants: Sequence[Mutant]) -> Execution:
        """One process for all of them."""
        order = {
            "nonce": self.drive.nonce,
            "seed": self.drive.seed,
            "units": [unit.steps for unit in self.drive.units],
            "order": self.drive.order,
            "mutants": [mutant.code for mutant in mutants],
            "least_cpu_s": LEAST_CPU_S,
            "most_cpu_s": self.limits.cpu_s,
            "slower": SLOWER,
        }
        return Execution(
            files={"answer.py": self.code},
            support=ready_made("typed_values", "inside_driver", "inside_mutants"),
            entry="inside_mutants.py",
            stdin=json.dumps(order),
            limits=self.limits,
            wants_result=True,
        )

    def fate_of(self, told: Json, control: Sequence[object]) -> str:
        """Decide with what a mutant answered, as if it had been alone."""
        match told:
            case ["late"]:
                return TIMED_OUT
            case ["differs", [*differing]]:
                own = {at: one for at, one in map(pair_of, differing) if 0 <= at < len(control)}
                if len(own) == len(differing):
                    changed = [own.get(at, one) for at, one in enumerate(control)]
                    return SURVIVED if self.passes(changed, own) else KILLED
        return KILLED

    def passes(self, told: Sequence[object], changed: Collection[int]) -> bool:
        """Whether the tests pass with these answers; only those are decided that see a change."""
        if len(told) != len(self.drive.order):
            return False
        units = {self.drive.order[at] for at in changed}
        for test, mine in self.tests:
            if units.isdisjoint(mine):
                continue
            answers = [
                tuple(shown_in(told[at], len(self.drive.units[n].places)) for at in self.places[n])
                for n in mine
            ]
            if any(map(differs, answers)):
                return False
            if not decide(test, places_of(test.units, answers)).has_passed:
                return False
        return True

    @cached_property
    def tests(self) -> list[tuple[SplitTest, range]]:
        """Each test with the numbers of its units."""
        found, first = [], 0
        for test in self.drive.tests:
            found.append((test, range(first, first + len(test.units))))
            first += len(test.units)
        return found

    @cached_property
    def places(self) -> dict[int, list[int]]:
        """Where in the order each unit stands."""
        found: dict[int, list[int]] = {}
        for at, number in enumerate(self.drive.order):
            found.setdefault(number, []).append(at)
        return found


def shown_in(told: object, count: int) -> Json:
    """Take an answer of the right form; nothing that a test can pass with for any other."""
    return told if isinstance(told, list) and len(told) == count else []


def pair_of(differing: object) -> tuple[int, object]:
    """Read at which place a mutant differs, and how; -1 for what is no such thing."""
    match differing:
        case [int(at), told]:
            return at, told
    return -1, None


def was_ended_by_its_clock(ran: ExecutionResult) -> bool:
    """Whether the kernel ended it at the mutant's limit: it looped where no exception comes in."""
    return ran.status is ExecutionStatus.SIGNAL and ran.signal == signal.SIGPROF
