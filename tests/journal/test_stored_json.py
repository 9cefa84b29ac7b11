"""Values read back from a table: the same whether orjson reads them or the standard library."""

import json
import math
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.journal import canonical
from sygra_eval.journal.canonical import canonical_json, from_stored, json_writer, to_stored
from sygra_eval.journal.store import checksum
from sygra_eval.values import BadAnswer

_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**53 - 2, max_value=2**70)
    | st.integers(min_value=-(2**70), max_value=-(2**53) + 2)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters())
    | st.text("0123456789", min_size=17, max_size=22)
)
VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)


@given(VALUES)
def test_either_reader_gives_back_what_was_written(value):
    pytest.importorskip("orjson")
    stored = to_stored(value)

    told = from_stored(stored)

    text = stored.decode("utf-8", "surrogatepass") if isinstance(stored, bytes) else stored
    assert repr(told) == repr(json.loads(text))


@given(VALUES)
def test_what_is_written_is_what_the_standard_library_writes(value):
    spelled = {"ensure_ascii": False, "allow_nan": False, "separators": (",", ":")}

    stored = to_stored(value)

    text = stored.decode("utf-8", "surrogatepass") if isinstance(stored, bytes) else stored
    assert text == json.dumps(value, **spelled)
    sorted_by_key = json.dumps(value, sort_keys=True, **spelled)
    assert canonical_json(value) == sorted_by_key.encode("utf-8", "surrogatepass")
    usual = json_writer(sort_keys=True)([value, math.nan])
    assert usual == json.dumps([value, math.nan], sort_keys=True)


@pytest.mark.parametrize("is_in_c", [True, False])
def test_a_value_inside_itself_is_refused_and_a_foreign_one_too(monkeypatch, is_in_c):
    if not is_in_c:
        monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    endless: dict[str, object] = {}
    endless["again"] = [endless]
    monkeypatch.setattr(canonical, "_as_given", canonical.json_writer(allow_nan=False))

    for value in (endless, {"a": object()}, {"a": float("nan")}):
        with pytest.raises(BadAnswer, match="as JSON: "):
            to_stored(value)


@pytest.mark.parametrize("has_orjson", [True, False])
def test_integers_of_any_size_and_half_pairs_stay_what_they_are(monkeypatch, has_orjson):
    if not has_orjson:
        monkeypatch.setattr(canonical, "_accelerated", lambda: None)
    value = {"n": [2**63, 2**64, -(2**63) - 1, 10**30, 10**18], "half": "\ud800"}

    told = from_stored(to_stored(value))

    assert told == value
    assert all(isinstance(one, int) for one in told["n"])


@given(
    st.lists(st.integers() | st.floats() | st.none() | st.binary() | st.text("aé", max_size=300))
)
def test_a_checksum_is_that_of_kind_length_and_data_of_each_column(columns):
    spelled = b""
    for column in columns:
        if isinstance(column, str):
            kind, data = b"t", column.encode()
        elif isinstance(column, bytes):
            kind, data = b"b", column
        else:
            kind, data = b"n", repr(column).encode()
        spelled += kind + str(len(data)).encode() + b":" + data

    assert checksum(columns) == zlib.crc32(spelled)
