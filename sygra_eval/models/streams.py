"""Puts a streamed answer together: bytes in, the payload of a whole answer out.

`Lines` cuts the stream into events (server-sent ones, or one JSON object a line); a `Collector` of
the dialect takes them. What comes out has the form of an answer that was not streamed, so there is
one way to read both. A stream that ends early has no payload: half an answer is none.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sygra_eval.models import fast_json

Event = Mapping[str, Any]


def listed(value: object) -> list[Any]:
    """Return a list that a server sent; empty where it sent something else."""
    return value if isinstance(value, list) else []


class Collector(Protocol):
    """Takes the events of one streamed answer, in order.

    :ivar has_text: A first piece of text has come.
    :ivar characters: Of text, so far; for the limit of size.
    :ivar on_text: Told each piece of the first choice's text, where somebody listens.
    """

    has_text: bool
    characters: int
    on_text: Callable[[str], None] | None

    def take(self, event: Event) -> None:
        """Take one event; what is of no known form is left out."""
        ...

    def payload(self, *, is_ended: bool) -> Event | None:
        """Return the whole answer; None when it is not whole.

        :param is_ended: The server said that nothing follows.
        """
        ...


class Lines:
    """Cuts a stream into the JSON of its events.

    :ivar is_ended: The end mark `[DONE]` has come.
    :ivar pending: Bytes of a line whose end has not come.
    """

    def __init__(self) -> None:
        self.is_ended = False
        self.pending = b""

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Yield the events that are whole now.

        :raises ValueError: When one is no JSON.
        """
        *lines, self.pending = (self.pending + chunk).split(b"\n")
        for line in lines:
            yield from self._event(line)

    def finish(self) -> Iterator[Event]:
        """Yield the event of a last line that no line break ended."""
        line, self.pending = self.pending, b""
        yield from self._event(line)

    def _event(self, line: bytes) -> Iterator[Event]:
        is_data = line.startswith(b"data:")
        data = (line[5:] if is_data else line).strip()
        if not is_data and not data.startswith(b"{"):
            return  # an empty line, a comment that keeps the connection alive, `event:`, `id:`
        if data == b"[DONE]":
            self.is_ended = True
        elif data:
            event = fast_json.loads(data)
            if isinstance(event, dict):
                yield event


@dataclass(slots=True)
class _Choice:
    """One choice as it grows.

    :ivar has_content: A text was sent, if an empty one; else there is no answer.
    """

    has_content: bool = False
    texts: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    calls: dict[int, dict[str, str]] = field(default_factory=dict)
    logprobs: list[object] = field(default_factory=list)
    finish_reason: str | None = None

    def payload(self, index: int) -> Event:
        message: dict[str, object] = {"role": "assistant", "content": None}
        if self.has_content:
            message["content"] = "".join(self.texts)
        if self.reasoning:
            message["reasoning_content"] = "".join(self.reasoning)
        if self.refusal:
            message["refusal"] = "".join(self.refusal)
        if self.calls:
            message["tool_calls"] = [
                {"id": call["id"], "function": {k: call[k] for k in ("name", "arguments")}}
                for _, call in sorted(self.calls.items())
            ]
        logprobs = {"content": self.logprobs} if self.logprobs else None
        return {
            "index": index,
            "message": message,
            "finish_reason": self.finish_reason,
            "logprobs": logprobs,
        }


class ChatCollector:
    """Puts the deltas of chat completions together; usage is that of the last event with one."""

    def __init__(self) -> None:
        self.has_text = False
        self.characters = 0
        self.on_text: Callable[[str], None] | None = None
        self._choices: dict[int, _Choice] = {}
        self._usage: object = None
        self._model: object = None
        self._error: object = None

    def take(self, event: Event) -> None:
        """Take one chunk."""
        self._error = event.get("error") or self._error
        self._usage = event.get("usage") or self._usage
        self._model = event.get("model") or self._model
        for entry in listed(event.get("choices")):
            if isinstance(entry, dict):
                index = entry.get("index")
                number = index if isinstance(index, int) else 0
                self._grow(self._choices.setdefault(number, _Choice()), entry)

    def _grow(self, choice: _Choice, entry: Event) -> None:
        reason, logprobs = entry.get("finish_reason"), entry.get("logprobs")
        if isinstance(reason, str):
            choice.finish_reason = reason
        if isinstance(logprobs, dict):
            choice.logprobs += listed(logprobs.get("content"))
        delta = entry.get("delta")
        if not isinstance(delta, dict):
            return
        choice.has_content = choice.has_content or isinstance(delta.get("content"), str)
        said = delta.get("content")
        self._add(choice.texts, said)
        if self.on_text is not None and choice is self._choices.get(0) and isinstance(said, str):
            self.on_text(said)
        self._add(choice.reasoning, delta.get("reasoning_content") or delta.get("reasoning"))
        self._add(choice.refusal, delta.get("refusal"))
        for place, part in enumerate(listed(delta.get("tool_calls"))):
            if isinstance(part, dict):
                self._grow_call(choice, place, part)

    def _add(self, pieces: list[str], piece: object) -> None:
        if isinstance(piece, str) and piece:
            pieces.append(piece)
            self.has_text = True
            self.characters += len(piece)

    def _grow_call(self, choice: _Choice, place: int, part: Event) -> None:
        index, function = part.get("index"), part.get("function")
        number = index if isinstance(index, int) else place
        call = choice.calls.setdefault(number, {"id": "", "name": "", "arguments": ""})
        named = {"id": part.get("id"), **(function if isinstance(function, dict) else {})}
        for key in call:
            if isinstance(piece := named.get(key), str):
                call[key] += piece
                self.characters += len(piece)

    def payload(self, *, is_ended: bool) -> Event | None:
        """Return a chat completion, or the error that came in the middle."""
        if self._error:
            return {"error": self._error}
        first = self._choices.get(0)
        if first is None or not (is_ended or first.finish_reason):
            return None
        return {
            "choices": [choice.payload(index) for index, choice in sorted(self._choices.items())],
            "usage": self._usage,
            "model": self._model,
        }
