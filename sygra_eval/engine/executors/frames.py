"""Messages over a stream: four bytes that say how long, then JSON.

Not lines: a row may be longer than any line that a reader would wait for.
"""

import asyncio
import contextlib
import json
from struct import Struct

from sygra_eval.values import Frame

_LENGTH = Struct(">I")


class Frames:
    """One end of a stream of messages."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, frame: Frame) -> None:
        """Send a message; one that cannot arrive any more is dropped."""
        data = json.dumps(frame, separators=(",", ":")).encode()
        with contextlib.suppress(OSError, RuntimeError):  # it is gone; `receive` says so
            self._writer.write(_LENGTH.pack(len(data)) + data)
            await self._writer.drain()

    async def receive(self) -> Frame | None:
        """Return the next message; None when the other side is gone."""
        try:
            (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
            frame: Frame = json.loads(await self._reader.readexactly(length))
        except (OSError, asyncio.IncompleteReadError):
            return None
        return frame

    def close(self) -> None:
        """Let go of the stream."""
        self._writer.close()
