"""Room on the disk of a run: none, so no call is sent; hardly any, so it is told before."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from sygra_eval.engine.preflight import Tell
from sygra_eval.engine.setting import Setting
from sygra_eval.journal import JournalUnwritable, RunLock, network_disk
from sygra_eval.suite import Suite

_LOOK_S = 0.2
_BYTES_A_STEP = 8_192
"""What a node or a validator of a row comes to, in the journal and in the files: a guess, which
counts only until rows have ended."""
_TIMES = 2


TAKEN_OVER = "another process took this run over: its LOCK is not ours any more"


async def room_for_an_answer(setting: Setting) -> None:
    """Return when the answer of a call could be kept.

    :raises JournalUnwritable: When the journal waited in vain.
    :raises Interrupted: When the run drains meanwhile.
    """
    while setting.journal.disk.is_waiting:
        await setting.stop.sleep(_LOOK_S)
    if setting.journal.disk.has_given_up:
        raise JournalUnwritable("the journal could not be written, so no further call is sent")


def check_that_it_is_ours(setting: Setting) -> None:
    """Pass while no other process took the run over, as may happen while this one slept.

    :raises Interrupted: When one did; the run drains.
    """
    if setting.lock is not None and setting.lock.is_lost():
        setting.stop.give_up(TAKEN_OVER)
    setting.stop.check()


def telling_of_a_full_disk(setting: Setting, tell: Tell) -> None:
    """Have what the writer's thread says of the disk said by the loop."""
    loop = asyncio.get_running_loop()

    def from_the_thread(sentence: str) -> None:
        loop.call_soon_threadsafe(tell, sentence)

    setting.journal.disk.tell = from_the_thread


def expected_bytes(suite: Suite, rows: int, *, ended: int = 0, journal_bytes: int = 0) -> int:
    """Return about how much the rows that are left will take.

    By what rows took that have ended; where none has, by the number of the suite's steps.
    """
    left = max(0, rows - ended)
    if ended:
        return left * journal_bytes // ended
    return left * _BYTES_A_STEP * (len(suite.nodes) + len(suite.validators) + len(suite.guardrails))


def warn_of_little_room(
    folder: Path,
    expected: int,
    tell: Tell,
    *,
    free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
) -> None:
    """Say so where the disk has less than twice what is expected."""
    try:
        there = free(folder)
    except OSError:
        return
    if there < _TIMES * expected:
        tell(
            f"{folder}: {_told(there)} are free, and the run may take about {_told(expected)}; "
            "where the disk gets full, it waits for room and can be resumed"
        )


def tell_of_the_lock(folder: Path, lock: RunLock, tell: Tell) -> None:
    """Say what a lock cannot promise."""
    if lock.left_behind:
        tell(
            f"{folder}: its LOCK was left by {lock.left_behind}, which cannot be seen from here; "
            "make sure that it has ended, or calls are paid twice"
        )
    if (kind := network_disk(folder)) is not None:
        tell(
            f"{folder} is on a disk of the network ({kind}): resume a run on one host only, as "
            "not every such disk locks between hosts; a local --out is safer and faster"
        )


def _told(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count / 1000:,.0f} kB"
