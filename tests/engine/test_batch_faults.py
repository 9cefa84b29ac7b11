"""What can go wrong with a batch, and what each comes to."""

from collections import Counter

import pytest

from sygra_eval.engine import ExitCode
from tests.engine.conftest import fast_suite

ALWAYS = float("inf")
SOLVE = {"node_type": "llm", "model": "author", "prompt": "{question}", "output_keys": "answer"}
JUDGED = {"validators": [{"use": "regex", "pattern": "^answer to", "required": True}]}


@pytest.fixture
def rows_of(endpoint, tmp_path, run):
    """Run six questions through batches."""
    endpoint.answers_with(lambda body: f"answer to {body['messages'][-1]['content']}")

    async def rows(questions=6, **given):
        # The first batch goes when it is full, so that no slow machine makes two of it.
        terms = {"wait": 0.2, "poll": 0.01, "max_requests": questions}
        entry = {**endpoint.model_entry(), "mode": "batch", "batch": terms}
        suite = fast_suite(
            tmp_path / "suite",
            [f"question {number}" for number in range(questions)],
            models={"author": entry},
            nodes={"solve": SOLVE},
            quality=JUDGED,
        )
        return await run(suite, **given)

    return rows


def paid(endpoint):
    endpoint.batches.finish()
    return sum(event.kind == "batched" for event in endpoint.events)


def sizes(endpoint):
    batches = endpoint.batches
    return [len(batches.lines_of(number)) for number in range(len(batches.submitted))]


def reasons(finished):
    return {end.row_id: end.reason for end in finished.ends() if end.outcome.value == "failed"}


async def test_an_expired_batch_keeps_its_answers_and_the_rest_is_sent_again(endpoint, rows_of):
    endpoint.batches.fails_with("expired")

    finished = await rows_of()

    assert set(finished.outcomes().values()) == {"verified"}
    assert (sizes(endpoint), paid(endpoint)) == ([6, 3], 6)


async def test_a_batch_that_somebody_cancelled_ends_the_run_and_a_resume_sends_the_rest(
    endpoint, rows_of, resume
):
    endpoint.batches.fails_with("cancelled")

    finished = await rows_of()

    assert finished.summary.exit_code is ExitCode.INCOMPLETE
    assert "batch_1 was cancelled at the provider" in finished.summary.exit_reason
    assert list(finished.outcomes().values()) == ["verified"] * 3
    resumed = await resume(finished.folder)
    assert resumed.summary.exit_code is ExitCode.PASSED
    assert (sizes(endpoint), paid(endpoint)) == ([6, 3], 6)


@pytest.mark.parametrize("fault", ["no_room", "submit_no_room"])
async def test_a_batch_that_is_too_large_for_the_account_is_sent_in_smaller_ones(
    endpoint, rows_of, fault
):
    endpoint.batches.fails_with(fault)

    finished = await rows_of()

    assert set(finished.outcomes().values()) == {"verified"}
    assert sizes(endpoint)[-2:] == [3, 3]
    assert paid(endpoint) == 6


async def test_a_limit_of_tokens_is_found_by_halves(endpoint, rows_of):
    endpoint.batches.most_requests = 2

    finished = await rows_of(7)

    assert set(finished.outcomes().values()) == {"verified"}
    run_in = Counter(event.fault for event in endpoint.events if event.kind == "batched")
    assert (max(run_in.values()), paid(endpoint)) == (2, 7)


async def test_a_batch_that_is_refused_as_a_whole_fails_its_rows_and_costs_nothing(
    endpoint, rows_of
):
    endpoint.batches.fails_with("failed")

    finished = await rows_of()

    why = "bad_request: {}: the batch batch_1 was refused: mismatched_model: not the model"
    assert set(reasons(finished).values()) == {why.format(endpoint.base_url)}
    assert (len(reasons(finished)), paid(endpoint)) == (6, 0)


async def test_a_batch_that_is_refused_for_one_line_fails_that_row_alone(endpoint, rows_of):
    endpoint.batches.fails_with("failed_line")

    finished = await rows_of()

    assert reasons(finished) == {
        "r1": "bad_request: the batch batch_1 was refused for this call: "
        "invalid_url: no such URL (line 2)"
    }
    assert (sizes(endpoint), paid(endpoint)) == ([6, 5], 5)


async def test_bad_lines_that_are_named_one_by_one_fail_no_good_row(endpoint, rows_of):
    endpoint.batches.fails_with("failed_line", 7)

    finished = await rows_of(10)

    assert len(reasons(finished)) == 7
    assert (sizes(endpoint), paid(endpoint)) == ([10, 9, 8, 7, 6, 5, 4, 3], 3)


async def test_an_expired_batch_whose_file_is_cut_off_is_read_again(endpoint, rows_of):
    endpoint.batches.fails_with("expired")
    endpoint.batches.fails_with("read_truncated")

    finished = await rows_of(8)

    assert set(finished.outcomes().values()) == {"verified"}
    assert (sizes(endpoint), paid(endpoint)) == ([8, 4], 8)


async def test_a_request_that_met_an_error_of_the_server_is_sent_again(endpoint, rows_of):
    endpoint.batches.fails_with("error_500")

    finished = await rows_of()

    assert set(finished.outcomes().values()) == {"verified"}
    assert (sizes(endpoint), paid(endpoint)) == ([6, 1], 6)


async def test_a_request_that_is_refused_fails_its_row_alone(endpoint, rows_of):
    endpoint.batches.fails_with("error_400")

    finished = await rows_of()

    assert list(reasons(finished)) == ["r0"]
    assert "answered 400" in reasons(finished)["r0"]
    assert "no such parameter" in reasons(finished)["r0"]
    assert (sizes(endpoint), paid(endpoint)) == ([6], 5)


async def test_an_answer_that_is_missing_is_looked_for_again_and_then_asked_again(
    endpoint, rows_of
):
    endpoint.batches.fails_with("missing")

    finished = await rows_of()

    assert set(finished.outcomes().values()) == {"verified"}
    assert sizes(endpoint) == [6, 1]
    assert sum(event.kind == "read" for event in endpoint.events) == 4


async def test_a_file_that_stays_truncated_gives_what_is_in_it(endpoint, rows_of):
    endpoint.batches.fails_with("read_truncated", 3)

    finished = await rows_of()

    assert set(finished.outcomes().values()) == {"verified"}
    assert len(sizes(endpoint)) == 2
    assert sizes(endpoint)[1] < 6


@pytest.mark.parametrize("fault", ["look_401", "look_404"])
async def test_a_batch_that_cannot_be_looked_at_ends_the_run_and_is_taken_up_later(
    endpoint, rows_of, resume, fault
):
    endpoint.batches.fails_with(fault, ALWAYS)

    finished = await rows_of()

    assert finished.summary.exit_code is ExitCode.INCOMPLETE
    assert "the batch batch_1" in finished.summary.exit_reason
    assert "stays open, and `resume` takes it up" in finished.summary.exit_reason
    endpoint.batches.fails_with(fault, 0)
    resumed = await resume(finished.folder)
    assert resumed.summary.exit_code is ExitCode.PASSED
    assert (sizes(endpoint), paid(endpoint)) == ([6], 6)


@pytest.mark.parametrize("fault", ["submit_503", "look_503"])
async def test_a_server_that_is_down_for_too_long_ends_the_run(
    endpoint, rows_of, resume, monkeypatch, fault
):
    monkeypatch.setattr("sygra_eval.models.batching.MOST_OUTAGE_S", 0.05)
    endpoint.batches.fails_with(fault, ALWAYS)

    finished = await rows_of()

    assert finished.summary.exit_code is ExitCode.INCOMPLETE
    assert "the run cannot go on" in finished.summary.exit_reason
    endpoint.batches.fails_with(fault, 0)
    assert (await resume(finished.folder)).summary.exit_code is ExitCode.PASSED
    assert (sizes(endpoint), paid(endpoint)) == ([6], 6)


async def test_a_batch_that_is_not_done_after_its_window_stays_open(
    endpoint, rows_of, resume, monkeypatch
):
    monkeypatch.setattr("sygra_eval.models.batching.OVERTIME_S", -86_400.0)
    endpoint.batches.fails_with("stays", ALWAYS)

    finished = await rows_of()

    assert finished.summary.exit_code is ExitCode.INCOMPLETE
    assert "`in_progress`" in finished.summary.exit_reason
    endpoint.batches.fails_with("stays", 0)
    assert (await resume(finished.folder)).summary.exit_code is ExitCode.PASSED
    assert (sizes(endpoint), paid(endpoint)) == ([6], 6)
