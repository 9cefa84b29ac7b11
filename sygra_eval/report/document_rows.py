"""The rows of a run as data: where they ended, how far they came, and why they fell out."""

from dataclasses import asdict

from sygra_eval.engine import RunSummary
from sygra_eval.report.figure import Figure, clustered, counted, share
from sygra_eval.values import Outcome


def rows(summary: RunSummary) -> dict[str, object]:
    """Return the sections of a report that are about rows."""
    ended = sum(summary.counts.values())
    return {
        "rows": counted(summary.rows, "rows"),
        "input": _input(summary),
        "outcomes": {
            outcome.value: counted(
                summary.counts.get(outcome, 0), "outcomes", outcome=outcome.value
            )
            for outcome in Outcome
        },
        "not_reached": counted(summary.not_reached, "not_reached"),
        "surplus": counted(summary.surplus, "surplus"),
        "deselected": counted(summary.deselected, "deselected"),
        "repeats": summary.repeats,
        "target": None if summary.target is None else asdict(summary.target),
        "canaries": _canaries(summary),
        "questions": None if summary.questions is None else counted(summary.questions, "questions"),
        "verified_rate": _verified_rate(summary, ended),
        "outcome_rates": {
            outcome.value: _outcome_rate(summary, outcome, ended) for outcome in Outcome
        },
        "by_topic": [
            {"topic": topic, "rate": _topic_rate(summary, topic, verified, judged)}
            for topic, (verified, judged) in summary.rate_by_topic.items()
        ],
        "by_model": [
            {
                "role": one.role,
                "model": one.name,
                "rate": share(one.verified, one.rows, "by_model", role=one.role, model=one.name),
            }
            for one in summary.model_rows
        ],
        "funnel": [
            {
                "step": label,
                "rows": counted(count, "funnel", step=label) if at else counted(count, "rows"),
            }
            for at, (label, count) in enumerate(summary.funnel)
        ],
        "edges": [
            {
                "edge": edge.label,
                "rows": counted(edge.rows, "edges", edge=edge.label, what="rows"),
                "times": counted(edge.times, "edges", edge=edge.label, what="times"),
            }
            for edge in summary.edges
        ],
        "causes": [
            {
                "outcome": cause.outcome.value,
                "reason": cause.reason,
                "rows": counted(
                    cause.rows, "causes", outcome=cause.outcome.value, reason=cause.reason
                ),
                "examples": [
                    {"row": row, "reason": told}
                    for row, told in zip(
                        cause.examples, cause.told or ("",) * len(cause.examples), strict=True
                    )
                ],
            }
            for cause in summary.causes
        ],
    }


def _verified_rate(summary: RunSummary, ended: int) -> Figure:
    if Outcome.VERIFIED in summary.rates:
        return _outcome_rate(summary, Outcome.VERIFIED, ended)
    verified = summary.counts.get(Outcome.VERIFIED, 0)
    return share(verified, ended, "verified_rate", reason="no row has ended")


def _outcome_rate(summary: RunSummary, outcome: Outcome, ended: int) -> Figure:
    count, found = summary.counts.get(outcome, 0), summary.rates.get(outcome)
    if found is not None:
        return clustered(found, count, ended, "outcomes_by_question", outcome=outcome.value)
    return share(count, ended, "outcome_rates", outcome=outcome.value)


def _topic_rate(summary: RunSummary, topic: str, verified: int, judged: int) -> Figure:
    found = summary.topic_rates.get(topic)
    if found is not None:
        return clustered(found, verified, judged, "topics_by_question", topic=topic)
    return share(verified, judged, "by_topic", topic=topic)


def _input(summary: RunSummary) -> list[dict[str, object]]:
    def figure(number: int, of: str, what: str) -> Figure:
        return counted(number, "input", of=of, what=what)

    return [
        {
            "of": one.of,
            "read": figure(one.read, one.of, "read"),
            "made": figure(one.made, one.of, "made"),
            "parts": {
                what: counted(number, "input_parts", of=one.of, what=what)
                for what, number in one.parts.items()
            },
            "examples": {how: list(named) for how, named in one.examples.items()},
        }
        for one in summary.input
    ]


def _canaries(summary: RunSummary) -> dict[str, object] | None:
    found = summary.canaries
    if found is None:
        return None
    return {
        "rows": counted(found.rows, "canaries", what="rows"),
        "verified": counted(found.verified, "canaries", what="verified"),
        "examples": list(found.examples),
    }
