"""Checks what a run did by what the server saw: `python -m sygra_eval.testing.audit EVENTS`.

The server's own log is the truth about what was sent and what was billed, so the invariants are
checked from it alone, by a program that shares no code with the client:

- never more calls in flight than the limit;
- no call begins after the client said that it had drained, until it says that it goes on;
- no request is paid for again, but once for each time that the client was killed;
- no request of a batch is paid for again, however often the client was killed.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Event:
    """Something that the server saw.

    :ivar at_s: On the machine's monotonic clock.
    :ivar kind: `begun` and `ended` for a call; `paid` when it got a good answer, `lost` when that
        was spoilt on the way; `uploaded`, `submitted`, `looked` and `read` for files and batches,
        and `batched` for each request of a batch that was answered, and so paid;
        `drained`, `resumed`, `killed` are marks that a test sets.
    :ivar call: Its number; `request` the hash of its body, `fault` what it met.
    """

    at_s: float
    kind: str
    call: int = -1
    request: str = ""
    fault: str = ""


def line_of(event: Event) -> str:
    """Return the event as a line of the log."""
    return json.dumps(asdict(event)) + "\n"


def mark(path: Path, kind: str) -> None:
    """Append a mark to the log of a server in another process."""
    with path.open("a", encoding="utf-8") as lines:
        lines.write(line_of(Event(time.monotonic(), kind)))


def read(path: Path) -> Iterator[Event]:
    """Yield the events of a log; a last line that was cut off is left out."""
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield Event(**json.loads(line))
        except ValueError:
            return


def problems(
    events: Iterable[Event],
    *,
    most_in_flight: int | None = None,
    kills: int = 0,
    samples: int = 1,
) -> list[str]:
    """Return what the events say against the client; empty when all invariants hold.

    :param kills: Times that the client was killed, beside those that are marked.
    :param samples: Times that one and the same request is asked on purpose.
    """
    found: list[str] = []
    open_calls: set[int] = set()
    most, is_drained = 0, False
    paid: Counter[str] = Counter()
    batched: Counter[str] = Counter()
    for event in events:
        match event.kind:
            case "begun":
                open_calls.add(event.call)
                most = max(most, len(open_calls))
                if is_drained:
                    found.append(f"call {event.call} began after the drain")
            case "ended":
                open_calls.discard(event.call)
            case "paid":
                paid[event.request] += 1
            case "submitted" if is_drained:
                found.append(f"{event.request} was submitted after the drain")
            case "batched":
                batched[event.request] += 1
            case "drained":
                is_drained = True
            case "resumed":
                is_drained = False
            case "killed":
                kills, is_drained = kills + 1, False
                open_calls.clear()  # nobody waits for them any more, which the server may not know
    if most_in_flight is not None and most > most_in_flight:
        found.append(f"{most} calls were in flight at once; the limit was {most_in_flight}")
    allowed = samples + kills
    for request, times in sorted(paid.items()):
        if times > allowed:
            found.append(f"request {request[:12]} was paid {times} times; at most {allowed}")
    for request, times in sorted(batched.items()):
        if times > samples:
            told = f"was paid {times} times in batches; at most {samples}"
            found.append(f"request {request[:12]} {told}")
    return found


def main() -> None:
    """Check a log of events; ends with 1 and one line for each thing that does not hold."""
    parser = argparse.ArgumentParser(description=main.__doc__, prog="sygra_eval.testing.audit")
    parser.add_argument("events", type=Path, help="what the server wrote with --audit")
    parser.add_argument("--limit", type=int, help="calls in flight that were allowed")
    parser.add_argument("--kills", type=int, default=0, help="times that the client was killed")
    parser.add_argument("--samples", type=int, default=1, help="times that a request is asked")
    given = parser.parse_args()
    found = problems(
        read(given.events),
        most_in_flight=given.limit,
        kills=given.kills,
        samples=given.samples,
    )
    sys.stdout.writelines(f"{problem}\n" for problem in found)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
