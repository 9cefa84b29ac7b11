"""What this host grants a sandbox, found by trying, and how to get what is missing."""

import ctypes
import platform
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sygra_eval.sandbox.cgroups import HOW_TO_DELEGATE, NoGroups, found_groups
from sygra_eval.sandbox.choice import LEAST
from sygra_eval.sandbox.providers import WAYS_TO_NAMESPACES
from sygra_eval.sandbox.syscalls import allow_list
from sygra_eval.values import SandboxProvider, SandboxUnavailable

LANDLOCK_CREATE_RULESET, LANDLOCK_CREATE_RULESET_VERSION = 444, 1
PR_GET_SECCOMP = 21
AFTER_THE_USER_NAMESPACE = (
    *("unshare(mnt", "unshare(pid", "unshare(net", "unshare(ipc", "unshare(uts", "unshare(cgroup"),
    *("mount", "pivot_root", "setns"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One provider as this host answers it: its isolation, or why it cannot be had."""

    name: str
    strength: int
    isolation: str | None
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer: whether it is granted, what was seen, and how to get it where it is not.

    :ivar fix: Empty where it is granted.
    """

    name: str
    is_granted: bool
    found: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """All that was found; `default` is what a run would take, None when it would be refused."""

    default: str | None
    profiles: tuple[Profile, ...]
    layers: tuple[Layer, ...]


async def examine(providers: Mapping[str, SandboxProvider]) -> Examination:
    """Start every provider that isolates, prove it, and close it again."""
    strongest_first = sorted(providers.items(), key=lambda item: -item[1].strength)
    profiles = tuple([await tried(name, one) for name, one in strongest_first if one.strength > 0])
    layers = (system(), *namespaces(profiles), landlock(), seccomp(), cgroup(), engines())
    least = providers[LEAST].strength if LEAST in providers else 1
    usable = [p.name for p in profiles if p.isolation is not None and p.strength >= least]
    return Examination(
        default=usable[0] if usable else None,
        profiles=profiles,
        layers=tuple(replace(layer, fix="") if layer.is_granted else layer for layer in layers),
    )


async def tried(name: str, provider: SandboxProvider) -> Profile:
    """Start one provider and say what came of it."""
    try:
        sandbox = await provider.start(1)
    except SandboxUnavailable as error:
        return Profile(name=name, strength=provider.strength, isolation=None, answer=str(error))
    isolation = sandbox.describe()
    await sandbox.close()
    return Profile(
        name=name, strength=provider.strength, isolation=isolation, answer="holds its canaries"
    )


def system() -> Layer:
    """Whether this is a system with the calls that are used."""
    machine = f"{platform.system()} {platform.release()} on {platform.machine()}"
    return Layer(
        name="system",
        is_granted=sys.platform == "linux",
        found=machine,
        fix="a Linux machine, virtual machine or container",
    )


def namespaces(profiles: tuple[Profile, ...]) -> list[Layer]:
    """Read from the boxes what the kernel gave, or what it answered."""
    boxes = {profile.name: profile for profile in profiles}
    box, shared = boxes.get("box"), boxes.get("box-shared")
    has_box = box is not None and box.isolation is not None
    has_any = has_box or (shared is not None and shared.isolation is not None)
    inner, outer = (kernels_answer(p.answer) if p else "not registered" for p in (box, shared))
    has_user = has_any or any(step in outer for step in AFTER_THE_USER_NAMESPACE)
    found = {
        "user namespace": (has_user, "granted" if has_user else outer),
        "mnt,pid,net,ipc": (has_any, "in force in a box" if has_any else outer),
        "the same per run": (has_box, "in force in `box`" if has_box else inner),
    }
    return [
        Layer(name=name, is_granted=is_granted, found=said, fix=WAYS_TO_NAMESPACES)
        for name, (is_granted, said) in found.items()
    ]


def kernels_answer(refusal: str) -> str:
    """Cut a provider's refusal to what the kernel said."""
    tried = refusal.partition(": ")[2].partition("; ways out")[0]
    return tried.rpartition("could not be set up: ")[2] or refusal


def landlock() -> Layer:
    """Ask the kernel for its Landlock."""
    fix = "Linux 5.13 or newer, with `landlock` among the boot option `lsm=`"
    if sys.platform != "linux":
        return Layer(name="landlock", is_granted=False, found="–", fix=fix)
    libc = ctypes.CDLL(None, use_errno=True)
    abi = libc.syscall(
        ctypes.c_long(LANDLOCK_CREATE_RULESET),
        None,
        ctypes.c_size_t(0),
        ctypes.c_long(LANDLOCK_CREATE_RULESET_VERSION),
    )
    found = f"ABI {abi}" if abi > 0 else "the kernel does not know it, or has it switched off"
    return Layer(name="landlock", is_granted=abi > 0, found=found, fix=fix)


def seccomp() -> Layer:
    """Build the filter, and ask whether the kernel takes one."""
    fix = "the system's libseccomp (`libseccomp2` on Debian and Ubuntu), a kernel with seccomp"
    try:
        size = len(allow_list()) // 8
    except SandboxUnavailable as error:
        return Layer(name="seccomp", is_granted=False, found=str(error), fix=fix)
    is_known = ctypes.CDLL(None).prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0
    found = f"allow list of {size} instructions" if is_known else "the kernel has none"
    return Layer(name="seccomp", is_granted=is_known, found=found, fix=fix)


def cgroup() -> Layer:
    """Make a cgroup as a run would, and remove it again."""
    try:
        groups = found_groups()
    except NoGroups as why:
        return Layer(name="cgroup v2", is_granted=False, found=str(why), fix=HOW_TO_DELEGATE)
    found = f"memory and pids, below {groups.folder}"
    return Layer(name="cgroup v2", is_granted=True, found=found, fix="")


def engines() -> Layer:
    """Say which container engine is installed; none is needed, and none is asked here."""
    found = [name for name in ("docker", "podman") if shutil.which(name)]
    fix = "docker or podman; needed only for `sandbox: {isolation: docker, image: …}`"
    told = f"{', '.join(found)} installed; proved when a suite asks for it" if found else "–"
    return Layer(name="container engine", is_granted=bool(found), found=told, fix=fix)
