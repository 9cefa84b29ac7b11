"""Hidden tests stay hidden: nothing of them is in any prompt, whatever the answers do."""

import json

import pytest

from tests.engine.conftest import block, code_row

TESTS = {"from": {"visible": "visible_tests", "hidden": "hidden_tests"}}
VALIDATORS = [
    {"use": "python_compiles"},
    {"use": "unit_tests", **TESTS},
    {"use": "stable", **TESTS},
    {"use": "mutation", **TESTS},
    {"use": "differential", "reference": "reference", **TESTS},
    {"use": "doctest"},
]
ANSWERS = {
    "right": block("return x + 1"),
    "wrong": block("return x - 1"),
    "hard-coded": block("return {1: 2}[x]"),
    "raises": block("raise ValueError(x)"),
    "opaque": block("return object()"),
    "exits": block("raise SystemExit(0)"),
    "prints": block("print(x); return x"),
    "reads": block("import sys; raise ValueError(str(sys._getframe(1).f_locals))"),
    "looks": block("raise ValueError(open(__file__).read() + str(globals()))"),
    "broken": "```python\ndef f(x:\n```",
    "talk": "I will not.",
}


@pytest.mark.parametrize("probes", ["mark", "off"])
async def test_no_prompt_holds_anything_of_a_hidden_test(code_suite, run, endpoint, probes):
    marks = {name: 7_310_000_000 + number * 1_111 for number, name in enumerate(ANSWERS)}

    def answer(body):
        text = body["messages"][-1]["content"]
        if text.startswith("criticise"):
            return "NO MORE FEEDBACK" if "hard-coded" in text else "- try again"
        return next(reply for name, reply in ANSWERS.items() if f"<{name}>" in text)

    endpoint.answers_with(answer)
    rows = [
        {
            **code_row(name, f"<{name}>"),
            "hidden_tests": [f"assert f({mark}) == {mark + 1}", f"assert f(-{mark}) == {1 - mark}"],
            "reference": "def f(x):\n    return x + 1\n",
        }
        for name, mark in marks.items()
    ]
    quality = {"probes": probes, "validators": VALIDATORS}
    prompt = [{"user": "revise <{id}>\n{evidence}\n{critique}"}]
    suite = code_suite(
        *rows, loop={"revise": {"model": "author", "prompt": prompt}}, quality=quality
    )

    finished = await run(suite)

    asked = json.dumps(endpoint.requests)
    assert len(finished.ends()) == len(ANSWERS)
    assert "FAILED unit_tests" in asked
    leaked = [name for name, mark in marks.items() if str(mark) in asked or str(mark + 1) in asked]
    assert not leaked
    hard_coded = next(end for end in finished.ends() if end.row_id == "hard-coded")
    assert str(marks["hard-coded"]) in hard_coded.reason  # so the marks would have been seen


async def test_a_prompt_that_shows_the_hidden_tests_is_warned_of(code_suite, run):
    told = []
    draft = {"model": "author", "prompt": [{"user": "draft {question}\n{hidden_tests}"}]}

    await run(code_suite(code_row("r0", "draft=right"), loop={"draft": draft}), tell=told.append)

    (warning,) = [said for said in told if "hidden tests" in said]
    assert "`hidden_tests` holds hidden tests, and this shows them" in warning
