"""How often the verifier errs on programs of which it is known whether they are right.

Reads data that is not ours, and so not in the repository; where it is missing this is skipped. A
part of the programs runs by default, all of them with `SYGRA_EVAL_FULL=1`.
"""

import asyncio
import json
import os
from collections import Counter
from pathlib import Path

import pytest
from tabulate import tabulate

from sygra_eval.quality import wilson
from sygra_eval.sandbox import ReducedProvider, scaled_limits
from sygra_eval.validators import (
    DifferentialConfig,
    UnitTestsConfig,
    differential,
    unit_tests,
)
from sygra_eval.values import Candidate, Limits, Stage, Status, ValidatorContext, ValidatorSpec

FOLDER = Path(os.environ.get("SYGRA_EVAL_DATA", "/work/shared/data"))
IS_FULL = os.environ.get("SYGRA_EVAL_FULL") == "1"
SAMPLE = 60
SLOTS = 2
STACKS = {
    "unit_tests": ("unit_tests",),
    "unit_tests + differential (inputs given)": ("unit_tests", "given"),
    "unit_tests + differential (inputs made)": ("unit_tests", "made"),
}
if IS_FULL:
    STACKS["unit_tests + differential (given and made)"] = ("unit_tests", "both")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.full,
    pytest.mark.skipif(
        not (FOLDER / "known_solutions.jsonl").is_file(), reason=f"no known solutions in {FOLDER}"
    ),
]


def rows(name: str) -> list[dict]:
    return [json.loads(line) for line in (FOLDER / name).read_text("utf-8").splitlines()]


def programs() -> list[dict]:
    everything = rows("known_solutions.jsonl")
    return everything if IS_FULL else everything[:: len(everything) // SAMPLE + 1]


@pytest.fixture(scope="module")
def judged() -> list[tuple[dict, dict]]:
    """Every program with what each validator says of it."""
    problems = {row["id"]: row for row in rows("humaneval.jsonl")}
    inputs = {row["id"]: row for row in rows("humaneval_inputs.jsonl")}

    async def all_of_them() -> list[tuple[dict, dict]]:
        sandbox = await ReducedProvider().start(slots=SLOTS)
        gate = asyncio.Semaphore(SLOTS)

        async def one(program: dict) -> tuple[dict, dict]:
            async with gate:
                problem, given = problems[program["problem"]], inputs[program["problem"]]
                return program, await verdicts_of(sandbox, program, problem, given)

        try:
            return await asyncio.gather(*(one(program) for program in programs()))
        finally:
            await sandbox.close()

    return asyncio.run(all_of_them())


async def verdicts_of(sandbox, program: dict, problem: dict, given: dict) -> dict:
    columns = {
        "tests": problem["tests"],
        "reference": given["reference"],
        "inputs": given["inputs"],
        "contract": given["contract"],
    }
    shared = {"reference": "reference", "contract": "contract", "tolerance": given["atol"]}
    asked = {
        "unit_tests": (unit_tests, UnitTestsConfig.model_validate({"from": "tests"})),
        "given": (
            differential,
            DifferentialConfig.model_validate({**shared, "inputs": "inputs", "min_inputs": 1}),
        ),
        "made": (
            differential,
            DifferentialConfig.model_validate({**shared, "from": "tests", "min_inputs": 1}),
        ),
        "both": (
            differential,
            DifferentialConfig.model_validate(
                {**shared, "inputs": "inputs", "mutate": True, "min_inputs": 1}
            ),
        ),
    }
    candidate = Candidate(
        text=program["code"],
        code=program["code"],
        extraction="",
        entry_point=program["entry_point"],
    )
    said = {}
    for name, (validator, config) in asked.items():
        if not any(name in validators for validators in STACKS.values()):
            continue
        context = ValidatorContext(
            validator=ValidatorSpec(name=name, use=name, is_required=True, config=config),
            columns=columns,
            stage=Stage.FINAL,
            sandbox=sandbox,
            limits=scaled_limits(Limits()),
        )
        said[name] = await validator(candidate, context)
    return said


def counts(judged, validators: tuple[str, ...]) -> tuple[Counter, list[str]]:
    count, wrongly = Counter(), []
    for program, said in judged:
        statuses = {said[name].status for name in validators}
        is_accepted = statuses <= {Status.PASS, Status.SKIP}
        count[program["label"]] += 1
        if Status.ERROR in statuses:
            count["error"] += 1
        elif is_accepted != (program["label"] == "right"):
            count["false accept" if is_accepted else "false reject"] += 1
            wrongly.append(program["id"])
    return count, wrongly


def test_the_verifiers_errors_are_printed_and_no_right_program_is_rejected(judged, capsys):
    lines = []
    for stack, validators in STACKS.items():
        count, _ = counts(judged, validators)
        cells = [stack]
        for kind, label in (("false accept", "wrong"), ("false reject", "right")):
            rate = wilson(count[kind], count[label])
            assert rate is not None, f"no {label} program in the sample"
            cells.append(f"{count[kind]} / {count[label]}")
            cells.append(f"{100 * rate.low:.1f} – {100 * rate.high:.1f}")
        lines.append([*cells, count["error"]])
    heads = ("validators", "false acc.", "95 %", "false rej.", "95 %", "errors")
    with capsys.disabled():
        print("\n" + tabulate(lines, heads, disable_numparse=True))  # noqa: T201 - the table
        for stack, validators in STACKS.items():
            print(stack, "errs on", " ".join(counts(judged, validators)[1]) or "–")  # noqa: T201

    assert {stack: counts(judged, v)[0]["false reject"] for stack, v in STACKS.items()} == (
        dict.fromkeys(STACKS, 0)
    )
    assert {stack: counts(judged, v)[0]["error"] for stack, v in STACKS.items()} == (
        dict.fromkeys(STACKS, 0)
    )


def test_differential_finds_what_the_tests_do_not(judged):
    given = STACKS["unit_tests + differential (inputs given)"]

    assert counts(judged, given)[0]["false accept"] < max(1, 0.01 * len(judged))
