"""Node `redact`: masks e-mail addresses before a question reaches a model."""

import re

from sygra_eval import Node, NodeContext, RegisterNode, State, hookimpl


async def redact(node: Node, state: State, ctx: NodeContext) -> State:
    return {"question": re.sub(r"[\w.+-]+@[\w.-]+\w", "<email>", str(state["question"]))}


@hookimpl
def sygra_register_nodes(register: RegisterNode) -> None:
    register("redact", redact)
