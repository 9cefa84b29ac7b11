"""From a record's last state to its row: the output map, the generator, the schema, what it says.

What SyGra writes as a row without noticing, an error's text anywhere in it, ends the record here
(P1), and so does what no file can hold (P4).
"""

import dataclasses
import datetime
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from sygra_eval.sygra.config import TaskConfig, restored
from sygra_eval.sygra.functions import TaskError
from sygra_eval.sygra.limited import Python
from sygra_eval.sygra.naming import function_at
from sygra_eval.sygra.oasst import fault_of
from sygra_eval.sygra.prompts import as_chat, said
from sygra_eval.sygra.raised import told
from sygra_eval.sygra.shim.processors.output_record_generator import BaseOutputGenerator
from sygra_eval.sygra.shim.utils.constants import ERROR_PREFIX
from sygra_eval.sygra.state import MESSAGES

_TYPES: Mapping[str, Any] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "list": list,
    "dict": dict,
    "tuple": tuple,
    "set": set,
    "none": type(None),
    "any": Any,
}
RULES: Mapping[str, Callable[[Any, Any], bool]] = {
    "is_greater_than": lambda value, bound: bool(value > bound),
    "is_less_than": lambda value, bound: bool(value < bound),
    "is_equal_to": lambda value, bound: bool(value == bound),
}


@dataclass(frozen=True, slots=True)
class Finished:
    """What is left of a record.

    :ivar row: As SyGra writes it; None where it writes none.
    :ivar mismatch: How the row breaks the schema; empty where it does not.
    """

    row: dict[str, Any] | None
    state: dict[str, Any]
    answer: str
    mismatch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """What makes a row of a state.

    :ivar answer: The variable that is judged; the last reply where none is named.
    :ivar is_oasst: Whether a row has to be a conversation.
    :ivar has_own: Whether a generator or schema of the task's own has a part in it.
    """

    row_of: Callable[[Mapping[str, Any]], Any]
    mismatch: Callable[[Mapping[str, Any], Any], str]
    answer: str | None
    outputs: tuple[str, ...]
    has_own: bool = False
    is_oasst: bool = False
    generator: Any = None

    async def of(self, state: Mapping[str, Any], python: Python) -> "Finished":
        """Return what is left of a record.

        :raises TaskError: When it cannot be one.
        """
        plain = _as_json_all(state)
        if (found := error_text(plain)) != "":
            raise TaskError(f"the answer holds the text of a server's error: {found}")
        made = await python.in_turn(self.row_of, state) if self.has_own else self.row_of(state)
        if made is not None and not isinstance(made, Mapping):
            raise TaskError(f"the generator returned {type(made).__name__}, a mapping is needed")
        row = None
        if made is not None:
            row = _as_json_all(made)
            if (found := error_text(row)) != "":
                raise TaskError(f"the row holds the text of a server's error: {found}")
            if self.is_oasst and (fault := fault_of(row)):
                raise TaskError(fault)
        mismatch = (
            await python.in_turn(self.mismatch, state, row)
            if self.has_own
            else self.mismatch(state, row)
        )
        return Finished(row, plain, self._answer(plain, row), mismatch)

    def _answer(self, state: Mapping[str, Any], row: Mapping[str, Any] | None) -> str:
        if self.answer is not None:
            value = state.get(self.answer, (row or {}).get(self.answer))
            return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for message in reversed(state.get(MESSAGES) or []):
            if not isinstance(message, dict) or message.get("role") != "assistant":
                continue  # a task may have put anything among them
            if isinstance(message.get("content"), str):
                return str(message["content"])
        for name in reversed(self.outputs):
            if isinstance(state.get(name), str):
                return str(state[name])
        return json.dumps(row, ensure_ascii=False)


def finish_of(config: TaskConfig, nodes: Mapping[str, Mapping[str, Any]]) -> Finish:
    """Return what makes a task's rows.

    :raises UsageError: When its generator or schema is not there (P10).
    """
    output = restored(config.output)
    path = output.get("generator")
    generator = function_at(path) if path else BaseOutputGenerator
    made = generator(output)
    keys = [node.get("output_keys") for node in nodes.values() if "prompt" in node]
    return Finish(
        row_of=_row_of(made, output),
        mismatch=_schema_of(restored(config.schema_rules), output.get("output_map") or {}),
        answer=config.answer,
        is_oasst=config.is_oasst,
        generator=made if path or output.get("output_map") else None,
        has_own=bool(path or config.schema_rules.get("schema")),
        outputs=tuple(key for key in keys if isinstance(key, str) and key != MESSAGES),
    )


def _row_of(generator: Any, output: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Any]:
    def row_of(state: Mapping[str, Any]) -> Any:
        try:
            if output.get("generator") or output.get("output_map"):
                return generator.generate(dict(state))
        except (Exception, SystemExit) as error:
            name = type(generator).__name__
            raise TaskError(f"the generator {name}: {told(error)}") from error
        return dict(state)

    return row_of


def with_rows_of(function: Callable[[Any], Any], finish: Finish) -> Finish:
    """Return a finish whose rows a task's own executor makes."""

    def row_of(state: Mapping[str, Any]) -> Any:
        try:
            return function(dict(state))
        except (Exception, SystemExit) as error:
            raise TaskError(f"output_record_generator: {told(error)}") from error

    return dataclasses.replace(finish, row_of=row_of, has_own=True)


def _schema_of(
    rules: Mapping[str, Any], mapped: Mapping[str, Any]
) -> Callable[[Mapping[str, Any], Any], str]:
    """Return what says how a row breaks the schema; empty where it does not.

    The state is looked at, as tasks expect; what only the output map makes is looked at in the
    row (P5).
    """
    path, fields = rules.get("schema"), rules.get("fields") or ()
    model = function_at(path) if path else None

    def mismatch(state: Mapping[str, Any], row: Any) -> str:
        seen = {**{name: (row or {}).get(name) for name in mapped}, **state}
        if model is not None:
            try:
                model(**seen)
            except (ValidationError, TypeError, ValueError) as error:
                first = str(error).splitlines()
                return f"schema: {' '.join(first[:3])}"
        return next(filter(None, (_broken(one, seen) for one in fields)), "")

    return mismatch


def _broken(rule: Mapping[str, Any], seen: Mapping[str, Any]) -> str:
    name, kind = str(rule.get("name")), str(rule.get("type", "any"))
    if name not in seen:
        return f"schema: there is no `{name}`"
    try:
        value = TypeAdapter(type_of(kind)).validate_python(seen[name])
    except (ValidationError, TaskError):
        return f"schema: `{name}` is {type(seen[name]).__name__}, {kind} is asked for"
    for key, bound in rule.items():
        if key in ("name", "type"):
            continue
        check = RULES.get(key)
        if check is None:
            return f"schema: `{name}`: there is no rule `{key}`"
        try:
            is_kept = check(value, bound)
        except TypeError:
            return f"schema: `{name}` is {value!r}, which cannot be compared with {bound!r}"
        if not is_kept:
            return f"schema: `{name}` is {value!r}, and not {key.replace('_', ' ')} {bound!r}"
    return ""


def type_of(text: str) -> Any:
    """Return the type that a rule names, as `list[dict[str, int]]`.

    :raises TaskError: When there is none.
    """
    text = text.strip().lower()
    outer, bracket, inner = text.partition("[")
    if outer.strip() not in _TYPES:
        raise TaskError(f"there is no type `{text}`")
    made = _TYPES[outer.strip()]
    if not bracket:
        return made
    inside, depth, parts, start = inner.removesuffix("]"), 0, [], 0
    for place, letter in enumerate(inside):
        depth += (letter == "[") - (letter == "]")
        if letter == "," and depth == 0:
            parts.append(inside[start:place])
            start = place + 1
    parts.append(inside[start:])
    return (
        made[tuple(type_of(part) for part in parts)] if len(parts) > 1 else made[type_of(parts[0])]
    )


def _as_json_all(values: Mapping[Any, Any]) -> dict[str, Any]:
    made = {}
    for name, value in values.items():
        try:
            made[str(name)] = as_json(value, str(name))
        except RecursionError:
            raise TaskError(f"`{name}` is nested too deep for a file, or holds itself") from None
    return made


def as_json(value: Any, where: str) -> Any:
    """Return a value as a file can hold it; messages become roles and contents.

    :raises TaskError: When none can.
    """
    match value:
        case None | bool() | str() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): as_json(one, where) for key, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [as_json(one, where) for one in value]
        case datetime.datetime() | datetime.date():
            return value.isoformat()
        case BaseModel() if not hasattr(value, "content"):
            return as_json(value.model_dump(), where)
    if hasattr(value, "tolist"):
        return as_json(value.tolist(), where)
    if hasattr(value, "content") and hasattr(value, "type"):
        (message,) = said([value])
        return as_chat(message)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return as_json(dataclasses.asdict(value), where)
    raise TaskError(f"`{where}` holds {type(value).__name__}, which no file can hold")


def error_text(value: Any) -> str:
    """Return the beginning of a server's error that stands somewhere in a value."""
    if isinstance(value, str):
        place = value.find(ERROR_PREFIX)
        return "" if place < 0 else value[place : place + 120]
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        return next(filter(None, map(error_text, value)), "")
    return ""
