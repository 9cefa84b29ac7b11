"""Streamed answers: put together as if they had come whole, or thrown away."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.models.streams import ChatCollector, Lines
from sygra_eval.testing import completion, cut_off, ended_early, garbage, stalled, status
from sygra_eval.testing.dialects import DIALECTS
from sygra_eval.values import CallFailed

STREAMED = {"config": {"stream": True}}
CALL = {"name": "look_up", "arguments": '{"word": "naïve"}'}
TOOLS = [{"type": "function", "function": {"name": "look_up"}}]
DIALECTS_WITH_STREAMS = ["openai", "responses", "azure", "vllm", "ollama"]


@pytest.mark.parametrize("dialect", DIALECTS_WITH_STREAMS)
async def test_a_streamed_answer_is_the_one_that_comes_whole(endpoint, gateway_to, dialect):
    usage = {"prompt_tokens": 11, "completion_tokens": 7}
    said = completion(
        "naïve: artless", reasoning="let me see", tool_calls=[CALL], usage=usage, model="scripted-2"
    )
    endpoint.will_answer(said, said)
    whole = await gateway_to(endpoint, dialect=dialect)
    streamed = await gateway_to(endpoint, dialect=dialect, **STREAMED)

    first = await whole.ask("naïve?", tools=TOOLS)
    second = await streamed.ask("naïve?", tools=TOOLS)

    assert (endpoint.requests[0].get("stream"), endpoint.requests[1]["stream"]) in {
        (None, True),
        (False, True),
    }
    assert (second.text, second.reasoning) == ("naïve: artless", "let me see")
    assert [json.loads(call.arguments) for call in second.tool_calls] == [{"word": "naïve"}]
    assert (second.usage.prompt_tokens, second.usage.completion_tokens) == (11, 7)
    assert (second.text, second.reasoning, second.tool_calls, second.usage) == (
        first.text,
        first.reasoning,
        first.tool_calls,
        first.usage,
    )
    assert (second.finish_reason, second.model_seen) == (first.finish_reason, first.model_seen)
    assert first.first_text_s is None
    assert second.first_text_s is not None


async def test_a_plain_completion_is_the_same_whole_and_streamed(endpoint, gateway_to):
    said = completion("Four.", usage={"prompt_tokens": 11, "completion_tokens": 7})
    endpoint.will_answer(said, said)
    whole = await gateway_to(endpoint, dialect="completions")
    streamed = await gateway_to(endpoint, dialect="completions", **STREAMED)

    first, second = await whole.ask("2 + 2?"), await streamed.ask("2 + 2?")

    assert (first.text, first.finish_reason, first.usage.total) == ("Four.", "stop", 18)
    assert (second.text, second.finish_reason, second.usage) == ("Four.", "stop", first.usage)
    assert [request["prompt"] for request in endpoint.requests] == ["2 + 2?\n"] * 2


async def test_several_choices_and_logprobs_come_through_a_stream(endpoint, gateway_to):
    endpoint.will_answer(completion("one", others=["two"], logprobs=[("one", -0.5)]))
    gateway = await gateway_to(endpoint, **STREAMED)

    response = await gateway.ask("count", n=2, logprobs=True)

    assert (response.text, response.others) == ("one", ("two",))
    assert response.logprobs == (("one", -0.5),)


async def test_usage_is_asked_for_unless_the_suite_says_otherwise(endpoint, gateway_to):
    endpoint.will_answer("a", "b")
    gateway = await gateway_to(endpoint, **STREAMED)

    await gateway.ask("one")
    await gateway.ask("two", stream_options={"include_usage": False})

    asked = [request["stream_options"] for request in endpoint.requests]
    assert asked == [{"include_usage": True}, {"include_usage": False}]


@pytest.mark.parametrize("dialect", DIALECTS_WITH_STREAMS)
@pytest.mark.parametrize("broken", [cut_off, ended_early], ids=["cut off", "ended early"])
async def test_half_a_stream_is_thrown_away(endpoint, gateway_to, dialect, broken):
    endpoint.will_answer(broken("half an answer that nobody may see"), "a whole answer")
    gateway = await gateway_to(endpoint, dialect=dialect, **STREAMED)

    response = await gateway.ask("say it")

    assert (response.text, response.tries) == ("a whole answer", 2)


@pytest.mark.parametrize("dialect", DIALECTS_WITH_STREAMS)
async def test_a_stream_that_stalls_is_left_after_the_gap(
    endpoint, gateway_to, monkeypatch, dialect
):
    monkeypatch.setattr("sygra_eval.models.transport.GAP_S", 0.4)
    endpoint.will_answer(stalled(), "a whole answer")
    gateway = await gateway_to(endpoint, dialect=dialect, **STREAMED)

    assert (await gateway.ask("say it")).text == "a whole answer"


async def test_a_stall_is_named_when_it_lasts(endpoint, gateway_to, monkeypatch):
    monkeypatch.setattr("sygra_eval.models.transport.GAP_S", 0.05)
    endpoint.answers_with(lambda body: stalled())
    gateway = await gateway_to(endpoint, **STREAMED)

    with pytest.raises(CallFailed, match="stalled: nothing came for 0") as caught:
        await gateway.ask("say it")

    assert (caught.value.kind, len(endpoint.requests)) == ("timeout", 3)


async def test_the_limit_of_the_whole_try_holds_for_a_stream_too(endpoint, gateway_to):
    slow = completion("so slow that it never comes to its end")
    endpoint.answers_with(lambda body: slow.paused(0.2))
    gateway = await gateway_to(endpoint, timeout_s=0.9, **STREAMED)

    with pytest.raises(CallFailed, match="did not end it within 0") as caught:
        await gateway.ask("say it")

    assert caught.value.kind == "timeout"


async def test_an_error_in_the_middle_of_a_stream_is_treated_as_its_code(
    endpoint, gateway_to, clock
):
    event = {"error": {"code": "rate_limit_exceeded", "message": "slow down"}}
    broken = b'data: {"choices": [{"delta": {"content": "half"}}]}\n\ndata: '
    broken += json.dumps(event).encode() + b"\n\n"
    endpoint.will_answer(status(200, broken, {"Content-Type": "text/event-stream"}), "done")
    gateway = await gateway_to(endpoint, **STREAMED)

    response = await gateway.ask("say done")

    assert (response.text, response.tries) == ("done", 2)


async def test_a_server_that_does_not_stream_is_read_whole(endpoint, gateway_to):
    whole = completion("done")
    endpoint.will_answer(status(200, whole.body))
    gateway = await gateway_to(endpoint, **STREAMED)

    assert (await gateway.ask("say done")).text == "done"


async def test_a_stream_of_something_else_is_a_bad_body(endpoint, gateway_to):
    html = {"Content-Type": "text/html"}
    endpoint.answers_with(lambda body: status(200, "data: <html>Bad gateway</html>\n", html))
    gateway = await gateway_to(endpoint, **STREAMED)

    with pytest.raises(CallFailed, match="Bad gateway") as caught:
        await gateway.ask("say done")

    assert (caught.value.kind, len(endpoint.requests)) == ("bad_body", 3)


async def test_a_refusal_is_read_as_one_though_a_stream_was_asked_for(endpoint, gateway_to):
    endpoint.will_answer(status(400, {"error": {"code": "context_length_exceeded"}}))
    gateway = await gateway_to(endpoint, **STREAMED)

    with pytest.raises(CallFailed) as caught:
        await gateway.ask("say done")

    assert caught.value.kind == "too_long"


async def test_a_stream_past_the_limit_of_size_is_final(endpoint, gateway_to, monkeypatch):
    monkeypatch.setattr("sygra_eval.models.transport.MOST_BODY_BYTES", 1_000)
    endpoint.will_answer("x" * 4_000)
    gateway = await gateway_to(endpoint, **STREAMED)

    with pytest.raises(CallFailed) as caught:
        await gateway.ask("long")

    assert caught.value.kind == "too_large"


async def test_half_an_event_that_is_all_there_is_is_no_answer(endpoint, gateway_to):
    endpoint.answers_with(lambda body: garbage(b'{"choices": [{"delta": {"con'))
    gateway = await gateway_to(endpoint, **STREAMED)

    with pytest.raises(CallFailed) as caught:
        await gateway.ask("say done")

    assert caught.value.kind == "bad_body"


@given(st.text(max_size=40), st.data())
def test_it_does_not_matter_where_the_network_cuts_a_stream(text, data):
    (pieces,) = [dialect.pieces for dialect in DIALECTS if dialect.name == "openai"]
    raw = b"".join(pieces(completion(text).completion))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=8)))
    lines, collector = Lines(), ChatCollector()

    for begin, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        for event in lines.feed(raw[begin:end]):
            collector.take(event)

    payload = collector.payload(is_ended=lines.is_ended)
    assert payload["choices"][0]["message"]["content"] == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "delta", "index", "tool_calls", "function", "logprobs", "content"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(st.sampled_from(["choices", "usage", "error"]), JSON), max_size=4))
def test_no_event_breaks_the_collector(events):
    collector = ChatCollector()

    for event in events:
        collector.take(event)

    collector.payload(is_ended=True)
