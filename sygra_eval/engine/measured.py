"""How often validators err, as it was measured: read from a file, never typed by hand.

Two forms are read: what `python -m benchmarks.measured` writes for the validators that we ship, and
what `sygra-eval verify --truth FILE --json` prints for a user's own answers and validators.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sygra_eval.quality import Interval, wilson
from sygra_eval.suite import Suite
from sygra_eval.values import UsageError

FORMAT = "sygra-eval-measured/1"
MEASURED_FILE = "measured.json"
"""The copy in a run folder of what the suite named, so that its report can be written again."""


class Counts(BaseModel):
    """The figures of one validator, or of several as one stack.

    :ivar right: Answers known to be right, `wrong` likewise.
    :ivar decided_right: Those of them that were judged, `decided_wrong` likewise.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    right: int = Field(ge=0)
    wrong: int = Field(ge=0)
    decided_right: int = Field(ge=0)
    decided_wrong: int = Field(ge=0)
    false_accepts: int = Field(ge=0)
    false_rejects: int = Field(ge=0)
    errors: int = Field(ge=0)

    @property
    def false_accept_rate(self) -> Interval | None:
        """The share of wrong answers that were accepted."""
        return wilson(self.false_accepts, self.decided_wrong)

    @property
    def false_reject_rate(self) -> Interval | None:
        """The share of right answers that were not accepted."""
        return wilson(self.false_rejects, self.decided_right)


class _Stack(Counts):
    validators: list[str] = Field(min_length=1)


class _Shipped(BaseModel):
    model_config = ConfigDict(extra="ignore")

    command: str
    date: str
    version: str
    truth: str
    stacks: list[_Stack]


class _Rate(BaseModel):
    model_config = ConfigDict(extra="ignore")

    of: int = Field(ge=0)


class _Rates(BaseModel):
    model_config = ConfigDict(extra="ignore")

    false_accepts: _Rate | None
    false_rejects: _Rate | None


class _Line(BaseModel):
    """The figures as they are printed: how many were judged stands with the rate."""

    model_config = ConfigDict(extra="ignore")

    right: int
    wrong: int
    false_accepts: int
    false_rejects: int
    errors: int
    intervals: _Rates

    def counts(self) -> Counts:
        """Return the figures as they are counted here."""
        accepts, rejects = self.intervals.false_accepts, self.intervals.false_rejects
        return Counts(
            right=self.right,
            wrong=self.wrong,
            decided_right=0 if rejects is None else rejects.of,
            decided_wrong=0 if accepts is None else accepts.of,
            false_accepts=self.false_accepts,
            false_rejects=self.false_rejects,
            errors=self.errors,
        )


class _Printed(_Line):
    per_validator: dict[str, _Line] = Field(min_length=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Figures by the validators that were measured together, and where they come from."""

    stacks: Mapping[frozenset[str], Counts]
    source: str

    def of(self, validators: Iterable[str]) -> Counts | None:
        """Return the figures of exactly these validators; no other stack's are theirs."""
        return self.stacks.get(frozenset(validators))


def shipped_from(text: str) -> Measured:
    """Read what `python -m benchmarks.measured` wrote.

    :raises ValueError: When it is something else.
    """
    found = _Shipped.model_validate_json(text)
    return Measured(
        stacks={frozenset(stack.validators): stack for stack in found.stacks},
        source=f"`{found.command}` on {found.truth}, {found.date}, sygra-eval {found.version}",
    )


def printed_from(text: str, name: str) -> Measured:
    """Read the line that `sygra-eval verify --truth FILE --json` printed.

    :param name: What the user calls the file.
    :raises ValueError: When it is something else.
    """
    found = _Printed.model_validate_json(text)
    stacks = {frozenset(found.per_validator): found.counts()}
    stacks |= {frozenset({name}): line.counts() for name, line in found.per_validator.items()}
    return Measured(stacks=stacks, source=f"the suite's {name}")


def text_of(suite: Suite) -> str | None:
    """Return the measure that a suite names, as it stands in its file; None where it names none.

    :raises UsageError: When that cannot be read, or is no such measure.
    """
    if suite.measured is None:
        return None
    path = suite.folder / suite.measured
    try:
        text = path.read_text(encoding="utf-8")
        printed_from(text, suite.measured)
    except (OSError, ValueError) as error:
        lines = str(error).splitlines() or [""]
        why = (
            f"{error.error_count()} keys are wrong, as {' '.join(lines[1:3])}"
            if isinstance(error, ValidationError)
            else lines[0]
        )
        raise UsageError(
            f"quality.measured: {path} is no measure: {why}; make one with `sygra-eval verify "
            f"--truth FILE --json > {path.name}`"
        ) from error
    return text
