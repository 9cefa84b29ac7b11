"""One node or one validator, without a fixture."""

from types import SimpleNamespace

from sygra_eval import Status, Verdict, hookimpl
from sygra_eval.testing import run_node, run_validator


async def shout(node, state, ctx):
    return {"loud": str(state["said"]).upper()}


async def loud(candidate, ctx):
    is_loud = candidate.text == str(ctx.columns["said"]).upper()
    status = Status.PASS if is_loud else Status.FAIL
    return Verdict(validator=ctx.validator.name, status=status, reason="as it sounds")


@hookimpl
def sygra_register_nodes(register):
    register("shout", shout)


@hookimpl
def sygra_register_validators(register):
    register("loud", loud)


MINE = SimpleNamespace(
    __name__="mine",
    sygra_register_nodes=sygra_register_nodes,
    sygra_register_validators=sygra_register_validators,
)


async def test_a_node_of_a_plugin_that_is_given_is_run():
    assert await run_node("shout", plugins=[MINE], said="hello") == {"loud": "HELLO"}


async def test_a_node_that_asks_gets_its_answers_from_a_script():
    config = {"model": "author", "prompt": "{said}", "output_keys": "reply"}

    assert await run_node("llm", config=config, answers={"": ["yes"]}, said="?") == {"reply": "yes"}


async def test_a_validator_of_a_plugin_that_is_given_judges():
    good = await run_validator("loud", "HELLO", plugins=[MINE], said="hello")
    bad = await run_validator("loud", "hello", plugins=[MINE], said="hello")

    assert (good.status, bad.status) == ("pass", "fail")
