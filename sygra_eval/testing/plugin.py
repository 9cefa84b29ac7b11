"""Fixtures for tests of plugins, in any pytest session where sygra_eval is installed.

Nothing heavy is imported until a fixture is asked for.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sygra_eval.plugins import Plugins
    from sygra_eval.testing.endpoint import ScriptedEndpoint
    from sygra_eval.testing.nodes import NodeVisit
    from sygra_eval.testing.validators import Answers
    from sygra_eval.values import State, Verdict

_OURS = frozenset({"visit_node", "run_node", "run_validator", "scripted_endpoint"})


@pytest.fixture
def scripted_endpoint() -> "Iterator[ScriptedEndpoint]":
    """Serve models on loopback from a script: see `sygra_eval.testing.ScriptedEndpoint`.

    It runs in a thread of its own, so a test that starts `sygra-eval` may use it as well.
    """
    from sygra_eval.testing.endpoint import ScriptedEndpoint

    with ScriptedEndpoint.in_a_thread() as endpoint:
        yield endpoint


@pytest.fixture
def sygra_plugins(request: pytest.FixtureRequest) -> "Plugins":
    """Discover the plugins that act on suites in the test session's root folder."""
    from sygra_eval.plugins import load_plugins

    return load_plugins(request.config.rootpath, is_trusted=True)


@pytest.fixture
def visit_node(sygra_plugins: "Plugins") -> Callable[..., Awaitable["NodeVisit"]]:
    """Run a node once and look at all that it did: see `sygra_eval.testing.visit_node`."""

    async def visit(
        node_type: str,
        *,
        config: Mapping[str, object] | None = None,
        answers: Mapping[str, list[str]] | None = None,
        judging: Callable[[str], list["Verdict"]] | None = None,
        tokens_per_call: int = 10,
        models: Mapping[str, Mapping[str, Any]] | None = None,
        **columns: object,
    ) -> "NodeVisit":
        from sygra_eval.testing.nodes import visit_node

        return await visit_node(
            sygra_plugins,
            node_type,
            columns,
            config=config,
            answers=answers,
            judging=judging,
            tokens_per_call=tokens_per_call,
            models=models,
        )

    return visit


@pytest.fixture
def run_node(
    visit_node: Callable[..., Awaitable["NodeVisit"]],
) -> Callable[..., Awaitable["State"]]:
    """Visit a node once for what it adds.

    As in `assert await run_node("redact", question="…") == {"question": "…"}`.
    """

    async def run(node_type: str, **columns: Any) -> "State":
        return (await visit_node(node_type, **columns)).additions

    return run


@pytest.fixture
def run_validator(sygra_plugins: "Plugins") -> Callable[..., Awaitable["Verdict"]]:
    """Judge an answer with one validator in this host's sandbox.

    As in `await run_validator("unit_tests", answer, config={"from": "tests"}, tests=[…])`. To one
    that asks a model give its replies: `answers=["…", "…"]`, or a function of the messages.
    """

    async def run(
        name: str,
        answer: str,
        *,
        config: Mapping[str, object] | None = None,
        answers: "Answers | None" = None,
        **columns: Any,
    ) -> "Verdict":
        from sygra_eval.testing.validators import validator_runner

        # Started for each call, as a fixture of a plain function has no event loop to end it in.
        async with validator_runner(sygra_plugins) as judge:
            return await judge(name, answer, config=config, answers=answers, **columns)

    return run


def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an async test that uses a fixture of ours, where no other plugin runs it."""
    test = pyfuncitem.obj
    if not inspect.iscoroutinefunction(test) or _OURS.isdisjoint(pyfuncitem.fixturenames):
        return None
    import asyncio

    named = inspect.signature(test).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in named if name in pyfuncitem.funcargs}
    asyncio.run(test(**arguments))
    return True
