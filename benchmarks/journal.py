"""What the journal costs: a finished call, the resume of a long run, and its report.

A call: what 20,000 calls take, 256 in flight, with their answers committed to a journal, beside the
same work without one (both make the call's key and wait for it once). A long run: 100,000 rows of
one call each have ended, 100 are left. It is resumed in a fresh process, from whose start it is
counted until the model is asked for the first time; then, finished, it is reported again. What each
of these takes beyond the same command on a run of 100 rows is what the journal's length costs.

CPU is user and system time of a process and its threads. The model answers at once, in the process.

    python -m benchmarks.journal [--calls 20000] [--rows 100000] [--repeats 3]
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.journal_model import ANSWER, FIRST_ASKED
from sygra_eval.engine import RunOptions, StopSignal, run_suite
from sygra_eval.journal import Durability, Journal, call_key, request_hash
from sygra_eval.values import CallSite, ChatRequest, ChatResponse, Message, RecordEnd, Usage

PLUGIN = Path(__file__).with_name("journal_model.py")
IN_FLIGHT = 256
FEW, LEFT = 100, 100
MOST_MS, MOST_FIRST_S, MOST_REPORT_S = 0.1, 3.0, 5.0
"""The aims: CPU of a call, wall until the first new call, CPU until the report is printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Long:
    """How a run of so many rows was gone on with, and reported; CPU and wall in seconds."""

    rows: int
    first_cpu_s: float
    first_wall_s: float
    report_cpu_s: float
    report_wall_s: float


def main() -> None:
    """Measure all of it and print the ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    for _ in range(given.repeats):
        show_calls(given.calls)
    show_long_run(given.rows)


def show_calls(calls: int) -> None:
    """Print what a call costs with a journal and without one."""
    bare = asyncio.run(bare_ms(calls))
    for durability in Durability:
        ours = asyncio.run(journalled_ms(calls, durability))
        print(
            f"a finished call, {durability.value:<6} {ours:.3f} ms CPU, without journal {bare:.3f}:"
            f" {ours - bare:.3f} more (aim {MOST_MS}), ratio {ours / bare:.2f}",
            flush=True,
        )


def show_long_run(rows: int) -> None:
    """Print what going on with a long run and reporting it cost, beside a short one."""
    with tempfile.TemporaryDirectory() as folder:
        few, many = (long_run(Path(folder), count) for count in (FEW, rows))
    print(f"{'':<28}{FEW:>9} rows{rows:>9} rows  ratio")
    for name, one, other, aim in (
        ("first new call, CPU", few.first_cpu_s, many.first_cpu_s, ""),
        ("first new call, wall", few.first_wall_s, many.first_wall_s, f"aim {MOST_FIRST_S:g} s"),
        ("report again, CPU", few.report_cpu_s, many.report_cpu_s, f"aim {MOST_REPORT_S:g} s"),
        ("report again, wall", few.report_wall_s, many.report_wall_s, ""),
    ):
        print(f"{name:<28}{one:>12.2f} s{other:>12.2f} s  {other / one:>5.2f}  {aim}")


async def bare_ms(calls: int) -> float:
    """Return the CPU milliseconds of a call that is not journalled."""

    async def one(number: int) -> None:
        _finished_call(number)
        await asyncio.sleep(0)

    return await _ms_of(calls, one)


async def journalled_ms(calls: int, durability: Durability) -> float:
    """Return the CPU milliseconds of a call whose answer is committed."""
    with tempfile.TemporaryDirectory() as folder:
        async with Journal.create(Path(folder) / "journal.db", {}, durability) as journal:

            async def one(number: int) -> None:
                key, site, asked, response = _finished_call(number)
                await journal.commit_call(key, site, asked, response, model="author")

            return await _ms_of(calls, one)


async def _ms_of(calls: int, one: Callable[[int], Awaitable[None]]) -> float:
    numbers = iter(range(calls))

    async def some() -> None:
        for number in numbers:
            await one(number)

    before = _cpu_s()
    async with asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(some())
    return (_cpu_s() - before) * 1e3 / calls


def _finished_call(number: int) -> tuple[bytes, CallSite, bytes, ChatResponse]:
    request = ChatRequest(messages=(Message("user", f"Write of the number {number}."),))
    site = CallSite(record=f"n{number}", node="draft")
    usage = Usage(prompt_tokens=10, completion_tokens=300)
    response = ChatResponse(text=ANSWER, finish_reason="stop", usage=usage, latency_s=1.0)
    return call_key("m", request, site), site, request_hash("m", request), response


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def long_run(folder: Path, rows: int) -> Long:
    """Make a run in which so many rows have ended, go on with it and report it again."""
    run = asyncio.run(stopped_run(folder / str(rows), rows))
    since = time.time()
    resumed, _, _ = _resume(run)
    first = next(line for line in resumed.stderr.splitlines() if FIRST_ASKED in line)
    said: dict[str, Any] = json.loads(first)
    again, cpu_s, wall_s = _resume(run)
    ended = json.loads(again.stdout.splitlines()[-1])
    if FIRST_ASKED in again.stderr or ended["verified"] != rows + LEFT:
        raise SystemExit(f"the run did not end as it should have: {ended}")
    return Long(
        rows=rows,
        first_cpu_s=said["cpu_s"],
        first_wall_s=said["at"] - since,
        report_cpu_s=cpu_s,
        report_wall_s=wall_s,
    )


def _resume(run: Path) -> tuple[subprocess.CompletedProcess[str], float, float]:
    """Resume in a fresh process; return it with its CPU and wall seconds."""
    command = [sys.executable, "-m", "sygra_eval", "resume", str(run), "-p", str(PLUGIN), "--json"]
    before, since = os.times(), time.perf_counter()
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    after, wall_s = os.times(), time.perf_counter() - since
    if ran.returncode:
        raise SystemExit(f"the resume ended with {ran.returncode}:\n{ran.stderr[-2_000:]}")
    cpu_s = after.children_user + after.children_system
    return ran, cpu_s - before.children_user - before.children_system, wall_s


async def stopped_run(folder: Path, rows: int) -> Path:
    """Begin a run, stop it, and fill its journal up with rows like its first one."""
    folder.mkdir()
    stop = StopSignal()
    options = RunOptions(out=folder / "out", plugins=(str(PLUGIN),))
    summary = await run_suite(
        _suite(folder, rows + LEFT), options, stop=stop, show=lambda _: stop.drain("benchmark")
    )
    async with Journal.open(summary.folder / "journal.db") as journal:
        first = journal.outcome(0)
        if first is None:
            raise SystemExit("the first row did not end")
        missing = [number for number in range(rows) if not journal.has_outcome(number)]
        for start in range(0, len(missing), IN_FLIGHT):
            async with asyncio.TaskGroup() as group:
                for number in missing[start : start + IN_FLIGHT]:
                    group.create_task(_end(journal, number, first))
    return summary.folder


async def _end(journal: Journal, number: int, like: RecordEnd) -> None:
    key, site, asked, response = _finished_call(number)
    await journal.commit_call(key, site, asked, response, model="author")
    for verdict in like.verdicts:
        await journal.commit_execution(key, site.record, verdict)
    journal.append_visit(site.record, site.node, {"answer": ANSWER})
    data = {**like.data, "id": site.record}
    await journal.finish(replace(like, row_id=site.record, index=number, data=data))


def _suite(folder: Path, rows: int) -> Path:
    lines = (f'{{"id": "n{n}", "question": "Write of the number {n}."}}\n' for n in range(rows))
    (folder / "rows.jsonl").write_text("".join(lines))
    draft = {"node_type": "llm", "model": "author", "prompt": "{question}"}
    document = {
        "suite": {"name": "long"},
        "models": {"author": {"use": "instant"}},
        "data_config": {"source": {"type": "disk", "file_path": "rows.jsonl", "id": "id"}},
        "graph_config": {
            "nodes": {"draft": {**draft, "output_keys": "answer"}},
            "edges": [{"from": "START", "to": "draft"}, {"from": "draft", "to": "END"}],
        },
        "quality": {"validators": [{"use": "instantly"}]},
        "sandbox": {"isolation": "none", "i_accept_the_risk": True},
    }
    path = folder / "long.yaml"
    path.write_text(json.dumps(document))  # JSON is YAML
    return path


if __name__ == "__main__":
    main()
