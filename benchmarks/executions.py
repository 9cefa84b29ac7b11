"""What one execution costs in the sandbox, beside a cold interpreter, in the same run.

A small answer with its asserts is run 1,000 times, two at once, in the strongest sandbox that this
host grants, and as often by a cold `python -I` that imports what the zygote preloads and has no
isolation at all. CPU is user and system time of this process and of all that it started: start,
proof by canaries and end of the sandbox are in it.

    python -m benchmarks.executions [--runs 1000] [--slots 2] [--isolation box]
"""

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from sygra_eval.plugins import load_plugins
from sygra_eval.sandbox import PRELOAD, start_sandbox
from sygra_eval.values import Execution, ExecutionStatus

ANSWER = """
def runs(text):
    found = []
    for sign in text:
        if found and found[-1][0] == sign:
            found[-1] = (sign, found[-1][1] + 1)
        else:
            found.append((sign, 1))
    return found

assert runs("") == []
assert runs("a") == [("a", 1)]
assert runs("aab") == [("a", 2), ("b", 1)]
print("passed")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one way took for all executions."""

    name: str
    runs: int
    cpu_s: float
    wall_s: float

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds of one execution."""
        return self.cpu_s * 1e3 / self.runs


def main() -> None:
    """Measure both ways and print the ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--isolation", help="one sandbox and no other")
    given = parser.parse_args()

    ours = asyncio.run(warm(given.runs, given.slots, given.isolation))
    cold = asyncio.run(bare(given.runs, given.slots))
    for cost in (ours, cold):
        print(
            f"{cost.cpu_ms:6.2f} ms CPU  {cost.wall_s * 1e3 / cost.runs:6.2f} ms wall an execution"
            f"  {cost.runs / cost.wall_s:5.0f} a second  {cost.name}"
        )
    print(f"{cold.cpu_s / ours.cpu_s:6.2f} times fewer CPU seconds ({given.runs} executions each)")


async def warm(runs: int, slots: int, isolation: str | None) -> Cost:
    """Run the answer in the sandbox."""
    entries = load_plugins(Path("/nonexistent")).of("sandboxes")
    providers = {name: entry.implementation for name, entry in entries.items()}
    execution = Execution(files={"answer.py": ANSWER}, entry="answer.py")
    cpu, wall = cpu_s(), time.perf_counter()
    sandbox = await start_sandbox(providers, require=None, isolation=isolation, slots=slots)

    async def one() -> None:
        ran = await sandbox.run(execution)
        if ran.status is not ExecutionStatus.OK:
            raise SystemExit(f"an execution failed: {ran.reason}")

    await side_by_side(one, runs, slots)
    await sandbox.close()
    return Cost(
        name=sandbox.describe(),
        runs=runs,
        cpu_s=cpu_s() - cpu,
        wall_s=time.perf_counter() - wall,
    )


async def bare(runs: int, slots: int) -> Cost:
    """Run the answer by a new interpreter each time."""
    python = str(getattr(sys, "_base_executable", "") or sys.executable)
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "answer.py"
        program.write_text(f"import {', '.join(PRELOAD)}\n{ANSWER}")
        cpu, wall = cpu_s(), time.perf_counter()

        async def one() -> None:
            process = await asyncio.create_subprocess_exec(
                python, "-I", str(program), stdout=asyncio.subprocess.PIPE
            )
            out, _ = await process.communicate()
            if out != b"passed\n":
                raise SystemExit("a cold execution failed")

        await side_by_side(one, runs, slots)
    return Cost(
        name="cold `python -I` with the same imports, no isolation",
        runs=runs,
        cpu_s=cpu_s() - cpu,
        wall_s=time.perf_counter() - wall,
    )


async def side_by_side(one: Callable[[], Awaitable[None]], runs: int, slots: int) -> None:
    """Do a thing so many times, `slots` at once."""
    left = iter(range(runs))

    async def work() -> None:
        for _ in left:
            await one()

    async with asyncio.TaskGroup() as group:
        for _ in range(slots):
            group.create_task(work())


def cpu_s() -> float:
    """User and system time of this process and of every one that it has waited for."""
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, both))


if __name__ == "__main__":
    main()
