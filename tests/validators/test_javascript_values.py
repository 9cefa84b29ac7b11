"""Literals and comparisons of JavaScript, beside Node's own and for all that hypothesis finds."""

import json
import re
import subprocess
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.sandbox import program_at
from sygra_eval.validators.javascript_driver import is_held
from sygra_eval.validators.javascript_literals import Literals, NotSplit, Tokens
from sygra_eval.validators.javascript_statements import Call, assertions_in
from sygra_eval.validators.javascript_values import (
    BadForm,
    checked,
    form_of_json,
    is_same,
    is_truthy,
    number,
    written,
)

LITERALS = """
0|-0|1|3|0.1|1e21|-5|NaN|Infinity|-Infinity|null|undefined|true|false|''|'0'|'1'|' 3 '|'a'|'b'|'0x3'
3n|0n|[]|[1]|['1']|[1, 2]|[2, 1]|[[1]]|[null]|[undefined]|[-0]|[NaN]|{}|{a: 1}|{a: '1'}|{a: 1, b: 2}
{b: 2, a: 1}|{a: undefined}|new Set([1, 2])|new Set([2, 1])|new Set([[1], [2]])|new Map([[1, 'a']])
new Map([['a', 1], ['b', 2]])|new Map([['b', 2], ['a', 1]])
new Set([])|new Map([])|'\\ud83d'|'\\u{1F600}'
"""
KINDS = {
    "strictEqual": "assert.strictEqual(a, b)",
    "deepStrictEqual": "assert.deepStrictEqual(a, b)",
    "equal": "assert.equal(a, b)",
    "===": "assert(a === b)",
    "==": "assert(a == b)",
    "<": "assert(a < b)",
    ">=": "assert(a >= b)",
}
COMPARING = """
const assert = require("assert");
const values = [LITERALS];
const others = [LITERALS];
const kinds = [KINDS];
const told = kinds.map((kind) => values.map((a) => others.map((b) => {
  try { kind(a, b); return true; } catch (error) { return false; }
})));
console.log(JSON.stringify([told, values.map(Boolean)]));
"""


def literal(text: str) -> object:
    return Literals(Tokens(text)).literal()


@pytest.mark.skipif(program_at("node") is None, reason="node is not installed")
def test_every_pair_of_values_compares_as_in_node():
    texts = [text for line in LITERALS.split("\n") if line for text in line.split("|")]
    functions = ", ".join(f"(a, b) => {{ {code}; }}" for code in KINDS.values())
    program = COMPARING.replace("LITERALS", ", ".join(texts)).replace("KINDS", functions)
    command = [str(program_at("node")), "-e", program]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603

    told, truths = json.loads(ran.stdout)

    forms = [literal(text) for text in texts]
    assert [is_truthy(form) for form in forms] == truths
    for (number_of, kind), (i, left), (j, right) in product(
        enumerate(KINDS), enumerate(forms), enumerate(forms)
    ):
        is_object = any(isinstance(f, dict) and not f.keys() <= set("niu") for f in (left, right))
        if is_object and kind not in {"strictEqual", "deepStrictEqual", "==="}:
            continue  # through `toString`, which nobody means
        assert is_held(kind, left, right) is told[number_of][i][j], (kind, texts[i], texts[j])


LOOSE = [
    ("[1, {a: '2'}]", "['1', {a: 2}]", True),
    ("{a: 1, b: null}", "{b: undefined, a: '1'}", True),
    ("[1]", "{0: 1}", False),
    ("{a: 1}", "{a: 1, b: undefined}", False),
    ("[NaN]", "[NaN]", True),
]


@pytest.mark.parametrize(("left", "right", "is_alike"), LOOSE)
def test_deep_equal_is_loose_in_the_leaves(left, right, is_alike):
    assert is_held("deepEqual", literal(left), literal(right)) is is_alike


PLAIN = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(-9, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)


@settings(max_examples=40)
@given(PLAIN)
def test_a_value_is_written_as_a_literal_that_is_read_again(value):
    form = form_of_json(value)
    text = written(form, 100_000)

    if '"__proto__"' in text or "__proto__:" in text:
        with pytest.raises(NotSplit):
            literal(text)
    else:
        assert is_same(literal(text), form)
    assert is_same(checked(json.loads(json.dumps(form))), form)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from("niuaoOmeh"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*"niuaoOmeh", "x"]), inner, max_size=2)
    ),
    max_leaves=8,
)


@given(JSON)
def test_what_is_no_form_is_refused_and_a_form_stays_one(told):
    try:
        form = checked(told)
    except BadForm:
        return
    assert is_same(checked(form), form)
    text = written(form, 100_000)
    if not {"hole", "Set", "Map"} & set(re.findall(r"\w+", text)):  # a literal has no key twice
        assert is_same(literal(text), form)


@given(st.text(alphabet="add(1,2)[]{}:'\"`!=<>;.\\ assertequl\n", max_size=60))
def test_any_text_is_read_or_refused_with_a_word(text):
    try:
        assert assertions_in(text)
    except NotSplit as why:
        refused = str(why)
        assert refused


FORMS = {
    "assert.equal(f(1), 2)": "equal",
    "assert.equal(2, f(1), 'said')": "equal",
    "assert.notDeepStrictEqual(f([1]), {a: 1},);": "deepStrictEqual",
    "assert(f(1) >= 2, 'm')": ">=",
    "console.assert(f(1) === 2);": "===",
    "assert.ok(!f(1))": "true",
    "assert(Number.isNaN(f('x')))": "NaN",
    "assert.ok(Math.abs(f(1) - 0.3) < 1e-9)": "close:1e-09",
    "assert.throws(() => f(1), TypeError)": "throws",
    "assert.throws(() => { f(1); }, {name: 'TypeError', message: 'no'}, 'm')": "throws",
    "assert.throws(function () { return f(1) })": "throws",
    "await assert.rejects(f(1))": "throws",
    "await assert.rejects(async () => { await f(1); }, RangeError)": "throws",
    "assert.doesNotThrow(() => f(1))": "quiet",
    "assert.strictEqual(await f(1), 3) // a comment": "strictEqual",
    "expect(f(1)).not.toBe(3)": "strictEqual",
    "expect(f(1)).toEqual([1])": "deepStrictEqual",
    "expect(() => f(1)).toThrow()": "throws",
    "expect(f(0.1)).toBeCloseTo(0.3, 5)": "close:5e-06",
    "import assert from 'node:assert/strict';\nassert.equal(f(1), 2)": "strictEqual",
    "const a = require('assert').strict\na.deepEqual(f(1), 2)": "deepStrictEqual",
}


@pytest.mark.parametrize(("text", "kind"), FORMS.items())
def test_the_form_is_on_the_list(text, kind):
    (assertion,) = assertions_in(text)

    assert assertion.check.kind == kind
    assert any(isinstance(t, Call) for t in (assertion.check.left, assertion.check.right))


NOT_FORMS = [
    "assert.equal(f(x), 2)",
    "assert.equal(f(1).length, 2)",
    "assert.equal(f(1)[0], 2)",
    "assert(!f(1) === 2)",
    "assert.equal(f(1) + 1, 2)",
    "assert.equal(f(() => 1), 2)",
    "assert.throws(() => f(1), /no/)",
    "assert.equal(f({...a}), 1)",
    "assert.equal(f({__proto__: 1}), 1)",
    "assert.equal(f(010), 8)",
    "assert.equal(f(`${1}`), 1)",
    "assert.equal(f(1), 2) assert.equal(f(1), 2)",
    "const x = f(1); assert.equal(x, 2)",
    "for (const x of [1]) assert.equal(f(x), 2)",
    "function test() { assert.equal(f(1), 2) }",
    "process.exit(0)",
    "assert.rejects(f(1))",
    "",
]


@pytest.mark.parametrize("text", NOT_FORMS)
def test_the_form_is_not_on_the_list(text):
    with pytest.raises(NotSplit):
        assertions_in(text)


def test_numbers_are_written_as_javascript_reads_them():
    numbers = [1.0, -0.0, 0.1, 1e21, 2.0**53, 5e-324, float("inf")]
    shown = [written(number(value)) for value in numbers]

    assert shown == ["1", "-0", "0.1", "1e+21", "9007199254740992", "5e-324", "Infinity"]
