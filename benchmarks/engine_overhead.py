"""What the engine adds to a model call, as a ratio to a bare aiohttp loop in the same run.

1,000 rows of two calls each (an `llm` node that drafts, one that reviews) go to a server on
loopback with 200 ms latency, 256 in flight. The bare loop sends the same requests to the same
server and reads the answers as JSON, with no journal, no retry and no record kept. CPU is user and
system time of this process and its threads; the server is a process of its own.

    python -m benchmarks.engine_overhead [--rows 1000] [--latency 0.2] [--in-flight 256]
"""

import argparse
import asyncio
import json
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from sygra_eval.engine import RunOptions, run_suite

DRAFT = "Write one sentence about the number {number}."
REVIEW = "Review this sentence: {draft}"
CALLS_PER_ROW = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one way took for all calls."""

    name: str
    calls: int
    cpu_s: float
    wall_s: float

    @property
    def cpu_ms_per_call(self) -> float:
        """CPU milliseconds for one call."""
        return self.cpu_s * 1e3 / self.calls


def main() -> None:
    """Measure both ways in turn and print the ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds")
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()

    with served(given.latency) as base_url, tempfile.TemporaryDirectory() as folder:
        suite = suite_of(Path(folder), base_url, given.rows, given.in_flight)
        _engine(suite, Path(folder) / "warm-up", rows=50)
        pairs = []
        for repeat in range(given.repeats):
            bare = _bare(base_url, given.rows, given.in_flight)
            ours = _engine(suite, Path(folder) / f"out-{repeat}", rows=given.rows)
            pairs.append((bare, ours))
            _print(bare, ours)
    ratios = sorted(ours.cpu_s / bare.cpu_s for bare, ours in pairs)
    print(f"CPU ratio, engine to bare aiohttp: median {ratios[len(ratios) // 2]:.2f} of {ratios}")


def _print(bare: Cost, ours: Cost) -> None:
    for cost in (bare, ours):
        print(
            f"{cost.name:<7} {cost.calls} calls  {cost.cpu_ms_per_call:.3f} ms CPU a call  "
            f"{cost.wall_s:.2f} s wall  {cost.calls / CALLS_PER_ROW / cost.wall_s:.0f} rows/s"
        )
    print(f"        ratio {ours.cpu_s / bare.cpu_s:.2f}", flush=True)


def _bare(base_url: str, rows: int, in_flight: int) -> Cost:
    return _measured("bare", rows, lambda: asyncio.run(_bare_loop(base_url, rows, in_flight)))


async def _bare_loop(base_url: str, rows: int, in_flight: int) -> None:
    slots = asyncio.Semaphore(in_flight)
    url = f"{base_url}/chat/completions"

    async def ask(session: aiohttp.ClientSession, text: str) -> str:
        body = {"model": "scripted", "messages": [{"role": "user", "content": text}]}
        async with slots, session.post(url, json=body) as response:
            answer: dict[str, Any] = json.loads(await response.read())
        content: str = answer["choices"][0]["message"]["content"]
        return content

    async def walk(session: aiohttp.ClientSession, number: int) -> None:
        draft = await ask(session, DRAFT.format(number=number))
        await ask(session, REVIEW.format(draft=draft))

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for number in range(rows):
            group.create_task(walk(session, number))


def _engine(suite: Path, out: Path, *, rows: int) -> Cost:
    options = RunOptions(out=out, limit=rows)
    return _measured("engine", rows, lambda: asyncio.run(run_suite(suite, options)))


def _measured(name: str, rows: int, work: Any) -> Cost:
    cpu, wall = _cpu_s(), time.perf_counter()
    work()
    return Cost(
        name=name,
        calls=rows * CALLS_PER_ROW,
        cpu_s=_cpu_s() - cpu,
        wall_s=time.perf_counter() - wall,
    )


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def suite_of(folder: Path, base_url: str, rows: int, in_flight: int) -> Path:
    """Write a suite of rows with two calls each, and its rows."""
    data = folder / "rows.jsonl"
    data.write_text("".join(f'{{"id": "n{n}", "number": {n}}}\n' for n in range(rows)))
    model = {
        "use": "openai",
        "base_url": base_url,
        "model": "scripted",
        "max_concurrency": in_flight,
    }
    document = {
        "suite": {"name": "overhead"},
        "models": {"author": model},
        "data_config": {"source": {"type": "disk", "file_path": "rows.jsonl", "id": "id"}},
        "graph_config": {
            "nodes": {
                "draft": {
                    "node_type": "llm",
                    "model": "author",
                    "prompt": DRAFT,
                    "output_keys": "draft",
                },
                "review": {
                    "node_type": "llm",
                    "model": "author",
                    "prompt": REVIEW,
                    "output_keys": "review_text",
                },
            },
            "edges": [
                {"from": "START", "to": "draft"},
                {"from": "draft", "to": "review"},
                {"from": "review", "to": "END"},
            ],
        },
    }
    path = folder / "overhead.yaml"
    path.write_text(json.dumps(document))  # JSON is YAML
    return path


@contextmanager
def served(latency_s: float) -> Iterator[str]:
    """Serve on loopback in a process of its own; gives the base URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "sygra_eval.testing.endpoint"]
    command += ["--port", str(port), "--latency", str(latency_s)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait()


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("the loopback server did not start")


if __name__ == "__main__":
    main()
