"""Rows that are asked for by their ids: exactly these are run, and what is not there is named."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sygra_eval.engine import NothingSelected, Selection, ids_asked_of, ids_in, written_ids
from sygra_eval.values import UsageError
from tests.engine.conftest import write_suite
from tests.engine.test_comparing import SAYS, rows_of

ODD = ["q/1 a", 'say "so"', '"quoted"', " led", "two\nlines", "ends\r", "ü\u2028x", "a,b", "r::r2"]


@settings(max_examples=200)
@given(st.lists(st.text(st.characters(codec=None), min_size=1), min_size=1))
@example(ODD)
@example(["\ud800"])
def test_any_ids_are_read_as_they_were_written(ids):
    data = written_ids(ids).encode()

    assert ids_in(data, "ids") == tuple(dict.fromkeys(ids))
    assert data.count(b"\n") == len(ids)


def test_a_text_of_any_editor_is_read_and_a_broken_line_is_named():
    assert ids_in(b'\xef\xbb\xbfa b\r\n\r\n"c\\nd"\r\na b', "ids") == ("a b", "c\nd")
    with pytest.raises(UsageError, match="ids:2: this line is no id"):
        ids_in(b'a\n"b\n', "ids")
    with pytest.raises(UsageError, match="ids:1: this line is no id"):
        ids_in(b"\xff\n", "ids")
    with pytest.raises(UsageError, match="names no row"):
        ids_in(b"\n\r\n", "ids")


@pytest.fixture
def asked(tmp_path, run):
    """Run a suite whose rows have these ids, on some of them; what was told comes with it."""

    async def of(ids, only, **selection):
        rows = [{**one, "id": row} for one, row in zip(rows_of(*["fine"] * 99), ids, strict=False)]
        suite = write_suite(tmp_path / "suite", rows, **SAYS)
        told = []
        asked = Selection(only=tuple(only), **selection)
        return await run(suite, selection=asked, tell=told.append), told

    return of


def ids_of(ended):
    lines = (ended.folder / "verified.jsonl").read_text().split("\n")[:-1]
    return [json.loads(line)["provenance"]["row_id"] for line in lines]


async def test_exactly_the_rows_that_were_asked_for_are_run_in_the_order_of_the_source(asked):
    ended, told = await asked(["x", *ODD, "y"], reversed(ODD))

    assert ids_of(ended) == ODD
    assert told == []
    assert ids_asked_of(ended.folder) == tuple(reversed(ODD))
    assert ended.summary.warnings == ()


async def test_ids_that_no_row_has_are_named_before_the_run_and_in_its_report(asked):
    ended, told = await asked(["a", "b"], ["b", "gone/1", "two\nlines"])

    said = "2 of 3 ids that were asked for are no row's: 'gone/1', 'two\\nlines'"
    assert ids_of(ended) == ["b"]
    assert told == [said]
    assert said in json.loads((ended.folder / "report.json").read_text())["warnings"]


async def test_where_none_of_them_is_there_nothing_runs(asked):
    with pytest.raises(NothingSelected, match="1 of 1 ids that were asked for are no row's: 'z'"):
        await asked(["a"], ["z"])


async def test_a_repeat_is_asked_for_by_its_own_id_and_all_of_them_by_the_rows(asked):
    ended, told = await asked(["a", "b", "c"], ["a::r2", "b", "c::r9"], repeat=3)

    assert ids_of(ended) == ["a::r2", "b::r1", "b::r2", "b::r3"]
    assert told == ["1 of 3 ids that were asked for are no row's: 'c::r9'"]


async def test_a_sample_of_them_and_a_limit_call_no_id_missing(asked):
    drawn, told = await asked(["a", "b", "c", "d"], ["a", "b", "c"], sample=2)

    assert len(ids_of(drawn)) == 2
    assert told == []
