"""Metric `accuracy`: how many results are right."""

from collections.abc import Sequence
from typing import Any

from sygra_eval.sygra.shim.core.eval.metrics.aggregator_metrics.aggregator_metric_registry import (
    aggregator_metric,
)
from sygra_eval.sygra.shim.core.eval.metrics.aggregator_metrics.counting import CountingMetric
from sygra_eval.sygra.shim.core.eval.metrics.base_metric_metadata import BaseMetricMetadata
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.unit_metric_result import (
    UnitMetricResult,
)


@aggregator_metric("accuracy")
class AccuracyMetric(CountingMetric):
    """The share of right results."""

    about = BaseMetricMetadata(
        name="accuracy",
        display_name="Accuracy",
        description="Share of results that are right",
        metric_type="industry",
    )

    def values_of(self, results: Sequence[UnitMetricResult]) -> dict[str, Any]:
        """Return the share."""
        return {"accuracy": self._safe_divide(self._count_correct(results), len(results))}
