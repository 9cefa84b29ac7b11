"""A reply as processors are handed it."""

from typing import Any


class SygraMessage:
    """Wraps a message of langchain."""

    def __init__(self, msg: Any) -> None:
        self._message = msg

    @property
    def message(self) -> Any:
        """The message itself, with its `content`."""
        return self._message
