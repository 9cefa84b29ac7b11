"""What a metric says of one answer."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class UnitMetricResult:
    """Whether an answer is right, of which pair that was said, and on what grounds.

    :ivar metadata: `error` in it means that nothing could be said: SyGra counts that as wrong.
    """

    correct: bool
    golden: dict[str, Any]
    predicted: dict[str, Any]
    metadata: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("golden", "predicted"):
            if not isinstance(getattr(self, name), dict):
                raise ValueError(f"{name} must be a dictionary")  # noqa: TRY004 - as SyGra's
        self.metadata = {} if self.metadata is None else self.metadata

    def to_dict(self) -> dict[str, Any]:
        """Return it as a row can hold it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "UnitMetricResult":
        """Return what `to_dict` gave; what is missing is wrong and empty."""
        return cls(
            correct=data.get("correct", False),
            golden=data.get("golden", {}),
            predicted=data.get("predicted", {}),
            metadata=data.get("metadata", {}),
        )
