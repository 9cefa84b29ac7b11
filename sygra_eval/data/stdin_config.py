"""The keys of a source of type `stdin`."""

from pydantic import BaseModel, ConfigDict, Field


class StdinConfig(BaseModel):
    """JSONL on standard input, as in `sygra-eval run suite.yaml < rows.jsonl`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str | None = Field(
        default=None,
        description="The column that names a row; without it a row is stdin:LINE.",
    )
