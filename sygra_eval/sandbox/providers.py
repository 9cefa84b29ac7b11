"""The two built-in providers: `reduced`, which locks up, and `none`, which only limits."""

import os
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sygra_eval.sandbox.canaries import prove
from sygra_eval.sandbox.syscalls import allow_list
from sygra_eval.values import Sandbox, SandboxUnavailable

if TYPE_CHECKING:
    from sygra_eval.sandbox.warm import WarmSandbox

NOBODY = 65534
SYSTEM_READABLE = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/etc/ld.so.cache",
    "/usr/share/zoneinfo",
    "/dev/zero",
    "/dev/random",
    "/dev/urandom",
)
WAYS_TO_NAMESPACES = (
    "sysctl user.max_user_namespaces=10000; on Ubuntu also"
    " kernel.apparmor_restrict_unprivileged_userns=0, on Debian kernel.unprivileged_userns_clone=1;"
    " in a container a seccomp profile that lets `unshare` and `mount` through and an unmasked"
    " /proc (docker: `--security-opt seccomp=unconfined --security-opt systempaths=unconfined`)"
)
WAYS_OUT = (
    "Linux 5.13 or newer with Landlock enabled (`landlock` in /sys/kernel/security/lsm)"
    " and libseccomp installed; a container runtime whose seccomp profile lets Landlock through;"
    " or, at your own risk, `sandbox: {isolation: none, i_accept_the_risk: true}` or"
    " `--unsafe-no-sandbox`"
)


IMPORTED_MOST = """
argparse array base64 bisect collections.abc contextlib copy dataclasses datetime decimal enum
fractions functools hashlib heapq itertools json math operator random re statistics string struct
textwrap threading time traceback typing unittest
"""
PRELOAD = tuple(IMPORTED_MOST.split())
"""Loaded once, in the zygote, so that importing it costs an answer nothing."""

BOX_FOLDER = "/sygra-eval-run"


class BoxProvider:
    """Own namespaces, and further ones for each execution, on a root of its own."""

    name = "box"
    strength = 30
    layers: tuple[str, ...] = ("userns", "pid", "mnt", "ipc", "net", "seccomp", "rlimit")

    async def start(self, slots: int) -> Sandbox:
        """Prove the layers by a run and by canaries, and hand out the sandbox."""
        tried = "user and other namespaces"
        return await proved(self.name, slots, self.layers, tried, WAYS_TO_NAMESPACES)


class BoxSharedProvider(BoxProvider):
    """The box where a run gets no namespaces of its own: it shares those of its zygote.

    One run at a time is in a box, and Landlock and seccomp keep it from the zygote.
    """

    name = "box-shared"
    strength = 20
    layers = (*BoxProvider.layers, "landlock")


class ReducedProvider:
    """Landlock, seccomp and rlimits: for hosts that give no namespaces; 48 of 48 attacks held."""

    name = "reduced"
    strength = 10

    async def start(self, slots: int) -> Sandbox:
        """Prove the layers by a run and by canaries, and hand out the sandbox."""
        layers = ("landlock", "seccomp", "rlimit")
        return await proved(self.name, slots, layers, "Landlock, seccomp and rlimits", WAYS_OUT)


class NoneProvider:
    """No isolation, only limits and a clean environment; taken on explicit demand alone."""

    name = "none"
    strength = 0

    async def start(self, slots: int) -> Sandbox:
        """Hand out a sandbox in name only."""
        refuse_other_systems()
        return unproved(self.name, slots, b"")


async def proved(
    name: str, slots: int, layers: tuple[str, ...], tried: str, ways_out: str
) -> Sandbox:
    """Start a sandbox and hand it out when it holds.

    :raises SandboxUnavailable: With what was tried and what the host answered.
    """
    try:
        refuse_other_systems()
        sandbox = unproved(name, slots, allow_list())
        try:
            proof = await prove(sandbox, layers)
        except BaseException:
            await sandbox.close()
            raise
    except SandboxUnavailable as error:
        raise SandboxUnavailable(
            f"sandbox `{name}` cannot be had here; tried {tried}: {error}; ways out: {ways_out}"
        ) from error
    sandbox.in_force = proof.isolation
    return sandbox


def unproved(name: str, slots: int, bpf: bytes) -> "WarmSandbox":
    """Prepare a sandbox; its first execution starts its first process."""
    from sygra_eval.sandbox.cgroups import NoGroups, found_groups
    from sygra_eval.sandbox.folders import make_base  # Linux alone has what these import
    from sygra_eval.sandbox.warm import WarmSandbox
    from sygra_eval.sandbox.zygote import Lockup

    groups = None
    if name != "none":
        with suppress(NoGroups):
            groups = found_groups()
    base, lock = make_base()
    lockup = Lockup(
        profile=name,
        uid=uid_to_become(base) if name != "none" else None,
        bpf=bpf,
        readable=(*SYSTEM_READABLE, *library_folders()),
        folder=BOX_FOLDER if name.startswith("box") else str(base),
        slots=slots,
        preload=PRELOAD,
        groups=groups,
    )
    return WarmSandbox(name, lockup, base, lock)


def refuse_other_systems() -> None:
    """Say clearly where this works.

    :raises SandboxUnavailable: Elsewhere than on Linux.
    """
    if sys.platform != "linux":
        raise SandboxUnavailable(
            f"code is run in isolation on Linux only, and this is {sys.platform};"
            " use a Linux machine, virtual machine or container"
        )


def uid_to_become(base: Path) -> int | None:
    """Nobody when we are root and may hand files over; else the user we are."""
    if os.getuid() != 0:
        return None
    try:
        probe = base / "probe"
        probe.touch()
        os.chown(probe, NOBODY, NOBODY)
    except OSError:  # a user namespace that knows root alone; the isolation string says `uid0`
        return None
    finally:
        (base / "probe").unlink(missing_ok=True)
    return NOBODY


def library_folders() -> tuple[str, ...]:
    """Where the interpreter keeps its standard library and the shared libraries beside it."""
    base = {"platbase": sys.base_exec_prefix}  # not a virtual environment's, which has packages
    libraries = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib", vars=base)}
    return tuple(sorted({str(Path(library).resolve().parent) for library in libraries}))
