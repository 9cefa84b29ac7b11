"""Checks one JSON text against one JSON Schema; runs in a child, as some schemas take for ever.

Order on standard input, account on standard output; nothing that a schema refers to is fetched.
"""

import itertools
import json
import sys
from typing import Any

MOST_FINDINGS = 20
LONGEST = 300


class IsNoJson(ValueError):
    """The text is not JSON, although Python would read it."""


def report() -> dict[str, Any]:
    """Say what does not fit, or why nothing can be said."""
    order = json.loads(sys.stdin.buffer.read())
    try:
        schema = read(order["schema"])
    except (ValueError, RecursionError) as error:
        return {"bad_schema": f"it is no JSON: {told(error)}"}
    try:
        instance = read(order["text"])
    except (ValueError, RecursionError) as error:
        return {"not_json": told(error)}
    return findings(schema, instance)


def findings(schema: object, instance: object) -> dict[str, Any]:
    """Validate; the import comes after the text is known to be JSON, as it takes 100 ms."""
    from jsonschema import SchemaError

    try:
        checker = usable(schema)
    except SchemaError as error:
        return {"bad_schema": f"at {error.json_path[:LONGEST]}: {error.message[:LONGEST]}"}
    except RecursionError:
        return {"undecided": "schema and answer are nested too deeply"}
    except Exception as error:  # noqa: BLE001 - a pattern that is none, a number out of range
        return {"undecided": f"{type(error).__name__}: {error}"[:LONGEST]}
    return findings_of(checker, instance)


def usable(schema: Any) -> Any:
    """Return what checks by a schema; nothing that it refers to is fetched.

    :raises jsonschema.SchemaError: When it is none.
    """
    from jsonschema.validators import Draft202012Validator, validator_for
    from jsonschema_specifications import REGISTRY

    kind = validator_for(schema, default=Draft202012Validator)
    kind.check_schema(schema)
    return kind(schema, registry=REGISTRY)


def findings_of(checker: Any, instance: object) -> dict[str, Any]:
    """Say what does not fit."""
    from referencing.exceptions import Unresolvable

    try:
        found = [
            {"path": error.json_path[:LONGEST], "message": error.message[:LONGEST]}
            for error in itertools.islice(checker.iter_errors(instance), MOST_FINDINGS)
        ]
    except Unresolvable as error:
        return {"bad_schema": f"nothing is at its reference `{error.ref[:LONGEST]}`"}
    except RecursionError:
        return {"undecided": "schema and answer are nested too deeply"}
    except Exception as error:  # noqa: BLE001 - a pattern that is none, a number out of range
        return {"undecided": f"{type(error).__name__}: {error}"[:LONGEST]}
    return {"findings": found}


def read(text: str) -> object:
    """Read JSON as its standard has it: without NaN, and no number that takes a minute."""
    return json.loads(text, parse_constant=refuse)


def refuse(word: str) -> object:
    """JSON has no such number."""
    raise IsNoJson(f"`{word}` is not JSON")


def told(error: Exception) -> str:
    """Say it in one line."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    if isinstance(error, IsNoJson):
        return str(error)
    return "it holds a number of too many digits"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(report()))
