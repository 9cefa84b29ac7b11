"""What becomes of a reply before a node sees it, and answers that are to be JSON of a schema."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field, TypeAdapter, ValidationError, create_model

from sygra_eval.sygra.limited import Python
from sygra_eval.sygra.naming import TaskFault, function_at
from sygra_eval.values import ChatResponse, Complete, Message

_TYPES: Mapping[str, Any] = {
    "str": str,
    "string": str,
    "int": int,
    "integer": int,
    "float": float,
    "number": float,
    "bool": bool,
    "boolean": bool,
    "list": list,
    "array": list,
    "dict": dict,
    "object": dict,
}
_AGAIN = """\


Reply with one JSON object and nothing else. It has to fit this JSON Schema:
{schema}"""


@dataclass(frozen=True, slots=True)
class Tidy:
    """What a model's replies go through: special tokens go, then its own function."""

    tokens: tuple[str, ...] = ()
    own: Callable[[str], Any] | None = None


def tidied(facts: Mapping[str, Any]) -> Tidy:
    """Return what a model's replies go through."""
    apply = None
    if path := facts.get("post_process"):
        found = function_at(str(path))
        apply = found().apply if isinstance(found, type) else found
    return Tidy(tuple(facts.get("special_tokens") or ()), apply)


async def tidy_text(tidy: Tidy, text: str, python: Python) -> str:
    """Return a reply as a node gets it."""
    for token in tidy.tokens:
        text = text.replace(token, "")
    text = text.strip()
    return text if tidy.own is None else str(await python.in_turn(tidy.own, text))


def schema_of(model: Mapping[str, Any]) -> type[BaseModel] | None:
    """Return what a node's answers are to be; None where it wants text.

    :raises TaskFault: When its schema is none.
    """
    wanted = model.get("structured_output")
    if not isinstance(wanted, Mapping) or wanted.get("enabled", True) is False:
        return None
    schema = wanted.get("schema")
    if schema is None:  # SyGra goes on without one, and `refusing` says so
        return None
    if isinstance(schema, str):
        found = function_at(schema)
        if not (isinstance(found, type) and issubclass(found, BaseModel)):
            raise TaskFault(f"`{schema}` is no class of pydantic")
        return found
    if not isinstance(schema, Mapping) or not isinstance(schema.get("fields"), Mapping):
        raise TaskFault("a `schema` is a dotted path, or has `fields`")
    fields: dict[str, Any] = {}
    for name, about in schema["fields"].items():
        about = about if isinstance(about, Mapping) else {"type": about}
        kind = _TYPES.get(str(about.get("type", "str")))
        if kind is None:
            raise TaskFault(f"field `{name}`: there is no type `{about.get('type')}`")
        default = about.get("default", ...)
        fields[name] = (kind, Field(default, description=about.get("description")))
    made: type[BaseModel] = create_model(str(schema.get("name") or "DynamicModel"), **fields)
    return made


def response_format(schema: type[BaseModel]) -> dict[str, Any]:
    """Return the parameter that asks a server for the schema."""
    told = schema.model_json_schema()
    told["additionalProperties"] = False
    told["required"] = list(told.get("properties", ()))
    return {
        "type": "json_schema",
        "json_schema": {"schema": told, "name": schema.__name__, "strict": True},
    }


async def asked_for_json(
    complete: Complete,
    messages: tuple[Message, ...],
    schema: type[BaseModel],
    *,
    model: str,
    step: str,
    visit: int,
    parameters: Mapping[str, object],
    tidy: Tidy,
    python: Python,
) -> tuple[str, ChatResponse]:
    """Return a reply that fits, of two tries; of the second also one that does not."""
    response = await complete(
        messages,
        model=model,
        step=step,
        visit=visit,
        parameters={**parameters, "response_format": response_format(schema)},
    )
    text = await tidy_text(tidy, response.text, python)
    if await _fits(text, schema, python) is not None:
        return text, response
    asked = _AGAIN.format(schema=json.dumps(schema.model_json_schema(), ensure_ascii=False))
    *before, last = messages
    again = (*before, Message(last.role, last.content + asked, (), last.more))
    response = await complete(
        again, model=model, step=f"{step}/again", visit=visit, parameters=parameters
    )
    text = await tidy_text(tidy, response.text, python)
    fitting = await _fits(text, schema, python)
    return (text if fitting is None else fitting), response


async def _fits(text: str, schema: type[BaseModel], python: Python) -> str | None:
    """Return a reply as pydantic writes it; None where it does not fit."""
    if schema.__module__.startswith("sygra_eval."):
        return _as_schema(schema, text)
    found: str | None = await python.in_turn(_as_schema, schema, text)  # it may have validators
    return found


def _as_schema(schema: type[BaseModel], text: str) -> str | None:
    try:
        return TypeAdapter(schema).validate_json(text).model_dump_json()
    except ValidationError:
        return None
