"""The keys of a source of type `disk`."""

import codecs
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from sygra_eval.data.patterns import folder_of

_NOT_OF_FILES = ("idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape")


class DiskConfig(BaseModel):
    """Local files whose rows are the input."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file_path: str = Field(
        min_length=1,
        description="A file, a folder, or a pattern as data/**/*.jsonl.zst, relative to the suite."
        " The suffix says the form: .jsonl, .ndjson, .json (a list of objects), .csv, .tsv (each"
        " also with .gz or .zst), .parquet, .arrow or .feather.",
    )
    id: str | None = Field(
        default=None,
        description="The column that names a row; without it a row is FILE:LINE.",
    )
    encoding: str = Field(default="utf-8", description="That of text files, by Python's name.")
    delimiter: str | None = Field(
        default=None,
        description="Between the fields of CSV; without it a comma, and a tab for .tsv.",
    )

    @field_validator("file_path")
    @classmethod
    def _is_a_path(cls, path: str) -> str:
        if "\0" in path:
            raise ValueError("no file has a NUL character in its name")
        return path

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, encoding: str) -> str:
        try:
            name = codecs.lookup(encoding).name
            "a".encode(encoding)
        except (LookupError, UnicodeError) as error:
            raise ValueError(f"`{encoding}` is no encoding of text, as utf-8 or latin-1") from error
        if name.replace("-", "_") in _NOT_OF_FILES:
            raise ValueError(f"no file is in `{encoding}`")
        return encoding

    @field_validator("delimiter")
    @classmethod
    def _is_one_character(cls, delimiter: str | None) -> str | None:
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n\0 '):
            raise ValueError("one character is needed, and no quote, space or line end")
        return delimiter

    def data_folder(self, folder: Path) -> Path:
        """Return the folder of the files, which is all that their rows may name files in."""
        return folder_of(folder / self.file_path)
