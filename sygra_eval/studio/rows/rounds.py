"""Tells the rounds of a record: what was tried, what was said of it, and what that changed."""

from collections.abc import Sequence

from sygra_eval.engine import is_ignored
from sygra_eval.journal import plain
from sygra_eval.report import flips_between
from sygra_eval.studio.rows.record_shapes import (
    AttemptTold,
    CallLine,
    CaseTold,
    CritiqueTold,
    Group,
    RoundTold,
    VerdictTold,
)
from sygra_eval.studio.rows.texts import Texts
from sygra_eval.values import Attempt, FailingCase, Round, RoundKind, Verdict

_DRAFTS = frozenset({"draft", "revise"})


def rounds_told(
    rounds: Sequence[Round], calls: Sequence[CallLine], ended_s: float | None, texts: Texts
) -> list[RoundTold]:
    """Tell rounds in their order, each beside the candidate that its loop went on from."""
    told: list[RoundTold] = []
    kept: dict[str, tuple[int, Attempt]] = {}
    for place, one in enumerate(rounds):
        before = kept.get(one.node)
        for attempt in one.attempts:
            if attempt.is_kept:
                kept[one.node] = place, attempt
        following = rounds[place + 1] if place + 1 < len(rounds) else None
        seen = kept.get(one.node)
        told.append(
            RoundTold(
                node=one.node,
                number=one.number,
                kind=one.kind.value,
                attempts=[
                    _attempt(attempt, before, one, calls, texts, place, number)
                    for number, attempt in enumerate(one.attempts)
                ],
                shown=_shown(one.attempts),
                against=None if before is None else before[0],
                critique=_critique(one, following, seen, calls, texts, place),
                checked_s=_checked_s(one, calls, ended_s),
                choice=plain(one.choice),
                unanswered=[plain(f"{label}: {why}") for label, why in one.unanswered],
            )
        )
    return told


def verdict_told(verdict: Verdict, texts: Texts, *place: str | int) -> VerdictTold:
    """Tell a verdict with its evidence."""
    evidence = verdict.evidence
    cases: Sequence[FailingCase] = ()
    if evidence is not None:
        cases = [case for case in (evidence.failing, *evidence.further) if case is not None]
    return VerdictTold(
        validator=plain(verdict.validator),
        status=verdict.status.value,
        score=verdict.score,
        reason=texts.told(verdict.reason, *place, "reason"),
        trust=verdict.trust.value,
        is_required=verdict.is_required,
        command=[plain(part[:2_000]) for part in evidence.command] if evidence else [],
        exit_code=evidence.exit_code if evidence else None,
        output=texts.told(evidence.output, *place, "output")
        if evidence and evidence.output
        else None,
        isolation=evidence.isolation if evidence else "",
        limit_s=evidence.limit_s if evidence else None,
        cases=[_case(case, texts, *place, number) for number, case in enumerate(cases)],
        tests=[
            Group(group=plain(group), passed=count.passed, total=count.total)
            for group, count in (evidence.tests if evidence else {}).items()
        ],
        measures=dict(evidence.measures) if evidence else {},
    )


def _attempt(
    attempt: Attempt,
    before: tuple[int, Attempt] | None,
    of: Round,
    calls: Sequence[CallLine],
    texts: Texts,
    place: int,
    number: int,
) -> AttemptTold:
    at = ("rounds", place, number)
    flips = {} if before is None else flips_between(before[1], attempt)
    return AttemptTold(
        sample=attempt.sample,
        label=plain(attempt.label),
        answer=texts.told(attempt.answer, *at, "answer"),
        code=texts.told_or_none(attempt.code, *at, "code"),
        extraction=plain(attempt.extraction),
        evidence=texts.told(attempt.evidence, *at, "evidence"),
        verdicts=[
            verdict_told(verdict, texts, *at, "verdicts", which)
            for which, verdict in enumerate(attempt.verdicts)
        ],
        is_accepted=attempt.is_accepted,
        is_kept=attempt.is_kept,
        tokens=attempt.tokens,
        latency_s=attempt.latency_s,
        call=_call_for(calls, of, _DRAFTS, attempt.sample),
        fixed=[plain(name) for name in flips.get("fixed", ())],
        broken=[plain(name) for name in flips.get("broken", ())],
    )


def _critique(
    one: Round,
    following: Round | None,
    seen: tuple[int, Attempt] | None,
    calls: Sequence[CallLine],
    texts: Texts,
    place: int,
) -> CritiqueTold | None:
    if one.critique is None:
        return None
    ignored = None
    if following is not None and following.node == one.node and following.attempts:
        ignored = is_ignored(one.critique, _code(seen), following.attempts[-1].diff)
    return CritiqueTold(
        text=texts.told(one.critique, "rounds", place, "critique"),
        sentinel=one.sentinel.value,
        tokens=one.critique_tokens,
        latency_s=one.critique_latency_s,
        call=_call_for(calls, one, frozenset({"critique"}), 0),
        is_ignored=ignored,
    )


def _code(kept: tuple[int, Attempt] | None) -> str:
    if kept is None:
        return ""
    attempt = kept[1]
    return attempt.answer if attempt.code is None else attempt.code


def _shown(attempts: Sequence[Attempt]) -> int:
    kept = [number for number, attempt in enumerate(attempts) if attempt.is_kept]
    return kept[0] if kept else max(0, len(attempts) - 1)


def _calls_for(calls: Sequence[CallLine], of: Round, steps: frozenset[str]) -> list[CallLine]:
    """Return the calls of a round; those of another node, or of another visit of it, are not."""
    return [
        call
        for call in calls
        if call.step in steps
        and call.visit == of.number
        and call.node.startswith(f"{of.node}/")
        and of.kind is RoundKind.LOOP
    ]


def _call_for(
    calls: Sequence[CallLine], of: Round, steps: frozenset[str], sample: int
) -> int | None:
    found = [call.number for call in _calls_for(calls, of, steps) if call.sample == sample]
    return found[-1] if found else None  # one that asked again comes later


def _checked_s(of: Round, calls: Sequence[CallLine], ended_s: float | None) -> float | None:
    """Return how long after a round's last answer the next step began."""
    answers = [call.ended for call in _calls_for(calls, of, _DRAFTS) if call.ended is not None]
    if not answers:
        return None
    last = max(answers)
    later = [call.began for call in calls if call.began is not None and call.began >= last]
    if ended_s is not None:
        later.append(ended_s)
    return max(0.0, min(later) - last) if later else None


def _case(case: FailingCase, texts: Texts, *place: str | int) -> CaseTold:
    return CaseTold(
        test=texts.told(case.test, *place, "test"),
        input=texts.told(case.input, *place, "input"),
        expected=texts.told(case.expected, *place, "expected"),
        got=texts.told(case.got, *place, "got"),
        traceback=texts.told(case.traceback, *place, "traceback"),
    )
