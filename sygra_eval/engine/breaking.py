"""When a validator is broken, instead of the rows that it was to judge."""

from dataclasses import dataclass, field

MOST_IN_A_ROW = 20
MOST_S = 3_600.0  # a judge may wait for an endpoint that is down; nothing else takes minutes


@dataclass(slots=True)
class Breaks:
    """How often each validator broke in a row: raised, hung, or returned what is no verdict.

    :ivar verdict: Why the run cannot go on; empty while it can.
    """

    most: int = MOST_IN_A_ROW
    verdict: str = ""
    _in_a_row: dict[str, int] = field(default_factory=dict)

    def note(self, validator: str, why: str) -> None:
        """Note how asking a validator ended; `why` is empty where it gave a verdict."""
        count = self._in_a_row.get(validator, 0) + 1 if why else 0
        self._in_a_row[validator] = count
        if count >= self.most:
            self.verdict = f"validator `{validator}` broke {count} times in a row: {why}"
