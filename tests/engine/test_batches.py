"""Suites whose model is asked in batches: rows, loops and validators are as ever."""

import asyncio

import pytest
import yaml

from sygra_eval.engine import ExitCode, RunOptions, resume_run
from sygra_eval.journal import open_readonly
from sygra_eval.testing import audit
from sygra_eval.values import Budget
from tests.engine.conftest import FAST_PLUGIN, code_row, fast_suite

SOLVE = {"node_type": "llm", "model": "author", "prompt": "{question}", "output_keys": "answer"}
JUDGED = {"validators": [{"use": "regex", "pattern": "^answer to", "required": True}]}
PLUGINS = [str(FAST_PLUGIN)]
QUICK = {"wait": 0.3, "poll": 0.02}


@pytest.fixture
def suite(endpoint, tmp_path):
    """Write a suite whose model is asked in batches."""
    endpoint.answers_with(lambda body: f"answer to {body['messages'][-1]['content']}")

    def write(questions=5, *, kind="openai", batch=None, folder="suite", **model):
        entry = {
            **endpoint.model_entry(kind),
            "mode": "batch",
            "batch": {**QUICK, "max_requests": questions, **(batch or {})},
            **model,
        }
        return fast_suite(
            tmp_path / folder,
            [f"question {number}" for number in range(questions)],
            models={"author": {k: v for k, v in entry.items() if v is not None}},
            nodes={"solve": SOLVE},
            quality=JUDGED,
        )

    return write


def calls_of(finished):
    with open_readonly(finished.folder / "journal.db") as reader:
        return reader.calls_summary()


async def test_all_rows_are_answered_by_one_batch(endpoint, suite, run):
    finished = await run(suite(40))

    assert finished.summary.exit_code is ExitCode.PASSED
    assert [row["answer"] for row in finished.rows("verified")] == [
        f"answer to question {n}" for n in range(40)
    ]
    assert (len(endpoint.batches.submitted), endpoint.requests) == (1, [])
    assert len(endpoint.batches.lines_of(0)) == 40


@pytest.mark.parametrize("kind", ["openai", "responses", "completions", "azure", "azure_v1"])
async def test_the_rows_are_those_of_single_calls(endpoint, suite, run, kind):
    single = await run(live(suite(3, kind=kind, folder="single")))
    batched = await run(suite(3, kind=kind, folder="batched"))

    one, other = single.rows("verified"), batched.rows("verified")
    for row in (*one, *other):
        del row["provenance"]["suite_sha256"]
    assert one == other
    assert len(endpoint.batches.submitted) == 1


def live(path):
    """Take the mode out again."""
    document = yaml.safe_load(path.read_text())
    for model in document["models"].values():
        del model["mode"], model["batch"]
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


async def test_a_loop_takes_one_batch_for_each_of_its_steps(endpoint, code_suite, run):
    entry = {**endpoint.model_entry(), "mode": "batch", "batch": {"wait": 0.5, "poll": 0.02}}
    rows = [code_row("a", "draft=right"), code_row("b", "draft=wrong revise=right")]

    finished = await run(code_suite(*rows, models={"author": entry, "critic": entry}))

    assert finished.outcomes() == {"a": "verified", "b": "verified"}
    assert audit.problems(endpoint.events) == []
    assert endpoint.requests == []


async def test_half_the_price_is_half_the_price(suite, run):
    price = {"input": 1.0, "output": 4.0}

    single = await run(live(suite(4, folder="single", price=price)))
    batched = await run(suite(4, folder="batched", price=price))
    named = {**price, "batch_input": 0.1, "batch_output": 0.2}
    priced = await run(suite(4, folder="priced", price=named))

    whole = calls_of(single).cost_nano_usd
    assert (whole, calls_of(batched).cost_nano_usd) == (4 * (1_000 + 4 * 4_000), whole / 2)
    assert calls_of(priced).cost_nano_usd == 4 * (100 + 4 * 200)
    assert (calls_of(single).batched, calls_of(batched).batched) == (0, 4)
    assert calls_of(batched).batched_nano_usd == whole / 2


async def test_a_batch_has_at_most_so_many_calls_and_bytes(endpoint, suite, run):
    await run(suite(10, batch={"max_requests": 4}))

    sizes = [len(endpoint.batches.lines_of(number)) for number in range(3)]
    assert sizes == [4, 4, 2]


async def test_a_budget_waits_for_the_batch_in_flight_and_is_used_up(endpoint, suite, run, resume):
    price = {"input": 1.0, "output": 4.0}  # half of 1 and 4 times 4 millionths of a dollar a call
    parameters = {"max_tokens": 4_000}  # so that 2 calls seem to use the budget up

    stopped = await run(suite(30, price=price, parameters=parameters), budget=Budget(usd=0.0161))

    assert stopped.summary.exit_code is ExitCode.PASSED
    assert len(endpoint.batches.submitted) > 2
    assert [len(endpoint.batches.lines_of(number)) for number in range(2)] == [3, 3]


async def test_a_budget_that_is_spent_ends_the_run_with_no_batch_open(endpoint, suite, run):
    stopped = await run(suite(30), budget=Budget(calls=10))

    assert stopped.summary.exit_code is ExitCode.INCOMPLETE
    assert "10 of 10 calls are made" in stopped.summary.exit_reason
    assert (calls_of(stopped).calls, stopped.summary.not_reached) == (10, 20)
    resumed = await resume_run(stopped.folder, RunOptions(budget=Budget(calls=30), plugins=PLUGINS))
    assert resumed.exit_code is ExitCode.PASSED
    assert [len(endpoint.batches.lines_of(number)) for number in range(2)] == [10, 20]
    assert audit.problems(endpoint.events) == []


async def test_time_that_is_over_leaves_the_batch_open(endpoint, suite, run, resume, stop):
    endpoint.batches.fails_with("stays", float("inf"))
    told = []

    running = asyncio.create_task(run(suite(4), tell=told.append, stop=stop))
    while not any(event.kind == "looked" for event in endpoint.events):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    stop.give_up("budget reached: 4 seconds are over")  # as the timer of `budget: {time: 4}` does
    stopped = await running

    assert stopped.summary.exit_code is ExitCode.INCOMPLETE
    (sentence,) = [one for one in told if "stays open" in one]
    assert "the batch batch_1 with 4 calls stays open" in sentence
    endpoint.batches.fails_with("stays", 0)
    assert (await resume(stopped.folder)).summary.exit_code is ExitCode.PASSED
    assert len(endpoint.batches.submitted) == 1
