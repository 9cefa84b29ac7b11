"""What our own metrics of many results are made of, and how they tell of what is missing.

The numbers are SyGra's where there are any: a result that is an error counts as wrong. What its
numbers hide stands beside them: `errors` says how many of the wrong ones are errors, and without
a single result nothing is known, so the values are None and `evaluated` is 0 (P19).
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from sygra_eval.sygra.shim.core.eval.metrics.aggregator_metrics.base_aggregator_metric import (
    BaseAggregatorMetric,
)
from sygra_eval.sygra.shim.core.eval.metrics.base_metric_metadata import BaseMetricMetadata
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.unit_metric_result import (
    UnitMetricResult,
)


class NoSettings(BaseModel):
    """No parameters; what is given is passed over, as SyGra does."""


class CountingMetric(BaseAggregatorMetric):
    """Counts results."""

    about: ClassVar[BaseMetricMetadata]
    settings: ClassVar[type[BaseModel]] = NoSettings

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self.validate_config()
        self.metadata: BaseMetricMetadata = self.get_metadata()

    def validate_config(self) -> None:
        """Keep the parameters as attributes.

        :raises pydantic.ValidationError: When they are not fit.
        """
        for name, value in self.settings(**self.config):
            setattr(self, name, value)

    def get_metadata(self) -> BaseMetricMetadata:
        """Return what it says of itself."""
        return self.about

    def calculate(self, results: list[UnitMetricResult]) -> dict[str, Any]:
        """Return its values by name, and what has to be known beside them."""
        values = self.values_of(results)
        if not results:
            unknown = {name: _unknown(value) for name, value in values.items()}
            return {**unknown, "evaluated": 0}
        errors = sum(1 for one in results if "error" in one.metadata)
        return {**values, "errors": errors} if errors else values

    @abstractmethod
    def values_of(self, results: Sequence[UnitMetricResult]) -> dict[str, Any]:
        """Return its values by name."""


def shares(results: Sequence[UnitMetricResult], side: str, key: str) -> dict[Any, float]:
    """Return for each value of a key how many of its results are right; without one, none.

    :param side: `golden` or `predicted`.
    """
    right: dict[Any, list[bool]] = {}
    for one in results:
        values = getattr(one, side)
        if key in values:
            right.setdefault(values[key], []).append(bool(one.correct))
    return {value: sum(found) / len(found) for value, found in right.items()}


def average(by_class: Mapping[Any, float]) -> float:
    """Return the mean over classes, each counting the same."""
    return sum(by_class.values()) / len(by_class) if by_class else 0.0


def harmonic(one: float, other: float) -> float:
    """Return the harmonic mean of two rates."""
    return 2 * (one * other) / (one + other) if one + other else 0.0


def _unknown(value: Any) -> Any:
    return None if isinstance(value, float) else value
