"""Which models of a task answer with pictures or sound, and how these are written."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

MODEL_TYPE = "sygra_media"
DATA_URL = re.compile(r"data:([\w/+.*-]+);base64,(.*)", re.DOTALL)


class Kind(StrEnum):
    """What a node's model does."""

    CHAT = "chat"
    IMAGE = "image"
    SPEECH = "speech"
    TRANSCRIPTION = "transcription"
    AUDIO_CHAT = "audio_chat"


def kind_of(facts: Mapping[str, Any]) -> Kind:
    """Return what a model is asked for, by its own types and its node's."""
    gives, takes = facts.get("output_type", "text"), facts.get("input_type", "text")
    is_talking = "gpt-4o-audio" in str(facts.get("model", ""))
    if gives == "image":
        return Kind.IMAGE
    if gives == "audio":
        return Kind.AUDIO_CHAT if is_talking else Kind.SPEECH
    return Kind.TRANSCRIPTION if takes == "audio" and not is_talking else Kind.CHAT


class MediaConfig(BaseModel):
    """The keys of a model of pictures or sound.

    :ivar max_edit_images: Of the pictures in a prompt so many are sent, the first ones.
    """

    model_config = ConfigDict(extra="forbid")

    base_url: str
    model: str = Field(min_length=1)
    kind: Kind
    max_edit_images: int | None = None
    api_key_env: str | None = None

    @property
    def takes_images(self) -> bool:
        """Whether a prompt may show images: they are what is changed."""
        return True


def as_input_audio(address: str) -> dict[str, Any] | None:
    """Return a sound of a data URL as chats have it; None where it is none."""
    found = DATA_URL.fullmatch(address)
    if found is None:
        return None
    sound = {"data": found[2], "format": suffix_of(found[1])}
    return {"type": "input_audio", "input_audio": sound}


def suffix_of(media_type: str) -> str:
    """Return how files of a media type end."""
    inner = media_type.partition("/")[2]
    return {"jpeg": "jpg", "mpeg": "mp3", "x-wav": "wav", "*": "bin"}.get(inner, inner)
