"""A model that is asked for JSON: SyGra's `structured_output`, or the same request by parameters.

SyGra's own form has fields of plain types. A schema that says more goes out as the parameter
`response_format`, as we send it; either way a post-processor makes variables of the fields.
"""

from collections.abc import Mapping
from typing import Any

from sygra_eval.engine import response_format
from sygra_eval.suite import AskedModel
from sygra_eval.sygra.exporting.parts import At, Making
from sygra_eval.values import Structured

_TYPES = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "array": "list",
    "object": "dict",
}
_OF_FIELD = {"type", "description", "default"}
_OF_SCHEMA = {"type", "properties", "required", "additionalProperties", "title", "description"}


def asked_for_json(
    model: AskedModel, block: Mapping[str, Any], making: Making, at: At
) -> dict[str, Any]:
    """Return the model's block with what its answer is to be."""
    structured = model.structured
    if structured is None:
        return dict(block)
    making.leave_out(
        (*at, "structured_output"),
        "a reply that does not fit its schema is asked for in SyGra's words, once, and then ends "
        "the record; what is inside a field is not looked at",
    )
    fields = _fields(structured.schema)
    if fields is None:
        parameters = {**(block.get("parameters") or {})}
        return {
            **block,
            "parameters": {**parameters, "response_format": response_format(structured)},
        }
    schema = {"name": structured.name, "fields": fields}
    return {**block, "structured_output": {"schema": schema}}


def _fields(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return SyGra's form of a schema; None where that has no words for it."""
    if set(schema) - _OF_SCHEMA:
        return None
    fields: dict[str, Any] = {}
    required = schema.get("required", ())
    for name, told in schema["properties"].items():
        is_plain = isinstance(told, Mapping) and isinstance(told.get("type"), str)
        if not is_plain or set(told) - _OF_FIELD or told["type"] not in _TYPES:
            return None
        if not name.isidentifier() or name.startswith(("_", "model_")):
            return None  # pydantic, which SyGra makes a class with, has no such fields
        if ("default" in told) is (name in required):
            return None
        fields[name] = {**told, "type": _TYPES[told["type"]]}
    return fields


def reader_of(
    structured: Structured, output: str, fields: Mapping[str, str], making: Making, node: str
) -> str:
    """Return the path of the class that makes variables of a reply.

    :param fields: The variable of each field.
    """
    name = making.names.one_class("Fields", node)
    schema = structured.schema
    spec = {
        "output": output,
        "fields": dict(fields),
        "defaults": dict(structured.defaults),
        "required": {
            one: _kinds(schema["properties"].get(one)) for one in schema.get("required", ())
        },
    }
    making.carried.put("structured", name, spec)
    making.carried.classes.append(
        f"class {name}(NodePostProcessorWithState):\n"
        f"    def apply(self, resp, state):\n"
        f'        return with_fields(SUITE["structured"]["{name}"], resp.message.content)\n'
    )
    return making.path_of(name)


def _kinds(told: Any) -> list[str]:
    kinds = told.get("type") if isinstance(told, Mapping) else None
    listed = [kinds] if isinstance(kinds, str) else list(kinds or ())
    return [*listed, "integer"] if "number" in listed else listed
