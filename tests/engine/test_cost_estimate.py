"""A run says what it will take before it takes it, and asks; what it did until then is kept."""

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from sygra_eval.engine import EstimateFirst, ExitCode, reading, running, summarise
from sygra_eval.engine.reading import source_of
from sygra_eval.engine.sampling import sample_of
from sygra_eval.plugins import load_plugins
from sygra_eval.report import estimate_text, terminal_report
from sygra_eval.suite import load_suite
from sygra_eval.values import Budget, Outcome
from tests.engine.conftest import FAST_PLUGIN, chain, code_row, counts_add_up
from tests.report.checking import complaints_of

ROWS = tuple(code_row(f"r{n}", f"draft=right number={n}") for n in range(40))
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
SAMPLE = 8
FILES = ("verified.jsonl", "verified.parquet")


@pytest.fixture
def suite_with(code_suite, endpoint):
    def write(*rows: dict, head: dict | None = None, **model: object):
        spec = {"use": "openai", "base_url": endpoint.base_url, "model": "scripted"}
        author = {**spec, "price": {"input": 1_000, "output": 1_000}, **model}
        models = {"author": {key: value for key, value in author.items() if value is not None}}
        sections = {
            "models": models,
            "quality": QUALITY,
            "graph_config": GRAPH,
            "sandbox": NO_SANDBOX,
        }
        return code_suite(*(rows or ROWS), suite={"name": "small", **(head or {})}, **sections)

    return write


class Asked:
    """Somebody who is shown an estimate and says yes or no."""

    def __init__(self, says: bool, rows: int = SAMPLE) -> None:  # noqa: FBT001
        self.says, self.shown, self.times = says, [], 0
        self.first = EstimateFirst(rows=rows, show=self.shown.append, goes_on=self.goes_on)

    async def goes_on(self) -> bool:
        self.times += 1
        return self.says

    @property
    def estimate(self):
        (estimate,) = self.shown
        return estimate


async def test_without_a_yes_the_run_stops_after_its_sample_and_is_resumed_unpaid(
    suite_with, run, resume, endpoint
):
    whole = await run(suite_with(), name="whole")
    asked_in_all = len(endpoint.requests)
    endpoint.requests.clear()
    nobody = Asked(says=False)

    stopped = await run(suite_with(), name="stopped", first=nobody.first)
    asked_first = len(endpoint.requests)
    resumed = await resume(stopped.folder)

    assert nobody.times == 1
    assert asked_first == SAMPLE
    assert stopped.summary.exit_code is ExitCode.INCOMPLETE
    assert "after its estimate" in stopped.summary.exit_reason
    assert counts_add_up(stopped.summary)
    assert stopped.summary.counts[Outcome.VERIFIED] == SAMPLE
    assert len(endpoint.requests) == asked_in_all
    assert resumed.summary.exit_code is ExitCode.PASSED
    assert resumed.bytes_of(*FILES) == whole.bytes_of(*FILES)


async def test_with_a_yes_it_goes_on_to_the_same_bytes(suite_with, run, endpoint):
    whole = await run(suite_with(), name="whole")
    endpoint.requests.clear()
    somebody = Asked(says=True)

    finished = await run(suite_with(), name="asked", first=somebody.first)

    assert len(endpoint.requests) == len(ROWS)
    assert finished.bytes_of(*FILES) == whole.bytes_of(*FILES)
    estimate = somebody.estimate
    assert complaints_of(finished.folder) == []
    assert (estimate.rows, estimate.sample, estimate.is_spread) == (40, SAMPLE, True)
    assert estimate.calls.low == estimate.calls.high == 40
    tokens = finished.summary.prompt_tokens + finished.summary.completion_tokens
    assert estimate.tokens.estimate == pytest.approx(tokens)
    assert estimate.usd.estimate == pytest.approx(finished.summary.cost_usd)
    assert finished.summary.estimate == summarise(finished.folder).estimate == estimate


async def test_progress_shows_what_is_spent_and_comes_to_the_end_where_it_ends(suite_with, run):
    seen = []

    finished = await run(suite_with(), show=seen.append)

    spent = [progress.spent for progress in seen]
    cost = finished.summary.cost_usd
    assert [one.usd for one in spent] == sorted(one.usd for one in spent)
    assert spent[-1].usd == pytest.approx(cost)
    assert spent[-1].all_usd == pytest.approx(cost)
    # Each row costs the same, so the projection is right from the first row on.
    assert {round(one.all_usd, 6) for one in spent} == {round(cost, 6)}


async def test_progress_goes_on_with_what_earlier_starts_spent(suite_with, run, resume):
    stopped = await run(suite_with(head={"budget": {"calls": 10}}))
    seen = []

    await resume(stopped.folder, budget=Budget(calls=25), show=seen.append)

    assert seen[0].spent.usd > stopped.summary.cost_usd > 0
    assert seen[0].spent.budget.calls == 25
    assert seen[-1].spent.calls == 25


# What an estimate says


def lines_of(estimate):
    return " ".join(estimate_text(estimate).split())


async def test_money_is_unknown_where_a_price_is_and_tokens_are_estimated_all_the_same(
    suite_with, run
):
    nobody = Asked(says=False)

    await run(suite_with(price=None), first=nobody.first)

    words = lines_of(nobody.estimate)
    assert nobody.estimate.usd is None
    assert nobody.estimate.unpriced == ("author",)
    assert nobody.estimate.tokens.estimate > 40
    assert "cost unknown –" in words
    assert "the cost is unknown, as the price of `author` is" in words


async def test_a_sample_that_the_cache_answers_counts_as_if_it_were_sent(
    suite_with, run, endpoint, monkeypatch, tmp_path
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    suite = suite_with(head={"cache": "read-write"})
    before, again = Asked(says=False), Asked(says=False)
    first = await run(suite, name="first", first=before.first)
    asked = len(endpoint.requests)

    await run(suite, name="again", first=again.first)

    assert len(endpoint.requests) == asked
    assert again.estimate.from_cache == SAMPLE
    assert again.estimate.usd == before.estimate.usd
    assert again.estimate.tokens == before.estimate.tokens
    assert again.estimate.time is None
    assert f"{SAMPLE} calls of these rows were answered by the cache" in lines_of(again.estimate)
    assert first.summary.cost_usd > 0


@pytest.mark.parametrize(
    ("budget", "outlook"),
    [
        ({"calls": 40}, "enough"),
        ({"calls": 39}, "not enough"),
        ({"tokens": 120}, "not enough"),
        ({"time": 36_000}, "enough"),
    ],
)
async def test_it_says_whether_the_budget_is_enough(suite_with, run, budget, outlook):
    nobody = Asked(says=False)

    await run(suite_with(head={"budget": budget}), first=nobody.first)

    (said,) = nobody.estimate.budget
    assert (said.bound, said.outlook) == (*budget, outlook)
    assert (said.rows is None) == (outlook == "enough")
    assert ("is not enough: it lasts for about" in lines_of(nobody.estimate)) == bool(said.rows)


async def test_a_budget_that_ends_within_the_sample_ends_the_run_and_nobody_is_asked(
    suite_with, run
):
    nobody = Asked(says=True)

    stopped = await run(suite_with(), first=nobody.first, budget=Budget(calls=4))

    assert (nobody.times, stopped.summary.calls) == (0, 4)
    assert "budget reached" in stopped.summary.exit_reason
    (said,) = nobody.estimate.budget
    assert said.outlook == "not enough"


async def test_too_few_rows_make_no_estimate_and_that_is_said(suite_with, run):
    nobody, told = Asked(says=True), []

    await run(suite_with(), first=nobody.first, budget=Budget(calls=2), tell=told.append)

    assert nobody.shown == []
    assert any(said.startswith("no estimate: 2 rows have ended") for said in told)


async def test_rows_that_cannot_be_run_cost_nothing_and_count(suite_with, run):
    bad = [f'{{"id": "b{n}", "question":' for n in range(200)]
    nobody = Asked(says=False, rows=30)

    stopped = await run(suite_with(*ROWS, *bad), first=nobody.first)

    good = stopped.summary.counts[Outcome.VERIFIED]
    assert nobody.estimate.failed == 30 - good
    assert nobody.estimate.calls.estimate == pytest.approx(240 * good / 30)
    assert nobody.estimate.calls.low <= 40 <= nobody.estimate.calls.high


async def test_dear_rows_in_between_are_within_the_interval(suite_with, run, endpoint):
    long = "word " * 400
    endpoint.answers_with(lambda body: long if "dear" in str(body["messages"]) else "short")
    rows = [code_row(f"r{n}", f"{'dear' if n % 5 == 0 else 'cheap'} {n}") for n in range(120)]
    somebody = Asked(says=True, rows=24)

    finished = await run(suite_with(*rows), first=somebody.first)

    usd = somebody.estimate.usd
    assert usd.low < finished.summary.cost_usd < usd.high
    assert usd.high > 1.2 * usd.estimate
    page = terminal_report(finished.summary)
    (line,) = [line for line in page.splitlines() if line.startswith("for all 120 rows")]
    assert line.endswith("came to")
    assert max(map(len, page.splitlines())) <= 80


async def test_the_sample_does_not_follow_the_order_of_the_input(suite_with):
    plugins = load_plugins(Path(), named=[str(FAST_PLUGIN)])
    one = source_of(load_suite(suite_with(*ROWS), plugins), plugins)
    sample = await sample_of(one, None, len(ROWS), SAMPLE)
    larger = await sample_of(one, None, len(ROWS), SAMPLE + 4)
    ids = {ROWS[index]["id"] for index in sample.indices}
    other = source_of(load_suite(suite_with(*ROWS[::-1]), plugins), plugins)
    turned = await sample_of(other, None, len(ROWS), SAMPLE)

    assert {ROWS[::-1][index]["id"] for index in turned.indices} == ids
    assert len(ids) == SAMPLE
    assert sample.indices != frozenset(range(SAMPLE))
    assert sample.indices < larger.indices


async def test_of_an_input_that_is_too_long_to_count_the_first_rows_are_taken(
    suite_with, run, monkeypatch
):
    monkeypatch.setattr(reading, "COUNTED_ROWS", 20)
    nobody = Asked(says=False)

    stopped = await run(suite_with(), first=nobody.first)

    estimate = nobody.estimate
    assert (estimate.rows, estimate.is_spread, estimate.per_rows) == (None, False, 1_000)
    assert estimate.calls.estimate == 1_000
    assert {end.index for end in stopped.ends()} == set(range(SAMPLE))
    assert "for each 1,000 rows" in lines_of(estimate)
    assert "the first ones" in lines_of(estimate)


async def test_a_stop_while_somebody_is_asked_is_an_interrupt(suite_with, run, stop):
    somebody = Asked(says=True)

    async def stopped_meanwhile():
        stop.drain("SIGINT")
        await asyncio.Event().wait()

    first = EstimateFirst(rows=SAMPLE, show=somebody.shown.append, goes_on=stopped_meanwhile)
    stopped = await run(suite_with(), first=first, stop=stop)

    assert stopped.summary.exit_code is ExitCode.INTERRUPTED
    assert stopped.summary.counts[Outcome.VERIFIED] == SAMPLE


async def test_the_time_that_an_answer_takes_is_not_the_runs(suite_with, run, monkeypatch):
    clock = SimpleNamespace(ahead_s=0.0)
    monotonic = time.monotonic
    ticking = SimpleNamespace(monotonic=lambda: monotonic() + clock.ahead_s)
    monkeypatch.setattr(running, "time", ticking)

    async def after_lunch():
        clock.ahead_s += 3_600
        return True

    first = EstimateFirst(rows=SAMPLE, show=lambda _: None, goes_on=after_lunch)
    finished = await run(suite_with(head={"budget": {"time": 1_800}}), first=first)

    assert finished.summary.exit_code is ExitCode.PASSED
    assert finished.summary.wall_s < 1_800


async def test_a_judges_canaries_are_paid_once_and_are_not_multiplied(judging, run, endpoint):
    endpoint.answers_with(
        lambda body: f"REASON: so.\nVERDICT: {'pass' if 'because' in str(body) else 'fail'}"
    )
    nobody = Asked(says=False, rows=5)

    await run(judging(*(f"because {n}" for n in range(50))), first=nobody.first)

    canaries = len(endpoint.requests) - 5
    assert canaries == 10
    assert nobody.estimate.calls.estimate == 50 + canaries
