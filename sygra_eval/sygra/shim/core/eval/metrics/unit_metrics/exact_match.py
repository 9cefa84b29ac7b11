"""Metric `exact_match`: the same text, but for spaces and upper or lower case."""

from typing import Any

from pydantic import BaseModel

from sygra_eval.sygra.shim.core.eval.metrics.base_metric_metadata import BaseMetricMetadata
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.pairwise import PairwiseMetric
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.unit_metric_registry import unit_metric


class ExactMatchMetricConfig(BaseModel):
    """Its parameters.

    :ivar key: Which value of the dictionaries; the whole of them, as text, where none is named.
    """

    case_sensitive: bool = False
    normalize_whitespace: bool = True
    key: str | None = None


@unit_metric("exact_match")
class ExactMatchMetric(PairwiseMetric):
    """Right where both say the same; two that lack the key do."""

    about = BaseMetricMetadata(
        name="exact_match",
        display_name="Exact Match",
        description="Whether an answer has the text that is expected",
        metric_type="industry",
    )
    settings = ExactMatchMetricConfig
    case_sensitive: bool
    normalize_whitespace: bool
    key: str | None

    def compare(
        self, golden: dict[str, Any], predicted: dict[str, Any]
    ) -> tuple[bool, dict[str, Any]]:
        """Compare both as text."""
        texts = [one.get(self.key, "") if self.key else str(one) for one in (golden, predicted)]
        correct = self._plain(texts[0]) == self._plain(texts[1])
        return correct, {
            "golden_text": texts[0],
            "predicted_text": texts[1],
            "case_sensitive": self.case_sensitive,
            "normalize_whitespace": self.normalize_whitespace,
        }

    def _plain(self, value: Any) -> str:
        text = value if isinstance(value, str) else str(value)
        text = " ".join(text.split()) if self.normalize_whitespace else text
        return text if self.case_sensitive else text.lower()
