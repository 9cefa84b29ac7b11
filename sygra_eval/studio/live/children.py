"""Runs that this server started: processes of their own, which live on when it ends.

Each is the leader of a session, so that neither Ctrl-C here nor the end of the terminal reaches it.
Typed keys go to it through a pipe that it reads once (`SYGRA_EVAL_KEYS_FD` names the descriptor),
never by its arguments, its first environment or a file. What it prints goes to memory that it
shares with us, and not to a pipe: writing to a pipe whose reader has died would kill it.
"""

import json
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from sygra_eval.engine import ControlRefused, NotRunning, process_of
from sygra_eval.journal import lock_owner
from sygra_eval.studio.live.command import program
from sygra_eval.studio.workspace import JOURNAL
from sygra_eval.values import UsageError

KEYS_FD = "SYGRA_EVAL_KEYS_FD"
MOST_KEYS = 60_000  # bytes, less than a pipe holds, so that writing them never waits
MOST_SAID = 4_000  # characters of what a process printed last
MOST_REMEMBERED = 64
_BROKEN = frozenset({3, 4})  # and those that it ends with where it cannot go on
_OF_RUNS = frozenset({0, 1, 6, 7})
"""Exit codes that only a run comes to which has begun."""


@dataclass(slots=True, eq=False)
class Child:
    """A process that works on a run, or was to.

    :ivar folder: Where its run is, or will be.
    """

    folder: Path
    process: "subprocess.Popen[bytes]"
    printed: IO[bytes]
    was_seen: bool = False

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended; one that has is let go of."""
        return self.process.poll() is None

    def has_ended_within(self, seconds: float) -> bool:
        """Wait so long for its end, and say whether it came."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it has not."""
        return self.process.poll()

    def said(self) -> str:
        """Return the end of what it printed."""
        descriptor = self.printed.fileno()
        size = os.fstat(descriptor).st_size
        since = max(0, size - 4 * MOST_SAID)
        text = os.pread(descriptor, 4 * MOST_SAID, since).decode("utf-8", "replace")
        return "".join(c if c.isprintable() or c == "\n" else " " for c in text)[
            -MOST_SAID:
        ].strip()

    @property
    def has_begun(self) -> bool:
        """Whether its run began: there is a journal, or was one before somebody removed it."""
        self.was_seen = self.was_seen or (self.folder / JOURNAL).is_file()
        return self.was_seen or self.exit_code in _OF_RUNS

    @property
    def error(self) -> str:
        """Why it ended without its run's journal saying it; empty where that does, or it lives."""
        code = self.exit_code
        if code is None or (self.has_begun and code not in _BROKEN):
            return ""
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        when = "" if self.has_begun else " before it began"
        return f"the run {how}{when}: {self.said() or 'it printed nothing'}"


@dataclass(slots=True)
class Children:
    """The processes that this server started and has not forgotten."""

    _by_folder: dict[Path, Child] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def start(
        self,
        folder: Path,
        arguments: Sequence[str],
        *,
        cwd: Path,
        keys: Mapping[str, str],
        said: bytes = b"",
    ) -> Child:
        """Start a run; it goes on whatever becomes of us.

        :param keys: By name; those reach it by a pipe.
        :param said: What it reads on its standard input.
        :raises UsageError: When it cannot be started.
        """
        told = json.dumps(dict(keys)).encode()
        if len(told) > MOST_KEYS:
            raise UsageError(f"the typed keys are longer than {MOST_KEYS} bytes together")
        with self._turn:
            child = _started(folder, [*program(), *arguments], cwd, told if keys else b"", said)
            before = self._by_folder.pop(folder, None)
            if before is not None:
                before.printed.close()
            self._by_folder[folder] = child
            ended = [place for place, one in self._by_folder.items() if not one.is_alive]
            for place in ended[:-MOST_REMEMBERED] if len(ended) > MOST_REMEMBERED else ():
                self._by_folder.pop(place).printed.close()
            return child

    def of(self, folder: Path) -> Child | None:
        """Return the process that was started for a run last; None where another did."""
        return self._by_folder.get(folder)

    def without_a_run(self) -> list[Child]:
        """Return those whose run has not begun, or never did."""
        with self._turn:
            children = list(self._by_folder.values())
        return [one for one in children if not one.has_begun]

    def names(self) -> set[str]:
        """Return the runs that were named so far, as `SUITE/RUN`."""
        return {f"{folder.parent.name}/{folder.name}" for folder in list(self._by_folder)}

    def let_go(self) -> None:
        """Forget all of them; those that work go on working."""
        with self._turn:
            for child in self._by_folder.values():
                child.process.poll()
                child.process.returncode = child.process.returncode or 0  # nobody waits for it
                child.printed.close()
            self._by_folder = {}

    def kill(self, folder: Path) -> str:
        """End the process that works on a run at once, and say what was done.

        :raises NotRunning: When there is none.
        :raises UsageError: When it cannot be known to be the one that works on the run.
        """
        child = self.of(folder)
        if child is not None and child.is_alive:
            os.killpg(child.process.pid, signal.SIGKILL)  # it cannot be another's: it is not reaped
            child.process.wait(10)
            return "the run was killed; what its journal holds stays"
        process = process_of(folder)
        if process is None:
            raise ControlRefused("this system does not say which process it is; end it by hand")
        return _kill_verified(folder, process)


def _started(folder: Path, command: Sequence[str], cwd: Path, keys: bytes, said: bytes) -> Child:
    printed, heard = _memory(), _memory() if said else None
    environment = {name: value for name, value in os.environ.items() if name != KEYS_FD}
    passed: tuple[int, ...] = ()
    reading = writing = -1
    try:
        if heard is not None:  # in memory whole, so that it can be read when we are gone
            heard.write(said)
            heard.seek(0)
        if keys:
            reading, writing = os.pipe()
            environment[KEYS_FD] = str(reading)
            passed = (reading,)
        process = subprocess.Popen(  # noqa: S603 - our own program, arguments as a list
            list(command),
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL if heard is None else heard,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=passed,
        )
        if keys:
            os.write(writing, keys)
    except OSError as error:
        printed.close()
        raise UsageError(f"the run cannot be started: {error}") from error
    finally:
        if heard is not None:
            heard.close()
        for descriptor in (reading, writing):
            if descriptor >= 0:
                os.close(descriptor)
    return Child(folder, process, printed)


def _memory() -> IO[bytes]:
    """Return a file that is in no folder."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("sygra-eval-run"), "w+b", buffering=0)
    return tempfile.TemporaryFile(buffering=0)


def _kill_verified(folder: Path, process: int) -> str:
    """Kill the process behind a run's door, and its group where it leads one.

    The kernel said which it is. It is held by a descriptor, and asked for again: so no other
    process that got the same number meanwhile is killed.
    """
    if process in {0, 1, os.getpid()}:
        raise ControlRefused("the process of this run is none that may be killed from here")
    if not hasattr(os, "pidfd_open"):
        raise ControlRefused("this system has no way to hold a process; end it by hand")
    try:
        held = os.pidfd_open(process)
    except OSError as error:
        raise NotRunning(f"{folder}: its process has ended") from error
    try:
        owner = lock_owner(folder)
        if process_of(folder) != process or owner is None or f"pid {process} " not in owner:
            raise ControlRefused(f"{folder}: its lock and its door name different processes")
        leads = os.getpgid(process) == process and os.getsid(process) == process
        if leads:  # it was started by a Studio, and what it started is of it
            os.killpg(process, signal.SIGKILL)
        else:  # of a terminal's command line, whose group may hold more
            signal.pidfd_send_signal(held, signal.SIGKILL)
    except ProcessLookupError as error:
        raise NotRunning(f"{folder}: its process has ended") from error
    finally:
        os.close(held)
    return "the run was killed; what its journal holds stays"
