"""Locks its own process up, then runs one program as `__main__`. Never imported by the harness.

`process.py` compiles this file once and sends the code, with the settings of the run, to a bare
interpreter (`-s -P -S -B`, clean environment) over a memory file. It needs the standard library
alone. Nothing of the program is read before every layer is in force; what was put in force, or
why it could not be, goes back over the status pipe.

Descriptors at the start: 0 to 2 the program's, 3 the result pipe, 4 this code, 5 the status pipe.
"""

import builtins
import ctypes
import os
import resource
import signal
import site
import struct
import sys

RESULT_FD, CODE_FD, STATUS_FD = 3, 4, 5
SETUP_FAILED_EXIT = 97

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP = 1, 4, 24
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 22, 38, 47
SECCOMP_MODE_FILTER, PR_CAP_AMBIENT_CLEAR_ALL = 2, 4
CAPABILITY_VERSION_3 = 0x20080522

LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_NEWEST_ABI = 7  # the newest this code knows; a newer kernel is asked for this one
RULE_PATH_BENEATH = 1
READ_FILE, READ_DIR = 1 << 2, 1 << 3
EXECUTE, MAKE_CHAR, MAKE_SOCK, MAKE_BLOCK = 1 << 0, 1 << 6, 1 << 9, 1 << 11
ON_A_FILE = 1 << 1 | READ_FILE | 1 << 14 | 1 << 15  # write, read, truncate, device ioctl

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def main(settings: dict[str, object]) -> None:
    """Put the layers in force, say so, and run the program."""
    try:
        in_force = lock_up(settings)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the program must not run
        os.write(STATUS_FD, f"failed {error}\n".encode())
        os._exit(SETUP_FAILED_EXIT)
    os.write(STATUS_FD, f"ready {in_force}\n".encode())
    os.close(STATUS_FD)
    run_as_main(str(settings["entry"]))


def lock_up(settings: dict[str, object]) -> str:
    """Put every layer in force, in the one order that works; name them."""
    wants_result, has_walls = bool(settings["wants_result"]), bool(settings["has_walls"])
    uid, parent = settings["uid"], settings["parent"]
    os.setsid()
    os.closerange(STATUS_FD + 1, 1 << 20)  # by close_range(2); libraries leak descriptors
    for unwanted in (CODE_FD,) if wants_result else (RESULT_FD, CODE_FD):
        close_if_open(unwanted)
    os.chdir(str(settings["folder"]))
    set_environment(str(settings["folder"]), wants_result=wants_result)
    raise_oom_score()
    walls = open_walls(settings) if has_walls else None
    limit_resources(settings)
    keep_the_standard_library_within_reach()
    if has_walls:
        drop_privileges(uid)
    checked(libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE")
    checked(libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0), "PR_SET_PDEATHSIG")
    if os.getppid() != parent:
        raise OSError("the harness ended before its child was ready")
    if walls is None:
        return "rlimit"
    abi, ruleset = walls
    checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    quiet = 1 if abi >= 7 else 0  # ABI 7 writes each refusal to the audit log unless told not to
    code = libc.syscall(LANDLOCK_RESTRICT_SELF, ctypes.c_long(ruleset), ctypes.c_long(quiet))
    checked(code, "landlock_restrict_self")
    os.close(ruleset)
    load_filter(settings["bpf"])
    return f"landlock{abi},seccomp,rlimit" + (",uid0" if os.getuid() == 0 else "")


def run_as_main(entry: str) -> None:
    """Run the file as `python entry` would, with no frame of ours in its traceback."""
    site.setquit()
    module = type(sys)("__main__")
    module.__file__, module.__builtins__ = entry, builtins  # type: ignore[attr-defined]
    sys.modules["__main__"] = module
    sys.argv = [entry]
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - pathlib costs 5 ms of start-up
    try:
        with open(entry, "rb") as file:  # noqa: PTH123 - pathlib costs 5 ms of start-up
            source = file.read()
        exec(compile(source, entry, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - reported as the interpreter itself would
        own = error.__traceback__
        error = error.with_traceback(own.tb_next if own else None)
        sys.excepthook(type(error), error, error.__traceback__)
        sys.exit(1)


def set_environment(folder: str, *, wants_result: bool) -> None:
    """Leave nothing of the user's environment; what is there is the same on every machine."""
    os.environ.clear()
    os.environ.update(
        HOME=folder,
        TMPDIR=folder,
        LANG="C.UTF-8",
        PATH="/usr/bin:/bin",
        PYTHONHASHSEED="0",
        TZ="UTC",
    )
    if wants_result:
        os.environ["SYGRA_EVAL_RESULT_FD"] = str(RESULT_FD)


def limit_resources(settings: dict[str, object]) -> None:
    """Set the kernel's limits; what the start-up used of the CPU is not charged to the program."""
    limits = settings["rlimits"]
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


def drop_privileges(uid: object) -> None:
    """Become nobody where the harness is root, and give up every capability in any case."""
    if os.getuid() == 0:
        for capability in range(64):
            if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
                break
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)  # absent before Linux 4.3
    if isinstance(uid, int):
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
    checked(libc.capset(header, bytes(24)), "capset")


def open_walls(settings: dict[str, object]) -> tuple[int, int]:
    """Make the Landlock rules while every path can still be walked to."""
    abi = libc.syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_long(1))
    abi = min(checked(abi, "landlock_create_ruleset"), LANDLOCK_NEWEST_ABI)
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
    allow(ruleset, str(settings["folder"]), own_folder)
    allow(ruleset, "/dev/null", files & ON_A_FILE)
    for path in settings["readable"]:  # type: ignore[attr-defined]
        allow(ruleset, path, READ_FILE | READ_DIR)
    return abi, ruleset


def allow(ruleset: int, path: str, rights: int) -> None:
    """Add one rule; a path that is not there needs none."""
    try:
        handle = os.open(path, os.O_PATH)
    except FileNotFoundError:
        return
    if not os.path.isdir(path):  # noqa: PTH112 - pathlib costs 5 ms of start-up
        rights &= ON_A_FILE
    rule = struct.pack("=Qi", rights, handle)
    kind = ctypes.c_long(RULE_PATH_BENEATH)
    code = libc.syscall(LANDLOCK_ADD_RULE, ctypes.c_long(ruleset), kind, rule, ctypes.c_long(0))
    checked(code, f"landlock_add_rule {path}")
    os.close(handle)


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


def checked(code: int, what: str) -> int:
    """Pass a call's answer on, or raise what the kernel said."""
    if code < 0:
        number = ctypes.get_errno()
        raise OSError(f"{what}: {os.strerror(number)}")
    return code


def close_if_open(descriptor: int) -> None:
    """Close a descriptor that may not be there."""
    try:  # noqa: SIM105 - contextlib costs start-up
        os.close(descriptor)
    except OSError:
        pass
