"""A model that is asked for JSON: `model: {name: NAME, structured_output: {schema: ...}}`.

The schema is a JSON Schema, or SyGra's short form `{fields: {title: {type: str}}}`. SyGra also
takes the dotted path of a class; that is code, which a suite has none of.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from sygra_eval.suite.routing import RoutedChoice
from sygra_eval.values import Problem, Scope, Structured, Task

_TYPES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
}
_NAME_CHARACTERS = re.compile(r"[^A-Za-z0-9_-]+")


class SchemaField(BaseModel):
    """A field in SyGra's short form; one with a default may be left out of an answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["str", "int", "float", "bool", "list", "dict"] = "str"
    description: str = ""
    default: Any = None


class StructuredOutput(BaseModel):
    """What the answer is to be.

    :ivar given: `schema: {...}`, an object whose fields become variables.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    enabled: bool = True
    given: dict[str, Any] = Field(alias="schema")

    @field_validator("given", mode="before")
    @classmethod
    def _is_no_code(cls, given: object) -> object:
        if isinstance(given, str):
            raise ValueError(  # noqa: TRY004 - the one that pydantic reports
                f"`{given}` would be code, and a suite has none: write the schema itself, as "
                "`schema: {fields: {title: {type: str}}}`"
            )
        return given

    @field_validator("given")
    @classmethod
    def _describes_an_object(cls, given: dict[str, Any]) -> dict[str, Any]:
        schema = _schema_of(given)
        # Imported here, as it takes 100 ms that most suites have no use for.
        from jsonschema import SchemaError
        from jsonschema.validators import Draft202012Validator, validator_for

        try:
            json.dumps(schema, allow_nan=False)
            validator_for(schema, default=Draft202012Validator).check_schema(schema)
        except SchemaError as error:
            why = " ".join(error.message.split())[:200]
            raise ValueError(f"not a JSON Schema: at {error.json_path}: {why}") from error
        except (TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"not a JSON Schema: {error}") from error
        if schema.get("type") != "object" or not schema.get("properties"):
            raise ValueError(
                "it has to describe an object whose fields become variables: "
                "`{type: object, properties: {...}}`"
            )
        return given

    @cached_property
    def structured(self) -> Structured:
        """Return what a model is asked for."""
        schema = _schema_of(self.given)
        name = str(self.given.get("name") or schema.get("title") or "answer")
        fields = {**schema["properties"]}
        defaults = {
            field: told["default"]
            for field, told in fields.items()
            if isinstance(told, Mapping) and "default" in told
        }
        return Structured(
            name=_NAME_CHARACTERS.sub("_", name)[:64] or "answer", schema=schema, defaults=defaults
        )


def _schema_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema that is meant; one without a type or properties may be SyGra's."""
    fields = given.get("fields")
    if not isinstance(fields, Mapping) or {"type", "properties", "$schema"} & given.keys():
        return dict(given)
    if stray := given.keys() - {"fields", "name", "description"}:
        raise ValueError(f"`{min(map(str, stray))}` stands beside `fields`, which is SyGra's form")
    properties, required = {}, []
    for name, told in fields.items():
        try:
            field = SchemaField.model_validate(told if told is not None else {})
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, (name, *problem["loc"])))
            raise ValueError(f"the field `{where}`: {problem['msg']}") from error
        properties[str(name)] = _property_of(field)
        if "default" not in field.model_fields_set:
            required.append(str(name))
    schema = {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    return {**schema, "description": given["description"]} if given.get("description") else schema


def _property_of(field: SchemaField) -> dict[str, Any]:
    told: dict[str, Any] = {"type": _TYPES[field.type]}
    if field.description:
        told["description"] = field.description
    if "default" in field.model_fields_set:
        told["default"] = field.default
    return told


class AskedModel(RoutedChoice):
    """Which model of the suite, with what parameters, and what its answer is to be."""

    structured_output: StructuredOutput | None = None

    def problems(
        self, scope: Scope, at: tuple[str | int, ...], *, tasks: Collection[Task] = (Task.CHAT,)
    ) -> Iterator[Problem]:
        """Yield an unknown model, and a parameter that says the same otherwise."""
        yield from super().problems(scope, at, tasks=tasks)
        if self.structured is not None and "response_format" in self.parameters:
            yield Problem(
                code="conflict",
                message="`structured_output` and the parameter `response_format` both say what "
                "the answer is to be",
                at=(*at, "parameters", "response_format"),
                fix="take one of them out",
            )

    @property
    def structured(self) -> Structured | None:
        """Return what the answer is to be; None where it is text."""
        output = self.structured_output
        return None if output is None or not output.enabled else output.structured


def _by_name(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


AskedByName = Annotated[
    AskedModel, BeforeValidator(_by_name, json_schema_input_type=str | AskedModel)
]
"""In a suite: `model: NAME`, or `model: {name: NAME, structured_output: {schema: {...}}}`."""
