"""Spans as plain values, and how the records of a journal are laid out in time.

A journal of 0.1.0 does not say when a call was: its calls are laid one behind the other, each as
long as it took, and the record says so (`sygra.times`: `laid out`).
"""

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from json.encoder import encode_basestring_ascii

from sygra_eval.journal import JournalReader, StoredCall
from sygra_eval.values import RecordEnd

Attribute = str | bool | int | float | tuple[str, ...]
Attributes = Mapping[str, Attribute | None]
"""What is None is not known, and not written."""

_NANO = 10**9


class SpanKind(IntEnum):
    """As OTLP numbers them."""

    INTERNAL = 1
    CLIENT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanEvent:
    """Something that happened within a span."""

    name: str
    at_ns: int
    attributes: Attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One span, with explicit times.

    :ivar parent: The id of the span around it; empty for the run's.
    :ivar error: Why it is one that failed; None where it did not.
    """

    trace: str
    id: str
    parent: str
    name: str
    kind: SpanKind
    start_ns: int
    end_ns: int
    attributes: Attributes
    events: tuple[SpanEvent, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """When a run was, and what names its spans.

    :ivar trace: The id of its trace, which follows from run and suite.
    """

    trace: str
    start_ns: int
    end_ns: int

    def id(self, *path: str | int) -> str:
        """Return the id of a span, which follows from where it is."""
        return _span_id(self.trace, path)


@lru_cache(maxsize=256)  # the spans of a record name those around them again and again
def _span_id(trace: str, path: tuple[str | int, ...]) -> str:
    # As `json.dumps` spells a list of them.
    inner = (encode_basestring_ascii(one) if isinstance(one, str) else str(one) for one in path)
    told = f"[{', '.join((encode_basestring_ascii(trace), *inner))}]"
    return hashlib.sha256(told.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What calls of a model have in common."""

    provider: str
    model: str
    parameters: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedCall:
    """A call, and when it was."""

    call: StoredCall
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedRecord:
    """A record that becomes spans.

    :ivar rounds: The sentinel of each round of its loops, by node and number.
    """

    line: Timeline
    end: RecordEnd
    ended_ns: int
    calls: Sequence[TimedCall]
    rounds: Mapping[tuple[str, int], str]
    is_measured: bool

    @property
    def start_ns(self) -> int:
        """When its first call began; when it ended, where it has none."""
        return min((one.start_ns for one in self.calls), default=self.ended_ns)

    def span_id(self, *path: str | int) -> str:
        """Return the id of a span within it, of itself without a path."""
        return self.line.id("record", self.end.row_id, *path)


def numbers_of_calls(reader: JournalReader) -> "dict[str, array[int]]":
    """Return the numbers of each record's calls; of damaged ones too, which are seen when read."""
    found: dict[str, array[int]] = {}
    for number, record in reader.call_numbers():
        found.setdefault(record, array("q")).append(number)
    return found


def timed_record(
    line: Timeline,
    end: RecordEnd,
    at: float | None,
    calls: Sequence[StoredCall],
    rounds: Mapping[tuple[str, int], str],
) -> TimedRecord:
    """Return a record with its calls in time."""
    is_measured = all("at" in call.data for call in calls) and at is not None
    timed = list(_measured(calls) if is_measured else _laid_out(calls, line.start_ns))
    ended_ns = max((one.end_ns for one in timed), default=line.start_ns)
    return TimedRecord(
        line=line,
        end=end,
        ended_ns=max(ended_ns, nanoseconds(at)) if at is not None else ended_ns,
        calls=timed,
        rounds=rounds if timed else {},
        is_measured=is_measured,
    )


def _measured(calls: Iterable[StoredCall]) -> Iterator[TimedCall]:
    for call in calls:
        end_ns = nanoseconds(call.data["at"])
        yield TimedCall(call=call, start_ns=end_ns - nanoseconds(_took_s(call)), end_ns=end_ns)


def _laid_out(calls: Iterable[StoredCall], start_ns: int) -> Iterator[TimedCall]:
    for call in calls:
        end_ns = start_ns + nanoseconds(_took_s(call))
        yield TimedCall(call=call, start_ns=start_ns, end_ns=end_ns)
        start_ns = end_ns


def _took_s(call: StoredCall) -> float:
    """Return how long a call took; one that an earlier run had paid for took no time."""
    return 0.0 if call.data.get("is_cached") else float(call.data["latency_s"])


def nanoseconds(seconds: float) -> int:
    """Return seconds as nanoseconds; of a clock's time no more than milliseconds are known."""
    return round(seconds * 1000) * (_NANO // 1000)
