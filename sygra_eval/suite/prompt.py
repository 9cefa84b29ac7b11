"""A prompt in a suite: messages whose texts are templates; a field type for config models.

In YAML: `prompt: Summarise {text}` is one user message, a list holds several:
`prompt: [{system: You review code.}, {user: "{question}"}]`. A message that is a list of parts may
show images (`prompt_parts`).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from sygra_eval.suite.nearest import did_you_mean
from sygra_eval.suite.prompt_parts import PromptPart, parsed_parts, part_as_data
from sygra_eval.suite.template import Template
from sygra_eval.values import Length, Message, Problem, Scope, sum_of

ROLES = ("system", "user", "assistant")
_PART = {
    "oneOf": [
        {
            "type": "object",
            "properties": {"type": {"const": "text"}, "text": {"type": "string"}},
            "required": ["type", "text"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {
                "type": {"const": "image_url"},
                "image_url": {
                    "anyOf": [
                        {"type": "string"},
                        {
                            "type": "object",
                            "properties": {"path": {"type": "string"}, "url": {"type": "string"}},
                            "additionalProperties": False,
                            "minProperties": 1,
                            "maxProperties": 1,
                        },
                    ]
                },
            },
            "required": ["type", "image_url"],
            "additionalProperties": False,
        },
    ]
}
_FORM = "must be text or a list like `[{system: ...}, {user: ...}]`"


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One message: who says it, its template or its parts, and where in the prompt it stands."""

    role: str
    template: Template
    at: tuple[str | int, ...] = ()
    parts: tuple[PromptPart, ...] = ()

    def templates(self) -> Iterator[tuple[Template, tuple[str | int, ...]]]:
        """Yield its templates, and where in the prompt each stands."""
        if not self.parts:
            yield self.template, self.at
        for part in self.parts:
            yield part.template, part.at

    def render(self, variables: Mapping[str, object]) -> Message:
        """Return the message for a record."""
        if not self.parts:
            return Message(self.role, self.template.render(variables))
        parts = tuple(made for part in self.parts for made in part.render(variables))
        return Message.of_parts(self.role, parts)


@dataclass(frozen=True, slots=True)
class Prompt:
    """The messages of one call, to be filled with a record's variables.

    Use it as the type of a field in a config model; hand on what `problems` yields.
    """

    messages: tuple[PromptMessage, ...]

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read either form of the YAML.

        :raises PydanticCustomError: When it is neither.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            return cls((PromptMessage("user", Template.parse(value)),))
        if not isinstance(value, list) or not value:
            raise PydanticCustomError("wrong-type", _FORM)
        return cls(tuple(_message(item, index) for index, item in enumerate(value)))

    def render(self, variables: Mapping[str, object]) -> tuple[Message, ...]:
        """Return the messages to send.

        :raises UnknownVariable: When this record lacks a variable.
        """
        return tuple(message.render(variables) for message in self.messages)

    def length(self, variables: Mapping[str, object], longest: Mapping[str, Length]) -> Length:
        """Return how long its messages are at most, as `Template.length` does."""
        return sum_of(*(m.template.length(variables, longest) for m in self.messages))

    def names(self) -> tuple[str, ...]:
        """Return the variables that it needs, each once, in order."""
        templates = (template for m in self.messages for template, _ in m.templates())
        return tuple(dict.fromkeys(name for template in templates for name in template.names()))

    @property
    def has_images(self) -> bool:
        """Whether it shows any image."""
        return any(part.is_image for message in self.messages for part in message.parts)

    def problems(
        self, scope: Scope, at: tuple[str | int, ...] = (), *, models: Collection[str] = ()
    ) -> Iterator[Problem]:
        """Yield what is wrong with it; `at` is where the prompt stands in its config.

        :param models: Who may be asked; one that takes text alone cannot be shown images.
        """
        for message in self.messages:
            for template, where in message.templates():
                yield from template.problems(scope, (*at, *where))
        for model in models if self.has_images else ():
            if model not in scope.text_models:
                continue
            others = sorted(scope.models - scope.text_models)
            yield Problem(
                code="no-images",
                message=f"the model `{model}` takes text alone, and this prompt shows images",
                at=at,
                fix=f"name a model that sees, as `{others[0]}`" if others else "take them out",
            )

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.plain_serializer_function_ser_schema(_as_data)
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        message = {
            "type": "object",
            "properties": {
                role: {"anyOf": [{"type": "string"}, {"type": "array", "items": _PART}]}
                for role in ROLES
            },
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        }
        return {
            "description": "Text with {name} placeholders: one user message, or messages by role.",
            "anyOf": [{"type": "string"}, {"type": "array", "items": message, "minItems": 1}],
        }


def _message(item: object, index: int) -> PromptMessage:
    match item:
        case {**entry} if len(entry) == 1:
            ((role, text),) = entry.items()
        case _:
            raise _wrong("wrong-type", f"message {index + 1} must be one of `{_roles()}`", index)
    if role not in ROLES:
        raise PydanticCustomError(
            "wrong-value",
            "there is no role `{role}`",
            {
                "role": role,
                "at": (index, role),
                "is_key": True,
                "fix": did_you_mean(str(role), ROLES),
            },
        )
    if isinstance(text, list) and role != "system":
        parts = parsed_parts(text, (index, role))
        return PromptMessage(role, Template.parse(""), (index, role), parts)
    if not isinstance(text, str):
        raise _wrong("wrong-type", f"the {role} message must be text", index)
    return PromptMessage(role, Template.parse(text), (index, role))


def _wrong(code: str, message: str, index: int) -> PydanticCustomError:
    return PydanticCustomError(code, message, {"at": (index,)})


def _roles() -> str:
    return ", ".join(ROLES)


def _as_data(prompt: Prompt) -> str | list[dict[str, object]]:
    first = prompt.messages[0]
    if len(prompt.messages) == 1 and not first.at:
        return first.template.text
    return [
        {m.role: [part_as_data(part) for part in m.parts] if m.parts else m.template.text}
        for m in prompt.messages
    ]
