"""Looks at the images that a prompt names: what is sent is what was read here, and no more.

A row is hostile input. It may name a file in the data's own folder, hold the bytes themselves, and,
where the suite allows it, name an address for the model's server to fetch. We fetch nothing. The
media type comes from the bytes, so what is no image is never sent as one.
"""

import asyncio
import base64
import binascii
import hashlib
import ipaddress
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from sygra_eval.values import Image, ImageRef, InfrastructureError, Message

MOST_IMAGES = 64  # of one call
MOST_ADDRESS = 8192
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_DATA_URL = re.compile(r"data:[^,;]{0,200}(?:;[^,;]{0,200}){0,4};base64,", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9._:-]+")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_SHOWN = 80


class BadImage(InfrastructureError):
    """An image that cannot or may not be sent; the record ends as `failed` (`bad_input`)."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"bad_input: the image {what} {why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRules:
    """What a suite allows of images.

    :ivar folder: The suite's, `data_folder` that of the file with the rows.
    :ivar sends_urls: Addresses that rows name are sent on.
    :ivar reads_anywhere: Files outside these folders may be read.
    """

    folder: Path
    data_folder: Path
    sends_urls: bool = False
    reads_anywhere: bool = False
    most_bytes: int = 10 * 2**20


async def looked_at(messages: tuple[Message, ...], rules: ImageRules) -> tuple[Message, ...]:
    """Return the messages with images that can be sent; files are read on a thread.

    :raises BadImage: For one that cannot or may not be.
    """
    refs = sum(isinstance(part, ImageRef) for message in messages for part in message.parts)
    if not refs:
        return messages
    if refs > MOST_IMAGES:
        raise BadImage("of a prompt", f"is one of {refs}; a call takes at most {MOST_IMAGES}")
    return await asyncio.to_thread(_all_looked_at, messages, rules)


def _all_looked_at(messages: tuple[Message, ...], rules: ImageRules) -> tuple[Message, ...]:
    return tuple(
        replace(
            message,
            parts=tuple(
                image_of(part, rules) if isinstance(part, ImageRef) else part
                for part in message.parts
            ),
        )
        if message.parts
        else message
        for message in messages
    )


def image_of(ref: ImageRef, rules: ImageRules) -> Image:
    """Return what a reference comes to."""
    value = ref.value
    if isinstance(value, Mapping):  # as Hugging Face's data sets keep images: bytes and path
        value = value.get("bytes") or value.get("path") or value.get("url")
    if not isinstance(value, str) or not value.strip():
        kind = "empty" if value in (None, "") else f"of type {type(value).__name__}"
        raise BadImage("of this row", f"is {kind}: a path, a data URL or bytes are needed")
    text = value.strip()
    scheme = _SCHEME.match(text[:40])
    if ref.is_path or scheme is None:
        base = rules.folder if ref.is_path or not ref.is_from_row else rules.data_folder
        return _made(_read(text, base, rules), text, rules)
    match scheme[1].lower():
        case "data":
            return _made(_decoded(text, rules), "", rules)
        case "http" | "https":
            return _remote(text, ref, rules)
    raise BadImage(f"`{_short(text)}`", "is neither a file's path nor an http address")


def _remote(url: str, ref: ImageRef, rules: ImageRules) -> Image:
    """Return an address that the model's server may fetch; a row's only where that is allowed."""
    what = f"`{_short(url)}`"
    if ref.is_from_row and not rules.sends_urls:
        raise BadImage(
            what,
            "is an address that the row names: the model's server would fetch it. Allow that with "
            "`images: {urls: send}`, or put the file beside the data",
        )
    try:
        split = urlsplit(url)
        is_fine = bool(_HOST.fullmatch(split.hostname or "")) and "@" not in split.netloc
    except ValueError:
        is_fine = False
    # What clients read differently may not be in it: they would fetch from another host than seen.
    if not is_fine or "\\" in url or not url.isprintable() or len(url) > MOST_ADDRESS:
        raise BadImage(what, "is no address that can be sent")
    host = split.hostname or ""
    if ref.is_from_row and _is_inside(host):
        raise BadImage(what, "is an address inside a network, which no row may name")
    return Image(source=url, url=url)


def _is_inside(host: str) -> bool:
    """Say whether a host is written as one that only its own network reaches."""
    plain = host.rstrip(".").lower()
    if plain == "localhost" or plain.endswith((".localhost", ".local", ".internal")):
        return True
    if "." not in plain and ":" not in plain:
        return True  # a bare name, or a number that resolvers take for an address
    if ":" not in plain and not _NUMBER.fullmatch(plain.rpartition(".")[2]):
        return False
    try:
        return not ipaddress.ip_address(plain).is_global
    except ValueError:
        return True  # 127.1, 0x7f.1: clients know more ways to write an address than this one


def _read(text: str, base: Path, rules: ImageRules) -> bytes:
    """Read a file in a folder: no absolute path, no way out of it, and nothing but a file."""
    what, whose = f"`{_short(text)}`", "data" if base is rules.data_folder else "suite"
    advice = "unless the suite says `images: {files: anywhere}`"
    if "\0" in text:
        raise BadImage(what, "has no path")
    if not rules.reads_anywhere and Path(text).is_absolute():
        raise BadImage(what, f"is an absolute path, which may not be read {advice}")
    try:
        path = (base / text).resolve(strict=True)
        if not rules.reads_anywhere and not path.is_relative_to(base.resolve()):
            raise BadImage(
                what, f"lies outside the {whose}'s folder, where it may not be read {advice}"
            )
        return _bytes_of(path, what, rules)
    except UnicodeEncodeError as error:
        raise BadImage(what, "has no path that a disk could hold") from error
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or "its links lead round in a circle"
        raise BadImage(what, f"cannot be read in the {whose}'s folder: {why}") from error


def _bytes_of(path: Path, what: str, rules: ImageRules) -> bytes:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe would block
    descriptor = os.open(path, flags)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BadImage(what, "is no file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(rules.most_bytes + 1)
    finally:
        os.close(descriptor)


def _decoded(url: str, rules: ImageRules) -> bytes:
    head = _DATA_URL.match(url)
    if head is None:
        raise BadImage("of this row", "is a data URL that is not base64")
    text = url[head.end() :]
    if len(text) > rules.most_bytes * 4 // 3 + 4:
        return text[: rules.most_bytes + 1].encode("utf-8", "replace")  # refused for its size
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadImage("of this row", f"is a data URL with broken base64: {error}") from error


def _made(data: bytes, source: str, rules: ImageRules) -> Image:
    what = f"`{_short(source)}`" if source else "of this row"
    if len(data) > rules.most_bytes:
        limit = f"{rules.most_bytes / 2**20:g} MB"
        raise BadImage(what, f"is larger than {limit}: shrink it, or raise `images: {{max_mb: …}}`")
    media_type = media_type_of(data)
    if not media_type:
        raise BadImage(what, "is no PNG, JPEG, GIF or WebP by its bytes")
    return Image(
        source=source,
        media_type=media_type,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        base64=base64.b64encode(data).decode(),
    )


def media_type_of(data: bytes) -> str:
    """Return the media type that the bytes themselves tell; empty for what is no image of ours."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return ""


def data_url_of(data: bytes) -> str:
    """Return a column's bytes as a data URL, which is JSON; empty where they are no image."""
    media_type = media_type_of(data)
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}" if media_type else ""


def _short(text: str) -> str:
    printable = "".join(c if c.isprintable() else "?" for c in text[:_SHOWN])
    return printable if len(text) <= _SHOWN else f"{printable}…"
