"""What one model call costs, by several ways, beside a bare aiohttp loop in the same run.

2,000 calls to a server on loopback (a process of its own) with 200 ms latency, 256 in flight: bare
aiohttp on uvloop (the floor), ours with journal and gate (rows of two calls), and the clients of
others, where they are installed. Each way has a process of its own: CPU is user and system time of
that process and its children, memory its largest resident size, import the time until it asks.

`whole` has the start and the end of it in it: imports that come late, first connections, files.
`further` is the steady phase: what 2,000 calls take beyond what 512 take, in a process each.

    python -m benchmarks.calls [--calls 2000] [--latency 0.2] [--in-flight 256] [--repeats 3]
        [--only WAY] [--peer distilabel=/path/to/python] [--peer curator=…] [--peer data-designer=…]
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
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.peers import PEERS, TEXT

FLOOR, OURS = "aiohttp, bare", "sygra_eval, journal and gate"
WAVES = 2  # the shorter run is so many times what may be in flight
Ask = Callable[[str], Awaitable[str]]
Figures = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One way, taken for all calls and for a few of them."""

    calls: int
    whole: Figures
    few_calls: int
    few: Figures

    def per_call(self, figure: str) -> float:
        """Return what a call takes of it, start and end included."""
        return self.whole[figure] / self.calls

    def per_further_call(self, figure: str) -> float:
        """Return what one call more takes of it."""
        return (self.whole[figure] - self.few[figure]) / (self.calls - self.few_calls)


def main() -> None:
    """Measure every way that can be taken and print the table, or take one way."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=2_000)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds")
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", action="append", help="a way beside the floor; may be repeated")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--base-url", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        print(json.dumps(taken(given.way, given.base_url, given.calls, given.in_flight)))
        return
    from benchmarks.engine_overhead import served  # not in the processes of the others

    pythons = dict.fromkeys(WAYS, sys.executable)
    for peer in given.peer:
        name, _, python = peer.partition("=")
        pythons[name] = python
    wanted = {FLOOR, *(given.only or pythons)}
    pythons = {way: at for way, at in pythons.items() if way in wanted and is_there(way, at)}
    few = WAVES * given.in_flight
    if few >= given.calls:
        parser.error(f"--calls must be more than {few}")
    told: dict[str, list[Taken]] = {way: [] for way in pythons}
    with served(given.latency) as base_url:
        for _ in range(given.repeats):
            for way, python in pythons.items():
                whole, part = (
                    in_its_own_process(way, python, base_url, calls, given.in_flight)
                    for calls in (given.calls, few)
                )
                both = Taken(calls=given.calls, whole=whole, few_calls=few, few=part)
                told[way].append(both)
    print(table(told))


def is_there(way: str, python: str) -> bool:
    """Say whether the interpreter has what the way needs; say of it when it has not."""
    package = PACKAGES[way]
    program = f"import importlib.metadata as m; print(m.version({package!r}))"
    ran = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False)
    print(f"{way}: {package} {ran.stdout.strip() or 'is not installed'}", file=sys.stderr)
    return ran.returncode == 0


def in_its_own_process(way: str, python: str, base_url: str, calls: int, in_flight: int) -> Figures:
    """Take a way in a fresh interpreter."""
    command = [python, "-m", "benchmarks.calls", "--way", way, "--base-url", base_url]
    command += ["--calls", str(calls), "--in-flight", str(in_flight)]
    quiet = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION"}
    ran = subprocess.run(command, check=False, capture_output=True, text=True, env=quiet)
    if ran.returncode:
        raise SystemExit(f"{way} ended with {ran.returncode}:\n{ran.stderr[-2_000:]}")
    figures: Figures = json.loads(ran.stdout.splitlines()[-1])
    return figures


def table(told: dict[str, list[Taken]]) -> str:
    """Lay the medians out; ratios are of medians."""
    from tabulate import tabulate  # the interpreters of others need not have it

    def median_of(way: str, figure: Callable[[Taken], float]) -> float:
        return median(map(figure, told[way]))

    columns: tuple[Callable[[Taken], float], ...] = (
        lambda one: one.per_call("cpu_s") * 1e3,
        lambda one: one.per_further_call("cpu_s") * 1e3,
        lambda one: 1 / one.per_call("wall_s"),
        lambda one: 1 / one.per_further_call("wall_s"),
    )
    rows = []
    for way, runs in told.items():
        row = [way]
        for column, shown in zip(columns, ("{:.3f}", "{:.3f}", "{:.0f}", "{:.0f}"), strict=True):
            value = median_of(way, column)
            share = value / median_of(FLOOR, column)
            row += [shown.format(value), f"{share:.1f}" if shown == "{:.3f}" else f"{share:.0%}"]
        row.append(f"{median(run.whole['rss_mb'] for run in runs):.0f}")
        row.append(f"{median(run.whole['import_s'] for run in runs):.2f}")
        rows.append(row)
    headers = ["way", "ms CPU\nwhole", "of\nfloor", "ms CPU\nfurther", "of\nfloor"]
    headers += ["calls/s\nwhole", "of\nfloor", "calls/s\nfurther", "of\nfloor", "MB", "import\ns"]
    return tabulate(
        rows, headers=headers, disable_numparse=True, colalign=("left",) + ("right",) * 10
    )


def taken(way: str, base_url: str, calls: int, in_flight: int) -> Figures:
    """Take one way here."""
    began = time.perf_counter()
    work = (WAYS[way] if way in WAYS else PEERS[way][1])(base_url, calls, in_flight)
    import_s = time.perf_counter() - began
    cpu_s, wall = used_s(), time.perf_counter()
    work()
    return {
        "wall_s": time.perf_counter() - wall,
        "cpu_s": used_s() - cpu_s,
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "import_s": import_s,
    }


def used_s() -> float:
    """User and system time of this process and of those that it started and that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


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
    from sygra_eval.engine import RunOptions, run_in_loop, run_suite

    def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            suite = suite_of(Path(folder), base_url, calls // CALLS_PER_ROW, in_flight)
            summary = run_in_loop(run_suite(suite, RunOptions(out=Path(folder) / "out")))
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
PACKAGES = {
    FLOOR: "uvloop",
    OURS: "sygra_eval",
    "openai": "openai",
    "litellm": "litellm",
    **{name: package for name, (package, _) in PEERS.items()},
}

if __name__ == "__main__":
    main()
