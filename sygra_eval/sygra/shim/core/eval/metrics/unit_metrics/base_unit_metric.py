"""What metrics of one answer have in common."""

from abc import ABC, abstractmethod
from typing import Any

from sygra_eval.sygra.shim.core.eval.metrics.base_metric_metadata import BaseMetricMetadata
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.unit_metric_result import (
    UnitMetricResult,
)


class BaseUnitMetric(ABC):
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
    def evaluate(self, golden: list[Any], predicted: list[Any]) -> list[UnitMetricResult]:
        """Return a result for each pair."""

    def get_metric_name(self) -> str:
        """Return its name."""
        return (self.metadata or self.get_metadata()).name
