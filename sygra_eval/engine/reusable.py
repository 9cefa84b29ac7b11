"""How many journalled calls a changed plan asks again, found out without sending any.

Each row is taken as in a run, but before a journal that only answers and with a stop that lets no
new call pass: what it meets in the journal counts, and it ends at the first call or verdict that
would have to be made. What a row would ask after that, nobody knows before.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from sygra_eval.engine.breaking import Breaks
from sygra_eval.engine.lengths import Lengths
from sygra_eval.engine.record import settle
from sygra_eval.engine.setting import Counters, Setting
from sygra_eval.engine.stop import StopSignal
from sygra_eval.journal import Journal, JournalReader
from sygra_eval.values import BadRow, CallSite, ChatResponse, Interrupted, RecordEnd, Row, Verdict

_OF_A_VALIDATOR = "validator:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reusable:
    """Calls of nodes that are met again as they stand; at least `reused` of `journalled`.

    :ivar of_validators: Journalled calls of validators, of which it is not known.
    :ivar rows_open: Rows that need a call or a verdict before it is known what they ask next.
    """

    reused: int
    journalled: int
    of_validators: int
    rows_open: int


class _Looking(Journal):
    """Answers from a journal and writes nothing."""

    def __init__(self, reader: JournalReader) -> None:
        self.reader = reader
        self._refusals = {key: fault for key, _, fault in reader.refusals()}
        self.met: set[bytes] = set()
        self.has_verdicts = True

    def answer(self, key: bytes) -> ChatResponse | None:
        answered = self.reader.answer(key)
        if answered is not None:
            self.met.add(key)
        return answered

    def execution(self, key: bytes) -> Verdict | None:
        verdict = self.reader.execution(key) if self.has_verdicts else None
        if verdict is None:
            raise Interrupted("a verdict would have to be made")
        return verdict

    async def finish(self, end: RecordEnd) -> None:
        del end

    def append_round(self, *given: object) -> None:
        del given

    def append_visit(self, *given: object) -> None:
        del given

    def append_fault(self, *given: object) -> None:
        del given

    def event(self, kind: str, **fields: object) -> None:
        del kind, fields


async def reusable(
    setting: Setting,
    rows: AsyncIterator[Row | BadRow],
    *,
    same: set[str],
    other: frozenset[str],
    has_verdicts: bool,
) -> Reusable:
    """Count the calls that are met again.

    :param same: Rows that stay as they are, with all their calls.
    :param other: Rows whose verdicts do not hold any more.
    :param has_verdicts: The suite judges as before.
    :raises Interrupted: When the run is asked to stop meanwhile.
    """
    looking, stopped = _Looking(setting.journal.reader), StopSignal()
    stopped.drain("no call is sent to find out what can be reused")
    setting_of_a_look = replace(
        setting,
        journal=looking,
        stop=stopped,
        is_resumed=False,
        call_hooks=None,
        counters=Counters(),
        lengths=Lengths(),
        breaks=Breaks(),
        others=set(),
    )
    rows_open = 0
    async for row in rows:
        setting.stop.check()
        if row.id in same:
            continue
        looking.has_verdicts = has_verdicts and row.id not in other
        rows_open += await settle(row, setting_of_a_look) is None
    sites: list[CallSite] = [call.site for call in setting.journal.reader.calls()]
    of_nodes = [site for site in sites if not site.node.startswith(_OF_A_VALIDATOR)]
    return Reusable(
        reused=len(looking.met) + sum(site.record in same for site in of_nodes),
        journalled=len(of_nodes),
        of_validators=len(sites) - len(of_nodes),
        rows_open=rows_open,
    )
