"""Whatever a server says of texts is an answer to each of them, or a failure with a name."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.models.replies import RawReply
from sygra_eval.models.texts import answered, vectors_answered
from sygra_eval.models.together import joined, parted
from sygra_eval.values import (
    CallFailed,
    ChatRequest,
    classes_of,
    one_text,
    pair,
    score_of,
    vector_of,
)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["AACAPw==", "AADAfw==", 10**400, 1e300])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
KEYS = ("index", "embedding", "probs", "label", "score", "data")
NUMBERS = st.lists(st.floats(-2, 2) | SCALARS, max_size=3)
ENTRY = st.fixed_dictionaries(
    {}, optional={key: (st.integers(-1, 2) if key == "index" else NUMBERS | JSON) for key in KEYS}
)
SAID = {"usage": JSON, "model": JSON}
PAYLOAD = JSON | st.fixed_dictionaries(
    {"data": st.lists(ENTRY | JSON, min_size=1, max_size=3)}, optional=SAID
)
NUMBER = st.floats(-2, 2) | SCALARS
VALUES = st.lists(NUMBER, min_size=1, max_size=2) | NUMBER | st.lists(st.lists(NUMBER), max_size=2)
TWO_ENTRIES = st.lists(
    st.fixed_dictionaries(dict.fromkeys(("embedding", "probs", "score", "data"), VALUES)),
    min_size=2,
    max_size=2,
)
NEARLY_GOOD = st.fixed_dictionaries({"data": TWO_ENTRIES}, optional=SAID)
REPLY = RawReply(status=200, headers={}, body=b"said", address="http://there", secret="")
READ = {"embeddings": vector_of, "classify": classes_of, "score": score_of, "reward": score_of}


def requests_for(api: str) -> list[ChatRequest]:
    made = [pair("a", "b"), pair("c", "d")] if api == "score" else [one_text("a"), one_text("b")]
    return [ChatRequest(messages=messages) for messages in made]


@pytest.mark.parametrize("api", READ)
@settings(max_examples=60)
@given(payload=NEARLY_GOOD | PAYLOAD, labels=st.sampled_from([(), ("x", "y")]))
def test_a_reply_is_two_answers_or_a_failure_with_a_name(api, payload, labels):
    requests = requests_for(api)
    try:
        response = answered(api, payload, REPLY, joined(requests), labels)
    except CallFailed as failure:
        assert failure.kind in {"bad_body", "empty", "wrong_shape"}  # noqa: PT017
        return

    first, second = (READ[api](one) for one in parted(response, requests))
    if api == "embeddings":
        assert len(first) == len(second) > 0
        assert all(map(math.isfinite, (*first, *second)))
    elif api != "classify":
        assert math.isfinite(first)
        assert math.isfinite(second)
    else:
        assert len(first.names) == len(first.probabilities) > 0
        assert all(map(math.isfinite, first.probabilities))


@settings(max_examples=60)
@given(payload=st.dictionaries(st.sampled_from(["embeddings", "prompt_eval_count", "model"]), JSON))
def test_what_ollama_says_is_two_vectors_or_a_failure_with_a_name(payload):
    requests = requests_for("embeddings")
    try:
        response = vectors_answered(payload, REPLY, joined(requests))
    except CallFailed as failure:
        assert failure.kind in {"bad_body", "empty", "wrong_shape"}  # noqa: PT017
        return

    assert len(parted(response, requests)) == 2
