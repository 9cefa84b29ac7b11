"""What our way through litellm costs beside litellm itself: `python -m benchmarks.litellm_path`.

Both ask the same scripted server (another process) in Anthropic's protocol, in turns, so that a
busy machine slows both; CPU is of this process alone. Printed: the median of the rounds in ms a
call, and of their ratios, each to litellm in the same round, with the middle half of them.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from sygra_eval.models import Gateway
from sygra_eval.models.litellm_model import LitellmModel
from sygra_eval.values import ChatRequest, Message, ModelSpec

CALLS, IN_FLIGHT, ROUNDS = 100, 32, 11
NAME = "anthropic/claude-scripted"
TEXT = "why? " * 40


async def cpu_ms(ask: Callable[[], Awaitable[object]]) -> float:
    """Return the CPU of one call, measured over many at once."""
    free = asyncio.Semaphore(IN_FLIGHT)

    async def one() -> None:
        async with free:
            await ask()

    before_s = time.process_time()
    await asyncio.gather(*(one() for _ in range(CALLS)))
    return (time.process_time() - before_s) / CALLS * 1_000


async def measure(address: str) -> None:
    """Measure in turns and print the medians."""
    spec = ModelSpec(
        name="author",
        use="litellm",
        config={"model": NAME, "base_url": address, "api_key_env": "BENCHMARK_KEY"},
        folder=Path(),
        max_concurrency=IN_FLIGHT,
    )
    model = LitellmModel(spec)
    gateway = Gateway({"author": model}, specs={"author": spec})
    await gateway.open()
    request = ChatRequest(messages=(Message("user", TEXT),), parameters={"max_tokens": 50})
    import litellm

    async def bare() -> object:
        answer: object = await litellm.acompletion(
            model=NAME,
            api_base=address,
            api_key="none",
            messages=[{"role": "user", "content": TEXT}],
            max_tokens=50,
            timeout=120,
            num_retries=0,
            max_retries=0,
        )
        return answer

    ways: dict[str, Callable[[], Awaitable[object]]] = {
        "litellm alone": bare,
        "our model type": lambda: model.complete(request),
        "and the gate": lambda: gateway.complete("author", request),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS + 1):
        for name, ask in ways.items():
            taken[name].append(await cpu_ms(ask))
    await gateway.close()
    floor = taken["litellm alone"]
    for name, values in taken.items():
        ratios = [value / alone for value, alone in zip(values[1:], floor[1:], strict=True)]
        low, ratio, high = statistics.quantiles(ratios, n=4)
        median = statistics.median(values[1:])
        print(f"{name:16} {median:6.2f} ms CPU a call  {ratio:5.2f} x ({low:.2f} to {high:.2f})")


def main() -> None:
    """Start the server and measure."""
    os.environ["BENCHMARK_KEY"] = "none-at-all"
    command = [sys.executable, "-m", "sygra_eval.testing.endpoint", "--latency", "0.02"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        address = (server.stdout or sys.stdin).readline().strip().removesuffix("/v1")
        try:
            asyncio.run(measure(address))
        finally:
            server.kill()


if __name__ == "__main__":
    main()
