"""A gate as the engine judges it: what a run must come to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from sygra_eval.suite.conditions import Condition
from sygra_eval.suite.gate_schema import BOUND


class GateKind(StrEnum):
    """What a gate is about."""

    METRIC = "metric"
    ERRORS = "errors"
    DISTRIBUTION = "distribution"
    BASELINE = "baseline"
    AGREEMENT = "agreement"


@dataclass(frozen=True, slots=True)
class Bound:
    """A bound as it was written, `>=70%`, and what that says."""

    text: str
    sign: str
    number: float

    def holds(self, value: float) -> bool:
        """Say whether a figure is within it."""
        match self.sign:
            case "<":
                return value < self.number
            case "<=":
                return value <= self.number
            case ">":
                return value > self.number
        return value >= self.number


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What a run must come to.

    :ivar metric: The name that it is measured by; of the other kinds the column, or `errors`.
    :ivar bounds: What must hold of `value`, `lower` or `upper`.
    :ivar min_n: Groups, or sets, with fewer judged rows are skipped.
    :ivar test: What the comparison with a baseline is to be tested by; empty: by its kind.
    :ivar line: Where the gate stands in the suite's file, as `column`.
    """

    index: int
    kind: GateKind
    metric: str
    bounds: tuple[tuple[str, Bound], ...] = ()
    group_by: str | None = None
    min_n: int = 1
    alpha: float = 0.05
    method: str = ""
    where: Condition | None = None
    min_coverage: float = 0.95
    wanted: Mapping[str, float] = field(default_factory=dict)
    max_tv: float = 1.0
    baseline: Path | None = None
    metrics: tuple[str, ...] = ()
    max_drop: float | None = None
    test: str = ""
    is_warning: bool = False
    allows_partial: bool = False
    line: int = 0
    column: int = 0

    @property
    def asks(self) -> str:
        """What it asks for, in the suite's words."""
        match self.kind:
            case GateKind.DISTRIBUTION:
                return f"total variation <={self.max_tv:g}"
            case GateKind.BASELINE:
                drop = "" if self.max_drop is None else f", drop <={self.max_drop:g}"
                return f"no regression{drop}"
            case GateKind.ERRORS:
                return self.bounds[0][1].text
        return ", ".join(f"{key} {bound.text}" for key, bound in self.bounds)


def bound_of(text: str) -> Bound:
    """Read a bound that the schema let through."""
    found = BOUND.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no bound")
    sign, number, percent = found.groups()
    return Bound(text.strip(), sign, float(number) / (100 if percent else 1))
