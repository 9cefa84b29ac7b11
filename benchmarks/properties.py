"""What `properties` costs a row: in the box, in the children that draw, and here.

`python -m benchmarks.properties`; docs/verification.md has what it printed.
"""

import asyncio
import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from tabulate import tabulate

from sygra_eval.sandbox import BoxProvider
from sygra_eval.validators.properties import properties
from sygra_eval.validators.properties_config import PropertiesConfig
from sygra_eval.values import (
    Candidate,
    Execution,
    ExecutionResult,
    Sandbox,
    Stage,
    ValidatorContext,
    ValidatorSpec,
)

SORT = "def f(xs):\n    return sorted(xs)\n"
FEWER = "def f(xs):\n    return sorted(xs)[:6]\n"
LATE = "def f(xs):\n    return sorted(xs) if sum(xs) < 37 else xs\n"
SIMPLE = ["sorted", "permutation", "idempotent"]
STRATEGIES = ["lists(integers(-20, 20), max_size=8)"]
CASES: Mapping[str, tuple[str, list[object]]] = {
    "three hold, inputs drawn": (SORT, [*SIMPLE]),
    "three hold, inputs kept": (SORT, [*SIMPLE]),
    "equal to the reference": (SORT, ["equivalent_to_reference"]),
    "metamorphic": (SORT, [{"metamorphic": "f(x[::-1]) == f(x)"}]),
    "one fails, made smaller": (FEWER, ["permutation"]),
    "differs late, made smaller": (LATE, ["equivalent_to_reference"]),
}


@dataclass
class Counting:
    """A sandbox that hands on, and counts what it is asked."""

    inner: Sandbox
    cpu_ms: list[float] = field(default_factory=list)

    def describe(self) -> str:
        """Name the isolation."""
        return self.inner.describe()

    async def run(self, execution: Execution) -> ExecutionResult:
        """Run, and note the CPU time."""
        ran = await self.inner.run(execution)
        self.cpu_ms.append(ran.cpu_ms)
        return ran

    async def close(self) -> None:
        """Close."""
        await self.inner.close()


def main() -> None:
    """Measure and print."""
    rows = asyncio.run(measured())
    heads = ("", "verdict", "executions", "box", "children", "here")
    print(tabulate(rows, heads, disable_numparse=True, colalign=("left", "left", *["right"] * 4)))
    print("CPU in ms; the first row also imports")


async def measured() -> list[list[str]]:
    """Judge each program once."""
    counting = Counting(await BoxProvider().start(slots=2))
    rows = []
    try:
        for title, (code, wanted) in CASES.items():
            counting.cpu_ms.clear()
            children, here = children_ms(), time.process_time()
            verdict = await properties(
                Candidate(text=code, code=code, extraction="as it stands", entry_point="f"),
                context(wanted, counting),
            )
            spent = (children_ms() - children, (time.process_time() - here) * 1e3)
            figures = (sum(counting.cpu_ms), *spent)
            shown = [f"{figure:.0f}" for figure in figures]
            rows.append([title, verdict.status.value, str(len(counting.cpu_ms)), *shown])
    finally:
        await counting.close()
    return rows


def context(wanted: list[object], sandbox: Sandbox) -> ValidatorContext:
    """Make what the validator is asked with."""
    keys = {"properties": wanted, "strategies": STRATEGIES}
    if "equivalent_to_reference" in wanted:
        keys["reference"] = "reference"
    config = PropertiesConfig.model_validate(keys)
    return ValidatorContext(
        validator=ValidatorSpec(name="p", use="properties", is_required=True, config=config),
        columns={"reference": SORT},
        stage=Stage.FINAL,
        sandbox=sandbox,
    )


def children_ms() -> float:
    """Give the CPU time of the children that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1e3


if __name__ == "__main__":
    main()
