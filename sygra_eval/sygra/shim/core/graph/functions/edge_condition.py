"""The base of conditions of edges."""

from abc import ABC, abstractmethod
from typing import Any


class EdgeCondition(ABC):
    """Says where a record goes next; `apply` is called on the class, never on an instance."""

    @staticmethod
    @abstractmethod
    def apply(state: Any) -> Any:
        """Return a key of the edge's `path_map`."""
