"""Which rows of a question file have weak tests, by the probes, and what it costs to know.

CPU is user and system time of this process and of the sandbox's, start included.

    python -m benchmarks.probes [FILE] [--limit N]
"""

import argparse
import asyncio
import json
import resource
from pathlib import Path

from sygra_eval.plugins import load_plugins
from sygra_eval.sandbox import start_sandbox
from sygra_eval.validators import Probed, UnitTestsConfig, probed
from sygra_eval.values import Stage, ValidatorContext, ValidatorSpec

ROOT = Path(__file__).parents[1]
QUESTIONS = ROOT / "suites" / "data" / "code_questions.jsonl"
TESTS = {"from": {"visible": "visible_tests", "hidden": "hidden_tests"}}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path, nargs="?", default=QUESTIONS)
    parser.add_argument("--limit", type=int)
    given = parser.parse_args()

    rows = [json.loads(line) for line in given.file.read_text("utf-8").splitlines()][: given.limit]
    began = cpu_s()
    found = asyncio.run(tried(rows))
    spent_ms = (cpu_s() - began) * 1e3

    for row, one in zip(rows, found, strict=True):
        if one != Probed():
            print(f"{row['id']}: {one.weak or one.reference or one.unusable or one.fault}")
    strong = found.count(Probed())
    print(f"rows {len(rows)} · of them without complaint {strong}")
    print(f"CPU {spent_ms / max(len(rows), 1):.1f} ms a row")


async def tried(rows: list[dict[str, object]]) -> list[Probed]:
    """Try each row's tests."""
    plugins = load_plugins(ROOT, is_trusted=True)
    providers = {name: entry.implementation for name, entry in plugins.of("sandboxes").items()}
    sandbox = await start_sandbox(providers, require=None, isolation=None, slots=2)
    config = UnitTestsConfig.model_validate(TESTS)
    spec = ValidatorSpec(name="unit_tests", use="unit_tests", is_required=True, config=config)
    try:
        found = []
        for row in rows:
            ctx = ValidatorContext(validator=spec, columns=row, stage=Stage.FINAL, sandbox=sandbox)
            name, reference = row.get("entry_point"), row.get("reference")
            found.append(
                await probed(
                    ctx,
                    (spec,),
                    entry_point=name if isinstance(name, str) else None,
                    reference=reference if isinstance(reference, str) else None,
                )
            )
    finally:
        await sandbox.close()
    return found


def cpu_s() -> float:
    """CPU seconds of this process and of those that it waited for."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    main()
