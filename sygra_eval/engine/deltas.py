"""Text as models make it, for whoever watches a run through its door.

Only answers that come in pieces (`stream: true`) have any. While nobody watches, a piece costs one
look at an empty list. A watcher gets what came since it asked last, put together by call and
bounded: where it is slow, texts are dropped and it is told so, and the run is never held up.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sygra_eval.values import CallSite

MERGED_S = 0.08
MOST_CHARACTERS = 256 * 1024
"""A watcher is kept so much text; what is more is dropped."""
MOST_OF_A_CALL = 16 * 1024
MOST_WATCHERS = 4
QUIET_S = 5.0
"""So often something is said though nothing happens, to find out who has gone."""

_Call = tuple[str, str, str]


@dataclass(slots=True, eq=False)
class Watcher:
    """One who watches: what it has not fetched yet."""

    kept: dict[_Call, list[str]] = field(default_factory=dict)
    cut: set[_Call] = field(default_factory=set)
    sizes: dict[_Call, int] = field(default_factory=dict)
    size: int = 0
    dropped: int = 0
    has_some: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, call: _Call, text: str) -> None:
        """Keep a piece, or count that it is dropped."""
        room = min(MOST_OF_A_CALL - self.sizes.get(call, 0), MOST_CHARACTERS - self.size)
        if room < len(text):
            self.dropped += 1
            self.cut.add(call)
            text = text[: max(0, room)]
            if call not in self.kept and not text:
                return
        self.kept.setdefault(call, []).append(text)
        self.sizes[call] = self.sizes.get(call, 0) + len(text)
        self.size += len(text)
        self.has_some.set()

    def take(self) -> Mapping[str, Any]:
        """Return what came since, and keep nothing of it."""
        deltas = [
            {
                "record": record,
                "node": node,
                "call": call,
                "text": "".join(pieces),
                "is_cut": (record, node, call) in self.cut,
            }
            for (record, node, call), pieces in self.kept.items()
        ]
        told = {"deltas": deltas, "dropped": self.dropped}
        self.kept, self.cut, self.sizes, self.size, self.dropped = {}, set(), {}, 0, 0
        self.has_some.clear()
        return told


@dataclass(slots=True)
class Deltas:
    """The texts of one run while they are made."""

    watchers: list[Watcher] = field(default_factory=list)

    def listener(self, site: CallSite, attempt: Callable[[], int]) -> Callable[[str], None]:
        """Return who is told of each piece of a call's text."""
        watchers = self.watchers

        def heard(text: str) -> None:
            if not watchers:
                return
            name = f"{site.node} {site.visit}.{site.sample}.{attempt()}"
            for watcher in watchers:
                watcher.hear((site.record, site.node, name), text)

        return heard

    async def watch(self) -> AsyncGenerator[Mapping[str, Any], None]:
        """Yield what is heard, put together; and nothing now and then, while nothing is."""
        with self._watching() as watcher:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(QUIET_S):
                        await watcher.has_some.wait()
                    await asyncio.sleep(MERGED_S)
                yield watcher.take()

    @contextlib.contextmanager
    def _watching(self) -> Iterator[Watcher]:
        watcher = Watcher()
        self.watchers.append(watcher)
        try:
            yield watcher
        finally:
            self.watchers.remove(watcher)
