"""Plain completions (`api: completions`), for models that were never taught to chat.

A base model goes on with a text. The `template` makes one text of a prompt's messages, by role; it
is filled in literally and never evaluated.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, field_validator

from sygra_eval.models.streams import ChatCollector, Event, listed
from sygra_eval.values import ChatRequest, Message

CONTENT = "{content}"


class PromptTemplate(BaseModel):
    """How messages become one text; the answer is what the model writes after `start`.

    :ivar start: What the answer goes on from, as `A:`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    system: str = Field(default=f"{CONTENT}\n\n")
    user: str = Field(default=f"{CONTENT}\n")
    assistant: str = Field(default=f"{CONTENT}\n")
    start: str = ""

    @field_validator("system", "user", "assistant")
    @classmethod
    def _holds_the_content(cls, text: str) -> str:
        if text.count(CONTENT) != 1:
            raise ValueError(f"write `{CONTENT}` once, where the message's text goes")
        return text

    def text_of(self, messages: tuple[Message, ...]) -> str:
        """Return the one text that these messages become."""
        forms = {"system": self.system, "user": self.user, "assistant": self.assistant}
        parts = [forms[message.role].replace(CONTENT, message.content) for message in messages]
        return "".join(parts) + self.start

    @property
    def digest(self) -> str:
        """Return what tells two templates apart: answers to one are no answers to another."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]


class Template(Protocol):
    """What makes one text of messages: one of the suite's, or the model's own (`chat_template`)."""

    def text_of(self, messages: tuple[Message, ...]) -> str:
        """Return the text from which the model goes on."""
        ...


def asked(request: ChatRequest, model: str, template: Template) -> dict[str, Any]:
    """Return the body to send."""
    return {**request.parameters, "model": model, "prompt": template.text_of(request.messages)}


def completed(payload: object) -> object:
    """Return a plain completion as a chat completion; what is none stays as it is."""
    if not isinstance(payload, dict) or not isinstance(payload.get("choices"), list):
        return payload
    return {**payload, "choices": [_choice(choice) for choice in payload["choices"]]}


def _choice(choice: object) -> object:
    if not isinstance(choice, dict) or "message" in choice:
        return choice
    chosen = {**choice, "message": {"role": "assistant", "content": choice.get("text")}}
    chosen["logprobs"] = {"content": _logprobs(choice.get("logprobs"))}
    return chosen


def _logprobs(logprobs: object) -> list[Event]:
    if not isinstance(logprobs, Mapping):
        return []
    tokens, values = listed(logprobs.get("tokens")), listed(logprobs.get("token_logprobs"))
    return [
        {"token": token, "logprob": value} for token, value in zip(tokens, values, strict=False)
    ]


class CompletionCollector(ChatCollector):
    """Puts the pieces of a streamed completion together."""

    def take(self, event: Event) -> None:
        """Take one piece, as if it were one of a chat."""
        choices = [
            {**choice, "delta": {"content": choice.get("text")}, "logprobs": logprobs}
            for choice in listed(event.get("choices"))
            if isinstance(choice, dict)
            for logprobs in [{"content": _logprobs(choice.get("logprobs"))}]
        ]
        super().take({**event, "choices": choices})
