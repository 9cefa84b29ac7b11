"""Writes rows to the files that a task names as its sinks; the suffix says the form.

CSV is CSV here and a file is written anew each time, in one go (SyGra writes JSON, and appends).
"""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sygra_eval.sygra.output import as_text, rows_in
from sygra_eval.values import UsageError

FILES = ("json", "jsonl", "csv", "parquet", "disk")
_OTHERS = "__others__"


def sinks_of(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the sinks that a task names."""
    given = (data.get("data_config") or {}).get("sink")
    listed = given if isinstance(given, list) else [given]
    return [one for one in listed if isinstance(one, dict)]


def write_sinks(data: Mapping[str, Any], written: Path) -> Iterator[Path]:
    """Write the rows of a data file to every sink that is a file, and yield its path.

    :raises UsageError: When one cannot be written.
    """
    sinks = [one for one in sinks_of(data) if is_file(one)]
    if not sinks:
        return
    rows = rows_in(written)
    aliases = {str(one["alias"]) for one in sinks if one.get("alias")}
    for sink in sinks:
        path = Path(str(sink["file_path"]))
        mine = [_of_alias(row, str(sink.get("alias") or _OTHERS), aliases) for row in rows]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(mine, path, str(sink.get("encoding") or "utf-8"))
        except (OSError, ValueError, LookupError) as error:
            told = f"the sink {path}: {type(error).__name__}: {error}"
            raise UsageError(f"{told}; the rows are in {written}") from error
        yield path


def is_file(sink: Mapping[str, Any]) -> bool:
    """Say whether a sink is a file."""
    return str(sink.get("type", "disk")) in FILES and bool(sink.get("file_path"))


def _of_alias(row: dict[str, Any], alias: str, aliases: set[str]) -> dict[str, Any]:
    """Return the columns of a row that belong to a sink, without its alias before them."""
    kept = {}
    for name, value in row.items():
        owner, arrow, column = name.partition("->")
        is_named = bool(arrow) and owner in aliases
        if is_named and owner == alias:
            kept[column] = value
        elif not is_named and alias == _OTHERS:
            kept[name] = value
    return kept


def _write(rows: list[dict[str, Any]], path: Path, encoding: str) -> None:
    temporary = path.with_name(path.name + ".tmp")
    match path.suffix.lower():
        case ".parquet":
            import pyarrow  # not needed for any other form
            import pyarrow.parquet

            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), temporary)
        case ".csv":
            names = list(dict.fromkeys(name for row in rows for name in row))
            with temporary.open("w", encoding=encoding, newline="") as file:
                writer = csv.DictWriter(file, names)
                writer.writeheader()
                writer.writerows({k: _cell(v) for k, v in row.items()} for row in rows)
        case ".jsonl":
            lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            temporary.write_text(lines, encoding=encoding)
        case _:
            temporary.write_text(as_text(rows), encoding=encoding)
    temporary.replace(path)


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
