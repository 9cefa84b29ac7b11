"""Asks for JSON of a schema, and again where the reply does not fit. Start at `fitted`.

A model that has a JSON mode is sent the schema as `response_format`, which each type of model says
in its server's own way; another finds it in its prompt. Either way the reply is checked here, as a
server's promise is not the last word. Each repair is a call of its own at a place of its own, so a
resumed run repeats none.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sygra_eval.journal import repair_step
from sygra_eval.models import has_json_mode
from sygra_eval.validators import Fit, fit_of
from sygra_eval.values import (
    MOST_QUOTED,
    MOST_REPAIRS,
    CallFailed,
    ChatModel,
    ChatResponse,
    Complete,
    CompleteJson,
    Fitted,
    Message,
    OnLength,
    Structured,
    TextPart,
)

FORMAT = "response_format"
_ASK = """\
Reply with JSON alone, without a code fence or any other text. It has to fit this JSON Schema:
{schema}"""
_AGAIN = """\
Your reply is not what was asked for: {problem}

{ask}"""
_STRICT = frozenset(
    {
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "enum",
        "anyOf",
        "description",
        "title",
    }
)


def completing_json(complete: Complete, models: Mapping[str, ChatModel]) -> CompleteJson:
    """Return how a node asks for JSON: in the way that each model has for it."""

    async def complete_json(
        messages: tuple[Message, ...], *, model: str, structured: Structured, **given: Any
    ) -> Fitted:
        knows = has_json_mode(models.get(model))
        return await fitted(
            complete, messages, model=model, structured=structured, has_json_mode=knows, **given
        )

    return complete_json


async def fitted(
    complete: Complete,
    messages: tuple[Message, ...],
    *,
    model: str,
    structured: Structured,
    has_json_mode: bool,
    step: str = "",
    visit: int = 1,
    sample: int = 0,
    parameters: Mapping[str, object] | None = None,
    on_length: OnLength | None = None,
) -> Fitted:
    """Return a reply that fits the schema.

    :raises CallFailed: `schema`, when none does after `MOST_REPAIRS` repairs.
    """
    sent = {**(parameters or {})}
    if has_json_mode:
        sent[FORMAT] = response_format(structured)
    else:
        messages = with_text(messages, ask_for(structured))
    asked, place, tokens, latency_s = messages, step, 0, 0.0
    for repairs in range(MOST_REPAIRS + 1):
        response = await complete(
            asked,
            model=model,
            step=place,
            visit=visit,
            sample=sample,
            parameters=sent,
            on_length=on_length,
        )
        tokens += response.usage.total
        latency_s += response.latency_s
        fit = await _fit(response, structured)
        if isinstance(fit.value, Mapping):
            return Fitted(
                response=response,
                text=fit.text,
                values=_values(fit.value, structured),
                repairs=repairs,
                tokens=tokens,
                latency_s=latency_s,
            )
        asked = (*messages, *_repairing(response, fit.problem, structured))
        place = repair_step(step, repairs + 1)
    what = f"no reply of `{model}` fits the schema, with {MOST_REPAIRS} repairs"
    raise CallFailed("schema", f"{what}; the last one: {fit.problem}")


def response_format(structured: Structured) -> dict[str, Any]:
    """Return the parameter as OpenAI has it, strict where the schema is of the kind that can be."""
    told: dict[str, Any] = {"name": structured.name, "schema": dict(structured.schema)}
    if _can_be_strict(structured.schema):
        told["strict"] = True
    return {"type": "json_schema", "json_schema": told}


def ask_for(structured: Structured) -> str:
    """Return the words that ask for it in a prompt."""
    schema = json.dumps(structured.schema, ensure_ascii=False)
    return _ASK.format(schema=schema)


def with_text(messages: tuple[Message, ...], text: str) -> tuple[Message, ...]:
    """Return the messages with a text at the end of the user's last: roles keep taking turns."""
    *before, last = messages
    if last.role != "user":
        return (*messages, Message("user", text))
    content = f"{last.content}\n\n{text}"
    parts = (*last.parts, TextPart(f"\n\n{text}")) if last.parts else ()
    return (*before, replace(last, content=content, parts=parts))


async def _fit(response: ChatResponse, structured: Structured) -> Fit:
    fit = await fit_of(response.text, structured.schema)
    if fit.problem and response.finish_reason == "length":
        return replace(fit, problem=f"{fit.problem} (it was cut off at its limit of tokens)")
    return fit


def _values(value: Mapping[str, object], structured: Structured) -> dict[str, object]:
    defaults = structured.defaults
    return {name: value.get(name, defaults.get(name)) for name in structured.fields}


def _repairing(response: ChatResponse, problem: str, structured: Structured) -> Iterator[Message]:
    """Yield the reply and what is wrong with it; only the last one is shown, not all before."""
    reply = response.text[:MOST_QUOTED] or "(nothing)"
    yield Message("assistant", reply if len(response.text) <= MOST_QUOTED else f"{reply}…")
    yield Message("user", _AGAIN.format(problem=problem, ask=ask_for(structured)))


def _can_be_strict(schema: object) -> bool:
    """Say whether OpenAI's strict mode takes a schema; it refuses the request for any other."""
    if not isinstance(schema, Mapping) or not schema.keys() <= _STRICT:
        return False
    inner = [*schema.get("anyOf", ())]
    if "items" in schema:
        inner.append(schema["items"])
    kinds = schema.get("type")
    if kinds == "array" and "items" not in schema:
        return False
    if kinds == "object" or (isinstance(kinds, list) and "object" in kinds):
        fields = schema.get("properties")
        is_closed = schema.get("additionalProperties") is False
        if not isinstance(fields, Mapping) or not is_closed:
            return False
        if set(schema.get("required", ())) != set(fields):
            return False
        inner += fields.values()
    elif not ({"type", "enum", "anyOf"} & schema.keys()):
        return False
    return all(map(_can_be_strict, inner))
