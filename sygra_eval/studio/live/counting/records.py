"""The records that a journal has begun and not ended, each with the few figures that it needs.

Memory is by these, not by the rows of a run: what is known of a record goes when it ends.
"""

from dataclasses import dataclass, field

from sygra_eval.studio.graphs import START


@dataclass(slots=True)
class OpenRecord:
    """A record that has not ended, as far as the journal has it.

    :ivar at: The node that it went through last.
    :ivar rounds: Its rounds that were counted, by visit and number.
    """

    at: str = START
    nano_usd: int = 0
    tokens: int = 0
    rounds: set[tuple[str, int]] = field(default_factory=set)


@dataclass(slots=True)
class OpenRecords:
    """All of them, by id."""

    _of: dict[str, OpenRecord] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._of)

    def of(self, record: str) -> OpenRecord:
        """Return a record; it begins where it was not known."""
        found = self._of.get(record)
        if found is None:
            found = self._of[record] = OpenRecord()
        return found

    def end(self, record: str) -> OpenRecord | None:
        """Forget a record and return what was known; None where nothing was."""
        return self._of.pop(record, None)

    def spent(self) -> tuple[int, int]:
        """Return what they came to so far, in billionths of a dollar and in tokens."""
        of = self._of.values()
        return sum(one.nano_usd for one in of), sum(one.tokens for one in of)
