"""Whatever a server sends, it is an answer or a named failure, and never a broken model type."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.models import completions, ollama, responses
from sygra_eval.models.refusals import error_in_200, refusal_of
from sygra_eval.models.replies import RawReply, answer_of
from sygra_eval.models.streams import ChatCollector
from sygra_eval.values import CallFailed, ChatRequest, ChatResponse, Message

REQUEST = ChatRequest(messages=(Message("user", "a"),), parameters={"tools": []})
LEAF = st.none() | st.booleans() | st.integers(-5, 10**20) | st.floats() | st.text(max_size=4)
VALUES = ["stop", "length", "message", "output_text", "function_call", "reasoning", "refusal"]
KEYS = (  # noqa: SIM905
    "choices message content reasoning_content refusal tool_calls function name arguments id "
    "finish_reason logprobs token logprob usage prompt_tokens completion_tokens model text type "
    "output summary incomplete_details reason delta index done done_reason prompt_eval_count "
    "thinking tokens token_logprobs prompt_tokens_details cached_tokens error code"
).split()
READERS = {
    "chat": lambda payload: payload,
    "responses": responses.completed,
    "completions": completions.completed,
    "ollama": ollama.completion_of,
}
COLLECTORS = {
    "chat": ChatCollector,
    "responses": responses.ResponseCollector,
    "completions": completions.CompletionCollector,
    "ollama": ollama.OllamaCollector,
}
# Such as a fuzzer hardly finds: nearly right, with one part exchanged for anything.
RIGHT = {
    "chat": {
        "choices": [
            {
                "index": 0,
                "message": {
                    "content": "a",
                    "reasoning": "b",
                    "tool_calls": [{"id": "c", "function": {"name": "d", "arguments": "{}"}}],
                },
                "finish_reason": "stop",
                "logprobs": {"content": [{"token": "a", "logprob": -1.0}]},
            }
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "prompt_tokens_details": {}},
        "model": "m",
    },
    "responses": {
        "output": [
            {"type": "reasoning", "summary": [{"text": "b"}], "content": []},
            {"type": "message", "content": [{"type": "output_text", "text": "a", "logprobs": []}]},
            {"type": "function_call", "call_id": "c", "name": "d", "arguments": "{}"},
        ],
        "incomplete_details": {"reason": "max_output_tokens"},
        "usage": {"input_tokens": 1, "output_tokens": 1},
    },
    "completions": {
        "choices": [{"text": "a", "logprobs": {"tokens": ["a"], "token_logprobs": [-1.0]}}]
    },
    "ollama": {
        "message": {"content": "a", "thinking": "b", "tool_calls": [{"function": {"name": "d"}}]},
        "done": True,
        "logprobs": [{"token": "a", "logprob": -1.0}],
        "done_reason": "stop",
    },
}
JSON = st.recursive(
    LEAF | st.sampled_from(VALUES),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=15,
)


def places(value: object, at: tuple = ()) -> list[tuple]:
    found = [at]
    if not isinstance(value, dict | list):
        return found
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        found += places(inner, (*at, key))
    return found


def exchanged(value: object, at: tuple, other: object) -> object:
    if not at:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = exchanged(copy[at[0]], at[1:], other)
    return copy


def payloads(dialect: str) -> st.SearchStrategy:
    right = RIGHT[dialect]
    return st.builds(exchanged, st.just(right), st.sampled_from(places(right)), JSON) | JSON


def read(payload: object, dialect: str) -> None:
    reply = RawReply(status=200, headers={}, body=b"{}", address="here")
    try:
        response = answer_of(READERS[dialect](payload), reply, REQUEST)
    except CallFailed:
        return
    assert isinstance(response, ChatResponse)
    assert isinstance(response.text, str)
    assert all(isinstance(text, str) for text in (response.reasoning, *response.others))
    assert all(isinstance(call.arguments, str) for call in response.tool_calls)


@pytest.mark.parametrize("dialect", sorted(RIGHT))
def test_what_is_right_is_read(dialect):
    reply = RawReply(status=200, headers={}, body=b"{}", address="here")

    assert answer_of(READERS[dialect](RIGHT[dialect]), reply, REQUEST).text == "a"


@pytest.mark.parametrize("dialect", sorted(RIGHT))
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_payload_breaks_the_reading(dialect, data):
    read(data.draw(payloads(dialect)), dialect)


@pytest.mark.parametrize("dialect", sorted(RIGHT))
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_stream_breaks_the_reading(dialect, data):
    collector = COLLECTORS[dialect]()

    for event in data.draw(st.lists(payloads(dialect), max_size=3)):
        if isinstance(event, dict):
            collector.take(event)
    payload = collector.payload(is_ended=True)

    if payload is not None and not payload.get("error"):
        read(payload, dialect)


@settings(max_examples=100, deadline=None)
@given(JSON, st.sampled_from([200, 301, 400, 401, 404, 429, 500, 503, 599]))
def test_no_refusal_breaks_the_reading(error, status):
    body = json.dumps({"error": error}).encode()
    reply = RawReply(status=status, headers={"retry-after": "x"}, body=body, address="here")

    failure = refusal_of(reply, now_s=0) if status != 200 else error_in_200(error, reply, now_s=0)

    assert isinstance(failure, CallFailed)
