"""The rows of a suite as a file that SyGra reads: every column in each, and an id of its own."""

import contextlib
import json
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from sygra_eval.data import BadImage, ImageRules, image_of
from sygra_eval.engine import limited, source_of
from sygra_eval.plugins import Plugins
from sygra_eval.suite import Suite
from sygra_eval.sygra.exporting.names import Names
from sygra_eval.sygra.exporting.parts import Making
from sygra_eval.sygra.exporting.prompts import LONE
from sygra_eval.values import BadRow, ImageRef, Row, UsageError

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
    suite: Suite,
    plugins: Plugins,
    making: Making,
    limit: int | None,
    *,
    wants_index: bool,
    shown: Set[str] = frozenset(),
) -> Table:
    """Read the rows.

    :param shown: Columns that prompts show as pictures.
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
    for column in sorted(shown & set(columns)):
        variable = variables[column]
        making.pictures[variable] = making.names.variable(f"{variable}_shown")
    written = [row for row in written if _with_pictures(row, making)]
    if not written:
        raise UsageError(f"{suite.path}: no row to export, as the pictures of none can be read")
    _wrap(written, making)
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


def _with_pictures(row: dict[str, Any], making: Making) -> bool:
    """Put the pictures themselves beside the columns that name them; say whether all are there."""
    assert making.rules is not None, "given before rows are read"  # noqa: S101
    for variable, shown in making.pictures.items():
        value = row[variable]
        try:
            row[shown] = (
                [_address(one, making.rules) for one in value]
                if isinstance(value, list)
                else _address(value, making.rules)
            )
        except BadImage as error:
            making.leave_out(SUITE_AT, f"the row `{row['id']}`: {error}")
            return False
    return True


def _address(value: Any, rules: ImageRules) -> str:
    return image_of(ImageRef(value=value, is_from_row=True), rules).address


def _wrap(rows: list[dict[str, Any]], making: Making) -> None:
    """Put columns inside a mapping that would be taken for names of pictures or sounds.

    SyGra looks at the first row, and reads or empties such a column in all of them.
    """
    shown = set(making.pictures.values())
    names = {name for name, value in rows[0].items() if _is_media(value) and name not in shown}
    alike = {name for row in rows for name, value in row.items() if _is_like_wrapped(value)}
    making.wrapped |= names | alike | set(making.pictures)
    for row in rows:
        for name in making.wrapped:
            row[name] = {"as_it_was": row[name]}


def _is_like_wrapped(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() == {"as_it_was"}


def shown_columns(document: Any) -> set[str]:
    """Return the names of what prompts show as pictures."""
    if isinstance(document, list):
        return {name for one in document for name in shown_columns(one)}
    if not isinstance(document, Mapping):
        return set()
    found = {name for one in document.values() for name in shown_columns(one)}
    if document.get("type") == "image_url":
        address = document.get("image_url")
        lone = LONE.fullmatch(address.strip()) if isinstance(address, str) else None
        found |= set() if lone is None else {lone[1].strip()}
    return found


def _is_media(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and _is_media(value[0])
    if isinstance(value, Mapping):
        return "bytes" in value
    return isinstance(value, str) and _MEDIA.search(value.strip()) is not None


def lines_of(rows: list[dict[str, Any]]) -> str:
    """Return the rows as JSON, a line each."""
    return "".join(json.dumps(row, ensure_ascii=False, allow_nan=True) + "\n" for row in rows)
