"""What is wrong with a model before it is written: by field, and whether it holds a key.

The checks are those of a suite; each diagnostic is led back from its line to the field of the form.
Start at `problems_of`.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sygra_eval.plugins import Plugins
from sygra_eval.studio.models.forms import SAMPLING
from sygra_eval.suite import Document, check_models, parse_document
from sygra_eval.validators import secret_kind
from sygra_eval.values import Diagnostic

FEWEST_OF_A_SECRET = 8  # characters: shorter ones are words of a file
_KEYLIKE = re.compile(r"(?<![A-Za-z0-9_-])(?:sk|pk|rk|key|api)[-_][A-Za-z0-9_-]{16,}")
_SECRET_NAME = re.compile(
    r"(?i)(?:^|_|-)(?:api[-_]?key|secret|token|password|passwd|authorization|bearer)(?:$|_|-)"
)
_MISSING = re.compile(r"`(\w+)`")
_NAMES_A_PLACE = ("api_key_env", "token_env", "api_key_keyring")
_NO_SECRET = frozenset({"max_tokens", "max_completion_tokens", "max_output_tokens"})
_ADVICE = "name the variable that holds it in `api_key_env`; type the key itself under Key"

At = tuple[str | int, ...]
Problem = dict[str, Any]


def problems_of(
    text: str, name: str, path: Path, plugins: Plugins, secrets: Iterable[str] = ()
) -> list[Problem]:
    """Return what is wrong with the model `name` in the text of a `models.yaml`.

    :param secrets: Keys that are known here; none of them may stand in the file.
    """
    document = parse_document(text.encode(), path.name)
    _, found = check_models(document, path, plugins)
    own = [
        problem_at(one, at) for one in found if (at := field_at(document, one, (name,))) is not None
    ]
    entry = document.data.get(name)
    return [*keys_in(entry, frozenset(secrets)), *own, *_sampling_problems(entry)]


def _sampling_problems(entry: object) -> Iterator[Problem]:
    """Yield parameters out of the usual range, or of no number: the run checks none of them."""
    parameters = entry.get("parameters") if isinstance(entry, Mapping) else None
    for name, value in parameters.items() if isinstance(parameters, Mapping) else ():
        about = SAMPLING.get(name, {})
        if about.get("type") not in ("number", "integer"):
            continue
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        kinds = {"number": "a number", "integer": "a whole number"}
        if not is_number or (about["type"] == "integer" and not isinstance(value, int)):
            yield _of_parameter(name, "error", f"`{name}` is {kinds[about['type']]}")
        elif value < about.get("minimum", value) or value > about.get("maximum", value):
            low, high = about["minimum"], about.get("maximum")
            usual = f"{low} to {high}" if high is not None else f"{low} or more"
            yield _of_parameter(name, "warning", f"`{name}` is {usual} at all servers known here")


def _of_parameter(name: str, severity: str, message: str) -> Problem:
    field = f"parameters.{name}"
    return {
        "field": field,
        "code": "odd-parameter",
        "severity": severity,
        "message": message,
        "fix": "",
    }


def keys_in(entry: object, secrets: frozenset[str] = frozenset()) -> list[Problem]:
    """Return the fields that hold a key, or what looks like one, and not the name of one."""
    return [
        {
            "field": ".".join(str(step) for step in at),
            "code": "key-in-file",
            "severity": "error",
            "message": f"this {what}, and a file holds none",
            "fix": _ADVICE,
        }
        for at, value in _texts(entry, ())
        if (what := _key_told(at, value, secrets))
    ]


def holds_key(text: str) -> bool:
    """Say whether something in a line of text looks like a key."""
    return bool(secret_kind(text) or _KEYLIKE.search(text))


def field_at(document: Document, found: Diagnostic, under: At) -> At | None:
    """Return the field that a diagnostic points at; None where it is outside of `under`."""
    place = (found.line, found.column)
    begin, end = _lines_of(document, under)
    if not begin <= place < end:
        return None
    nearest: At = ()
    for at, _ in parts_of(_inner(document, under)):
        marks = (document.key_mark((*under, *at)), document.mark((*under, *at)))
        if any((mark.line, mark.column) <= place for mark in marks):
            nearest = at
    return nearest


def problem_at(found: Diagnostic, at: At) -> Problem:
    """Return a diagnostic as a problem of a field; a key that is missing is a field too."""
    missing = _MISSING.search(found.message) if found.code == "missing-key" else None
    if missing is not None:
        at = (*at, missing[1])
    return {
        "field": ".".join(str(step) for step in at),
        "code": found.code,
        "severity": str(found.severity),
        "message": found.message,
        "fix": found.fix,
    }


def _lines_of(document: Document, under: At) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return where an entry begins, and where the next one does."""
    key = document.key_mark(under)
    siblings = _inner(document, under[:-1])
    marks = [document.key_mark((*under[:-1], name)) for name in siblings]
    after = [(mark.line, mark.column) for mark in marks if mark.line > key.line]
    return (key.line, key.column), min(after, default=(10**9, 0))


def _inner(document: Document, at: At) -> Any:
    value: Any = document.data
    for step in at:
        value = value.get(step, {}) if isinstance(value, Mapping) else {}
    return value


def parts_of(value: object, at: At = ()) -> Iterator[tuple[At, Any]]:
    """Yield all that is inside of a value with its path, in the order of the file."""
    items: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for step, inner in items:
        yield (*at, step), inner
        yield from parts_of(inner, (*at, step))


def _texts(value: object, at: At) -> Iterator[tuple[At, str]]:
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, (*at, str(key)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*at, index))


def _key_told(at: At, value: str, secrets: frozenset[str]) -> str:
    """Say of what kind a value is that may not stand in a file; empty for all others."""
    name = str(next((step for step in reversed(at) if isinstance(step, str)), ""))
    if any(len(one) >= FEWEST_OF_A_SECRET and one in value for one in secrets):
        return "is a key that is set here"
    if name in _NAMES_A_PLACE:
        return "looks like a key" if _is_random(value) or _KEYLIKE.search(value) else ""
    if name not in _NO_SECRET and _SECRET_NAME.search(name) and value.strip():
        return f"is a key by its name (`{name}`)"
    if kind := secret_kind(value):
        return f"looks like a key ({kind})"
    return "looks like a key" if _KEYLIKE.search(value) else ""


def _is_random(value: str) -> bool:
    """Say whether a name of a variable is none: letters and digits without order, as keys are."""
    digits = sum(character.isdigit() for character in value)
    counts = Counter(value).values()
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts)
    return len(value) >= 20 and digits >= 4 and entropy >= 3
