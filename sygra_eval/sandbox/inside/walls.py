"""The walls that a process puts around itself: rlimits, privileges, Landlock, seccomp."""

import ctypes
import os
import resource
import struct
import sys

from sygra_eval.sandbox.inside.kernel import (
    PR_CAP_AMBIENT,
    PR_CAPBSET_DROP,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_SECCOMP,
    checked,
    libc,
    prctl,
)

SECCOMP_MODE_FILTER, PR_CAP_AMBIENT_CLEAR_ALL = 2, 4
CAPABILITY_VERSION_3 = 0x20080522

LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_NEWEST_ABI = 7  # the newest this code knows; a newer kernel is asked for this one
RULE_PATH_BENEATH = 1
READ_FILE, READ_DIR = 1 << 2, 1 << 3
EXECUTE, MAKE_CHAR, MAKE_SOCK, MAKE_BLOCK = 1 << 0, 1 << 6, 1 << 9, 1 << 11
ON_A_FILE = 1 << 1 | READ_FILE | 1 << 14 | 1 << 15  # write, read, truncate, device ioctl

Handle = tuple[int, int]
"""A path as a descriptor, with the Landlock rights to give on it."""


def lock_up(
    settings: dict[str, object],
    order: dict[str, object],
    handles: list[Handle],
    first_free: int,
) -> str:
    """Put every layer in force, in the one order that works; name them."""
    profile = str(settings["profile"])
    if profile == "none":
        os.closerange(first_free, 1 << 20)
        limit_resources(order)
        return "rlimit"
    walls = open_walls(handles, str(order["folder"]))
    limit_resources(order)
    drop_capabilities()
    prctl("no_new_privs", PR_SET_NO_NEW_PRIVS, 1)
    namespaces = "userns,pid,mnt,ipc,net," if profile.startswith("box") else ""
    landlock = ""
    if walls is not None:
        abi, ruleset = walls
        quiet = 1 if abi >= 7 else 0  # ABI 7 logs each refusal for audit unless told not to
        code = libc.syscall(LANDLOCK_RESTRICT_SELF, ctypes.c_long(ruleset), ctypes.c_long(quiet))
        checked(code, "landlock_restrict_self")
        os.close(ruleset)
        landlock = f"landlock{abi},"
    elif profile == "reduced":
        raise OSError("landlock_create_ruleset: this kernel has no Landlock")
    os.closerange(first_free, 1 << 20)
    load_filter(settings["bpf"])
    user = ",uid0" if os.getuid() == 0 else ""
    return f"{namespaces}{landlock}seccomp,rlimit{user}{allowed(settings)}"


def allowed(settings: dict[str, object]) -> str:
    """Say what was allowed beyond computing, and whether something bounds all processes at once."""
    allow = settings["allow"]
    assert isinstance(allow, tuple)  # noqa: S101 - for the type checker; marshal made it
    words = "".join(f",{word}" for word in allow)
    if settings.get("has_cgroup"):
        return f",cgroup{words}"
    return f"{words},no-cgroup" if "processes" in allow else words


def set_environment(folder: str, hash_seed: object) -> None:
    """Leave nothing of the user's environment; what is there is the same on every machine."""
    wanted = {
        "HOME": folder,
        "TMPDIR": folder,
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "PYTHONHASHSEED": str(hash_seed),
        "TZ": "UTC",
    }
    if os.environ != wanted:  # a child of a box finds it as its zygote left it
        os.environ.clear()
        os.environ.update(wanted)


def limit_resources(order: dict[str, object]) -> None:
    """Set the kernel's limits; what the start-up used of the CPU is not charged to the program."""
    limits = order["rlimits"]
    assert isinstance(limits, dict)  # noqa: S101 - for the type checker; marshal made it
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = int(used.ru_utime + used.ru_stime + float(limits.pop("cpu_s"))) + 1
    bounds = {getattr(resource, f"RLIMIT_{name}"): (value, value) for name, value in limits.items()}
    bounds[resource.RLIMIT_CPU] = (cpu_s, cpu_s + 1)  # SIGXCPU can be ignored, SIGKILL cannot
    for kind, (soft, hard) in bounds.items():
        most = resource.getrlimit(kind)[1]
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(kind, (soft, hard))


def raise_oom_score() -> None:
    """Be the first to go when the machine runs out of memory, before the harness does."""
    try:
        score = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    except OSError:  # no procfs: the kernel picks by size
        return
    try:
        os.write(score, b"1000")
    except OSError:  # a container may forbid it
        pass
    finally:
        os.close(score)


def keep_the_standard_library_within_reach() -> None:
    """Import by descriptor from now on, so that an interpreter below a closed home still works.

    As uid 65534 `/root/.pyenv/…` cannot be walked to, but a descriptor opened before can be
    walked from. The descriptors are bare paths (O_PATH): Landlock still decides what is read.
    """
    moved: dict[str, str] = {}
    for position, folder in enumerate(sys.path):
        try:
            handle = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        except OSError:  # `python311.zip`, which nobody has
            continue
        moved[folder] = sys.path[position] = f"/proc/self/fd/{handle}"
    sys.path[:] = moved.values()
    sys.path_importer_cache.clear()
    for module in list(sys.modules.values()):
        places = getattr(module, "__path__", None)
        if isinstance(places, list):
            places[:] = [moved_to(place, moved) for place in places]


def moved_to(place: str, moved: dict[str, str]) -> str:
    """Where a package's folder is found now."""
    for old, new in moved.items():
        if place.startswith(old + "/"):
            return new + place[len(old) :]
    return place


def drop_identity(uid: int | None) -> None:
    """Become nobody where the harness is root, and give up every capability in any case."""
    drop_bounding_set()  # while it may be
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    drop_capabilities()


def drop_capabilities() -> None:
    """Give up every capability that there is, those of a user namespace too."""
    drop_bounding_set()
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)  # absent before Linux 4.3
    header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
    checked(libc.capset(header, bytes(24)), "capset")


def drop_bounding_set() -> None:
    """Let no later program gain a capability; without CAP_SETPCAP there is none to lose."""
    for capability in range(64):
        if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            break


def opened_handles(settings: dict[str, object]) -> list[Handle]:
    """Open the paths that stay readable, while they can still be walked to."""
    readable = settings["readable"]
    assert isinstance(readable, tuple)  # noqa: S101 - for the type checker; marshal made it
    may_run = EXECUTE if settings["allow"] else 0
    handles = []
    for path in readable:
        try:
            handle = os.open(path, os.O_PATH)
        except FileNotFoundError:  # a path that is not there needs no rule
            continue
        is_folder = os.path.isdir(path)  # noqa: PTH112 - pathlib costs start-up
        handles.append((handle, may_run | (READ_FILE | READ_DIR if is_folder else READ_FILE)))
    handles.append((os.open("/dev/null", os.O_PATH), ON_A_FILE))
    return handles


def open_walls(handles: list[Handle], folder: str) -> tuple[int, int] | None:
    """Make the Landlock rules of one run; None on a kernel without Landlock."""
    abi = libc.syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_long(1))
    if abi < 0:
        return None
    abi = min(abi, LANDLOCK_NEWEST_ABI)
    files = (1 << 13) - 1  # what ABI 1 knows
    for since, right in ((2, 1 << 13), (3, 1 << 14), (5, 1 << 15)):
        files |= right if abi >= since else 0
    network, scope = (3 if abi >= 4 else 0), (3 if abi >= 6 else 0)
    words = 3 if abi >= 6 else 2 if abi >= 4 else 1
    handled = struct.pack("QQQ", files, network, scope)[: 8 * words]
    size = ctypes.c_size_t(len(handled))
    made = libc.syscall(LANDLOCK_CREATE_RULESET, handled, size, ctypes.c_long(0))
    ruleset = checked(made, "landlock_create_ruleset")
    own_folder = files & ~(EXECUTE | MAKE_CHAR | MAKE_SOCK | MAKE_BLOCK)
    own = os.open(folder, os.O_PATH)
    for handle, rights in (*handles, (own, own_folder)):
        rule = struct.pack("=Qi", rights & files, handle)
        kind = ctypes.c_long(RULE_PATH_BENEATH)
        code = libc.syscall(LANDLOCK_ADD_RULE, ctypes.c_long(ruleset), kind, rule, ctypes.c_long(0))
        checked(code, "landlock_add_rule")
    os.close(own)
    return abi, ruleset


def load_filter(program: object) -> None:
    """Hand the seccomp filter to the kernel; from here on the allow list holds."""
    assert isinstance(program, bytes)  # noqa: S101 - for the type checker; marshal made it
    instructions = ctypes.create_string_buffer(program, len(program))
    address = ctypes.addressof(instructions)
    header = struct.pack(
        "HxxxxxxQ" if ctypes.sizeof(ctypes.c_void_p) == 8 else "HxxI", len(program) // 8, address
    )
    code = libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0)
    checked(code, "PR_SET_SECCOMP")
