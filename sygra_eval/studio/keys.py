"""Keys that were typed, in memory. A stand-in until the part of that name is merged."""

from collections.abc import Mapping


class Keys:
    """The keys of one Studio."""

    def __init__(self) -> None:
        self._typed: dict[str, str] = {}

    def put(self, name: str, key: str) -> None:
        """Take a key."""
        self._typed[name] = key

    def delete(self, name: str) -> None:
        """Forget a key."""
        self._typed.pop(name, None)

    def environment(self) -> Mapping[str, str]:
        """Return what children get beside our own environment."""
        return dict(self._typed)
