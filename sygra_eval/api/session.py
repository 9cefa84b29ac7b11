"""One call of `run` or one of its kin: the run's thread, and what the caller's own thread does.

The caller's thread takes the rows that were given, since an iterator may belong to the thread it
was made on, and calls the callbacks; the run's thread does all else. Start at `Session`.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sygra_eval.api.asked import Asked
from sygra_eval.api.handle import Handle
from sygra_eval.api.mailbox import Mailbox
from sygra_eval.api.result import RunInterrupted, RunResult
from sygra_eval.api.rows import FinishedRow
from sygra_eval.api.run_thread import RunThread
from sygra_eval.api.showing import Shown, shown_where_we_are
from sygra_eval.api.work import Work
from sygra_eval.engine import Progress
from sygra_eval.values import RecordEnd

_LOG = logging.getLogger("sygra_eval")
_LOOK_AGAIN_S = 0.1
_MOST_NOTES = 1_000
_INTERRUPT = "an interrupt"


class Session:
    """Takes what a run says on the caller's thread, until it is over.

    :ivar row: The row that ended last, until it is taken.
    """

    def __init__(self, work: Work, asked: Asked, *, takes_rows: bool = False) -> None:
        self.handle = asked.handle or Handle()
        self._asked = asked
        self._giving = work.giving
        self._notes: list[str] = []
        self._told: set[str] = set()
        self._is_interrupted = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._knocked: asyncio.Event | None = None
        self.mailbox = Mailbox(takes_rows=takes_rows or asked.on_row is not None, knock=self._knock)
        self._thread = RunThread(
            start=work.start,
            mailbox=self.mailbox,
            handle=self.handle,
            given=None if work.giving is None else work.giving.given,
            grace_s=asked.grace_s,
        )
        self._shown: Shown | None = None

    def begin(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Start the run.

        :param loop: The caller's, where it is one that waits.
        """
        if loop is not None:
            self._loop, self._knocked = loop, asyncio.Event()
        self._shown = shown_where_we_are(self._asked.show)
        self._thread.begin()

    # A caller who blocks

    def to_the_end(self) -> RunResult:
        """Serve the run until it is over.

        :raises RunInterrupted: When an interrupt came meanwhile; the run has drained.
        """
        broke: BaseException | None = None
        is_over = False
        while not is_over:
            try:
                while not self.mailbox.is_empty:
                    self.next_row()
                is_over = True
            except KeyboardInterrupt:  # between two looks
                self._interrupted()
            except BaseException as error:  # noqa: BLE001 - raised again once the run has drained
                broke = broke or error
                self.handle.cancel(_named(error))
        return self._result_unless(broke)

    def next_row(self) -> FinishedRow | None:
        """Serve the run for a moment; return a row that has ended meanwhile, if any.

        An interrupt drains the run and is raised when that is done.
        """
        try:
            giving = self._giving
            is_wanted = giving is not None and giving.is_wanted and not self.mailbox.is_over
            letter = self.mailbox.take(0.0 if is_wanted else _LOOK_AGAIN_S)
            if letter is not None:
                return self._deal_with(letter)
            if is_wanted and giving is not None:
                giving.some()
        except KeyboardInterrupt:
            self._interrupted()
        return None

    # A caller whose loop goes on

    async def to_the_end_awaited(self) -> RunResult:
        """Serve the run until it is over; a cancel drains it first."""
        broke: BaseException | None = None
        while not self.mailbox.is_empty:
            try:
                await self.next_row_awaited()
            except BaseException as error:  # noqa: BLE001 - raised again once the run has drained
                broke = broke or error
                self.handle.cancel(_named(error))
        return self._result_unless(broke)

    async def next_row_awaited(self) -> FinishedRow | None:
        """Serve the run for a moment; return a row that has ended meanwhile, if any."""
        giving, knocked = self._giving, self._knocked
        assert knocked is not None, "it has begun on a loop"  # noqa: S101
        knocked.clear()
        letter = self.mailbox.take(0.0)
        if letter is not None:
            row = self._deal_with(letter)
            await asyncio.sleep(0)
            return row
        if giving is None or not giving.is_wanted or self.mailbox.is_over:
            try:
                async with asyncio.timeout(_LOOK_AGAIN_S):
                    await knocked.wait()
            except TimeoutError:
                pass
        elif giving.is_asynchronous:
            await giving.some_awaited()
        else:
            giving.some()
            await asyncio.sleep(0)
        return None

    # Both

    def result(self) -> RunResult:
        """Return what the run came to, or raise what it ended with."""
        self._thread.join()
        giving, summary = self._giving, self._thread.summary
        if giving is not None:
            if summary is not None and summary.state != "finished":
                giving.all_that_are_known()
            giving.close()
        if self._shown is not None:
            self._call("show", self._shown.end, summary)
        if self._thread.error is not None:
            if self._is_interrupted:
                raise KeyboardInterrupt(str(self._thread.error)) from self._thread.error
            raise self._thread.error
        assert summary is not None, "it has ended without an error"  # noqa: S101
        result = RunResult(summary, tuple(self._notes))
        if self._is_interrupted:
            raise RunInterrupted(result)
        return result

    def _result_unless(self, broke: BaseException | None) -> RunResult:
        """Return what the run came to, unless something else ended the wait for it."""
        try:
            result = self.result()
        except Exception as error:
            if broke is not None:
                raise broke from error
            raise
        if broke is not None:
            raise broke
        return result

    def _interrupted(self) -> None:
        self._is_interrupted = True
        self.handle.cancel(_INTERRUPT)

    def leave(self, cause: str) -> None:
        """Let the run drain without this thread."""
        self._thread.leave(cause)

    def _deal_with(self, letter: RecordEnd | str | Progress) -> FinishedRow | None:
        asked = self._asked
        match letter:
            case RecordEnd():
                row = FinishedRow.of(letter)
                self._call("on_row", asked.on_row, row)
                return row
            case Progress():
                self._call("on_progress", asked.on_progress, letter)
                self._call("show", self._shown, letter)
            case str():
                if len(self._notes) < _MOST_NOTES:
                    self._notes.append(letter)
                if asked.on_note is None:
                    _LOG.warning("%s", letter)
                else:
                    self._call("on_note", asked.on_note, letter)
        return None

    def _call(self, name: str, callback: Callable[[Any], object] | None, value: object) -> None:
        """Call a callback; that one fails is told once and changes nothing."""
        if callback is None:
            return
        try:
            callback(value)
        except Exception as error:  # noqa: BLE001 - the boundary to the caller's code
            if name not in self._told:
                self._told.add(name)
                sentence = f"{name}: {type(error).__name__}: {error} (told once)"
                self._notes.append(sentence)
                _LOG.warning("%s", sentence, exc_info=error)

    def _knock(self) -> None:
        loop, knocked = self._loop, self._knocked
        if loop is not None and knocked is not None:
            with suppress(RuntimeError):  # closed: nobody waits there any more
                loop.call_soon_threadsafe(knocked.set)


def _named(error: BaseException) -> str:
    """Say what stopped the run, for its report."""
    return "a cancelled task" if isinstance(error, asyncio.CancelledError) else type(error).__name__
