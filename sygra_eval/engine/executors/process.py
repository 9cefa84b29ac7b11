"""Starts a worker as a child process, with a pair of sockets between it and the run.

A fresh interpreter and no fork: threads, event loop and sandbox of the parent do not survive one.
"""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys

from sygra_eval.engine.executors.frames import Frames
from sygra_eval.values import Frame

END_S = 20.0
"""So long a child may take to end once it is let go; its sandbox has to end too."""

# -P and the parent's path: a file in the folder where somebody stands shadows no module of ours.
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); "
    "from sygra_eval.engine.executors.worker import main; main(int(sys.argv[1]))"
)


class ChildProcess:
    """The channel to a child; it is gone when the process has ended."""

    def __init__(self, process: subprocess.Popen[bytes], frames: Frames) -> None:
        self._process = process
        self._frames = frames

    async def send(self, frame: Frame) -> None:
        """Send a message; one that cannot arrive any more is dropped."""
        await self._frames.send(frame)

    async def receive(self) -> Frame | None:
        """Return the next message; None when the child has ended."""
        frame = await self._frames.receive()
        if frame is None:
            await self.end()
        return frame

    async def end(self) -> None:
        """Close the sockets, which tells the child to end, and see that it does."""
        self._frames.close()
        try:
            await asyncio.to_thread(self._process.wait, END_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError):
                self._process.kill()
            await asyncio.to_thread(self._process.wait)


async def start_process(number: int) -> ChildProcess:
    """Start worker number N."""
    del number  # it is in the order that is sent first
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-P", "-c", _PROGRAM, str(theirs.fileno())]
        process = subprocess.Popen(  # noqa: S603, ASYNC220 - our own program; it starts in a moment
            [*command, json.dumps([entry or os.getcwd() for entry in sys.path])],  # noqa: PTH109
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=2,  # what a worker or its plugins print is no part of the run's answer
        )
    ours.settimeout(0)
    reader, writer = await asyncio.open_connection(sock=ours)
    return ChildProcess(process, Frames(reader, writer))
