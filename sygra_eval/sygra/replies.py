"""What becomes of a reply before a node sees it, and answers that are to be JSON of a schema."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field, TypeAdapter, ValidationError, create_model

from sygra_eval.sygra.limited import Python
from sygra_eval.sygra.naming import TaskFault, function_at
from sygra_eval.values import ChatResponse, Complete, Message, TextPart

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
    """What a model's replies go through: its own function, then special tokens go."""

    tokens: tuple[str, ...] = ()
    own: Callable[[str], Any] | None = None


def tidied(facts: Mapping[str, Any]) -> Tidy:
    """Return what a model's replies go through."""
    apply = None
    if path := facts.get("post_process"):
        found = function_at(str(path))
        apply = found().apply if isinstance(found, type) else found
    return Tidy(tuple(facts.get("special_tokens") or ()), apply)


async def own_text(tidy: Tidy, text: str, python: Python) -> str:
    """Return a reply as the model's own function leaves it, which is all that an agent's gets."""
    if tidy.own is None or not text:
        return text
    made = await python.in_turn(tidy.own, text)
    return "" if made is None else str(made)


async def tidy_text(tidy: Tidy, text: str, python: Python) -> str:
    """Return a reply as a node gets it."""
    text = await own_text(tidy, text, python)
    for token in tidy.tokens:
        text = text.replace(token, "")
    return text.strip()


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
        fields[name] = (kind, Field(default, description=about.get("description", "")))
    made: type[BaseModel] = create_model(str(schema.get("name") or "DynamicModel"), **fields)
    return made


def response_format(schema: type[BaseModel]) -> dict[str, Any]:
    """Return the parameter that asks a server for the schema."""
    told = strict(schema.model_json_schema())
    return {
        "type": "json_schema",
        "json_schema": {"schema": told, "name": schema.__name__, "strict": True},
    }


def strict(schema: Any) -> Any:
    """Return a schema as servers want it that keep to it: all of each object, and no more."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {
        key: strict(one) if key != "properties" else {name: strict(of) for name, of in one.items()}
        for key, one in schema.items()
        if key != "default" or one is not None
    }
    if made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    if isinstance(made.get("properties"), dict):
        made["required"] = list(made["properties"])
    return made


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
    if await _fits(response.text, schema, python) is not None:
        return await tidy_text(tidy, response.text, python), response
    again = await _asked_again(messages, schema, python)
    response = await complete(
        again, model=model, step=f"{step}/again", visit=visit, parameters=parameters
    )
    fitting = await _parsed(response.text, schema, python)
    return await tidy_text(tidy, response.text if fitting is None else fitting, python), response


async def _asked_again(
    messages: tuple[Message, ...], schema: type[BaseModel], python: Python
) -> tuple[Message, ...]:
    """Return the messages with the instructions for the schema at the end of the last.

    What a state holds of it stays as it was: SyGra writes them into it (P22).
    """
    *before, last = messages
    if not last.content:
        return messages
    words = await python.in_turn(_instructions, schema)
    parts = (*last.parts, TextPart(words)) if last.parts else ()
    return (*before, Message(last.role, last.content + words, parts, last.more))


def _instructions(schema: type[BaseModel]) -> str:
    if (parser := _parser(schema)) is not None:
        return f"\n\n{parser.get_format_instructions()}"
    return _AGAIN.format(schema=json.dumps(schema.model_json_schema(), ensure_ascii=False))


async def _parsed(text: str, schema: type[BaseModel], python: Python) -> str | None:
    """Return a second reply as pydantic writes it, also out of a fence; None where none fits."""

    def parsed() -> str | None:
        if (parser := _parser(schema)) is None:
            return _as_schema(schema, text)
        try:
            made: BaseModel = parser.parse(text)
        except Exception:  # noqa: BLE001 - validators of the task's own may raise anything
            return None
        return made.model_dump_json()

    found: str | None = await python.in_turn(parsed)
    return found


def _parser(schema: type[BaseModel]) -> Any:
    """Return langchain's parser, whose words and leniency tasks know; None where it is missing."""
    try:
        from langchain_core.output_parsers import PydanticOutputParser  # of the extra `sygra`
    except ImportError:
        return None
    return PydanticOutputParser(pydantic_object=schema)


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
