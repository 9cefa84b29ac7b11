"""A server that holds its calls until it is told to answer, and waiting for what has to come."""

import asyncio

from sygra_eval.testing import ScriptedEndpoint

PATIENCE_S = 60.0


class HeldEndpoint(ScriptedEndpoint):
    """Answers nobody until it is told to, but the first so many, who `pass_by`."""

    def __init__(self, **given):
        super().__init__(**given)
        self.inside = 0
        self.most_inside = 0
        self.may_answer = asyncio.Event()
        self.pass_by = 0

    async def _on_chat(self, dialect, request):
        if self.pass_by:
            self.pass_by -= 1
            return await super()._on_chat(dialect, request)
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        try:
            await self.may_answer.wait()
            return await super()._on_chat(dialect, request)
        finally:
            self.inside -= 1


async def until(holds) -> None:
    """Wait for what has to come; how long it takes is the machine's affair."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - a server's counter, which is no event
            await asyncio.sleep(0.005)
