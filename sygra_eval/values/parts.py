"""Parts of a message that is more than text: texts and images, in order.

A prompt names an image (`ImageRef`); the engine looks at it and puts an `Image` in its place, which
is what is sent. So nothing that a row says is read from a disk or sent on unseen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

IMAGE_MARK = "<image>"


@dataclass(frozen=True, slots=True)
class TextPart:
    """A text among images."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRef:
    """An image as a prompt names it, before anyone has looked at it; it cannot be sent.

    :ivar value: An address, a data URL, a path, or what a row holds in its place.
    :ivar is_from_row: The row had a say in it, so it is hostile input.
    :ivar is_path: The suite says that it is a file beside it.
    """

    value: object
    is_from_row: bool
    is_path: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image that can be sent: its bytes, or the address that the model's server fetches.

    :ivar source: Where it is from, as the row or the suite says; empty for bytes of a column.
    :ivar url: The address, where it is one; then the other fields are empty.
    :ivar base64: The bytes as they are sent; a journal keeps their hash alone.
    """

    source: str = ""
    media_type: str = ""
    sha256: str = ""
    size: int = 0
    url: str = ""
    base64: str = field(default="", compare=False, repr=False)

    @property
    def address(self) -> str:
        """Return the address to send: the bytes themselves as a data URL, where we have them."""
        return self.url or f"data:{self.media_type};base64,{self.base64}"


Part = TextPart | ImageRef | Image


def content_of(parts: tuple[Part, ...]) -> str:
    """Return the texts, with a mark where an image stands."""
    return "".join(part.text if isinstance(part, TextPart) else IMAGE_MARK for part in parts)


def wire_text(part: Part) -> str:
    """Return the text of a part that is no image."""
    if not isinstance(part, TextPart):
        raise TypeError("an image was not looked at before it was to be sent")
    return part.text


def wire_form(part: Part) -> dict[str, Any]:
    """Return a part as OpenAI's chats have it."""
    if isinstance(part, Image):
        return {"type": "image_url", "image_url": {"url": part.address}}
    return {"type": "text", "text": wire_text(part)}


def key_of(part: Part) -> dict[str, Any]:
    """Return what a part is known by."""
    if not isinstance(part, Image):
        return {"type": "text", "text": wire_text(part)}
    return {"type": "image", **({"url": part.url} if part.url else {"sha256": part.sha256})}


def part_to_json(part: Part) -> dict[str, Any]:
    """Return what a journal keeps of a part."""
    if isinstance(part, Image):
        told = {"source": part.source, "media_type": part.media_type, "size": part.size}
        return {**key_of(part), **told}
    return key_of(part)


def part_from_json(data: Mapping[str, Any]) -> Part:
    """Return the part that `part_to_json` was given; of an image, all but the bytes."""
    if data["type"] == "text":
        return TextPart(data["text"])
    return Image(
        source=data["source"],
        media_type=data["media_type"],
        sha256=data.get("sha256", ""),
        size=data["size"],
        url=data.get("url", ""),
    )
