"""Metric `recall`: of what is expected, how much was found."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from sygra_eval.sygra.shim.core.eval.metrics.aggregator_metrics.aggregator_metric_registry import (
    aggregator_metric,
)
from sygra_eval.sygra.shim.core.eval.metrics.aggregator_metrics.counting import (
    CountingMetric,
    average,
    shares,
)
from sygra_eval.sygra.shim.core.eval.metrics.base_metric_metadata import BaseMetricMetadata
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.unit_metric_result import (
    UnitMetricResult,
)


class RecallMetricConfig(BaseModel):
    """Which value of what is expected is its class."""

    golden_key: str = Field(min_length=1)


@aggregator_metric("recall")
class RecallMetric(CountingMetric):
    """The share of right results by expected class, and the mean of these."""

    about = BaseMetricMetadata(
        name="recall",
        display_name="Recall",
        description="Of what belongs to a class, the share that was found",
        metric_type="industry",
    )
    settings = RecallMetricConfig
    golden_key: str

    def values_of(self, results: Sequence[UnitMetricResult]) -> dict[str, Any]:
        """Return mean and shares."""
        by_class = shares(results, "golden", self.golden_key)
        return {"average_recall": average(by_class), "recall_per_class": by_class}
