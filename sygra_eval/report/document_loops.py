"""What loops and drafts bought as data, and what became of stops and critiques."""

from collections.abc import Iterator

from sygra_eval.engine import Member, Paid, RunSummary
from sygra_eval.report.document_spending import NO_PRICE
from sygra_eval.report.figure import Figure, counted, mean, noted, share
from sygra_eval.values import Outcome

_NANO = 1e9
_NO_CALL = "no call was made for it"
_NONE_VERIFIED = "it verified no row"


def loops(summary: RunSummary) -> dict[str, object]:
    """Return the sections of a report that are about loops."""
    return {
        "stop_reasons": {
            outcome.value: {
                reason.value: counted(
                    count, "stop_reasons", outcome=outcome.value, stop_reason=reason.value
                )
                for reason, count in sorted(summary.stop_reasons[outcome].items())
            }
            for outcome in Outcome
            if outcome in summary.stop_reasons
        },
        "rounds": list(_rounds(summary)),
        "samples": list(_samples(summary)),
        "sentinels_refused": counted(summary.sentinels_refused, "sentinels_refused", what="times"),
        "rows_with_refused_sentinel": counted(
            summary.rows_with_refused_sentinel, "sentinels_refused", what="rows"
        ),
        "critiques": _critiques(summary),
        "repaired_rows": counted(summary.repaired_rows, "repaired_rows"),
        "repaired": list(summary.repaired),
        "pass_rates": _pass_rates(summary),
        "several_models": _members(summary),
    }


def _rounds(summary: RunSummary) -> Iterator[dict[str, object]]:
    """Yield what each round bought and took; the shares are of all rows that had a loop."""
    paid = {one.number: one for one in summary.paid_rounds}
    looped, so_far = sum(summary.rounds.values()), 0
    for number in sorted({*summary.rounds, *summary.verified_by_round, *paid}):
        verified = summary.verified_by_round.get(number, 0)
        so_far += verified
        yield {
            "round": number,
            "ended": counted(summary.rounds.get(number, 0), "rounds_ended", round=number),
            "verified": counted(verified, "rounds_verified", round=number),
            "verified_so_far": share(so_far, looped, "rounds_so_far", round=number),
            **_price(paid.get(number), verified, "round", number),
        }


def _samples(summary: RunSummary) -> Iterator[dict[str, object]]:
    """Yield what each further draft bought and took, of drafts that are drawn until one passes."""
    paid = {one.number: one for one in summary.paid_drafts}
    looped, so_far = sum(summary.rounds.values()), 0
    for number in sorted({*summary.verified_by_sample, *paid}):
        verified = summary.verified_by_sample.get(number, 0)
        so_far += verified
        yield {
            "sample": number,
            "verified": counted(verified, "samples_verified", sample=number),
            "verified_so_far": share(so_far, looped, "samples_so_far", sample=number),
            **_price(paid.get(number), verified, "sample", number),
        }


def _price(paid: Paid | None, verified: int, what: str, number: int) -> dict[str, Figure]:
    """Return what the calls of one round or draft came to, and each row that it verified."""
    query, at = f"{what}_calls", {what: number}
    spent = None if paid is None else paid.spent
    tokens = 0 if spent is None else spent.prompt_tokens + spent.completion_tokens
    nano_usd = 0 if spent is None else spent.cost_nano_usd
    usd = None if nano_usd is None else nano_usd / _NANO

    def each(amount: float | None, why: str) -> tuple[float | None, str]:
        if not verified:
            return None, _NONE_VERIFIED
        if spent is None:  # as where the rows of another run were judged again
            return None, _NO_CALL
        return (None, why) if amount is None else (amount / verified, "")

    tokens_each, why_tokens = each(tokens, "")
    usd_each, why_usd = each(usd, NO_PRICE)
    return {
        "calls": counted(0 if spent is None else spent.calls, query, **at, of="calls"),
        "tokens": counted(tokens, query, **at, of="tokens"),
        "cost_usd": noted(usd, query, method="sum", reason=NO_PRICE, **at, of="usd"),
        "tokens_per_verified": noted(
            tokens_each, query, method="ratio", reason=why_tokens, **at, of="tokens_per_verified"
        ),
        "usd_per_verified": noted(
            usd_each, query, method="ratio", reason=why_usd, **at, of="usd_per_verified"
        ),
    }


def _critiques(summary: RunSummary) -> dict[str, object] | None:
    found = summary.critiques
    if found is None:
        return None
    why = "no critique names anything of the code and was followed by a revision"
    return {
        "made": counted(found.made, "critiques", what="made"),
        "stops": counted(found.stops, "critiques", what="stops"),
        "ignored": share(found.ignored, found.judged, "critiques_ignored", reason=why),
        "examples": [{"row": row, "round": number} for row, number in found.examples],
    }


def _pass_rates(summary: RunSummary) -> dict[str, object] | None:
    found = summary.pass_rates
    if found is None:
        return None
    return {
        "rows": counted(found.rows, "pass_rates", what="rows"),
        "judged": counted(found.judged, "pass_rates", what="judged"),
        "drafts": counted(found.drafts, "pass_rates", what="drafts"),
        "by_difficulty": {
            band: {
                "rows": counted(rows, "difficulties", difficulty=band, what="rows"),
                "verified": counted(verified, "difficulties", difficulty=band, what="verified"),
            }
            for band, (rows, verified) in found.by_difficulty.items()
        },
        "pass_at_1": mean(found.pass_at_1, found.interval, found.judged, "pass_at_1"),
        "left_band": counted(found.left_band, "pass_rates", what="left band"),
        "unsolved": list(found.unsolved),
    }


def _members(summary: RunSummary) -> list[dict[str, object]]:
    def figures(of: Member, **numbers: int) -> dict[str, object]:
        return {
            what: counted(number, "several_models", node=of.node, label=of.label, what=what)
            for what, number in numbers.items()
        }

    return [
        {
            "node": one.node,
            "label": one.label,
            **figures(one, answered=one.answered, unanswered=one.unanswered),
            **(
                figures(one, kept=one.kept, verified=one.verified)
                if one.chooses
                else {"kept": None, "verified": None}
            ),
        }
        for one in summary.members
    ]
