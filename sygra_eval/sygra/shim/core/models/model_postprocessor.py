"""What a model's replies go through before a node sees them."""

import re
from abc import ABC, abstractmethod

_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)


class ModelPostProcessor(ABC):
    """Changes the text of a reply."""

    @abstractmethod
    def apply(self, resp: str) -> str:
        """Return the text that takes its place."""


class RemoveThinkData(ModelPostProcessor):
    """Cuts the first thought out of a reply."""

    def apply(self, resp: str) -> str:
        """Return the reply without it."""
        return _THOUGHT.sub("", resp, count=1).strip()
