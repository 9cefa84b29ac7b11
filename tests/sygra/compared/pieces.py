"""Pieces of Python that generated tasks are made of; NAME and what stands in <> is replaced."""

HEAD = '''import asyncio
import json
from typing import Any, Optional

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from sygra.core.graph.functions.edge_condition import EdgeCondition
from sygra.core.graph.functions.lambda_function import AsyncLambdaFunction, LambdaFunction
from sygra.core.graph.functions.node_processor import (
    NodePostProcessor,
    NodePostProcessorWithState,
    NodePreProcessor,
)
from sygra.core.graph.graph_postprocessor import GraphPostProcessor
from sygra.processors.data_transform import DataTransform
from sygra.processors.output_record_generator import BaseOutputGenerator
from sygra.utils import constants, utils


def told(state):
    """Return what is in a state, in an order of its own."""
    seen = {}
    for key in sorted(state):
        value = state[key]
        if key == "messages":
            value = [[one.type, one.content] for one in value]
        seen[key] = value
    return json.dumps(seen, default=str, sort_keys=True, ensure_ascii=False)


def number(state):
    return sum(told(state).encode())


'''

POST = (
    """class NAME(NodePostProcessor):
    def apply(self, resp):
        return {"<OUT>": resp.message.content.upper()}
""",
    """class NAME(NodePostProcessorWithState):
    def apply(self, resp, state):
        seen = sorted(key for key in state if key != "tool_calls")
        return {"<OUT>": {"said": resp.message.content, "seen": seen}}
""",
    """class NAME(NodePostProcessor):
    def apply(self, resp, state):
        return {"<OUT>": [resp.message.type, len(state["messages"])], "undeclared": 1}
""",
    """def NAME(resp, state):
    return {"<OUT>": resp.content + str(len(state.get("messages", [])))}
""",
    """def NAME(resp):
    return {"<OUT>": utils.extract_and_load_json(resp.content)}
""",
    """class NAME(NodePostProcessorWithState):
    def apply(self, resp, state):
        state["<OUT>"] = resp.message.content
        return state
""",
    """class NAME(NodePostProcessorWithState):
    def apply(self, resp, state):
        return {"<OUT>": json.loads(resp.message.content)}
""",
)
POST_MANY = """class NAME(NodePostProcessor):
    def apply(self, resp):
        return {"<ONE>": resp.message.content, "<TWO>": len(resp.message.content)}
"""
POST_JSON = """class NAME(NodePostProcessor):
    def apply(self, resp):
        try:
            return {"<OUT>": json.loads(resp.message.content)}
        except ValueError:
            return {"<OUT>": resp.message.content}
"""
POST_MESSAGE = """class NAME(NodePostProcessorWithState):
    def apply(self, resp, state):
        return {"messages": [HumanMessage("it said " + resp.message.content), AIMessage("so")]}
"""
PRE_EXTRA = """class NAME(NodePreProcessor):
    def apply(self, state):
        state["extra"] = f"extra of {len(state['messages'])}"
        if not state["messages"]:
            state["messages"] = []
        return state
"""
PRE = (
    """class NAME(NodePreProcessor):
    def apply(self, state):
        swapped = []
        for one in state["messages"]:
            kind = HumanMessage if one.type == "ai" else AIMessage
            swapped.append(kind(one.content))
        state["messages"] = swapped
        return state
""",
    """def NAME(state):
    state["messages"] = list(state["messages"]) + [HumanMessage("and now?")]
    return state
""",
    """class NAME(NodePreProcessor):
    def apply(self, state):
        state["messages"] = [SystemMessage("first")] + state["messages"][-2:]
        return state
""",
    PRE_EXTRA,
)
LAMBDA_NONE = """def NAME(config, state):
    return None
"""
LAMBDA_UNDECLARED = """class NAME(LambdaFunction):
    def apply(lambda_node_dict, state):
        return {"undeclared": 1, "tool_calls": []}
"""
WRITES_NOTHING = (LAMBDA_NONE, LAMBDA_UNDECLARED)
LAMBDAS = (
    """class NAME(LambdaFunction):
    def apply(lambda_node_dict, state):
        return {"<OUT>": lambda_node_dict["params"]["by"] + len(told(state))}
""",
    """class NAME(LambdaFunction):
    @staticmethod
    def apply(lambda_node_dict, state):
        return {"<OUT>": [str(state.get("<SEEN>")), sorted(state)]}
""",
    """class NAME(AsyncLambdaFunction):
    @staticmethod
    async def apply(lambda_node_dict, state):
        await asyncio.sleep(0)
        return {"<OUT>": told(state)}
""",
    """async def NAME(config, state):
    return {"<OUT>": sorted(config)}
""",
    """def NAME(config, state):
    state["<OUT>"] = str(state.get("<SEEN>"))[:3]
    return state
""",
    """def NAME(config, state):
    for value in state.values():
        if isinstance(value, list):
            value.append("put in")
        if isinstance(value, dict):
            value["put"] = "in"
    return {"<OUT>": 1}
""",
    """def NAME(config, state):
    return {"messages": [AIMessage("from a lambda"), HumanMessage("<SEEN>")], "<OUT>": None}
""",
    """def NAME(config, state):
    if number(state) % 7 == 0:
        raise ValueError("the function raises for some rows")
    return {"<OUT>": {"number": number(state) % 7}}
""",
    """def NAME(config, state):
    state["__chat_history__"].append({"role": "user", "content": "from history"})
    history = [{"role": "user", "content": "h1"}, {"role": "assistant", "content": "h2"}]
    return {"<OUT>": len(state["__chat_history__"]), "__chat_history__": history}
""",
    LAMBDA_NONE,
    LAMBDA_UNDECLARED,
)
COUNT = """def NAME(config, state):
    return {"<OUT>": state.get("<OUT>", 0) + 1}
"""
AGAIN = """class NAME(EdgeCondition):
    @staticmethod
    def apply(state):
        return "again" if state["<COUNT>"] < <TIMES> else "on"
"""
CONDITIONS = (
    """class NAME(EdgeCondition):
    def apply(state):
        return <KEYS>[number(state) % len(<KEYS>)]
""",
    """def NAME(state):
    return <KEYS>[len(state["messages"]) % len(<KEYS>)]
""",
    """class NAME(EdgeCondition):
    @classmethod
    def apply(cls, state):
        state["messages"].append(HumanMessage("a condition said this"))
        return <KEYS>[number(state) % len(<KEYS>)]
""",
)
SEVERAL = """def NAME(state):
    return [["fan", "x"], "fan", "x", ["x"]][number(state) % 4]
"""
TO_THE_END = """class NAME(EdgeCondition):
    @staticmethod
    def apply(state):
        return constants.SYGRA_END if number(state) % 2 else "a"
"""
MULTI = (
    """def NAME(outputs):
    return {"<OUT>": {label: one["<OUT>"] for label, one in outputs.items()}}
""",
    """class NAME:
    def apply(self, outputs):
        return {"<OUT>": " | ".join(str(one) for one in outputs.values())}
""",
)
MULTI_MANY = """def NAME(outputs):
    return {"<ONE>": [one["<ONE>"] for one in outputs.values()], "<TWO>": list(outputs)}
"""
MODEL_POST = """class NAME:
    def apply(self, text):
        return str(text).replace("words", "Words ")
"""
PYDANTIC = """class NAME(BaseModel):
    \"\"\"What is asked for.\"\"\"

    class Inner(BaseModel):
        a: str
        b: list[int] = [1]

    title: str
    inner: Optional[Inner] = None
    count: int = 7
    tags: Optional[list[str]] = None
"""
TOOL = '''@tool
def NAME(text: str, times: int = 2) -> str:
    """Say a text some times."""
    return " ".join([text] * times)
'''
TOOLS = '''from langchain_core.tools import tool


@tool
def shout(text: str) -> str:
    """Say it loudly."""
    return text.upper()


@tool
def fails(x: int) -> int:
    """Fail.

    Whatever it is given.
    """
    raise ValueError(f"cannot do {x}")


class Several:
    @tool
    def add(a: int, b: float = 1.0) -> float:
        """Add two numbers."""
        return a + b

    @tool
    def listed(names: list[str]) -> list[str]:
        """Return them in order."""
        return sorted(map(str, names))
'''
GENERATOR = """class NAME(BaseOutputGenerator):
    @staticmethod
    def shortened(data, state):
        return str(data)[:5]

    def counted(self, data, state):
        return [len(state.get("messages", [])), data]

    def raising(self, data, state):
        if number(state) % 3 == 0:
            raise ValueError("a transform raises")
        return data

    def chats(self, data, state):
        return utils.convert_messages_from_langchain_to_chat_format(state.get("messages") or [])
"""
GENERATE = """
    def generate(self, state):
        if number(state) % 4 == 0:
            return None
        made = super().generate(state)
        return {**made, "by": "generator", "keys": sorted(state)}
"""
TRANSFORM = """class NAME(DataTransform):
    def name(self):
        return "x"

    def transform(self, data, params):
        return [{**row, "by": params.get("by"), "length": len(str(row.get("q")))} for row in data]
"""
POST_PROCESS = """class NAME(GraphPostProcessor):
    def process(self, data, metadata):
        return [{"rows": len(data), "keys": sorted({key for row in data for key in row})}]
"""
SCHEMA = """class NAME(BaseModel):
    id: Any
    messages: list
    <SEEN>: str
"""
