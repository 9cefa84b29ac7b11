"""When an endpoint ends the run, and that everybody who waits for it is told."""

import asyncio

import pytest

from sygra_eval.models.breaker import Breaker
from sygra_eval.models.outage import FIRST_CALLS, MOST_REFUSED, Outage
from sygra_eval.testing import rate_limited, status
from sygra_eval.values import CallFailed, EndpointLost, RetryLater

NO_KEY = {"error": {"code": "invalid_api_key", "message": "no such key"}}
NO_MONEY = {"error": {"code": "insufficient_quota", "message": "you ran out of credits"}}


def told(outage: Outage, kind: str, times: int = 1, *, now_s: float = 0.0) -> list[str]:
    return [outage.verdict(CallFailed(kind, "it said so"), now_s) for _ in range(times)]


def test_an_empty_account_ends_the_run_at_once():
    assert told(Outage(Breaker()), "quota") == ["it said so"]


def test_three_refusals_of_a_key_in_a_row_end_the_run_and_fewer_do_not():
    outage = Outage(Breaker())

    before = told(outage, "refused_key", 2)
    outage.answered()
    after = told(outage, "refused_key", 3)

    assert (before, after[:2]) == (["", ""], ["", ""])
    assert after[2] == "it said so (3 times in a row)"


def test_what_refuses_most_of_the_first_calls_refuses_all():
    outage = Outage(Breaker())

    *before, last = told(outage, "bad_request", MOST_REFUSED + 1)

    assert set(before) == {""}
    assert last == "it said so (it refused 21 of the first 21 calls)"


def test_refusals_of_single_prompts_later_on_are_the_records_own():
    outage = Outage(Breaker())
    for _ in range(FIRST_CALLS):
        outage.answered()

    assert set(told(outage, "bad_request", 100)) == {""}


def test_an_endpoint_that_is_down_for_too_long_ends_the_run():
    breaker = Breaker()
    outage = Outage(breaker, most_outage_s=900)
    for number in range(20):
        breaker.failed(f"r{number}", float(number))

    early = outage.verdict(RetryLater("connection", "nobody there"), 800.0)
    late = outage.verdict(RetryLater("connection", "nobody there"), 960.0)

    assert (early, late) == ("", "nobody there (down for 16 minutes)")


@pytest.mark.parametrize(
    ("code", "body", "calls"), [(429, NO_MONEY, 1), (402, {}, 1), (401, NO_KEY, 3)]
)
async def test_the_call_that_finds_out_and_all_that_wait_are_ended(
    endpoint, gateway_to, code, body, calls
):
    endpoint.answers_with(lambda _: status(code, body))
    gateway = await gateway_to(endpoint, max_concurrency=1)

    ends = await asyncio.gather(
        *(gateway.ask(f"call {n}") for n in range(20)), return_exceptions=True
    )

    lost = [end for end in ends if isinstance(end, EndpointLost)]
    assert (len(endpoint.requests), len(ends) - len(lost)) == (calls, calls - 1)
    assert all(str(end).count("the run cannot go on") == 1 for end in lost)
    assert gateway.waiting == gateway.in_flight == 0


async def test_a_rate_limit_ends_nothing(endpoint, gateway_to):
    endpoint.will_answer(*(rate_limited(1) for _ in range(5)), "done")
    gateway = await gateway_to(endpoint)

    assert (await gateway.ask("say done")).text == "done"
