"""What metrics of many results have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from sygra_eval.sygra.shim.core.eval.metrics.base_metric_metadata import BaseMetricMetadata
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.unit_metric_result import (
    UnitMetricResult,
)


class BaseAggregatorMetric(ABC):
    """Made with its parameters; a subclass calls `validate_config` and `get_metadata` itself."""

    def __init__(self, **config: Any) -> None:
        self.config = config
        self.metadata: BaseMetricMetadata | None = None

    def validate_config(self) -> None:  # noqa: B027 - free to be left as it is
        """Look at the parameters; by default nothing is asked of them."""

    @abstractmethod
    def get_metadata(self) -> BaseMetricMetadata:
        """Return what it says of itself."""

    @abstractmethod
    def calculate(self, results: list[UnitMetricResult]) -> dict[str, Any]:
        """Return its values by name."""

    def get_metric_name(self) -> str:
        """Return its name."""
        return (self.metadata or self.get_metadata()).name

    def _count_correct(self, results: Sequence[UnitMetricResult]) -> int:
        return sum(1 for one in results if one.correct)

    def _safe_divide(self, numerator: float, denominator: float) -> float:
        return numerator / denominator if denominator else 0.0
