"""JSON Schema of a whole suite, registered types and their own keys included, for editors."""

from collections.abc import Mapping
from typing import Any

from sygra_eval.plugins import Plugins, Registered
from sygra_eval.suite.schema import (
    SECTIONS,
    TYPED_KINDS,
    GuardrailSection,
    ModelSection,
    TypedSection,
    json_schema_of,
)

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = "#/$defs/"
_SECTION_OF = {"sources": "SourceSection", "nodes": "NodeSection"}


_SPELLED_OUT: dict[str, Any] = {
    "extends": {"type": "string", "description": "A suite below this one; what this says wins."},
    "matrix": {
        "type": "object",
        "description": "Axes of variants; `${matrix.AXIS}` stands for the value.",
        "properties": {
            "exclude": {
                "type": "array",
                "description": "Choices that are no variants: values by their axes.",
                "items": {"type": "object", "minProperties": 1},
                "minItems": 1,
            }
        },
        "additionalProperties": {"type": ["array", "object"]},
    },
    "cases": {
        "type": "array",
        "description": "The rows, written out here.",
        "items": {"type": "object"},
        "minItems": 1,
    },
}


def suite_schema(plugins: Plugins) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the suites that these plugins can run."""
    definitions: dict[str, Any] = {}
    properties = {
        key: _moved(json_schema_of(section), definitions) for key, section in SECTIONS.items()
    }
    model = _moved(json_schema_of(ModelSection), definitions)
    definitions["ModelSection"] = model
    properties["models"] = {
        "type": "object",
        "description": "Language models by the names that nodes use.",
        "additionalProperties": {"$ref": f"{_REFERENCE}ModelSection"},
    }
    properties |= _SPELLED_OUT
    definitions["GuardrailSection"] = _moved(json_schema_of(GuardrailSection), definitions)
    properties["guardrails"] = {
        "type": "array",
        "description": "Validators of prompts and replies.",
        "items": {"$ref": f"{_REFERENCE}GuardrailSection"},
    }
    entries = [(kind, key, section) for kind, (_, key, section) in TYPED_KINDS.items()]
    guardrail: tuple[str, str, type[TypedSection]] = ("validators", "use", GuardrailSection)
    for kind, type_key, section in (*entries, guardrail):
        definitions[section.__name__] = _one_of_types(
            definitions[section.__name__], type_key, plugins.of(kind), kind, definitions
        )
    return {
        "$schema": _DIALECT,
        "title": "sygra_eval suite",
        "type": "object",
        "properties": properties,
        "if": {"not": {"required": ["extends"]}},
        "then": {
            "required": ["suite"],
            "anyOf": [{"required": ["data_config"]}, {"required": ["cases"]}],
            "oneOf": [{"required": ["graph_config"]}, {"required": ["candidate", "quality"]}],
        },
        "additionalProperties": False,
        "$defs": definitions,
    }


def _one_of_types(
    common: Mapping[str, Any],
    type_key: str,
    types: Mapping[str, Registered],
    kind: str,
    definitions: dict[str, Any],
) -> dict[str, Any]:
    """Return the schema of entries of one kind: per type the common keys and its own."""
    if not types:
        return dict(common)
    branches = []
    for name, registered in sorted(types.items()):
        own: Mapping[str, Any] = {"additionalProperties": True}
        if registered.config is not None:
            schema = json_schema_of(registered.config)
            own = _moved(schema, definitions, prefix=f"{kind}.{name}.")
        branches.append(
            {
                **({"description": own["description"]} if "description" in own else {}),
                "type": "object",
                "properties": {
                    **common["properties"],
                    **own.get("properties", {}),
                    type_key: {"const": name},
                },
                "required": sorted({type_key, *own.get("required", ())}),
                "additionalProperties": own.get("additionalProperties", True),
                **({"oneOf": own["oneOf"]} if "oneOf" in own else {}),
            }
        )
    return {
        "type": "object",
        "properties": {type_key: {"enum": sorted(types)}},
        "required": [type_key],
        "oneOf": branches,
    }


def _moved(schema: dict[str, Any], definitions: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Move a schema's definitions to the common ones; a prefix keeps plugins' names apart."""
    moved = _renamed(schema, prefix)
    for name, definition in moved.pop("$defs", {}).items():
        definitions[f"{prefix}{name}"] = definition
    return dict(moved)


def _renamed(schema: Any, prefix: str) -> Any:
    if isinstance(schema, dict):
        return {
            key: _REFERENCE + prefix + value.removeprefix(_REFERENCE)
            if key == "$ref" and isinstance(value, str)
            else _renamed(value, prefix)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [_renamed(item, prefix) for item in schema]
    return schema
