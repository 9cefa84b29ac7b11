"""`javascript_tests` against the real Node in the real sandbox."""

import shutil

import pytest

from sygra_eval.sandbox import program_at
from sygra_eval.values import Status, Trust

needs_node = pytest.mark.skipif(program_at("node") is None, reason="node is not installed")
pytestmark = needs_node
ADD = "function add(a, b) { return a + b; }\n"
THREE = ["assert.strictEqual(add(1, 2), 3);", "assert.strictEqual(add(-1, 1), 0);"]


@pytest.fixture
def judge(judge_in_sandbox):
    """Judges JavaScript that stands in a fence, by tests in the column `tests`."""

    async def judged(code, tests, *, entry_point="add", **config):
        return await judge_in_sandbox(
            "javascript_tests",
            f"Here:\n```js\n{code}\n```\n",
            config={"from": "tests", **config},
            tests=tests,
            entry_point=entry_point,
        )

    return judged


async def test_a_right_answer_passes_with_its_evidence(judge, sandbox):
    verdict = await judge(ADD, THREE)

    assert (verdict.status, verdict.score, verdict.trust) == (Status.PASS, 1.0, Trust.SEPARATE)
    assert verdict.reason == "2 of 2 visible tests passed"
    assert verdict.evidence.output.startswith("node v")
    assert verdict.evidence.isolation.endswith(",programs)")
    assert "strictEqual" not in sandbox.asked[0].stdin
    assert sandbox.asked[0].stdin.count('"3"') == 0


async def test_a_wrong_answer_fails_with_call_expected_and_got(judge):
    verdict = await judge("const add = (a, b) => a - b;", THREE)

    assert (verdict.status, verdict.score) == (Status.FAIL, 0.0)
    assert verdict.reason == "visible test 1 of 2 failed: `add(1, 2)` gave -1, expected 3"
    assert verdict.evidence.failing.got == "-1"


RIGHT = {
    "a constant": "const add = (a, b) => a + b;",
    "a class's function": "class A { static add(a, b) { return a + b; } }\nconst { add } = A;",
    "commonjs": "const add = (a, b) => a + b;\nmodule.exports = { add };",
    "only exported": "module.exports = { add: (a, b) => a + b };",
    "exported as a whole": "module.exports = (a, b) => a + b;",
    "a module": "export function add(a, b) { return a + b; }",
    "a module's default": "export default function add(a, b) { return a + b; }",
    "a nameless default": "export default (a, b) => a + b;",
    "a module that exports nothing": "import assert from 'node:assert';\n" + ADD,
    "top-level await": "const one = await Promise.resolve(0);\nconst add = (a, b) => a + b + one;",
    "tests of its own": ADD + "console.log(add(1, 2));\nconst assert = require('assert');",
    "a name of Node's": "const crypto = require('crypto'), process = 1;\n" + ADD,
}


async def test_an_answer_is_found_however_it_defines_itself(judge):
    verdicts = {name: await judge(code, THREE) for name, code in RIGHT.items()}

    assert {name: v.reason for name, v in verdicts.items() if v.status is not Status.PASS} == {}


HACKS = {
    "exits": ("process.exit(0);", "ended before"),
    "exits when called": ("function add() { process.exit(0); }", "ended before"),
    "exits at once": ("process.reallyExit(0);", "does not finish loading"),
    "an object that is anything": (
        "function add() { return { valueOf: () => 3, toString: () => '3' }; }",
        "a function",
    ),
    "a proxy": ("function add() { return new Proxy([], {}); }", "a proxy"),
    "a patched assert": (
        "const a = require('assert'); a.strictEqual = a.ok = () => {};\nfunction add() {}",
        "gave undefined, expected 3",
    ),
    "a patched encoder": (
        'JSON.stringify = () => \'{"n":"3"}\'; Object.is = () => true;\nfunction add() {}',
        "gave undefined, expected 3",
    ),
    "right only at first": (
        "let n = 0; function add(a, b) { n += 1; return n > 2 ? 7 : a + b; }",
        "another answer when asked again",
    ),
    "lines of its own": (
        'require(\'fs\').writeSync(3, \'["x","answer",0,[["value",{"n":"3"}]]]\\n\');\n' + ADD,
        "does not finish loading",
    ),
    "all it was told": (
        "const o = JSON.parse(require('fs').readFileSync(0) + '' || '{}');\n"
        "function add() { return o.expected; }",
        "failed",
    ),
    "a hang": ("function add() { for (;;); }", "still running when its time was up"),
    "a promise": ("async function add(a, b) { return a + b; }", "Promise"),
    "nothing": ("const other = 1;", "`add` is not defined as a function"),
    "a throw": (
        "function add() { throw new TypeError('no'); }",
        "TypeError: no (answer.js, line 1",
    ),
    "a syntax error": ("function add( {", "fails when it is loaded: SyntaxError"),
    "memory": (
        "function add() { const a = []; for (;;) a.push(new Array(1e5).fill(1)); }",
        "needed more memory than it may have",
    ),
    "memory outside the heap": (
        "function add() { const a = []; for (;;) a.push(Buffer.alloc(1e7, 1)); }",
        "failed",
    ),
    "a child": (
        "function add() { return require('child_process').execSync('echo 3').length; }",
        "EPERM",
    ),
    "another thread's word": (
        "const { Worker } = require('worker_threads');\n"
        "new Worker('process.exit(0)', {eval: true});\nfunction add() { return undefined; }",
        "failed",
    ),
}


async def test_a_wrong_answer_does_not_pass_by_deceit(judge):
    for name, (code, reason) in HACKS.items():
        timeout = 1.5 if name == "a hang" else 20
        verdict = await judge(code, THREE, timeout=timeout)

        assert verdict.status is Status.FAIL, (name, verdict)
        assert reason in verdict.reason, (name, verdict.reason)


async def test_an_answer_without_the_function_does_not_pass_tests_that_want_an_error(judge):
    verdict = await judge("const x = 1;", ["assert.throws(() => add(1));"])

    assert verdict.status is Status.FAIL


async def test_an_error_is_known_by_its_class_or_by_its_name(judge):
    tests = [
        "assert.throws(() => add('class'), TypeError)",
        "assert.throws(() => add('name'), {name: 'TypeError', message: 'no'})",
        {"call": "add", "args": ["own"], "throws": "TooFar"},
    ]
    right = (
        "class TooFar extends Error { constructor() { super('far'); this.name = 'TooFar'; } }\n"
        "function add(x) { throw x === 'own' ? new TooFar() : new TypeError('no'); }"
    )
    only_called_so = "function add() { throw { name: 'TypeError', message: 'no' }; }"

    assert (await judge(right, tests)).status is Status.PASS
    assert (await judge(only_called_so, tests)).reason == (
        "visible test 1 of 3 failed: `add('class')` gave { name: 'TypeError', message: 'no' } was"
        " thrown, expected TypeError"
    ).replace("'class'", '"class"')


VALUES = """NaN; -Infinity; -0; undefined; 12345678901234567890n; 0.1; 1e300; null; [];
new Map([['a', [1]], ['b', new Set([1, 2])]]); {a: 1, 'b c': [null, undefined, true], 2: 'x'};
'caf\\u00e9 \\u{1F600} \\ud83d'; `tick`"""


async def test_a_value_goes_in_and_comes_out_as_what_it_is(judge):
    literals = [literal.strip() for literal in VALUES.split(";")]
    tests = [f"assert.deepStrictEqual(add({literal}), {literal})" for literal in literals]

    verdict = await judge("const add = x => x;", tests)

    assert (verdict.status, verdict.trust) == (Status.PASS, Trust.SEPARATE), verdict


async def test_values_that_only_look_alike_are_not_the_same(judge):
    code = "const f = [() => -0, () => '3', () => 3n, () => [undefined], () => null, () => [,]];"
    expected = ["0", "3", "3", "[null]", "undefined", "[undefined]"]
    tests = [
        f"assert.deepStrictEqual(add({number}), {text})" for number, text in enumerate(expected)
    ]

    verdict = await judge(f"{code}\nconst add = n => f[n]();", tests)

    assert (verdict.status, verdict.score) == (Status.FAIL, 0.0)


async def test_tests_can_be_objects_of_plain_data(judge):
    tests = [
        {"call": "add", "args": [1, 2], "expected": 3},
        {"call": "add", "args": [[1], "x"], "expected": "1x"},
        {"call": "boom", "args": [], "throws": "RangeError"},
        {"call": "late", "args": [1], "expected": [1], "await": True},
    ]
    code = ADD + (
        "function boom() { throw new RangeError('far'); }\nconst late = async x => [x];\n"
    )

    assert (await judge(code, tests)).status is Status.PASS
    failed = await judge(code.replace("RangeError", "TypeError"), tests)
    assert failed.reason == (
        "visible test 3 of 4 failed: `boom()` gave TypeError: far, expected RangeError"
    )


async def test_what_cannot_be_split_runs_beside_the_answer_and_says_so(judge):
    tests = [*THREE, "const r = [1, 2].map(x => add(x, 1));\nassert.deepStrictEqual(r, [2, 3]);"]

    right = await judge(ADD, tests)
    wrong = await judge("const add = (a, b) => a === 2 ? 9 : a + b;", tests)

    assert (right.status, right.trust) == (Status.PASS, Trust.COOPERATIVE)
    assert (wrong.status, wrong.score) == (Status.FAIL, pytest.approx(2 / 3))
    assert "visible test 3 of 3" in wrong.reason


async def test_an_exit_in_a_test_that_was_not_split_passes_nothing(judge):
    tests = ["const x = add(1, 2);\nassert.strictEqual(x, 3);"]

    verdict = await judge("function add() { process.exit(0); }", tests)

    assert (verdict.status, verdict.score) == (Status.FAIL, 0.0)


async def test_a_program_of_tests_is_as_many_tests_as_it_has_assertions(judge):
    program = (
        "const assert = require('node:assert');\n\nfunction test() {\n  let candidate = add;\n"
        "  assert.deepEqual(candidate(1, 2), 3);\n  assert.deepEqual(candidate(2, 2), 5);\n}\n\n"
        "test();\n"
    )

    verdict = await judge(ADD, program)

    assert verdict.reason == "visible test 2 of 2 failed: `add(2, 2)` gave 4, expected 5"
    assert verdict.trust is Trust.SEPARATE


@pytest.mark.parametrize(
    ("tests", "reason"),
    [
        (["assert.strictEqual(add(1), [1])"], "write `deepStrictEqual`"),
        (["test('x', () => { expect(add(1)).toBeInstanceOf(A) })"], "no test framework"),
        (["assert.ok(true)"], "calls nothing"),
        ([{"call": "add"}], "either `expected` or `throws`"),
        ([{"call": "a.b", "expected": 1}], "`call` has to be a name"),
        ([{"call": "add", "arg": [1], "expected": 1}], "has the key `arg`"),
        ([3], "neither a text nor an object"),
    ],
)
async def test_tests_that_mean_nothing_are_an_error_of_the_suite(judge, tests, reason):
    verdict = await judge(ADD, tests)

    assert (verdict.status, verdict.score) == (Status.ERROR, None)
    assert reason in verdict.reason


async def test_an_answer_in_another_language_has_no_code(judge_in_sandbox):
    verdict = await judge_in_sandbox(
        "javascript_tests",
        "```python\ndef add(a, b): return a + b\n```",
        config={"from": "tests"},
        tests=THREE,
    )

    assert (verdict.status, verdict.reason.split(";")[0]) == (
        Status.FAIL,
        "no_code: no JavaScript code in the answer (rule 15)",
    )


async def test_a_node_that_does_not_start_is_our_fault(judge, monkeypatch):
    monkeypatch.setattr(
        "sygra_eval.validators.javascript_driver.program_at", lambda name: f"/nowhere/{name}"
    )

    verdict = await judge(ADD, THREE)

    assert (verdict.status, verdict.score) == (Status.ERROR, None)
    assert "node does not start in the sandbox" in verdict.reason


async def test_without_node_the_verdict_is_an_error_that_says_what_to_do(judge, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)

    verdict = await judge(ADD, THREE)

    assert verdict.status is Status.ERROR
    assert "sudo apt-get install nodejs" in verdict.reason
