"""A template as a field of a config model: in a suite a text with `{name}` placeholders."""

from typing import Annotated

from pydantic import PlainSerializer, PlainValidator
from pydantic_core import PydanticCustomError

from sygra_eval.suite.template import Template


def _parsed(value: object) -> Template:
    if isinstance(value, Template):
        return value
    if not isinstance(value, str) or not value:
        raise PydanticCustomError("wrong-type", "must be a text like `{{question}}`")
    return Template.parse(value)


def _text_of(template: Template) -> str:
    return template.text


TextTemplate = Annotated[
    Template,
    PlainValidator(_parsed, json_schema_input_type=str),
    PlainSerializer(_text_of, return_type=str),
]
"""In a suite: `text: "{question}"`."""
