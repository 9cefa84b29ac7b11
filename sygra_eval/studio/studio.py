"""What the routes of one server share: the workspace, and what lives as long as the server."""

import contextlib
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Annotated, Self

from fastapi import Depends, Request

from sygra_eval.studio.assets import Assets
from sygra_eval.studio.keys import Keys
from sygra_eval.studio.live import Hub, Runs
from sygra_eval.studio.models import ModelTests
from sygra_eval.studio.rows import Indexes
from sygra_eval.studio.rows.again import VerdictsAgain
from sygra_eval.studio.suite_cards import SuiteCards
from sygra_eval.studio.workspace import Workspace


class Studio(contextlib.AsyncExitStack):
    """One open Studio. Parts that live as long as it are entered in `__aenter__`.

    :ivar workspace: What it works on.
    :ivar assets: The page.
    :ivar keys: Keys that were typed; `keys.environment()` is what children get.
    :ivar hub: Tells the tabs what happens: `hub.publish(topic, event, data)`.
    :ivar suites: The suites of the folder.
    :ivar runs: Its runs.
    :ivar model_tests: Those of this session.
    :ivar indexes: What rows of runs are found by.
    :ivar again: Judges candidates once more.
    """

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.workspace = workspace
        self.assets = Assets.read()
        self.keys = Keys()
        self.hub = Hub()
        self.suites = SuiteCards(workspace)
        self.runs = Runs(workspace, self.hub, self.keys)
        self.model_tests = ModelTests(workspace.root, self.hub.publish)
        self.indexes = Indexes()
        self.again = VerdictsAgain()

    async def __aenter__(self) -> Self:
        """Start the parts that run beside requests."""
        await super().__aenter__()
        await self.enter_async_context(self.runs.open())
        await self.enter_async_context(self.model_tests)
        # A keyring may wait for a person to unlock it: nobody waits for that, not even the end.
        threading.Thread(target=self._find_kept, name="kept keys", daemon=True).start()
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

    def secrets(self) -> Iterable[str]:
        """Return all that must not be seen in an answer."""
        return self.keys.secrets(self.suites.key_names_so_far())

    def _find_kept(self) -> None:
        self.keys.find_kept(self.suites.key_names())


def _of(request: Request) -> Studio:
    studio: Studio = request.app.state.studio
    return studio


TheStudio = Annotated[Studio, Depends(_of)]
"""What a route names as the type of a parameter, to be given the open Studio."""
