"""A whole run against a server with all known faults at once, judged by the server's own log."""

import pytest

from sygra_eval.engine import ExitCode
from sygra_eval.testing import FAULTS, PASSING, audit, completion
from sygra_eval.testing.faults import ANSWERED, FLAGGED
from sygra_eval.values import Budget
from tests.engine.conftest import fast_suite

ROWS = 60
IN_FLIGHT = 6
SEEDS = (1, 2)
NODES = {
    "think": {
        "node_type": "llm",
        "model": "author",
        "prompt": "think of {question}",
        "output_keys": "thought",
    },
    "solve": {
        "node_type": "llm",
        "model": "author",
        "prompt": "{thought}: {question}",
        "output_keys": "answer",
    },
}
JUDGED = {"validators": [{"use": "regex", "pattern": "^answer to", "required": True}]}
# Each of these ends the whole run, see tests/models/test_outage.py.
ENDS_THE_RUN = {"quota", "refused_key"}
DATA = ("verified.jsonl", "verified.parquet")


@pytest.fixture
def suite_of(endpoint, tmp_path):
    """Write a suite of two calls a row; the server's answer depends on the request alone."""
    endpoint.answers_with(lambda body: f"answer to {body['messages'][-1]['content']}")

    def write(*, rows: int = ROWS, nodes=NODES, **entry):
        return fast_suite(
            tmp_path / "suite",
            [f"question {number}" for number in range(rows)],
            models={
                "author": {
                    **endpoint.model_entry(),
                    "parameters": {"max_tokens": 50},
                    "max_concurrency": IN_FLIGHT,
                    "timeout": 2.0,  # a busy machine takes a second for what is no fault
                    **entry,
                }
            },
            nodes=nodes,
            quality=JUDGED,
        )

    return write


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
async def test_a_run_with_every_fault_that_passes_ends_with_the_bytes_of_one_without(
    suite_of, endpoint, run, hurried, monkeypatch, streams
):
    monkeypatch.setattr("sygra_eval.models.transport.GAP_S", 0.5)
    suite = suite_of(stream=streams)
    usual = await run(suite, name="usual")
    names = [name for name in PASSING if not (streams and name == "trickle")]  # no fault there
    met = set()

    for seed in SEEDS:
        endpoint.events.clear()
        endpoint.fails_with(names, share=1.0, seed=seed)  # on the first two tries of each call
        disturbed = await run(suite, name=f"seed-{seed}", stop=hurried())
        endpoint.mark("drained")

        assert [end.reason for end in disturbed.ends() if end.outcome != "verified"] == []
        assert disturbed.bytes_of(*DATA) == usual.bytes_of(*DATA)
        assert audit.problems(endpoint.events, most_in_flight=IN_FLIGHT) == []
        met |= {event.fault for event in endpoint.events}

    assert met - {""} == set(names)
    assert usual.summary.exit_code is ExitCode.PASSED


@pytest.mark.parametrize("seed", [11])
async def test_a_run_that_is_stopped_again_and_again_among_faults_pays_nothing_twice(
    suite_of, endpoint, run, resume, hurried, seed
):
    suite = suite_of()
    usual = await run(suite, name="usual")
    endpoint.events.clear()
    quick = [name for name in PASSING if name not in {"hang", "stall", "trickle"}]
    endpoint.fails_with(quick, share=0.6, seed=seed)

    def stopping(after: int):
        stop, ended = hurried(), []

        def show(progress):
            ended.append(progress.finished)
            if len(ended) == after:
                stop.drain("the test")

        return {"stop": stop, "show": show}

    stopped = await run(suite, name="stopped", **stopping(4))
    for after in (5, 3, 100):
        endpoint.mark("drained")
        assert stopped.summary.not_reached > 0
        endpoint.mark("resumed")
        stopped = await resume(stopped.folder, **stopping(after))
    endpoint.mark("drained")

    assert stopped.summary.not_reached == 0
    assert stopped.bytes_of(*DATA) == usual.bytes_of(*DATA)
    assert audit.problems(endpoint.events, most_in_flight=IN_FLIGHT) == []


async def test_rows_that_always_meet_a_fault_fail_by_its_name_and_no_other_row_does(
    suite_of, endpoint, run, hurried
):
    lasting = [
        name
        for name, fault in FAULTS.items()
        if fault.always not in {ANSWERED, *ENDS_THE_RUN} or fault.in_row not in ("", FLAGGED)
    ]
    of_row = dict(enumerate(lasting))
    only_solve = {"solve": {**NODES["solve"], "prompt": "{question}"}}

    def answer(body):
        question = body["messages"][-1]["content"]
        good = completion(f"answer to {question}")
        name = of_row.get(int(question.split()[-1]))
        return good if name is None else FAULTS[name].make(good)

    endpoint.answers_with(answer)
    rows = len(lasting) + 15
    assert rows <= ROWS + 15

    finished = await run(suite_of(rows=rows, nodes=only_solve), stop=hurried())
    endpoint.mark("drained")

    failed = {
        end.index: end.reason.partition(":")[0]
        for end in finished.ends()
        if end.outcome == "failed"
    }
    expected = {index: FAULTS[name].in_row or FAULTS[name].always for index, name in of_row.items()}
    assert failed == expected
    assert finished.summary.exit_code is ExitCode.INCOMPLETE
    assert len(finished.rows("verified")) == 15
    assert audit.problems(endpoint.events, most_in_flight=IN_FLIGHT, samples=6) == []


@pytest.mark.parametrize("name", [n for n, fault in FAULTS.items() if fault.in_row == FLAGGED])
async def test_an_answer_that_is_not_as_it_should_be_says_so_in_its_row(
    suite_of, endpoint, run, name
):
    endpoint.fails_with([name], share=1.0)

    finished = await run(suite_of(rows=1, on_length="accept"))

    (row,) = finished.rows("verified")
    assert len(row["provenance"]["notes"]) == len(NODES)


@pytest.mark.parametrize("name", [n for n, f in FAULTS.items() if f.always in ENDS_THE_RUN])
async def test_what_no_row_can_get_past_ends_the_run_to_be_resumed(suite_of, endpoint, run, name):
    endpoint.answers_with(lambda body: FAULTS[name].make(completion("an answer")))

    finished = await run(suite_of())
    endpoint.mark("drained")

    assert finished.summary.exit_code is ExitCode.INCOMPLETE
    assert finished.summary.not_reached > ROWS // 2
    assert len(endpoint.requests) <= 3 + IN_FLIGHT
    assert audit.problems(endpoint.events, most_in_flight=IN_FLIGHT) == []


@pytest.mark.parametrize(
    ("budget", "bound"),
    [
        ({"calls": 20}, audit.Bound(most=20, a_call=1)),
        ({"tokens": 200}, audit.Bound(most=200, a_prompt_token=1, a_completion_token=1)),
    ],
    ids=["calls", "tokens"],
)
async def test_a_run_with_faults_spends_its_budget_and_what_was_in_flight_at_most(
    suite_of, endpoint, run, hurried, budget, bound
):
    quick = [name for name in PASSING if name not in {"hang", "stall", "trickle"}]
    endpoint.fails_with(quick, share=0.5, seed=4)

    finished = await run(suite_of(), stop=hurried(), budget=Budget(**budget))
    endpoint.mark("drained")

    assert finished.summary.exit_code is ExitCode.INCOMPLETE
    assert finished.summary.not_reached > 0
    assert audit.problems(endpoint.events, most_in_flight=IN_FLIGHT, budgets=[bound]) == []


@pytest.mark.parametrize("name", ["absurd_usage", "no_usage"])
async def test_a_budget_counts_what_is_estimated_where_usage_cannot_be_believed(
    suite_of, endpoint, run, name
):
    endpoint.answers_with(lambda body: FAULTS[name].make(completion("answer to " + "x" * 70)))

    finished = await run(suite_of(max_concurrency=1), budget=Budget(tokens=400))

    summary = finished.summary
    assert summary.exit_code is ExitCode.INCOMPLETE
    assert summary.has_estimated_tokens
    assert 8 <= summary.calls <= 18  # some 25 to 45 tokens each
    assert 300 <= summary.prompt_tokens + summary.completion_tokens <= 450
