"""The keys of a source of type `hf`."""

from pydantic import BaseModel, ConfigDict, Field


class HfConfig(BaseModel):
    """A data set of the Hugging Face hub; its files are read, its code is never run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    repo_id: str = Field(
        pattern=r"^[\w.-]+(/[\w.-]+)?$", description="The repository, as OWNER/NAME."
    )
    config_name: str | None = Field(
        default=None,
        min_length=1,
        description="Which configuration, where the repository's card names several.",
    )
    split: str | list[str] = Field(
        default="train", min_length=1, description="The split, or several one after the other."
    )
    revision: str | None = Field(
        default=None,
        min_length=1,
        description="A branch, tag or commit; the commit it stands for at the start stays the"
        " run's.",
    )
    id: str | None = Field(
        default=None,
        description="The column that names a row; without it a row is FILE:ROW.",
    )
    token_env: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="The environment variable that holds a token; without it the hub's own"
        " HF_TOKEN or login is used.",
    )

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits, in order."""
        return (self.split,) if isinstance(self.split, str) else tuple(self.split)
