"""Metrics of one answer by name."""

from collections.abc import Callable
from typing import Any, ClassVar

from sygra_eval.sygra.shim.core.eval.metrics.registering import MetricRegistry, registering
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.base_unit_metric import BaseUnitMetric


class UnitMetricRegistry(MetricRegistry):
    """Metrics of one answer."""

    kind = "Unit metric"
    package: ClassVar[str] = __name__.rpartition(".")[0]

    @classmethod
    def base(cls) -> type[Any]:
        """Return the base class of these."""
        return BaseUnitMetric


def unit_metric(name: str) -> Callable[[type[Any]], type[Any]]:
    """Register a class under a name."""
    return registering(UnitMetricRegistry, name)
