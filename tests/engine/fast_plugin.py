"""A plugin as a user would write one, for runs without a server: each row says what befalls it.

A row's question is a list of words. The model repeats what it is asked, the nodes, the validators
and the observers look for their own words in it.
"""

import asyncio

from sygra_eval import hookimpl
from sygra_eval.values import CallFailed, ChatResponse, Status, Usage, Verdict


class Echo:
    """Repeats the last message; `call-KIND` in it makes the call fail."""

    identity = label = endpoint = "echo"
    max_in_flight = 8

    def __init__(self, spec):
        self.spec = spec

    async def open(self):
        """Nothing to open."""

    async def complete(self, request):
        text = request.messages[-1].content
        for word in text.split():
            if word.startswith("call-"):
                raise CallFailed(word.removeprefix("call-"), "as the row says")
        usage = Usage(prompt_tokens=1, completion_tokens=1)
        return ChatResponse(text=text, finish_reason="stop", usage=usage)

    async def close(self):
        """Nothing to close."""


async def says(candidate, ctx):
    """Judge by the candidate's words: NAME-fail, -error, -raise, -cancel and so on, else pass."""
    name = ctx.validator.name
    verdict = {word.removeprefix(f"{name}-") for word in candidate.text.split() if name in word}
    if "raise" in verdict:
        raise RuntimeError("as the row says")
    if "exit" in verdict:
        raise SystemExit("as the row says")
    if "cancel" in verdict:
        raise asyncio.CancelledError("as the row says")
    if "nonsense" in verdict:
        return "pass"
    status = next((Status(word) for word in ("fail", "error", "skip") if word in verdict), None)
    return Verdict(validator=name, status=status or Status.PASS, reason="as the row says")


async def tag(node, state, ctx):
    """Add the row's words, and break where one says so."""
    question = str(state["question"])
    if "node-raise" in question:
        raise RuntimeError("as the row says")
    if "node-object" in question:
        return {"tag": object()}
    if "node-nan" in question:
        return {"tag": float("nan")}
    if "node-list" in question:
        return ["tag"]
    return {"tag": f"{ctx.row.id} {ctx.random.random()}"}


@hookimpl
def sygra_register_models(register):
    register("echo", Echo)


@hookimpl
def sygra_register_nodes(register):
    register("tag", tag)


@hookimpl
def sygra_register_validators(register):
    register("says", says)
