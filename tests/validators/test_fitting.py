"""Replies that are to be JSON of a schema: the same rules here and in the child."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.validators import fit_of, fitting
from sygra_eval.values import InfrastructureError

SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer", "minimum": 0}, "b": {"type": "string"}},
    "required": ["a"],
}
SLOW = {**SCHEMA, "properties": {**SCHEMA["properties"], "b": {"pattern": "^x+$"}}}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=5,
)


@pytest.mark.parametrize(
    "reply",
    [
        '{"a": 1}',
        ' \n{"a": 1}\n',
        '```json\n{"a": 1}\n```',
        '```\n{"a": 1}\n```\n',
    ],
)
async def test_json_alone_or_in_one_fence_fits(reply):
    assert await fit_of(reply, SCHEMA) == fitting.Fit(value={"a": 1}, text='{"a": 1}')


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ('Here: {"a": 1}', "not JSON"),
        ('{"a": 1} {"a": 1}', "not JSON"),
        ('```json\n{"a": 1}\n```\n```json\n{"a": 2}\n```', "not JSON"),
        ("", "not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("1" * 5000, "too many digits"),
        ('{"a": -1}', "at $.a: -1 is less than the minimum of 0"),
        ('{"b": 1}', "; "),  # both places are told
        ("[1]", "is not of type 'object'"),
        ("null", "is not of type 'object'"),
    ],
)
async def test_what_does_not_fit_is_told_in_one_line(reply, told):
    fit = await fit_of(reply, SCHEMA)

    assert told in fit.problem
    assert "\n" not in fit.problem
    assert fit.value is None


async def test_a_schema_with_a_pattern_is_checked_in_a_child_by_the_same_rules():
    assert fitting._checker(json.dumps(SLOW, sort_keys=True)) is None
    assert (await fit_of('{"a": 1, "b": "xx"}', SLOW)).value == {"a": 1, "b": "xx"}
    assert "does not match '^x+$'" in (await fit_of('{"a": 1, "b": "y"}', SLOW)).problem


@pytest.mark.parametrize(
    ("schema", "is_here"),
    [
        ({"$defs": {"a": {"type": "string"}}, "properties": {"x": {"$ref": "#/$defs/a"}}}, True),
        ({"$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}, "$ref": "#/$defs/a"}, False),
        ({"$defs": {"a": {"pattern": "^(x+)+$"}}, "$ref": "#/$defs/a"}, False),
        ({"$ref": "#"}, False),
        ({"properties": {"x": {"format": "date"}, "y": {"enum": ["pattern"]}}}, True),
        (
            {
                "$defs": {
                    "a0": {"type": "string"},
                    **{
                        f"a{n}": {"anyOf": [{"$ref": f"#/$defs/a{n - 1}"}] * 2}
                        for n in range(1, 40)
                    },
                },
                "$ref": "#/$defs/a39",
            },
            False,
        ),
    ],
    ids=["definitions", "recursion", "hidden pattern", "itself", "words", "doubling"],
)
def test_what_cannot_take_long_is_checked_in_this_process(schema, is_here):
    assert (fitting._checker(json.dumps(schema)) is not None) is is_here


async def test_a_reference_to_nowhere_is_no_fault_of_the_reply():
    with pytest.raises(InfrastructureError, match="nothing is at its reference"):
        await fit_of('{"a": 1}', {"properties": {"a": {"$ref": "#/nowhere"}}})


@given(st.text() | JSON.map(json.dumps))
async def test_any_reply_gets_an_answer(reply):
    fit = await fit_of(reply, SCHEMA)

    if not fit.problem:
        assert fit.value == json.loads(fitting._unfenced(reply))
        assert fit.value["a"] >= 0
