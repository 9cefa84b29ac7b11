import asyncio
import gc
import os
import sys
from contextlib import aclosing
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.data.spool import KEPT, Spool
from sygra_eval.values import BadRow, Row, SourceSpec, UsageError


def row(index: int, **columns: object) -> Row:
    return Row(id=f"r{index}", index=index, columns=columns, origin=f"stdin:{index + 1}")


def bad(index: int, reason: str = "bad_input: broken JSON") -> BadRow:
    return BadRow(id=f"stdin:{index + 1}", index=index, origin=f"stdin:{index + 1}", reason=reason)


class Once:
    """An input that can be read once, and counts how often somebody begins to."""

    def __init__(self, *places, breaks=None):
        self.places, self.breaks, self.begun, self.given = places, breaks, 0, 0

    def __call__(self, given_up):
        self.begun += 1
        assert self.begun == 1, "it was read twice"
        for place in self.places:
            self.given += 1
            yield place
        if self.breaks is not None:
            raise self.breaks


@pytest.fixture
def spec(tmp_path):
    return SourceSpec(type="once", config={"id": "id"}, folder=tmp_path)


async def read(spool):
    return [place async for place in spool.rows()]


THREE = (row(0, q="ä", n=1.0), bad(1), row(2, q="", n=[{"x": None}, 1 << 70]))


async def test_every_reader_sees_all_places_though_the_input_is_read_once(spec):
    once = Once(*THREE)

    first, second = (Spool.of(spec, once) for _ in range(2))

    assert await read(first) == await read(second) == list(THREE)


async def test_the_first_look_reads_no_more_than_it_needs_and_takes_nothing_away(spec):
    once = Once(*(row(n) for n in range(10_000)))
    spool = Spool.of(spec, once)

    async with aclosing(spool.rows()) as rows:
        assert await anext(rows) == row(0)

    assert once.given < 1_000
    assert [place.index for place in await read(spool)] == list(range(10_000))


async def test_two_readers_at_once_see_the_same(spec):
    spool = Spool.of(spec, Once(*(row(n, text="x" * n) for n in range(3_000))))

    one, other = await asyncio.gather(read(spool), read(spool))

    assert one == other
    assert len(one) == 3_000


async def test_what_is_kept_in_a_folder_is_read_without_the_input(spec, tmp_path):
    begun = Spool.of(spec, Once(*THREE))
    await begun.keep_in(tmp_path)

    again = Spool.of(
        SourceSpec(type="once", config={"id": "id"}, folder=tmp_path, kept_in=tmp_path),
        Once(breaks=AssertionError("nobody should read it")),
    )

    assert await read(again) == await read(begun) == list(THREE)
    assert again.fingerprint() == begun.fingerprint()
    assert [file.name for file in tmp_path.iterdir()] == [next(tmp_path.glob(KEPT)).name]


async def test_a_source_with_other_keys_does_not_take_it_for_its_own(spec, tmp_path):
    await Spool.of(spec, Once(*THREE)).keep_in(tmp_path)

    other = SourceSpec(type="once", config={"id": "n"}, folder=tmp_path, kept_in=tmp_path)

    assert await read(Spool.of(other, Once(row(0)))) == [row(0)]


async def test_another_run_of_this_process_keeps_the_same_rows(spec, tmp_path):
    spool = Spool.of(spec, Once(*THREE))
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        await spool.keep_in(tmp_path / name)

    one, other = (next((tmp_path / name).glob(KEPT)).read_bytes() for name in ("a", "b"))

    assert one == other


def test_the_fingerprint_is_that_of_the_rows_in_their_order(spec):
    def of(*places):
        fresh = SourceSpec(type="once", config=None, folder=Path())
        return Spool.of(fresh, Once(*places)).fingerprint()

    same = of(row(0, a=1), row(1))

    assert of(row(0, a=1), row(1)) == same
    assert of(row(0, a=2), row(1)) != same
    assert of(row(0, a=1), bad(1)) != same
    assert of(row(0, a=1)) != same


async def test_an_input_that_breaks_is_never_kept_or_served_as_if_it_were_whole(spec, tmp_path):
    spool = Spool.of(spec, Once(*THREE, breaks=ConnectionError("cut")))

    with pytest.raises(ConnectionError):
        await spool.keep_in(tmp_path)
    with pytest.raises(ConnectionError):
        await read(spool)
    with pytest.raises(ConnectionError):
        spool.fingerprint()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "columns", [{"a": 1, "b": {1, 2}}, {"b": float("nan")}, {"b": b"bytes"}, {"b": Event()}]
)
async def test_what_json_cannot_hold_is_a_bad_row_that_names_its_column(spec, columns):
    (place,) = await read(Spool.of(spec, Once(row(0, **columns))))

    assert isinstance(place, BadRow)
    assert place.id == "r0"
    assert place.reason.startswith("bad_input: the column `b` cannot be kept as JSON: ")
    assert "0x" not in place.reason


@pytest.mark.parametrize("harm", ["cut", "flip", "empty", "other"])
async def test_damage_to_what_was_kept_is_an_error_that_names_the_file(spec, tmp_path, harm):
    await Spool.of(spec, Once(*(row(n, text=os.urandom(64).hex()) for n in range(2_000)))).keep_in(
        tmp_path
    )
    kept = next(tmp_path.glob(KEPT))
    data = bytearray(kept.read_bytes())
    middle = len(data) // 2
    match harm:
        case "cut":
            del data[middle:]
        case "flip":
            data[middle] ^= 1
        case "empty":
            data.clear()
        case "other":
            data = bytearray(b"no zstd at all")
    kept.write_bytes(data)
    again = Spool.of(
        SourceSpec(type="once", config={"id": "id"}, folder=tmp_path, kept_in=tmp_path), Once()
    )

    with pytest.raises(UsageError, match=f"{kept.name}: the input that this run kept is damaged"):
        again.fingerprint()


async def test_who_stops_waiting_is_not_kept_by_a_reader_that_waits(spec):
    waits = Event()

    def slow(given_up):
        yield row(0)
        waits.set()
        given_up.wait(timeout=60)

    spool = Spool.of(spec, slow)
    reading = asyncio.create_task(read(spool))
    await asyncio.to_thread(waits.wait)

    reading.cancel()
    await asyncio.wait([reading], timeout=30)

    assert reading.cancelled()


async def test_rows_that_are_there_are_not_held_up_by_those_that_are_to_come(spec):
    is_seen = Event()

    def slow(given_up):
        yield row(0)
        yield row(1)
        yield None
        assert is_seen.wait(timeout=60)
        yield row(2)

    spool, seen = Spool.of(spec, slow), []

    async for place in spool.rows():
        seen.append(place.index)
        if place.index == 1:
            is_seen.set()

    assert seen == [0, 1, 2]


async def test_the_rows_are_written_to_a_file_that_has_no_name(spec, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    spool = Spool.of(spec, Once(*THREE))

    assert await read(spool) == list(THREE)

    assert list(tmp_path.iterdir()) == []


async def test_without_room_for_the_rows_it_says_where_and_what_to_do(spec, tmp_path):
    with pytest.raises(UsageError, match=r"cannot be kept in .*gone"):
        await Spool.of(spec, Once(*THREE)).keep_in(tmp_path / "gone")
    code = """if True:
        import os, resource, signal, sys
        from pathlib import Path
        from sygra_eval.data import Spool
        from sygra_eval.values import Row, SourceSpec
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
        rows = (Row(id=str(n), index=n, columns={"x": "x" * 999}, origin="o") for n in range(999))
        Spool.of(SourceSpec(type="t", config=None, folder=Path()), lambda _: rows).fingerprint()
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stderr=asyncio.subprocess.PIPE
    )
    _, said = await child.communicate()

    assert b"the input finds no place in" in said
    assert b"by TMPDIR" in said


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=10, deadline=None)
@given(st.lists(st.dictionaries(st.text(), VALUES, max_size=4), max_size=5))
def test_rows_come_out_as_they_went_in(tmp_path_factory, many):
    folder = tmp_path_factory.mktemp("kept")
    places = [
        Row(id=f"r{index}", index=index, columns=columns, origin=f"stdin:{index}")
        for index, columns in enumerate(many)
    ]
    spec = SourceSpec(type="once", config=None, folder=folder)
    spool = Spool.of(spec, Once(*places))

    before = asyncio.run(read(spool))
    asyncio.run(spool.keep_in(folder))
    after = asyncio.run(read(spool))

    assert repr(before) == repr(after) == repr(places)  # 1 is not 1.0, nor is a key's order nothing
    del spool
    gc.collect()
