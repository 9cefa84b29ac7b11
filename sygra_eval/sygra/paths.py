"""Values of the output map that stand elsewhere in the file: `$data_config.source.repo_id`."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sygra_eval.sygra.keys import At
from sygra_eval.values import Problem

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
Report = Callable[[Problem], None]


def resolved_paths(data: dict[str, Any], report: Report) -> dict[str, Any]:
    """Return the document with what these values stand for; tell of paths that lead nowhere."""
    output = data.get("output_config")
    mapped = output.get("output_map") if isinstance(output, dict) else None
    if not isinstance(output, dict) or not isinstance(mapped, dict):
        return data
    made = {}
    for name, mapping in mapped.items():
        at: At = ("output_config", "output_map", name)
        if not isinstance(mapping, dict):
            told = "a field needs `from` or `value`"
            report(Problem(code="wrong-type", message=told, at=at))
            continue
        made[name] = mapping
        if "value" in mapping:
            value = _value(mapping["value"], data, report, (*at, "value"))
            made[name] = {**mapping, "value": value}
    return {**data, "output_config": {**output, "output_map": made}}


def _value(value: Any, data: Mapping[str, Any], report: Report, at: At) -> Any:
    if isinstance(value, dict):
        return {key: _value(one, data, report, at) for key, one in value.items()}
    if isinstance(value, list):
        return [_value(one, data, report, at) for one in value]
    if not isinstance(value, str) or not value.startswith("$"):
        return value
    found: Any = data
    for name, index in _STEP.findall(value[1:]):
        try:
            found = found[int(index)] if index else found[name]
        except (KeyError, IndexError, TypeError):
            told = f"`{value}` leads nowhere in this file"
            report(Problem(code="sygra-no-path", message=told, at=at, within=value))
            return None
    return found
