"""Metric `step_efficiency`: at which attempt a step is right."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from sygra_eval.sygra.shim.core.eval.metrics.aggregator_metrics.aggregator_metric_registry import (
    aggregator_metric,
)
from sygra_eval.sygra.shim.core.eval.metrics.aggregator_metrics.counting import CountingMetric
from sygra_eval.sygra.shim.core.eval.metrics.base_metric_metadata import BaseMetricMetadata
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.unit_metric_result import (
    UnitMetricResult,
)


class StepEfficiencyMetricConfig(BaseModel):
    """What each further attempt costs."""

    penalty_per_retry: float = Field(default=0.2, ge=0, le=1)


@aggregator_metric("step_efficiency")
class StepEfficiencyMetric(CountingMetric):
    """1 for a step that is right at once, less for each attempt before, 0 for none right."""

    about = BaseMetricMetadata(
        name="step_efficiency",
        display_name="Step Efficiency",
        description="How soon steps are right: 1 at the first attempt, 0 where none is",
    )
    settings = StepEfficiencyMetricConfig
    penalty_per_retry: float

    def values_of(self, results: Sequence[UnitMetricResult]) -> dict[str, Any]:
        """Return the mean over steps, and how many are right when."""
        steps: dict[tuple[Any, Any], list[UnitMetricResult]] = {}
        for one in results:
            step = tuple(one.metadata.get(key, "unknown") for key in ("mission_id", "step_id"))
            steps.setdefault(step, []).append(one)
        first = [
            min((attempt(one) for one in step if one.correct), default=None)
            for step in steps.values()
        ]
        right = [number for number in first if number is not None]
        gained = sum(max(0.0, 1.0 - number * self.penalty_per_retry) for number in right)
        return {
            "step_efficiency": self._safe_divide(gained, len(steps)),
            "total_steps": len(steps),
            "first_attempt_correct": right.count(0),
            "retry_correct": len(right) - right.count(0),
            "never_correct": len(first) - len(right),
            "avg_retries_when_correct": self._safe_divide(sum(right), len(right)),
        }


def attempt(result: UnitMetricResult) -> int:
    """Return the number of an attempt, from 0: `retry_number`, else the end of `retry_id`."""
    if "retry_number" in result.metadata:
        return result.metadata["retry_number"] or 0
    last = str(result.metadata.get("retry_id", "")).rpartition("_")[2]
    return int(last) if last.isdecimal() else 0
