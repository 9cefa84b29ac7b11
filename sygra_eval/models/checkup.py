"""Looks at one model step by step, so that whatever is wrong with it is told apart.

Address, connection, certificate, key, model, an answer, a stream, JSON, tools, tokens, price. Each
step has its own outcome and its own words; what cannot be looked at after a step that failed is
left out. Start at `checkup`.
"""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from urllib.parse import urlsplit

from sygra_eval.models.checkup_texts import texts_answered
from sygra_eval.models.gateway import Gateway
from sygra_eval.models.patience import Patience
from sygra_eval.models.prices import UnknownPrice, batch_prices
from sygra_eval.models.replies import redacted
from sygra_eval.models.served import ServedModel
from sygra_eval.models.tls import why_untrusted
from sygra_eval.values import (
    CallFailed,
    ChatModel,
    ChatRequest,
    ChatResponse,
    KeyRefused,
    Message,
    ModelMissing,
    ModelSpec,
    ModelUnavailable,
    Task,
    task_of,
)

CONNECT_S = 10.0
NAME = "checked"
PATIENCE = Patience(tries=2, deadline_s=60.0, cap_s=5.0)
_ASKED = (Message("user", "Reply with the one word: ok"),)
_NO_MODE = "`json_mode: false` beside its `model` puts schemas into prompts"
_ASKED_FOR_JSON = (Message("user", 'Reply with this JSON object and nothing else: {"ok": true}'),)
_ASKED_FOR_A_TOOL = (Message("user", "What is the weather in Paris? Call the tool."),)
_TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Says what the weather in a city is.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "num_predict")
_FEW_TOKENS = 64


class StepOutcome(StrEnum):
    """What came of a step: only `failed` keeps the model from being used."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that was looked at.

    :ivar first_text_s: Of an answer that came in pieces: seconds to the first.
    """

    name: str
    outcome: StepOutcome
    told: str
    first_text_s: float | None = None


Make = Callable[[ModelSpec], ChatModel]
ok = partial(Step, outcome=StepOutcome.OK)
warning = partial(Step, outcome=StepOutcome.WARNING)
failed = partial(Step, outcome=StepOutcome.FAILED)


async def checkup(spec: ModelSpec, make: Make) -> AsyncIterator[Step]:
    """Yield the steps as they are done; the last is `price`, or the one that failed.

    A model that is asked in batches is asked live here, as nobody waits a day for a step.
    """
    batched, spec = spec, replace(spec, batch=None)
    model = make(spec)
    if isinstance(model, ServedModel):
        async for step in _way_to(model):
            yield step
            if step.outcome is StepOutcome.FAILED:
                return
    gateway = Gateway({NAME: model}, specs={NAME: spec}, patience=PATIENCE)
    try:
        step = await _opened(model)
        yield step
        if step.outcome is StepOutcome.FAILED:
            return
        if isinstance(model, ServedModel):
            yield ok(name="key", told=_key_told(model))
        if batched.batch is not None:
            step = await _batches(batched, make)
            yield step
            if step.outcome is StepOutcome.FAILED:
                return
        task = task_of(model)
        if task not in (Task.CHAT, Task.ANY):
            async for step in _of_texts(gateway, spec, task):
                yield step
            return
        answered = await _answered(gateway, spec)
        if isinstance(answered, Step) and batched.batch is not None:
            told = f"not to be had live, which batches do not need: {answered.told}"
            yield warning(name="completion", told=told)
            yield _price(gateway, batched)
            return
        if isinstance(answered, Step):
            yield answered
            return
        yield ok(name="completion", told=f"answers {_short(answered.text)} as {_seen(answered)}")
        if isinstance(model, ServedModel):
            yield await _streamed(spec, make)
        yield await _json_mode(gateway, spec)
        yield await _tools(gateway, spec)
        yield _tokens(answered)
        yield _price(gateway, batched)
    finally:
        await gateway.close()


async def _of_texts(gateway: Gateway, spec: ModelSpec, task: Task) -> AsyncIterator[Step]:
    """Ask a model that answers no chats for what it is for."""
    told = await texts_answered(spec, task, partial(gateway.complete, NAME))
    if told.response is None:
        name = {"not_found": "model", "refused_key": "key"}.get(told.kind, task.value)
        yield failed(name=name, told=told.told)
        return
    yield Step(
        name=task.value,
        outcome=StepOutcome.WARNING if told.is_odd else StepOutcome.OK,
        told=told.told,
    )
    yield _tokens(told.response)
    yield _price(gateway, spec)


async def _way_to(model: ServedModel) -> AsyncIterator[Step]:
    """Resolve the address, connect, and look at the certificate."""
    parts = urlsplit(model.base_url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port)
    except OSError as error:
        told = f"`{host}` is no known host ({error.strerror or error}); look at the address"
        yield failed(name="address", told=told)
        return
    yield ok(name="address", told=f"{host} is {found[0][4][0]}")
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
        writer.close()
    except OSError as error:  # a time-out is one too
        why = (
            f"within {CONNECT_S:g} s" if isinstance(error, TimeoutError) else f"({error.strerror})"
        )
        told = f"nothing takes connections at {host}:{port} {why}; is the server running?"
        yield failed(name="connection", told=told)
        return
    yield ok(name="connection", told=f"{host}:{port} takes connections")
    if parts.scheme == "https":
        yield await _certificate(host, port, model)


async def _certificate(host: str, port: int, model: ServedModel) -> Step:
    try:
        tls = model.tls()
    except ModelUnavailable as error:
        return failed(name="certificate", told=str(error))
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(host, port, ssl=tls, server_hostname=host)
        writer.close()
    except ssl.SSLCertVerificationError as error:
        return failed(name="certificate", told=why_untrusted(host, error))
    except OSError as error:  # an SSLError is one too
        told = f"{host}:{port} does not speak TLS ({error}); is it `http://`?"
        return failed(name="certificate", told=told)
    return ok(name="certificate", told="trusted")


async def _opened(model: ChatModel) -> Step:
    """Open the model, and tell a refused key from a missing model from the rest."""
    try:
        await model.open()
    except KeyRefused as error:
        return failed(name="key", told=str(error))
    except ModelMissing as error:
        return failed(name="model", told=str(error))
    except ModelUnavailable as error:
        return failed(name="service", told=str(error))
    warnings = tuple(getattr(model, "warnings", ()))
    if warnings:
        return warning(name="model", told="; ".join(warnings))
    context = await model.context_told() if isinstance(model, ServedModel) else ""
    told = f"`{model.label}` is there{f', with {context}' if context else ''}"
    return ok(name="model", told=told)


def _key_told(model: ServedModel) -> str:
    if (source := model.key_source) is None:
        return "none is sent, and none is asked for"
    return f"the one in {source.place} is taken"


def _seen(response: ChatResponse) -> str:
    return f"`{response.model_seen}`" if response.model_seen else "a model that it does not name"


async def _answered(gateway: Gateway, spec: ModelSpec) -> ChatResponse | Step:
    try:
        return await _ask(gateway, spec, _ASKED)
    except CallFailed as error:
        name = {"not_found": "model", "refused_key": "key"}.get(error.kind, "completion")
        return failed(name=name, told=error.message)


async def _ask(
    gateway: Gateway,
    spec: ModelSpec,
    messages: tuple[Message, ...],
    parameters: Mapping[str, object] | None = None,
) -> ChatResponse:
    """Ask with few tokens, unless the suite names a limit or the server knows none of that name."""
    asked = {**spec.parameters, **(parameters or {})}
    if any(name in asked for name in _LIMITS):
        return await gateway.complete(NAME, ChatRequest(messages=messages, parameters=asked))
    few = ChatRequest(messages=messages, parameters={**asked, "max_tokens": _FEW_TOKENS})
    try:
        return await gateway.complete(NAME, few)
    except CallFailed as error:
        if error.kind != "bad_request":
            raise
    return await gateway.complete(NAME, ChatRequest(messages=messages, parameters=asked))


async def _streamed(spec: ModelSpec, make: Make) -> Step:
    """Ask once more with the answer in pieces."""
    config = spec.config
    if not hasattr(config, "model_copy"):
        return warning(name="streaming", told="not tried: the model's keys are a plugin's own")
    streaming = replace(spec, config=config.model_copy(update={"stream": True}))
    gateway = Gateway({NAME: make(streaming)}, specs={NAME: streaming}, patience=PATIENCE)
    began = time.monotonic()
    try:
        await gateway.open()
        response = await _ask(gateway, streaming, _ASKED)
    except (CallFailed, ModelUnavailable) as error:
        return warning(name="streaming", told=f"not to be had: {error}")
    finally:
        await gateway.close()
    if response.first_text_s is None:
        return warning(name="streaming", told="the answer came in one piece")
    whole_s = time.monotonic() - began
    told = f"first text after {response.first_text_s:.2f} s, all of it after {whole_s:.2f} s"
    return ok(name="streaming", told=told, first_text_s=response.first_text_s)


async def _json_mode(gateway: Gateway, spec: ModelSpec) -> Step:
    wanted = {"response_format": {"type": "json_object"}}
    try:
        response = await _ask(gateway, spec, _ASKED_FOR_JSON, wanted)
    except CallFailed as error:
        return warning(name="json mode", told=f"not to be had: {error.message}; {_NO_MODE}")
    try:
        json.loads(response.text)
    except ValueError:
        told = f"asked for JSON, it answers {_short(response.text)}; {_NO_MODE}"
        return warning(name="json mode", told=told)
    return ok(name="json mode", told="asked for JSON, it answers JSON")


async def _tools(gateway: Gateway, spec: ModelSpec) -> Step:
    try:
        response = await _ask(gateway, spec, _ASKED_FOR_A_TOOL, {"tools": [_TOOL]})
    except CallFailed as error:
        if error.kind == "empty":
            return warning(name="tools", told="offered a tool, it answers nothing that is known")
        return warning(name="tools", told=f"not to be had: {error.message}")
    if not response.tool_calls:
        told = f"offered a tool, it answers {_short(response.text)} and calls none"
        return warning(name="tools", told=told)
    return ok(name="tools", told=f"offered a tool, it calls `{response.tool_calls[0].name}`")


def _tokens(response: ChatResponse) -> Step:
    if response.usage.is_estimated:
        told = "not counted by the server; a run estimates them from the characters"
        return warning(name="tokens", told=told)
    usage = response.usage
    told = f"counted: {usage.prompt_tokens} of the prompt, {usage.completion_tokens} of the answer"
    return ok(name="tokens", told=told)


async def _batches(spec: ModelSpec, make: Make) -> Step:
    """See whether the server has batches; none is submitted."""
    model = make(spec)
    try:
        await model.open()
    except ModelUnavailable as error:
        return failed(name="batch", told=str(error))
    finally:
        await model.close()
    window = spec.batch.window if spec.batch is not None else ""
    told = f"the server lists its batches; a run's are done within {window}. What follows is live"
    return ok(name="batch", told=told)


def _price(gateway: Gateway, spec: ModelSpec) -> Step:
    price = gateway.prices[NAME]
    if isinstance(price, UnknownPrice):
        advice = "say `price: {input: …, output: …}` in USD per million tokens, or `price: free`"
        return warning(name="price", told=f"unknown: {price.why}; {advice}")
    if spec.batch is not None:
        prompt, answer = batch_prices(price)
        told = f"{prompt:g} and {answer:g} USD per million tokens in batches ({price.source})"
        return ok(name="price", told=told)
    told = f"{price.input:g} and {price.output:g} USD per million tokens ({price.source})"
    return ok(name="price", told=told)


def _short(text: str) -> str:
    shown = redacted(text, "")
    return f"`{shown[:60]}…`" if len(shown) > 60 else f"`{shown}`"
