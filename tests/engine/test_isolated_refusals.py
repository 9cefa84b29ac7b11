"""A real run in which 6 % of the prompts meet one 429 with `Retry-After: 1`.

What is asserted is the run's own waiting and the order at the server, and not how long it took on
this machine; `python -m benchmarks.rate_limits` measures that, and tests/models has virtual time.
"""

import asyncio

from sygra_eval.engine import ExitCode, StopSignal, look_at
from sygra_eval.testing import completion, rate_limited
from tests.engine.conftest import fast_suite
from tests.engine.held import HeldEndpoint, until

ROWS, IN_FLIGHT, LATENCY_S = 66, 6, 0.3
REFUSED = (5, 20, 35, 50)  # 6 %
SOLVE = {"node_type": "llm", "model": "author", "prompt": "{question}", "output_keys": "answer"}
JUDGED = {"validators": [{"use": "length", "max": 9, "unit": "words", "required": True}]}


class KeepsSleeps(StopSignal):
    """Also notes what calls wait between their tries."""

    def __init__(self):
        super().__init__()
        self.slept_s = []

    async def sleep(self, seconds):
        self.slept_s.append(seconds)
        await super().sleep(seconds)


async def test_isolated_refusals_cost_their_own_wait_and_no_one_elses(endpoint, tmp_path, run):
    left = {f"question {number}" for number in REFUSED}

    def answer(body):
        if (text := body["messages"][-1]["content"]) not in left:
            return completion(f"answer to {text}")
        left.remove(text)
        return rate_limited(retry_after_s=1)

    endpoint.answers_with(answer)
    endpoint.latency_s = LATENCY_S
    entry = {**endpoint.model_entry("openai"), "max_concurrency": IN_FLIGHT}
    suite = fast_suite(
        tmp_path / "suite",
        [f"question {number}" for number in range(ROWS)],
        models={"author": entry},
        nodes={"solve": SOLVE},
        quality=JUDGED,
    )
    stop, looks = KeepsSleeps(), []

    def look(progress):
        if progress.rows_done == ROWS - IN_FLIGHT - 2:  # some calls are to come
            folder = tmp_path / "out" / "small" / "refused"
            looks.append(asyncio.create_task(asyncio.to_thread(look_at, folder)))

    finished = await run(suite, name="refused", show=look, stop=stop)

    assert finished.summary.exit_code is ExitCode.PASSED
    assert (finished.summary.calls, finished.summary.retries) == (ROWS, len(REFUSED))
    (gate,) = (await looks[0]).endpoints
    assert (gate.refusals, gate.cuts, gate.limit) == (len(REFUSED), 0, IN_FLIGHT)
    # Each waited what it was told, without a slot: more others began meanwhile than were in flight.
    assert len(stop.slept_s) == len(REFUSED)
    assert all(1 <= slept_s <= 1.25 for slept_s in stop.slept_s)
    asked = [body["messages"][-1]["content"] for body in endpoint.requests]
    for number in REFUSED[:2]:
        first = asked.index(f"question {number}")
        assert asked.index(f"question {number}", first + 1) - first > IN_FLIGHT
    # No run whose slots are all in use takes longer than its work in turn, and its longest wait.
    without_s = ROWS * LATENCY_S / IN_FLIGHT
    most_s = (ROWS + len(REFUSED)) * LATENCY_S / IN_FLIGHT + max(stop.slept_s)
    assert most_s <= 1.5 * without_s


async def test_records_that_wait_to_try_again_keep_no_others_from_beginning(tmp_path, run, stop):
    in_flight = 8  # so 12 records, of which 8 are told to come back later
    async with HeldEndpoint.on_a_free_port() as endpoint:
        endpoint.pass_by = in_flight
        endpoint.answers_with(lambda body: rate_limited(retry_after_s=60))
        suite = fast_suite(
            tmp_path / "suite",
            [f"question {number}" for number in range(100)],
            models={"author": {**endpoint.model_entry("openai"), "max_concurrency": in_flight}},
            nodes={"solve": SOLVE},
            quality=JUDGED,
        )

        running = asyncio.create_task(run(suite, name="asleep", stop=stop))
        await until(lambda: endpoint.inside == in_flight)
        view = await asyncio.to_thread(look_at, tmp_path / "out" / "small" / "asleep")
        stop.drain("seen")
        endpoint.may_answer.set()
        await running

    assert (view.rows.in_flight, view.rows.most) == (20, 20)


async def test_an_endpoint_that_refuses_everything_does_not_begin_every_record(
    endpoint, tmp_path, run, stop
):
    endpoint.answers_with(lambda body: rate_limited(retry_after_s=60))
    suite = fast_suite(
        tmp_path / "suite",
        [f"question {number}" for number in range(100)],
        models={"author": {**endpoint.model_entry("openai"), "max_concurrency": 4}},
        nodes={"solve": SOLVE},
        quality=JUDGED,
    )

    running = asyncio.create_task(run(suite, name="asleep", stop=stop))
    await until(lambda: len(endpoint.requests) == 10)
    view = await asyncio.to_thread(look_at, tmp_path / "out" / "small" / "asleep")
    stop.drain("seen")
    await running

    assert (view.rows.in_flight, view.rows.most, len(endpoint.requests)) == (10, 10, 10)
