"""What plugin authors test with: a server of models on loopback that follows a script.

`ScriptedEndpoint` speaks the real protocols over a real socket and keeps what it was asked
(`dialects`, `texts`); the functions of `replies` make its replies, good and bad, `faults` and
`text_faults` have the catalogue of what goes wrong with endpoints, and `audit` checks a run by what
the server saw. `run_node` and `run_validator` try one part alone (`alone`). Names are loaded when
first used, because this package is imported by every pytest session (fixtures of our pytest plugin
live here) and aiohttp is heavy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sygra_eval.testing.alone import run_node, run_validator
    from sygra_eval.testing.endpoint import ScriptedEndpoint
    from sygra_eval.testing.faults import FAULTS, PASSING, Fault
    from sygra_eval.testing.replies import (
        Reply,
        completion,
        cut_off,
        dropped,
        ended_early,
        garbage,
        hang,
        rate_limited,
        stalled,
        status,
        trickle,
    )
    from sygra_eval.testing.text_faults import TEXT_FAULTS
    from sygra_eval.testing.texts import classes, rewards, scores, vectors

__all__ = [
    "FAULTS",
    "PASSING",
    "TEXT_FAULTS",
    "Fault",
    "Reply",
    "ScriptedEndpoint",
    "classes",
    "completion",
    "cut_off",
    "dropped",
    "ended_early",
    "garbage",
    "hang",
    "rate_limited",
    "rewards",
    "run_node",
    "run_validator",
    "scores",
    "stalled",
    "status",
    "trickle",
    "vectors",
]
_MODULES = {"ScriptedEndpoint": "endpoint", "FAULTS": "faults", "PASSING": "faults"}
_MODULES |= {"Fault": "faults", "TEXT_FAULTS": "text_faults"}
_MODULES |= dict.fromkeys(("classes", "rewards", "scores", "vectors"), "texts")
_MODULES |= {"run_node": "alone", "run_validator": "alone"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"sygra_eval.testing.{_MODULES.get(name, 'replies')}")
    return getattr(module, name)
