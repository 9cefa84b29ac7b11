"""What a run spends: never more than its budget and what was in flight, and nothing forgotten."""

import asyncio
import json
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.engine import ExitCode, RunOptions, resume_run, summarise, time_taken
from sygra_eval.engine.spending import Amount, BudgetReached, Spending
from sygra_eval.engine.time_taken import seconds_taken
from sygra_eval.journal import Event, Journal, open_readonly
from sygra_eval.testing import ScriptedEndpoint, status
from sygra_eval.testing.audit import Bound, problems
from sygra_eval.values import Budget, ChatResponse, Interrupted, Outcome, Usage
from tests.engine.conftest import FAST_PLUGIN, answer, chain, code_row

ROWS = tuple(code_row(f"r{n}", f"draft=right number={n}") for n in range(30))
PLUGINS = [str(FAST_PLUGIN)]
NO_MONEY = status(402, {"error": {"message": "pay first"}})
QUALITY = {"probes": "off", "validators": [{"use": "says"}]}
NO_SANDBOX = {"isolation": "none", "i_accept_the_risk": True}  # no answer's code is run here
NODES = {
    "solve": {
        "node_type": "llm",
        "model": "author",
        "prompt": "draft {question}",
        "output_keys": "answer",
    }
}
GRAPH = {"nodes": NODES, "edges": chain(NODES)}
MOST_TOKENS = 40
A_TOKEN = 0.001  # US dollars
DEAR = {"input": A_TOKEN * 1e6, "output": A_TOKEN * 1e6}
CHEAP = {"input": 0.001, "output": 0.001}


@pytest.fixture
async def second():
    async with ScriptedEndpoint.on_a_free_port(latency_s=0.05) as scripted:
        scripted.answers_with(answer)
        yield scripted


@pytest.fixture
def suite_with(code_suite, endpoint, second):
    """A cheap model that answers nothing, and a dear one that stands in for it."""

    def write(*rows: dict, folder: str = "suite", **head: object):
        spec = {"use": "openai", "max_concurrency": 12, "parameters": {"max_tokens": MOST_TOKENS}}
        cheap = {**spec, "base_url": endpoint.base_url, "model": "cheap", "price": CHEAP}
        stand_in = {**spec, "base_url": second.base_url, "model": "dear", "price": DEAR}
        models = {"author": {**cheap, "fallback": "stand_in"}, "stand_in": stand_in}
        suite = {"name": "small", **head}
        sections = {
            "models": models,
            "quality": QUALITY,
            "graph_config": GRAPH,
            "sandbox": NO_SANDBOX,
        }
        return code_suite(*(rows or ROWS), folder=folder, suite=suite, **sections)

    return write


async def test_what_is_set_aside_for_a_call_is_what_its_dearest_stand_in_takes(
    suite_with, run, endpoint, second
):
    endpoint.answers_with(lambda _: NO_MONEY)
    usd = 0.1

    stopped = await run(suite_with(budget={"usd": usd}))

    a_call = (MOST_TOKENS + 10) * A_TOKEN
    bound = Bound(most=usd, a_prompt_token=A_TOKEN, a_completion_token=A_TOKEN)
    assert stopped.summary.exit_code is ExitCode.INCOMPLETE
    assert usd <= stopped.summary.cost_usd <= usd + a_call
    assert problems(second.events, budgets=[bound]) == []


async def test_what_the_cache_answers_is_not_counted_as_sent(
    suite_with, run, endpoint, monkeypatch, tmp_path
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    suite = suite_with(cache="read-write")
    first = await run(suite, name="first")
    seen = []

    second = await run(suite, name="second", show=seen.append, budget=Budget(calls=1))

    with open_readonly(second.folder / "journal.db") as reader:
        (ended,) = [event.data for event in reader.events() if event.kind == "finished"]
    assert first.summary.calls == len(ROWS)
    assert second.summary.exit_code is ExitCode.PASSED
    assert (ended["calls_sent"], ended["calls_from_cache"]) == (0, len(ROWS))
    assert {progress.calls_done for progress in seen} == {0}


async def test_what_the_cache_answers_needs_no_room_in_a_budget(
    suite_with, run, endpoint, monkeypatch, tmp_path
):
    """One row is not in the cache and takes all that may be spent; the others are answered."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    await run(suite_with(cache="read-write"), name="first")
    rows = (code_row("new", "draft=right new=1"), *ROWS)
    endpoint.requests.clear()

    again = await run(suite_with(*rows, cache="read"), name="again", budget=Budget(calls=1))

    assert len(endpoint.requests) == 1
    assert again.summary.exit_code is ExitCode.PASSED
    assert again.summary.counts[Outcome.VERIFIED] == len(rows)


async def test_the_time_of_a_start_that_was_killed_counts(suite_with, run, endpoint):
    stopped = await run(suite_with(), budget=Budget(calls=3))
    await killed_after(stopped.folder, seconds=5_000)
    asked = len(endpoint.requests)

    before = summarise(stopped.folder)
    options = RunOptions(plugins=PLUGINS, budget=Budget(calls=100, time_s=4_000))
    resumed = await resume_run(stopped.folder, options)

    assert (before.state, before.wall_s) == ("running", 5_000)
    assert resumed.exit_code is ExitCode.INCOMPLETE
    assert "budget reached: 4000 seconds are over" in resumed.exit_reason
    assert len(endpoint.requests) == asked


async def test_a_start_notes_its_time_and_what_it_spent_as_it_goes(
    suite_with, run, endpoint, monkeypatch
):
    monkeypatch.setattr(time_taken, "NOTED_EACH_S", 0.02)
    endpoint.latency_s = 0.1

    finished = await run(suite_with())

    with open_readonly(finished.folder / "journal.db") as reader:
        noted = [event.data for event in reader.events() if event.kind == "ticked"]
    assert len(noted) > 1
    assert [data["wall_s"] for data in noted] == sorted(data["wall_s"] for data in noted)
    assert 0 < noted[-1]["spent"]["calls"] <= len(ROWS)
    assert noted[-1]["wall_s"] <= finished.summary.wall_s


def test_seconds_are_those_that_each_start_noted_last():
    kinds = ["started", "ticked", "ticked", "started", "warned", "started", "ticked", "finished"]
    walls = [None, 2.0, 4.0, None, None, None, 2.0, 3.5]
    events = [
        Event(seq=n, wall=0.0, mono=0.0, kind=kind, data={} if wall is None else {"wall_s": wall})
        for n, (kind, wall) in enumerate(zip(kinds, walls, strict=True))
    ]

    assert seconds_taken(events) == 7.5


async def killed_after(folder, *, seconds):
    """Leave the journal as a start does that is killed: without an end, with the time it noted."""
    with sqlite3.connect(folder / "journal.db") as journal:
        journal.execute("DELETE FROM event WHERE kind = 'broke'")
    journal.close()
    async with Journal.open(folder / "journal.db") as reopened:
        reopened.event("ticked", wall_s=float(seconds))


async def test_what_the_report_adds_up_is_what_the_server_billed(code_suite, run, endpoint):
    spec = {"use": "openai", "base_url": endpoint.base_url, "model": "scripted"}
    models = {"author": {**spec, "price": DEAR}, "critic": {**spec, "price": CHEAP}}
    rows = [code_row(f"r{n}", f"draft=wrong revise=right number={n}") for n in range(4)]

    finished = await run(code_suite(*rows, models=models))

    paid = [event for event in endpoint.events if event.kind == "paid"]
    report = json.loads((finished.folder / "report.json").read_text())
    assert [part["model"] for part in report["spent_by_model"]] == ["author", "critic"]
    assert {part["step"] for part in report["spent_by_step"]} == {
        "solve/draft",
        "solve/critique",
        "solve/revise",
    }
    for parts in (report["spent_by_model"], report["spent_by_step"], [report["spent"]]):

        def total(what, parts=parts):
            return sum(part[what]["value"] for part in parts)

        assert total("calls") == len(paid)
        assert total("prompt_tokens") == sum(event.prompt_tokens for event in paid)
        assert total("completion_tokens") == sum(event.completion_tokens for event in paid)
        assert total("cost_usd") == pytest.approx(finished.summary.cost_usd)
    each = report["usd_per_verified_row"]["value"]
    assert each == pytest.approx(finished.summary.cost_usd / 4)


async def test_a_stand_ins_calls_are_its_own(suite_with, run, endpoint):
    endpoint.answers_with(lambda _: NO_MONEY)

    finished = await run(suite_with())

    assert {at.model for at in finished.summary.spent} == {"stand_in"}


@pytest.mark.parametrize(
    ("budget", "bound"),
    [
        ({"usd": 0.2}, Bound(most=0.2, a_prompt_token=A_TOKEN, a_completion_token=A_TOKEN)),
        ({"tokens": 150}, Bound(most=150, a_prompt_token=1, a_completion_token=1)),
        ({"calls": 7}, Bound(most=7, a_call=1)),
    ],
)
async def test_no_call_begins_once_the_budget_is_paid_by_the_servers_own_log(
    suite_with, run, endpoint, second, budget, bound
):
    endpoint.answers_with(lambda _: NO_MONEY)

    stopped = await run(suite_with(budget=budget))

    assert stopped.summary.exit_code is ExitCode.INCOMPLETE
    assert problems(second.events, budgets=[bound]) == []
    paid = [event for event in second.events if event.kind == "paid"]
    assert bound.most <= sum(map(bound.of, paid)) <= bound.most + max(map(bound.of, paid))


async def test_answers_without_a_bound_are_taken_to_be_as_long_as_the_longest_so_far(
    code_suite, run, endpoint
):
    endpoint.answers_with(lambda _: "word " * 1_000)
    spec = {"use": "openai", "base_url": endpoint.base_url, "model": "m", "max_concurrency": 4}
    sections = {"quality": QUALITY, "graph_config": GRAPH, "sandbox": NO_SANDBOX}
    budget = Budget(tokens=10_000)

    stopped = await run(code_suite(*ROWS, models={"author": spec}, **sections), budget=budget)

    spent = stopped.summary.prompt_tokens + stopped.summary.completion_tokens
    assert 10_000 <= spent <= 11_100  # the first wave was well within it


# Waiting for room


async def test_who_waits_for_room_is_let_through_in_order_and_told_when_there_is_none():
    spending = Spending(Budget(tokens=100))
    most, used = Amount(tokens=60, calls=1), Usage(prompt_tokens=10, completion_tokens=20)
    answered = ChatResponse(text="", finish_reason="stop", usage=used, cost_nano_usd=0)
    let_through = []

    async def call(name):
        await spending.reserve(most)
        let_through.append(name)

    waiting = [asyncio.create_task(call(name)) for name in "abcd"]
    await asyncio.sleep(0)
    first = list(let_through)
    spending.settle(most, answered)
    await asyncio.sleep(0)
    second = list(let_through)
    for _ in range(2):
        spending.settle(most, answered)
        await asyncio.sleep(0)
    third = list(let_through)
    spending.settle(most, answered)
    await asyncio.gather(*waiting)

    assert (first, second, third) == (["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d"])
    with pytest.raises(BudgetReached, match="120 of 100 tokens"):
        await spending.reserve(most)


async def test_a_call_that_is_given_up_while_it_waits_sets_nothing_aside():
    spending, most = Spending(Budget(calls=1)), Amount(calls=1)
    await spending.reserve(most)
    waiting = asyncio.create_task(spending.reserve(most))
    await asyncio.sleep(0)

    spending.settle(most, None)  # lets it through in the same turn in which it is given up
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    assert spending.reserved == Amount()


async def test_who_waits_is_interrupted_when_the_run_drains():
    spending, most = Spending(Budget(calls=1)), Amount(calls=1)
    await spending.reserve(most)
    waiting = asyncio.create_task(spending.reserve(most))
    await asyncio.sleep(0)

    spending.interrupt(Interrupted("SIGINT"))

    with pytest.raises(Interrupted):
        await waiting


@settings(deadline=None, max_examples=60)
@given(
    calls=st.lists(
        st.tuples(st.integers(1, 50), st.integers(0, 50), st.integers(0, 5)), max_size=40
    ),
    budget=st.integers(1, 400),
    data=st.data(),
)
def test_whatever_calls_come_to_the_budget_is_used_and_missed_by_one_call_at_most(
    calls, budget, data
):
    """Each call sets aside so much, comes to at most that, and takes so many turns of the loop."""
    spending = Spending(Budget(tokens=budget))
    ends = []

    async def call(most, used, turns):
        answered = None
        await spending.reserve(Amount(tokens=most))
        try:
            for _ in range(turns):
                await asyncio.sleep(0)
            usage = Usage(prompt_tokens=min(used, most), completion_tokens=0)
            answered = ChatResponse(text="", finish_reason="stop", usage=usage, cost_nano_usd=0)
        finally:
            spending.settle(Amount(tokens=most), answered if used else None)

    async def all_of_them():
        tasks = [asyncio.create_task(call(*one)) for one in calls]
        for task in data.draw(st.lists(st.sampled_from(tasks), max_size=3)) if tasks else ():
            await asyncio.sleep(0)
            task.cancel()  # whoever waits may be given up
        async with asyncio.timeout(30):
            ends.extend(await asyncio.gather(*tasks, return_exceptions=True))

    asyncio.run(all_of_them())

    refused = [end for end in ends if isinstance(end, BudgetReached)]
    dearest = max((most for most, _, _ in calls), default=0)
    assert all(
        end is None or isinstance(end, BudgetReached | asyncio.CancelledError) for end in ends
    )
    assert spending.spent.tokens < budget + dearest
    assert not refused or spending.spent.tokens >= budget
    assert not spending._waiting
