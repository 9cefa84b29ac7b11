"""A schema that comes along."""

from pydantic import BaseModel, Field


class SimpleResponse(BaseModel):
    """A message, and whether it went well."""

    message: str = Field(description="Response message")
    success: bool = Field(default=True, description="Operation success status")
