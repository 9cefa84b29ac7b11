"""`doctest`: the examples in an answer's own docstrings."""

import pytest

from sygra_eval.values import Status, TestCount


def answer(body: str, *examples: str) -> str:
    lines = "\n".join(f"    {line}" for example in examples for line in example.splitlines())
    return f'```python\ndef f(x):\n    """Do it.\n\n{lines}\n    """\n    {body}\n```\n'


async def test_examples_that_hold_pass_with_cooperative_trust(judge_in_sandbox):
    verdict = await judge_in_sandbox(
        "doctest", answer("return x + 1", ">>> f(1)\n2", ">>> f(2)\n3")
    )

    assert (verdict.status, verdict.score, verdict.reason) == (
        "pass",
        1.0,
        "2 of 2 examples hold",
    )
    assert verdict.trust == "cooperative"
    assert verdict.evidence.tests == {"doctest": TestCount(passed=2, total=2)}
    assert verdict.evidence.isolation.startswith("reduced(")


async def test_the_first_that_does_not_hold_is_shown(judge_in_sandbox):
    text = answer("return x", ">>> f(1)\n1", ">>> f(1)\n2", ">>> f(2)\n3")

    verdict = await judge_in_sandbox("doctest", text)

    assert (verdict.status, verdict.score) == ("fail", pytest.approx(1 / 3))
    assert verdict.reason == "example 2 of 3 failed: `f(1)` gave 1, expected 2"
    case = verdict.evidence.failing
    assert (case.test, case.input, case.expected, case.got) == ("example of f", "f(1)", "2", "1")


@pytest.mark.parametrize(
    "example",
    [
        ">>> f(0)\nTraceback (most recent call last):\nZeroDivisionError: division by zero",
        ">>> print(1.0 / 3)  # doctest: +ELLIPSIS\n0.333...",
        ">>> f(0)  # doctest: +SKIP\n9\n>>> f(1)\n1.0",
        ">>> y = f(1)\n>>> y\n1.0",
        ">>> print('a', '', 'b', sep=chr(10))\na\n<BLANKLINE>\nb",
        ">>> for n in [1, 2]:\n...     print(f(n))\n1.0\n0.5",
    ],
)
async def test_examples_of_many_kinds_hold(judge_in_sandbox, example):
    verdict = await judge_in_sandbox("doctest", answer("return 1 / x", example))

    assert verdict.status is Status.PASS, verdict.reason


@pytest.mark.parametrize(
    "text",
    [
        "```python\ndef f(x):\n    return x\n```",
        '```python\nimport os\nos._exit(7)\ndef f():\n    """Nothing."""\n```',
        answer("return x", ">>> f(0)  # doctest: +SKIP\n9"),
    ],
)
async def test_without_examples_it_is_skipped_and_nothing_runs(judge_in_sandbox, text):
    verdict = await judge_in_sandbox("doctest", text)

    assert (verdict.status, verdict.reason) == ("skip", "no docstring has an example")
    assert verdict.evidence.exit_code == 0


ONE = ">>> f(1)\n1"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (answer("1/0", ONE), "`f(1)`: ZeroDivisionError: division by zero"),
        (answer("raise SystemExit(0)", ONE), "`f(1)`: the code exits (SystemExit: 0)"),
        (answer("import os; os._exit(0)", ONE), "the program ended before its examples did"),
        (
            answer("return x", f"{ONE}\n>>> f(2)  # doctest: +REPORT_ONLY_FIRST_FAILURE\n1"),
            "gave 2",
        ),
        (
            answer("return x", ONE).replace("def f", "1/0\ndef f"),
            "the code fails when it is loaded",
        ),
        (
            answer("return x", ONE).replace("def f", "while True: pass\ndef f"),
            "the code does not finish loading: still running",
        ),
        ("```python\ndef f(:\n```", "SyntaxError"),
        ("I cannot help.", "no_code: "),
        (answer("print(chr(27), chr(0xd800))", ONE), "gave \\x1b \\ud800, expected 1"),
        (
            answer("return x", ONE).replace(
                "def f", 'import os\nos.write(3, b\'["", "pass", 0, {}]\\n\')\ndef f'
            ),
            "the code does not finish loading",
        ),
    ],
)
async def test_code_that_does_not_do_it_fails_with_what_happened(judge_in_sandbox, text, reason):
    verdict = await judge_in_sandbox("doctest", text)

    assert verdict.status is Status.FAIL, verdict
    assert reason in verdict.reason
    verdict.reason.encode()


async def test_the_suite_may_give_less_time(judge_in_sandbox, sandbox):
    await judge_in_sandbox("doctest", answer("return x", ONE), config={"timeout": 0.5})

    assert 0.5 <= sandbox.asked[0].limits.wall_s == sandbox.asked[0].limits.cpu_s <= 4


@pytest.mark.parametrize("body", ["return object()", "print({str(n) for n in range(9)})", "1 / 0"])
async def test_a_verdict_is_the_same_when_it_is_given_again(judge_in_sandbox, body):
    first, second = [await judge_in_sandbox("doctest", answer(body, ONE)) for _ in range(2)]

    assert repr(first) == repr(second)
