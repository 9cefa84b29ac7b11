"""What pydantic says of a value, as diagnostics at its place in the file.

pydantic names a place by its own path, with tags of unions in it and ends of paths that are not
in the data; start at `complain`.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sygra_eval.suite.document import At, Document
from sygra_eval.suite.nearest import did_you_mean, nearest
from sygra_eval.suite.schema import NAME_PATTERN, is_planned, json_schema_of
from sygra_eval.suite.yaml_tree import kind_of

_KINDS = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "dict": "a mapping",
    "model": "a mapping",
    "model_attributes": "a mapping",
    "dataclass": "a mapping",
    "none_required": "empty",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_parsing": "a number",
    "bool_parsing": "true or false",
}


@dataclass(frozen=True, slots=True)
class _Complaint:
    """One error of pydantic: where in the data, and through which branches of unions."""

    error: ErrorDetails
    at: At
    branch: tuple[tuple[At, str], ...] = field(default=())

    @property
    def is_mismatch(self) -> bool:
        """Whether the value is of another kind altogether."""
        return _expected_kind(self.error["type"]) is not None

    @property
    def is_extra(self) -> bool:
        """Whether the key is one too many."""
        return self.error["type"] == "extra_forbidden"


def complain(
    document: Document,
    error: ValidationError,
    data: object,
    under: At,
    config: Any,
    *,
    common: tuple[str, ...] = (),
) -> None:
    """Report everything that `error` says of `data`, which stands at `under`.

    :param config: The type that `data` should have been.
    :param common: Keys that are known at the root beside those of `config`.
    """
    complaints = [_complaint(one, data) for one in error.errors(include_url=False)]
    schema = json_schema_of(config)
    extra = {complaint.at for complaint in complaints if complaint.is_extra}
    complaints = [one for one in complaints if not _is_misspelt(one, extra)]
    for group in _by_union(complaints).values():
        chosen = _one_branch(group)
        if len(chosen) > 1 and all(one.is_mismatch and one.at == chosen[0].at for one in chosen):
            _report_kinds(document, chosen, data, under)
            continue
        for complaint in chosen:
            known = known_keys(schema, complaint.at[:-1]) if complaint.is_extra else ()
            known += common if len(complaint.at) == 1 else ()
            _report(document, complaint, data, under, known)


def _is_misspelt(complaint: _Complaint, extra: Set[At]) -> bool:
    """Say whether a missing key stands there misspelt, which is reported as unknown."""
    *owner, key = complaint.at or ("",)
    siblings = [str(at[-1]) for at in extra if at[:-1] == tuple(owner)]
    return complaint.error["type"] == "missing" and nearest(str(key), siblings) != ""


def places_of(error: ValidationError, data: object) -> tuple[list[At], list[At]]:
    """Return the paths of keys that are missing, and of parts of `data` that are wrong.

    The wrong ones are in order, none lies within another.
    """
    complaints = [_complaint(one, data) for one in error.errors(include_url=False)]
    missing = [one.at for one in complaints if one.error["type"] == "missing"]
    wrong: list[At] = []
    for at in sorted({one.at for one in complaints} - {(), *missing}, key=_in_document_order):
        if not any(at[: len(outer)] == outer for outer in wrong) and _holds(data, at):
            wrong.append(at)
    return missing, wrong


def known_keys(schema: Mapping[str, Any], at: At) -> tuple[str, ...]:
    """Return the keys that a mapping at `at` may have by a JSON Schema."""
    found = list(_branches(schema, schema))
    for step in at:
        found = [
            branch
            for node in found
            for child in _children(node, step)
            for branch in _branches(child, schema)
        ]
    return tuple(dict.fromkeys(key for node in found for key in node.get("properties", {})))


def _children(node: Mapping[str, Any], step: str | int) -> Iterator[Mapping[str, Any]]:
    if isinstance(step, int):
        candidates = [node.get("items")]
    elif step in node.get("properties", {}):
        candidates = [node["properties"][step]]
    else:
        candidates = [node.get("additionalProperties"), *node.get("patternProperties", {}).values()]
    return (child for child in candidates if isinstance(child, Mapping))


def _branches(node: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Follow references and unions to the schemas behind them."""
    if "$ref" in node:
        yield from _branches(root["$defs"][node["$ref"].rpartition("/")[2]], root)
    for union in ("anyOf", "oneOf", "allOf"):
        for branch in node.get(union, ()):
            yield from _branches(branch, root)
    yield node


def _complaint(error: ErrorDetails, data: object) -> _Complaint:
    """Find pydantic's path in the data: steps that are not there are tags of unions."""
    at: At = ()
    branch: list[tuple[At, str]] = []
    value: Any = data
    loc = error["loc"]
    for index, step in enumerate(loc):
        is_last = index == len(loc) - 1
        if _has(value, step):
            value, at = value[step], (*at, step)
        elif step == "[key]":
            continue
        elif is_last and error["type"] in ("missing", "missing_argument"):
            at = (*at, step)
        elif isinstance(step, str):
            branch.append((at, step))
    more = error.get("ctx", {}).get("at", ())
    return _Complaint(error, (*at, *more), tuple(branch))


def _by_union(complaints: list[_Complaint]) -> dict[object, list[_Complaint]]:
    """Put complaints of the same outermost union together; the others stand alone."""
    groups: dict[object, list[_Complaint]] = defaultdict(list)
    for index, complaint in enumerate(complaints):
        groups[complaint.branch[0][0] if complaint.branch else index].append(complaint)
    return groups


def _one_branch(group: list[_Complaint]) -> list[_Complaint]:
    """Keep the branch of a union that the author most likely meant.

    One that fails inside fits better than one that wants another kind of value altogether.
    """
    branches: dict[str, list[_Complaint]] = defaultdict(list)
    for complaint in group:
        branches[complaint.branch[0][1] if complaint.branch else ""].append(complaint)
    if len(branches) == 1:
        return group
    inside = [b for b in branches.values() if not (len(b) == 1 and _wants_another_kind(b[0]))]
    if not inside:
        return group
    return min(inside, key=len)


def _wants_another_kind(complaint: _Complaint) -> bool:
    return complaint.is_mismatch and complaint.at == complaint.branch[0][0]


def _report(
    document: Document, complaint: _Complaint, data: object, under: At, known: tuple[str, ...]
) -> None:
    error, at = complaint.error, complaint.at
    kind, context = error["type"], error.get("ctx", {})
    place = (*under, *at)
    key = next((step for step in reversed(at) if isinstance(step, str)), "")
    if kind == "missing":
        _report_missing(document, data, at, under)
    elif kind == "extra_forbidden":
        report_extra(document, place, known)
    elif _expected_kind(kind) is not None:
        _report_kinds(document, [complaint], data, under)
    elif "-" in kind:  # a code of ours, raised inside a config model
        document.report(
            code=kind,
            message=error["msg"],
            at=place,
            fix=str(context.get("fix", "")),
            within=str(context.get("within", "")),
            is_key=bool(context.get("is_key")),
        )
    else:
        document.report(
            code="wrong-value",
            message=f"`{key}`{_wanted(error)}" if key else _wanted(error).lstrip(": "),
            at=place,
            fix=_fix_of_value(_value_at(data, at), context),
            is_key="[key]" in error["loc"],
        )


def _wanted(error: ErrorDetails) -> str:
    """Return what the value must be, to stand behind the key's name."""
    if error["type"] == "string_pattern_mismatch" and error["ctx"]["pattern"] == NAME_PATTERN:
        return " may have letters, digits and `_ . -` only"
    if error["type"] in ("value_error", "assertion_error"):
        return ": " + error["msg"].partition(", ")[2]
    return re.sub(r"^\w+ should ", " must ", error["msg"])


def report_extra(document: Document, place: At, known: tuple[str, ...]) -> None:
    """Report a key that is not known at its place, or not yet."""
    key = str(place[-1])
    if is_planned((*document.section, *place)):
        document.report(
            code="unsupported-key",
            message=f"`{key}` is not supported by this version",
            at=place,
            fix="take it out",
            is_key=True,
        )
        return
    document.report(
        code="unknown-key",
        message=f"unknown key `{key}`",
        at=place,
        fix=did_you_mean(key, known),
        is_key=True,
    )


def _report_missing(document: Document, data: object, at: At, under: At) -> None:
    *owner, key = (*under, *at)
    parent = _value_at(data, at[:-1])
    near = nearest(str(key), map(str, parent)) if isinstance(parent, Mapping) else ""
    if near:  # where a type's own keys may stand, a misspelt one is not refused as such
        report_extra(document, (*owner, near), (str(key),))
        return
    where = next((f" in `{step}`" for step in reversed(owner) if isinstance(step, str)), "")
    document.report(
        code="missing-key",
        message=f"the key `{key}` is missing{where}",
        at=tuple(owner),
        fix=f"add `{key}: ...`",
        is_key=bool(owner) and isinstance(owner[-1], str),
    )


def _report_kinds(document: Document, chosen: list[_Complaint], data: object, under: At) -> None:
    at = chosen[0].at
    place = (*under, *at)
    key = next((f"`{step}` " for step in reversed(place) if isinstance(step, str)), "")
    kinds = dict.fromkeys(_expected_kind(one.error["type"]) or "" for one in chosen)
    value = _value_at(data, at)
    fix = f'write `"{value}"`' if "text" in kinds and isinstance(value, int | float) else ""
    if isinstance(value, bool):
        fix = "put it into quotes if it is text" if "text" in kinds else ""
    if isinstance(value, str) and any("number" in kind for kind in kinds) and _is_number(value):
        fix = f"write `{value}` without quotes"
    if "a list" in kinds and isinstance(value, str):
        fix = f"write `[{value}]`"
    document.report(
        code="wrong-type",
        message=f"{key}must be {' or '.join(kinds)}, not {kind_of(value)}",
        at=place,
        fix=fix,
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _expected_kind(error_type: str) -> str | None:
    return _KINDS.get(error_type.removesuffix("_type")) or _KINDS.get(error_type)


def _fix_of_value(value: object, context: Mapping[str, Any]) -> str:
    expected = str(context.get("expected", ""))
    options = [option.strip("' ") for option in expected.replace(" or ", ",").split(",")]
    options = [option for option in options if option]
    return did_you_mean(str(value), options) if options else ""


def _value_at(data: object, at: At) -> object:
    value: Any = data
    for step in at:
        if not _has(value, step):
            return None
        value = value[step]
    return value


def _in_document_order(at: At) -> list[tuple[int, str]]:
    return [(step, "") if isinstance(step, int) else (0, step) for step in at]


def _holds(data: object, at: At) -> bool:
    return _has(_value_at(data, at[:-1]), at[-1])


def _has(value: object, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and 0 <= step < len(value)
    return isinstance(value, Mapping) and step in value
