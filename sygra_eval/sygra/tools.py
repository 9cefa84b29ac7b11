"""The tools of a node: what a model is told of them, and what comes of its calls."""

import importlib
import inspect
import json
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from sygra_eval.sygra.given import GIVEN
from sygra_eval.sygra.limited import NeverReturned, Python
from sygra_eval.sygra.naming import TaskFault, function_at
from sygra_eval.sygra.replies import strict
from sygra_eval.values import ToolCall


def tools_at(paths: list[str]) -> list[Any]:
    """Return the tools that a node names: each alone, or all of a class or a module.

    :raises TaskFault: When one is none.
    """
    found = []
    for path in paths:
        tools = list(_tools_at(path))
        if not tools:
            raise TaskFault(f"`{path}` is no tool, and none is in it")
        found += tools
    return found


def _tools_at(path: str) -> Iterator[Any]:
    base = _base()
    if path in GIVEN:
        given = GIVEN[path]
        yield given if isinstance(given, base) else _as_tool(given)
        return
    try:
        owner: Any = importlib.import_module(path)
    except ModuleNotFoundError as missing:
        if missing.name not in (path, path.rpartition(".")[0]) and not path.startswith(
            f"{missing.name}."
        ):
            raise TaskFault(f"`{path}` cannot be imported: {missing}") from missing
        owner = function_at(path)
    except Exception as error:  # the boundary to the task
        told = f"`{path}` cannot be imported: {type(error).__name__}: {error}"
        raise TaskFault(told) from error
    if isinstance(owner, base):
        yield owner
    elif isinstance(owner, type) and hasattr(owner, "get_tools"):
        yield from owner().get_tools()
    elif isinstance(owner, ModuleType | type):
        for _, one in inspect.getmembers(owner):
            if isinstance(one, base) and _is_own(one, owner):
                yield one


def _is_own(tool: Any, owner: Any) -> bool:
    """Leave out of a module what it imports only."""
    function = getattr(tool, "func", None) or getattr(tool, "coroutine", None)
    is_module = isinstance(owner, ModuleType) and function is not None
    return not is_module or function.__module__ == owner.__name__


def _as_tool(function: Any) -> Any:
    """Return a tool of a plain function, which its signature and docstring describe."""
    from langchain_core.tools import tool  # of the extra `sygra`, as is all that uses it

    try:
        return tool(function)
    except (TypeError, ValueError) as error:
        raise TaskFault(f"{function!r} is no tool: {error}") from error


def _base() -> Any:
    try:
        from langchain_core.tools import BaseTool
    except ImportError as error:
        raise TaskFault("tools need langchain_core: pip install 'sygra-eval[sygra]'") from error
    return BaseTool


def told_of(tools: list[Any]) -> list[dict[str, Any]]:
    """Return tools as OpenAI's chats have them."""
    from langchain_core.utils.function_calling import convert_to_openai_tool

    return [_strict(convert_to_openai_tool(tool)) for tool in tools]


def _strict(told: dict[str, Any]) -> dict[str, Any]:
    """Return a tool that a model has to call by its schema, as SyGra tells all of them.

    All its arguments are asked for, as OpenAI refuses a strict tool with others (P23).
    """
    function = dict(told["function"])
    parameters = strict(function.get("parameters") or {"type": "object", "properties": {}})
    return {**told, "function": {**function, "strict": True, "parameters": parameters}}


def as_openai(calls: tuple[ToolCall, ...]) -> list[dict[str, Any]]:
    """Return the calls of a reply, as a state holds them."""
    return [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in calls
    ]


async def result_of(call: ToolCall, tools: Mapping[str, Any], python: Python) -> str:
    """Return what a tool says; its errors are told to the model, which may mend its call."""
    tool = tools.get(call.name)
    if tool is None:
        known = ", ".join(tools)
        return f"Error: there is no tool `{call.name}`; there are: {known}"
    try:
        arguments = json.loads(call.arguments or "{}")
        is_async = getattr(tool, "coroutine", None) is not None
        said = await python.call(tool.ainvoke if is_async else tool.invoke, arguments)
    except NeverReturned:
        raise
    except Exception as error:  # noqa: BLE001 - the boundary to the task
        return f"Error: {type(error).__name__}: {error}"
    return said if isinstance(said, str) else _as_text(said)


def _as_text(said: Any) -> str:
    try:
        return json.dumps(said, ensure_ascii=False)
    except (TypeError, ValueError):
        return str(said)
