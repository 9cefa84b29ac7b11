"""Which programs of the system an execution may run, and how its walls then differ.

`PROGRAMS`: another program takes the place of Python, alone. `PROCESSES`: programs and their
children, only where a pid namespace ends them all with the execution.
"""

import os
import shutil
import stat
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sygra_eval.sandbox.syscalls import allow_list
from sygra_eval.values import PROCESSES, PROGRAMS, Execution

if TYPE_CHECKING:
    from sygra_eval.sandbox.zygote import Lockup

KNOWN = frozenset({PROGRAMS, PROCESSES})
# The system's own programs, and where Debian links some of them: no user's files lie there.
SYSTEM_PROGRAMS = ("/bin", "/usr/bin", "/etc/alternatives", "/usr/share/perl", "/usr/share/perl5")
NEEDS_A_PID_NAMESPACE = (
    "processes are allowed only where a pid namespace ends them all with the execution, which is"
    " `box`; here it is `{profile}`. `sygra-eval doctor` says how to get `box`"
)


def refusal(execution: Execution, profile: str) -> str:
    """Say why a sandbox cannot bound what an execution asks for, or nothing."""
    unknown = sorted(execution.allow - KNOWN)
    if unknown:
        return f"no sandbox can allow `{unknown[0]}`; known: {', '.join(sorted(KNOWN))}"
    if PROCESSES in execution.allow and profile not in {"box", "none"}:
        return NEEDS_A_PID_NAMESPACE.format(profile=profile)
    return ""


@lru_cache(maxsize=8)
def allowing(lockup: "Lockup", allow: frozenset[str]) -> "Lockup":
    """Widen a lockup by what an execution may do."""
    if not allow or lockup.profile == "none":
        return lockup
    return replace(
        lockup,
        bpf=allow_list(allow),
        allow=tuple(sorted(allow)),
        readable=tuple(sorted({*lockup.readable, *SYSTEM_PROGRAMS, *programs_elsewhere()})),
    )


@lru_cache(maxsize=1)
def programs_elsewhere() -> tuple[str, ...]:
    """Find node where it was installed by hand: that one file, and nothing beside it."""
    found = program_at("node")
    return () if found is None or found.startswith(SYSTEM_PROGRAMS) else (found,)


def program_at(name: str) -> str | None:
    """Find a program as a sandbox would run it; None when there is none that anybody may run."""
    found = shutil.which(name)
    if found is None:
        return None
    path = Path(found).resolve()
    is_open = all(place.stat().st_mode & stat.S_IXOTH for place in (path, *path.parents))
    return str(path) if is_open and os.access(path, os.X_OK) else None
