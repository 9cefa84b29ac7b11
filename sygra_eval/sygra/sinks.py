"""Writes the rows of a run to the files that a task names as its sinks, whole or not at all.

The suffix says the form. Columns that are called `alias->column` go to the sink of that alias; what
has no alias goes to a sink without one.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sygra_eval.data import write_jsonl, write_parquet
from sygra_eval.values import UsageError

_JOINER = "->"
FILES = (".json", ".jsonl", ".csv", ".parquet")


def is_file(sink: Mapping[str, Any]) -> bool:
    """Say whether a sink is a file that can be written here."""
    path = sink.get("file_path")
    return isinstance(path, str) and Path(path).suffix in FILES


def write_sinks(
    rows: Iterable[Mapping[str, Any]], sinks: Sequence[Mapping[str, Any]]
) -> list[Path]:
    """Write rows to each sink that is a file; return the files.

    :raises UsageError: When one cannot be written.
    """
    kept = [dict(row) for row in rows]
    aliases = {str(sink["alias"]) for sink in sinks if sink.get("alias")}
    written = []
    for sink in sinks:
        if not is_file(sink):
            continue
        alias, path = sink.get("alias"), Path(str(sink["file_path"]))
        columns = [_columns_of(row, str(alias) if alias else "", aliases) for row in kept]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, columns, str(sink.get("encoding") or "utf-8"))
        except (OSError, ValueError, LookupError) as error:
            told = f"the sink {path} cannot be written: {type(error).__name__}: {error}"
            raise UsageError(told) from error
        written.append(path)
    return written


def _columns_of(row: Mapping[str, Any], alias: str, aliases: set[str]) -> dict[str, Any]:
    return dict(_routed(row, alias, aliases))


def _routed(row: Mapping[str, Any], alias: str, aliases: set[str]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        owner, joiner, inner = name.partition(_JOINER)
        is_owned = bool(joiner) and owner in aliases
        if is_owned and owner == alias:
            yield inner, value
        elif not is_owned and not alias:
            yield name, value


def _write(path: Path, rows: list[dict[str, Any]], encoding: str) -> None:
    match path.suffix:
        case ".jsonl":
            write_jsonl(path, rows)
        case ".parquet":
            write_parquet(path, lambda: iter(rows))
        case ".csv":
            _replace(path, _as_csv(rows), encoding)
        case _:
            text = json.dumps(rows, ensure_ascii=False, indent=4)
            _replace(path, f"{text}\n", encoding)


def _as_csv(rows: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    for row in rows:
        plain = {
            name: json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
            for name, value in row.items()
        }
        writer.writerow(plain)
    return text.getvalue()


def _replace(path: Path, text: str, encoding: str) -> None:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding=encoding, newline="")
    temporary.replace(path)
