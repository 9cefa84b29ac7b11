"""Parquet is written in one pass where that is possible, with the bytes that two would give."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sygra_eval.data import pieces, sinks, write_parquet

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.just(2**60)
    | st.floats(allow_nan=False, allow_infinity=False, width=16)
    | st.sampled_from(["", "a", "é\ud800", "two\nlines"])
)
VALUES = LEAVES | st.lists(LEAVES, max_size=2) | st.dictionaries(st.sampled_from("xy"), LEAVES)
NUMBERS = st.integers(0, 3) | st.sampled_from([1.0, 2.0])
COLUMNS = st.sampled_from(
    [
        st.text("ab", max_size=3),
        st.none() | st.integers(0, 9),
        NUMBERS,
        st.lists(NUMBERS, max_size=2),
        st.dictionaries(st.sampled_from("xy"), st.integers(0, 1), min_size=1),
        VALUES,
    ]
)
LIKE = {"a": "text", "b": 1.0, "c": [{"x": 1}]}


@st.composite
def tables(draw) -> list[dict[str, object]]:
    """Draw rows whose columns mostly keep to a type, and some that show another one late."""
    columns = {name: draw(COLUMNS) for name in "abc"}
    rows = draw(st.lists(st.fixed_dictionaries(columns, optional={"d": VALUES}), max_size=9))
    return [{name: row[name] for name in sorted(row)} for row in rows]


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(pieces, "_PIECE", 2)
    monkeypatch.setattr(pieces, "ROW_GROUP", 5)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=tables(), is_like=st.booleans())
def test_one_pass_gives_the_bytes_of_two(small_pieces, tmp_path, monkeypatch, rows, is_like):
    path, like = tmp_path / "out.parquet", LIKE if is_like else None

    def written() -> tuple[object, bytes | None]:
        told = write_parquet(path, lambda: iter(rows), like=like)
        return told, path.read_bytes() if path.exists() else None

    at_once = written()
    with monkeypatch.context() as patch:
        patch.setattr(sinks, "_write_at_once", refuse)
        in_two = written()

    assert at_once == in_two


def refuse(*_: object) -> None:
    raise sinks._TypesChange


def test_rows_of_one_type_are_gone_through_once(tmp_path):
    opened = []

    def rows():
        for number in range(10_000):
            opened.append(number)
            yield {"id": f"r{number}", "n": number, "share": number / 7, "tags": ["a"] * 2}

    write_parquet(tmp_path / "out.parquet", rows)

    assert len(opened) == 10_001  # the first is looked at beforehand


def test_a_type_that_shows_late_is_found(tmp_path):
    rows = [{"n": None}] * 3_000 + [{"n": 1}] + [{"n": "one"}]

    told = write_parquet(tmp_path / "out.parquet", lambda: iter(rows))

    assert told.rows == 3_002
    assert told.notes == ("column `n` has no one type: kept as JSON text",)
