"""Metric `f1_score`: precision and recall in one number."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from sygra_eval.sygra.shim.core.eval.metrics.aggregator_metrics.aggregator_metric_registry import (
    aggregator_metric,
)
from sygra_eval.sygra.shim.core.eval.metrics.aggregator_metrics.counting import (
    CountingMetric,
    average,
    harmonic,
    shares,
)
from sygra_eval.sygra.shim.core.eval.metrics.base_metric_metadata import BaseMetricMetadata
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.unit_metric_result import (
    UnitMetricResult,
)


class F1ScoreMetricConfig(BaseModel):
    """Which values are the classes."""

    predicted_key: str = Field(min_length=1)
    golden_key: str = Field(min_length=1)


@aggregator_metric("f1_score")
class F1ScoreMetric(CountingMetric):
    """The harmonic mean of the two macro averages, and that of each class."""

    about = BaseMetricMetadata(
        name="f1_score",
        display_name="F1 Score",
        description="Harmonic mean of average precision and average recall",
        metric_type="industry",
    )
    settings = F1ScoreMetricConfig
    predicted_key: str
    golden_key: str

    def values_of(self, results: Sequence[UnitMetricResult]) -> dict[str, Any]:
        """Return both."""
        precision = shares(results, "predicted", self.predicted_key)
        recall = shares(results, "golden", self.golden_key)
        by_class = {
            name: harmonic(precision.get(name, 0.0), recall.get(name, 0.0))
            for name in {**precision, **recall}
        }
        overall = harmonic(average(precision), average(recall))
        return {"average_f1_score": overall, "f1_score_per_class": by_class}
