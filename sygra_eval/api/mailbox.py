"""What a run says to whoever called for it, from its own thread to theirs.

Rows are kept in order and bounded: where nobody takes them the run begins no further row, so memory
stays flat. Of progress only the newest is kept.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable

from sygra_eval.engine import Progress
from sygra_eval.values import RecordEnd

MOST_WAITING = 256


class Mailbox:
    """Written by the run's thread, read by one other.

    :ivar is_over: The run's thread is at its end and writes nothing more.
    """

    def __init__(self, *, takes_rows: bool, knock: Callable[[], None] | None = None) -> None:
        self.is_over = False
        self._takes_rows = takes_rows
        self._knock = knock
        self._letters: deque[RecordEnd | str] = deque()
        self._progress: Progress | None = None
        self._arrived = threading.Condition()
        self._is_open = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._has_room = asyncio.Event()

    # On the run's side

    def attach(self) -> None:
        """Belong to the loop that is running."""
        self._loop = asyncio.get_running_loop()

    def row_ended(self, end: RecordEnd) -> None:
        """Post a row."""
        if self._takes_rows:
            self._post(end)

    def tell(self, sentence: str) -> None:
        """Post a sentence."""
        self._post(sentence)

    def show(self, progress: Progress) -> None:
        """Post how far the run is."""
        with self._arrived:
            self._progress = progress
            self._notify()

    async def room(self) -> None:
        """Wait until the reader has taken what is there."""
        while not self._is_open and len(self._letters) >= MOST_WAITING:
            self._has_room.clear()
            await self._has_room.wait()

    def let_all_in(self) -> None:
        """Hold nothing back any more; on the run's loop."""
        self._is_open = True
        self._has_room.set()

    def detach(self) -> None:
        """Belong to no loop any more; it is about to close."""
        with self._arrived:
            self._loop = None

    def end(self) -> None:
        """Say that nothing more comes."""
        with self._arrived:
            self.is_over = True
            self._notify()

    # On the reader's side

    def take(self, timeout_s: float) -> RecordEnd | str | Progress | None:
        """Take what came first, progress last; None when nothing came in time."""
        with self._arrived:
            if not self._has_any and not self.is_over and timeout_s:
                self._arrived.wait(timeout_s)
            if not self._letters:
                progress, self._progress = self._progress, None
                return progress
            letter = self._letters.popleft()
            if len(self._letters) == MOST_WAITING // 2 and self._loop is not None:
                self._loop.call_soon_threadsafe(self._has_room.set)
            return letter

    @property
    def is_empty(self) -> bool:
        """Whether the run is over and all that it said is taken."""
        with self._arrived:
            return self.is_over and not self._has_any

    @property
    def _has_any(self) -> bool:
        return bool(self._letters) or self._progress is not None

    def _post(self, letter: RecordEnd | str) -> None:
        with self._arrived:
            self._letters.append(letter)
            self._notify()

    def _notify(self) -> None:
        self._arrived.notify_all()
        if self._knock is not None:
            self._knock()
