"""Node types that cost nothing, for graphs that branch and turn: they note when they ran."""

import json
import os
import time
from pathlib import Path

from sygra_eval import Node, NodeContext, RegisterNode, State, hookimpl


async def put(node: Node, state: State, ctx: NodeContext) -> State:
    """Add what the suite says."""
    del state, ctx
    return dict(node.config["adds"])


async def count(node: Node, state: State, ctx: NodeContext) -> State:
    """Add one to a variable, and say so in another."""
    del ctx
    before = state.get("n", 0)
    trail = state.get("trail", "")
    return {"n": before + 1, "trail": f"{trail}{node.name}{before + 1} "}


async def gamble(node: Node, state: State, ctx: NodeContext) -> State:
    """Add what a second run would not find again: the clock, the process, true chance."""
    del node
    log = Path(os.environ["GAMBLES"])
    drawn = {"row": ctx.row.id, "at": time.time_ns(), "luck": os.urandom(4).hex()}
    log.write_text((log.read_text() if log.exists() else "") + json.dumps(drawn) + "\n")
    luck = [*state.get("luck", []), drawn["luck"], drawn["at"]]
    return {"luck": luck, "turns": state.get("turns", 0) + 1, "answer": f"fine {luck}"}


@hookimpl
def sygra_register_nodes(register: RegisterNode) -> None:
    register("put", put)
    register("count", count)
    register("gamble", gamble)
