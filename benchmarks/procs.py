"""What `--procs N` gains where rows cost CPU in our own process: the same run with and without it.

Every row is judged by a validator that computes for some milliseconds in plain Python, so one
process keeps one core busy. Wall time is told twice: of the whole command, and from the first row's
end to the last, which leaves out what starting workers takes (about a second of CPU each). CPU is
user and system time of the command and all its children. The bytes of both are compared.

    python -m benchmarks.procs [--rows 4000] [--ms 5] [--procs 2] [--repeats 3]

Run it on idle cores: the machine's load before each run is told, and a ratio under load says
nothing.
"""

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

PLUGIN = """
import hashlib, time
from sygra_eval import Status, Verdict, hookimpl

async def spins(candidate, ctx):
    until = time.thread_time() + {seconds}
    digest = candidate.text.encode()
    while time.thread_time() < until:
        for _ in range(200):
            digest = hashlib.sha256(digest).digest()
    return Verdict(validator="spins", status=Status.PASS, reason="computed")

@hookimpl
def sygra_register_validators(register):
    register("spins", spins)
"""
SUITE = """
suite: {name: procs}
data_config: {source: {type: disk, file_path: rows.jsonl, id: id}}
candidate: {text: "{text}"}
quality: {validators: [{use: spins}]}
sandbox: {isolation: none, i_accept_the_risk: true}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one run took."""

    processes: int
    whole_s: float
    rows_s: float
    cpu_s: float
    load: float
    sha256: str


def main() -> None:
    """Measure in turn and print the ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=4_000)
    parser.add_argument("--ms", type=float, default=5.0, help="CPU of a row's validator")
    parser.add_argument("--procs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    compare(given.rows, given.ms, given.procs, given.repeats)


def compare(rows: int, ms: float, processes: int, repeats: int) -> None:
    """Run with one process and with several, in turn, and print what each took."""
    whole, between = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, rows, ms)
        for repeat in range(repeats):
            one, many = (measured(folder, n, f"out-{repeat}-{n}", rows, ms) for n in (1, processes))
            if one.sha256 != many.sha256:
                sys.exit("the data sets differ, so nothing is told of the time")
            whole.append(one.whole_s / many.whole_s)
            between.append(one.rows_s / many.rows_s)
    for what, ratios in (("whole command", whole), ("first row to last", between)):
        median = sorted(ratios)[len(ratios) // 2]
        told = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        print(f"{processes} processes against one, {what}: median {median:.2f} of {told}")


def write(folder: Path, rows: int, ms: float) -> None:
    """Write suite, rows and plugin."""
    lines = (json.dumps({"id": f"r{n}", "text": f"row {n}"}) for n in range(rows))
    (folder / "rows.jsonl").write_text("".join(f"{line}\n" for line in lines))
    (folder / "suite.yaml").write_text(SUITE)
    (folder / "spins.py").write_text(PLUGIN.format(seconds=ms / 1e3))


def measured(folder: Path, processes: int, out: str, rows: int, ms: float) -> Cost:
    """Run the suite once."""
    command = [sys.executable, "-m", "sygra_eval", "run", "suite.yaml", "--json", "--out", out]
    command += ["-p", "spins.py", "--procs", str(processes)]
    load, before, since = os.getloadavg()[0], cpu_of_children_s(), time.perf_counter()
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    whole_s, cpu_s = time.perf_counter() - since, cpu_of_children_s() - before
    line = json.loads(ran.stdout.splitlines()[-1])
    if line["verified"] != rows:
        sys.exit(f"{line['verified']} of {rows} rows are verified")
    run = Path(line["run"])
    cost = Cost(
        processes=processes,
        whole_s=whole_s,
        rows_s=seconds_of_rows(run),
        cpu_s=cpu_s,
        load=load,
        sha256=hashlib.sha256((run / "verified.jsonl").read_bytes()).hexdigest(),
    )
    print(
        f"{processes} process{'es' if processes > 1 else '  '}  {rows} rows of {ms:g} ms  "
        f"{cost.whole_s:6.2f} s whole  {cost.rows_s:6.2f} s rows  {cost.cpu_s:6.2f} s CPU  "
        f"load before {load:.1f}",
        flush=True,
    )
    return cost


def seconds_of_rows(run: Path) -> float:
    """Return the seconds from the first row's end to the last."""
    lines = map(json.loads, (run / "run.log").read_text().splitlines())
    ended = [datetime.fromisoformat(line["at"]) for line in lines if line["event"] == "row_ended"]
    return max((ended[-1] - ended[0]).total_seconds(), 1e-3)


def cpu_of_children_s() -> float:
    """Return the CPU seconds of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
