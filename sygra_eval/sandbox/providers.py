"""The two built-in providers: `reduced`, which locks up, and `none`, which only limits."""

import os
import sys
import sysconfig
from pathlib import Path

from sygra_eval.sandbox.canaries import prove
from sygra_eval.sandbox.syscalls import allow_list
from sygra_eval.values import Sandbox, SandboxUnavailable

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
WAYS_OUT = (
    "ways out: Linux 5.13 or newer with Landlock enabled (`landlock` in /sys/kernel/security/lsm)"
    " and libseccomp installed; a container runtime whose seccomp profile lets Landlock through;"
    " or, at your own risk, `sandbox: {isolation: none, i_accept_the_risk: true}` or"
    " `--unsafe-no-sandbox`"
)


class ReducedProvider:
    """Landlock, seccomp and rlimits: for hosts that give no namespaces; 48 of 48 attacks held."""

    name = "reduced"
    strength = 10

    async def start(self, slots: int) -> Sandbox:
        """Prove the layers by a run and by canaries, and hand out the sandbox."""
        try:
            return await self._proved(slots)
        except SandboxUnavailable as error:
            raise SandboxUnavailable(
                f"sandbox `reduced` cannot be had here; tried Landlock, seccomp and rlimits:"
                f" {error}; {WAYS_OUT}"
            ) from error

    async def _proved(self, slots: int) -> Sandbox:
        refuse_other_systems()
        from sygra_eval.sandbox.cold import ColdSandbox  # Linux alone has what it imports
        from sygra_eval.sandbox.folders import make_base
        from sygra_eval.sandbox.process import Lockup

        bpf = allow_list()
        base, lock = make_base()
        lockup = Lockup(
            has_walls=True,
            uid=uid_to_become(base),
            bpf=bpf,
            readable=(*SYSTEM_READABLE, *library_folders()),
            slots=slots,
        )
        sandbox = ColdSandbox(self.name, lockup, base, lock)
        try:
            proof = await prove(sandbox, layers=("landlock", "seccomp", "rlimit"))
        except BaseException:
            await sandbox.close()
            raise
        sandbox.in_force = proof.isolation
        return sandbox


class NoneProvider:
    """No isolation, only limits and a clean environment; taken on explicit demand alone."""

    name = "none"
    strength = 0

    async def start(self, slots: int) -> Sandbox:
        """Hand out a sandbox in name only."""
        refuse_other_systems()
        from sygra_eval.sandbox.cold import ColdSandbox  # Linux alone has what it imports
        from sygra_eval.sandbox.folders import make_base
        from sygra_eval.sandbox.process import Lockup

        lockup = Lockup(has_walls=False, uid=None, bpf=b"", readable=(), slots=slots)
        return ColdSandbox(self.name, lockup, *make_base())


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
    libraries = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    return tuple(sorted({str(Path(library).resolve().parent) for library in libraries}))
