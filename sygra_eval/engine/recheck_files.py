"""What the files of a run folder say of themselves: checksums, and whether rows are the same rows.

A checksum finds a file that was changed, and nothing where the manifest was changed with it. So the
rows are compared too: with the journal's, whose rows have checksums of their own, and those of both
formats with each other, which also works where no journal was passed on.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from sygra_eval.data import (
    Broken,
    columns_that_differ,
    jsonl_line,
    row_of_line,
    stored_lines,
    stored_rows,
)
from sygra_eval.engine.data_files import data_files_in, is_data_file, is_lines_of
from sygra_eval.engine.folder import MANIFEST
from sygra_eval.engine.plan import target_in
from sygra_eval.engine.target import that_count
from sygra_eval.journal import open_readonly
from sygra_eval.values import Outcome, RecordEnd

MOST_COLUMNS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AlteredRow:
    """A row of a data file that is not the row which was written.

    :ivar row: Its id; empty where the file cannot be read as rows.
    :ivar what: In which columns it differs and from what.
    """

    file: str
    row: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a run folder says that it holds."""

    files: Mapping[str, str]  # sha256 by name
    run: str = ""
    suite_sha256: str = ""
    rows: Mapping[str, object] = field(default_factory=dict)  # by outcome


def read_manifest(folder: Path) -> Manifest | None:
    """Read a folder's manifest; None when it is none, or names what no run writes."""
    try:
        said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = {str(name): str(of["sha256"]) for name, of in said["files"].items()}
        rows = dict(said.get("rows") or {})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if not all(Path(name).name == name or is_data_file(name) for name in files):
        return None
    run, sha256 = (str(said.get(key) or "") for key in ("run", "suite_sha256"))
    return Manifest(files=files, run=run, suite_sha256=sha256, rows=rows)


def changed_files(folder: Path, manifest: Manifest) -> set[str]:
    """Return the files that are not those of the manifest, or that it does not list."""
    here = {name for name in manifest.files if (folder / name).is_file()}
    changed = {name for name in here if _sha256(folder / name) != manifest.files[name]}
    return changed | {name for name in data_files_in(folder) if name not in manifest.files}


def lines_of(folder: Path, outcome: Outcome) -> list[str]:
    """Return the files in a folder that hold the rows of an outcome as lines, in their order."""
    return [name for name in data_files_in(folder) if is_lines_of(outcome, name)]


def tables_in(folder: Path) -> list[str]:
    """Return the Parquet files of the verified rows that are in a folder, in their order."""
    return [name for name in data_files_in(folder) if name.endswith(".parquet")]


def id_of_row(row: Mapping[str, Any]) -> str:
    """Return the id that a row of a data file has; empty where it says none."""
    provenance = row.get("provenance")
    known = provenance.get("row_id") if isinstance(provenance, Mapping) else None
    return str(known if known is not None else row.get("id", ""))


def unlike_the_journal(folder: Path, files: Mapping[str, str]) -> Iterator[AlteredRow]:
    """Yield the rows of the data files that are not the journal's, whatever their checksum is."""
    with open_readonly(folder / "journal.db") as reader:
        target = target_in(reader.plan())
    for outcome in Outcome:
        names = [name for name in files if is_lines_of(outcome, name)]
        if all((folder / name).is_file() for name in names):  # else they are told of already
            with open_readonly(folder / "journal.db") as reader:
                ends = that_count(reader.outcomes(), target)
                those = (end for end in ends if end.outcome is outcome)
                yield from _compared(folder, sorted(names) or [f"{outcome.value}.jsonl"], those)


def _compared(
    folder: Path, names: Sequence[str], ends: Iterator[RecordEnd]
) -> Iterator[AlteredRow]:
    """Compare lines and rows in step; where one is missing or added, that is the last one told."""
    for name in names:
        try:
            for line in stored_lines(folder / name) if (folder / name).is_file() else ():
                end = next(ends, None)
                if end is not None and line == jsonl_line(end.data):
                    continue
                row = row_of_line(line) or {}
                if end is None:
                    what = "the journal has no such row"
                    yield AlteredRow(file=name, row=id_of_row(row), what=what)
                    return
                yield AlteredRow(file=name, row=end.row_id, what=_difference(row, end))
                if id_of_row(row) not in ("", end.row_id):
                    return
        except Broken as error:
            yield AlteredRow(file=name, row="", what=str(error))
            return
    if (left := next(ends, None)) is not None:
        what = "the journal has this row and the file has not"
        yield AlteredRow(file=names[-1], row=left.row_id, what=what)


def _difference(row: Mapping[str, Any], end: RecordEnd) -> str:
    if not row:
        return "the line holds no row"
    if (other := id_of_row(row)) not in ("", end.row_id):
        return f"the file has `{other}` in its place"
    written = row_of_line(jsonl_line(end.data)) or {}
    missing = object()
    names = dict.fromkeys((*written, *row))
    unlike = [name for name in names if row.get(name, missing) != written.get(name, missing)]
    return f"not as in the journal: {_named(unlike)}"


def unlike_each_other(folder: Path) -> Iterator[AlteredRow]:
    """Yield the verified rows that the Parquet files hold otherwise than the lines."""
    lines, tables = lines_of(folder, Outcome.VERIFIED), tables_in(folder)
    if not (lines and tables):
        return
    try:
        rows = zip_longest(_rows(folder, tables), _rows(folder, lines))
        for (file, stored), (_, row) in ((a or ("", None), b or ("", None)) for a, b in rows):
            if stored is None or row is None:
                which, other = (tables[-1], row) if stored is None else (file, stored)
                what = "one of both formats has this row, the other has not"
                yield AlteredRow(file=which, row=id_of_row(other or {}), what=what)
                return
            if unlike := columns_that_differ(stored, row):
                what = f"not as in the JSONL file: {_named(unlike)}"
                yield AlteredRow(file=file, row=id_of_row(row), what=what)
    except Broken as error:
        name = next(
            (one for one in (*tables, *lines) if one.endswith(str(error).split(":")[0])), ""
        )
        yield AlteredRow(file=name or tables[0], row="", what=str(error))


def _rows(folder: Path, names: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in names:
        for row in stored_rows(folder / name):
            yield name, row


def _named(columns: Sequence[str]) -> str:
    if not columns:
        return "how it is written"
    more = f" and {len(columns) - MOST_COLUMNS} more" if len(columns) > MOST_COLUMNS else ""
    return ", ".join(f"`{name}`" for name in columns[:MOST_COLUMNS]) + more


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
