"""What validators said as data, how far they can be trusted, and how strong the evidence is."""

from sygra_eval.engine import Counts, RunSummary, Tally
from sygra_eval.report.estimate import estimate_of, estimate_of_all, has_estimate, measured_for
from sygra_eval.report.figure import counted, noted, share

_NO_TIMES = "the journal keeps no time of a validator: a verdict is the same whatever it took"


def judging(summary: RunSummary) -> dict[str, object]:
    """Return the sections of a report that are about validators and guardrails."""
    required = sorted({tally.use for tally in summary.validators if tally.is_required})
    return {
        "validators": [_validator(summary, tally) for tally in summary.validators],
        "measured": {
            "source": measured_for(summary).source if has_estimate(summary) else None,
            "all_required": _measured(estimate_of_all(summary), required),
        },
        "validator_errors": _errors(summary),
        "isolation": list(summary.isolation),
        "trust": list(summary.trust),
        "grades": {
            grade: counted(rows, "grades", grade=grade) for grade, rows in summary.grades.items()
        },
        "mutation_score": _strength(summary),
        "flaky_rows": counted(summary.flaky_rows, "flaky_rows"),
        "hard_coding": _hard_coding(summary),
        "weak_tests": _weak_tests(summary),
        "guardrails": _guardrails(summary),
    }


def _validator(summary: RunSummary, tally: Tally) -> dict[str, object]:
    said = {
        "pass": tally.passed,
        "fail": tally.failed,
        "error": tally.errors,
        "skip": tally.skipped,
    }
    return {
        "validator": tally.validator,
        "use": tally.use or None,
        "required": tally.is_required,
        **{
            status: counted(number, "verdicts", validator=tally.validator, status=status)
            for status, number in said.items()
        },
        "time_s": noted(None, "validator_times", reason=_NO_TIMES, validator=tally.validator),
        "measured": _measured(estimate_of(summary, tally), [tally.use]),
    }


def _measured(counts: Counts | None, uses: list[str]) -> dict[str, object] | None:
    """Return how often validators erred where the truth was known; these rows are no run's."""
    if counts is None:
        return None
    stack = "+".join(uses)
    return {
        "right": counted(counts.decided_right, "measured", stack=stack, what="right"),
        "wrong": counted(counts.decided_wrong, "measured", stack=stack, what="wrong"),
        "errors": counted(counts.errors, "measured", stack=stack, what="errors"),
        "false_accept_rate": share(
            counts.false_accepts,
            counts.decided_wrong,
            "measured_rates",
            stack=stack,
            what="false_accepts",
        ),
        "false_reject_rate": share(
            counts.false_rejects,
            counts.decided_right,
            "measured_rates",
            stack=stack,
            what="false_rejects",
        ),
    }


def _errors(summary: RunSummary) -> list[dict[str, object]]:
    """Return how often validators erred in this run, where its suite knows the truth."""
    found: list[dict[str, object]] = []
    for count in summary.errors:
        whole = not count.validator
        name, query = count.validator, "errors_of_all" if whole else "validator_errors"
        who = {} if whole else {"validator": name}
        found.append(
            {
                "validator": name or None,
                "undecided": counted(
                    count.undecided,
                    "undecided_by_all" if whole else "undecided_by_validator",
                    **who,
                ),
                "false_accept_rate": share(
                    count.false_accepts, count.wrong, query, **who, what="false_accepts"
                ),
                "false_reject_rate": share(
                    count.false_rejects, count.right, query, **who, what="false_rejects"
                ),
            }
        )
    return found


def _strength(summary: RunSummary) -> dict[str, object] | None:
    strength = summary.strength
    if strength is None:
        return None
    return {
        "rows": counted(strength.rows, "mutation_score", what="rows"),
        "median": noted(strength.median, "mutation_median", method="median"),
        "lowest": noted(strength.lowest, "mutation_score", method="min", what="lowest"),
        "weakly_tested": counted(strength.weak, "mutation_score", what="weakly tested"),
        "weakest": [
            {
                "row": row,
                "score": noted(score, "mutation_scores", row=row),
            }
            for row, score in strength.weakest
        ],
    }


def _hard_coding(summary: RunSummary) -> dict[str, object] | None:
    found = summary.hard_coding
    if found is None:
        return None
    why = "no row passes all its visible tests"
    return {
        "rate": share(found.rows, found.of, "hard_coding", reason=why),
        "examples": list(found.examples),
    }


def _weak_tests(summary: RunSummary) -> dict[str, object] | None:
    found = summary.weak_tests
    if found is None:
        return None
    return {
        "rate": share(found.rows, found.of, "weak_tests"),
        "reasons": {
            reason: counted(rows, "weak_test_reasons", reason=reason)
            for reason, rows in found.reasons.items()
        },
        "examples": list(found.examples),
    }


def _guardrails(summary: RunSummary) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for tally in summary.guardrails:
        said = {
            "pass": tally.passed,
            "fail": tally.failed,
            "error": tally.errors,
            "skip": tally.skipped,
            "blocked": tally.blocked,
        }
        place = {"guardrail": tally.guardrail, "at_call": tally.at, "node": tally.node}
        found.append(
            {
                "guardrail": tally.guardrail,
                "at": tally.at,
                "node": tally.node or None,
                **{
                    what: counted(number, "guardrails", **place, said=what)
                    for what, number in said.items()
                },
            }
        )
    return found
