"""That somebody held the event loop up, as a value."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Somebody held the loop up.

    :ivar culprit: The plugin by name, or the module where none is to blame.
    :ivar where: Function, file and line.
    :ivar is_plugin: Of a user: somebody can do something about it.
    """

    culprit: str
    where: str
    is_plugin: bool
    lag_s: float = 0.0

    def told(self) -> str:
        """Return it as a sentence."""
        who = f"plugin {self.culprit}" if self.is_plugin else self.culprit
        return (
            f"{who} held up everything for {self.lag_s:.1f} s, in {self.where}; what computes or "
            "waits for so long belongs into `await asyncio.to_thread(...)`"
        )


OnBlocked = Callable[[Blocked], None]
