"""Keeps what calls met instead of an answer: refusals for good, and bodies that are none.

A prompt that a filter declines or that does not fit is declined and does not fit when it is sent
again, so a refusal of that kind is journalled like an answer. Anything else may go better another
time: of that the journal only keeps the beginning, for people (`sygra-eval show`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sygra_eval.engine.setting import Setting
from sygra_eval.values import CallFailed, CallFault, CallSite

FINAL = frozenset({"refused", "too_long"})
"""Kinds of failure that depend on the request alone."""
EXAMPLES = 3


@dataclass(slots=True)
class Faults:
    """What one call met so far.

    :ivar failing: The model that failed last: the one that is asked, or one that stands in for it.
    """

    setting: Setting
    site: CallSite
    key: bytes
    model: str
    failing: str = ""

    def note(self, name: str, failure: CallFailed) -> None:
        """Keep the beginning of a reply that was no answer."""
        self.failing = name
        if failure.raw and failure.kind not in FINAL:
            self.setting.journal.append_fault(self.key, self.site.record, self._fault(failure))

    async def commit_if_final(self, failure: CallFailed) -> None:
        """Journal a refusal for good; that of a stand-in says nothing of the model itself."""
        if failure.kind in FINAL and self.failing == self.model:
            fault = self._fault(failure, is_final=True)
            await self.setting.journal.commit_refusal(self.key, self.site.record, fault)

    def _fault(self, failure: CallFailed, *, is_final: bool = False) -> CallFault:
        return CallFault(
            node=self.site.node,
            visit=self.site.visit,
            sample=self.site.sample,
            kind=failure.kind,
            message=failure.message,
            raw=failure.raw,
            is_final=is_final,
        )


def refuse_again(setting: Setting, key: bytes) -> None:
    """Fail as a call did that was refused for good, without sending it.

    :raises CallFailed: When it was.
    """
    refusal = setting.journal.refusal(key)
    if refusal is not None:
        raise CallFailed(refusal.kind, refusal.message, raw=refusal.raw)


def refusals_told(refusals: Iterable[tuple[bytes, str, CallFault]]) -> Iterator[str]:
    """Say for each kind how many calls were refused for good, and in which rows."""
    rows: dict[str, list[str]] = {}
    for _, record, fault in refusals:
        rows.setdefault(fault.kind, []).append(record)
    for kind, records in sorted(rows.items()):
        named = list(dict.fromkeys(records))
        more = f" and {len(named) - EXAMPLES} more" if len(named) > EXAMPLES else ""
        yield (
            f"{len(records)} calls were refused for good ({kind}) and are not sent again: rows "
            f"{', '.join(named[:EXAMPLES])}{more}"
        )
