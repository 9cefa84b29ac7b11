"""The OASST mapping: a row for each message of a conversation, as a task's `oasst_mapper` asks.

SyGra gives messages ids and times by chance and clock. Here an id comes from the conversation and
what was said up to the message, and there is no time, so equal rows give equal files.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sygra_eval.values import UsageError

_SCORES = ("chosen_response_quality.", "rejected_response_quality.")
_SIDES = ("chosen", "rejected")
KINDS = ("sft", "dpo")


def is_asked(mapper: Mapping[str, Any]) -> bool:
    """Say whether a task asks for it: by the word `yes`, a bare `yes` of YAML means no to SyGra."""
    return str(mapper.get("required")) == "yes"


def as_oasst(
    kind: str,
    tag: Callable[[dict[str, Any]], Iterable[dict[str, Any]]] | None = None,
    unmapped: list[str] | None = None,
) -> Callable[[dict[str, Any]], Iterable[dict[str, Any]]]:
    """Return what makes messages of a row.

    A row that is no conversation makes none, and its fault is left in `unmapped`.

    :param tag: What is said of a row before.
    :raises UsageError: When there is no mapping of this kind.
    """
    if kind not in KINDS:
        raise UsageError(f"oasst_mapper: there is no type `{kind}`: it is sft or dpo")

    def messages(row: dict[str, Any]) -> Iterable[dict[str, Any]]:
        if fault := fault_of(row):
            if unmapped is None:
                raise UsageError(fault)
            unmapped.append(fault)
            return []
        tagged = [row] if tag is None else tag(row)
        return [one for each in tagged for one in oasst_rows(each, kind)]

    return messages


def fault_of(row: Mapping[str, Any]) -> str:
    """Return why a row cannot become messages; nothing where it can."""
    said = row.get("conversation")
    if isinstance(said, list) and said and all(isinstance(one, Mapping) for one in said):
        return ""
    return (
        f"row {row.get('id')}: the OASST mapping needs `conversation`, a list of messages; leave "
        "it out, or map one"
    )


def oasst_rows(row: Mapping[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    """Yield a row for each message; with `dpo`, one for each answer that was compared.

    :raises UsageError: When the row has no conversation.
    """
    if fault := fault_of(row):
        raise UsageError(fault)
    said: list[Mapping[str, Any]] = row["conversation"]
    conversation = str(row.get("id") or _hash(repr(said)))
    spine = [_message_id(conversation, said[: place + 1], place, "") for place in range(len(said))]
    for place, message in enumerate(said):
        base = {
            **_of_row(row),
            "conversation_id": conversation,
            "root_message_id": spine[0],
            "parent_id": spine[place - 1] if place else None,
            "message_level": place + 1,
            "role": str(message.get("role", "")),
        }
        compared = [side for side in _SIDES if message.get(side)] if kind == "dpo" else []
        if not compared or base["role"] != "assistant":
            content = message.get("content")
            yield _ordered({**base, "message_id": spine[place], "content": _text(content)})
            continue
        for side, prefix in zip(_SIDES, _SCORES, strict=True):
            if side in compared:
                scores = {
                    name.removeprefix(prefix): value
                    for name, value in row.items()
                    if name.startswith(prefix) and value is not None
                }
                yield _ordered(
                    {
                        **base,
                        "message_id": _message_id(conversation, said[: place + 1], place, side),
                        "content": _text(message[side]),
                        "quality": scores or _DEFAULT,
                    }
                )


_DEFAULT = {"__default__": True}
"""What SyGra writes where nothing is known."""


def _of_row(row: Mapping[str, Any]) -> dict[str, Any]:
    taxonomy = [one for one in row.get("taxonomy") or () if isinstance(one, Mapping)]
    about = row.get("quality_metadata")
    known: Mapping[str, Any] = about if isinstance(about, Mapping) else {}
    return {
        "languages": known.get("languages") or row.get("language") or ["en"],
        "categories": [str(one["category"]) for one in taxonomy if one.get("category")],
        "subcategories": [str(one["subcategory"]) for one in taxonomy if one.get("subcategory")],
        "generated_by": str(row.get("generated_by") or row.get("data_source") or "sygra"),
        "quality": known.get("quality") or _DEFAULT,
        "safety": _DEFAULT,
        "instruction_tags": known.get("instruction_tags") or [],
        "data_characteristics": known.get("data_characteristics") or _DEFAULT,
        "tags": row.get("tags") or [],
        "metainfo": {
            "source_id": str(row["id"]) if row.get("id") else None,
            "source_metadata": {"annotation_type": row.get("annotation_type") or []},
        },
        "created_at": None,
        "updated_at": None,
        "active": True,
    }


_ORDER = (
    *("conversation_id", "message_id", "parent_id", "root_message_id", "message_level"),
    *("role", "content", "languages", "categories", "subcategories", "generated_by"),
    *("quality", "safety", "length", "instruction_tags", "data_characteristics", "tags"),
    *("metainfo", "created_at", "updated_at", "active"),
)


def _ordered(row: Mapping[str, Any]) -> dict[str, Any]:
    said = str(row["content"])
    length = {"char_count": len(said), "word_count": len(said.split())}
    return {name: length if name == "length" else row[name] for name in _ORDER}


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(one if isinstance(one, str) else str(one) for one in content)
    return "" if content is None else str(content)


def _message_id(conversation: str, said: list[Any], place: int, side: str) -> str:
    return f"msg_{place + 1}_{_hash(repr((conversation, said, side)))}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
