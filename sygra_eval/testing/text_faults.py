"""What goes wrong with answers to texts, by name, beside what goes wrong with every endpoint.

`TEXT_FAULTS` is for requests of two texts or more, in OpenAI's form; like `FAULTS` it says what a
call has to come to. `make` changes the reply that would have been good. A text whose request fails
is asked alone in the end, which ends some faults: of one text it is clear whose the answer is. That
a vector is shorter than those of other requests is noticed by the run: `wrong_shape`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sygra_eval.testing.faults import ANSWERED, RETRIED, Fault
from sygra_eval.testing.replies import Reply, as_json

Data = list[dict[str, Any]]
_VALUES = ("embedding", "probs", "score", "data")


def _data(change: Callable[[Data], object]) -> Callable[[Reply], Reply]:
    """Change the list of answers."""

    def make(good: Reply) -> Reply:
        payload = dict(good.completion or {})
        payload["data"] = change([dict(entry) for entry in payload["data"]])
        return _told(good, payload)

    return make


def _told(good: Reply, payload: Mapping[str, Any]) -> Reply:
    return replace(good, completion=payload, body=as_json(payload))


def _without_index(data: Data) -> Data:
    return [{key: value for key, value in entry.items() if key != "index"} for entry in data]


def _indexed(number: Callable[[int], object]) -> Callable[[Reply], Reply]:
    return _data(lambda data: [{**entry, "index": number(i)} for i, entry in enumerate(data)])


def _value(change: Callable[[Any], object]) -> Callable[[Reply], Reply]:
    """Change what is said of the first text."""

    def first(data: Data) -> Data:
        key = next(key for key in _VALUES if key in data[0])
        return [{**data[0], key: change(data[0][key])}, *data[1:]]

    return _data(first)


def _first_number(number: object) -> Callable[[Any], object]:
    return lambda value: [number, *value[1:]] if isinstance(value, list) else number


def _shorter(value: Any) -> object:
    return value[:-1] if isinstance(value, list) else []


def _usage(usage: object) -> Callable[[Reply], Reply]:
    return lambda good: _told(good, {**(good.completion or {}), "usage": usage})


_TABLE: tuple[tuple[str, Callable[[Reply], Reply], str, str], ...] = (
    # Not as many answers as texts, or not clear which is whose.
    ("one_too_few", _data(lambda data: data[:-1]), RETRIED, "empty"),
    ("one_too_many", _data(lambda data: [*data, dict(data[0])]), RETRIED, "bad_body"),
    ("no_answers", _data(lambda data: []), RETRIED, "empty"),
    ("null_answers", _data(lambda data: None), RETRIED, "empty"),
    ("null_answer", _data(lambda data: [None, *data[1:]]), RETRIED, "bad_body"),
    ("same_index", _indexed(lambda i: 0), RETRIED, ANSWERED),
    ("index_beyond", _indexed(lambda i: i + 1), RETRIED, "bad_body"),
    ("index_in_words", _indexed(str), RETRIED, "bad_body"),
    ("half_an_index", _data(lambda d: [*d[:-1], *_without_index(d[-1:])]), RETRIED, ANSWERED),
    # Values that are none. JSON knows no NaN, so that one is a body that cannot be read.
    ("nan", _value(_first_number(float("nan"))), RETRIED, "bad_body"),
    ("infinite", _value(_first_number(float("inf"))), RETRIED, "bad_body"),
    ("huge_number", _value(_first_number(1e999)), RETRIED, "bad_body"),
    ("text_for_number", _value(_first_number("0.1")), RETRIED, "bad_body"),
    ("null_number", _value(_first_number(None)), RETRIED, "bad_body"),
    ("true_for_number", _value(_first_number(True)), RETRIED, "bad_body"),  # noqa: FBT003
    ("null_value", _value(lambda value: None), RETRIED, "bad_body"),
    # Odd, and harmless.
    ("other_order", _data(lambda data: data[::-1]), ANSWERED, ANSWERED),
    ("no_index", _data(_without_index), ANSWERED, ANSWERED),
    ("no_usage_of_texts", _usage({}), ANSWERED, ANSWERED),
    ("null_usage_of_texts", _usage(None), ANSWERED, ANSWERED),
    ("negative_usage_of_texts", _usage({"prompt_tokens": -7}), ANSWERED, ANSWERED),
)
_OF_VECTORS: tuple[tuple[str, Callable[[Reply], Reply], str, str], ...] = (
    ("shorter_vector", _value(_shorter), RETRIED, ANSWERED),
    ("empty_vector", _value(lambda value: []), RETRIED, "bad_body"),
    ("torn_base64", _value(lambda value: "AAAA"), RETRIED, "bad_body"),
    ("no_base64", _value(lambda value: "no base64!"), RETRIED, "bad_body"),
    ("nan_in_base64", _value(lambda value: "AADAfw=="), RETRIED, "bad_body"),
    ("beyond_32_bits", _value(_first_number(1e300)), RETRIED, "bad_body"),
)


def _named(table: tuple[tuple[str, Callable[[Reply], Reply], str, str], ...]) -> dict[str, Fault]:
    return {
        name: Fault(name=name, make=make, once=once, always=always)
        for name, make, once, always in table
    }


VECTOR_FAULTS: Mapping[str, Fault] = _named(_OF_VECTORS)
"""Those that only vectors can have."""

TEXT_FAULTS: Mapping[str, Fault] = {**_named(_TABLE), **VECTOR_FAULTS}
