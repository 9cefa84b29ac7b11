"""What a run has to do with images: where they may be, and what its journal and data keep of them.

Kept are their hashes. The bytes stay where they were, in a file or in the row's own column.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sygra_eval.data import ImageRules
from sygra_eval.suite import Suite
from sygra_eval.values import Image, Message, part_from_json, part_to_json


def image_rules(suite: Suite) -> ImageRules:
    """Return what a suite allows; a source without a folder has the suite's."""
    declare = getattr(suite.source.config, "data_folder", None)
    return ImageRules(
        folder=suite.folder,
        data_folder=declare(suite.folder) if callable(declare) else suite.folder,
        sends_urls=suite.images.sends_urls,
        reads_anywhere=suite.images.reads_anywhere,
        most_bytes=suite.images.most_bytes,
    )


def messages_to_json(messages: Iterable[Message]) -> list[list[Any]]:
    """Return messages as a journal keeps them, images without their bytes."""
    return [_message_to_json(message) for message in messages]


def _message_to_json(message: Message) -> list[Any]:
    kept: list[Any] = [message.role, message.content]
    if message.parts or message.more:
        kept.append([part_to_json(part) for part in message.parts])
    if message.more:
        kept.append(message.more)
    return kept


def messages_from_json(data: Iterable[Sequence[Any]]) -> tuple[Message, ...]:
    """Return the messages that `messages_to_json` was given; mere text has no third item."""
    return tuple(_message_from_json(*kept) for kept in data)


def _message_from_json(
    role: str, content: str, parts: Iterable[Any] = (), more: str = ""
) -> Message:
    return Message(role, content, tuple(part_from_json(part) for part in parts), more)


def images_column(messages: Iterable[Message]) -> list[dict[str, object]]:
    """Return what a row's data says of the images of its prompt, in their order."""
    return [
        {
            "source": part.source,
            "media_type": part.media_type,
            "sha256": part.sha256,
            "bytes": part.size,
        }
        for message in messages
        for part in message.parts
        if isinstance(part, Image)
    ]
