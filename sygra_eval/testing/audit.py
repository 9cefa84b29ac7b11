"""Checks what a run did by what the server saw: `python -m sygra_eval.testing.audit EVENTS`.

The server's own log is the truth about what was sent and what was billed, so the invariants are
checked from it alone, by a program that shares no code with the client:

- never more calls in flight than the limit;
- no call begins after the client said that it had drained, until it says that it goes on;
- no request is paid for again, but once for each time that the client was killed;
- no call begins once the budget is paid, so what is paid is at most the budget and what was in
  flight then;
- no request of a batch is paid for again, however often the client was killed.

A call that the server leaves hanging counts as in flight until then: when the client left it does
not show at the server.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Event:
    """Something that the server saw.

    :ivar at_s: On the machine's monotonic clock.
    :ivar kind: `begun` and `ended` for a call; `paid` when it got a good answer, `lost` when that
        was spoilt on the way, `hung` when it is left without an end; `uploaded`, `submitted`,
        `looked` and `read` for files and batches, and `batched` for each request of a batch that
        was answered, and so paid; `drained`, `resumed`, `killed` are marks that a test sets.
    :ivar call: Its number; `request` the hash of its body, `fault` what it met.
    :ivar prompt_tokens: That are billed, where it was paid; `completion_tokens` likewise.
    """

    at_s: float
    kind: str
    call: int = -1
    request: str = ""
    fault: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What may be paid, in whatever it is counted: each call and each token is so much of it."""

    most: float
    a_call: float = 0.0
    a_prompt_token: float = 0.0
    a_completion_token: float = 0.0

    def of(self, event: Event) -> float:
        """Return what a call that was paid is of it."""
        return (
            self.a_call
            + event.prompt_tokens * self.a_prompt_token
            + event.completion_tokens * self.a_completion_token
        )


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
    budgets: Sequence[Bound] = (),
) -> list[str]:
    """Return what the events say against the client; empty when all invariants hold.

    :param kills: Times that the client was killed, beside those that are marked.
    :param samples: Times that one and the same request is asked on purpose.
    :param budgets: What the client was allowed to pay, each apart.
    """
    found: list[str] = []
    open_calls: set[int] = set()
    most, is_drained, spent = 0, False, [0.0] * len(budgets)
    paid: Counter[str] = Counter()
    batched: Counter[str] = Counter()
    for event in events:
        match event.kind:
            case "begun":
                open_calls.add(event.call)
                most = max(most, len(open_calls))
                if is_drained:
                    found.append(f"call {event.call} began after the drain")
                for budget, so_far in zip(budgets, spent, strict=True):
                    if so_far >= budget.most:
                        told = f"{so_far:g} of {budget.most:g} were paid"
                        found.append(f"call {event.call} began when {told}")
            case "ended" | "hung":
                open_calls.discard(event.call)
            case "paid":
                paid[event.request] += 1
                spent = [a + b.of(event) for a, b in zip(spent, budgets, strict=True)]
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
    parser.add_argument("--most-calls", type=int, help="calls that might be paid")
    parser.add_argument("--most-tokens", type=int, help="tokens that might be paid")
    parser.add_argument("--most-usd", type=float, help="dollars that might be paid, at --price")
    parser.add_argument("--price", default="0,0", help="IN,OUT: USD per million tokens")
    given = parser.parse_args()
    found = problems(
        read(given.events),
        most_in_flight=given.limit,
        kills=given.kills,
        samples=given.samples,
        budgets=list(_budgets(given)),
    )
    sys.stdout.writelines(f"{problem}\n" for problem in found)
    sys.exit(1 if found else 0)


def _budgets(given: argparse.Namespace) -> Iterator[Bound]:
    if given.most_calls is not None:
        yield Bound(most=given.most_calls, a_call=1)
    if given.most_tokens is not None:
        yield Bound(most=given.most_tokens, a_prompt_token=1, a_completion_token=1)
    if given.most_usd is not None:
        prompt, answer = (float(price) / 1e6 for price in given.price.split(","))
        yield Bound(most=given.most_usd, a_prompt_token=prompt, a_completion_token=answer)


if __name__ == "__main__":
    main()
