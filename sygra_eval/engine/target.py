"""Exactly N verified rows: which rows are begun for them, and which of them count.

What counts is decided by the order of the input alone: the first N verified rows, and all that
ended before the last of these. Rows behind it that were in flight are surplus, however they ended,
so that how fast answers came shows in no file (docs/decisions/0024).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from sygra_eval.engine.options import RunOptions
from sygra_eval.engine.summary import ExitCode
from sygra_eval.suite import Suite
from sygra_eval.values import Outcome, RecordEnd, UsageError

SURPLUS = "surplus"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """How many verified rows a run is to have, and the most rows it may try for them."""

    verified: int
    max_candidates: int | None = None


def target_of(suite: Suite, options: RunOptions) -> Target | None:
    """Return what is asked for; the options win over the suite.

    :raises UsageError: When the two together can never be met.
    """
    verified, most = options.target_verified, options.max_candidates
    verified = suite.target_verified if verified is None else verified
    most = suite.max_candidates if most is None else most
    if min(one for one in (verified, most, 1) if one is not None) < 1:
        raise UsageError("target_verified and max_candidates are at least 1")
    if verified is None:
        if most is not None:
            said = "--max-candidates bounds the rows that are tried for --target-verified"
            raise UsageError(f"{said}, and neither the suite nor the command line names that")
        return None
    if most is not None and most < verified:
        raise UsageError(
            f"max_candidates is {most}, so there can never be the {verified} verified rows that "
            f"target_verified asks for; let it be at least {verified}"
        )
    if not suite.validators:
        raise UsageError("target_verified: the suite has no validators, so no row is ever verified")
    return Target(verified=verified, max_candidates=most)


def most_rows(limit: int | None, target: Target | None) -> int | None:
    """Return how many rows of the input there are at most for a run; None for all."""
    bounds = (limit, target.max_candidates if target is not None else None)
    return min((bound for bound in bounds if bound is not None), default=None)


@dataclass(slots=True)
class Approach:
    """How near a start of a run is to its target, to begin no more rows than that needs.

    Rows are met in the order of the input, so each that is counted here stands before those that
    have not begun: once N of them are verified, none of the others can be among the first N.
    """

    target: Target | None
    ended: int = 0
    verified: int = 0

    def begin(self) -> None:
        """Go through the input from its start."""
        self.ended = self.verified = 0

    def count(self, outcome: Outcome) -> None:
        """Count a row that ended, now or in an earlier start."""
        self.ended += 1
        self.verified += outcome is Outcome.VERIFIED

    @property
    def is_met(self) -> bool:
        """Whether no further row can be among those that count."""
        return self.target is not None and self.verified >= self.target.verified

    def in_flight(self, most: int) -> int:
        """Return how many rows may be in flight: at most as many as are expected to be needed.

        At the rate so far, that many give the verified rows that are missing. So a run is as wide
        as the models allow nearly to its end, and then becomes narrow.
        """
        if self.target is None or self.is_met:
            return most
        rate = (self.verified + 1) / (self.ended + 2)
        return min(most, ceil((self.target.verified - self.verified) / rate))

    def expected(self, rows: int | None) -> int | None:
        """Return how many rows the run will take at the rate so far; None where nobody can say."""
        if self.target is None or not self.verified:
            return rows
        needed = ceil(self.target.verified * self.ended / self.verified)
        return needed if rows is None else min(rows, needed)


@dataclass(slots=True)
class Cut:
    """Tells rows that count from surplus; they come in the order of the input.

    :ivar last: Place in the source of the row that completed the target; None while it is missed.
    :ivar taken: Rows that count so far.
    :ivar surplus: Rows behind it that ended.
    :ivar may_yet_pass: Rows that failed by infrastructure, which a resume tries again.
    """

    target: Target | None
    verified: int = 0
    last: int | None = None
    taken: int = 0
    surplus: int = 0
    may_yet_pass: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether the target is met and every row before has ended, so that nothing moves it."""
        return self.last is not None and self.taken == self.last + 1

    def counts(self, end: RecordEnd) -> bool:
        """Take the next row, and say whether it counts."""
        if self.last is not None:
            self.surplus += 1
            return False
        self.taken += 1
        self.verified += end.outcome is Outcome.VERIFIED
        if end.outcome is Outcome.FAILED and not end.reason.startswith("bad_input"):
            self.may_yet_pass += 1
        if self.target is not None and self.verified == self.target.verified:
            self.last = end.index
        return True


def that_count(ends: Iterator[RecordEnd], target: Target | None) -> Iterator[RecordEnd]:
    """Yield the ends up to the one that completes the target."""
    cut = Cut(target)
    for end in ends:
        if not cut.counts(end):
            return
        yield end


def how_it_ended(target: Target, cut: Cut, *, rows: int, limit: int | None) -> tuple[ExitCode, str]:
    """Return the exit code of a run that came to its end, and why it has N rows or has not.

    Missed is a gate that failed; where rows that failed by infrastructure could still make it up,
    the run is incomplete instead, and a resume tries them again.
    """
    asked = f"{cut.verified} of the {target.verified} verified rows asked for"
    if cut.last is not None:
        return ExitCode.PASSED, f"{asked}, among the first {cut.taken} of {rows} rows"
    if rows == target.max_candidates:
        why = f"max_candidates lets no more than {rows} rows be tried"
    elif rows == limit:
        why = f"--limit lets no more than {rows} rows be tried"
    else:
        why = f"the input has no more than {rows} rows"
    if cut.may_yet_pass and cut.verified + cut.may_yet_pass >= target.verified:
        again = f"{cut.may_yet_pass} rows failed by infrastructure and may yet make it up"
        return ExitCode.INCOMPLETE, f"incomplete: {asked}: {why}; {again}"
    return ExitCode.GATE_FAILED, f"target missed: {asked}: {why}"
