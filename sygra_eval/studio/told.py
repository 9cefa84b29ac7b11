"""The base of everything that the server tells or is told."""

from pydantic import BaseModel, ConfigDict


class Told(BaseModel):
    """A shape of the interface; the browser's types are made from these (`types.py`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
