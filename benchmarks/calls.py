"""What one model call costs, by several ways, beside a bare aiohttp loop in the same run.

2,000 calls to a server on loopback (a process of its own) with 200 ms latency, 256 in flight: bare
aiohttp on uvloop (the floor), ours with journal and gate (rows of two calls), and the clients of
others, where they are installed. Each way has a process of its own: CPU is user and system time of
that process for the calls alone, memory its largest resident size, import the time until it asks.

    python -m benchmarks.calls [--calls 2000] [--latency 0.2] [--in-flight 256] [--repeats 3]
"""

import argparse
import asyncio
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any

from tabulate import tabulate

TEXT = "Write one sentence about the number {number}."
FLOOR, OURS = "aiohttp, bare", "sygra_eval, journal and gate"
Ask = Callable[[str], Awaitable[str]]


def main() -> None:
    """Measure every way that can be taken and print the table, or take one way."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=2_000)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds")
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--base-url", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        print(json.dumps(taken(given.way, given.base_url, given.calls, given.in_flight)))
        return
    from benchmarks.engine_overhead import served  # not in the processes of the others

    ways = [way for way, package in PACKAGES.items() if importlib.util.find_spec(package)]
    with served(given.latency) as base_url:
        told = {way: [] for way in ways}  # type: dict[str, list[dict[str, float]]]
        for _ in range(given.repeats):
            for way in ways:
                told[way].append(in_its_own_process(way, base_url, given.calls, given.in_flight))
    print(table(told, given.calls))


def in_its_own_process(way: str, base_url: str, calls: int, in_flight: int) -> dict[str, float]:
    """Take a way in a fresh interpreter."""
    command = [sys.executable, "-m", "benchmarks.calls", "--way", way, "--base-url", base_url]
    command += ["--calls", str(calls), "--in-flight", str(in_flight)]
    quiet = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION"}
    ran = subprocess.run(command, check=True, capture_output=True, text=True, env=quiet)
    figures: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return figures


def table(told: dict[str, list[dict[str, float]]], calls: int) -> str:
    """Lay the medians out; ratios are of medians."""
    floor = median(run["cpu_s"] for run in told[FLOOR])
    rate = median(calls / run["wall_s"] for run in told[FLOOR])
    rows = []
    for way, runs in told.items():
        cpu_s = median(run["cpu_s"] for run in runs)
        calls_a_second = median(calls / run["wall_s"] for run in runs)
        rows.append(
            (
                way,
                f"{cpu_s * 1e3 / calls:.3f}",
                f"{cpu_s / floor:.1f}",
                f"{calls_a_second:.0f}",
                f"{100 * calls_a_second / rate:.0f} %",
                f"{median(run['rss_mb'] for run in runs):.0f}",
                f"{median(run['import_s'] for run in runs):.2f}",
            )
        )
    headers = ("way", "ms CPU a call", "of floor", "calls/s", "of floor", "MB", "import s")
    return tabulate(
        rows, headers=headers, disable_numparse=True, colalign=("left",) + ("right",) * 6
    )


def taken(way: str, base_url: str, calls: int, in_flight: int) -> dict[str, float]:
    """Take one way here."""
    began = time.perf_counter()
    work = WAYS[way](base_url, calls, in_flight)
    import_s = time.perf_counter() - began
    cpu_s, wall = used_s(), time.perf_counter()
    work()
    return {
        "cpu_s": used_s() - cpu_s,
        "wall_s": time.perf_counter() - wall,
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "import_s": import_s,
    }


def used_s() -> float:
    """User and system time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def all_asked(ask: Ask, calls: int, in_flight: int) -> None:
    """Ask for every number, so many at once."""
    slots = asyncio.Semaphore(in_flight)

    async def one(number: int) -> None:
        async with slots:
            assert await ask(TEXT.format(number=number))  # noqa: S101 - an empty one is no answer

    async with asyncio.TaskGroup() as group:
        for number in range(calls):
            group.create_task(one(number))


def bare(base_url: str, calls: int, in_flight: int) -> Callable[[], None]:
    """Post with aiohttp and read the answer as JSON; nothing is kept."""
    import aiohttp
    import uvloop

    async def work() -> None:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def ask(text: str) -> str:
                body = {"model": "scripted", "messages": [{"role": "user", "content": text}]}
                async with session.post(f"{base_url}/chat/completions", json=body) as response:
                    answer: dict[str, Any] = json.loads(await response.read())
                return str(answer["choices"][0]["message"]["content"])

            await all_asked(ask, calls, in_flight)

    return lambda: uvloop.run(work())


def ours(base_url: str, calls: int, in_flight: int) -> Callable[[], None]:
    """Run a suite of rows with two calls each: journal, gate, prices, data files, report."""
    from benchmarks.engine_overhead import CALLS_PER_ROW, suite_of
    from sygra_eval.engine import RunOptions, run_suite

    def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            suite = suite_of(Path(folder), base_url, calls // CALLS_PER_ROW, in_flight)
            summary = asyncio.run(run_suite(suite, RunOptions(out=Path(folder) / "out")))
        assert summary.calls == calls  # noqa: S101

    return work


def openai_sdk(base_url: str, calls: int, in_flight: int) -> Callable[[], None]:
    """Ask with OpenAI's own client, retries off."""
    import openai

    async def work() -> None:
        client = openai.AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0, timeout=120)

        async def ask(text: str) -> str:
            response = await client.chat.completions.create(
                model="scripted", messages=[{"role": "user", "content": text}]
            )
            return str(response.choices[0].message.content)

        await all_asked(ask, calls, in_flight)
        await client.close()

    return lambda: asyncio.run(work())


def litellm_alone(base_url: str, calls: int, in_flight: int) -> Callable[[], None]:
    """Ask with litellm, retries off."""
    import litellm

    litellm.suppress_debug_info = True

    async def ask(text: str) -> str:
        response = await litellm.acompletion(
            model="openai/scripted",
            api_base=base_url,
            api_key="none",
            messages=[{"role": "user", "content": text}],
            num_retries=0,
        )
        return str(response.choices[0].message.content)

    return lambda: asyncio.run(all_asked(ask, calls, in_flight))


WAYS = {FLOOR: bare, OURS: ours, "openai": openai_sdk, "litellm": litellm_alone}
PACKAGES = {FLOOR: "uvloop", OURS: "sygra_eval", "openai": "openai", "litellm": "litellm"}

if __name__ == "__main__":
    main()
