"""What the routes of one server share: the workspace, and what lives as long as the server."""

import contextlib
from types import TracebackType
from typing import Annotated, Self

from fastapi import Depends, Request

from sygra_eval.studio.rows import Indexes
from sygra_eval.studio.workspace import Workspace


class Studio(contextlib.AsyncExitStack):
    """One open Studio. Parts that live as long as it are entered in `__aenter__`.

    :ivar workspace: What it works on.
    :ivar indexes: What rows of runs are found by.
    """

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.workspace = workspace
        self.indexes = Indexes()

    async def __aenter__(self) -> Self:
        """Start the parts that run beside requests."""
        await super().__aenter__()
        self.callback(self.indexes.close)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """End them, the last one first."""
        return bool(await super().__aexit__(kind, error, trace))


def _of(request: Request) -> Studio:
    studio: Studio = request.app.state.studio
    return studio


TheStudio = Annotated[Studio, Depends(_of)]
"""What a route names as the type of a parameter, to be given the open Studio."""
