"""How code under test is isolated on this host: what `sygra-eval doctor` finds, once a start."""

import json
import subprocess
import sys
from functools import cache
from typing import Any, Final

from sygra_eval.studio.told import Told

_SECONDS: Final = 60.0


class Missing(Told):
    """A layer that this host does not grant, and how to get it."""

    layer: str
    found: str
    fix: str


class Isolation(Told):
    """The sandbox that a run would take.

    :ivar kind: What is in force, as on a verdict; None where a run would be refused.
    """

    kind: str | None
    said: str
    missing: list[Missing]


@cache
def isolation_of() -> Isolation:
    """Try the sandboxes in a process of its own: they are attacked by their canaries there."""
    command = [sys.executable, "-m", "sygra_eval", "doctor", "--json"]
    try:
        ran = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603
        return _isolation(json.loads(ran.stdout.splitlines()[-1]))
    except (OSError, subprocess.TimeoutExpired, ValueError, LookupError):
        said = "it could not be found out: see `sygra-eval doctor`"
        return Isolation(kind=None, said=said, missing=[])


def _isolation(told: dict[str, Any]) -> Isolation:
    default = told.get("default")
    profile = next((one for one in told["profiles"] if one["name"] == default), None)
    missing = [
        Missing(layer=one["name"], found=one["found"], fix=one["fix"])
        for one in told["layers"]
        if not one["is_granted"]
    ]
    if profile is None:
        return Isolation(kind=None, said="a run would be refused on this host", missing=missing)
    return Isolation(kind=profile["isolation"], said=profile["answer"], missing=missing)
