"""The run of one suite behind a pytest session, on a thread and a loop of its own.

pytest's thread asks for the end of one row after the other; the run works ahead. Start at
`BackgroundRun`.
"""

import asyncio
import contextlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sygra_eval.engine import RunOptions, RunSummary, StopSignal, run_in_loop, run_suite
from sygra_eval.pytest_plugin.wanted import Wanted, WantedRows
from sygra_eval.values import Outcome, RecordEnd, Source, SygraEvalError

GRACE_S = 5.0
"""So long calls in flight are waited for when pytest wants no more; they are paid for."""


class NoEnd(SygraEvalError):
    """A row has no outcome, because its run did not begin or ended before it."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A row that has its outcome, and what its calls cost, where there were any."""

    end: RecordEnd
    cost_usd: float | None = None


class BackgroundRun:
    """Runs the wanted rows of a suite.

    :ivar look_ahead: So many rows are begun behind the one that pytest waits for; None for all.
    :ivar notes: Sentences that a person should read.
    """

    def __init__(self, path: Path, options: RunOptions, look_ahead: int | None = None) -> None:
        self.wanted = Wanted()
        self.look_ahead = look_ahead
        self.notes: list[str] = []
        self.summary: RunSummary | None = None
        self.error: BaseException | None = None
        self._path = path
        self.options = options
        self._rows: WantedRows | None = None
        self._ends: dict[int, Ended] = {}
        self._reached = self._begun = 0
        self._is_over = False
        self._arrived = threading.Condition()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: StopSignal | None = None
        self._asked_to_stop: list[str] = []
        self._room = asyncio.Event()

    # On pytest's thread

    @property
    def is_begun(self) -> bool:
        """Whether it was started."""
        return self._thread is not None

    @property
    def folder(self) -> Path | None:
        """The run's folder, once it has one."""
        return None if self._rows is None else self._rows.folder

    def begin(self, places: Sequence[int], *, are_all: bool) -> None:
        """Want rows; the first call starts the run.

        :param are_all: There will be no others.
        """
        self.wanted.add(places)
        if are_all:
            self.wanted.end()
        if self._thread is None:
            self._thread = threading.Thread(target=self._drive, name="sygra_eval under pytest")
            self._thread.start()

    def ended(self, place: int) -> Ended:
        """Wait until a row has its outcome.

        :raises NoEnd: When it will have none.
        """
        position = self.wanted.position(place)
        if position is None:
            raise NoEnd("pytest did not say that it wants this row when the run began")
        if self.look_ahead is not None and position >= self._reached:
            self._reached = position
            self._on_loop(self._room.set)
        with self._arrived:
            while place not in self._ends:
                if self._is_over:
                    raise NoEnd(self._why_none())
                self._arrived.wait()
            return self._ends[place]

    def over(self) -> RunSummary:
        """Wait until the run is over; rows that nobody waited for are begun too.

        :raises NoEnd: When it did not come to its end.
        """
        if self.look_ahead is not None:
            self._reached = len(self.wanted)
            self._on_loop(self._room.set)
        with self._arrived:
            while not self._is_over:
                self._arrived.wait()
        if self.summary is None:
            raise NoEnd(self._why_none())
        return self.summary

    def finish(self) -> None:
        """Want no more: what is in flight ends or is given up, the files are written."""
        self.wanted.end()
        if self._thread is None:
            return
        if not self._is_complete:
            self._drain("pytest wanted no more rows")
            self._thread.join(GRACE_S)
            if self._thread.is_alive():
                self._drain("pytest wanted no more rows")
        try:
            self._thread.join()
        except KeyboardInterrupt:
            self._drain("an interrupt")
            self._drain("an interrupt")
            self._thread.join()
            raise

    @property
    def _is_complete(self) -> bool:
        """Whether all that was wanted has its outcome."""
        return len(self._ends) >= len(self.wanted)

    def _drain(self, cause: str) -> None:
        with self._arrived:
            self._asked_to_stop.append(cause)
            stop = self._stop
        if stop is not None:
            self._on_loop(stop.drain, cause)

    def _on_loop(self, callback: object, *arguments: object) -> None:
        with self._arrived:
            loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # closed meanwhile
                loop.call_soon_threadsafe(callback, *arguments)  # type: ignore[arg-type]

    def _why_none(self) -> str:
        if self.error is not None:
            found = [one.message for one in getattr(self.error, "diagnostics", ())]
            return "\n".join([f"the run did not go on: {self.error}", *found])
        if self.summary is not None:
            return f"the run ended before this row: {self.summary.exit_reason}"
        return "the run ended before this row"

    # On the run's thread

    def _drive(self) -> None:
        try:
            self.summary = run_in_loop(self._main())
        except BaseException as error:  # noqa: BLE001 - said of each row that waits for it
            self.error = error
        with self._arrived:
            self._is_over, self._loop, self._stop = True, None, None
            self._arrived.notify_all()

    async def _main(self) -> RunSummary:
        stop = StopSignal()
        stop.when_draining(self._room.set)
        with self._arrived:
            self._loop, self._stop = asyncio.get_running_loop(), stop
            for cause in self._asked_to_stop:
                stop.drain(cause)
        options = replace(self.options, watch=self, through=self._through)
        return await run_suite(self._path, options, tell=self.notes.append, stop=stop)

    def _through(self, source: Source) -> Source:
        self._rows = WantedRows(source, self.wanted)
        return self._rows

    def row_ended(self, end: RecordEnd, cost_usd: float | None = None) -> None:
        """Take a row's end, as the engine's watch."""
        ended = Ended(_kept(end), cost_usd)
        with self._arrived:
            self._ends[end.index] = ended
            self._arrived.notify_all()

    def is_met(self) -> None:
        """Take no notice: pytest says which rows are wanted."""

    async def room(self) -> None:
        """Hold a row back that is too far ahead of the one that pytest waits for."""
        if self.look_ahead is None:
            return
        stop = self._stop
        while self._begun > self._reached + self.look_ahead and not (stop and stop.is_draining):
            self._room.clear()
            await self._room.wait()
        self._begun += 1


def _kept(end: RecordEnd) -> RecordEnd:
    """Return what is told of a row: of one that is right only figures, as all rows are kept."""
    if end.outcome in (Outcome.REJECTED, Outcome.FAILED):
        return end
    verdicts = tuple(replace(verdict, evidence=None) for verdict in end.verdicts)
    return replace(end, data={}, verdicts=verdicts)
