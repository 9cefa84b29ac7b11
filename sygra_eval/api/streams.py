"""Finished rows of a run, one by one as they end, in a `for` or an `async for`."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

from sygra_eval.api.asked import Asked
from sygra_eval.api.result import RunResult
from sygra_eval.api.rows import FinishedRow
from sygra_eval.api.session import Session
from sygra_eval.api.work import Work
from sygra_eval.engine import StoppedEarly

_CLOSED = "a stream that was closed"


class RowStream:
    """Iterates over the rows of a run as they end, in the order in which they end.

    Who stops in the middle, by `break` or `close`, drains the run: it can be resumed. A run whose
    rows nobody takes begins no further ones.

    :ivar result: What the run came to, once the last row was taken or the stream was closed.
    """

    def __init__(self, work: Work, asked: Asked) -> None:
        self.result: RunResult | None = None
        self._session: Session | None = Session(work, asked, takes_rows=True)
        self._session.begin()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> FinishedRow:
        session = self._session
        while session is not None and not session.mailbox.is_empty:
            row = session.next_row()
            if row is not None:
                return row
        self._end()
        raise StopIteration

    def cancel(self) -> None:
        """Ask the run to stop; go on taking rows until it has, or `close`."""
        if self._session is not None:
            self._session.handle.cancel()

    def close(self) -> None:
        """Drain the run and wait until it has ended; what is not taken yet is in its folder."""
        if self._session is not None:
            self._session.handle.cancel(_CLOSED)
            while not self._session.mailbox.is_empty:
                self._session.next_row()
            with suppress(StoppedEarly):  # before its first row: there is nothing to tell
                self._end()

    def _end(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            self.result = session.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_session", None) is not None:
            self.close()


class AsyncRowStream:
    """As `RowStream`, for `async for`; `async with` waits at its end until the run has drained.

    :ivar result: What the run came to, once the last row was taken or the stream was closed.
    """

    def __init__(self, work: Work, asked: Asked) -> None:
        self.result: RunResult | None = None
        self._session: Session | None = Session(work, asked, takes_rows=True)
        self._has_begun = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> FinishedRow:
        session = self._begun()
        while session is not None and not session.mailbox.is_empty:
            row = await session.next_row_awaited()
            if row is not None:
                return row
        await self._end()
        raise StopAsyncIteration

    def cancel(self) -> None:
        """Ask the run to stop; go on taking rows until it has, or `aclose`."""
        if self._session is not None:
            self._session.handle.cancel()

    async def aclose(self) -> None:
        """Drain the run and wait until it has ended; what is not taken yet is in its folder."""
        session = self._session
        if session is not None and self._has_begun:
            session.handle.cancel(_CLOSED)
            with suppress(StoppedEarly):
                await self._end()

    def _begun(self) -> Session | None:
        if self._session is not None and not self._has_begun:
            self._has_begun = True
            self._session.begin(asyncio.get_running_loop())
        return self._session

    async def _end(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            self.result = await session.to_the_end_awaited()

    async def __aenter__(self) -> Self:
        self._begun()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        session = getattr(self, "_session", None)
        if session is not None and self._has_begun:
            session.leave("a stream that nobody reads")  # its thread ends by itself
