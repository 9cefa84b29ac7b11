"""A run says what it will take before it takes it, and asks; what it did until then is kept."""

import pytest

from sygra_eval.engine import EstimateFirst, ExitCode, summarise
from sygra_eval.values import Budget, Outcome
from tests.engine.conftest import chain, code_row, counts_add_up

ROWS = tuple(code_row(f"r{n}", f"draft=right number={n}") for n in range(40))
QUALITY = {"probes": "off", "validators": [{"use": "python_compiles"}]}
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
        models = {"author": {**spec, "price": {"input": 1_000, "output": 1_000}, **model}}
        sections = {"models": models, "quality": QUALITY, "graph_config": GRAPH}
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
