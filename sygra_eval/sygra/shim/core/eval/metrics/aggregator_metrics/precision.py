"""Metric `precision`: of what was predicted, how much is right."""

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


class PrecisionMetricConfig(BaseModel):
    """Which value of a prediction is its class."""

    predicted_key: str = Field(min_length=1)


@aggregator_metric("precision")
class PrecisionMetric(CountingMetric):
    """The share of right results by predicted class, and the mean of these."""

    about = BaseMetricMetadata(
        name="precision",
        display_name="Precision",
        description="Of the predictions of a class, the share that is right",
        metric_type="industry",
    )
    settings = PrecisionMetricConfig
    predicted_key: str

    def values_of(self, results: Sequence[UnitMetricResult]) -> dict[str, Any]:
        """Return mean and shares."""
        by_class = shares(results, "predicted", self.predicted_key)
        return {"average_precision": average(by_class), "precision_per_class": by_class}
