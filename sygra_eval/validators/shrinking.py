"""Looks for a smaller input that still fails, by hypothesis' own search in a child.

The child asks, an input at a time; whoever shrinks answers by running it in the box. However it
ends, by time, by a fault or because it is cancelled, the child is ended too, and no thread of ours
waits for anything.
"""

import asyncio
import json
import math
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from sygra_eval.sandbox import machine_factor
from sygra_eval.validators.child import LAUNCHER, MEMORY_MB, MOST_READ, folder_with, slots
from sygra_eval.validators.generated_inputs import INSIDE, Args, args_of, order_for
from sygra_eval.validators.strategies import Strategy

MOST_ASKED = 200
CHILD_CPU_S = 10.0
WALL_S = 60.0  # a bound for what should never be; the number of questions decides

Fails = Callable[[Args], Awaitable[bool | None]]
"""Whether an input fails; None ends the search."""


async def shrunk(
    strategy: Strategy, count: int, seed: int, known: Mapping[str, bool], fails: Fails
) -> Args | None:
    """Give the smallest failing input found, None when the search comes to none.

    :param count: `Examples.wanted`; the search then begins as the drawing did.
    :param known: What came of the inputs that ran, by their JSON form.
    """
    cpu_s = CHILD_CPU_S * machine_factor()
    order = order_for(strategy, count, seed, cpu_s, known=known, most=MOST_ASKED)
    least: object = None
    async with slots():
        with suppress(TimeoutError, OSError, ValueError, asyncio.IncompleteReadError):
            async with asyncio.timeout(WALL_S * machine_factor()), talking_child(cpu_s) as child:
                assert child.stdin is not None and child.stdout is not None  # noqa: S101, PT018
                child.stdin.write(order.encode())
                while line := await child.stdout.readline():
                    told = json.loads(line)
                    if "ask" not in told:
                        least = told.get("shrunk") or least
                        break
                    answer = await fails(args_of(told["ask"]))
                    if answer is None:
                        break
                    if answer:
                        least = told["ask"]
                    child.stdin.write(json.dumps(answer).encode() + b"\n")
    return None if least is None else args_of(least)


@asynccontextmanager
async def talking_child(cpu_s: float) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start the child, bounded as every child of ours; end it, whatever happens."""
    folder = folder_with({})
    process = None
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", LAUNCHER, str(MEMORY_MB), str(math.ceil(2 * cpu_s)), INSIDE),
            cwd=folder,
            env={"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "HOME": str(folder)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            limit=MOST_READ,
        )
        yield process
    finally:
        if process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018
            process.stdin.close()
            await process.stdout.read()
            await process.wait()
        shutil.rmtree(folder, ignore_errors=True)
