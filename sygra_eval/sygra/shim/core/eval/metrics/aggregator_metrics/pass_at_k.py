"""Metric `pass@k`: whether one of k attempts is right.

All results are taken for attempts at one problem, as SyGra does. Our suites' own `pass@k` keeps
problems apart.
"""

import math
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


class PassAtKMetricConfig(BaseModel):
    """Up to how many attempts."""

    k: int


@aggregator_metric("pass@k")
class PassAtKMetric(CountingMetric):
    """For each number of attempts up to k, how likely one of them is right."""

    about = BaseMetricMetadata(
        name="pass@k",
        display_name="Pass@k",
        description="How likely one of k attempts is right, all results pooled",
        metric_type="industry",
    )
    settings = PassAtKMetricConfig
    k: int

    def values_of(self, results: Sequence[UnitMetricResult]) -> dict[str, Any]:
        """Return the unbiased estimates; 0 where there are fewer results than attempts."""
        count, right = len(results), self._count_correct(results)
        return {f"pass@{k}": _pass_at(count, right, k) for k in range(1, self.k + 1)}


def _pass_at(count: int, right: int, k: int) -> float:
    if k > count:
        return 0.0
    return 1.0 - math.comb(count - right, k) / math.comb(count, k)
