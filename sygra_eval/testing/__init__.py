"""What plugin authors test with: a chat-completions server on loopback that follows a script.

`ScriptedEndpoint` speaks the real protocol over a real socket and keeps what it was asked; the
functions beside it make its replies, good and bad. Names are loaded when first used, because this
package is imported by every pytest session (our pytest plugin lives here) and aiohttp is heavy.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sygra_eval.testing.endpoint import (
        Reply,
        ScriptedEndpoint,
        completion,
        cut_off,
        dropped,
        garbage,
        hang,
        rate_limited,
        status,
        trickle,
    )

__all__ = [
    "Reply",
    "ScriptedEndpoint",
    "completion",
    "cut_off",
    "dropped",
    "garbage",
    "hang",
    "rate_limited",
    "status",
    "trickle",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sygra_eval.testing import endpoint

    return getattr(endpoint, name)
