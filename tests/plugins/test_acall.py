"""`acall` against a model of what pluggy promises: order, first answer, all answers."""

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace

import pluggy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.hookspecs import PROJECT, hookimpl, hookspec
from sygra_eval.plugins import KINDS, Plugins


class TwoHooks:
    @hookspec(firstresult=True)
    async def sygra_first(self, one, two): ...

    @hookspec
    async def sygra_all(self, one, two): ...


HOOKS = ("sygra_first", "sygra_all")


@dataclass(frozen=True)
class Implementation:
    answer: int | None
    place: str  # tryfirst, trylast or plain
    is_async: bool
    takes: tuple[str, ...] = ()


IMPLEMENTATIONS = st.lists(
    st.builds(
        Implementation,
        answer=st.none() | st.integers(),
        place=st.sampled_from(["tryfirst", "plain", "trylast"]),
        is_async=st.booleans(),
    ),
    max_size=8,
)


def expected(implementations: list[Implementation]) -> tuple[list[int], list[int]]:
    """Return the order of the calls, and the answers that are not None.

    Last registered is called first; among those marked `trylast` it is called last.
    """
    order = []
    for place in ("tryfirst", "plain", "trylast"):
        placed = [
            i for i, implementation in enumerate(implementations) if implementation.place == place
        ]
        order += placed if place == "trylast" else reversed(placed)
    return order, [a for i in order if (a := implementations[i].answer) is not None]


def plugins_with(implementations: list[Implementation], called: list[int]) -> Plugins:
    pm = pluggy.PluginManager(PROJECT)
    pm.add_hookspecs(TwoHooks)
    for index, implementation in enumerate(implementations):
        functions = {hook: _function(implementation, index, called) for hook in HOOKS}
        pm.register(SimpleNamespace(**functions), name=str(index))
    return Plugins(pm, {kind: {} for kind in KINDS})


def _function(implementation: Implementation, index: int, called: list[int]):
    def plain():
        called.append(index)
        return implementation.answer

    async def awaited():
        await asyncio.sleep(0)
        return plain()

    marks = {} if implementation.place == "plain" else {implementation.place: True}
    return hookimpl(**marks)(awaited if implementation.is_async else plain)


@given(IMPLEMENTATIONS)
def test_all_answers_come_in_pluggys_order_without_none(implementations):
    called = []
    plugins = plugins_with(implementations, called)

    answers = asyncio.run(plugins.acall("sygra_all", one=1, two=2))

    assert (called, answers) == expected(implementations)


@given(IMPLEMENTATIONS)
def test_the_first_answer_ends_the_walk(implementations):
    called = []
    plugins = plugins_with(implementations, called)

    answer = asyncio.run(plugins.acall("sygra_first", one=1, two=2))

    order, answers = expected(implementations)
    assert answer == (answers[0] if answers else None)
    asked = [implementations[index].answer is not None for index in called]
    assert called == order[: len(called)]
    assert True not in asked[:-1]
    assert len(called) == len(order) or asked[-1]


@given(IMPLEMENTATIONS)
def test_the_order_is_the_one_that_pluggy_itself_takes(implementations):
    plain = [
        Implementation(answer=i.answer, place=i.place, is_async=False) for i in implementations
    ]
    plugins = plugins_with(plain, [])

    assert plugins.pluggy.hook.sygra_all(one=1, two=2) == expected(plain)[1]
    assert asyncio.run(plugins.acall("sygra_all", one=1, two=2)) == expected(plain)[1]
    assert asyncio.run(plugins.acall("sygra_first", one=1, two=2)) == (
        plugins.pluggy.hook.sygra_first(one=1, two=2)
    )


@pytest.mark.parametrize(
    ("function", "answer"),
    [
        (lambda: "none", "none"),
        (lambda one: one, 1),
        (lambda two: two, 2),
        (lambda two, one: (two, one), (2, 1)),
    ],
)
async def test_an_implementation_is_given_the_arguments_that_it_names(function, answer):
    plugins = plugins_with([], [])
    plugins.pluggy.register(SimpleNamespace(sygra_first=hookimpl(function)), name="mine")

    assert await plugins.acall("sygra_first", one=1, two=2) == answer


async def test_false_and_empty_answers_are_answers():
    for answer in (0, "", False, []):
        plugins = plugins_with([Implementation(answer, "plain", is_async=True)], [])

        assert await plugins.acall("sygra_first", one=1, two=2) == answer
        assert await plugins.acall("sygra_all", one=1, two=2) == [answer]


async def test_an_exception_is_the_callers_to_handle():
    async def broken():
        raise LookupError("oh")

    plugins = plugins_with([], [])
    plugins.pluggy.register(SimpleNamespace(sygra_first=hookimpl(broken)), name="mine")

    with pytest.raises(LookupError, match="oh"):
        await plugins.acall("sygra_first", one=1, two=2)
