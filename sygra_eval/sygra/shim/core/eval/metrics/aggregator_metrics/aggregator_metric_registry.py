"""Metrics of many results by name."""

from collections.abc import Callable
from typing import Any, ClassVar

from sygra_eval.sygra.shim.core.eval.metrics.aggregator_metrics.base_aggregator_metric import (
    BaseAggregatorMetric,
)
from sygra_eval.sygra.shim.core.eval.metrics.registering import MetricRegistry, registering


class AggregatorMetricRegistry(MetricRegistry):
    """Metrics of many results."""

    kind = "Aggregator metric"
    package: ClassVar[str] = __name__.rpartition(".")[0]

    @classmethod
    def base(cls) -> type[Any]:
        """Return the base class of these."""
        return BaseAggregatorMetric


def aggregator_metric(name: str) -> Callable[[type[Any]], type[Any]]:
    """Register a class under a name."""
    return registering(AggregatorMetricRegistry, name)
