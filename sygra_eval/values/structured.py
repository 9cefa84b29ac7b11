"""Answers that are to be JSON of a schema: what is asked, and what came of it."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sygra_eval.values.chat import ChatResponse, Message
from sygra_eval.values.errors import InfrastructureError
from sygra_eval.values.handling import OnLength

MOST_REPAIRS = 2
"""How often a model is asked again for JSON that fits."""
MOST_QUOTED = 20_000
"""Characters of a reply that the model is shown again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Structured:
    """What an answer is to be: an object of a JSON Schema.

    :ivar name: What the schema is called where a server wants a name.
    :ivar defaults: What a field is that the answer may leave out.
    """

    name: str
    schema: Mapping[str, Any]
    defaults: Mapping[str, object] = field(default_factory=dict)

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the names that the schema gives to its fields."""
        return tuple(self.schema.get("properties", ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """An answer that fits its schema.

    :ivar response: The last answer as it came, with its raw text; `text` is the JSON in it.
    :ivar values: Its fields by name; one that it leaves out has its default, or is None.
    :ivar repairs: How often it was asked again.
    :ivar tokens: Of all the calls that it took, `latency_s` likewise.
    """

    response: ChatResponse
    text: str
    values: Mapping[str, object]
    repairs: int
    tokens: int
    latency_s: float


class CompleteJson(Protocol):
    """Ask a model of the suite for JSON, and again where it does not fit."""

    def __call__(
        self,
        messages: tuple[Message, ...],
        *,
        model: str,
        structured: Structured,
        step: str = "",
        visit: int = 1,
        sample: int = 0,
        parameters: Mapping[str, object] | None = None,
        on_length: OnLength | None = None,
    ) -> Awaitable[Fitted]:
        """Return the answer that fits.

        :param on_length: What is done with an answer that is cut, instead of what the model says.
        :raises CallFailed: `schema`, when none does after two repairs.
        """
        ...


async def no_json(
    messages: tuple[Message, ...],
    *,
    model: str,
    structured: Structured,
    step: str = "",
    visit: int = 1,
    sample: int = 0,
    parameters: Mapping[str, object] | None = None,
    on_length: OnLength | None = None,
) -> Fitted:
    """Stand where `CompleteJson` does, and refuse: whoever made this context checks no schema."""
    del messages, structured, step, visit, sample, parameters, on_length
    raise InfrastructureError(f"`{model}` is asked for JSON, and nothing here can check it")
