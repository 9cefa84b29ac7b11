"""The door to a run while it goes: a socket in its folder, where its state is asked for.

`CONTROL` stands beside `LOCK` while the run goes and belongs to the process that holds it. It is
this user's alone: mode 0600, and whoever comes is asked for the user id by the kernel. One line of
JSON is asked and one is answered:

    {"ask": "view"}
    {"ask": "change", "changes": [{"of": "author", "limit": "rpm", "to": 600}]}
    {"ask": "pause"}, {"ask": "go_on"}, {"ask": "stop"}
    {"ask": "watch"}

The last one is answered by lines until the asker goes or the run ends.

Nothing runs and nothing is written while nobody asks. A process that was killed leaves a socket
that takes no connections any more: the next start removes it. The other side is `control_client`.
"""

import asyncio
import contextlib
import json
import os
import socket
import stat
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sygra_eval.values import SygraEvalError

CONTROL_NAME = "CONTROL"
MOST_BYTES = 64 * 1024  # of a question
SECONDS = 5.0  # for one question and its answer
MOST_AT_ONCE = 8
_PEER = struct.Struct("3i")  # pid, user, group: `struct ucred`
_PATH_BYTES = 100  # a socket's address holds 108 on Linux, 104 elsewhere

Told = Mapping[str, Any] | AsyncGenerator[Mapping[str, Any], None]
"""One answer, or one after the other."""
Answer = Callable[[Mapping[str, Any]], Awaitable[Told]]


@contextlib.asynccontextmanager
async def open_door(
    folder: Path, answer: Answer, tell: Callable[[str], None]
) -> AsyncIterator[None]:
    """Answer who asks until the block ends; hold the folder's lock meanwhile.

    Where the disk holds no sockets the run goes on without: `tell` is called with the reason.
    """
    async with contextlib.AsyncExitStack() as stack:
        try:
            listening = stack.enter_context(_listening(folder))
        except OSError as error:
            tell(f"this run cannot be looked at or changed while it goes: {error}")
        else:
            door = _Door(answer)
            server = await asyncio.start_unix_server(door.come_in, sock=listening, limit=MOST_BYTES)
            stack.callback(door.let_go)
            stack.callback(server.close)
        yield


def remove_door(folder: Path) -> None:
    """Remove what a killed process left; only the holder of the lock may."""
    (folder / CONTROL_NAME).unlink(missing_ok=True)


@contextlib.contextmanager
def address_in(folder: Path) -> Iterator[str]:
    """Give the socket an address that is short enough, however long the folder's path is."""
    path = str(folder / CONTROL_NAME)
    if len(os.fsencode(path)) <= _PATH_BYTES:
        yield path
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{CONTROL_NAME}"
    finally:
        os.close(descriptor)


def user_behind(peer: socket.socket) -> int | None:
    """Return the user id of the process at the other end; None where the kernel does not say."""
    if not hasattr(socket, "SO_PEERCRED"):  # macOS: the file's mode is what keeps others out
        return None
    told = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    user: int = _PEER.unpack(told)[1]
    return user


def process_behind(peer: socket.socket) -> int | None:
    """Return the process id at the other end; None where the kernel does not say."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    told = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    process: int = _PEER.unpack(told)[0]
    return process


@contextlib.contextmanager
def _listening(folder: Path) -> Iterator[socket.socket]:
    remove_door(folder)
    with (
        address_in(folder) as address,
        contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as door,
    ):
        door.bind(address)
        path = folder / CONTROL_NAME
        try:
            path.chmod(stat.S_IRUSR | stat.S_IWUSR)  # before it listens, so nobody came earlier
            yield door
        finally:
            with contextlib.suppress(OSError):  # the disk is gone: that is for the journal to say
                path.unlink(missing_ok=True)


class _Door:
    """Lets a few in at a time, this user's alone, and each for one question."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._inside = 0
        self._watching: set[asyncio.Task[None]] = set()

    def let_go(self) -> None:
        """End what is answered line by line."""
        for task in self._watching:
            task.cancel()

    async def come_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one question; whatever goes wrong is the asker's and never the run's."""
        self._inside += 1
        try:
            peer: socket.socket = writer.get_extra_info("socket")
            if self._inside <= MOST_AT_ONCE and user_behind(peer) in {None, 0, os.geteuid()}:
                async with asyncio.timeout(SECONDS):
                    told = await self._told(await reader.readline())
                if isinstance(told, Mapping):
                    await _say(writer, told)
                else:
                    await self._say_all(told, writer)
        except (OSError, ValueError):
            return  # it went away, was too slow, or sent more than a line
        except asyncio.CancelledError:
            return  # the run ends, and with it this task; nobody waits for it
        finally:
            self._inside -= 1
            writer.close()

    async def _say_all(
        self, told: AsyncGenerator[Mapping[str, Any], None], writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None, "a connection is a task"  # noqa: S101
        self._watching.add(task)
        try:
            async with contextlib.aclosing(told) as lines:
                async for one in lines:
                    await _say(writer, one)
        finally:
            self._watching.discard(task)

    async def _told(self, line: bytes) -> Told:
        try:
            asked = json.loads(line)
        except (ValueError, RecursionError):
            return refusal("a question is one line of JSON")
        if not isinstance(asked, dict):
            return refusal("a question is an object with `ask`")
        try:
            return await self._answer(asked)
        except SygraEvalError as error:
            return refusal(str(error))
        except Exception as error:  # noqa: BLE001 - the boundary: a question never ends a run
            return refusal(f"internal error: {type(error).__name__}: {error}")


async def _say(writer: asyncio.StreamWriter, told: Mapping[str, Any]) -> None:
    """Say one line; whoever does not take it in time is let go of."""
    async with asyncio.timeout(SECONDS):
        writer.write(json.dumps(told).encode() + b"\n")
        await writer.drain()


def refusal(why: str) -> Mapping[str, Any]:
    """Return the answer to what cannot be done."""
    return {"ok": False, "error": why}
