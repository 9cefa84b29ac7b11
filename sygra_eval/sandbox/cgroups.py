"""A cgroup of version 2 per zygote, where a subtree is ours: the only bound on processes together.

Found by doing it: the group is made, limits are written and read back, and a zygote's processes
have to be seen in it. The harness stays in charge: it writes the limits before each execution and
reads afterwards whether the kernel killed for want of memory.
"""

import os
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sygra_eval.values import Limits

CONTROLLERS = frozenset({"memory", "pids"})
BESIDE_THE_PROGRAM_MB = 128
BESIDE_THE_PROGRAM_TASKS = 8
REMOVE_LIMIT_S = 2.0
PREFIX = "sygra-eval-"
HARNESS = f"{PREFIX}harness"
HOW_TO_DELEGATE = (
    "start with `systemd-run --user --scope -p Delegate=yes sygra-eval …`; without it the limits of"
    " each process hold, and only suites that allow processes need more"
)


class NoGroups(Exception):
    """No subtree is ours; the message says what was tried and what the kernel answered."""


@dataclass(slots=True)
class Slot:
    """The group of one zygote and all that it starts."""

    folder: Path
    limits: tuple[int, int] = (0, 0)
    kills: int = field(default=0)

    def take(self, pid: int) -> None:
        """Put a process into it; what that starts from now on is in it, too.

        :raises OSError: When the kernel refuses.
        """
        (self.folder / "cgroup.procs").write_text(str(pid))

    def holds(self, pid: int) -> bool:
        """Whether a process is in it, and its children with it."""
        inside = {int(line) for line in self._read("cgroup.procs").split()}
        return pid in inside and children_of(pid) <= inside

    def limit(self, limits: Limits) -> None:
        """Write the limits of the next execution, where they are others, and read them back.

        :raises OSError: When the kernel has others afterwards.
        """
        memory = (limits.memory_mb + limits.file_mb + BESIDE_THE_PROGRAM_MB) << 20
        tasks = limits.threads + BESIDE_THE_PROGRAM_TASKS
        self.kills = self.oom_kills()
        if (memory, tasks) == self.limits:
            return
        with suppress(FileNotFoundError):  # a kernel without swap accounting
            (self.folder / "memory.swap.max").write_text("0")
        for name, value in (("memory.max", memory), ("pids.max", tasks)):
            (self.folder / name).write_text(str(value))
            if self._read(name).strip() != str(value):
                raise OSError(0, f"{name} is {self._read(name).strip()} and not {value}")
        self.limits = (memory, tasks)

    def has_killed(self) -> bool:
        """Whether the kernel has killed for want of memory since the limits were written."""
        return self.oom_kills() > self.kills

    def oom_kills(self) -> int:
        """Count those that the kernel killed for want of memory."""
        for line in self._read("memory.events").splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
        return 0

    def remove(self) -> None:
        """Kill whatever is left in it, and remove it; a group goes when its last process has."""
        with suppress(OSError):
            (self.folder / "cgroup.kill").write_text("1")
        deadline = time.monotonic() + REMOVE_LIMIT_S
        while time.monotonic() < deadline:
            try:
                self.folder.rmdir()
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.005)  # the killed ones are on their way
            else:
                return

    def _read(self, name: str) -> str:
        return (self.folder / name).read_text("ascii")


@dataclass(frozen=True, slots=True)
class Groups:
    """A subtree of ours, in which every zygote gets a group."""

    folder: Path

    def new_slot(self) -> Slot:
        """Make a group with its limits.

        :raises OSError: When the kernel refuses.
        """
        folder = self.folder / f"{PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
        folder.mkdir()
        slot = Slot(folder)
        try:
            slot.limit(Limits())
        except OSError:
            slot.remove()
            raise
        return slot


def found_groups() -> Groups:
    """Find a subtree in which groups can be made, by making one.

    :raises NoGroups: With what the kernel answered.
    """
    folder = own_group()
    try:
        enable_controllers(folder)
        groups = Groups(folder)
        groups.new_slot().remove()
    except OSError as error:
        raise NoGroups(f"{error.strerror or error} at {folder}") from error
    return groups


def own_group() -> Path:
    """Find the group that this process is in.

    :raises NoGroups: Without a cgroup file system of version 2 that has the controllers.
    """
    try:
        own = Path("/proc/self/cgroup").read_text("utf-8")
        mounts = Path("/proc/self/mounts").read_text("utf-8")
    except OSError as error:
        raise NoGroups(f"{error.strerror}: {error.filename}") from error
    path = next((line[3:] for line in own.splitlines() if line.startswith("0::")), None)
    place = next((m.split()[1] for m in mounts.splitlines() if m.split()[2] == "cgroup2"), None)
    if path is None or place is None:
        raise NoGroups("not mounted")
    folder = Path(place) / path.strip("/")
    if folder.name == HARNESS:
        folder = folder.parent  # we have moved there ourselves
    try:
        has = frozenset((folder / "cgroup.controllers").read_text("ascii").split())
    except OSError as error:
        raise NoGroups(f"{error.strerror} at {folder}") from error
    if not has >= CONTROLLERS:
        raise NoGroups(
            f"controllers: {' '.join(sorted(has)) or 'none'}; memory and pids are needed"
        )
    return folder


def enable_controllers(folder: Path) -> None:
    """Let the groups below have the controllers.

    A group that has processes cannot (except the root), so where there are none but ours they
    move into a group of their own first.

    :raises OSError: When the kernel refuses.
    """
    control = folder / "cgroup.subtree_control"
    if frozenset(control.read_text("ascii").split()) >= CONTROLLERS:
        return
    words = " ".join(f"+{name}" for name in sorted(CONTROLLERS))
    try:
        control.write_text(words)
    except OSError:
        inside = {int(line) for line in (folder / "cgroup.procs").read_text("ascii").split()}
        if inside != {os.getpid()}:
            raise
        ours = folder / HARNESS
        ours.mkdir(exist_ok=True)
        (ours / "cgroup.procs").write_text(str(os.getpid()))
        control.write_text(words)


def children_of(pid: int) -> set[int]:
    """Give a process's children, or none where it has just ended."""
    try:
        return {int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    except OSError:
        return set()
