"""Texts that travel together: who is sent with whom, who pays, and who is told what."""

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.models import Gateway, Patience
from sygra_eval.models.together import Together, joined, parted, shared_out
from sygra_eval.testing import rate_limited, status
from sygra_eval.testing.texts import answer_to_texts
from sygra_eval.values import (
    CallFailed,
    ChatRequest,
    ChatResponse,
    EndpointLost,
    Interrupted,
    RetryLater,
    Usage,
    one_text,
    vector_of,
)
from tests.models.conftest import model_to


def text(content: str, **parameters: object) -> ChatRequest:
    return ChatRequest(messages=one_text(content), parameters=parameters)


class Server:
    """Answers each text with itself in capitals; texts with `bad` in them fail their request."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.sent: list[list[str]] = []
        self.failure = failure or CallFailed("bad_request", "no")

    async def send(self, request, record, has_begun, before_try):
        del record, has_begun
        request = before_try() or request
        texts = [message.content for message in request.messages]
        self.sent.append(texts)
        await asyncio.sleep(0)
        if any("bad" in one for one in texts):
            raise self.failure
        first, *others = [one.upper() for one in texts]
        usage = Usage(prompt_tokens=10 * len(texts), completion_tokens=0)
        return ChatResponse(
            text=first, others=tuple(others), finish_reason="stop", usage=usage, cost_nano_usd=7
        )


async def ask(together, *contents, before_try=lambda: None):
    calls = (together.complete(text(one), one, False, before_try) for one in contents)  # noqa: FBT003
    return await asyncio.gather(*calls, return_exceptions=True)


async def test_a_full_request_goes_at_once_and_the_rest_after_the_window():
    server = Server()
    together = Together(3, server.send, window_s=0.01)

    answers = await ask(together, *"abcdefgh")

    assert [one.text for one in answers] == list("ABCDEFGH")
    assert server.sent == [["a", "b", "c"], ["d", "e", "f"], ["g", "h"]]


async def test_other_parameters_are_another_request():
    server = Server()
    together = Together(8, server.send)
    requests = [text("a", dimensions=2), text("b", dimensions=3), text("c", dimensions=2)]

    calls = (together.complete(one, "r", False, lambda: None) for one in requests)  # noqa: FBT003
    await asyncio.gather(*calls)

    assert sorted(server.sent) == [["a", "c"], ["b"]]


async def test_long_texts_do_not_make_one_long_request():
    server = Server()
    together = Together(8, server.send)

    await ask(together, "a" * 600_000, "b" * 600_000, "c")

    assert [len(one) for one in server.sent] == [1, 2]


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_every_good_text_is_answered_and_every_bad_one_fails_alone(are_bad):
    contents = [f"{'bad' if is_bad else 'good'} {n}" for n, is_bad in enumerate(are_bad)]
    server = Server()

    answers = asyncio.run(ask(Together(16, server.send, window_s=0), *contents))

    told = ["failed" if isinstance(one, CallFailed) else one.text for one in answers]
    assert told == ["failed" if "bad" in one else one.upper() for one in contents]
    paid = [one for sent in server.sent if not any("bad" in t for t in sent) for one in sent]
    assert sorted(paid) == sorted(one for one in contents if "good" in one)  # each once


async def test_what_is_not_the_texts_fault_is_not_asked_again_in_halves():
    server = Server(CallFailed("refused_key", "401"))

    answers = await ask(Together(8, server.send), "bad", "a", "b")

    assert [one.kind for one in answers] == ["refused_key"] * 3
    assert len(server.sent) == 1


async def test_who_may_not_be_sent_is_left_out_and_the_others_go():
    server, asked = Server(), []

    def three_at_most() -> None:
        asked.append(1)
        if len(asked) > 3:
            raise Interrupted("budget reached")

    answers = await ask(Together(8, server.send), *"abcde", before_try=three_at_most)

    assert [getattr(one, "text", "stopped") for one in answers] == ["A", "B", "C", *["stopped"] * 2]
    assert server.sent == [["a", "b", "c"]]


async def test_who_is_cancelled_takes_nobody_along():
    server = Server()
    together = Together(8, server.send)
    waiting = asyncio.create_task(ask(together, "a"))
    other = asyncio.create_task(ask(together, "b"))
    await asyncio.sleep(0)

    waiting.cancel()
    (answer,) = await other

    assert answer.text == "B"
    assert server.sent == [["b"]]
    assert waiting.cancelled()


async def test_closing_ends_what_is_under_way():
    is_sent, never = asyncio.Event(), asyncio.Event()

    async def hang(request, record, has_begun, before_try):
        del request, record, has_begun, before_try
        is_sent.set()
        await never.wait()

    together = Together(1, hang)
    asked = asyncio.create_task(ask(together, "a"))
    await is_sent.wait()

    await together.close()

    (answer,) = await asked
    assert isinstance(answer, asyncio.CancelledError)


async def test_a_model_type_that_loses_a_text_is_broken():
    async def lose(request, record, has_begun, before_try):
        del request, record, has_begun, before_try
        usage = Usage(prompt_tokens=1, completion_tokens=0)
        return ChatResponse(text="one", finish_reason="stop", usage=usage)

    answers = await ask(Together(8, lose), "a", "b")

    assert [one.kind for one in answers] == ["model_broke"] * 2


async def test_a_busy_server_is_asked_again_with_the_same_texts(endpoint, gateway_to, clock):
    endpoint.will_answer(rate_limited(retry_after_s=3))
    gateway = await gateway_to(endpoint, dialect="embeddings")

    answers = await asyncio.gather(*(gateway.complete("author", text(one)) for one in "abc"))

    assert [body["input"] for body in endpoint.requests] == [["a", "b", "c"]] * 2
    assert clock.slept_s == [3]
    assert [one.tries for one in answers] == [2, 1, 1]


async def test_a_text_that_breaks_the_server_does_not_close_it_to_the_others(endpoint, gateway_to):
    def breaking(body):
        return status(500, {}) if "bad" in body["texts"] else answer_to_texts(body)

    endpoint.texts_with(breaking)
    gateway = await gateway_to(endpoint, dialect="embeddings")
    contents = [*"abcdefg", "bad"]

    answers = await asyncio.gather(
        *(gateway.complete("author", text(one), record=one) for one in contents),
        return_exceptions=True,
    )

    assert [len(vector_of(one)) for one in answers[:-1]] == [16] * 7
    assert answers[-1].kind == "server_error"
    assert not isinstance(answers[-1], RetryLater)


@given(
    st.integers(0, 10**12),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=64),
)
def test_shares_are_whole_add_up_and_follow_the_weights(total, weights):
    shares = shared_out(total, weights)

    assert sum(shares) == total
    assert min(shares) >= 0
    all_of_it = sum(weights)
    if all_of_it:
        for share, weight in zip(shares, weights, strict=True):
            assert abs(share * all_of_it - total * weight) <= all_of_it


def test_one_request_of_many_keeps_the_order_of_the_texts():
    whole = joined([text("a", x=1), text("b", x=1)])

    assert [message.content for message in whole.messages] == ["a", "b"]
    usage = Usage(prompt_tokens=5, completion_tokens=0, is_estimated=True)
    answer = ChatResponse(text="A", others=("B",), finish_reason="stop", usage=usage)
    first, second = parted(answer, [text("a"), text("bbbb")])
    assert (first.text, first.usage.total, first.cost_nano_usd) == ("A", 1, None)
    assert (second.text, second.usage.total, second.usage.is_estimated) == ("B", 4, True)


@pytest.mark.parametrize("size", [1, 4])
async def test_the_suite_says_how_many_travel_together(endpoint, gateway_to, size):
    config = {"batch_size": size}
    gateway = await gateway_to(endpoint, dialect="embeddings", config=config)

    await asyncio.gather(*(gateway.complete("author", text(one)) for one in "abcdefgh"))

    assert [len(body["input"]) for body in endpoint.requests] == [size] * (8 // size)


async def test_a_server_that_is_down_for_long_is_lost_though_texts_travel_together(
    endpoint, monkeypatch
):
    for name in ("FIRST_PAUSE_S", "LONGEST_PAUSE_S"):
        monkeypatch.setattr(f"sygra_eval.models.breaker.{name}", 0.02)

    def a_second_is_a_millisecond() -> float:
        return time.monotonic() * 1_000

    async def blink(wait_s: float) -> None:
        await asyncio.sleep(0.05)

    spec, model = model_to(endpoint, "embeddings", time.time, config={"batch_size": 2})
    gateway = Gateway(
        {"author": model},
        specs={"author": spec},
        clock=a_second_is_a_millisecond,
        sleep=blink,
        patience=Patience(deadline_s=1e9),
        most_outage_s=60,
    )
    endpoint.texts_with(lambda body: status(500, {}))
    await gateway.open()

    answers = await asyncio.gather(
        *(gateway.complete("author", text(one), record=one) for one in "abcdefghijklmnop"),
        return_exceptions=True,
    )
    await gateway.close()

    assert {type(one) for one in answers} == {EndpointLost}
    assert min(len(body["input"]) for body in endpoint.requests) == 2  # before texts went alone
