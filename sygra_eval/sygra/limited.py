"""Calls the Python of a task, and goes on without it when it does not come back.

Nothing ends a call of Python from outside. So each runs on a thread that the process does not wait
for; past its limit the row fails with the place where the call stands, and the thread is left
behind. An exception is put into it, which ends a loop that is written in Python; what waits in the
system (a lock, a socket without a limit) stays until the process ends. Of such threads a run bears
`MOST_LEFT_BEHIND` and then stops, as it would lose every row like that. Start at `Python`.
"""

import asyncio
import contextlib
import ctypes
import inspect
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from sygra_eval.sygra.functions import TaskError
from sygra_eval.sygra.raised import is_library

LIMIT_S, TURN_LIMIT_S = 300.0, 60.0
"""For one call; the side file says otherwise for both."""
MOST_LEFT_BEHIND = 8
MOST_THREADS = 64
SIDE = " (`python_limit_s` in `sygra_eval.yaml` gives it more)"
_BREATH_S = 1.0
"""A loop that does not answer for so long is held by one of its coroutines."""


class NeverReturned(TaskError):
    """A call of a task's Python was longer than its limit."""


class _LeftBehind(BaseException):
    """Put into a thread that nobody waits for any more."""


def _nothing(cause: str) -> None:
    del cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Python:
    """How a task's Python is called.

    :ivar limit_s: So long a call may take; None for what is usual.
    :ivar more: What gives it more time, for those who read of it.
    :ivar room: So many threads work at a time.
    :ivar turn: Held by the one call that must not meet another.
    :ivar give_up: Ends the run, when too many calls never came back.
    """

    limit_s: float | None = None
    more: str = SIDE
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_THREADS))
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    give_up: Callable[[str], None] = _nothing

    async def in_turn(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what a function returns; one at a time, as in SyGra, where they hold its loop.

        :raises NeverReturned: When it takes longer than it may.
        """
        async with self.turn:
            return await self._called(function, arguments, self.limit_s or TURN_LIMIT_S)

    async def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what a function returns: a coroutine's on a loop apart, any other's on a thread.

        :raises NeverReturned: When it takes longer than it may.
        """
        limit_s = self.limit_s or LIMIT_S
        if inspect.iscoroutinefunction(inspect.unwrap(function)):
            return await self._awaited(function(*arguments), limit_s)
        async with self.room:
            return await self._called(function, arguments, limit_s)

    async def _called(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], limit_s: float
    ) -> Any:
        worker = _IDLE.pop() if _IDLE else _Worker()
        try:
            value = await self._worked(worker, function, arguments, limit_s)
        finally:
            if worker.is_left:
                self._count()
        return await self._awaited(value, limit_s) if inspect.iscoroutine(value) else value

    async def _worked(
        self,
        worker: "_Worker",
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        limit_s: float,
    ) -> Any:
        job = _Job(copy_context(), function, arguments, asyncio.get_running_loop())
        timer = job.loop.call_later(limit_s, job.expire)
        worker.inbox.put(job)
        try:
            value, error = await job.future
        except BaseException:  # the record is given up
            if not job.came_back:  # else it is idle, or works for another by now
                worker.leave_behind()
            raise
        finally:
            timer.cancel()
        if error is job.expired:
            told = NeverReturned(_told(worker.thread, limit_s, function, self.more))
            worker.leave_behind()
            raise told
        if error is not None:
            raise _as_error(error)
        return value

    async def _awaited(self, coroutine: Coroutine[Any, Any, Any], limit_s: float) -> Any:
        name = getattr(coroutine, "__qualname__", "a coroutine")
        home = _home()
        running = asyncio.run_coroutine_threadsafe(_to_its_end(coroutine), home.loop)
        try:
            async with asyncio.timeout(limit_s) as limit:
                value, error = await asyncio.wrap_future(running)
        except TimeoutError:
            if not limit.expired():
                raise
            held = await home.is_held()
            told = _told(home.thread, limit_s, None, self.more) if held else ""
            if held:
                home.leave_behind()
                self._count()
            raise NeverReturned(told or _sentence(f"`{name}`", limit_s, self.more)) from None
        if error is not None:
            raise _as_error(error)
        return value

    def _count(self) -> None:
        count = left_behind()
        if count >= MOST_LEFT_BEHIND:
            self.give_up(
                f"{count} calls of the task's Python never came back and hold a thread each; look "
                "at the rows that failed, or give `python_limit_s` in `sygra_eval.yaml` more time"
            )


async def _to_its_end(coroutine: Coroutine[Any, Any, Any]) -> tuple[Any, BaseException | None]:
    """Return what a coroutine returns or raises: some errors would end the loop with it.

    One that says it is cancelled would take its record along, without an outcome.
    """
    try:
        return await coroutine, None
    except BaseException as error:  # noqa: BLE001 - raised again where it was asked for
        return None, error


def within(limit_s: float, function: Callable[[], Any], what: str = SIDE) -> Any:
    """Return what a function returns, where no loop runs.

    :param what: What gives it more time.
    :raises NeverReturned: When it takes longer than it may.
    """
    made: list[Any] = []
    raised: list[BaseException] = []
    context = copy_context()

    def run() -> None:
        try:
            made.append(context.run(function))
        except BaseException as error:  # noqa: BLE001 - raised again where it was asked for
            raised.append(error)

    thread = threading.Thread(target=run, name="python of a task", daemon=True)
    thread.start()
    thread.join(limit_s)
    if thread.is_alive():
        told = _told(thread, limit_s, function, what)
        _interrupt(thread)
        raise NeverReturned(told)
    if raised:
        raise _as_error(raised[0])
    return made[0]


def left_behind() -> int:
    """Return how many threads nobody waits for, and that run still."""
    _LEFT[:] = [thread for thread in _LEFT if thread.is_alive()]
    return len(_LEFT)


class _Job:
    """One call on a thread, and who waits for it."""

    __slots__ = ("_arguments", "_context", "_function", "came_back", "expired", "future", "loop")

    def __init__(
        self,
        context: Context,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._context, self._function, self._arguments = context, function, arguments
        self.loop, self.future = loop, loop.create_future()
        self.expired, self.came_back = TimeoutError(), False

    def run(self, worker: "_Worker") -> None:
        value, error = None, None
        try:
            value = self._context.run(self._function, *self._arguments)
        except BaseException as raised:  # noqa: BLE001 - raised again where it was asked for
            error = raised
        with contextlib.suppress(RuntimeError):  # the run has ended meanwhile
            self.loop.call_soon_threadsafe(self._end, worker, value, error)

    def expire(self) -> None:
        if not self.future.done():
            self.future.set_result((None, self.expired))

    def _end(self, worker: "_Worker", value: Any, error: BaseException | None) -> None:
        if not self.future.done():
            self.came_back = True
            self.future.set_result((value, error))
            _IDLE.append(worker)


class _Worker:
    """A thread that runs one call after another, until one of them does not come back."""

    def __init__(self) -> None:
        self.inbox: SimpleQueue[_Job | None] = SimpleQueue()
        self.is_left = False
        self.thread = threading.Thread(target=self._work, name="python of a task", daemon=True)
        self.thread.start()

    def leave_behind(self) -> None:
        self.is_left = True
        _interrupt(self.thread)
        self.inbox.put(None)  # should it have come back just now

    def _work(self) -> None:
        with contextlib.suppress(_LeftBehind):
            while (job := self.inbox.get()) is not None:
                job.run(self)


class _Home:
    """A loop on a thread of its own, for coroutines: one that never awaits would hold ours."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.is_left = False
        self.thread = threading.Thread(target=self._work, name="python of a task", daemon=True)
        self.thread.start()

    def _work(self) -> None:
        with contextlib.suppress(_LeftBehind, RuntimeError):
            while not self.is_left:  # a coroutine may stop it
                self.loop.run_forever()
        self.loop.close()

    async def is_held(self) -> bool:
        """Say whether a coroutine keeps the loop from going on."""
        if self.is_left:
            return False
        answered, ours = asyncio.Event(), asyncio.get_running_loop()
        if self.loop.is_closed():
            return False
        self.loop.call_soon_threadsafe(ours.call_soon_threadsafe, answered.set)
        try:
            async with asyncio.timeout(_BREATH_S):
                await answered.wait()
        except TimeoutError:
            return True
        return False

    def leave_behind(self) -> None:
        self.is_left = True
        _interrupt(self.thread)
        self.loop.call_soon_threadsafe(self.loop.stop)


_IDLE: list[_Worker] = []
_HOMES: list[_Home] = []
_LEFT: list[threading.Thread] = []
os.register_at_fork(after_in_child=lambda: [one.clear() for one in (_IDLE, _HOMES, _LEFT)])


def _home() -> _Home:
    if not _HOMES or _HOMES[0].is_left or not _HOMES[0].thread.is_alive():
        _HOMES[:] = [_Home()]
    return _HOMES[0]


def _interrupt(thread: threading.Thread) -> None:
    _LEFT.append(thread)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_LeftBehind)
    )


def _as_error(error: BaseException) -> BaseException:
    """Return an error as a record can have it: none may end the loop that waits for it."""
    if isinstance(error, SystemExit) or (
        isinstance(error, Exception) and not isinstance(error, StopIteration | StopAsyncIteration)
    ):
        return error
    return TaskError(f"{type(error).__name__}: {error}").with_traceback(error.__traceback__)


def _told(thread: threading.Thread, limit_s: float, function: Any, more: str = SIDE) -> str:
    """Return where a call stands: the outermost place outside of ours and of Python's library."""
    frame = sys._current_frames().get(thread.ident or 0)
    found = None
    while frame is not None:
        code = frame.f_code
        if not is_library(code.co_filename):
            found = code
        frame = frame.f_back
    if found is not None:
        what = "the import of" if found.co_qualname == "<module>" else f"`{found.co_qualname}`,"
        name = found.co_filename.rpartition("/")[2]
        return _sentence(f"{what} {name}:{found.co_firstlineno}", limit_s, more)
    return _sentence(f"`{getattr(function, '__qualname__', 'it')}`", limit_s, more)


def _sentence(what: str, limit_s: float, more: str = SIDE) -> str:
    return f"{what} did not come back within {limit_s:g} s{more}"
