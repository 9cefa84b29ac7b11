"""Reads the rows of a source as SyGra does: transforms on the whole list, then ids.

Start at `TaskSource`. The first row says which columns there are; later ones lose what they have
besides (P5 of none: it is how state is declared).
"""

import asyncio
import hashlib
import inspect
import json
import os
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sygra_eval.data import DiskSource
from sygra_eval.sygra.chance import chance_of
from sygra_eval.sygra.config import RENAMED, SourceConfig, restored
from sygra_eval.sygra.csv_columns import CsvColumns
from sygra_eval.sygra.limited import NeverReturned, Python
from sygra_eval.sygra.media import with_files
from sygra_eval.sygra.naming import found_file, function_at
from sygra_eval.sygra.raised import told
from sygra_eval.sygra.shards import Shards, shard_files
from sygra_eval.sygra.state import APPENDED
from sygra_eval.values import BadRow, Problem, Row, SourceSpec, UsageError

_PYTHON = Python(limit_s=600.0, more="")
"""Transforms take all rows at once."""
_NAMED = {ours: theirs for theirs, ours in RENAMED.items()}
_HUB = ("repo_id", "config_name", "split")
_TOKEN = "SYGRA_HF_TOKEN"  # the name of a variable


class TaskSource:
    """The rows of a task."""

    first_row_s = 600.0

    def __init__(self, spec: SourceSpec) -> None:
        from sygra_eval.sygra.compiled import open_session

        self._config = SourceConfig.model_validate(spec.config)
        self._spec = spec
        open_session(self._config, spec.folder)
        self._given: Any = restored(self._config.given)

    @classmethod
    def of(cls, config: SourceConfig, folder: Path) -> "TaskSource":
        """Return the rows of a task whose session is open."""
        made = cls.__new__(cls)
        made._config, made._given = config, restored(config.given)
        made._spec = SourceSpec(type="sygra", config=None, folder=folder)
        return made

    def check(self) -> Iterable[Problem]:
        """Yield what can be known to be wrong before a row is read."""
        for one in self._sources():
            source = source_of(one, self._spec)
            if callable(check := getattr(source, "check", None)):
                yield from (problem for problem in check())

    def fingerprint(self) -> str:
        """Return a hash of the files and of what is done with their rows."""
        whole = hashlib.sha256(self._config.model_dump_json(exclude={"root"}).encode())
        if (executor := self._executor()) is not None:
            whole.update(Path(inspect.getfile(type(executor))).read_bytes())
        for one in self._sources():
            whole.update(source_of(one, self._spec).fingerprint().encode())
        return whole.hexdigest()

    def _sources(self) -> list[dict[str, Any]]:
        if self._given is None:
            return []
        return self._given if isinstance(self._given, list) else [self._given]

    async def rows(self) -> AsyncGenerator[Row | BadRow, None]:
        """Yield the rows with their ids."""
        columns: list[str] | None = None
        has_ids = False
        seen: dict[str, int] = {}
        index = passed = 0
        async for found, origin in self._raw():
            if isinstance(found, BadRow):
                if (passed := passed + 1) <= self._config.skip:
                    continue
                yield BadRow(id=found.id, index=index, origin=found.origin, reason=found.reason)
                index += 1
                continue
            if columns is None:
                columns, has_ids = list(found), bool(found.get("id"))
                _refuse_taken(columns)
            row = self._with_id(found, has_ids=has_ids)
            kept = {name: row[name] for name in [*columns, "id"] if name in row}
            own = str(row.get("id") or _digest(found))
            seen[own] = seen.get(own, 0) + 1
            row_id = own if seen[own] == 1 else f"{own}#{seen[own]}"  # P7
            if not has_ids and self._config.id_column is None:
                kept["id"] = row_id
            if (passed := passed + 1) <= self._config.skip:
                continue
            yield Row(
                id=row_id,
                index=index,
                columns={
                    RENAMED.get(name, name): value
                    for name, value in with_files(kept, self._config.media).items()
                },
                origin=origin,
            )
            index += 1

    def _with_id(self, row: Mapping[str, Any], *, has_ids: bool) -> dict[str, Any]:
        made = dict(row)
        if has_ids:
            return made
        column = self._config.id_column
        if column is not None:
            if column in row:
                made["id"] = row[column]
        elif made.get("id") is None:
            made["id"] = _digest(row)
        return made

    def _executor(self) -> Any:
        """Return the task's own executor, where rows are what that makes of them."""
        from sygra_eval.sygra.executors import has_rows, made

        if self._config.executor is None:
            return None
        args = restored(self._config.args)
        executor = made(self._config.executor, self._config.task, args)
        return executor if has_rows(executor) else None

    async def _raw(self) -> AsyncGenerator[tuple[Any, str], None]:
        if (executor := self._executor()) is not None:
            for number, row in enumerate(await _with_all(_rows_of, executor)):
                yield row, f"TaskExecutor:{number + 1}"
            return
        if self._given is None:
            for number in range(self._config.rows):
                yield {}, f"row {number + 1}"
            return
        if isinstance(self._given, list):
            joined = await _with_all(joined_rows, self._given, self._spec)
            for number, row in enumerate(joined):
                yield row, f"joined:{number + 1}"
            return
        fields = self._given.get("fields")
        transforms = transforms_of(self._given)
        source = source_of(self._given, self._spec)
        if not transforms:
            async for row in source.rows():
                if isinstance(row, BadRow):
                    yield row, row.origin
                else:
                    yield _only(row.columns, fields), row.origin
            return
        rows: list[dict[str, Any]] = []
        async for row in source.rows():
            if isinstance(row, BadRow):
                yield row, row.origin
            else:
                rows.append(dict(row.columns))
        for number, columns in enumerate(await _with_all(_transformed, rows, transforms)):
            yield _only(columns, fields), f"{_named(self._given)}:{number + 1}"


def _rows_of(executor: Any) -> list[dict[str, Any]]:
    try:
        rows = list(executor.dataset)
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        name = type(executor).__name__
        raise UsageError(f"the rows of {name}: {told(error)}") from error
    if wrong := [type(row).__name__ for row in rows if not isinstance(row, Mapping)]:
        raise UsageError(f"a row of TaskExecutor is {wrong[0]}, a mapping is needed")
    return [dict(row) for row in rows]


def rows_of_data(data: Mapping[str, Any], task: str) -> list[dict[str, Any]]:
    """Return all rows that a task's `data_config` names, with ids, as its own executor has them.

    :raises UsageError: When one of them cannot be read.
    """
    column = data.get("id_column")
    config = SourceConfig(task=task, given=data.get("source"), id_column=column)
    source = TaskSource.of(config, Path.cwd())

    async def read() -> list[dict[str, Any]]:
        rows = []
        async for row in source.rows():
            if isinstance(row, BadRow):
                raise UsageError(f"{row.origin}: {row.reason}")
            rows.append({_NAMED.get(name, name): value for name, value in row.columns.items()})
        return rows

    with ThreadPoolExecutor(1) as thread:  # it may be called from within a running loop
        return thread.submit(lambda: asyncio.run(read())).result()


async def _with_all(work: Callable[..., list[dict[str, Any]]], *given: Any) -> list[dict[str, Any]]:
    """Do what takes all rows at once, apart from the loop.

    :raises UsageError: When it does not come back.
    """
    try:
        rows: list[dict[str, Any]] = await _PYTHON.call(work, *given)
    except NeverReturned as left:
        raise UsageError(f"a transform: {left}") from None
    return rows


def _refuse_taken(columns: list[str]) -> None:
    for name in APPENDED:
        if name in columns:
            raise UsageError(
                f"the rows have a column `{name}`, which every state of SyGra has already: give it "
                "another name with `sygra.processors.data_transform.RenameFieldsTransform`"
            )


def _only(row: Mapping[str, Any], fields: Any) -> dict[str, Any]:
    if not fields:
        return dict(row)
    return {name: value for name, value in row.items() if name in fields or name == "id"}


def _digest(row: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(dict(row), sort_keys=True)
    except (TypeError, ValueError):
        text = repr(sorted(row.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def transforms_of(given: Mapping[str, Any]) -> list[tuple[Any, dict[str, Any]]]:
    """Return the transforms of a source, made."""
    made = []
    for one in given.get("transformations") or ():
        path = one if isinstance(one, str) else one["transform"]
        params = {} if isinstance(one, str) else dict(one.get("params") or {})
        made.append((function_at(path)(), params))
    return made


def _transformed(
    rows: list[dict[str, Any]], transforms: Iterable[tuple[Any, dict[str, Any]]]
) -> list[dict[str, Any]]:
    for place, (transform, params) in enumerate(transforms):
        try:
            with chance_of("transform", place):  # rows are read several times, and are to be equal
                rows = list(transform.transform(rows, params))
        except (Exception, SystemExit) as error:
            name = type(transform).__name__
            raise UsageError(f"the transform {name}: {told(error)}") from error
    return rows


def source_of(given: Mapping[str, Any], spec: SourceSpec) -> Any:
    """Return the source of ours that reads what a task names.

    :raises UsageError: When there is none.
    """
    match kind := str(given.get("type")):
        case "disk":
            path, shard = found_file(str(given.get("file_path", ""))), given.get("shard")
            if not isinstance(shard, Mapping):
                return _on_disk(path, given, spec)
            return Shards([_on_disk(one, given, spec) for one in shard_files(path, shard)])
        case "hf":
            from sygra_eval.data import HfSource

            config = {key: given[key] for key in _HUB if given.get(key) is not None}
            if os.environ.get(_TOKEN):
                config["token_env"] = _TOKEN
            return HfSource(
                SourceSpec(type="hf", config=config, folder=spec.folder, kept_in=spec.kept_in)
            )
        case "servicenow":
            raise UsageError(
                "the source is a table of ServiceNow, which needs an instance: name rows of your "
                "own in `sygra_eval.yaml` beside the task, `source: {type: disk, file_path: ...}`"
            )
    raise UsageError(f"there is no source of type `{kind}`")


def _on_disk(path: Path, given: Mapping[str, Any], spec: SourceSpec) -> DiskSource | CsvColumns:
    config = {"file_path": str(path.absolute())}
    if given.get("encoding"):
        config["encoding"] = str(given["encoding"])
    source = DiskSource(SourceSpec(type="disk", config=config, folder=spec.folder))
    return CsvColumns(source) if path.suffix == ".csv" else source


def _named(given: Mapping[str, Any]) -> str:
    return Path(str(given.get("file_path") or given.get("repo_id") or "rows")).name


def rows_of_source(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return all rows of a source, as a sampler takes them.

    :raises UsageError: When one of them cannot be read.
    """
    spec = SourceSpec(type="sygra", config=None, folder=Path.cwd())

    async def read() -> list[dict[str, Any]]:
        rows = []
        async for row in source_of(given, spec).rows():
            if isinstance(row, BadRow):
                raise UsageError(f"{row.origin}: {row.reason}")
            rows.append(dict(row.columns))
        return rows

    with ThreadPoolExecutor(1) as thread:  # it may be called from within a running loop
        rows = thread.submit(lambda: asyncio.run(read())).result()
    return _transformed(rows, transforms_of(given))


def joined_rows(sources: list[Mapping[str, Any]], spec: SourceSpec) -> list[dict[str, Any]]:
    """Return the rows of several sources together; this works, where SyGra's crashes (P6)."""
    del spec
    tables = [(one, rows_of_source(one)) for one in sources]
    if all(one.get("join_type") == "vstack" for one, _ in tables):
        common = set.intersection(*({*rows[0]} if rows else set() for _, rows in tables))
        return [
            {name: row[name] for name in row if name in common}
            for _, rows in tables
            for row in rows
        ]
    primary = next((pair for pair in tables if pair[0].get("join_type") == "primary"), None)
    if primary is None:
        raise UsageError("of several sources one has to be `join_type: primary`")
    rows = [_aliased(row, primary[0]) for row in primary[1]]
    for one, others in tables:
        if one is not primary[0]:
            rows = _joined(rows, [_aliased(row, one) for row in others], one, primary[0])
    return rows


def _aliased(row: Mapping[str, Any], source: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{source.get('alias')}->{name}": value for name, value in row.items()}


def _joined(
    rows: list[dict[str, Any]],
    others: list[dict[str, Any]],
    one: Mapping[str, Any],
    primary: Mapping[str, Any],
) -> list[dict[str, Any]]:
    import random

    if not others:
        return rows
    match kind := one.get("join_type"):
        case "sequential":
            return [{**row, **others[place % len(others)]} for place, row in enumerate(rows)]
        case "random":
            chance = random.Random(0)  # noqa: S311 - not a secret
            drawn = chance.sample(others, len(others))
            drawn += [chance.choice(others) for _ in range(len(rows) - len(drawn))]
            return [{**row, **other} for row, other in zip(rows, drawn, strict=False)]
        case "cross":
            return [{**row, **other} for row in rows for other in others]
        case "column":
            key, own = f"{one.get('alias')}->{one.get('join_key')}", one.get("primary_key")
            by_key: dict[str, dict[str, Any]] = {}
            for other in others:
                by_key.setdefault(repr(other.get(key)), other)
            mine = f"{primary.get('alias')}->{own}"
            return [
                {**row, **by_key.get(repr(row.get(mine, row.get(str(own)))), {})} for row in rows
            ]
    raise UsageError(f"there is no `join_type: {kind}`")
