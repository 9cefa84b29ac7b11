"""What verbs of the command line print, for reports and comparisons: asked of a child.

So a figure in the browser is the very one of the terminal, plugins of a folder stay outside of the
server, and so does the memory that a view of a long run takes.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from sygra_eval.studio.reaping import reaped
from sygra_eval.values import UsageError

WHOLE_S = 300.0
MOST_TOLD = 64 * 1024 * 1024
_PIECE = 64 * 1024
_MOST_ERROR = 2_000


async def printed(arguments: Sequence[str]) -> bytes:
    """Return all that a verb prints.

    :raises UsageError: With its own words when it refuses, or when it takes too long.
    """
    found = bytearray()
    async with contextlib.aclosing(pieces(arguments)) as some:
        async for piece in some:
            found += piece
            if len(found) > MOST_TOLD:
                raise UsageError("that is too much to be shown here; download it")
    return bytes(found)


async def begun(arguments: Sequence[str]) -> AsyncIterator[bytes]:
    """Return what gives the pieces, once the first is there.

    :raises UsageError: When the verb refuses before it prints anything.
    """
    some = pieces(arguments)
    try:
        first = await anext(some)
    except StopAsyncIteration:
        first = b""
    return _after(first, some)


async def _after(first: bytes, some: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    async with contextlib.aclosing(some):
        yield first
        async for piece in some:
            yield piece


async def pieces(arguments: Sequence[str]) -> AsyncGenerator[bytes]:
    """Yield what a verb prints; the child does not outlive the one who listens.

    :raises UsageError: With its own words when it refuses, or when it takes too long.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sygra_eval",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stdout is not None  # noqa: S101 - asked for above
    assert child.stderr is not None  # noqa: S101
    noise = asyncio.get_running_loop().create_task(child.stderr.read())
    try:
        try:
            async with asyncio.timeout(WHOLE_S):
                while piece := await child.stdout.read(_PIECE):
                    yield piece
                code = await child.wait()
        except TimeoutError:
            raise UsageError(f"it was not made within {WHOLE_S:g} s") from None
        if code != 0:
            raise UsageError(_words((await noise).decode(errors="replace")))
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        noise.cancel()
        await reaped(child)


def _words(told: str) -> str:
    text = told.strip()[-_MOST_ERROR:]
    for prefix in ("Error: ", "error: "):
        text = text.removeprefix(prefix)
    return text or "the process that was asked ended without a word"
