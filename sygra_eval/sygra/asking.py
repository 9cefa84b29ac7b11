"""The nodes that ask models: `llm`, `multi_llm`, `agent`. Start at `llm_node`.

In this order: what prepares the state, the prompt, the talk so far, the call, what reads the
reply, and what is kept of the turn. Where a reply goes, `output_keys` says.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sygra_eval.sygra import functions
from sygra_eval.sygra.config import restored
from sygra_eval.sygra.functions import TaskError
from sygra_eval.sygra.histories import entry, with_history
from sygra_eval.sygra.importing import active_root
from sygra_eval.sygra.limited import Python
from sygra_eval.sygra.media_kinds import Kind, kind_of
from sygra_eval.sygra.prompts import rendered, said
from sygra_eval.sygra.replies import Tidy, asked_for_json, own_text, schema_of, tidied, tidy_text
from sygra_eval.sygra.shim.core.graph.sygra_message import SygraMessage
from sygra_eval.sygra.state import HISTORY, MESSAGES
from sygra_eval.sygra.tools import as_openai, result_of, told_of, tools_at
from sygra_eval.values import ChatResponse, Complete, Message, ToolCall

_MOST_TURNS = 12
"""So often an agent is asked: 25 steps, of which each call of tools takes two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visiting:
    """One visit of a node.

    :ivar number: Which visit of it this is, from 1.
    :ivar index: The place of the record's row, for what is taken in turn.
    :ivar python: How the task's Python is called.
    """

    complete: Complete
    node: str
    number: int
    python: Python
    index: int = 0


NodeRun = Callable[[dict[str, Any], Visiting], Awaitable[Mapping[str, Any] | None]]


@dataclass(slots=True)
class _Asker:
    """What a node asks with: made once, used for every record."""

    name: str
    config: dict[str, Any]
    properties: dict[str, Any]
    model: str
    parameters: dict[str, Any]
    tidy: Tidy
    schema: Any
    tools: list[Any]
    told: list[dict[str, Any]]
    before: Callable[[Any], Any] | None
    after: Callable[[Any, Any, Any], Any] | None

    @property
    def input_key(self) -> str:
        return str(self.config.get("input_key", MESSAGES))

    async def prepared(self, state: dict[str, Any], python: Python) -> Any:
        if self.before is not None:
            return await python.in_turn(self.before, state)
        if not state.get(self.input_key):
            state[self.input_key] = []
        return state

    def prompt(self, state: Any) -> list[Message]:
        messages = rendered(self.config["prompt"], state)
        if self.input_key not in state:
            raise TaskError(f"`{self.input_key}`, its `input_key`, has no value")
        messages += said(state[self.input_key])
        return with_history(messages, self.name, self.config, self.properties, state)

    async def settled(
        self,
        text: str,
        calls: tuple[ToolCall, ...],
        state: Any,
        request: list[Message],
        python: Python,
    ) -> dict[str, Any]:
        """Return what the node adds, of its reply."""
        update: dict[str, Any]
        if self.after is not None:
            message = message_of("assistant", text, None)
            update = await python.in_turn(self.after, SygraMessage(message), message, state)
        else:
            update = self._as_it_is(text)
            if self.tools:
                update["tool_calls"] = as_openai(calls)
        if self.config.get("chat_history"):
            is_agent = self.config["node_type"] == "agent"
            turn = entry(self.name, request, text, of_agent=is_agent)
            if update.get(HISTORY):
                update[HISTORY].append(turn)
            else:
                update[HISTORY] = [turn]
        return update

    def _as_it_is(self, text: str) -> dict[str, Any]:
        key = self.config.get("output_keys", MESSAGES)
        if isinstance(key, list):
            raise TaskError("several `output_keys` need a `post_process`")
        if key != MESSAGES:
            return {key: text}
        role = str(self.config.get("output_role", "assistant"))
        return {MESSAGES: [message_of(role, text, self.name)]}


def _asker(
    name: str,
    node: Mapping[str, Any],
    block: Mapping[str, Any],
    models: Mapping[str, Any],
    properties: Mapping[str, Any],
) -> _Asker:
    config = restored(dict(node))
    facts = {**models.get(str(block["name"]), {}), **block}
    tools = tools_at(list(config.get("tools") or ()))
    pre, post = config.get("pre_process"), config.get("post_process")
    return _Asker(
        name=name,
        config=config,
        properties=dict(properties),
        model=str(block.get(ENTRY) or entry_name(str(block["name"]), facts)),
        parameters=dict(block.get("parameters") or {}),
        tidy=tidied(facts),
        schema=schema_of(facts),
        tools=tools,
        told=told_of(tools) if tools else [],
        before=functions.pre_process(pre) if pre else None,
        after=functions.post_process(post) if post else None,
    )


ENTRY = "sygra_entry"
"""In a node's block: which model of our suite it is, where its own words say that."""


def entry_name(alias: str, facts: Mapping[str, Any]) -> str:
    """Return what a model is called in our suite, for what a node asks it."""
    kind = kind_of(facts)
    return model_name(alias) if kind is Kind.CHAT else f"{model_name(alias)}.{kind}"


def model_name(alias: str) -> str:
    """Return what a model is called in our suite."""
    return "".join(one if one.isalnum() or one in "_.-" else "_" for one in alias)


def llm_node(
    name: str, node: Mapping[str, Any], models: Mapping[str, Any], properties: Mapping[str, Any]
) -> NodeRun:
    """Return a node that asks one model once."""
    asker = _asker(name, node, node["model"], models, properties)

    async def run(state: dict[str, Any], visiting: Visiting) -> Mapping[str, Any]:
        question = await _question(asker, state, visiting.python)
        reply = await _reply(question, visiting, visiting.node)
        return await _update(question, reply, visiting.python)

    return run


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked, and the state as it was prepared for it."""

    asker: _Asker
    state: Any
    request: list[Message]


async def _question(asker: _Asker, state: dict[str, Any], python: Python) -> _Question:
    prepared = await asker.prepared(state, python)
    return _Question(asker, prepared, asker.prompt(prepared))


async def _reply(
    question: _Question, visiting: Visiting, step: str
) -> tuple[str, tuple[ToolCall, ...]]:
    asker, request = question.asker, question.request
    parameters = dict(asker.parameters)
    if asker.tools:  # P20: for this call alone
        parameters["tools"] = asker.told
        parameters["tool_choice"] = asker.config.get("tool_choice", "auto")
    if asker.schema is not None and not asker.tools:
        text, response = await asked_for_json(
            visiting.complete,
            tuple(request),
            asker.schema,
            model=asker.model,
            step=step,
            visit=visiting.number,
            parameters=parameters,
            tidy=asker.tidy,
            python=visiting.python,
        )
    else:
        response = await visiting.complete(
            tuple(request),
            model=asker.model,
            step=step,
            visit=visiting.number,
            parameters=parameters,
        )
        text = await tidy_text(asker.tidy, whole_text(response), visiting.python)
    return text, response.tool_calls


async def _update(
    question: _Question, reply: tuple[str, tuple[ToolCall, ...]], python: Python
) -> Mapping[str, Any]:
    text, calls = reply
    if question.asker.tools:
        question.state["tool_calls"] = as_openai(calls)
    return await question.asker.settled(text, calls, question.state, question.request, python)


def multi_llm_node(
    name: str, node: Mapping[str, Any], models: Mapping[str, Any], properties: Mapping[str, Any]
) -> NodeRun:
    """Return a node that asks several models, each as an `llm` would, on one shared state."""
    askers = {
        str(label): _asker(name, node, block, models, properties)
        for label, block in restored(node["models"]).items()
    }
    path = node.get("multi_llm_post_process")
    together = functions.of_several(path) if path else None
    key = node.get("output_keys", MESSAGES)

    async def run(state: dict[str, Any], visiting: Visiting) -> Mapping[str, Any]:
        steps = {label: f"{visiting.node}/{model_name(label)}" for label in askers}
        # One after another but for the asking: what they draw and change is then always the same.
        questions = [await _question(one, state, visiting.python) for one in askers.values()]
        replies = await asyncio.gather(
            *(
                _reply(one, visiting, steps[label])
                for label, one in zip(askers, questions, strict=True)
            )
        )
        outputs = {
            label: await _update(question, reply, visiting.python)
            for label, question, reply in zip(askers, questions, replies, strict=True)
        }
        if together is None:
            return {key: [{label: update[key] for label, update in outputs.items()}]}
        update = await visiting.python.in_turn(together, outputs)
        if not isinstance(update, Mapping):
            told = f"`{path}` returned {type(update).__name__}, a mapping by variable is needed"
            raise TaskError(told)
        return update

    return run


def agent_node(
    name: str, node: Mapping[str, Any], models: Mapping[str, Any], properties: Mapping[str, Any]
) -> NodeRun:
    """Return a node that asks a model, does what its tools are called for, and asks again."""
    asker = _asker(name, node, node["model"], models, properties)
    by_name = {tool.name: tool for tool in asker.tools}
    injected = asker.config.get("inject_system_messages") or []

    async def run(state: dict[str, Any], visiting: Visiting) -> Mapping[str, Any]:
        state = await asker.prepared(state, visiting.python)
        request = asker.prompt(state)
        system = _system(request, state, injected)
        talk = request[1:] if request and request[0].role == "system" else request
        talk = [Message("system", system), *talk]
        text = ""
        for turn in range(_MOST_TURNS):
            response = await visiting.complete(
                tuple(talk),
                model=asker.model,
                step=visiting.node if turn == 0 else f"{visiting.node}/turn{turn + 1}",
                visit=visiting.number,
                parameters={**asker.parameters, **({"tools": asker.told} if asker.told else {})},
            )
            text = await own_text(asker.tidy, whole_text(response), visiting.python)
            calls = response.tool_calls
            if not calls:
                break
            talk += [_called(text, calls), *await _results(calls, by_name, visiting.python)]
        else:
            raise TaskError(f"its tools were called {_MOST_TURNS} times without an answer")
        return await asker.settled(text, (), state, request, visiting.python)

    return run


def _system(request: list[Message], state: Any, injected: Any) -> str:
    first = next((one.content for one in request if one.role == "system"), "")
    system = first or str(state.get("_agent_prompt", ""))
    turns = len(state.get(HISTORY) or ()) // 2
    for one in injected if isinstance(injected, list) else [injected]:
        for turn, text in one.items():
            if turn == turns or str(turn) == str(turns):
                system = f"{system}\n{text}"
                break
    return system


def _called(text: str, calls: tuple[ToolCall, ...]) -> Message:
    told: dict[str, Any] = {"tool_calls": as_openai(calls)}
    if not text:
        told["content"] = None  # as SyGra sends it, and some servers want it
    return Message("assistant", text, more=json.dumps(told))


async def _results(
    calls: tuple[ToolCall, ...], tools: Mapping[str, Any], python: Python
) -> list[Message]:
    said_by = await asyncio.gather(*(result_of(call, tools, python) for call in calls))
    return [
        Message("tool", text, more=json.dumps({"tool_call_id": call.id}))
        for call, text in zip(calls, said_by, strict=True)
    ]


def whole_text(response: ChatResponse) -> str:
    """Return a reply with the thought that was written into it, as tasks expect to find it."""
    return response.text


def message_of(role: str, text: str, name: str | None) -> Any:
    """Return a message of langchain."""
    try:
        from langchain_core.messages import (
            AIMessage,
            HumanMessage,
            SystemMessage,
            ToolMessage,
        )
    except ImportError as error:
        raise TaskError(
            f"tasks of {active_root()} need langchain_core: pip install 'sygra-eval[sygra]'"
        ) from error
    if role == "tool":
        return ToolMessage(content=text, tool_call_id="", name=name)
    kinds: dict[str, Any] = {"user": HumanMessage, "assistant": AIMessage, "system": SystemMessage}
    return kinds[role](content=text, name=name)
