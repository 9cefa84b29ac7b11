"""Metric `action_within_bbox`: whether a click hits a box."""

from typing import Any

from pydantic import BaseModel

from sygra_eval.sygra.shim.core.eval.metrics.base_metric_metadata import BaseMetricMetadata
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.pairwise import PairwiseMetric
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.unit_metric_registry import unit_metric


class ActionWithinBboxMetricConfig(BaseModel):
    """Where the point and the box, `{x, y, width, height}`, stand."""

    predicted_x_key: str = "x"
    predicted_y_key: str = "y"
    golden_bbox_key: str = "bbox"


@unit_metric("action_within_bbox")
class ActionWithinBboxMetric(PairwiseMetric):
    """Right where the point lies in the box or on its edge."""

    about = BaseMetricMetadata(
        name="action_within_bbox",
        display_name="Action Within Bounding Box",
        description="Whether a point lies in the box that is expected, edges included",
    )
    settings = ActionWithinBboxMetricConfig
    predicted_x_key: str
    predicted_y_key: str
    golden_bbox_key: str

    def compare(
        self, golden: dict[str, Any], predicted: dict[str, Any]
    ) -> tuple[bool, dict[str, Any]]:
        """Look for the point in the box; what has no numbers hits nothing."""
        about = {
            "predicted_x_key": self.predicted_x_key,
            "predicted_y_key": self.predicted_y_key,
            "golden_bbox_key": self.golden_bbox_key,
        }
        box = golden.get(self.golden_bbox_key)
        point = predicted.get(self.predicted_x_key), predicted.get(self.predicted_y_key)
        try:
            x, y = (float(one) for one in point)  # type: ignore[arg-type]
            left, top, wide, high = (float(box[k]) for k in ("x", "y", "width", "height"))  # type: ignore[index]
        except (TypeError, ValueError, KeyError):
            return False, about
        return left <= x <= left + wide and top <= y <= top + high, about
