"""Metric `scroll_amount`: whether it goes about as far as is expected."""

import math
from typing import Any

from pydantic import BaseModel, Field

from sygra_eval.sygra.shim.core.eval.metrics.base_metric_metadata import BaseMetricMetadata
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.pairwise import PairwiseMetric
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.unit_metric_registry import unit_metric


class ScrollAmountMetricConfig(BaseModel):
    """How far off it may be.

    :ivar scroll_threshold: Used where nothing is to be scrolled, so there is no percentage.
    """

    golden_amount_key: str = "amount"
    predicted_amount_key: str = "amount"
    tolerance_percent: float = Field(default=20.0, ge=0)
    scroll_threshold: float = Field(default=10.0, ge=0)


@unit_metric("scroll_amount")
class ScrollAmountMetric(PairwiseMetric):
    """Right where the difference is within the tolerance."""

    about = BaseMetricMetadata(
        name="scroll_amount",
        display_name="Scroll Amount",
        description="Whether a scroll is about as long as expected",
    )
    settings = ScrollAmountMetricConfig
    golden_amount_key: str
    predicted_amount_key: str
    tolerance_percent: float
    scroll_threshold: float

    def compare(
        self, golden: dict[str, Any], predicted: dict[str, Any]
    ) -> tuple[bool, dict[str, Any]]:
        """Compare two numbers; what is missing is 0."""
        wanted = float(golden.get(self.golden_amount_key, 0))
        said = float(predicted.get(self.predicted_amount_key, 0))
        difference = abs(said - wanted)
        if wanted:
            percent = difference / abs(wanted) * 100
            correct = percent <= self.tolerance_percent
        else:
            percent = math.inf if difference else 0.0
            correct = difference <= self.scroll_threshold
        return correct, {
            "is_valid": correct,
            "difference": difference,
            "difference_percent": percent,
            "tolerance_used": self.tolerance_percent,
            "scroll_threshold": self.scroll_threshold,
            "golden_scroll_amount": wanted,
            "predicted_scroll_amount": said,
        }
