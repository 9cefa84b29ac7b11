"""Runs the engine on a thread of its own, with a loop of its own.

So it does not matter whether the caller's thread has a loop that is running, as in a notebook, and
a caller who blocks blocks no call (docs/decisions/0032). Start at `RunThread`.
"""

import asyncio
import atexit
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sygra_eval.api.handle import Handle
from sygra_eval.api.mailbox import Mailbox
from sygra_eval.data import GivenRows
from sygra_eval.engine import Progress, RunSummary, StopSignal, run_in_loop
from sygra_eval.values import RecordEnd

Start = Callable[[StopSignal, "Watching"], Awaitable[RunSummary]]


@dataclass(frozen=True, slots=True)
class Watching:
    """What the engine tells of a run, put into the mailbox of whoever called."""

    mailbox: Mailbox
    given: GivenRows | None

    def row_ended(self, end: RecordEnd, cost_usd: float | None = None) -> None:
        """Post the row."""
        del cost_usd
        self.mailbox.row_ended(end)

    def is_met(self) -> None:
        """Wait for no more rows."""
        if self.given is not None:
            self.given.enough()

    async def room(self) -> None:
        """Hold the next row back while nobody takes those that ended."""
        await self.mailbox.room()

    def show(self, progress: Progress) -> None:
        """Post how far the run is."""
        self.mailbox.show(progress)


@dataclass(slots=True, eq=False)
class RunThread:
    """One start of a run; `summary` or `error` once the mailbox says that it is over.

    :ivar start: Runs it to the end.
    """

    start: Start
    mailbox: Mailbox
    handle: Handle
    given: GivenRows | None
    grace_s: float
    summary: RunSummary | None = None
    error: BaseException | None = None
    is_left: bool = False
    _thread: threading.Thread | None = field(default=None)

    def begin(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._drive, name="sygra_eval run")
        _GOING.add(self)
        self._thread.start()

    def leave(self, cause: str) -> None:
        """Let it drain by itself: nobody gives it rows any more, or waits for what it says."""
        self.is_left = True
        if self.given is not None:
            self.given.enough()
        self.handle.cancel(cause)
        if self not in _GOING:
            self._let_go()

    def join(self) -> None:
        """Wait for the thread, which has nothing left to do."""
        if self._thread is not None:
            self._thread.join()

    def _drive(self) -> None:
        try:
            self.summary = run_in_loop(self._main())
        except BaseException as error:  # noqa: BLE001 - raised again on the caller's thread
            self.error = error
        finally:
            self.mailbox.end()
            _GOING.discard(self)
            if self.is_left:
                self._let_go()

    def _let_go(self) -> None:
        """Close the file of the rows that were given, as who gave them is not there to do it."""
        if self.given is not None:
            self.given.close()

    async def _main(self) -> RunSummary:
        loop = asyncio.get_running_loop()
        stop, timers = StopSignal(), []

        def on_drain() -> None:
            self.mailbox.let_all_in()
            if self.given is not None and self.given.total is None:
                self.given.enough()  # of what has an end the rest is kept, for a resume
            timers.append(loop.call_later(self.grace_s, stop.drain, stop.cause))

        stop.when_draining(on_drain)
        self.mailbox.attach()
        self.handle.attach(stop)
        try:
            return await self.start(stop, Watching(self.mailbox, self.given))
        finally:
            self.handle.detach()
            self.mailbox.detach()
            for timer in timers:
                timer.cancel()


_GOING: set[RunThread] = set()
"""The process's runs that go on, so that its end can drain them."""


def _at_exit() -> None:
    """Drain what nobody waits for, as a stream that was left lying; the program ends meanwhile."""
    for run in list(_GOING):
        run.leave("the program's end")
        run.join()


# Before the pools of threads are closed, which a run needs for its end; `atexit` comes too late.
getattr(threading, "_register_atexit", atexit.register)(_at_exit)
