"""Where rows come from and go to, as blocks of `data_config`."""

from collections.abc import Sequence
from os import PathLike
from typing import Any, Self

from sygra_eval.sygra.given import path_of

FilePath = str | PathLike[str]


class _Block:
    """A block that is being put together."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = {key: value for key, value in config.items() if value is not None}

    def to_config(self) -> dict[str, Any]:
        """Return it as a file has it."""
        return dict(self._config)


class DataSource(_Block):
    """Rows of a list, a file, a hub, an instance."""

    @classmethod
    def memory(cls, data: Sequence[dict[str, Any]]) -> "DataSource":
        """Return rows that a program has; they are written beside the workflow when it runs."""
        return cls({"data": list(data)})

    @classmethod
    def disk(cls, path: FilePath, **kwargs: Any) -> "DataSource":
        """Return the rows of a file."""
        return cls({"type": "disk", "file_path": str(path), **kwargs})

    @classmethod
    def huggingface(cls, repo_id: str, **kwargs: Any) -> "DataSource":
        """Return the rows of a dataset."""
        return cls({"type": "hf", "repo_id": repo_id, "split": "train", **kwargs})

    @classmethod
    def servicenow(cls, instance: str, table: str, **kwargs: Any) -> "DataSource":
        """Return the rows of a table."""
        return cls({"type": "servicenow", "instance": instance, "table": table, **kwargs})

    def add_transformation(
        self, transform: Any, params: dict[str, Any] | None = None, **more: Any
    ) -> Self:
        """Add what happens to the rows before the graph."""
        listed = self._config.setdefault("transformations", [])
        made = transform if isinstance(transform, dict) else {"transform": path_of(transform)}
        given = {**(params or {}), **more}
        listed.append({**made, "params": given} if given else made)
        return self

    def add_shard(self, regex: str = "*", index: list[int] | None = None) -> Self:
        """Read files by a pattern."""
        self._config["shard"] = {"regex": regex, **({} if index is None else {"index": index})}
        return self


class DataSink(_Block):
    """A further place that rows are written to."""

    @classmethod
    def disk(cls, path: FilePath, **kwargs: Any) -> "DataSink":
        """Return a file; its suffix says the form."""
        suffix = str(path).rpartition(".")[2].lower()
        kind = suffix if suffix in ("json", "jsonl", "csv", "parquet") else "json"
        return cls({"type": kind, "file_path": str(path), **kwargs})

    @classmethod
    def huggingface(cls, repo_id: str, **kwargs: Any) -> "DataSink":
        """Return a dataset of a hub."""
        return cls({"type": "hf", "repo_id": repo_id, "split": "train", **kwargs})

    @classmethod
    def servicenow(cls, instance: str, table: str, **kwargs: Any) -> "DataSink":
        """Return a table."""
        return cls({"type": "servicenow", "instance": instance, "table": table, **kwargs})


class DataSourceFactory:
    """The same as blocks."""

    @staticmethod
    def from_file(
        path: FilePath,
        transformations: Sequence[Any] | None = None,
        shard: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Return the rows of a file."""
        return _with(DataSource.disk(path, **kwargs), transformations, shard)

    @staticmethod
    def from_huggingface(
        repo_id: str,
        transformations: Sequence[Any] | None = None,
        shard: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Return the rows of a dataset."""
        return _with(DataSource.huggingface(repo_id, **kwargs), transformations, shard)

    @staticmethod
    def from_list(data: Sequence[dict[str, Any]], **kwargs: Any) -> dict[str, Any]:
        """Return rows that a program has."""
        return {**DataSource.memory(data).to_config(), **kwargs}

    @staticmethod
    def from_iterable_dataset(dataset: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the rows of an object of `datasets`."""
        return DataSourceFactory.from_list([dict(row) for row in dataset], **kwargs)


def _with(
    source: DataSource, transformations: Sequence[Any] | None, shard: dict[str, Any] | None
) -> dict[str, Any]:
    for one in transformations or ():
        source.add_transformation(one)
    return (source if shard is None else source.add_shard(**shard)).to_config()


class DataSinkFactory:
    """The same as blocks."""

    @staticmethod
    def to_file(path: FilePath, **kwargs: Any) -> dict[str, Any]:
        """Return a file."""
        return DataSink.disk(path, **kwargs).to_config()

    @staticmethod
    def to_huggingface(repo_id: str, **kwargs: Any) -> dict[str, Any]:
        """Return a dataset of a hub."""
        return DataSink.huggingface(repo_id, **kwargs).to_config()


from_file = DataSourceFactory.from_file
from_huggingface = DataSourceFactory.from_huggingface
from_list = DataSourceFactory.from_list
to_file = DataSinkFactory.to_file
to_huggingface = DataSinkFactory.to_huggingface


def from_servicenow(instance: str, table: str, **kwargs: Any) -> dict[str, Any]:
    """Return the rows of a table."""
    return DataSource.servicenow(instance, table, **kwargs).to_config()


def to_servicenow(instance: str, table: str, **kwargs: Any) -> dict[str, Any]:
    """Return a table."""
    return DataSink.servicenow(instance, table, **kwargs).to_config()
