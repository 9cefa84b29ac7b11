"""Keys of models that the process which started us hands over, by a pipe and no other way.

Arguments and the environment that a process begins with can be read by all that run as its user
(`/proc/PID/environ`), and are kept where crashes are reported. What is set here is in neither.
"""

import json
import os
from collections.abc import MutableMapping
from typing import Final

from sygra_eval.values import KEYS_TAKEN

FD: Final = "SYGRA_EVAL_KEYS_FD"
MOST_BYTES: Final = 64 * 1024


def take_keys(environ: MutableMapping[str, str] = os.environ) -> None:
    """Read the keys that were handed over, if any were, and forget from where."""
    told = environ.pop(FD, None)
    if told is None:
        return
    try:
        with os.fdopen(int(told), "rb") as pipe:
            keys = json.loads(pipe.read(MOST_BYTES))
    except (OSError, ValueError, OverflowError):
        return  # who needs a key says which one is missing
    taken = []
    for name, key in keys.items() if isinstance(keys, dict) else ():
        if (
            isinstance(name, str)
            and isinstance(key, str)
            and "\0" not in name + key
            and "=" not in name
        ):
            environ[name] = key
            taken.append(name)
    environ[KEYS_TAKEN] = ",".join(
        taken
    )  # so that no program which only helps is started with them
