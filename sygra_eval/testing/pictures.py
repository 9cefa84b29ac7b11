"""The images of a chat as the scripted server sees them: looked at, and kept by their hash.

Each dialect puts them elsewhere: what a request holds is brought into OpenAI's form first.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_MAGIC = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenImage:
    """One image that a chat showed: its bytes' hash, or the address that was sent."""

    media_type: str = ""
    sha256: str = ""
    size: int = 0
    url: str = ""


class BadPicture(ValueError):
    """An image part that a real server would refuse."""


def images_in(messages: object) -> list[SeenImage]:
    """Return the images of messages in OpenAI's form.

    :raises BadPicture: When one is not what it says it is.
    """
    return [_seen(part) for message in _listed(messages) for part in _parts(message)]


def response_part(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a part of the responses API in OpenAI's usual form."""
    if part.get("type") == "input_image":
        return {"type": "image_url", "image_url": {"url": part.get("image_url")}}
    return {"type": "text", "text": part.get("text", "")}


def ollama_message(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a message whose images stand beside its text as one of parts."""
    if not message.get("images"):
        return message
    shown = [_picture_part(_media_type_of(data), data) for data in message["images"]]
    return {**message, "content": [{"type": "text", "text": message["content"]}, *shown]}


def anthropic_picture(part: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return Anthropic's image part in OpenAI's form; None for another part."""
    match part.get("source"):
        case {"type": "base64", "media_type": str(kind), "data": str(data)}:
            return _picture_part(kind, data)
        case {"type": "url", "url": str(url)}:
            return {"type": "image_url", "image_url": {"url": url}}
    return None


def gemini_picture(part: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return Gemini's image part in OpenAI's form; None for another part."""
    match part.get("inline_data") or part.get("inlineData"):
        case {"data": str(data), **told}:
            kind = told.get("mime_type") or told.get("mimeType")
            return _picture_part(str(kind), data)
    return None


def bedrock_picture(part: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return Bedrock's image part in OpenAI's form; None for another part."""
    match part.get("image"):
        case {"format": str(kind), "source": {"bytes": str(data)}}:
            return _picture_part(f"image/{kind}", data)
    return None


def _picture_part(media_type: str, data: str) -> dict[str, Any]:
    """Return base64 as a part in OpenAI's form."""
    url = f"data:{media_type};base64,{data}"
    return {"type": "image_url", "image_url": {"url": url}}


def _media_type_of(data: str) -> str:
    """Return the media type of base64 that comes without one, as Ollama takes it."""
    try:
        head = base64.b64decode(data[:64])
    except (binascii.Error, ValueError):
        head = b""
    return next((kind for kind, magic in _MAGIC.items() if head.startswith(magic)), "image/unknown")


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _parts(message: object) -> Iterator[Mapping[str, Any]]:
    content = message.get("content") if isinstance(message, Mapping) else None
    for part in _listed(content):
        if isinstance(part, Mapping) and part.get("type") == "image_url":
            yield part


def _seen(part: Mapping[str, Any]) -> SeenImage:
    told = part.get("image_url")
    url = told.get("url") if isinstance(told, Mapping) else None
    if not isinstance(url, str):
        raise BadPicture("`image_url` needs a `url`")
    if url.startswith(("http://", "https://")):
        return SeenImage(url=url)
    head, comma, data = url.partition(",")
    media_type = head.removeprefix("data:").removesuffix(";base64")
    if not comma or media_type not in _MAGIC:
        raise BadPicture(f"an image of the type {media_type!r} is not taken")
    try:
        decoded = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadPicture(f"an image that is not base64: {error}") from error
    if not decoded.startswith(_MAGIC[media_type]):
        raise BadPicture(f"an image whose bytes are not {media_type}")
    digest = hashlib.sha256(decoded).hexdigest()
    return SeenImage(media_type=media_type, sha256=digest, size=len(decoded))
