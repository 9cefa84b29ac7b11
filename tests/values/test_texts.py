"""Vectors, classes and scores as a journal keeps them, and what is read back."""

import base64
import math
import struct

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sygra_eval.values import (
    BadAnswer,
    ChatResponse,
    Usage,
    cosine,
    score_of,
    vector_of,
    vector_text,
)


def response(text: str) -> ChatResponse:
    usage = Usage(prompt_tokens=1, completion_tokens=0)
    return ChatResponse(text=text, finish_reason="stop", usage=usage)


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_a_vector_is_read_as_the_32_bit_numbers_that_were_written(numbers):
    text = vector_text(numbers)

    read = vector_of(response(text))

    assert struct.pack(f"<{len(read)}f", *read) == struct.pack(f"<{len(numbers)}f", *numbers)
    assert vector_text(read) == text


@given(st.text() | st.binary().map(lambda raw: base64.b64encode(raw).decode()))
def test_whatever_a_journal_holds_is_a_vector_or_a_bad_answer(text):
    try:
        read = vector_of(response(text))
    except BadAnswer:
        return

    assert read
    assert all(map(math.isfinite, read))


@given(st.text() | st.just("NaN") | st.just("true") | st.just("1e999"))
def test_whatever_a_journal_holds_is_a_number_or_a_bad_answer(text):
    try:
        read = score_of(response(text))
    except BadAnswer:
        return

    assert math.isfinite(read)


def test_a_classifier_with_one_class_is_a_reward_model():
    one = response('{"label": "x", "probs": [0.7], "names": ["x"]}')
    two = response('{"label": "x", "probs": [0.7, 0.3], "names": ["x", "y"]}')

    assert score_of(one) == 0.7
    with pytest.raises(BadAnswer, match="2 classes"):
        score_of(two)


@given(
    st.lists(st.floats(-1e6, 1e6, width=32), min_size=3, max_size=3),
    st.lists(st.floats(-1e6, 1e6, width=32), min_size=3, max_size=3),
)
def test_a_cosine_is_symmetric_and_bounded(first, second):
    assume(math.hypot(*first) * math.hypot(*second) > 0)

    assert -1 <= cosine(first, second) <= 1
    assert cosine(first, second) == cosine(second, first)


def test_vectors_of_two_lengths_or_of_zeros_are_not_compared():
    with pytest.raises(BadAnswer, match="2 and 3 numbers"):
        cosine([1.0, 0.0], [1.0, 0.0, 0.0])
    with pytest.raises(BadAnswer, match="zeros"):
        cosine([0.0, 0.0], [1.0, 0.0])
