"""Metric `typed_value_match`: nearly the same text."""

from difflib import SequenceMatcher
from typing import Any

from pydantic import BaseModel, Field

from sygra_eval.sygra.shim.core.eval.metrics.base_metric_metadata import BaseMetricMetadata
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.pairwise import PairwiseMetric
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.unit_metric_registry import unit_metric


class TypedValueMatchMetricConfig(BaseModel):
    """Where the texts stand and how alike they have to be, from 0 to 1."""

    golden_text_key: str = "text"
    predicted_text_key: str = "text"
    fuzzy_match_threshold: float = Field(default=0.8, ge=0, le=1)


@unit_metric("typed_value_match")
class TypedValueMatchMetric(PairwiseMetric):
    """Right where both are equal but for spaces and case, or alike enough."""

    about = BaseMetricMetadata(
        name="typed_value_match",
        display_name="Typed Value Match",
        description="Whether a typed text is the one expected, or much like it",
    )
    settings = TypedValueMatchMetricConfig
    golden_text_key: str
    predicted_text_key: str
    fuzzy_match_threshold: float

    def compare(
        self, golden: dict[str, Any], predicted: dict[str, Any]
    ) -> tuple[bool, dict[str, Any]]:
        """Compare both as text, and say where they differ."""
        wanted = str(golden.get(self.golden_text_key, ""))
        said = str(predicted.get(self.predicted_text_key, ""))
        one, other = _plain(wanted), _plain(said)
        matcher = SequenceMatcher(None, one, other)
        similarity = matcher.ratio()
        is_alike = similarity >= self.fuzzy_match_threshold
        return one == other or is_alike, {
            "golden_text": wanted,
            "predicted_text": said,
            "exact_match": one == other,
            "similarity_score": similarity,
            "fuzzy_match": is_alike,
            "differences": [
                {"operation": what, "golden": one[a:b], "predicted": other[c:d]}
                for what, a, b, c, d in matcher.get_opcodes()
                if what != "equal"
            ],
        }


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
