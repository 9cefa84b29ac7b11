"""What a metric says of itself."""

from pydantic import BaseModel


class BaseMetricMetadata(BaseModel):
    """Its name, how it is shown, what it measures and in which range.

    :ivar metric_type: `industry` or `custom`.
    """

    name: str
    display_name: str
    description: str
    range: tuple[float, float] = (0.0, 1.0)
    higher_is_better: bool = True
    metric_type: str = "custom"
