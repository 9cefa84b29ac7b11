"""The bases of functions that are nodes; `apply` is called on the class."""

from abc import ABC, abstractmethod
from typing import Any


class LambdaFunction(ABC):
    """A node that is a function."""

    @staticmethod
    @abstractmethod
    def apply(lambda_node_dict: dict[str, Any], state: Any) -> Any:
        """Return what the node adds; its first argument is the node as the YAML has it."""


class AsyncLambdaFunction(ABC):
    """A node that is a coroutine."""

    @staticmethod
    @abstractmethod
    async def apply(lambda_node_dict: dict[str, Any], state: Any) -> Any:
        """Return what the node adds; its first argument is the node as the YAML has it."""
