"""What a whole run costs: drafts, critiques, revisions, executions, journal and report.

1,000 samples are made by `sygra-eval run`, a process of its own: questions of the shipped suite in
turn, answered by a server on loopback. Of five samples four are right at once (draft, critique with
the sentinel: two calls, and two executions, one in the loop and one of the hidden tests too); the
fifth is wrong at first (draft, critique, revision, critique: four calls, three executions). That is
2,400 calls and 2,200 executions, and the journal is asked whether it was.

The floor is what nobody can do without, in the same run: as many bare aiohttp calls to the same
server, and as many forks of a process that has loaded what the zygote loads, each of which runs a
reference with its tests: no isolation, no limits, no pipes, no records.

CPU is user and system time of a process and of all below it, as the kernel gives it to who waits
for it (`wait4`): zygotes and executions are in it, the server is not. Memory is the largest sum of
the proportional set sizes (PSS: shared pages count once) of the tree, read from outside every
0.2 s; the executions that live at that moment are in it.

    python -m benchmarks.loop [--rows 1000]
"""

import argparse
import asyncio
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sygra_eval.sandbox import PRELOAD

ROOT = Path(__file__).parents[1]
QUESTIONS = ROOT / "suites" / "data" / "code_questions.jsonl"
ONE_IN = 5
"""One sample in so many is wrong at first."""
IN_FLIGHT = 32
SENTINEL = "NO MORE FEEDBACK"
WATCHED_EVERY_S = 0.2
DRAFT = [{"system": "You write correct Python 3."}, {"user": "{question} ({start})"}]
CRITIQUE = "Review of {entry_point}.\nAnswer:\n{candidate}\nTest report:\n{evidence}"
REVISE = "Revise {entry_point}.\nReview:\n{critique}\nTest report:\n{evidence}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one process took, with all below it."""

    cpu_s: float
    wall_s: float
    peak_mb: float


def main() -> None:
    """Measure the run and its floor, and print both with their ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--floor", choices=("calls", "forks"), help=argparse.SUPPRESS)
    parser.add_argument("--server", help=argparse.SUPPRESS)
    given = parser.parse_args()
    questions = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
    samples = samples_of(questions, given.rows)
    if given.floor == "calls":
        asyncio.run(bare_calls(samples, given.server))
    elif given.floor == "forks":
        bare_forks(samples)
    else:
        compare(questions, samples)


def compare(questions: Sequence[Mapping[str, Any]], samples: Sequence[Mapping[str, Any]]) -> None:
    """Run all three processes in turn against one server."""
    me = [sys.executable, "-m", "benchmarks.loop", "--rows", str(len(samples))]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with server(folder, questions) as (base_url, server_pid):
            suite = write_suite(folder, samples, base_url)
            run = [sys.executable, "-m", "sygra_eval", "run", str(suite), "--json"]
            before = cpu_of(server_pid)
            ours, told = measured([*run, "--out", str(folder / "out")])
            server_s = cpu_of(server_pid) - before
            calls, _ = measured([*me, "--floor", "calls", "--server", base_url])
            forks, _ = measured([*me, "--floor", "forks"])
        line = json.loads(told.splitlines()[-1])
        made = Path(line["run"])
        show_counts(line, executions_in(made / "journal.db"), isolation_in(made / "verified.jsonl"))
    floor_s = calls.cpu_s + forks.cpu_s
    print(
        f"run    {ours.cpu_s:6.2f} s CPU  {ours.wall_s:6.2f} s wall  {ours.peak_mb:4.0f} MB at most"
        f"  (the server beside it: {server_s:.2f} s CPU)"
    )
    print(f"floor  {floor_s:6.2f} s CPU: calls {calls.cpu_s:.2f} s, forks {forks.cpu_s:.2f} s")
    print(f"ratio  {ours.cpu_s / floor_s:6.2f}")


def show_counts(line: Mapping[str, Any], executions: int, isolation: str) -> None:
    """Say what was really done, and refuse to print figures of something else."""
    expected_calls = sum(4 if n % ONE_IN == ONE_IN - 1 else 2 for n in range(line["rows"]))
    expected_runs = sum(3 if n % ONE_IN == ONE_IN - 1 else 2 for n in range(line["rows"]))
    print(
        f"{line['rows']} samples, {line['verified']} verified, {line['calls']} calls,"
        f" {executions} executions in {isolation}"
    )
    counted = (line["verified"], line["calls"], executions)
    if counted != (line["rows"], expected_calls, expected_runs):
        raise SystemExit(f"meant were {expected_calls} calls and {expected_runs} executions")


def samples_of(questions: Sequence[Mapping[str, Any]], rows: int) -> list[dict[str, Any]]:
    """Take the questions in turn; every fifth sample is to be wrong at first."""
    columns = ("question", "entry_point", "visible_tests", "hidden_tests", "reference")
    samples = []
    for number in range(rows):
        question = questions[number % len(questions)]
        is_wrong_at_first = number % ONE_IN == ONE_IN - 1
        sample = {column: question[column] for column in columns}
        sample["id"] = f"sample-{number}"
        sample["start"] = f"{'wrong' if is_wrong_at_first else 'right'} {question['entry_point']}"
        samples.append(sample)
    return samples


def answers(questions: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Give the server's table: what a prompt says decides, in this order."""
    wrong = "def {}(*anything):\n    return 'not yet'"
    table = {
        r"Review of \w+\.\n[\s\S]*'not yet'": "- It returns a text: compute the result instead.",
        r"Review of ": SENTINEL,
    }
    for question in questions:
        name = question["entry_point"]
        right = f"Here it is:\n\n```python\n{question['reference']}```"
        table[rf"\(wrong {re.escape(name)}\)"] = f"```python\n{wrong.format(name)}\n```"
        table[rf"\(right {re.escape(name)}\)|Revise {re.escape(name)}\."] = right
    return table


def write_suite(folder: Path, samples: Sequence[Mapping[str, Any]], base_url: str) -> Path:
    """Write data and suite."""
    given = [{k: v for k, v in sample.items() if k != "reference"} for sample in samples]
    lines = "".join(json.dumps(sample) + "\n" for sample in given)
    (folder / "samples.jsonl").write_text(lines, encoding="utf-8")
    model = {"use": "openai", "base_url": base_url, "model": "scripted"}
    loop = {
        "node_type": "critique_loop",
        "draft": {"model": "author", "prompt": DRAFT},
        "critique": {"model": "critic", "prompt": CRITIQUE},
        "revise": {"model": "author", "prompt": REVISE},
        "until": {"sentinel": SENTINEL, "accepted_by": ["unit_tests"]},
        "max_rounds": 3,
        "output": "answer",
    }
    tests = {"visible": "visible_tests", "hidden": "hidden_tests"}
    document = {
        "suite": {"name": "loop"},
        "models": {name: {**model, "max_concurrency": IN_FLIGHT} for name in ("author", "critic")},
        "data_config": {"source": {"type": "disk", "file_path": "samples.jsonl", "id": "id"}},
        "graph_config": {
            "nodes": {"solve": loop},
            "edges": [{"from": "START", "to": "solve"}, {"from": "solve", "to": "END"}],
        },
        "quality": {
            "probes": "off",  # one execution more for each sample than were meant
            "validators": [{"use": "unit_tests", "from": tests, "required": True}],
        },
    }
    path = folder / "loop.yaml"
    path.write_text(json.dumps(document))  # JSON is YAML
    return path


async def bare_calls(samples: Sequence[Mapping[str, Any]], base_url: str) -> None:
    """Send as many chats as the run does, and read the answers as JSON."""
    import aiohttp  # here alone, so that the process that forks does not carry it

    slots = asyncio.Semaphore(IN_FLIGHT)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask(text: str) -> None:
            body = {"model": "scripted", "messages": [{"role": "user", "content": text}]}
            async with slots, session.post(f"{base_url}/chat/completions", json=body) as response:
                json.loads(await response.read())

        async with asyncio.TaskGroup() as group:
            for number, sample in enumerate(samples):
                for _ in range(4 if number % ONE_IN == ONE_IN - 1 else 2):
                    group.create_task(ask(f"{sample['question']} ({sample['start']})"))


def bare_forks(samples: Sequence[Mapping[str, Any]]) -> None:
    """Fork as often as the run executes, from a process that has loaded what the zygote has."""
    program = (
        f"import {', '.join(PRELOAD)}, gc, json, os, sys\n"
        "programs = json.load(sys.stdin)\n"
        "gc.freeze()\n"
        "for program in programs:\n"
        "    if os.fork() == 0:\n"
        "        exec(compile(program, 'program', 'exec'), {'__name__': '__main__'})\n"
        "        os._exit(0)\n"
        "    if os.wait()[1]:\n"
        "        sys.exit('a bare fork failed')\n"
    )
    programs = []
    for number, sample in enumerate(samples):
        tests = "\n".join((*sample["visible_tests"], *sample["hidden_tests"]))
        runs = 3 if number % ONE_IN == ONE_IN - 1 else 2
        programs += [f"{sample['reference']}\n{tests}\n"] * runs
    python = str(getattr(sys, "_base_executable", "") or sys.executable)
    subprocess.run([python, "-I", "-c", program], input=json.dumps(programs).encode(), check=True)


def measured(command: Sequence[str]) -> tuple[Cost, str]:
    """Run a command to its end: its tree's CPU time, its most memory, its standard output."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=out, stderr=errors, cwd=ROOT)
        watch = Watch(process.pid)
        _, state, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(state)
        wall_s = time.perf_counter() - began
        watch.end()
        out.seek(0)
        told = out.read().decode()
        if process.returncode:
            errors.seek(0)
            last = errors.read().decode()[-2000:]
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {last}")
    return Cost(cpu_s=used.ru_utime + used.ru_stime, wall_s=wall_s, peak_mb=watch.peak_mb), told


class Watch:
    """Looks at the memory of a process and of all below it, until it is told to end."""

    def __init__(self, pid: int) -> None:
        self.peak_mb = 0.0
        self._pid = pid
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop looking."""
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._is_over.wait(WATCHED_EVERY_S):
            self.peak_mb = max(self.peak_mb, sum(map(pss_mb, tree_of(self._pid))))


def tree_of(pid: int) -> Iterator[int]:
    """Yield a process and all below it, as they are now."""
    yield pid
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from tree_of(int(child))
    except OSError:  # it ended meanwhile
        return


def pss_mb(pid: int) -> float:
    """Megabytes of a process, with its share of what it shares."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


@contextmanager
def server(folder: Path, questions: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, int]]:
    """Serve the answers: the base URL and the process's number."""
    table = folder / "answers.json"
    table.write_text(json.dumps(answers(questions)))
    command = [sys.executable, "-m", "sygra_eval.testing.endpoint", "--answers", str(table)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - asked for
            yield process.stdout.readline().strip(), process.pid
        finally:
            process.terminate()


def cpu_of(pid: int) -> float:
    """CPU seconds of a process that still runs."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def executions_in(journal: Path) -> int:
    """Count the verdicts of executions; each of these tests' is of one execution."""
    with closing(sqlite3.connect(journal)) as connection:
        count: int = connection.execute("SELECT count(*) FROM execution").fetchone()[0]
    return count


def isolation_in(data: Path) -> str:
    """Name the isolation that the first row was run in."""
    with data.open(encoding="utf-8") as lines:
        row = json.loads(next(lines))
    return str(row["verdicts"][0]["isolation"])


if __name__ == "__main__":
    main()
