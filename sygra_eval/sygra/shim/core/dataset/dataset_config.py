"""Sources and sinks as values, for tasks that build them in Python."""

from enum import Enum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class DataSourceType(Enum):
    """Where rows come from."""

    HUGGINGFACE = "hf"
    DISK_FILE = "disk"
    SERVICENOW = "servicenow"


class OutputType(Enum):
    """Where rows go."""

    HUGGINGFACE = "hf"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    SERVICENOW = "servicenow"
    NONE = "none"


class ShardConfig(BaseModel):
    """Which files of a folder."""

    regex: str = "*"
    index: list[int] | None = None


class TransformConfig(BaseModel):
    """A transform by its dotted path."""

    transform: Any
    params: dict[str, Any] = Field(default_factory=dict)


class _Place(BaseModel):
    model_config = ConfigDict(extra="allow")

    alias: str | None = None
    repo_id: str | None = None
    config_name: str | None = None
    token: str | None = None
    file_path: str | None = None
    encoding: str = "utf-8"


class DataSourceConfig(_Place):
    """A source."""

    type: DataSourceType
    join_type: str | None = None
    primary_key: str | None = None
    join_key: str | None = None
    split: str | list[str] = "train"
    streaming: bool = False
    shard: ShardConfig | None = None
    file_format: str | None = None
    fields: list[str] | None = None
    transformations: list[TransformConfig] = Field(default_factory=list)

    @classmethod
    def from_dict(cls, config: dict[str, Any]) -> "DataSourceConfig":
        """Return the source that a mapping says."""
        return cls.model_validate(config)


class OutputConfig(_Place):
    """A sink."""

    type: OutputType | None = None
    split: str = "train"
    private: bool = True
    chunk_size: int = 1000
    filename: str | None = None

    @classmethod
    def from_dict(cls, config: dict[str, Any]) -> "OutputConfig":
        """Return the sink that a mapping says."""
        return cls.model_validate(config)
