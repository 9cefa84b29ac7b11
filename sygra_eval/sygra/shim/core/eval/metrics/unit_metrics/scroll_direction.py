"""Metric `scroll_direction`: whether it goes the way that is expected."""

from typing import Any

from pydantic import BaseModel

from sygra_eval.sygra.shim.core.eval.metrics.base_metric_metadata import BaseMetricMetadata
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.pairwise import PairwiseMetric
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.unit_metric_registry import unit_metric

_WAYS = ("up", "down", "left", "right")


class ScrollDirectionMetricConfig(BaseModel):
    """Where the directions stand."""

    golden_direction_key: str = "direction"
    predicted_direction_key: str = "direction"


@unit_metric("scroll_direction")
class ScrollDirectionMetric(PairwiseMetric):
    """Right where both name the same of four directions."""

    about = BaseMetricMetadata(
        name="scroll_direction",
        display_name="Scroll Direction",
        description="Whether a scroll goes up, down, left or right as expected",
    )
    settings = ScrollDirectionMetricConfig
    golden_direction_key: str
    predicted_direction_key: str

    def compare(
        self, golden: dict[str, Any], predicted: dict[str, Any]
    ) -> tuple[bool, dict[str, Any]]:
        """Compare two words as they are."""
        wanted = golden.get(self.golden_direction_key)
        said = predicted.get(self.predicted_direction_key)
        about = {"golden_direction": wanted, "predicted_direction": said}
        return wanted == said and wanted in _WAYS, about
