"""Starts the command line and the server by a fork of a process that has them loaded.

To load them takes more than half of what a small run takes. A fork is a process as any other: its
own session, descriptors, environment, signals and end. What is tried of streams that are closed or
full starts an interpreter of its own all the same, as does the run to compare with; so bytes that
depend on the seed of hashes would not come out alike.
"""

import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

COMMAND, SERVER = "sygra_eval.cli", "sygra_eval.testing.endpoint_process"
LARGEST = 1 << 20
PIPED = {"stdin": None, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


class Forked:
    """What `subprocess.Popen` says of a process, of one that is no child of ours."""

    def __init__(self, forks: "Forks", pid: int, streams: list[IO[str] | None]) -> None:
        self._forks, self.pid = forks, pid
        self._ended = os.pidfd_open(pid)
        self.stdin, self.stdout, self.stderr = streams
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return code

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Close what it reads, read to the end what it writes, and wait for it."""
        if self.stdin is not None:
            self.stdin.close()
        said = {1: "", 2: ""}

        def read(number: int, stream: IO[str]) -> None:
            with stream:
                said[number] = stream.read()

        streams = ((1, self.stdout), (2, self.stderr))
        readers = [
            threading.Thread(target=read, args=(number, stream), daemon=True)
            for number, stream in streams
            if stream is not None and not stream.closed
        ]
        for reader in readers:
            reader.start()
        self.wait(timeout)
        for reader in readers:
            reader.join(timeout)
        return said[1], said[2]

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._ended], [], [], timeout)[0]:
            os.close(self._ended)
            self.returncode = self._forks.order([], do="wait", pid=self.pid)
        return self.returncode


class Forks:
    """The process that has all loaded, and what is asked of it."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._one_at_a_time = threading.Lock()
        command = [
            sys.executable,
            str(Path(__file__).with_name("starter.py")),
            str(theirs.fileno()),
        ]
        self._process = subprocess.Popen(  # noqa: S603
            command, pass_fds=[theirs.fileno()], start_new_session=True
        )
        theirs.close()

    def start(
        self,
        module: str,
        *arguments: str | Path,
        cwd: Path,
        env: Mapping[str, str] = os.environ,
        **streams: Any,
    ) -> Forked:
        """Start `python -m MODULE ARGUMENTS`; a stream is a pipe, no device or another's."""
        ours: list[IO[str] | None] = []
        theirs: list[int] = []
        for number, (name, usual) in enumerate(PIPED.items()):
            wanted = streams.pop(name, usual)
            if wanted == subprocess.PIPE:
                reading, writing = os.pipe()
                here, there = (writing, reading) if name == "stdin" else (reading, writing)
                ours.append(open(here, "w" if name == "stdin" else "r", encoding="utf-8"))  # noqa: PTH123, SIM115
            else:
                there = (
                    os.open(os.devnull, os.O_RDWR)
                    if wanted == subprocess.DEVNULL
                    else os.dup(number if wanted is None else wanted)
                )
                ours.append(None)
            theirs.append(there)
        assert not streams, streams
        asked = [str(one) for one in arguments]
        pid = self.order(
            theirs, do="fork", module=module, arguments=asked, folder=str(cwd), env=dict(env)
        )
        for there in theirs:
            os.close(there)
        return Forked(self, pid, ours)

    def order(self, descriptors: list[int], **order: Any) -> int:
        with self._one_at_a_time:
            socket.send_fds(self._socket, [json.dumps(order).encode()], descriptors)
            return int(self._socket.recv(LARGEST))

    def close(self) -> None:
        self._socket.close()
        self._process.wait(60)


def serve(orders: socket.socket) -> None:
    """Fork and reap as is ordered, in the process that has all loaded; a fork runs its module."""
    gc.freeze()  # what is shared stays shared
    while True:
        message, descriptors, *_ = socket.recv_fds(orders, LARGEST, 3)
        if not message:
            return
        order = json.loads(message)
        if order["do"] == "wait":
            _, status = os.waitpid(order["pid"], 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = fork_into_a_session()
            if answer == 0:
                orders.close()
                become(order, descriptors)
                return
        for descriptor in descriptors:
            os.close(descriptor)
        orders.send(b"%d" % answer)


def fork_into_a_session() -> int:
    """Fork, and return in the parent when the child leads a session: from then it can be killed."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
    os.close(writing)
    os.read(reading, 1)  # nothing is written: it ends where both have closed it
    os.close(reading)
    return pid


def become(order: dict[str, Any], descriptors: list[int]) -> None:
    """Be what an interpreter of its own would be, and end as it would, with its exit code."""
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["env"])
    sys.argv = [order["module"], *order["arguments"]]
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(  # noqa: SIM115
        2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False
    )
    importlib.import_module(order["module"]).main()
