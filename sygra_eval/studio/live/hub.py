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
MOST_KEPT_TOPICS = 256
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

    def take(self, message: Message) -> None:
        key: object = message.number
        if message.kind == "latest":
            key = message.topic, message.event
            self.waiting.pop(key, None)
        self.waiting[key] = message
        if len(self.waiting) > MOST_WAITING:
            whole = {key: one for key, one in self.waiting.items() if one.kind != "droppable"}
            self.is_behind = True
            self.waiting = whole if len(whole) <= MOST_WAITING // 2 else {}
        self.has_some.set()


class Hub:
    """The tabs of one server, and what they are told."""

    def __init__(self) -> None:
        self._epoch = secrets.token_hex(4)
        self._number = 0
        self._tabs: set[_Tab] = set()
        self._kept: OrderedDict[str, deque[Message]] = OrderedDict()
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
            if topic not in self._kept:
                self._kept[topic] = deque(maxlen=MOST_KEPT)
            self._kept[topic].append(message)
            self._kept.move_to_end(topic)
            while len(self._kept) > MOST_KEPT_TOPICS:
                self._kept.popitem(last=False)
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
        waiting, tab.waiting = tab.waiting, {}
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
        kept = list(self._kept.get(topic, ()))
        if epoch == self._epoch and number.isdigit():
            since = int(number)
            is_all = len(kept) < MOST_KEPT or kept[0].number <= since + 1
            if not is_all:
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
