"""The run that the golden files show: every section has something in it."""

from pathlib import Path

from sygra_eval.engine import (
    Bound,
    Canaries,
    Cause,
    Critiques,
    ErrorCount,
    ExitCode,
    HardCoding,
    Latency,
    ModelShare,
    Paid,
    RunSummary,
    SpentAt,
    Strength,
    Tally,
)
from sygra_eval.journal import Spent
from sygra_eval.quality import GateOutcome, GateState, wilson
from sygra_eval.values import Outcome, StopReason

_SPENT = {"prompt_tokens": 9_000, "completion_tokens": 4_000, "known_nano_usd": 41_000_000}


def golden_summary() -> RunSummary:
    """Return the figures of a run that was stopped, with hostile names."""
    draft = Spent(calls=20, tries=21, latency_s=40.0, slowest_s=4.0, **_SPENT)
    critique = Spent(calls=11, tries=11, latency_s=11.0, slowest_s=1.5, unpriced=2, **_SPENT)
    return RunSummary(
        suite="glaive_code_assistant",
        run="first",
        folder=Path("/data/reports/glaive_code_assistant/first"),
        suite_sha256="5" * 64,
        state="interrupted",
        rows=23,
        counts={
            Outcome.VERIFIED: 12,
            Outcome.REJECTED: 7,
            Outcome.FAILED: 1,
            Outcome.UNJUDGED: 0,
        },
        not_reached=3,
        funnel=(("rows read", 23), ("drafted", 20), ("code found", 19), ("hidden tests pass", 12)),
        stop_reasons={
            Outcome.VERIFIED: {StopReason.SENTINEL: 8, StopReason.MAX_ROUNDS: 4},
            Outcome.REJECTED: {StopReason.MAX_ROUNDS: 6, StopReason.NO_CHANGE: 1},
        },
        verified_rate=wilson(12, 20),
        rounds={1: 6, 2: 5, 4: 8},
        verified_by_round={1: 9, 2: 3},
        verified_by_sample={1: 6, 2: 2, 4: 1},
        sentinels_refused=5,
        rows_with_refused_sentinel=4,
        repaired=("numbers-007", "text-003", "dates-001", "parsing-002"),
        repaired_rows=4,
        validators=(
            Tally(
                validator="unit_tests",
                use="unit_tests",
                is_required=True,
                passed=12,
                failed=7,
                errors=0,
                skipped=0,
            ),
            Tally(
                validator="=judge|`x`",
                use="judge",
                is_required=False,
                passed=3,
                failed=2,
                errors=1,
                skipped=13,
            ),
        ),
        causes=(
            Cause(
                outcome=Outcome.REJECTED,
                reason="unit_tests: hidden tests failed",
                rows=7,
                examples=("dates-004", "text-009"),
                told=("unit_tests: 1 of 6 hidden tests failed", "unit_tests: 2 of 6 …"),
            ),
            Cause(
                outcome=Outcome.FAILED,
                reason="bad_input: <script>alert(1)</script> \x1b[31m| `code` @someone",
                rows=1,
                examples=("questions.jsonl_x3A9",),
                told=("bad_input: \u202e",),
            ),
        ),
        calls=31,
        calls_cached=12,
        prompt_tokens=18_000,
        completion_tokens=8_000,
        has_estimated_tokens=False,
        retries=1,
        wall_s=21.2,
        model_s=51.0,
        isolation=("box(ns,seccomp,rlimit)",),
        trust=("unit_tests: cooperative",),
        models=(("author", "openai", "m-1"), ("critic", "openai", "m-2")),
        warnings=("author and critic are one model", "second", "third", "fourth"),
        exit_code=ExitCode.INTERRUPTED,
        exit_reason="interrupted: 3 of 23 rows not reached",
        spent=(
            SpentAt(model="author", node="solve/draft", spent=draft),
            SpentAt(model="critic", node="solve/critique", spent=critique),
        ),
        strength=Strength(
            rows=12, median=0.9167, lowest=0.5, weak=1, weakest=(("dates-001", 0.5),)
        ),
        grades={"tests": 4, "tests + hidden": 8, "differential": 0},
        hard_coding=HardCoding(rows=1, of=13, examples=("table-1",)),
        canaries=Canaries(rows=2, verified=1, examples=("canary-1",)),
        rate_by_topic={"dates": (2, 5), "text": (10, 14)},
        errors=(
            ErrorCount(
                validator="", right=10, wrong=9, false_accepts=1, false_rejects=0, undecided=1
            ),
        ),
        gates=(
            GateOutcome(
                index=0,
                kind="metric",
                metric="verified_rate",
                asks="lower >=0.8",
                state=GateState.FAILED,
                reason="lower bound 0.387 of 20 rows",
                value=0.6,
                lower=0.387,
                upper=0.781,
                n_judged=20,
            ),
        ),
        flaky_rows=1,
        model_rows=(ModelShare(role="solve", name="author", rows=19, verified=12),),
        paid_rounds=(Paid(number=1, spent=draft), Paid(number=2, spent=critique)),
        paid_drafts=(Paid(number=1, spent=draft),),
        latencies=(
            Latency(
                step="solve/draft",
                model="author",
                calls=20,
                percentiles={50: 1.9, 90: 3.1, 99: 4.0},
                slowest_s=4.0,
                total_s=40.0,
            ),
        ),
        critiques=Critiques(made=11, stops=8, judged=6, ignored=2, examples=(("text-003", 1),)),
        bound=Bound(seconds=20.0, model="author", limit="in_flight", at=2),
        environment={"sygra_eval": "0.1.0", "python": "CPython 3.11.7", "system": "Linux x86_64"},
        command="sygra-eval run suites/glaive_code_assistant.yaml",
        version="0.1.0",
    )
