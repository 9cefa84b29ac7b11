"""The report as data: every figure of the run, in an order that does not change.

Only ASCII is written, so that no terminal, editor or encoding can be led astray by an id; what is
read back is the text as it was.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict

from sygra_eval.engine import (
    Canaries,
    Counts,
    HardCoding,
    PassRates,
    RunSummary,
    Strength,
    WeakTests,
    estimate_to_json,
)
from sygra_eval.quality import Interval
from sygra_eval.report.agreement import agreements_json
from sygra_eval.report.costs import costs_json
from sygra_eval.report.edges import edges_json
from sygra_eval.report.ensembles import ensembles_json
from sygra_eval.report.estimate import estimate_of, estimate_of_all, has_estimate, measured_for
from sygra_eval.report.guardrails import guardrails_json
from sygra_eval.values import Outcome

SCHEMA_VERSION = 1


def json_report(summary: RunSummary) -> str:
    """Return all figures; what is unknown is null."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "suite": summary.suite,
        "run": summary.run,
        "suite_sha256": summary.suite_sha256,
        "version": summary.version or None,
        "command": summary.command or None,
        "state": summary.state,
        "exit": int(summary.exit_code),
        "exit_reason": summary.exit_reason,
        "gates": [gate.as_json() for gate in summary.gates],
        **({"agreement": agreements_json(summary)} if summary.agreements else {}),
        **_rows(summary),
        **_judging(summary),
        **_loops(summary),
        **ensembles_json(summary),
        **({"edges": edges_json(summary)} if summary.edges else {}),
        **({"guardrails": guardrails_json(summary)} if summary.guardrails else {}),
        **_spending(summary),
        "models": [
            {"name": name, "type": kind, "model": what} for name, kind, what in summary.models
        ],
        "damaged_rows": {"absent": summary.damage.rows, "met": summary.damage.met},
        "warnings": list(summary.warnings),
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _rows(summary: RunSummary) -> dict[str, object]:
    return {
        "rows": summary.rows,
        "input": [
            {
                "of": one.of,
                "read": one.read,
                "made": one.made,
                "parts": dict(one.parts),
                "examples": {how: list(named) for how, named in one.examples.items()},
            }
            for one in summary.input
        ],
        "outcomes": {outcome.value: summary.counts.get(outcome, 0) for outcome in Outcome},
        "not_reached": summary.not_reached,
        "surplus": summary.surplus,
        "deselected": summary.deselected,
        "repeats": summary.repeats,
        "target": None if summary.target is None else asdict(summary.target),
        "canaries": _canaries(summary.canaries),
        "verified_rate": _rate(summary.verified_rate, questions=summary.questions),
        "by_topic": {
            topic: {"verified": verified, "judged": judged}
            for topic, (verified, judged) in summary.rate_by_topic.items()
        },
        "funnel": [{"step": label, "rows": count} for label, count in summary.funnel],
        "causes": [
            {
                "outcome": cause.outcome.value,
                "reason": cause.reason,
                "rows": cause.rows,
                "examples": list(cause.examples),
            }
            for cause in summary.causes
        ],
    }


def _judging(summary: RunSummary) -> dict[str, object]:
    return {
        "validators": [
            {
                "validator": tally.validator,
                "required": tally.is_required,
                "pass": tally.passed,
                "fail": tally.failed,
                "error": tally.errors,
                "skip": tally.skipped,
                "measured": _measured(estimate_of(summary, tally)),
            }
            for tally in summary.validators
        ],
        "measured": {
            "source": measured_for(summary).source if has_estimate(summary) else None,
            "all_required": _measured(estimate_of_all(summary)),
        },
        "validator_errors": _errors(summary),
        "isolation": list(summary.isolation),
        "trust": list(summary.trust),
        "mutation_score": _strength(summary.strength),
        "grades": dict(summary.grades),
        "hard_coding": _hard_coding(summary.hard_coding),
        "weak_tests": _weak_tests(summary.weak_tests),
    }


def _loops(summary: RunSummary) -> dict[str, object]:
    return {
        "stop_reasons": {
            outcome.value: {
                reason.value: count
                for reason, count in sorted(summary.stop_reasons[outcome].items())
            }
            for outcome in Outcome
            if outcome in summary.stop_reasons
        },
        "rounds": _by_number(summary.rounds),
        "verified_by_round": _by_number(summary.verified_by_round),
        "verified_by_sample": _by_number(summary.verified_by_sample),
        "pass_rates": _pass_rates(summary.pass_rates),
        "sentinels_refused": summary.sentinels_refused,
        "rows_with_refused_sentinel": summary.rows_with_refused_sentinel,
        "repaired": list(summary.repaired),
        "repaired_rows": max(summary.repaired_rows, len(summary.repaired)),
    }


def _spending(summary: RunSummary) -> dict[str, object]:
    return {
        "calls": summary.calls,
        "calls_cached": summary.calls_cached,
        "calls_from_plugins": summary.calls_from_plugins,
        "retries": summary.retries,
        "json_repairs": summary.repairs,
        "prompt_tokens": summary.prompt_tokens,
        "completion_tokens": summary.completion_tokens,
        "has_estimated_tokens": summary.has_estimated_tokens,
        "wall_s": round(summary.wall_s, 3),
        "model_s": round(summary.model_s, 3),
        "cost_usd": summary.cost_usd,
        "costs": costs_json(summary),
        "estimate": None if summary.estimate is None else estimate_to_json(summary.estimate),
    }


def _measured(counts: Counts | None) -> dict[str, object] | None:
    if counts is None:
        return None
    return {
        "right": counts.decided_right,
        "wrong": counts.decided_wrong,
        "false_accepts": counts.false_accepts,
        "false_rejects": counts.false_rejects,
        "errors": counts.errors,
        "false_accept_rate": _rate(counts.false_accept_rate),
        "false_reject_rate": _rate(counts.false_reject_rate),
    }


def _errors(summary: RunSummary) -> list[dict[str, object]]:
    return [
        {
            "validator": count.validator or None,
            "right": count.right,
            "wrong": count.wrong,
            "false_accepts": count.false_accepts,
            "false_rejects": count.false_rejects,
            "undecided": count.undecided,
            "false_accept_rate": _rate(count.false_accept_rate),
            "false_reject_rate": _rate(count.false_reject_rate),
        }
        for count in summary.errors
    ]


def _strength(strength: Strength | None) -> dict[str, object] | None:
    if strength is None:
        return None
    return {
        "rows": strength.rows,
        "median": strength.median,
        "lowest": strength.lowest,
        "weakly_tested": strength.weak,
        "weakest": [{"row": row_id, "score": score} for row_id, score in strength.weakest],
    }


def _pass_rates(found: PassRates | None) -> dict[str, object] | None:
    if found is None:
        return None
    interval = found.interval
    return {
        "rows": found.rows,
        "judged": found.judged,
        "drafts": found.drafts,
        "by_difficulty": {
            band: {"rows": rows, "verified": verified}
            for band, (rows, verified) in found.by_difficulty.items()
        },
        "pass_at_1": {
            "value": found.pass_at_1,
            "lower": None if interval is None else interval.low,
            "upper": None if interval is None else interval.high,
            "method": "t",
            "confidence": 0.95,
        },
        "left_band": found.left_band,
        "unsolved": list(found.unsolved),
    }


def _weak_tests(found: WeakTests | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {
        "rows": found.rows,
        "of": found.of,
        "reasons": dict(found.reasons),
        "examples": list(found.examples),
    }


def _canaries(found: Canaries | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {"rows": found.rows, "verified": found.verified, "examples": list(found.examples)}


def _hard_coding(found: HardCoding | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {
        "rows": found.rows,
        "of": found.of,
        "examples": list(found.examples),
        "rate": _rate(found.rate),
    }


def _rate(interval: Interval | None, *, questions: int | None = None) -> dict[str, object] | None:
    if interval is None:
        return None
    return {
        "value": interval.estimate,
        "lower": interval.low,
        "upper": interval.high,
        "method": "wilson" if questions is None else "clustered t",
        **({} if questions is None else {"clusters": questions}),
        "confidence": 0.95,
    }


def _by_number(counts: Mapping[int, int]) -> dict[str, int]:
    return {str(number): counts[number] for number in sorted(counts)}
