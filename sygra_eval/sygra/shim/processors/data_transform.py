"""Transforms of rows: a list in, a list out."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

from sygra_eval.sygra.media import with_data_urls

Rows = list[dict[str, Any]]
_RANGE = re.compile(r"\[\s*(-?\d*)\s*:\s*(-?\d*)\s*\]")


class DataTransform(ABC):
    """What tasks derive theirs from; made without arguments."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Return what it is called; nothing here asks for it."""

    @abstractmethod
    def transform(self, data: Rows, params: dict[str, Any]) -> Rows:
        """Return other rows."""


class RenameFieldsTransform(DataTransform):
    """Gives columns other names."""

    name = "rename_fields"

    def transform(self, data: Rows, params: dict[str, Any]) -> Rows:
        """Rename by `mapping`; a column of the new name stays unless `overwrite`."""
        mapping, overwrites = params.get("mapping") or {}, bool(params.get("overwrite", False))
        renamed = []
        for row in data:
            row = dict(row)
            for old, new in mapping.items():
                if old in row and (overwrites or new not in row):
                    row[new] = row.pop(old)
            renamed.append(row)
        return renamed


class AddNewFieldTransform(DataTransform):
    """Adds columns of one value."""

    name = "add_new_field"

    def transform(self, data: Rows, params: dict[str, Any]) -> Rows:
        """Add what `mapping` says."""
        return [{**row, **(params.get("mapping") or {})} for row in data]


class AddRetryFieldsTransform(DataTransform):
    """Adds the columns that a loop of retries counts with."""

    name = "add_retry_fields"

    def transform(self, data: Rows, params: dict[str, Any]) -> Rows:
        """Add a limit, a counter and a text."""
        added = {
            "max_retries": params.get("max_retries", 3),
            "curr_retries": params.get("initial_retry_count", 0),
            "original_current_user_text": params.get("original_current_user_text", ""),
        }
        return [{**row, **added} for row in data]


class SkipRecords(DataTransform):
    """Leaves rows out, by range or from both ends."""

    name = "skip_records"

    def transform(self, data: Rows, params: dict[str, Any]) -> Rows:
        """Leave out `range`s, or so many as `count` says."""
        match kind := params.get("skip_type", "range"):
            case "count":
                count = params.get("count") or {}
                from_start = int(count.get("from_start", count.get("from_begin", 0)))
                return data[from_start : len(data) - int(count.get("from_end", 0))]
            case "range":
                left_out = set(_places(str(params.get("range") or ""), len(data)))
                return [row for place, row in enumerate(data) if place not in left_out]
            case _:
                raise ValueError(f"skip_type: `{kind}` is neither `range` nor `count`")


def _places(text: str, rows: int) -> Iterator[int]:
    for first, last in _RANGE.findall(text):
        start = int(first) if first else 0
        end = int(last) if last else rows
        yield from range(start + rows if start < 0 else start, end + rows if end < 0 else end)


class CombineRecords(DataTransform):
    """Makes one row of several that follow each other."""

    name = "combine_records"

    def transform(self, data: Rows, params: dict[str, Any]) -> Rows:
        """Join columns by their rule; the last window is left out, as tasks expect it."""
        together = int(params.get("combine", 1))
        if together < 2:
            return list(data)
        skip = params.get("skip") or {}
        start = int(skip.get("from_beginning", 0))
        end = len(data) - int(skip.get("from_end", 0)) - together
        rules: Mapping[str, str] = params.get("join_column") or {}
        return [
            {name: _joined(rule, name, data[at : at + together]) for name, rule in rules.items()}
            for at in range(start, end, int(params.get("shift", 1)))
        ]


def _joined(rule: str, name: str, rows: Rows) -> str:
    """Put values into a rule; what they hold is not looked at again."""

    def value(found: re.Match[str]) -> str:
        place = int(found[1])
        return str(rows[place - 1][name]) if 0 < place <= len(rows) else found[0]

    return re.sub(r"\$(\d+)", value, rule)


class CreateImageUrlTransform(DataTransform):
    """Puts the bytes of images into columns that name them."""

    name = "create_image_url"

    def transform(self, data: Rows, params: dict[str, Any]) -> Rows:
        """Make data URLs of what looks like an image in the first row."""
        del params
        return with_data_urls(data, "image")


class CreateAudioUrlTransform(DataTransform):
    """Puts the bytes of sounds into columns that name them."""

    name = "create_audio_url"

    def transform(self, data: Rows, params: dict[str, Any]) -> Rows:
        """Make data URLs of what looks like a sound in the first row."""
        return with_data_urls(data, "audio", names=params.get("output_fields"))
