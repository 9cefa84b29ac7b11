"""Rows settled in child processes: the same bytes, each call once, budgets and targets as exact."""

import asyncio
import json
from pathlib import Path

import pytest

from sygra_eval.engine import EstimateFirst, ExitCode, RunOptions, resume_run
from sygra_eval.journal import PARTS, open_readonly
from sygra_eval.testing import status
from sygra_eval.values import Budget, Outcome, UsageError
from tests.engine.conftest import FAST_PLUGIN, code_row
from tests.engine.conftest import fast_suite as write_fast_suite

DATA = ("verified.jsonl", "verified.parquet", "rejected.jsonl")
STEPS = ("draft=right", "draft=wrong revise=right", "draft=wrong revise=wrong")
KINDS = [f"{steps} number={n}" for n in range(8) for steps in STEPS]
ROWS = tuple(code_row(f"r{n}", kind) for n, kind in enumerate(KINDS))
TASKS = str(Path(__file__).with_name("task_executor.py"))
PLUGINS = [str(FAST_PLUGIN), TASKS]
IN_TASKS = {"processes": 2, "executor": "tasks", "plugins": PLUGINS}
IN_FLIGHT = 3  # of the suite's models, which share an endpoint

KILLER = """
import os, signal
from pathlib import Path
from sygra_eval import Status, Verdict, hookimpl

async def deadly(candidate, ctx):
    if "poison" in candidate.text:
        os.kill(os.getpid(), signal.SIGKILL)
    return Verdict(validator="deadly", status=Status.PASS, reason="alive")

@hookimpl
def sygra_register_validators(register):
    register("deadly", deadly)
"""
WATCHER = """
import json
from pathlib import Path
from sygra_eval import hookimpl

SEEN = Path(__file__).with_suffix(".seen")

@hookimpl
def sygra_record_finished(record):
    with SEEN.open("a") as file:
        file.write(json.dumps([record.row_id, dict(record.data).get("answer")]) + "\\n")
"""
PAIRS = """
from sygra_eval import Row, hookimpl

class Pairs:
    def __init__(self, spec): ...

    def fingerprint(self):
        return "pairs"

    async def rows(self):
        for index in range(3):
            pair = (1, 2) if index == 1 else [1, 2]
            columns = {"question": f"q{index}", "pair": pair}
            yield Row(id=str(index), index=index, columns=columns, origin=f"pairs:{index}")

@hookimpl
def sygra_register_sources(register):
    register("pairs", Pairs)
"""
COUNTING = """
from pathlib import Path
from sygra_eval import Row, hookimpl

class Counted:
    def __init__(self, spec): ...

    def fingerprint(self):
        return "counted"

    async def rows(self):
        with Path(__file__).with_suffix(".read").open("a") as file:
            file.write("read ")
        for index in range(3):
            yield Row(id=str(index), index=index, columns={"question": "q"}, origin=f"c:{index}")

@hookimpl
def sygra_register_sources(register):
    register("counted", Counted)
"""
CHANGING = """
from pathlib import Path
from sygra_eval import hookimpl

@hookimpl
def sygra_run_started(run):
    with Path(__file__).open("a") as file:
        file.write("# another version\\n")
"""


@pytest.fixture
def plugin(tmp_path):
    def write(source: str, name: str = "mine.py") -> Path:
        path = tmp_path / name
        path.write_text(source)
        return path

    return write


@pytest.fixture
def fast_suite(tmp_path):
    """Write a suite without a server, whose rows say what befalls them."""

    def write(*questions: str, **sections):
        return write_fast_suite(tmp_path / "fast", questions, **sections)

    return write


def honest(body) -> str:
    text = body["messages"][-1]["content"]
    return f"REASON: as it says.\nVERDICT: {'pass' if 'because' in text else 'fail'}"


def bodies(endpoint) -> list[str]:
    return sorted(json.dumps(body, sort_keys=True) for body in endpoint.requests)


async def test_two_processes_write_the_bytes_of_one_and_ask_nothing_twice(
    code_suite, run, endpoint
):
    suite = code_suite(*ROWS)
    one = await run(suite, name="one")
    asked = bodies(endpoint)
    endpoint.requests.clear()
    endpoint.latency_s = 0.1  # so that both would fill what they are let

    two = await run(suite, name="two", processes=2)

    assert two.bytes_of(*DATA) == one.bytes_of(*DATA)
    assert bodies(endpoint) == asked
    assert two.summary.counts == one.summary.counts
    assert (two.summary.calls, two.summary.not_reached) == (len(asked), 0)
    assert two.summary.prompt_tokens == one.summary.prompt_tokens
    assert endpoint.most_in_flight <= IN_FLIGHT
    assert not (two.folder / PARTS).exists()


async def test_a_budget_holds_over_both_and_one_process_goes_on(code_suite, run, endpoint):
    model = {"use": "openai", "base_url": endpoint.base_url, "model": "scripted"}
    spec = {**model, "price": {"input": 1_000.0, "output": 1_000.0}, "max_concurrency": 4}
    suite = code_suite(*ROWS, models={"author": spec, "critic": spec})
    whole = await run(suite, name="whole")
    endpoint.requests.clear()

    stopped = await run(suite, name="stopped", budget=Budget(calls=10), **IN_TASKS)
    asked = len(endpoint.requests)
    resumed = await resume_run(
        stopped.folder, RunOptions(plugins=PLUGINS, budget=Budget(calls=1_000))
    )

    assert (asked, stopped.summary.calls) == (10, 10)
    assert stopped.summary.exit_code is ExitCode.INCOMPLETE
    assert "10 of 10 calls are made" in stopped.summary.exit_reason
    assert resumed.exit_code is ExitCode.PASSED
    assert len(endpoint.requests) == whole.summary.calls == resumed.calls
    assert [(resumed.folder / name).read_bytes() for name in DATA] == whole.bytes_of(*DATA)


async def test_the_row_that_kills_its_worker_is_found_and_fails_alone(fast_suite, run, plugin):
    questions = [f"fine {n}" for n in range(12)]
    questions[5] = "poison"
    suite = fast_suite(*questions, quality={"validators": [{"use": "deadly"}]})

    killed = await run(suite, processes=2, plugins=[*PLUGINS, str(plugin(KILLER))])

    ends = {end.row_id: end for end in killed.ends()}
    assert ends["r5"].outcome is Outcome.FAILED
    assert ends["r5"].reason.startswith("worker_crash")
    others = {end.outcome for row_id, end in ends.items() if row_id != "r5"}
    assert (len(ends), others) == (12, {Outcome.VERIFIED})
    with open_readonly(killed.folder / "journal.db") as reader:
        assert [event.kind for event in reader.events()].count("worker_died") == 4


async def test_a_plugin_that_changed_meanwhile_is_refused(fast_suite, run, plugin):
    suite = fast_suite("a", "b", "c")

    with pytest.raises(UsageError, match="other code than the run began with, in `mine`"):
        await run(suite, **{**IN_TASKS, "plugins": [*PLUGINS, str(plugin(CHANGING))]})


async def test_observers_see_every_record_whole_in_the_run_s_own_process(fast_suite, run, plugin):
    watcher = plugin(WATCHER)

    await run(fast_suite("a", "b", "c"), **{**IN_TASKS, "plugins": [*PLUGINS, str(watcher)]})

    lines = watcher.with_suffix(".seen").read_text().splitlines()
    assert sorted(map(json.loads, lines)) == [["r0", "a"], ["r1", "b"], ["r2", "c"]]


async def test_a_row_that_cannot_be_sent_is_left_to_one_process(tmp_path, run, resume, plugin):
    source = plugin(PAIRS)
    suite = write_fast_suite(tmp_path / "suite", [], data_config={"source": {"type": "pairs"}})
    plugins = [*PLUGINS, str(source)]
    one = await run(suite, name="one", plugins=plugins)

    two = await run(suite, name="two", **{**IN_TASKS, "plugins": plugins})
    ends = {end.row_id: end for end in two.ends()}
    resumed = await resume(two.folder, plugins=[TASKS, str(source)])

    assert ends["1"].reason.startswith("not_sent: pairs:1: column `pair`")
    assert [ends[row].outcome for row in "02"] == [Outcome.VERIFIED] * 2
    assert resumed.bytes_of(*DATA[:2]) == one.bytes_of(*DATA[:2])


async def test_workers_never_read_the_source(tmp_path, run, plugin):
    source = plugin(COUNTING)
    suite = write_fast_suite(tmp_path / "suite", [], data_config={"source": {"type": "counted"}})

    await run(suite, name="one", plugins=[*PLUGINS, str(source)])
    by_one = source.with_suffix(".read").read_text()
    source.with_suffix(".read").write_text("")
    await run(suite, name="two", **{**IN_TASKS, "plugins": [*PLUGINS, str(source)]})

    assert source.with_suffix(".read").read_text() == by_one != ""


async def test_what_a_judge_prepares_is_asked_once_for_all_workers(judging, run, endpoint):
    endpoint.answers_with(honest)
    suite = judging(*(f"because {n}" for n in range(6)))
    one = await run(suite, name="one")
    asked = bodies(endpoint)
    endpoint.requests.clear()

    two = await run(suite, name="two", **IN_TASKS)

    assert bodies(endpoint) == asked
    assert two.bytes_of(*DATA[:1]) == one.bytes_of(*DATA[:1])
    assert two.summary.warnings == one.summary.warnings


async def test_the_target_is_met_by_the_same_rows_and_an_estimate_comes_first(fast_suite, run):
    suite = fast_suite(*(f"{'says-fail' if n % 3 == 0 else 'fine'} {n}" for n in range(30)))
    asked = []

    async def goes_on():
        return True

    first = EstimateFirst(rows=5, show=asked.append, goes_on=goes_on)
    one = await run(suite, name="one", target_verified=9)

    two = await run(suite, name="two", target_verified=9, first=first, **IN_TASKS)

    assert len(asked) == 1
    assert two.bytes_of(*DATA[:2]) == one.bytes_of(*DATA[:2])
    assert two.summary.target == one.summary.target


async def test_a_drain_reaches_the_workers_and_a_resume_in_two_processes_ends_the_run(
    code_suite, run, resume, endpoint, stop
):
    suite = code_suite(*ROWS)
    whole = await run(suite, name="whole")
    endpoint.requests.clear()

    def draining(progress):
        if progress.rows_done == 6:
            stop.drain("SIGINT")

    stopped = await run(suite, name="stopped", stop=stop, show=draining, **IN_TASKS)
    options = RunOptions(plugins=PLUGINS, processes=2, executor="tasks")
    resumed = await resume_run(stopped.folder, options)

    assert stopped.summary.exit_code is ExitCode.INTERRUPTED
    assert 0 < stopped.summary.not_reached < len(ROWS)
    assert not (stopped.folder / PARTS).exists()
    assert len(endpoint.requests) == whole.summary.calls
    assert [(resumed.folder / name).read_bytes() for name in DATA] == whole.bytes_of(*DATA)


async def test_a_second_stop_ends_the_workers_at_once(code_suite, run, endpoint, stop):
    endpoint.latency_s = 600.0
    suite = code_suite(*ROWS)

    async def stopping():
        await has_begun.wait()
        stop.drain("SIGINT")
        stop.drain("SIGINT")

    has_begun = asyncio.Event()
    endpoint.on_event = lambda event: has_begun.set()
    ending = asyncio.create_task(stopping())
    async with asyncio.timeout(120):
        stopped = await run(suite, processes=2, stop=stop)
    await ending

    assert stopped.summary.exit_code is ExitCode.INTERRUPTED
    assert stopped.summary.not_reached == len(ROWS)


async def test_where_a_model_takes_one_call_at_a_time_one_process_does_it(
    code_suite, run, endpoint
):
    model = {"use": "openai", "base_url": endpoint.base_url, "model": "scripted"}
    spec = {**model, "max_concurrency": 1}
    told = []

    await run(
        code_suite(*ROWS[:2], models={"author": spec, "critic": spec}),
        processes=2,
        tell=told.append,
    )

    assert any("1 instead of 2 processes" in sentence for sentence in told)


async def test_an_executor_that_nobody_registered_is_refused_with_the_nearest_name(fast_suite, run):
    with pytest.raises(UsageError, match="no executor is called `proc`: write `procs`"):
        await run(fast_suite("a"), executor="proc")


async def test_an_endpoint_that_is_lost_ends_the_run_for_all_workers(code_suite, run, endpoint):
    endpoint.answers_with(lambda body: status(401, {"error": {"message": "no such key"}}))
    suite = code_suite(*ROWS)

    stopped = await run(suite, **IN_TASKS)

    assert stopped.summary.exit_code is ExitCode.INCOMPLETE
    assert "the run cannot go on" in stopped.summary.exit_reason
    assert stopped.summary.not_reached > len(ROWS) // 2
    # Each of the two has to be refused three times by itself; the others in flight come on top.
    assert len(endpoint.requests) <= 2 * 3 + (IN_FLIGHT - 2)


async def test_models_that_have_to_do_with_all_rows_are_refused_before_anything_is_spent(
    code_suite, run, endpoint, tmp_path
):
    model = {"use": "openai", "base_url": endpoint.base_url, "model": "scripted"}
    batched = {**model, "mode": "batch"}
    suite = code_suite(*ROWS[:2], models={"author": batched, "critic": model})

    with pytest.raises(UsageError, match="model `author` and more than one process"):
        await run(suite, processes=2)

    assert endpoint.requests == []
    assert not (tmp_path / "out").exists()
