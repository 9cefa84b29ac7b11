"""Which of several judged candidates is the best: the same rule for a loop's drafts and others.

What was required passes first, then the number of validators that pass, then their scores, then
the earliest. All of it comes from verdicts of the loop stage, which knows no hidden test.
"""

from collections.abc import Collection, Sequence

from sygra_eval.values import Judgement, Status, Verdict

Rank = tuple[bool, int, float]


def accepting(judgement: Judgement, names: Collection[str] = ()) -> tuple[Verdict, ...]:
    """Return the verdicts that decide: those that are named, else all required that do not skip."""
    if names:
        return tuple(verdict for verdict in judgement.verdicts if verdict.validator in names)
    # One that is skipped here, as it judges the kept candidate only, has no say.
    return tuple(v for v in judgement.verdicts if v.is_required and v.status is not Status.SKIP)


def is_accepted(judgement: Judgement, names: Collection[str] = ()) -> bool:
    """Say whether all verdicts that decide pass, of which there is one at least."""
    deciding = accepting(judgement, names)
    return bool(deciding) and all(verdict.status is Status.PASS for verdict in deciding)


def rank(judgement: Judgement, names: Collection[str] = ()) -> Rank:
    """Return what candidates are compared by; the higher is the better."""
    return is_accepted(judgement, names), passed(judgement), score(judgement)


def passed(judgement: Judgement) -> int:
    """Return how many validators pass."""
    return sum(verdict.status is Status.PASS for verdict in judgement.verdicts)


def score(judgement: Judgement) -> float:
    """Return the sum of the scores."""
    return sum(verdict.score or 0.0 for verdict in judgement.verdicts)


def best_of(judgements: Sequence[Judgement], names: Collection[str] = ()) -> int:
    """Return the place of the best; of equals the earliest."""
    return max(range(len(judgements)), key=lambda at: (*rank(judgements[at], names), -at))
