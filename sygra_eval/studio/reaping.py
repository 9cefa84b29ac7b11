"""Waits for a child that was killed, also where whoever waits is cancelled meanwhile."""

import asyncio


async def reaped(child: asyncio.subprocess.Process) -> None:
    """Wait for the end of a process that was killed, however often that is cancelled.

    A server that stops cancels what it answers, and once more as its loop ends.
    """
    child._transport.close()  # type: ignore[attr-defined] # its pipes, at once
    is_cancelled = False
    while child.returncode is None:
        try:
            await child.wait()
        except asyncio.CancelledError:
            is_cancelled = True
    if is_cancelled:
        raise asyncio.CancelledError
