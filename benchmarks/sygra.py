"""The same task of two calls in SyGra and here, side by side, against one server with latency.

One suite, exported for SyGra; 1,000 records of two calls, 200 ms each, 64 in flight. CPU is user
and system time of the process and its children, memory its largest resident size. `steady` is what
the records beyond the first fifth take, so without start, imports and files. The bound is what the
latency alone takes: calls x latency / in flight. SyGra's Python is named by SYGRA_PYTHON, else
looked for in `.venv-sygra` (`make sygra`); where it is not, ours is shown alone. Beside them stand
the exported task as our own reader runs it, and a loop of aiohttp that does nothing but ask: below
that no client on aiohttp can come.

    python -m benchmarks.sygra [--records 1000] [--latency 0.2] [--in-flight 64]
"""

import argparse
import asyncio
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from tabulate import tabulate

from sygra_eval.sygra.exporting import Exported, export_suite

ROOT = Path(__file__).parents[1]
PYTHON = Path(os.environ.get("SYGRA_PYTHON") or ROOT / ".venv-sygra/bin/python")
IN_SYGRA = ROOT / "tests" / "sygra" / "in_sygra.py"
CALLS = 2
BARE = """
import asyncio, sys

import aiohttp


async def main(url, calls, in_flight):
    slots = asyncio.Semaphore(in_flight)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=in_flight)) as session:

        async def ask(number):
            messages = [{"role": "user", "content": f"question {number}"}]
            body = {"model": "scripted", "messages": messages}
            async with slots, session.post(f"{url}/chat/completions", json=body) as reply:
                await reply.json()

        await asyncio.gather(*(ask(number) for number in range(calls)))


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a process took."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One system: all records, a fifth of them, and the import alone."""

    name: str
    whole: Taken
    few: Taken
    few_records: int
    imported: Taken


def main() -> None:
    """Measure what is there, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, default=1_000)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds")
    parser.add_argument("--in-flight", type=int, default=64)
    given = parser.parse_args()
    few = given.records // 5
    with tempfile.TemporaryDirectory() as name, _server(given.latency) as url:
        folder = Path(name)
        suites = {
            records: _suite(folder, url, records, given.in_flight)
            for records in (few, given.records)
        }
        sides = [
            _bare(url, few, given.records, given.in_flight),
            _ours(folder, suites, few, given.records),
            _as_task(folder, suites, few, given.records, given.in_flight),
        ]
        if PYTHON.is_file():
            sides.append(_theirs(folder, suites, few, given.records, given.in_flight))
    print(_table(sides, given.records, given.latency, given.in_flight))
    if not PYTHON.is_file():
        print(f"\nno SyGra at {PYTHON}: `make sygra` installs it, SYGRA_PYTHON names another")
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"\nload at the end: {load} on {os.cpu_count()} cores")


@contextmanager
def _server(latency: float) -> Iterator[str]:
    command = [sys.executable, "-m", "sygra_eval.testing.endpoint", "--latency", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None  # noqa: S101
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def _suite(folder: Path, url: str, records: int, in_flight: int) -> tuple[Path, Exported]:
    own = folder / str(records)
    own.mkdir()
    lines = (json.dumps({"id": f"r{i}", "question": f"question {i}"}) for i in range(records))
    (own / "rows.jsonl").write_text("".join(f"{line}\n" for line in lines))
    model = {"use": "openai", "base_url": url, "model": "scripted", "max_concurrency": in_flight}
    nodes = {
        "draft": {"node_type": "llm", "model": "m", "prompt": "{question}", "output_keys": "one"},
        "mend": {"node_type": "llm", "model": "m", "prompt": "mend {one}", "output_keys": "two"},
    }
    steps = ("START", "draft", "mend", "END")
    edges = [{"from": a, "to": b} for a, b in itertools.pairwise(steps)]
    suite = {
        "suite": {"name": "two_calls"},
        "models": {"m": model},
        "data_config": {"source": {"type": "disk", "file_path": "rows.jsonl", "id": "id"}},
        "graph_config": {"nodes": nodes, "edges": edges},
        "quality": {"candidate": "two"},
    }
    path = own / "suite.yaml"
    path.write_text(yaml.safe_dump(suite, sort_keys=False))
    return path, asyncio.run(export_suite(path, own))


def _ours(
    folder: Path, suites: Mapping[int, tuple[Path, Exported]], few: int, records: int
) -> Side:
    def run(count: int) -> Taken:
        out = folder / "ours" / str(count)
        path = suites[count][0]
        command = [sys.executable, "-m", "sygra_eval", "run", str(path), "--out", str(out)]
        taken = _taken(command, {})
        (file,) = out.glob("*/*/unjudged.jsonl")
        return Taken(**taken, rows=sum(1 for _ in file.open()))

    code = "import sygra_eval.cli.run, sygra_eval.engine, sygra_eval.models.openai"
    imported = _taken([sys.executable, "-c", code], {})
    return Side(
        name="sygra_eval",
        whole=run(records),
        few=run(few),
        few_records=few,
        imported=Taken(**imported, rows=0),
    )


def _bare(url: str, few: int, records: int, in_flight: int) -> Side:
    def run(count: int) -> Taken:
        command = [sys.executable, "-c", BARE, url, str(count * CALLS), str(in_flight)]
        return Taken(**_taken(command, {}), rows=count)

    imported = _taken([sys.executable, "-c", "import aiohttp"], {})
    whole, small = run(records), run(few)
    return Side(
        name="aiohttp alone",
        whole=whole,
        few=small,
        few_records=few,
        imported=Taken(**imported, rows=0),
    )


def _as_task(
    folder: Path,
    suites: Mapping[int, tuple[Path, Exported]],
    few: int,
    records: int,
    in_flight: int,
) -> Side:
    def run(count: int) -> Taken:
        made = suites[count][1]
        out = folder / "task" / str(count)
        command = [sys.executable, "-m", "sygra_eval", "sygra", "run", "--task", str(made.folder)]
        command += ["-n", "0", "-b", str(in_flight), "-owt", "False", "-od", str(out), "--trust"]
        config = {"SYGRA_EVAL_CONFIG_DIR": str(folder / "config")}
        taken = _taken([*command, "--out", str(out / "reports")], {**made.variables, **config})
        return Taken(**taken, rows=len(json.loads((out / "output.json").read_text())))

    imported = _taken([sys.executable, "-c", "import sygra_eval.cli.sygra, langchain_core"], {})
    whole, small = run(records), run(few)
    return Side(
        name="its task here",
        whole=whole,
        few=small,
        few_records=few,
        imported=Taken(**imported, rows=0),
    )


def _theirs(
    folder: Path,
    suites: Mapping[int, tuple[Path, Exported]],
    few: int,
    records: int,
    in_flight: int,
) -> Side:
    imports: list[Taken] = []

    def run(count: int) -> Taken:
        made = suites[count][1]
        out = folder / "theirs" / str(count)
        out.mkdir(parents=True)
        command = [str(PYTHON), str(IN_SYGRA), str(made.root), made.name, "0", str(out)]
        taken = _taken([*command, str(in_flight)], made.variables)
        told = json.loads((out / "took.json").read_text())["import"]
        imports.append(
            Taken(wall_s=told["s"], cpu_s=told["cpu_s"], peak_mb=told["peak_mb"], rows=0)
        )
        return Taken(**taken, rows=len(json.loads((out / "output.json").read_text())))

    whole, small = run(records), run(few)
    return Side(
        name="SyGra 2.0.0.post1", whole=whole, few=small, few_records=few, imported=imports[-1]
    )


def _taken(command: Sequence[str], environ: Mapping[str, str]) -> dict[str, float]:
    """Run a process of its own; a helper between us makes its figures its own."""
    helper = (
        "import json, resource, subprocess, sys, time\n"
        "began = time.perf_counter()\n"
        "code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL,"
        " stderr=subprocess.DEVNULL).returncode\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps([code, time.perf_counter() - began,"
        " used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", helper, *command],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    code, wall_s, cpu_s, peak_mb = json.loads(told.stdout)
    if code:
        sys.exit(f"{' '.join(command[:4])} … ended with {code}")
    return {"wall_s": wall_s, "cpu_s": cpu_s, "peak_mb": peak_mb}


def _table(sides: Sequence[Side], records: int, latency: float, in_flight: int) -> str:
    bound = records * CALLS * latency / in_flight
    rows: list[list[object]] = []
    for side in sides:
        more = records - side.few_records
        steady_s = side.whole.wall_s - side.few.wall_s
        steady_cpu = side.whole.cpu_s - side.few.cpu_s
        rows.append(
            [
                side.name,
                side.whole.rows,
                f"{1000 * side.whole.cpu_s / records / CALLS:.2f}",
                f"{1000 * steady_cpu / more / CALLS:.2f}",
                f"{side.whole.wall_s:.1f}",
                f"{more / steady_s:.0f}",
                f"{steady_s / (more * CALLS * latency / in_flight):.2f}",
                f"{side.whole.peak_mb:.0f}",
                f"{side.imported.wall_s:.1f}",
                f"{side.imported.peak_mb:.0f}",
            ]
        )
    heads = (
        *("", "rows", "ms CPU/call", "steady", "s", "records/s", "x bound"),
        *("peak MB", "import s", "MB"),
    )
    said = f"{records} records, {latency * 1000:.0f} ms, {in_flight} in flight; bound {bound:.1f} s"
    return f"{said}\n\n{tabulate(rows, headers=heads, disable_numparse=True)}"


if __name__ == "__main__":
    main()
