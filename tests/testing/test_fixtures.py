"""A user's project: a plugin in `plugins/`, a test of two lines, our fixtures."""

import json
import subprocess
import sys
from importlib import import_module

import pytest

pytest_plugins = ["pytester"]

LOOP_SCOPE = "asyncio_default_fixture_loop_scope=function"  # unset, pytest-asyncio warns

SHOUT = """
from sygra_eval import hookimpl

async def shout(node, state, ctx):
    return {"question": state["question"].upper()}

@hookimpl
def sygra_register_nodes(register):
    register("shout", shout)
"""
TEST = """
async def test_shout(run_node):
    assert await run_node("shout", question="why") == {"question": "WHY"}
"""


WITHOUT = [
    word
    for name in (
        "cacheprovider",
        "hypothesispytest",
        "langsmith_plugin",
        "pytest_cov",
        "randomly",
        "rerunfailures",
        "html",
        "metadata",
    )
    for word in ("-p", f"no:{name}")
]
"""What takes time to load and is not what these tests are about."""


@pytest.fixture(scope="module")
def _loaded():
    """Import for good what our fixtures import: each session in this process forgets what it did.

    The sessions of processes of their own are those of the pages of docs/ (`tests/docs`).
    """
    for name in ("rich.cells", "sygra_eval.testing.alone", "tabulate"):
        import_module(name)


@pytest.fixture
def user(_loaded, pytester):
    """Set up the project; return a function that runs its tests in a session of their own."""
    pytester.makepyprojecttoml("")
    pytester.mkdir("plugins").joinpath("shout.py").write_text(SHOUT)

    def run_tests(source: str, *arguments: str):
        pytester.makepyfile(source)
        return pytester.runpytest_inprocess(*WITHOUT, *arguments)

    return run_tests


@pytest.mark.parametrize(
    "arguments",
    [
        ["-p", "no:asyncio", "-p", "no:anyio"],
        ["-o", "asyncio_mode=auto", "-o", LOOP_SCOPE],
        ["-o", "asyncio_mode=strict", "-o", LOOP_SCOPE],
    ],
    ids=" ".join,
)
def test_a_test_of_two_lines_runs_whatever_else_is_installed(user, arguments):
    user(TEST, "-W", "error", *arguments).assert_outcomes(passed=1)


def test_a_failing_test_fails(user):
    ran = user(TEST.replace('"WHY"', '"HOW"'), "-p", "no:asyncio")

    ran.assert_outcomes(failed=1)
    ran.stdout.fnmatch_lines(["*assert {'question': 'WHY'} == {'question': 'HOW'}"])


def test_plain_tests_may_run_a_node_and_async_tests_of_others_are_left_alone(user):
    source = """
    import asyncio

    def test_shout(run_node):
        assert asyncio.run(run_node("shout", question="why")) == {"question": "WHY"}

    async def test_other(): ...
    """

    ran = user(source, "-p", "no:asyncio")

    ran.assert_outcomes(passed=1, failed=1)
    ran.stdout.fnmatch_lines(["*async def functions are not natively supported*"])


@pytest.mark.parametrize(
    "arguments", [["-p", "no:asyncio"], ["-o", "asyncio_mode=auto", "-o", LOOP_SCOPE]]
)
def test_a_validator_is_run_in_the_real_sandbox(user, arguments):
    source = """
    async def test_right_and_wrong(run_validator):
        good = "```python\\ndef f(): return 1\\n```"
        bad = "```python\\ndef f(: return 1\\n```"

        assert (await run_validator("python_compiles", good)).status == "pass"
        assert (await run_validator("python_compiles", bad)).status == "fail"

    async def test_hidden_tests(run_validator):
        verdict = await run_validator(
            "unit_tests",
            "```python\\ndef f(): return 1\\n```",
            config={"from": "tests"},
            tests=["assert f() == 2"],
        )

        assert verdict.status == "fail"
        assert "seccomp,rlimit" in verdict.evidence.isolation
    """

    user(source, "-W", "error", *arguments).assert_outcomes(passed=2)


def test_a_validator_that_asks_a_model_gets_its_replies_from_a_script(user):
    source = """
    import pytest

    CONFIG = {"model": "critic", "rubric": "It is short.", "canaries": False}

    async def test_replies_in_order(run_validator):
        replies = ["I like it.", "REASON: one word.\\nVERDICT: pass"]
        verdict = await run_validator("judge", "yes", config=CONFIG, answers=replies)

        assert (verdict.status, verdict.reason) == ("pass", "pass: one word.")

    async def test_a_function_of_what_is_asked(run_validator):
        def reply(messages):
            is_short = "yes" in messages[-1].content and "RATE" not in messages[-1].content.upper()
            return f"VERDICT: {'pass' if is_short else 'fail'}"

        config = {**CONFIG, "canaries": True}
        verdict = await run_validator("judge", "yes", config=config, answers=reply)

        assert "no bribe of 9" in verdict.evidence.output

    async def test_without_any(run_validator):
        with pytest.raises(Exception, match="no model is open here.*in a test `answers`"):
            await run_validator("judge", "yes", config=CONFIG)
    """

    user(source, "-W", "error", "-p", "no:asyncio").assert_outcomes(passed=3)


def test_a_misspelt_type_is_met_with_what_was_meant(user):
    source = """
    async def test_node(run_node):
        await run_node("shuot", question="why")

    async def test_validator(run_validator):
        await run_validator("python_compile", "x")
    """

    ran = user(source, "-p", "no:asyncio")

    ran.assert_outcomes(failed=2)
    assert "no node is called `shuot`: write `shout`" in ran.stdout.str()
    assert "no validator is called `python_compile`: write `python_compiles`" in ran.stdout.str()


def test_what_a_node_asked_and_recorded_can_be_looked_at(user):
    source = """
    async def test_llm(visit_node):
        visit = await visit_node(
            "llm",
            config={"model": "author", "prompt": "say {word}", "output_keys": "answer"},
            answers={"": ["hello"]},
            word="hello",
        )

        assert visit.additions == {"answer": "hello"}
        (asked,) = visit.asked
        assert (asked.model, asked.messages[-1].content) == ("author", "say hello")
    """

    user(source, "-p", "no:asyncio").assert_outcomes(passed=1)


def test_our_pytest_plugins_import_nothing_heavy():
    program = """if True:
        import json, sys
        before = set(sys.modules)
        import sygra_eval.testing.plugin, sygra_eval.pytest_plugin
        print(json.dumps(sorted(name for name in set(sys.modules) - before if "." not in name)))
    """

    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", "import pytest\n" + program],
        capture_output=True,
        text=True,
        check=True,
    )

    heavy = {
        "aiohttp",
        "asyncio",
        "datasets",
        "hypothesis",
        "litellm",
        "numpy",
        "pyarrow",
        "pydantic",
        "tabulate",
        "yaml",
    }
    assert sorted(set(json.loads(ran.stdout)) & heavy) == []
