"""Runs and rows made by hand: whole and consistent, with what a test says put in their place."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sygra_eval.engine import Cause, ExitCode, RunSummary, Tally
from sygra_eval.quality import wilson
from sygra_eval.values import (
    Attempt,
    Evidence,
    LoopEnd,
    Outcome,
    RecordEnd,
    Round,
    Sentinel,
    Status,
    StopReason,
    Trust,
    Verdict,
)

ISOLATION = "reduced(landlock7,seccomp,rlimit)"


@pytest.fixture(scope="session")
def summary_of() -> Callable[..., RunSummary]:
    """A finished run of 20 rows, 12 of them verified; `counts` and `rows` follow one another."""
    return _summary_of


@pytest.fixture(scope="session")
def attempt_of() -> Callable[..., Attempt]:
    return _attempt_of


@pytest.fixture
def story() -> tuple[RecordEnd, tuple[Round, ...]]:
    """A row whose first draft failed, whose critic stopped too early, and that was repaired."""
    failed = Verdict(validator="unit_tests", status=Status.FAIL, score=0.5, reason="1 of 2 failed")
    passed = Verdict(
        validator="unit_tests",
        status=Status.PASS,
        score=1.0,
        reason="2 passed",
        evidence=Evidence(isolation=ISOLATION),
        trust=Trust.COOPERATIVE,
    )
    rounds = (
        Round(
            node="solve",
            number=1,
            attempts=(
                _attempt_of(sample=0, code=None, extraction="no code block", verdicts=(failed,)),
                _attempt_of(sample=1, code="def f():\n    return 1", is_kept=True),
            ),
            critique="NO MORE FEEDBACK",
            sentinel=Sentinel.REFUSED,
            critique_tokens=7,
            critique_latency_s=0.5,
        ),
        Round(
            node="solve",
            number=2,
            attempts=(
                _attempt_of(
                    code="def f():\n    return 2",
                    is_accepted=True,
                    is_kept=True,
                    diff="--- kept\n+++ revision\n-    return 1\n+    return 2",
                    evidence="PASSED unit_tests",
                    verdicts=(passed,),
                ),
            ),
            critique="NO MORE FEEDBACK",
            sentinel=Sentinel.GRANTED,
            critique_tokens=7,
            critique_latency_s=0.5,
        ),
    )
    end = RecordEnd(
        row_id="numbers-007",
        index=3,
        outcome=Outcome.VERIFIED,
        reason="all required validators passed",
        data={"question": "Write f() that returns 2."},
        verdicts=(passed,),
        loop=LoopEnd(
            node="solve",
            stop_reason=StopReason.SENTINEL,
            rounds=2,
            samples=2,
            sentinels_refused=1,
            tokens=44,
            kept_round=2,
        ),
    )
    return end, rounds


def _summary_of(**changes: object) -> RunSummary:
    counts = {Outcome.VERIFIED: 12, Outcome.REJECTED: 7, Outcome.FAILED: 1, Outcome.UNJUDGED: 0}
    counts |= changes.pop("counts", {})
    ended = sum(counts.values())
    not_reached = changes.get("not_reached", 0)
    rows = ended + not_reached
    figures = {
        "suite": "glaive_code_assistant",
        "run": "first",
        "folder": Path("/data/reports/glaive_code_assistant/first"),
        "suite_sha256": "5" * 64,
        "state": "finished",
        "rows": rows,
        "counts": counts,
        "not_reached": not_reached,
        "funnel": (("rows read", rows), ("drafted", ended), ("code found", ended)),
        "stop_reasons": {
            Outcome.VERIFIED: {StopReason.SENTINEL: 8, StopReason.MAX_ROUNDS: 4},
            Outcome.REJECTED: {StopReason.MAX_ROUNDS: 6, StopReason.NO_CHANGE: 1},
        },
        "verified_rate": wilson(counts[Outcome.VERIFIED], ended),
        "rounds": {1: 6, 2: 5, 4: 8},
        "verified_by_round": {1: 9, 2: 3},
        "verified_by_sample": {1: 6, 2: 2, 4: 1},
        "sentinels_refused": 5,
        "rows_with_refused_sentinel": 4,
        "repaired": ("numbers-007", "text-003", "dates-001", "parsing-002"),
        "validators": (
            Tally(
                validator="python_compiles",
                is_required=True,
                passed=18,
                failed=1,
                errors=0,
                skipped=0,
            ),
            Tally(
                validator="unit_tests", is_required=True, passed=12, failed=7, errors=0, skipped=0
            ),
            Tally(validator="judge", is_required=False, passed=3, failed=2, errors=1, skipped=13),
        ),
        "causes": (
            Cause(
                outcome=Outcome.REJECTED,
                reason="unit_tests: 1 of 6 hidden tests failed",
                rows=7,
                examples=("dates-004", "text-009"),
            ),
            Cause(
                outcome=Outcome.FAILED,
                reason="bad_input: questions.jsonl:9",
                rows=1,
                examples=("questions.jsonl_x3A9",),
            ),
        ),
        "calls": 71,
        "calls_cached": 12,
        "prompt_tokens": 20_345,
        "completion_tokens": 9_876,
        "has_estimated_tokens": False,
        "retries": 2,
        "wall_s": 252.4,
        "model_s": 480.2,
        "isolation": (ISOLATION,),
        "trust": ("python_compiles: separate", "unit_tests: cooperative"),
        "models": (("author", "embedded", "Qwen2.5-Coder-0.5B-Instruct Q4_K_M"),),
        "warnings": (),
        "exit_code": ExitCode.PASSED,
        "exit_reason": f"{counts[Outcome.VERIFIED]} of {rows} rows verified",
        "rate_by_topic": {"dates": (2, 5), "text": (10, 14)},
    }
    return RunSummary(**(figures | changes))


def _attempt_of(**changes: object) -> Attempt:
    figures = {
        "sample": 0,
        "answer": "Here it is.",
        "code": "pass",
        "extraction": "last python block",
        "evidence": "FAILED unit_tests: f() gave 1",
        "verdicts": (),
        "is_accepted": False,
        "is_kept": False,
        "diff": "",
        "tokens": 10,
        "latency_s": 1.5,
    }
    return Attempt(**(figures | changes))
