"""The bases of what runs before and after a model is asked; instances are made without arguments.

Which of the arguments an `apply` takes is its own affair: it is called by its signature.
"""

from abc import ABC, abstractmethod
from typing import Any


class NodePreProcessor(ABC):
    """Runs before a node's prompt is rendered."""

    @abstractmethod
    def apply(self, state: Any) -> Any:
        """Return the state that the prompt is rendered from."""


class NodePostProcessor(ABC):
    """Runs on a reply."""

    @abstractmethod
    def apply(self, resp: Any) -> Any:
        """Return what the node adds."""


class NodePostProcessorWithState(ABC):
    """Runs on a reply and the state."""

    @abstractmethod
    def apply(self, resp: Any, state: Any) -> Any:
        """Return what the node adds."""
