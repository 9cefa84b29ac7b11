"""Models that answer with pictures or sound, or write down what is said, by OpenAI's endpoints.

What comes is a data URL, or a JSON list of several, as tasks expect it in the place of a text.
"""

import base64
import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

import aiohttp

from sygra_eval.sygra.media_kinds import MODEL_TYPE, Kind, MediaConfig, suffix_of
from sygra_eval.values import (
    CallFailed,
    ChatRequest,
    ChatResponse,
    Image,
    Message,
    ModelSpec,
    ModelUnavailable,
    RetryLater,
    TextPart,
    Usage,
)

_LIMIT_S = 300.0
_IN_FLIGHT = 4
_SPEECH = ("voice", "speed", "response_format")


class MediaModel:
    """One endpoint; each call is one try."""

    takes_images = True
    max_in_flight = _IN_FLIGHT

    def __init__(self, spec: ModelSpec) -> None:
        self._config = cast("MediaConfig", spec.config)
        self._session: aiohttp.ClientSession | None = None

    @property
    def identity(self) -> str:
        """Kind, place and model."""
        address = re.sub(r"^http://127\.0\.0\.1:\d+", "http://127.0.0.1", self._config.base_url)
        return f"{MODEL_TYPE} {self._config.kind} {address} {self._config.model}"

    @property
    def label(self) -> str:
        """The model as its server knows it."""
        return self._config.model

    @property
    def endpoint(self) -> str:
        """The server and the account."""
        return f"{self._config.base_url} {self._config.api_key_env or ''}"

    async def open(self) -> None:
        """Make ready; there is no question that costs nothing, so none is asked."""
        headers = {}
        if name := self._config.api_key_env:
            if not (key := os.environ.get(name, "").strip()):
                raise ModelUnavailable(
                    f"`{self.label}` takes its key from {name}, which is not set"
                )
            headers["Authorization"] = f"Bearer {key}"
        timeout = aiohttp.ClientTimeout(total=_LIMIT_S)
        self._session = aiohttp.ClientSession(headers=headers, timeout=timeout)

    async def close(self) -> None:
        """Release the connections."""
        if self._session is not None:
            await self._session.close()

    async def complete(self, request: ChatRequest) -> ChatResponse:
        """Send a prompt to where its kind is answered."""
        match self._config.kind:
            case Kind.IMAGE:
                text = await self._image(request)
            case Kind.SPEECH:
                text = await self._speech(request)
            case Kind.TRANSCRIPTION:
                text = await self._transcription(request)
            case _:
                text = await self._audio_chat(request)
        return ChatResponse(
            text=text, finish_reason="stop", usage=Usage(prompt_tokens=0, completion_tokens=0)
        )

    async def _image(self, request: ChatRequest) -> str:
        prompt, images = text_in(request), list(images_in(request))
        images = images[: self._config.max_edit_images]
        if images:
            form = self._form(request.parameters)
            form.add_field("prompt", prompt)
            name = "image" if len(images) == 1 else "image[]"
            for place, (media_type, content) in enumerate(images):
                suffix = suffix_of(media_type)
                form.add_field(
                    name, content, filename=f"image_{place}.{suffix}", content_type=media_type
                )
            made = await self._json("images/edits", data=form)
        else:
            body = {**request.parameters, "model": self._config.model, "prompt": prompt}
            made = await self._json("images/generations", json=body)
        return _one_or_list([_picture(one) for one in made.get("data") or ()])

    async def _speech(self, request: ChatRequest) -> str:
        given = request.parameters
        about = given.get("audio")
        told = {**(about if isinstance(about, Mapping) else {}), **given}
        body = {key: told[key] for key in _SPEECH if key in told}
        body |= {"model": self._config.model, "input": text_in(request)}
        body.setdefault("voice", "alloy")
        content = await self._bytes("audio/speech", json=body)
        form = str(body.get("response_format", "wav"))
        return f"data:audio/{form};base64,{base64.b64encode(content).decode()}"

    async def _transcription(self, request: ChatRequest) -> str:
        sounds = list(sounds_in(request))
        if not sounds:
            raise CallFailed("bad_request", "the prompt has no sound to write down")
        form = self._form(request.parameters)
        media_type, content = sounds[0]
        suffix = suffix_of(media_type)
        form.add_field("file", content, filename=f"audio.{suffix}", content_type=media_type)
        if prompt := text_in(request):
            form.add_field("prompt", prompt)
        made = await self._json("audio/transcriptions", data=form)
        return str(made.get("text", ""))

    async def _audio_chat(self, request: ChatRequest) -> str:
        about = request.parameters.get("audio")
        audio = {"voice": "alloy", "format": "wav", **(about if isinstance(about, Mapping) else {})}
        body = {
            **request.parameters,
            "model": self._config.model,
            "messages": [message.as_dict() for message in request.messages],
            "modalities": ["text", "audio"],
            "audio": audio,
        }
        made = await self._json("chat/completions", json=body)
        try:
            message = made["choices"][0]["message"]
            return f"data:audio/{audio['format']};base64,{message['audio']['data']}"
        except (KeyError, IndexError, TypeError):
            raise RetryLater("bad_body", "the answer has no sound", most_tries=3) from None

    def _form(self, parameters: Mapping[str, object]) -> aiohttp.FormData:
        form = aiohttp.FormData()
        form.add_field("model", self._config.model)
        for key, value in parameters.items():
            form.add_field(key, value if isinstance(value, str) else json.dumps(value))
        return form

    async def _json(self, path: str, **sent: Any) -> dict[str, Any]:
        content = await self._bytes(path, **sent)
        try:
            made = json.loads(content)
        except ValueError:
            raise RetryLater("bad_body", f"{path}: no JSON came", most_tries=3) from None
        if not isinstance(made, dict):
            raise RetryLater("bad_body", f"{path}: no JSON object came", most_tries=3)
        return made

    async def _bytes(self, path: str, **sent: Any) -> bytes:
        if self._session is None:
            raise CallFailed("closed", "the model is not open")
        address = f"{self._config.base_url.rstrip('/')}/{path}"
        try:
            async with self._session.post(address, **sent) as answer:
                content = await answer.read()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise RetryLater("connection", f"{address}: {type(error).__name__}") from error
        if status == 200:
            return content
        said = f"{address} answered {status}: {content[:200].decode('utf-8', 'replace')}"
        if status in (408, 429) or status >= 500:
            raise RetryLater("rate_limited" if status == 429 else "server_error", said)
        raise CallFailed("bad_request", said)


def text_in(request: ChatRequest) -> str:
    """Return the texts of a prompt, without the line break that a block of YAML ends with."""
    return "\n".join(text for message in request.messages if (text := _text(message))).strip()


def _text(message: Message) -> str:
    if message.parts:
        return "".join(part.text for part in message.parts if isinstance(part, TextPart))
    listed = _listed(message)
    if listed is None:
        return message.content
    return "".join(str(part.get("text", "")) for part in listed if part.get("type") == "text")


def _listed(message: Message) -> list[dict[str, Any]] | None:
    content = json.loads(message.more).get("content") if message.more else None
    return content if isinstance(content, list) else None


def images_in(request: ChatRequest) -> Iterator[tuple[str, bytes]]:
    """Yield the images of a prompt."""
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, Image) and part.base64:
                yield part.media_type, base64.b64decode(part.base64)


def sounds_in(request: ChatRequest) -> Iterator[tuple[str, bytes]]:
    """Yield the sounds of a prompt."""
    for message in request.messages:
        for part in _listed(message) or ():
            if part.get("type") == "input_audio":
                sound = part["input_audio"]
                yield f"audio/{sound['format']}", base64.b64decode(sound["data"])


def _picture(one: Mapping[str, Any]) -> str:
    if one.get("b64_json"):
        return f"data:image/png;base64,{one['b64_json']}"
    return str(one.get("url", ""))


def _one_or_list(made: list[str]) -> str:
    if not made:
        raise RetryLater("empty", "no picture came", most_tries=3)
    return made[0] if len(made) == 1 else json.dumps(made)
