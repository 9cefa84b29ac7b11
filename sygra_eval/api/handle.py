"""Cancels a run from another thread, or from a callback."""

import asyncio
import threading

from sygra_eval.engine import StopSignal


class Handle:
    """Hand it to `run(..., handle=handle)`; then `handle.cancel()` asks that run to stop.

    The first call drains: no call to a model is begun, those in flight finish and are kept, the
    files are written, and the run can be resumed. The second one gives up calls in flight too. Of a
    run that has not begun yet it is remembered. Any thread may call it, any number of times.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: list[str] = []
        self._stop: StopSignal | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def is_cancelled(self) -> bool:
        """Whether the run was asked to stop."""
        return bool(self._asked)

    def cancel(self, cause: str = "cancel()") -> None:
        """Ask the run to stop; it still ends by itself, so wait for it.

        :param cause: What the report says of it.
        """
        with self._lock:
            self._asked.append(cause)
            if self._loop is not None and self._stop is not None:
                self._loop.call_soon_threadsafe(self._stop.drain, cause)

    def attach(self, stop: StopSignal) -> None:
        """Belong to a run, on its loop.

        :raises RuntimeError: When it belongs to another that still goes.
        """
        with self._lock:
            if self._stop is not None:
                raise RuntimeError("this handle belongs to another run; make one for each")
            self._stop, self._loop = stop, asyncio.get_running_loop()
            for cause in self._asked:
                self._loop.call_soon(stop.drain, cause)

    def detach(self) -> None:
        """Belong to no run any more; its loop is about to close."""
        with self._lock:
            self._loop = None
