"""Which suffix says which form: the readers of rows, and what a file's head says of its columns."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sygra_eval.data.arrow_format import arrow_columns, read_arrow
from sygra_eval.data.csv_format import csv_header, read_csv
from sygra_eval.data.data_file import DataFile
from sygra_eval.data.found import Found
from sygra_eval.data.json_list import begins_a_list, read_json
from sygra_eval.data.parquet_format import parquet_columns, read_parquet
from sygra_eval.data.text_formats import read_jsonl
from sygra_eval.data.unpacking import PACKINGS, Broken, opened

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How files of one suffix are read.

    :ivar columns: Names that stand in a file's head, None where rows bring their own; raises
        ValueError for a file that is not of this form.
    """

    read: Callable[[DataFile], Iterator[Found]]
    columns: Callable[[DataFile], list[str] | None]


def _lines_bring_their_own(file: DataFile) -> None:
    with opened(file.path, file.encoding) as stream:
        try:
            stream.read(1)
        except Broken as error:
            raise ValueError(str(error)) from error


def _items_bring_their_own(file: DataFile) -> None:
    if not begins_a_list(file):
        raise ValueError("it is not a list of objects")


_JSONL = Form(read=read_jsonl, columns=_lines_bring_their_own)
_CSV = Form(read=read_csv, columns=csv_header)
_ARROW = Form(read=read_arrow, columns=lambda file: arrow_columns(file.path))
TEXT_FORMS: Mapping[str, Form] = {
    ".jsonl": _JSONL,
    ".ndjson": _JSONL,
    ".json": Form(read=read_json, columns=_items_bring_their_own),
    ".csv": _CSV,
    ".tsv": _CSV,
}
FORMS: Mapping[str, Form] = {
    **TEXT_FORMS,
    **{suffix + packing: form for suffix, form in TEXT_FORMS.items() for packing in PACKINGS},
    ".parquet": Form(read=read_parquet, columns=lambda file: parquet_columns(file.path)),
    ".arrow": _ARROW,
    ".feather": _ARROW,
}
KNOWN = (
    f"{', '.join(TEXT_FORMS)} (each also with {' or '.join(PACKINGS)}),"
    " .parquet, .arrow and .feather"
)
"""The suffixes in words."""


def form_of(path: Path) -> Form | None:
    """Return how a file is read, by its name; None when nothing reads it."""
    name = path.name.lower()
    return next((form for suffix, form in FORMS.items() if name.endswith(suffix)), None)


def is_text_form(path: Path) -> bool:
    """Say whether a file has an encoding."""
    return form_of(path) in TEXT_FORMS.values()


def seems_utf16(path: Path) -> bool:
    """Say whether a file begins as UTF-16 does, and as nothing else that is read here."""
    with path.open("rb") as file:
        return file.read(2) in _UTF_16
