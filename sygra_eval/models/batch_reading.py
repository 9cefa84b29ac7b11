"""Reads the files of a batch that has ended, again while answers that should be there are not."""

import logging
from collections.abc import Awaitable, Callable, Collection

from sygra_eval.models.batch_patience import BatchPatience
from sygra_eval.models.batch_wire import BatchSeen, BatchWire, is_answer, was_not_run
from sygra_eval.models.replies import RawReply
from sygra_eval.values import CallFailed

_log = logging.getLogger(__name__)

TRIES_OF_A_FILE = 3


async def read_answers(
    wire: BatchWire, patience: BatchPatience, seen: BatchSeen, wanted: Collection[str]
) -> dict[str, RawReply]:
    """Return the replies of an ended batch by custom id, as far as they are wanted.

    Of two replies to one call the first counts, but an answer goes before a failure.
    """
    wanted, batch_id = frozenset(wanted), seen.id
    replies: dict[str, RawReply] = {}
    lines = strange = 0

    def take(key: str, reply: RawReply) -> None:
        nonlocal lines
        lines += not was_not_run(reply)
        if key in wanted and (
            key not in replies or (is_answer(reply) and not is_answer(replies[key]))
        ):
            replies[key] = reply

    def is_whole() -> bool:
        if seen.status == "completed":
            return len(replies) == len(wanted)
        return lines >= seen.counted

    for attempt in range(TRIES_OF_A_FILE):
        if attempt:
            await patience.sleep(patience.first_wait_s)
            seen = await patience.persist(lambda: wire.look(batch_id), open_batch=batch_id)
        lines = strange = 0
        for file_id in seen.answer_files:
            reading = _reading(wire, file_id, take)
            strange += await patience.persist(reading, open_batch=batch_id)
        if is_whole():
            break
    if strange or not is_whole():
        told = {"batch": batch_id, "lines_of_nobody": strange, "answers": len(replies)}
        _log.warning("batch_answers_odd", extra=told)
    return replies


def _reading(
    wire: BatchWire, file_id: str, take: Callable[[str, RawReply], None]
) -> Callable[[], Awaitable[int]]:
    async def read() -> int:
        try:
            return await wire.read(file_id, take)
        except CallFailed as failure:
            if failure.kind == "not_found":  # they are deleted after some weeks
                return 0
            raise

    return read
