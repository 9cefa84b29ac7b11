"""Ids of rows as a text, one a line, for `--rows`.

An id may hold anything, a line break too. So a line that begins with `"` is a JSON string, and
every other line is an id as it stands; an empty one is none.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from sygra_eval.engine.plan import read_plan
from sygra_eval.values import UsageError

MOST_BYTES = 256 * 1024 * 1024


def written_ids(ids: Iterable[str]) -> str:
    """Return ids as `ids_in` reads them."""
    return "".join(f"{_line(one)}\n" for one in ids)


def ids_in(data: bytes, name: str) -> tuple[str, ...]:
    """Return the ids of a text, each once.

    :param name: What it is called in messages.
    :raises UsageError: When it is no such text, or names no row.
    """
    found: dict[str, None] = {}
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            text = line.removesuffix(b"\r").decode()
            one = json.loads(text) if text.startswith('"') else text
        except ValueError as error:
            raise UsageError(
                f"{name}:{number}: this line is no id: {error}; one that begins with a quote, or "
                "holds a line break, is written as a JSON string"
            ) from error
        if one:
            found[str(one)] = None
    if not found:
        raise UsageError(f"{name}: it names no row; say one id a line")
    return tuple(found)


def ids_asked_of(folder: Path) -> tuple[str, ...]:
    """Return the ids that a run was asked for.

    :raises UsageError: When it is no run, or was not asked for rows by their ids.
    """
    only = read_plan(folder).selection.only
    if only is None:
        raise UsageError(
            f"{folder}: this run was not asked for rows by their ids; --failed-of takes the rows "
            "that did not pass in it"
        )
    return only


def _line(one: str) -> str:
    is_plain = one.isprintable() and one == one.strip() and one != "" and one[0] != '"'
    return one if is_plain else json.dumps(one)
