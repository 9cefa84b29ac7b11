"""Says whether a reply is JSON that fits a schema, for nodes that ask for such replies.

The rules are those of the validator `json_schema`. It pays 150 ms for a child process each time;
here there is a reply a call, so a schema that can only take time in proportion to the reply is
checked in this process, and the child is for the others and for long replies.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sygra_eval.sandbox import machine_factor
from sygra_eval.validators.child import ChildFailed, run_child
from sygra_eval.validators.inside_schema import findings_of, read, told, usable
from sygra_eval.validators.json_schema import INSIDE, LIMIT_S, account_of
from sygra_eval.validators.verdicts import in_one_line
from sygra_eval.values import InfrastructureError

MOST_HERE = 16 * 1024  # characters of a reply that is checked on the event loop: 20 ms at worst
MOST_TOLD = 5
# What may take longer than the reply is long: patterns, comparisons of all with all, recursion.
_SLOW = frozenset(
    {
        "pattern",
        "patternProperties",
        "uniqueItems",
        "multipleOf",
        "unevaluatedItems",
        "unevaluatedProperties",
        "$dynamicRef",
        "$recursiveRef",
        "$id",
        "$anchor",
    }
)
_DEFS = "$defs"
_NO_SCHEMAS = frozenset({_DEFS, "enum", "const", "default", "examples"})
_MOST_PARTS = 10_000  # of a schema whose references are followed
_FENCED = re.compile(r"```[\w+-]*[ \t]*\n(.*)\n[ \t]*```", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What a reply came to: its value, or in one line why it is not what was asked.

    :ivar text: The JSON of a reply that fits, without a fence around it.
    """

    value: object = None
    text: str = ""
    problem: str = ""


async def fit_of(reply: str, schema: Mapping[str, Any]) -> Fit:
    """Read a reply by a schema; one code fence around all of it is no part of it.

    :raises InfrastructureError: When it could not be checked.
    """
    text = _unfenced(reply)
    try:
        value = read(text)
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError) as error:
        why = told(error) if not str(error).startswith("Out of range") else "a number is too large"
        return Fit(problem=f"it is not JSON: {in_one_line(why)}")
    written = json.dumps(schema, sort_keys=True)
    checker = _checker(written)
    if checker is None or len(text) > MOST_HERE:
        account = await _by_a_child(text, written)
    else:
        account = findings_of(checker, value)
    for key in ("bad_schema", "undecided"):
        if key in account:
            why = in_one_line(str(account[key]))
            raise InfrastructureError(f"a reply could not be checked by its schema: {why}")
    found = [f"at {one['path']}: {one['message']}" for one in account["findings"][:MOST_TOLD]]
    return Fit(problem=in_one_line("; ".join(found))) if found else Fit(value=value, text=text)


def _unfenced(reply: str) -> str:
    text = reply.strip()
    fenced = _FENCED.fullmatch(text)
    return text if fenced is None else fenced[1].strip()


@lru_cache(maxsize=64)
def _checker(written: str) -> Any:
    """Return what checks by a schema in this process; None where a child has to."""
    schema = json.loads(written)
    if _is_slow(schema):
        return None
    return usable(schema)


def _is_slow(schema: object) -> bool:
    """Say whether a reply may take more time than it is long.

    References are fine where they lead to `$defs` and not round in a circle, as pydantic writes
    them; a schema that becomes huge by them is not.
    """
    left, root = _MOST_PARTS, schema

    def is_slow(part: object, behind: tuple[str, ...]) -> bool:
        nonlocal left
        left -= 1
        if left < 0:
            return True
        if isinstance(part, list):
            return any(is_slow(one, behind) for one in part)
        if not isinstance(part, Mapping):
            return False
        if _SLOW & part.keys():
            return True
        if "$ref" in part and is_slow_ref(part["$ref"], behind):
            return True
        return any(is_slow(one, behind) for key, one in part.items() if key not in _NO_SCHEMAS)

    def is_slow_ref(ref: object, behind: tuple[str, ...]) -> bool:
        name = str(ref).removeprefix(f"#/{_DEFS}/")
        known = root.get(_DEFS) if isinstance(root, Mapping) else None
        if ref in behind or not isinstance(known, Mapping) or name not in known:
            return True
        return is_slow(known[name], (*behind, str(ref)))

    return is_slow(schema, ())


async def _by_a_child(text: str, schema: str) -> Mapping[str, Any]:
    order = json.dumps({"schema": schema, "text": text})
    try:
        ended = await run_child([INSIDE], files={}, stdin=order, limit_s=LIMIT_S * machine_factor())
        return account_of(ended)
    except ChildFailed as failure:
        why = in_one_line(str(failure))
        raise InfrastructureError(f"a reply could not be checked by its schema: {why}") from failure
