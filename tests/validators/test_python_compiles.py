import pytest

from sygra_eval.values import Status


async def test_code_that_compiles_passes_and_is_not_run(judge_compiles):
    verdict = await judge_compiles("print('ran')\ndef add(a, b): return a + b\n1/0\n")

    assert (verdict.status, verdict.score, verdict.reason) == (Status.PASS, 1.0, "compiles")
    assert verdict.evidence.isolation.startswith("reduced(landlock")
    assert (verdict.validator, verdict.is_required) == ("compiles", True)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def add(a, b):\n    retrun a\n", "line 2, column 12: SyntaxError: invalid syntax: `ret"),
        ("def add(a, b):\nreturn a\n", "line 2, column 1: IndentationError: expected an indented"),
        ("def add(): pass\nreturn 1\n", "line 2, column 1: SyntaxError: 'return' outside function"),
        ("def add(a, a): pass\n", "SyntaxError: duplicate argument 'a' in function definition"),
        ("def sub(a, b): pass\n", "wrong_name: `add` is not defined at the top level; defined"
         " there: `sub`"),
        ("(" * 5000, "too many nested parentheses"),
        ("x = " + "-" * 60_000 + "1", ""),
        ("a\x00b", "null"),
        ("x = '\ud800'", "SyntaxError: (unicode error)"),
    ],
)  # fmt: skip
async def test_code_that_does_not_fails_with_the_place(judge_compiles, code, reason):
    verdict = await judge_compiles(code)

    assert (verdict.status, verdict.score) == (Status.FAIL, 0.0)
    assert reason in verdict.reason
    assert len(verdict.reason) < 800


@pytest.mark.parametrize(
    "code",
    [
        "add = lambda a, b: a + b",
        "class add: pass",
        "from operator import add",
        "async def add(): pass",
        "try:\n    from fast import add\nexcept ImportError:\n    def add(a, b): return a + b",
        "add: object = print",
        "(add, other), *rest = (1, 2), 3",
    ],
)
async def test_an_entry_point_may_be_bound_in_any_way(judge_compiles, code):
    assert (await judge_compiles(code)).status is Status.PASS


async def test_without_an_entry_point_any_code_that_compiles_passes(judge_compiles):
    assert (await judge_compiles("x = 1", entry_point=None)).status is Status.PASS


async def test_warnings_are_no_failure(judge_compiles):
    assert (await judge_compiles("def add(a): return a is 1, '\\d'")).status is Status.PASS


async def test_no_code_fails(judge_compiles):
    verdict = await judge_compiles(None)

    assert verdict.status is Status.FAIL
    assert verdict.reason.startswith("no_code: no Python code in the answer (rule 15)")
