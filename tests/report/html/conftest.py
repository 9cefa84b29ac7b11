"""A run folder made by hand, with rows that try to be more than text."""

import asyncio
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from sygra_eval.engine import ReportContext, ReportOptions, summarise
from sygra_eval.journal import Journal
from sygra_eval.values import (
    Attempt,
    Evidence,
    FailingCase,
    LoopEnd,
    Outcome,
    RecordEnd,
    Round,
    Sentinel,
    Status,
    StopReason,
    TestCount,
    Verdict,
)

ISOLATION = "box(userns,landlock7,seccomp,rlimit)"
HOSTILE = (
    "</script><script>window.hurt=1</script>",
    "<img src=x onerror=window.hurt=1>",
    "a\u202egnp.exe\u2066 \u200bhidden",
    "\x1b[31mred\x1b]8;;http://127.0.0.1/\x07link\x00",
    "<!-- ]]> \ud800 | `x` ${y} \u2028 'quoted' \"twice\"",
)
"""What rows may say: each has to be seen as text, or as a visible escape of it."""

_SUITE = """
suite: {name: rough}
data_config: {source: {type: disk, file_path: rows.jsonl, id: id}}
graph_config:
  nodes: {solve: {node_type: critique_loop}}
  edges: [{from: START, to: solve}, {from: solve, to: END}]
quality: {validators: [{use: unit_tests, from: test}]}
"""

Row = tuple[RecordEnd, tuple[Round, ...]]


def verdict_of(status: Status, *failing: str, passed: int = 3, total: int = 3) -> Verdict:
    cases = [FailingCase(test=name, input="f(1)", expected="2", got="1") for name in failing]
    return Verdict(
        validator="unit_tests",
        status=status,
        score=passed / total,
        reason="3 tests passed" if status is Status.PASS else f"{total - passed} of {total} failed",
        evidence=Evidence(
            isolation=ISOLATION,
            failing=cases[0] if cases else None,
            further=tuple(cases[1:]),
            tests={"visible": TestCount(passed=passed, total=total)},
        ),
    )


PASSED = verdict_of(Status.PASS)
FAILED = verdict_of(Status.FAIL, "assert f(1) == 2", "assert f(2) == 3", passed=1)


def row_of(index: int, text: str = "") -> Row:
    """Of three rows one is rejected, one is right at once, one after a refused stop."""
    kind = index % 3
    is_right = kind > 0
    verdict = PASSED if is_right else FAILED
    first = Attempt(
        sample=0,
        answer=f"Here it is. {text}\n```python\ndef f(x):\n    return {index}\n```",
        code=f"def f(x):\n    return {index}  # {text}",
        extraction="last python block",
        evidence=f"unit_tests said {text}",
        verdicts=(PASSED if kind == 1 else FAILED,),
        is_accepted=kind == 1,
        is_kept=True,
        diff="",
        tokens=100,
        latency_s=1.0,
    )
    rounds = [
        Round(
            node="solve",
            number=1,
            attempts=(first,),
            critique=f"NO MORE FEEDBACK {text}",
            sentinel=Sentinel.GRANTED if kind == 1 else Sentinel.REFUSED,
            critique_tokens=7,
        )
    ]
    if kind == 2:
        second = Attempt(
            sample=0,
            answer="Now.",
            code="def f(x):\n    return x + 1",
            extraction="last python block",
            evidence="PASSED unit_tests",
            verdicts=(PASSED,),
            is_accepted=True,
            is_kept=True,
            diff=f"--- kept\n+++ revision\n@@ -2 +2 @@\n-    return {index}\n+    return x + 1",
            tokens=60,
            latency_s=0.5,
        )
        rounds.append(Round(node="solve", number=2, attempts=(second,)))
    end = RecordEnd(
        row_id=f"row-{index:04}",
        index=index,
        outcome=Outcome.VERIFIED if is_right else Outcome.REJECTED,
        reason="all required validators passed" if is_right else f"unit_tests: 2 failed {text}",
        data={
            "question": f"Write f for {index}. {text}",
            "topic": f"topic {index % 2} {text}" if text else f"topic {index % 2}",
            "answer": first.answer,
            "code": first.code,
            "test": [f"assert f({index}) == {text!r}"],
        },
        verdicts=(verdict,),
        loop=LoopEnd(
            node="solve",
            stop_reason=StopReason.SENTINEL if is_right else StopReason.MAX_ROUNDS,
            rounds=len(rounds),
            samples=1,
            sentinels_refused=int(kind != 1),
            tokens=160,
            kept_round=len(rounds),
        ),
    )
    return end, tuple(rounds)


def write_run(folder: Path, rows: Iterable[Row], *, is_over: bool = True) -> Path:
    """Write the journal of a run with these rows."""
    folder.mkdir(parents=True)
    (folder / "suite.yaml").write_text(_SUITE)
    asked = {"seed": 0, "limit": None, "models": {}, "plugins": [], "is_strict": False}
    asked |= {"accepts_no_sandbox": False, "budget": {}, "target": None, "selection": {}}
    plan = {
        "suite": "rough",
        "suite_sha256": "0" * 64,
        "suite_path": str(folder / "suite.yaml"),
        "suite_folder": str(folder),
        "input_fingerprint": "0",
        "isolation": ISOLATION,
        "labels": "{}",
        "models": "{}",
        "asked": json.dumps(asked),
    }
    asyncio.run(_journal(folder / "journal.db", plan, rows, is_over=is_over))
    return folder


async def _journal(path: Path, plan: dict[str, str], rows: Iterable[Row], *, is_over: bool) -> None:
    count = 0
    async with Journal.create(path, plan) as journal:
        journal.event("started", pid=1)
        for end, rounds in rows:
            for one in rounds:
                journal.append_round(end.row_id, one)
            await journal.finish(end)
            count += 1
        if is_over:
            journal.event("finished", wall_s=60.0, rows=count, cause="", calls_cached=0)
        await journal.flush()


@pytest.fixture(scope="session")
def context_of() -> Callable[..., ReportContext]:
    """The context of a run folder, with options."""

    def made(folder: Path, **options: object) -> ReportContext:
        return ReportContext(summary=summarise(folder), options=ReportOptions(**options))

    return made
