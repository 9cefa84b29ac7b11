"""Keys are kept in journals for years: the golden ones below must never change."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.journal import call_key, canonical_json, request_hash, validator_path
from sygra_eval.journal.keys import is_repair
from sygra_eval.values import BadAnswer, CallSite, ChatRequest, Image, ImageRef, Message, TextPart

REQUEST = ChatRequest(
    messages=(Message("system", "You write Python."), Message("user", "Grüße, 🐍\n\x00")),
    parameters={"temperature": 0.8, "max_tokens": 512, "stop": ["```", None], "top_p": 1e-7},
)
SITE = CallSite(record="q/17", node="solve/draft", visit=2, sample=3)
GOLDEN_CALL = "38e8f4ef4af2e97c7fd8bdb832bad904"
GOLDEN_SALTED = "580b355459519c6f54621e1720cbe95b"
GOLDEN_IMAGE = "d96693daeb4c31acfacab6f2b603c185"
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


def test_an_image_is_known_by_its_hash_and_its_bytes_are_no_part_of_a_key():
    image = Image(sha256="ab" * 32, media_type="image/png", size=3, source="a.png", base64="AAAA")
    parts = (TextPart("look: "), image)

    def key(*parts):
        return request_hash("m", ChatRequest(messages=(Message.of_parts("user", parts),)))

    assert key(*parts).hex() == GOLDEN_IMAGE
    assert key(parts[0], replace(image, base64="", source="b.png")) == key(*parts)
    assert key(parts[0], replace(image, sha256="cd" * 32)) != key(*parts)
    assert key(image, parts[0]) != key(*parts)


def test_an_image_that_nobody_looked_at_has_no_key():
    message = Message.of_parts("user", (ImageRef(value="a.png", is_from_row=True),))

    with pytest.raises(TypeError, match="not looked at"):
        request_hash("m", ChatRequest(messages=(message,)))


def test_parts_that_are_all_text_are_text():
    assert Message.of_parts("user", (TextPart("a"), TextPart("b"))) == Message("user", "ab")


@pytest.mark.parametrize(
    ("path", "is_one"),
    [("solve/repair:1", True), ("solve/critique/repair:2", True), ("repair", False)],
)
def test_a_call_that_repairs_is_told_by_its_place(path, is_one):
    assert is_repair(path) is is_one
