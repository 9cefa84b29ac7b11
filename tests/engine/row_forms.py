"""The same rows in every form that a source may have; a new form is a function here and a name."""

import csv
import gzip
import io
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
from pyarrow import feather, parquet

Rows = Sequence[Mapping[str, str]]
Source = dict[str, object]


def _disk(file_path: str, **more: object) -> Source:
    return {"type": "disk", "file_path": file_path, "id": "id", **more}


def _lines(rows: Rows) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _table(rows: Rows) -> pa.Table:
    return pa.Table.from_pylist([dict(row) for row in rows])


def _fields(rows: Rows, delimiter: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows[0], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def zstd(data: bytes) -> bytes:
    packed = pa.BufferOutputStream()
    with pa.CompressedOutputStream(packed, "zstd") as stream:
        stream.write(data)
    return packed.getvalue().to_pybytes()


def jsonl(folder: Path, rows: Rows) -> Source:
    (folder / "rows.jsonl").write_bytes(_lines(rows))
    return _disk("rows.jsonl")


def jsonl_gz(folder: Path, rows: Rows) -> Source:
    (folder / "rows.jsonl.gz").write_bytes(gzip.compress(_lines(rows)))
    return _disk("rows.jsonl.gz")


def jsonl_zst(folder: Path, rows: Rows) -> Source:
    (folder / "rows.jsonl.zst").write_bytes(zstd(_lines(rows)))
    return _disk("rows.jsonl.zst")


def jsonl_utf16(folder: Path, rows: Rows) -> Source:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "rows.jsonl").write_bytes(text.encode("utf-16"))
    return _disk("rows.jsonl", encoding="utf-16")


def json_list(folder: Path, rows: Rows) -> Source:
    (folder / "rows.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return _disk("rows.json")


def csv_file(folder: Path, rows: Rows) -> Source:
    (folder / "rows.csv").write_bytes(_fields(rows, ","))
    return _disk("rows.csv")


def csv_zst(folder: Path, rows: Rows) -> Source:
    (folder / "rows.csv.zst").write_bytes(zstd(_fields(rows, ";")))
    return _disk("rows.csv.zst", delimiter=";")


def tsv(folder: Path, rows: Rows) -> Source:
    (folder / "rows.tsv").write_bytes(_fields(rows, "\t"))
    return _disk("rows.tsv")


def parquet_file(folder: Path, rows: Rows) -> Source:
    parquet.write_table(_table(rows), folder / "rows.parquet", row_group_size=300)
    return _disk("rows.parquet")


def arrow_file(folder: Path, rows: Rows) -> Source:
    feather.write_feather(_table(rows), str(folder / "rows.feather"), chunksize=300)
    return _disk("rows.feather")


def arrow_stream(folder: Path, rows: Rows) -> Source:
    table = _table(rows)
    with pa.ipc.new_stream(str(folder / "rows.arrow"), table.schema) as stream:
        stream.write_table(table, max_chunksize=300)
    return _disk("rows.arrow")


def several_files(folder: Path, rows: Rows) -> Source:
    """A file of each of three forms in a folder of their own."""
    third = len(rows) // 3
    (folder / "parts" / "a").mkdir(parents=True)
    (folder / "parts" / "a" / "1.jsonl.zst").write_bytes(zstd(_lines(rows[:third])))
    (folder / "parts" / "b.csv").write_bytes(_fields(rows[third : 2 * third], ","))
    parquet.write_table(_table(rows[2 * third :]), folder / "parts" / "c.parquet")
    return _disk("parts")


def sqlite(folder: Path, rows: Rows) -> Source:
    columns = ", ".join(f'"{name}"' for name in rows[0])
    with sqlite3.connect(folder / "rows.db") as database:
        database.execute(f"CREATE TABLE asked (number INTEGER PRIMARY KEY, {columns})")
        database.executemany(
            f"INSERT INTO asked ({columns}) VALUES ({', '.join('?' * len(rows[0]))})",  # noqa: S608
            [tuple(row.values()) for row in rows],
        )
    database.close()
    query = f"SELECT {columns} FROM asked ORDER BY number"  # noqa: S608 - names of ours
    return {"type": "sql", "url": "sqlite:///rows.db", "query": query, "id": "id"}


def stdin(folder: Path, rows: Rows) -> Source:
    """What goes into the pipe stands in a file that the suite does not know."""
    (folder / "piped").write_bytes(_lines(rows))
    return {"type": "stdin", "id": "id"}


FORMS: dict[str, Callable[[Path, Rows], Source]] = {
    made.__name__: made
    for made in (
        jsonl,
        jsonl_gz,
        jsonl_zst,
        jsonl_utf16,
        json_list,
        csv_file,
        csv_zst,
        tsv,
        parquet_file,
        arrow_file,
        arrow_stream,
        several_files,
        sqlite,
        stdin,
    )
}
