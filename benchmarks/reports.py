"""What the views of a run with many rows take: `python -m benchmarks.reports [ROWS]`.

Makes a run folder of ROWS rows (100 000) with two rounds and three calls each, and writes every
registered view of it in one process, as a run's end does: CPU of the figures and of each view, and
the peak memory of all. The terminal's view is started as a command too, beside `--help`. At the
end a pandas script reads the same rows, where pandas is installed.
"""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from sygra_eval.journal.canonical import to_stored
from sygra_eval.journal.codec import (
    record_end_to_json,
    response_to_json,
    round_to_json,
)
from sygra_eval.journal.store import (
    Column,
    Durability,
    checksum,
    create_file,
    insert,
    open_writer,
)
from sygra_eval.values import (
    Attempt,
    ChatResponse,
    Evidence,
    LoopEnd,
    Outcome,
    RecordEnd,
    Round,
    Sentinel,
    Status,
    StopReason,
    TestCount,
    Usage,
    Verdict,
)

ROWS = 100_000
_SUITE = """
suite: {name: many}
data_config: {source: {type: disk, file_path: rows.jsonl, id: id}}
models: {author: {use: openai, max_concurrency: 8}, critic: {use: openai, max_concurrency: 8}}
graph_config:
  nodes: {solve: {node_type: critique_loop}}
  edges: [{from: START, to: solve}, {from: solve, to: END}]
quality: {validators: [{use: unit_tests, from: test}]}
"""
_CODE = "def f(values):\n" + "    total = sum(value * 3 for value in values)\n" * 12
_DIFF = "--- kept\n+++ revision\n@@ -2 +2 @@\n-    total = 1\n+    total = 2\n"
_ISOLATION = "box(ns,seccomp,rlimit)"

_CALLS = ((1, "draft", "author"), (1, "critique", "critic"), (2, "revise", "author"))

Table = dict[str, list[tuple[Column, ...]]]


def make_run(folder: Path, rows: int) -> None:
    """Write a journal, and the data files of its verified and rejected rows."""
    folder.mkdir(parents=True)
    (folder / "suite.yaml").write_text(_SUITE)
    path = folder / "journal.db"
    create_file(path, _plan(folder))
    with (
        closing(open_writer(path, Durability.NORMAL)) as journal,
        (folder / "verified.jsonl").open("w") as verified,
        (folder / "rejected.jsonl").open("w") as rejected,
    ):
        _put(journal, {"event": [_event("started", {"pid": 1, "rows": rows})]})
        for start in range(0, rows, 1_000):
            waiting: Table = {"outcome": [], "round": [], "call": []}
            for index in range(start, min(rows, start + 1_000)):
                end = _end(index)
                file = verified if end.outcome is Outcome.VERIFIED else rejected
                file.write(json.dumps(dict(end.data)) + "\n")
                _take(waiting, end)
            _put(journal, waiting)
        ended = {"wall_s": 60.0, "rows": rows, "cause": "", "calls_cached": 0}
        _put(journal, {"event": [_event("finished", ended)]})


def _plan(folder: Path) -> dict[str, str]:
    asked: dict[str, Any] = {
        "seed": 0,
        "limit": None,
        "models": {},
        "plugins": [],
        "is_strict": False,
    }
    asked |= {"accepts_no_sandbox": False, "budget": {}, "target": None, "selection": {}}
    return {
        "suite": "many",
        "suite_sha256": "0" * 64,
        "suite_path": str(folder / "suite.yaml"),
        "suite_folder": str(folder),
        "input_fingerprint": "0",
        "isolation": _ISOLATION,
        "labels": "{}",
        "models": "{}",
        "asked": json.dumps(asked),
    }


def _end(index: int) -> RecordEnd:
    is_right = index % 5 != 0
    row_id, status = f"row-{index:07}", Status.PASS if is_right else Status.FAIL
    reason = "all 3 tests passed" if is_right else f"{index % 3 + 1} of 3 hidden tests failed"
    evidence = Evidence(
        command=("python", "-I", "answer.py"),
        exit_code=0,
        output="",
        isolation=_ISOLATION,
        tests={"hidden": TestCount(passed=3 if is_right else 1, total=3)},
    )
    verdict = Verdict(
        validator="unit_tests",
        status=status,
        reason=reason,
        score=float(is_right),
        evidence=evidence,
        is_required=True,
    )
    outcome = Outcome.VERIFIED if is_right else Outcome.REJECTED
    data = {
        "id": row_id,
        "question": f"Write a function that sums what number {index} says. " * 4,
        "topic": f"topic {index % 20}",
        "answer": f"Here it is.\n```python\n{_CODE}```",
        "code": _CODE,
        "grade": "tests + hidden",
        "provenance": {
            "row_id": row_id,
            "models": [{"role": "author", "name": "author"}, {"role": "critic", "name": "critic"}],
        },
    }
    loop = LoopEnd(
        node="solve",
        stop_reason=StopReason.SENTINEL if is_right else StopReason.MAX_ROUNDS,
        rounds=2,
        samples=1,
        sentinels_refused=index % 7 == 0,
        tokens=900,
        kept_round=1 + index % 2,
    )
    told = "all required validators passed" if is_right else f"unit_tests: {reason}"
    return RecordEnd(
        row_id=row_id,
        index=index,
        outcome=outcome,
        reason=told,
        data=data,
        verdicts=(verdict,),
        loop=loop,
    )


def _take(waiting: Table, end: RecordEnd) -> None:
    stored = to_stored(record_end_to_json(end))
    waiting["outcome"].append((end.index, end.row_id, end.outcome.value, end.reason, stored))
    for number in (1, 2):
        attempt = Attempt(
            sample=0,
            answer=_CODE,
            code=_CODE,
            extraction="last python block",
            evidence="FAILED f([1]) gave 2",
            verdicts=end.verdicts,
            is_accepted=False,
            is_kept=True,
            diff=_DIFF if number == 2 else "",
            tokens=300,
            latency_s=1.0,
        )
        finished = Round(
            node="solve",
            number=number,
            attempts=(attempt,),
            critique="The total on line 2 is wrong." if number == 1 else None,
            sentinel=Sentinel.ABSENT,
        )
        stored = to_stored(round_to_json(finished))
        waiting["round"].append((end.row_id, "solve", number, stored))
    for visit, step, model in (
        (1, "draft", "author"),
        (1, "critique", "critic"),
        (2, "revise", "author"),
    ):
        response = ChatResponse(
            text=_CODE,
            finish_reason="stop",
            usage=Usage(prompt_tokens=200, completion_tokens=100),
            latency_s=0.5 + (end.index * 37 % 101) / 50,
            cost_nano_usd=1000,
            answered_by=model,
        )
        key = f"{end.row_id}/{step}".encode()
        stored = to_stored(response_to_json(response))
        waiting["call"].append((key, end.row_id, f"solve/{step}", visit, 0, key, stored))


def _event(kind: str, data: Mapping[str, object]) -> tuple[Column, ...]:
    return (0.0, 0.0, kind, to_stored(data))


def _put(journal: Any, tables: Table) -> None:
    journal.execute("BEGIN")
    for table, rows in tables.items():
        for row in rows:
            journal.execute(insert(table, 1), (*row, checksum(row)))
    journal.execute("COMMIT")


_TOOL = "import sys; from sygra_eval.cli import main; main(sys.argv[1:])"
_ALL = """
import json, sys, time
from pathlib import Path
from sygra_eval.engine import ReportContext, ReportOptions, plugins_of_run, put_view, summarise

folder = Path(sys.argv[1])
plugins = plugins_of_run(folder, (), is_trusted=False)
spent = time.process_time()
ctx = ReportContext(summary=summarise(folder), plugins=plugins)
print(json.dumps(["figures", time.process_time() - spent, 0]))
for name, reporter in plugins.of("reporters").items():
    spent, path = time.process_time(), folder / f"view-{name}"
    put_view(reporter, ctx, path)
    print(json.dumps([name, time.process_time() - spent, path.stat().st_size / 1e6]))
"""
_PANDAS = """
import sys, json, pandas
frames = [pandas.read_json(f"{sys.argv[1]}/{name}.jsonl", lines=True).assign(outcome=name)
          for name in ("verified", "rejected")]
rows = pandas.concat(frames)
is_verified = rows.outcome == "verified"
print(rows.outcome.value_counts(), is_verified.groupby(rows.topic).mean())
"""


def measured(*command: str) -> tuple[float, float, str]:
    """Run a command; return its CPU seconds, its peak memory in MB, and what it said."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)}: exit {process.returncode}")
        output.seek(0)
        said = output.read()
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said


def _circumstances() -> str:
    """Say what timings depend on."""
    orjson = "with" if importlib.util.find_spec("orjson") is not None else "without"
    return f"{orjson} orjson; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


def keep_report(folder: Path) -> None:
    """Put `report.json` and its manifest into the folder, as a run's end does."""
    data = (folder / "view-json").read_bytes()
    (folder / "report.json").write_bytes(data)
    files = {"report.json": {"sha256": hashlib.sha256(data).hexdigest()}}
    (folder / "manifest.json").write_text(json.dumps({"files": files}))


def main() -> None:
    """Print a line a view."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    python = (sys.executable, "-c")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "reports/many/run"
        make_run(folder, rows)
        size = (folder / "journal.db").stat().st_size / 1e6
        print(f"{rows} rows, journal {size:.0f} MB; {_circumstances()}")
        cpu_s, peak_mb, said = measured(*python, _ALL, str(folder))
        for line in said.splitlines():
            name, view_s, size_mb = json.loads(line)
            print(f"{name:<20} {view_s:7.2f} s CPU  writes {size_mb:.2f} MB")
        spent = sum(json.loads(line)[1] for line in said.splitlines())
        print(f"{'figures and views':<20} {spent:7.2f} s CPU  without the start of the process")
        print(f"{'all in one process':<20} {cpu_s:7.2f} s CPU  peak {peak_mb:.0f} MB")
        keep_report(folder)
        for what in (("--help",), ("report", str(folder))):
            cpu_s, peak_mb, _ = measured(*python, _TOOL, *what)
            print(f"{what[0]:<20} {cpu_s:7.2f} s CPU  peak {peak_mb:.0f} MB")
        if importlib.util.find_spec("pandas") is not None:  # it is not one of ours
            cpu_s, peak_mb, _ = measured(*python, _PANDAS, str(folder))
            print(f"{'pandas':<20} {cpu_s:7.2f} s CPU  peak {peak_mb:.0f} MB")


if __name__ == "__main__":
    main()
