"""Rates of a run whose rows go together: repeats of a row, or rows of one cluster.

Rows of one question are no independent witnesses, so their intervals are over questions. A count is
kept for each question: memory grows with them, and only in runs that have such rows.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sygra_eval.engine.canaries import mark_of
from sygra_eval.quality import Interval, question_of, rate_of_clusters
from sygra_eval.values import Outcome, RecordEnd


def name_of_question(row_id: str, data: Mapping[str, object], cluster: str | None) -> str:
    """Return what a row belongs to: its value in the column `cluster`, else the repeated row."""
    value = data.get(cluster) if cluster is not None else None
    return question_of(row_id) if value is None else f"{cluster}={value}"


@dataclass(slots=True)
class Questions:
    """Counts the outcomes of each question.

    :ivar cluster: The column whose values name what rows belong to; None: the row that is repeated.
    :ivar canary: The column that marks canaries; they are in no topic.
    """

    cluster: str | None = None
    canary: str | None = None
    _by_topic: dict[str, dict[str, Counter[Outcome]]] = field(default_factory=dict)

    def take(self, end: RecordEnd) -> None:
        """Count one record's end."""
        name = name_of_question(end.row_id, end.data, self.cluster)
        topic = end.data.get("topic")
        if self.canary is not None and mark_of(end.data.get(self.canary)) is True:
            topic = None
        questions = self._by_topic.setdefault(topic if isinstance(topic, str) else "", {})
        questions.setdefault(name, Counter())[end.outcome] += 1

    def rates(self) -> dict[Outcome, Interval]:
        """Return the rate of each outcome among the rows that ended."""
        together: dict[str, Counter[Outcome]] = {}
        for questions in self._by_topic.values():
            for name, outcomes in questions.items():
                together.setdefault(name, Counter()).update(outcomes)
        return {
            outcome: found for outcome in Outcome if (found := _rate(together, outcome)) is not None
        }

    def rates_by_topic(self) -> dict[str, Interval]:
        """Return the verified rate of each topic."""
        found = {
            topic: _rate(questions, Outcome.VERIFIED)
            for topic, questions in self._by_topic.items()
            if topic
        }
        return {topic: rate for topic, rate in found.items() if rate is not None}

    def __len__(self) -> int:
        return len({name for questions in self._by_topic.values() for name in questions})


def _rate(questions: Mapping[str, Counter[Outcome]], outcome: Outcome) -> Interval | None:
    """Return a rate over questions; of one question nothing is known but that it is a rate."""
    return rate_over(Counter((of[outcome], of.total()) for of in questions.values()))


def rate_over(counted: Counter[tuple[int, int]]) -> Interval | None:
    """Return a rate over questions; see `_rate`.

    :param counted: How often `(rows that are so, rows)` is what a question has.
    """
    found = rate_of_clusters(counted)
    if found.value is None:
        return None
    low, high = found.low, found.high
    return Interval(
        estimate=found.value, low=0.0 if low is None else low, high=1.0 if high is None else high
    )
