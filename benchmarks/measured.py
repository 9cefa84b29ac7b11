"""Measures how often the validators that we ship err, for the estimate in every report.

Judges each line of the truth file once by every validator, as `sygra-eval verify --truth` does, and
counts each stack; writes `sygra_eval/report/measured.json`. A validator that is not there yet is
left out. Takes some minutes.

    python -m benchmarks.measured [--truth FILE] [--out FILE]
"""

import argparse
import asyncio
import hashlib
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import sygra_eval
from sygra_eval.engine import ErrorRates, measure_truth
from sygra_eval.plugins import load_plugins
from sygra_eval.report import truth_text

ROOT = Path(__file__).parents[1]
TRUTH = ROOT / "suites" / "data" / "verifier_truth.jsonl"
OUT = ROOT / "sygra_eval" / "report" / "measured.json"
VALIDATORS = (
    "python_compiles",
    "unit_tests",
    "stable",
    "mutation",
    "differential",
    "properties",
)
BESIDE_TESTS = ("python_compiles", "stable", "mutation", "differential", "properties")


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--truth", type=Path, default=TRUTH)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()

    known = load_plugins(ROOT, environ={"SYGRA_EVAL_DISABLE_PLUGIN_AUTOLOAD": "1"}).of("validators")
    names = [name for name in VALIDATORS if name in known]
    report = asyncio.run(measure_truth(given.truth, validators=names, stacks=stacks_of(names)))
    if report.exit_code:
        sys.exit("too many lines could not be judged; nothing is written")
    truth = given.truth.resolve()
    document = {
        "format": "sygra-eval-measured/1",
        "command": "python -m benchmarks.measured",
        "date": datetime.now(UTC).date().isoformat(),
        "version": sygra_eval.__version__,
        "truth": str(truth.relative_to(ROOT)) if truth.is_relative_to(ROOT) else truth.name,
        "truth_sha256": hashlib.sha256(truth.read_bytes()).hexdigest(),
        "stacks": [
            {"validators": list(stack), **figures_of(rates)}
            for stack, rates in report.stacks.items()
        ],
    }
    given.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(truth_text(report))
    print(f"{len(report.stacks)} stacks in {given.out}")


def stacks_of(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return each validator alone, and `unit_tests` with every choice of the others."""
    others = [name for name in BESIDE_TESTS if name in names]
    together = [
        tuple(name for name in names if name == "unit_tests" or name in chosen)
        for count in range(1, len(others) + 1)
        for chosen in combinations(others, count)
    ]
    return [*((name,) for name in names), *together]


def figures_of(rates: ErrorRates) -> dict[str, int]:
    """Return what a report needs of them."""
    return {
        "right": rates.right,
        "wrong": rates.wrong,
        "decided_right": rates.decided_right,
        "decided_wrong": rates.decided_wrong,
        "false_accepts": len(rates.false_accepts),
        "false_rejects": len(rates.false_rejects),
        "errors": len(rates.errors),
    }


if __name__ == "__main__":
    main()
