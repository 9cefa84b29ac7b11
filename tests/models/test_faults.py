"""Every fault that an endpoint has been seen with: retried, or final, under a stable word."""

from email.utils import formatdate

import pytest

from sygra_eval.models import Patience
from sygra_eval.testing import (
    completion,
    cut_off,
    dropped,
    garbage,
    hang,
    rate_limited,
    status,
    trickle,
)
from sygra_eval.values import CallFailed, RetryLater


async def test_a_429_waits_for_its_retry_after_and_is_paid_once(endpoint, gateway_to, clock):
    endpoint.will_answer(rate_limited(retry_after_s=3), completion("done"))
    gateway = await gateway_to(endpoint)

    response = await gateway.ask("say done")

    assert (response.text, response.tries) == ("done", 2)
    assert (clock.slept_s, response.latency_s, len(endpoint.requests)) == ([3], 3, 2)


async def test_a_crowd_that_was_told_the_same_second_is_spread(endpoint, gateway_to, clock):
    endpoint.will_answer(rate_limited(retry_after_s=4), completion("done"))
    gateway = await gateway_to(endpoint, chance=1.0)

    await gateway.ask("say done")

    assert clock.slept_s == [5]


@pytest.mark.parametrize(
    ("headers", "slept_s"),
    [
        ({"Retry-After": formatdate(1_000 + 7, usegmt=True)}, 7),
        ({"Retry-After": formatdate(1_000 - 7, usegmt=True)}, 0),
        ({"Retry-After": formatdate(1_000 + 86_400, usegmt=True)}, 300),  # a clock is wrong
        ({"retry-after-ms": "250", "Retry-After": "9"}, 0.25),
        ({"Retry-After": "soon"}, 0),
        ({"Retry-After": "-3"}, 0),
        ({"Retry-After": "nan"}, 0),
        ({}, 0),
    ],
    ids=repr,
)
async def test_retry_after_is_read_in_all_its_forms(endpoint, gateway_to, clock, headers, slept_s):
    endpoint.will_answer(status(429, {}, headers), "done")
    gateway = await gateway_to(endpoint)

    await gateway.ask("say done")

    assert clock.slept_s == [slept_s]


async def test_a_retry_after_past_the_deadline_is_not_waited_for(endpoint, gateway_to, clock):
    endpoint.will_answer(rate_limited(retry_after_s=3_600))
    gateway = await gateway_to(endpoint)

    with pytest.raises(CallFailed, match="1 try; the next would start after the limit of 600 s"):
        await gateway.ask("say done")

    assert clock.slept_s == []


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504, 520, 524, 529])
async def test_a_passing_trouble_of_the_server_is_tried_again(endpoint, gateway_to, code):
    endpoint.will_answer(status(code, {"error": {"message": "hm"}}), "done")
    gateway = await gateway_to(endpoint)

    response = await gateway.ask("say done")

    assert (response.text, response.tries) == ("done", 2)


async def test_the_waits_double_up_to_a_cap_and_the_tries_end(endpoint, gateway_to, clock):
    endpoint.answers_with(lambda body: status(500, "boom"))
    gateway = await gateway_to(endpoint, chance=1.0)

    with pytest.raises(CallFailed, match="gave up after 6 tries") as caught:
        await gateway.ask("poison")

    assert (caught.value.kind, type(caught.value)) == ("server_error", CallFailed)
    assert (clock.slept_s, len(endpoint.requests)) == ([0.5, 1, 2, 4, 8], 6)


def test_no_wait_is_longer_than_the_cap():
    failure = RetryLater("server_error", "boom")

    waits_s = [Patience().wait_s(failure, tries, lambda: 1.0) for tries in range(1, 60)]

    assert max(waits_s) == 30


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (status(429, {"error": {"code": "insufficient_quota", "message": "pay"}}), "quota"),
        (status(402, {}), "quota"),
        (status(400, {"error": {"message": "Your credit balance is too low"}}), "quota"),
        (status(401, {"error": {"code": "invalid_api_key"}}), "refused_key"),
        (status(403, "no"), "refused_key"),
        (status(404, {"error": {"code": "model_not_found"}}), "not_found"),
        (status(400, {"error": {"message": "unknown parameter top_z"}}), "bad_request"),
        (status(422, {"detail": "unknown parameter top_z"}), "bad_request"),
        (status(400, {"error": {"code": "context_length_exceeded"}}), "too_long"),
        (
            status(400, {"error": {"message": "This model's maximum context length is 4096"}}),
            "too_long",
        ),
        (status(400, {"error": {"type": "exceed_context_size_error"}}), "too_long"),
        (status(400, {"error": {"code": "content_filter"}}), "refused"),
        (status(301, None, {"Location": "http://elsewhere.example"}), "redirected"),
        (status(200, {"error": {"code": "insufficient_quota"}}), "quota"),
        (status(200, {"error": {"code": 401, "message": "key"}}), "refused_key"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.status} {value.body[:60]!r}",
)
async def test_a_final_refusal_is_not_tried_again(endpoint, gateway_to, clock, reply, kind):
    endpoint.will_answer(reply)
    gateway = await gateway_to(endpoint)

    with pytest.raises(CallFailed) as caught:
        await gateway.ask("say done")

    assert (caught.value.kind, len(endpoint.requests), clock.slept_s) == (kind, 1, [])


async def test_a_rate_limit_that_speaks_of_quota_and_billing_is_still_one(endpoint, gateway_to):
    said = "You exceeded your current quota, please check your plan and billing details."
    endpoint.will_answer(status(429, {"error": {"code": 429, "message": said}}), "done")
    gateway = await gateway_to(endpoint)

    assert (await gateway.ask("say done")).tries == 2


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (garbage("<html>Bad gateway</html>"), "bad_body"),
        (garbage(b""), "bad_body"),
        (garbage(b'{"choices": [{"message": {"content": "tru'), "bad_body"),
        (garbage(b'{"choices": [{"message": {"content": "\xff\xfe"}}]}'), "bad_body"),
        (garbage(b'\xef\xbb\xbf{"choices": []}'), "bad_body"),
        (garbage(b'{"choices": [{"message": {"content": "\\ud800"}}]}'), "bad_body"),
        (garbage(b'{"choices": [{"message": {"content": "a\\u0000b"}}]}'), "bad_body"),
        (garbage(b"[" * 100_000), "bad_body"),
        (garbage("[]"), "bad_body"),
        (status(200, {"error": "something odd"}), "bad_body"),
        (status(200, {"choices": []}), "empty"),
        (status(200, {"object": "chat.completion"}), "empty"),
        (status(200, {"choices": [{"message": None}]}), "empty"),
        (completion(None), "empty"),
        (completion([{"type": "image_url"}]), "empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.body[:50]!r}",
)
async def test_a_spoilt_body_is_tried_three_times(endpoint, gateway_to, reply, kind):
    endpoint.answers_with(lambda body: reply)
    gateway = await gateway_to(endpoint)

    with pytest.raises(CallFailed, match="gave up after 3 tries") as caught:
        await gateway.ask("say done")

    assert (caught.value.kind, len(endpoint.requests)) == (kind, 3)


async def test_a_spoilt_body_after_other_troubles_has_its_own_tries(endpoint, gateway_to):
    endpoint.will_answer(rate_limited(), rate_limited(), garbage(), garbage(), "done")
    gateway = await gateway_to(endpoint)

    response = await gateway.ask("say done")

    assert (response.text, response.tries) == ("done", 5)


async def test_an_error_in_a_200_is_treated_as_its_code(endpoint, gateway_to, clock):
    error = {"error": {"code": "rate_limit_exceeded", "message": "slow down"}}
    endpoint.will_answer(status(200, error, {"Retry-After": "2"}), "done")
    gateway = await gateway_to(endpoint)

    response = await gateway.ask("say done")

    assert (response.tries, clock.slept_s) == (2, [2])


async def test_a_dropped_connection_is_tried_again_at_once_and_then_with_patience(
    endpoint, gateway_to, clock
):
    endpoint.will_answer(dropped(), dropped(), "done")
    gateway = await gateway_to(endpoint, chance=1.0)

    response = await gateway.ask("say done")

    assert (response.text, clock.slept_s) == ("done", [0, 1])


async def test_half_an_answer_is_thrown_away_and_asked_for_again(endpoint, gateway_to):
    endpoint.will_answer(cut_off("half an answer"), "a whole answer")
    gateway = await gateway_to(endpoint)

    assert (await gateway.ask("say it")).text == "a whole answer"


async def test_a_server_that_is_gone_is_named_after_the_tries(endpoint, gateway_to):
    gateway = await gateway_to(endpoint)
    gone = endpoint.base_url
    await endpoint.stop()

    with pytest.raises(CallFailed, match=gone) as caught:
        await gateway.ask("say done")

    assert caught.value.kind == "connection"


async def test_a_try_that_hangs_ends_with_its_time_limit(endpoint, gateway_to):
    endpoint.will_answer(hang(), "done")
    gateway = await gateway_to(endpoint, timeout_s=1.0)

    response = await gateway.ask("say done")

    assert (response.text, response.tries) == ("done", 2)


async def test_a_trickle_ends_with_the_limit_of_the_whole_try(endpoint, gateway_to):
    endpoint.answers_with(lambda body: trickle(pause_s=0.02))
    gateway = await gateway_to(endpoint, timeout_s=0.6)

    with pytest.raises(CallFailed, match=r"did not end it within 0\.6 s") as caught:
        await gateway.ask("say done")

    assert (caught.value.kind, len(endpoint.requests)) == ("timeout", 3)


async def test_a_bad_encoding_is_tried_again(endpoint, gateway_to):
    endpoint.will_answer(status(200, b"no gzip", {"Content-Encoding": "gzip"}), "done")
    gateway = await gateway_to(endpoint)

    assert (await gateway.ask("say done")).tries == 2


async def test_a_message_shows_the_beginning_of_a_body_on_one_plain_line(endpoint, gateway_to):
    endpoint.will_answer(status(400, "\x1b[31mred\n\ttext " + "x" * 5_000))
    gateway = await gateway_to(endpoint)

    with pytest.raises(CallFailed) as caught:
        await gateway.ask("say done")

    assert "[31mred text xxx" in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500
