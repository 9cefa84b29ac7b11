"""What the plots need of the rows: counted in the one pass that also fills the blocks."""

from dataclasses import dataclass, field

from sygra_eval.report.html.plots.scores import BINS
from sygra_eval.report.html.stories import Told
from sygra_eval.values import Outcome, RecordEnd

_MOST_POINTS = 400


@dataclass(slots=True)
class Digest:
    """Counts of the rows seen so far; its size does not grow with them.

    :ivar scores: By validator, the scores of final verdicts in `BINS` bins.
    :ivar curve: Rows that ended, tokens and dollars of their calls, how many are verified.
    """

    scores: dict[str, list[int]] = field(default_factory=dict)
    curve: list[tuple[int, int, float, int]] = field(default_factory=list)
    ended: int = 0
    verified: int = 0
    tokens: int = 0
    usd: float | None = 0.0
    _stride: int = 1

    @property
    def unit(self) -> str:
        """What the curve counts: money where all prices are known and not all are 0."""
        return "USD" if self.usd else "tokens"

    def take(self, told: Told) -> None:
        """Count a row."""
        self._take_scores(told.end)
        self._take_spending(told)

    def _take_scores(self, end: RecordEnd) -> None:
        for verdict in end.verdicts:
            if verdict.score is None:
                continue
            bins = self.scores.get(verdict.validator)
            if bins is None:
                bins = self.scores[verdict.validator] = [0] * BINS
            bins[min(int(verdict.score * BINS), BINS - 1)] += 1

    def _take_spending(self, told: Told) -> None:
        self.ended += 1
        self.verified += told.end.outcome is Outcome.VERIFIED
        self.tokens += told.row.tokens
        if self.usd is not None:
            self.usd = None if told.row.cost_usd is None else self.usd + told.row.cost_usd
        if self.ended % self._stride == 0:
            self._add_point()

    def finished_curve(self) -> list[tuple[int, float, int]]:
        """Return the curve to its last row: rows that ended, what they spent, rows verified."""
        points = self.curve
        if self.ended and points[-1:] != [self._point()]:
            points = [*points, self._point()]
        in_usd = self.unit == "USD"
        return [(rows, usd if in_usd else float(tok), got) for rows, tok, usd, got in points]

    def _add_point(self) -> None:
        self.curve.append(self._point())
        if len(self.curve) >= _MOST_POINTS:  # every other one, and half as many from here on
            self.curve = self.curve[1::2]
            self._stride *= 2

    def _point(self) -> tuple[int, int, float, int]:
        return self.ended, self.tokens, self.usd or 0.0, self.verified
