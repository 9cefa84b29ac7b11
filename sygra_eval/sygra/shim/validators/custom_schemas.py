"""Schemas that a `schema_config` or an OASST mapping may name."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class CustomUserSchema(BaseModel):
    """Rows of an id, a conversation and what is known of it."""

    model_config = ConfigDict(extra="allow")

    id: int
    conversation: list[dict[str, Any]]
    taxonomy: list[dict[str, Any]]
    annotation_type: list[str]
    language: list[str]
    tags: list[str]


class CoreLLMDataFabricFormat(BaseModel):
    """A message of a conversation, one to a row, as the OASST mapping writes it."""

    model_config = ConfigDict(extra="allow")

    conversation_id: str
    message_id: str
    parent_id: str | None = None
    root_message_id: str
    message_level: int
    role: str
    content: str
