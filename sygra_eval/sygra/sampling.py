"""The node `weighted_sampler`: draws values, the same ones for a row whenever it is run."""

import random
from collections.abc import Mapping
from typing import Any

from sygra_eval.sygra.asking import NodeRun, Visiting
from sygra_eval.sygra.functions import TaskError
from sygra_eval.sygra.limited import Python
from sygra_eval.sygra.tables import rows_of_source


def sampler_node(node: Mapping[str, Any]) -> NodeRun:
    """Return a node that draws a value for each attribute.

    Values of a source's column are taken in the order of the rows, from the start again at its
    end: so the place of a row says what it gets, whatever is resumed or runs beside it.
    """
    attributes = dict(node["attributes"])
    tables: dict[str, list[dict[str, Any]]] = {}

    async def run(state: dict[str, Any], visiting: Visiting) -> Mapping[str, Any]:
        for about in attributes.values():
            await _read(about, tables, visiting.python)
        drawn = {name: _drawn(about, visiting.index, tables) for name, about in attributes.items()}
        return {**state, **drawn}

    return run


async def _read(about: Any, tables: dict[str, list[dict[str, Any]]], python: Python) -> None:
    """Have the rows of a source there; it may have transforms, which are the task's Python."""
    values = about["values"]
    if isinstance(values, Mapping) and (name := repr(values["source"])) not in tables:
        rows = await python.call(rows_of_source, values["source"])
        if not rows:
            raise TaskError(f"the source of its values has no rows: {_named(values['source'])}")
        tables[name] = rows


def _named(source: Mapping[str, Any]) -> str:
    return str(source.get("file_path") or source.get("repo_id") or source.get("type"))


def _drawn(about: Mapping[str, Any], index: int, tables: dict[str, list[dict[str, Any]]]) -> Any:
    values = about["values"]
    if not isinstance(values, Mapping):
        weights = about.get("weights") or [1] * len(values)
        return random.choices(values, weights=weights)[0]  # noqa: S311 - of the row, see `chance`
    source, column = values["source"], values["column"]
    rows = tables[repr(source)]
    name = random.choice(column) if isinstance(column, list) else column  # noqa: S311 - likewise
    return rows[index % len(rows)][name]
