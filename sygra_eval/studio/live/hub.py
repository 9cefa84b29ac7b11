"""Hands on what happens to the tabs that asked for it. Start at `Hub.publish` and `Hub.stream`.

A message is of a topic. What a tab has not taken yet waits, bounded: of what is told whole each
time (`latest`) only the last waits, pieces of text go first where a tab is slow, and where still
too much waits all of it goes and the tab is told to ask again. The last messages of a topic are
kept, so that a tab that was away gets what it missed by the id of the last one that it had.
"""

import asyncio
import contextlib
import json
import secrets
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel

from sygra_eval.values import SygraEvalError

MERGED_S = 0.05
HEARTBEAT_S = 15.0
MOST_WAITING = 5_000
MOST_KEPT = 512  # messages of a topic
MOST_KEPT_CHARACTERS = 1024 * 1024  # of a topic
MOST_KEPT_TOPICS = 64
MOST_WAITING_CHARACTERS = 8 * 1024 * 1024  # of a tab
MOST_TOPICS = 64  # that one tab asks for
MOST_TABS = 64
HEARTBEAT = b": still here\n\n"

Begin = Callable[[str], Callable[[], None]]
"""Called with a topic when somebody asks for it; returns what is called when he goes."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message, written once for all tabs.

    :ivar kind: `latest`: a later one of the same topic and event takes its place; `droppable`: it
        may be lost; `kept`: a tab that comes back gets it.
    """

    number: int
    topic: str
    event: str
    data: str
    kind: str

    @property
    def line(self) -> str:
        """What the tab is sent as data."""
        return (
            f'{{"topic":{json.dumps(self.topic)},"event":{json.dumps(self.event)},'
            f'"data":{self.data}}}'
        )


@dataclass(slots=True, eq=False)
class _Tab:
    topics: frozenset[str]
    waiting: dict[object, Message] = field(default_factory=dict)
    has_some: asyncio.Event = field(default_factory=asyncio.Event)
    is_behind: bool = False
    characters: int = 0

    def take(self, message: Message) -> None:
        key: object = message.number
        if message.kind == "latest":
            key = message.topic, message.event
            if (before := self.waiting.pop(key, None)) is not None:
                self.characters -= len(before.data)
        self.waiting[key] = message
        self.characters += len(message.data)
        if len(self.waiting) > MOST_WAITING or self.characters > MOST_WAITING_CHARACTERS:
            self._drop()
        self.has_some.set()

    def _drop(self) -> None:
        """Drop text, and all the rest too where that is not enough."""
        self.is_behind = True
        whole = {key: one for key, one in self.waiting.items() if one.kind != "droppable"}
        characters = sum(len(one.data) for one in whole.values())
        is_enough = len(whole) <= MOST_WAITING // 2 and characters <= MOST_WAITING_CHARACTERS // 2
        self.waiting = whole if is_enough else {}
        self.characters = characters if is_enough else 0


@dataclass(slots=True)
class _Kept:
    """The last messages of a topic.

    :ivar dropped: The number of the last one that is not kept any more.
    """

    messages: deque[Message] = field(default_factory=deque)
    characters: int = 0
    dropped: int = 0

    def keep(self, message: Message) -> None:
        self.messages.append(message)
        self.characters += len(message.data)
        while len(self.messages) > MOST_KEPT or self.characters > MOST_KEPT_CHARACTERS:
            gone = self.messages.popleft()
            self.characters -= len(gone.data)
            self.dropped = gone.number


class Hub:
    """The tabs of one server, and what they are told."""

    def __init__(self) -> None:
        self._epoch = secrets.token_hex(4)
        self._number = 0
        self._tabs: set[_Tab] = set()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._forgotten = 0  # the number of the last message of a topic that is not kept any more
        self._begins: dict[str, Begin] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_over = False

    def open(self) -> None:
        """Begin to hand on, in the event loop that runs now."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """End all streams, as the server ends."""
        self._is_over = True
        for tab in self._tabs:
            tab.has_some.set()

    def on_topic(self, prefix: str, begin: Begin) -> None:
        """Have something done while somebody asks for a topic that begins so."""
        self._begins[prefix] = begin

    def is_asked(self, topic: str) -> bool:
        """Say whether anybody asks for a topic now."""
        return any(topic in tab.topics for tab in self._tabs)

    def publish(self, topic: str, event: str, data: object, *, kind: str = "kept") -> None:
        """Tell all who asked for a topic; from any thread.

        :param data: A shape, or what JSON can say.
        :param kind: See `Message`.
        """
        text = _written(data)
        if self._loop is None or self._loop.is_closed():
            return
        try:
            is_inside = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            is_inside = False
        if is_inside:
            self._hand_on(topic, event, text, kind)
        else:
            with contextlib.suppress(RuntimeError):  # it closed in this moment
                self._loop.call_soon_threadsafe(self._hand_on, topic, event, text, kind)

    def _hand_on(self, topic: str, event: str, text: str, kind: str) -> None:
        self._number += 1
        message = Message(self._number, topic, event, text, kind)
        if kind == "kept":
            self._kept.setdefault(topic, _Kept(dropped=self._forgotten)).keep(message)
            self._kept.move_to_end(topic)
            while len(self._kept) > MOST_KEPT_TOPICS:
                self._kept.popitem(last=False)
                self._forgotten = self._number
        for tab in self._tabs:
            if topic in tab.topics:
                tab.take(message)

    async def stream(self, topics: Sequence[str], last: str = "") -> AsyncIterator[bytes]:
        """Yield server-sent events until the tab goes or the server ends.

        :param last: The id of the last message that the tab had, where it was here before.
        """
        if len(self._tabs) >= MOST_TABS:
            yield _event(self._id(0), _line("", "refused", f"{MOST_TABS} tabs are open already"))
            return
        tab = _Tab(frozenset(topics[:MOST_TOPICS]))
        with self._entered(tab, last) as told:
            yield b": here\n\n" + b"".join(told)
            while not self._is_over:
                try:
                    async with asyncio.timeout(HEARTBEAT_S):
                        await tab.has_some.wait()
                except TimeoutError:
                    yield HEARTBEAT
                    continue
                if not self._is_over:
                    await asyncio.sleep(MERGED_S)
                yield self._taken(tab)

    def _taken(self, tab: _Tab) -> bytes:
        waiting, tab.waiting, tab.characters = tab.waiting, {}, 0
        tab.has_some.clear()
        parts = []
        if tab.is_behind:
            tab.is_behind = False
            parts = [
                _event(self._id(self._number), _line(one, "resync", None)) for one in tab.topics
            ]
        parts += [_event(self._id(one.number), one.line) for one in waiting.values()]
        return b"".join(parts)

    @contextlib.contextmanager
    def _entered(self, tab: _Tab, last: str) -> Iterator[list[bytes]]:
        """Let a tab in: what it missed first, then what begins with it."""
        told: list[bytes] = []
        with contextlib.ExitStack() as stack:
            for topic in sorted(tab.topics):
                told += self._missed(topic, last)
            self._tabs.add(tab)
            stack.callback(self._tabs.discard, tab)
            for topic in sorted(tab.topics):
                begin = self._begins.get(topic.partition(":")[0])
                if begin is None:
                    continue
                try:
                    stack.callback(begin(topic))
                except SygraEvalError as error:
                    told.append(_event(self._id(self._number), _line(topic, "refused", str(error))))
            yield told

    def _missed(self, topic: str, last: str) -> Iterator[bytes]:
        epoch, _, number = last.partition(".")
        of_it = self._kept.get(topic, _Kept(dropped=self._forgotten))
        kept = list(of_it.messages)
        if epoch == self._epoch and number.isascii() and number.isdigit():
            since = int(number)
            if of_it.dropped > since:
                yield _event(self._id(self._number), _line(topic, "resync", None))
            for message in kept:
                if message.number > since:
                    yield _event(self._id(message.number), message.line)
        elif last:  # of a server that has ended
            yield _event(self._id(self._number), _line(topic, "resync", None))
        elif (
            topic.partition(":")[0] not in self._begins
        ):  # it may have begun before it was asked for
            for message in kept:
                yield _event(self._id(message.number), message.line)

    def _id(self, number: int) -> str:
        return f"{self._epoch}.{number}"


def _written(data: object) -> str:
    if isinstance(data, BaseModel):
        return data.model_dump_json()
    if isinstance(data, list) and data and isinstance(data[0], BaseModel):
        return f"[{','.join(one.model_dump_json() for one in data)}]"
    return json.dumps(data)


def _line(topic: str, event: str, data: object) -> str:
    return json.dumps({"topic": topic, "event": event, "data": data})


def _event(number: str, line: str) -> bytes:
    """Write one event; JSON has no line breaks, so it is one line of data."""
    return f"id: {number}\ndata: {line}\n\n".encode("utf-8", "backslashreplace")
