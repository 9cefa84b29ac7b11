"""Metric `pass^k`: whether all of k attempts are right, all results pooled, as SyGra does."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from sygra_eval.sygra.shim.core.eval.metrics.aggregator_metrics.aggregator_metric_registry import (
    aggregator_metric,
)
from sygra_eval.sygra.shim.core.eval.metrics.aggregator_metrics.counting import CountingMetric
from sygra_eval.sygra.shim.core.eval.metrics.base_metric_metadata import BaseMetricMetadata
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.unit_metric_result import (
    UnitMetricResult,
)


class PassPowerKMetricConfig(BaseModel):
    """Up to how many attempts."""

    k: int


@aggregator_metric("pass^k")
class PassPowerKMetric(CountingMetric):
    """For each number of attempts up to k, how likely all of them are right."""

    about = BaseMetricMetadata(
        name="pass^k",
        display_name="Pass^k",
        description="How likely all of k attempts are right, by the share of all results",
        metric_type="industry",
    )
    settings = PassPowerKMetricConfig
    k: int

    def values_of(self, results: Sequence[UnitMetricResult]) -> dict[str, Any]:
        """Return the share and its powers."""
        rate = self._safe_divide(self._count_correct(results), len(results))
        return {"success_rate": rate, **{f"pass^{k}": rate**k for k in range(1, self.k + 1)}}
