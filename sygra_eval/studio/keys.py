"""A stand-in until the platform's part is merged: no key is typed yet."""

from collections.abc import Mapping


class Keys:
    """Keys that were typed; children of this server get them."""

    def environment(self) -> Mapping[str, str]:
        """Return the typed keys by name."""
        return {}
