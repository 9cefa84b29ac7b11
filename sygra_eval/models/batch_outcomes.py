"""What the end of a batch means for a call that it did not answer.

A call that was not run is sent again; one that the server refused is refused; a batch that somebody
cancelled at the provider ends the run, because sending its calls again is not what he wanted.
"""

from collections.abc import Iterable

from sygra_eval.models.batch_wire import BatchError, BatchSeen
from sygra_eval.models.refusals import refusal_in
from sygra_eval.values import CallFailed, EndpointLost, RetryLater

ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
KNOWN = ENDED | {"validating", "in_progress", "finalizing", "cancelling"}
TRIES_OF_A_BATCH = 3
_NO_ROOM = ("token_limit_exceeded", "enqueued token limit", "enqueued tokens")
_HOURS = {"h": 1, "d": 24}


def window_s(window: str) -> float:
    """Return the seconds of a window as `24h` or `7d`."""
    return float(window[:-1]) * _HOURS[window[-1]] * 3_600


def has_no_room(seen: BatchSeen) -> bool:
    """Whether a batch failed because too many tokens wait already; nothing is wrong with it."""
    return any(is_no_room(f"{error.code} {error.message}") for error in seen.errors)


def is_no_room(message: str) -> bool:
    """Whether words say that."""
    return any(word in message.lower() for word in _NO_ROOM)


def refused_lines(seen: BatchSeen, keys: Iterable[str]) -> dict[str, CallFailed]:
    """Return the refusals of the calls because of which a batch failed, where it names lines.

    :param keys: Of the file's lines, in their order.
    """
    if seen.status != "failed":
        return {}
    by_line = {error.line: error for error in seen.errors if error.line is not None}
    what = f"the batch {seen.id} was refused for this call"
    return {
        key: CallFailed("bad_request", f"{what}: {_told(by_line[line])}")
        for line, key in enumerate(keys, start=1)
        if line in by_line
    }


def failure_of(seen: BatchSeen, address: str) -> CallFailed:
    """Return the failure of a call that a batch ended without."""
    where = f"{address}: the batch {seen.id}"
    match seen.status:
        case "failed":
            first = next(iter(seen.errors), BatchError(code="", message="no reason is given"))
            return refusal_in(first.code, f"{where} was refused: {_told(first)}")
        case "expired":
            what = f"{where} expired before this call was answered"
            return RetryLater("expired", what, most_tries=TRIES_OF_A_BATCH, is_at_once=True)
        case "cancelled":
            what = f"{where} was cancelled at the provider; what it had answered is kept"
            return EndpointLost("cancelled", f"the run cannot go on: {what}")
        case _:
            what = f"{where} ended without an answer to this call"
            return RetryLater("bad_body", what, most_tries=TRIES_OF_A_BATCH, is_at_once=True)


def lost_with(batch_id: str, address: str, kind: str, what: str) -> EndpointLost:
    """Return the end of a run that cannot look at its batch any more."""
    open_batch = f"the batch {batch_id} at {address} stays open, and `resume` takes it up: "
    return EndpointLost(kind, f"the run cannot go on: {open_batch if batch_id else ''}{what}")


def _told(error: BatchError) -> str:
    line = "" if error.line is None else f" (line {error.line})"
    return f"{error.code or 'error'}: {error.message}{line}"
