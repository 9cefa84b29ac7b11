"""What rate limits cost: isolated 429s in a run, and three kinds of endpoints in virtual time.

First the same run twice against a server on loopback: without a 429, and with one `429` with
`Retry-After: 1` on 6 % of the prompts. Then our gateway (gates, patience, retries: all of it) with
512 callers for 180 s of virtual time on endpoints that shrink, refuse at random, or have a bucket:
the share of the best possible good answers, and the refusals provoked for each good one.

    python -m benchmarks.rate_limits [--rows 800] [--latency 0.2] [--in-flight 32] [--seeds 3]
"""

import argparse
import asyncio
import math
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any

import yaml
from tabulate import tabulate

from benchmarks.virtual_time import run_in_virtual_time
from sygra_eval.engine import RunOptions, run_suite
from sygra_eval.models import GateView, Gateway
from sygra_eval.testing import ScriptedEndpoint, completion, rate_limited
from sygra_eval.testing.replies import Reply
from sygra_eval.values import (
    CallFailed,
    ChatRequest,
    ChatResponse,
    Message,
    ModelSpec,
    RetryLater,
    Usage,
)

SHARE = 0.06
RETRY_AFTER_S = 1.0
SECONDS, CALLERS = 180.0, 512
SPREAD = 0.35  # of the logarithm of how long an answer takes, about one second
REFUSED_IN_S = 0.05
MEAN_S = math.exp(SPREAD**2 / 2)
Refuses = Callable[[float, int], bool]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=800)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds")
    parser.add_argument("--in-flight", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    print(real_table(given.rows, given.latency, given.in_flight, given.repeats))
    print()
    print(simulated_table(given.seeds))


# A run


def real_table(rows: int, latency_s: float, in_flight: int, repeats: int) -> str:
    """Run without and with refusals in turn; the wall time is that of all of the run."""
    shown, ratios = [], []
    for _ in range(repeats):
        without = real_run(rows, latency_s, in_flight, refused=())
        refused = frozenset(refused_of(rows))
        with_them = real_run(rows, latency_s, in_flight, refused=refused)
        ratios.append(with_them / without)
        shown.append((f"{without:.2f}", f"{with_them:.2f}", len(refused), f"{ratios[-1]:.2f}"))
    table = tabulate(
        shown,
        headers=("without, s", "with, s", "429s", "ratio"),
        disable_numparse=True,
        colalign=("right",) * 4,
    )
    bound_s = rows * latency_s / in_flight
    told = f"{rows} calls of {latency_s:g} s, {in_flight} in flight: {bound_s:.2f} s at the least"
    return f"{told}\n{table}\nmedian ratio {sorted(ratios)[len(ratios) // 2]:.2f}"


def refused_of(rows: int, seed: int = 0) -> list[int]:
    """Return the prompts that are refused once: 6 % of them, chosen by the seed."""
    return sorted(Random(seed).sample(range(rows), round(rows * SHARE)))  # noqa: S311


def real_run(rows: int, latency_s: float, in_flight: int, *, refused: Iterable[int]) -> float:
    """Run a suite of so many rows of one call; return its wall time."""
    left = {f"number {number}." for number in refused}

    def answer(body: Mapping[str, Any]) -> Reply:
        text = str(body["messages"][-1]["content"])
        if text not in left:
            return completion(f"answer to {text}")
        left.discard(text)
        return rate_limited(retry_after_s=RETRY_AFTER_S)

    with (
        ScriptedEndpoint.in_a_thread(latency_s=latency_s) as endpoint,
        tempfile.TemporaryDirectory() as home,
    ):
        endpoint.answers_with(answer)
        endpoint.is_keeping_requests = False
        suite = suite_of(Path(home), endpoint.base_url, rows, in_flight)
        began = time.monotonic()
        summary = asyncio.run(run_suite(suite, RunOptions(out=Path(home) / "out")))
        took_s = time.monotonic() - began
    if summary.calls != rows or left:
        raise SystemExit(f"{summary.calls} calls of {rows} were answered, {len(left)} not refused")
    return took_s


def suite_of(folder: Path, base_url: str, rows: int, in_flight: int) -> Path:
    """Write a suite of rows with one call each, and its rows."""
    lines = (f'{{"id": "n{n}", "text": "number {n}."}}\n' for n in range(rows))
    (folder / "rows.jsonl").write_text("".join(lines))
    model = {"use": "openai", "base_url": base_url, "model": "scripted"}
    solve = {"node_type": "llm", "model": "author", "prompt": "{text}", "output_keys": "answer"}
    document = {
        "suite": {"name": "rate_limits"},
        "models": {"author": {**model, "max_concurrency": in_flight}},
        "data_config": {"source": {"type": "disk", "file_path": "rows.jsonl", "id": "id"}},
        "graph_config": {
            "nodes": {"solve": solve},
            "edges": [{"from": "START", "to": "solve"}, {"from": "solve", "to": "END"}],
        },
        "quality": {"validators": [{"use": "length", "max": 99, "unit": "words"}]},
        "sandbox": {"isolation": "none", "i_accept_the_risk": True},
    }
    path = folder / "suite.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


# Virtual time


class Endpoint:
    """A model in this process that refuses by a rule and takes its time.

    :ivar good: Answers that it gave, `refusals` calls that it refused.
    """

    identity = label = endpoint = "simulated"

    def __init__(self, refuses: Refuses, took_s: Callable[[], float], most: int = 256) -> None:
        self.max_in_flight = most
        self.good = self.refusals = self.serving = 0
        self._refuses, self._took_s = refuses, took_s

    async def open(self) -> None:
        """Nothing to open."""

    async def complete(self, request: ChatRequest) -> ChatResponse:
        """Answer, or refuse with `Retry-After: 1`."""
        if self._refuses(asyncio.get_running_loop().time(), self.serving):
            await asyncio.sleep(REFUSED_IN_S)
            self.refusals += 1
            raise RetryLater("rate_limited", "too many", after_s=RETRY_AFTER_S)
        self.serving += 1
        await asyncio.sleep(self._took_s())
        self.serving -= 1
        self.good += 1
        usage = Usage(prompt_tokens=1, completion_tokens=1)
        text = request.messages[-1].content
        return ChatResponse(text=text, finish_reason="stop", usage=usage)

    async def close(self) -> None:
        """Nothing to close."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """What came of one simulation."""

    good: int
    refusals: int
    given_up: int
    took_s: float
    view: GateView


def gateway_to(endpoint: Endpoint, chance: Random, named: int | None) -> Gateway:
    """Put our whole gateway before it, on the loop's clock."""
    spec = ModelSpec(
        name="author", use="simulated", config=None, folder=Path(), max_concurrency=named
    )
    return Gateway(
        {"author": endpoint},
        specs={"author": spec},
        clock=asyncio.get_running_loop().time,
        sleep=asyncio.sleep,
        chance=chance.random,
    )


def request_of(text: str) -> ChatRequest:
    """Ask something."""
    return ChatRequest(messages=(Message("user", text),), parameters={})


async def endless(refuses: Refuses, seed: int) -> Simulated:
    """Let many callers ask without end, for the time of the simulation."""
    chance = Random(seed)  # noqa: S311 - a simulation
    endpoint = Endpoint(refuses, lambda: chance.lognormvariate(0, SPREAD))
    gateway = gateway_to(endpoint, chance, None)
    given_up = 0

    async def caller(number: int) -> None:
        nonlocal given_up
        while True:
            try:
                await gateway.complete("author", request_of("more"), record=f"r{number}")
            except CallFailed:
                given_up += 1

    callers = [asyncio.create_task(caller(number)) for number in range(CALLERS)]
    await asyncio.sleep(SECONDS)
    for task in callers:
        task.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    return Simulated(
        good=endpoint.good,
        refusals=endpoint.refusals,
        given_up=given_up,
        took_s=SECONDS,
        view=gateway.views[0],
    )


async def batch(
    prompts: int, refused: Iterable[int], *, latency_s: float, in_flight: int | None, seed: int = 0
) -> Simulated:
    """Ask so many prompts, some of which are refused once; it ends with the last answer."""
    chance = Random(seed)  # noqa: S311 - a simulation
    left = {str(number) for number in refused}

    class Prompts(Endpoint):
        async def complete(self, request: ChatRequest) -> ChatResponse:
            if (text := request.messages[-1].content) in left:
                left.discard(text)
                self._refuses = lambda now_s, serving: True
            else:
                self._refuses = lambda now_s, serving: False
            return await super().complete(request)

    endpoint = Prompts(
        lambda now_s, serving: False,
        lambda: latency_s * chance.lognormvariate(0, SPREAD) / MEAN_S,
        in_flight or 256,
    )
    gateway = gateway_to(endpoint, chance, in_flight)
    async with asyncio.TaskGroup() as group:
        for number in range(prompts):
            asked = gateway.complete("author", request_of(str(number)), record=f"r{number}")
            group.create_task(asked)
    return Simulated(
        good=endpoint.good,
        refusals=endpoint.refusals,
        given_up=0,
        took_s=asyncio.get_running_loop().time(),
        view=gateway.views[0],
    )


def shrinking(seed: int) -> Refuses:
    """Return an endpoint that bears 200 calls at once, 50 for a minute, and 200 again."""
    del seed
    return lambda now_s, serving: serving >= (50 if 60 <= now_s < 120 else 200)


def isolated(seed: int) -> Refuses:
    """Return an endpoint that refuses 6 % of the calls, whatever the load."""
    chance = Random(seed + 1)  # noqa: S311 - a simulation
    return lambda now_s, serving: chance.random() < SHARE


def bucket(seed: int) -> Refuses:
    """Return an endpoint that takes 100 requests a second."""
    del seed
    tokens, last_s = 100.0, 0.0

    def refuses(now_s: float, serving: int) -> bool:
        nonlocal tokens, last_s
        tokens, last_s = min(100.0, tokens + (now_s - last_s) * 100), now_s
        if tokens < 1:
            return True
        tokens -= 1
        return False

    return refuses


KINDS: Mapping[str, tuple[Callable[[int], Refuses], float]] = {
    "capacity 200 → 50 → 200": (shrinking, (200 * 120 + 50 * 60) / MEAN_S),
    "6 % isolated 429s": (isolated, 256 * SECONDS / MEAN_S),
    "100 requests/s bucket": (bucket, 100 * SECONDS + 100),
}
"""The rule by a seed, and the most good answers that can be had of it."""


def simulated_table(seeds: int) -> str:
    """Simulate each kind of endpoint with some seeds; means."""
    rows = []
    for name, (kind, best) in KINDS.items():
        runs = [run_in_virtual_time(endless(kind(seed), seed)) for seed in range(seeds)]
        good = mean(run.good for run in runs)
        rows.append(
            (
                name,
                f"{good / best:.2f}",
                f"{mean(run.refusals for run in runs) / good:.2f}",
                f"{mean(run.given_up for run in runs):.0f}",
                f"{mean(run.view.cuts for run in runs):.1f}",
            )
        )
    headers = ("endpoint", "share of the best", "429s per good one", "given up", "cuts")
    table = tabulate(
        rows, headers=headers, disable_numparse=True, colalign=("left",) + ("right",) * 4
    )
    return f"{SECONDS:g} s of virtual time, {CALLERS} callers, 256 in flight at most\n{table}"


if __name__ == "__main__":
    main()
