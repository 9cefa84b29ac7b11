"""How strong the tests of a question file are, and what it costs to know.

Each row's `reference` goes through `mutation` or `stable` with its visible and hidden tests, one
row at a time. CPU is user and system time of this process and of the sandbox's; what it takes to
load and start everything is measured by a run without rows, and given apart.

    python -m benchmarks.strength [FILE] [--validator mutation] [--limit N] [--below 1.0]
"""

import argparse
import asyncio
import json
import re
import resource
from collections import Counter
from pathlib import Path
from statistics import median

from sygra_eval.plugins import load_plugins
from sygra_eval.testing.validators import validator_runner
from sygra_eval.values import Verdict

ROOT = Path(__file__).parents[1]
QUESTIONS = ROOT / "suites" / "data" / "code_questions.jsonl"
TESTS = {"from": {"visible": "visible_tests", "hidden": "hidden_tests"}}
COLUMNS = ("visible_tests", "hidden_tests", "entry_point")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path, nargs="?", default=QUESTIONS)
    parser.add_argument("--validator", choices=("mutation", "stable"), default="mutation")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--below", type=float, default=1.0, help="show rows with a lower score")
    given = parser.parse_args()

    rows = [json.loads(line) for line in given.file.read_text("utf-8").splitlines()][: given.limit]
    moments = [cpu_s()]
    asyncio.run(verdicts_of([], given.validator))
    moments.append(cpu_s())
    verdicts = asyncio.run(verdicts_of(rows, given.validator))
    start_s, spent_s = moments[1] - moments[0], cpu_s() - moments[1]
    spent_ms = max(spent_s - start_s, 0.0) * 1e3

    for row, verdict in zip(rows, verdicts, strict=True):
        if verdict.score is None or verdict.score < given.below:
            print(f"{row['id']}: {verdict.status.value}, {verdict.reason}")
            print("".join(f"    {line}\n" for line in output_of(verdict).splitlines()), end="")
    a_row_ms = spent_ms / max(len(rows), 1)
    print(f"rows {len(rows)} · CPU {a_row_ms:.0f} ms a row, and {start_s:.1f} s to start")
    print("verdicts", dict(Counter(verdict.status.value for verdict in verdicts)))
    scores = sorted(verdict.score for verdict in verdicts if verdict.score is not None)
    if scores:
        weak = sum(score < 0.8 for score in scores)
        print(f"score: median {median(scores):.3f}, lowest {scores[0]:.3f}, below 0.8: {weak}")
    fates = Counter[str]()
    for verdict in verdicts:
        for number, fate in re.findall(r"(\d+) (killed|timed out|survived)", output_of(verdict)):
            fates[fate] += int(number)
    if fates:
        print(f"mutants {fates.total()}:", dict(fates))


async def verdicts_of(rows: list[dict[str, object]], name: str) -> list[Verdict]:
    """Judge each row's reference."""
    plugins = load_plugins(ROOT, is_trusted=True)
    async with validator_runner(plugins) as run:
        return [
            await run(
                name,
                f"```python\n{row['reference']}```",
                config=TESTS,
                **{column: row[column] for column in COLUMNS},
            )
            for row in rows
        ]


def output_of(verdict: Verdict) -> str:
    """Give what the evidence says."""
    return verdict.evidence.output if verdict.evidence is not None else ""


def cpu_s() -> float:
    """CPU seconds of this process and of those that it waited for."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    main()
