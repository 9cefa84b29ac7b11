"""What our own metrics of one answer are made of: a rule for one pair."""

from abc import abstractmethod
from typing import Any, ClassVar

from pydantic import BaseModel

from sygra_eval.sygra.shim.core.eval.metrics.base_metric_metadata import BaseMetricMetadata
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.base_unit_metric import BaseUnitMetric
from sygra_eval.sygra.shim.core.eval.metrics.unit_metrics.unit_metric_result import (
    UnitMetricResult,
)


class PairwiseMetric(BaseUnitMetric):
    """Goes through the pairs; a rule that raises is an error of that pair, with its text."""

    about: ClassVar[BaseMetricMetadata]
    settings: ClassVar[type[BaseModel]]

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self.validate_config()
        self.metadata: BaseMetricMetadata = self.get_metadata()

    def validate_config(self) -> None:
        """Keep the parameters as attributes.

        :raises pydantic.ValidationError: When they are not fit.
        """
        for name, value in self.settings(**self.config):
            setattr(self, name, value)

    def get_metadata(self) -> BaseMetricMetadata:
        """Return what it says of itself."""
        return self.about

    def evaluate(self, golden: list[Any], predicted: list[Any]) -> list[UnitMetricResult]:
        """Return a result for each pair.

        :raises ValueError: When there are not as many of both, or one is no dictionary.
        """
        if len(golden) != len(predicted):
            raise ValueError(
                f"{type(self).__name__}: golden and predicted must have same length (got "
                f"{len(golden)} and {len(predicted)})"
            )
        return [self._result(*pair) for pair in zip(golden, predicted, strict=True)]

    @abstractmethod
    def compare(
        self, golden: dict[str, Any], predicted: dict[str, Any]
    ) -> tuple[bool, dict[str, Any]]:
        """Say whether they match, and on what grounds."""

    def _result(self, golden: Any, predicted: Any) -> UnitMetricResult:
        told: dict[str, Any]
        try:
            correct, told = self.compare(golden, predicted)
        except Exception as error:  # noqa: BLE001 - the boundary: a pair that cannot be compared
            correct, told = False, {"error": str(error)}
        metadata = {"validator": self.about.name, **told}
        return UnitMetricResult(
            correct=correct, golden=golden, predicted=predicted, metadata=metadata
        )
