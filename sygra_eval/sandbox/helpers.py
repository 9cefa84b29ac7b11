"""What programs that only help us are told of our environment: nothing that they could leak.

A program's environment can be read by all that run as its user (`/proc/PID/environ`), for as long
as it lives. Keys that Studio handed to a run are set in its own environment, after it began; so
they stand in that of no process, unless one is started with them.
"""

import os
from collections.abc import Mapping

from sygra_eval.values import KEYS_TAKEN


def without_keys(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return an environment without the keys that were handed over."""
    taken = {KEYS_TAKEN, *environ.get(KEYS_TAKEN, "").split(",")}
    return {name: value for name, value in environ.items() if name not in taken}
