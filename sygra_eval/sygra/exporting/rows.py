"""The rows of a suite as a file that SyGra reads: every column in each, and an id of its own."""

import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sygra_eval.engine import limited, source_of
from sygra_eval.plugins import Plugins
from sygra_eval.suite import Suite
from sygra_eval.sygra.exporting.names import Names
from sygra_eval.sygra.exporting.parts import Making
from sygra_eval.values import BadRow, Row, UsageError

_MEDIA = re.compile(
    r"\.(jpe?g|png|gif|bmp|tiff?|webp|ico|apng|wav|flac|ogg|mp3|m4a|aac|aiff)$", re.IGNORECASE
)
"""What SyGra takes for a picture or a sound, and reads or empties."""
SUITE_AT = ("data_config", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows, as they are written.

    :ivar variables: How each column of the suite is called there.
    :ivar plain: Those whose values are texts or numbers in all rows.
    :ivar id_is_added: The source has no column `id`, so its rows' ids became one.
    """

    rows: list[dict[str, Any]]
    variables: dict[str, str]
    plain: frozenset[str]
    id_is_added: bool


async def table_of(
    suite: Suite, plugins: Plugins, making: Making, limit: int | None, *, wants_index: bool
) -> Table:
    """Read the rows.

    :raises UsageError: When there are none.
    """
    found: list[Row] = []
    async with contextlib.aclosing(limited(source_of(suite, plugins), limit)) as rows:
        async for row in rows:
            if isinstance(row, BadRow):
                making.leave_out(SUITE_AT, f"a row that cannot be read: {row.reason}")
            else:
                found.append(row)
    if not found:
        raise UsageError(f"{suite.path}: no row to export")
    columns = list(dict.fromkeys(name for row in found for name in row.columns))
    variables = {name: _variable(name, making.names) for name in columns}
    if any(name not in row.columns for row in found for name in columns):
        making.leave_out(SUITE_AT, "rows that lack a column have null in it")
    id_is_added = "id" not in columns or any(row.columns["id"] != row.id for row in found)
    if id_is_added and "id" in columns:
        variables["id"] = making.names.variable("source_id")
    if "id" not in columns:
        making.names.variables.add("id")
    if wants_index:
        making.index = making.names.variable("sygra_eval_row")
    written = [
        {
            "id": row.id,
            **{variables[name]: row.columns.get(name) for name in columns},
            **({making.index: row.index} if wants_index else {}),
        }
        for row in found
    ]
    written = _without_media_first(written, making)
    plain = frozenset(
        variable
        for variable in variables.values()
        if all(type(row[variable]) in (str, int, float) for row in written)
    )
    return Table(rows=written, variables=variables, plain=plain, id_is_added=id_is_added)


def _variable(name: str, names: Names) -> str:
    if name == "id":
        names.variables.add("id")
        return "id"
    return names.variable("conversation" if name == "messages" else name)


def _without_media_first(rows: list[dict[str, Any]], making: Making) -> list[dict[str, Any]]:
    """Put a row first in which nothing looks like a file of pictures or sounds.

    SyGra looks at the first row, and empties such a column in all of them.
    """
    first = next((row for row in rows if not any(map(_is_media, row.values()))), None)
    if first is None:
        making.refuse(
            SUITE_AT,
            "a column looks like names of pictures or sounds in every row, and SyGra would read "
            "them as such",
            fix="rename the values, or leave the column out with `columns`",
        )
        return rows
    return [first, *(row for row in rows if row is not first)]


def _is_media(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and _is_media(value[0])
    if isinstance(value, Mapping):
        return "bytes" in value
    return isinstance(value, str) and _MEDIA.search(value.strip()) is not None


def lines_of(rows: list[dict[str, Any]]) -> str:
    """Return the rows as JSON, a line each."""
    return "".join(json.dumps(row, ensure_ascii=False, allow_nan=True) + "\n" for row in rows)
