"""Says what of a run's journal is damaged, and what was while the run went on."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Rows of a journal that are not what was written; each counts as absent.

    :ivar rows: Those that the report met: of what the figures are made of.
    :ivar met: Those that the run's starts met, as far as they came to an end; what was needed of
        them was asked for again, so most are sound by now.
    """

    rows: int = 0
    met: int = 0

    def told(self) -> tuple[str, ...]:
        """Return a sentence for each kind of which there are any."""
        said = []
        if self.rows:
            count, held = ("counts", "it") if self.rows == 1 else ("count", "they")
            said.append(
                f"{_rows(self.rows)} of the journal {count} as absent: what {held} held is in no"
                " figure here; `sygra-eval doctor RUN` checks every row"
            )
        if self.met:
            said.append(
                f"{_rows(self.met)} of the journal counted as absent while the run went on: what"
                " was needed of them was asked for again"
            )
        return tuple(said)


def met_in(ended: Mapping[str, object]) -> int:
    """Return how many a start met, by the event of its end; earlier versions did not note it."""
    noted = ended.get("damaged")
    return noted if isinstance(noted, int) else 0


def _rows(count: int) -> str:
    return "1 damaged row" if count == 1 else f"{count} damaged rows"
