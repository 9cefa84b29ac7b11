"""Keys are kept in journals for years: the golden ones below must never change."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.journal import call_key, canonical_json, request_hash, validator_path
from sygra_eval.values import BadAnswer, CallSite, ChatRequest, Message

REQUEST = ChatRequest(
    messages=(Message("system", "You write Python."), Message("user", "Grüße, 🐍\n\x00")),
    parameters={"temperature": 0.8, "max_tokens": 512, "stop": ["```", None], "top_p": 1e-7},
)
SITE = CallSite(record="q/17", node="solve/draft", visit=2, sample=3)
GOLDEN_CALL = "38e8f4ef4af2e97c7fd8bdb832bad904"
GOLDEN_SALTED = "580b355459519c6f54621e1720cbe95b"
GOLDEN_REQUEST = "ecd1668fce1aa215502250d306b9f0a7"


def test_the_golden_keys_are_what_they_were():
    assert call_key("openai:http://h/v1#m", REQUEST, SITE).hex() == GOLDEN_CALL
    assert call_key("openai:http://h/v1#m", REQUEST, SITE, "again").hex() == GOLDEN_SALTED
    assert request_hash("openai:http://h/v1#m", REQUEST).hex() == GOLDEN_REQUEST


def test_the_golden_spelling_of_json_is_what_it_was():
    value = {"b": [1, 1.0, 1e22, -0.0, True, None], "a": "é\ud800\n\u2028", "A": {}}

    assert canonical_json(value) == (
        b'{"A":{},"a":"\xc3\xa9\xed\xa0\x80\\n\xe2\x80\xa8","b":[1,1.0,1e+22,-0.0,true,null]}'
    )


@pytest.mark.parametrize(
    "other",
    [
        replace(SITE, record="q/18"),
        replace(SITE, node="solve/revise"),
        replace(SITE, visit=3),
        replace(SITE, sample=4),
    ],
    ids=["record", "node", "visit", "sample"],
)
def test_the_same_question_from_another_place_is_another_call(other):
    assert call_key("m", REQUEST, other) != call_key("m", REQUEST, SITE)
    assert request_hash("m", REQUEST) == request_hash("m", REQUEST)


def test_a_validators_place_is_none_that_a_node_can_have():
    assert validator_path("judge", "final", "vote/given") == "validator:judge/final/vote/given"
    assert validator_path("judge", "prepare") == "validator:judge/prepare"
    assert not re.fullmatch(r"[A-Za-z0-9_.-]+", validator_path("judge", "loop").partition("/")[0])


def test_another_model_or_parameter_is_another_request():
    hotter = replace(REQUEST, parameters={**REQUEST.parameters, "temperature": 0.9})

    hashes = {request_hash("m", REQUEST), request_hash("n", REQUEST), request_hash("m", hotter)}

    assert len(hashes) == 3


def test_the_order_of_parameters_does_not_matter():
    turned = replace(REQUEST, parameters=dict(reversed(REQUEST.parameters.items())))

    assert call_key("m", turned, SITE) == call_key("m", REQUEST, SITE)


@settings(deadline=None)
@given(st.text(st.characters()), st.text(st.characters()))
def test_different_texts_have_different_spellings(one, other):
    assert (canonical_json(one) == canonical_json(other)) == (one == other)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}, b"bytes"])
def test_what_is_not_json_is_refused(value):
    with pytest.raises(BadAnswer, match="as JSON"):
        canonical_json({"value": [value]})


def test_a_value_that_holds_itself_is_refused():
    endless: list[object] = []
    endless.append(endless)

    with pytest.raises(BadAnswer, match="as JSON"):
        canonical_json(endless)
