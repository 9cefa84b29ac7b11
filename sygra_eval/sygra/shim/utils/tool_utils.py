"""The base of what brings several tools at once."""

from abc import ABC, abstractmethod
from typing import Any


class LangChainToolsWrapper(ABC):
    """Holds tools that are made rather than written."""

    @abstractmethod
    def get_tools(self) -> list[Any]:
        """Return them."""
