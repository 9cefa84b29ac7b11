"""The pipes between two programs, and what the end of one means for the other."""

import asyncio
import os
from collections.abc import Awaitable

from sygra_eval.sandbox.program import Program
from sygra_eval.values import ExecutionResult, ExecutionStatus

GRACE_S = 2.0  # for what the judge has still to say when the candidate is gone
MANNERS_S = 0.25  # for the candidate to leave when it has nobody left to answer


class Link:
    """A pipe each way; each side is closed on our side of the wall once its program holds it."""

    def __init__(self) -> None:
        self.programs: set[Program] = set()
        self._ends: dict[int, tuple[int, ...]] = {}
        first = os.pipe()
        try:
            second = os.pipe()
        except OSError:
            for end in first:
                os.close(end)
            raise
        self._ends = {0: (second[0], first[1]), 1: (first[0], second[1])}

    def side(self, number: int) -> tuple[int, ...]:
        """Give the ends that a program reads from and writes to."""
        return self._ends.get(number, ())

    def let_go(self, number: int) -> None:
        """Close a side here, so that its program's end is seen by the other."""
        for end in self._ends.pop(number, ()):
            os.close(end)

    def close(self) -> None:
        """Close what no program took."""
        for number in list(self._ends):
            self.let_go(number)


async def ended_together(
    link: Link, first: Awaitable[ExecutionResult], second: Awaitable[ExecutionResult]
) -> tuple[ExecutionResult, ExecutionResult]:
    """Wait for judge and candidate; the one that is left alone is ended after a while."""
    both = (asyncio.ensure_future(first), asyncio.ensure_future(second))
    try:
        _, left = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if left:
            await asyncio.wait(left, timeout=GRACE_S if both[0] in left else MANNERS_S)
        for program in link.programs:
            program.kill(ExecutionStatus.TIMEOUT)
        return await both[0], await both[1]
    finally:
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)
        link.close()
