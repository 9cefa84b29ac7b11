"""Rows that a program gives: read once, kept, bounded, and told what is wrong with them."""

import asyncio
import datetime
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import count
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import sygra_eval
from sygra_eval.data import KEPT_FILE, GivenRows
from sygra_eval.engine import ExitCode
from sygra_eval.values import UsageError


def test_bad_items_end_as_bad_rows_with_their_position(suite, asked):
    endless: list[Any] = []
    endless.append(endless)
    rows = [
        {"id": "a", "question": "q"},
        7,
        {"id": "b", "question": "\ud800"},
        {"id": "c", "question": {1, 2}},
        {"id": "d", "question": float("nan")},
        {"id": "a", "question": "again"},
        {"question": "no id"},
        {1: "q"},
        {"id": "e", "question": endless},
        Raising(),
        {"id": "f", "question": "q"},
    ]

    result = sygra_eval.run(suite, rows=rows, id="id", **asked)

    assert [row["id"] for row in result.verified] == ["a", "f"]
    assert {row["id"]: row["reason"] for row in result.failed} == {
        "rows:2": "bad_input: it is a value of type int, not a mapping",
        "rows:3": "bad_input: it holds a lone surrogate, which is no text",
        "rows:4": "bad_input: in its column `question` is a value of type set, which JSON has not",
        "rows:5": "bad_input: in its column `question` is NaN or an infinite number, which JSON "
        "does not have",
        "rows:6": "bad_input: the id `a` is taken by rows:1",
        "rows:7": "bad_input: it has no column `id`, which holds the id; it has `question`",
        "rows:8": "bad_input: the name of a column is a value of type int, not text",
        "rows:9": "bad_input: it is nested too deeply",
        "rows:10": "bad_input: it cannot be read: RuntimeError: as the test says",
    }


class Raising(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("as the test says")

    def __iter__(self) -> Iterator[str]:
        return iter(["id"])

    def __len__(self) -> int:
        return 1


def test_values_are_those_that_a_file_would_give(suite, asked):
    row = {
        "question": np.str_("q"),
        "n": np.int64(3),
        "x": np.float32(0.5),
        "v": np.array([[1, 2]]),
        "on": datetime.date(2026, 11, 26),
        "at": pd.Timestamp("2026-11-26T01:02:03"),
        "pair": (1, None),
    }

    (kept,) = sygra_eval.run(suite, rows=[row], **asked).verified

    assert list(kept.items())[:7] == [
        ("question", "q"),
        ("n", 3),
        ("x", 0.5),
        ("v", [[1, 2]]),
        ("on", "2026-11-26"),
        ("at", "2026-11-26T01:02:03"),
        ("pair", [1, None]),
    ]


def frame(rows: list[dict[str, Any]]) -> Any:
    return pd.DataFrame(rows, index=[f"i{n}" for n in range(len(rows))])


@pytest.mark.parametrize(
    "form",
    [
        iter,
        lambda rows: (row for row in rows),
        frame,
        pa.Table.from_pylist,
        datasets.Dataset.from_list,
        lambda rows: datasets.Dataset.from_list(rows).to_iterable_dataset(),
    ],
    ids=["iterator", "generator", "DataFrame", "Table", "Dataset", "IterableDataset"],
)
def test_the_same_rows_come_of_every_form(suite, asked, form):
    rows = [
        {"id": "a", "question": "q0", "n": 1, "none": None, "list": [1, 2]},
        {"id": "b", "question": "q1", "n": 2, "none": "x", "list": []},
    ]
    wanted = list(sygra_eval.run(suite, rows=rows, id="id", **asked).verified)

    assert list(sygra_eval.run(suite, rows=form(rows), id="id", **asked).verified) == wanted


def test_an_iterator_stays_on_the_thread_it_was_made_on(suite, asked, questions):
    database = sqlite3.connect(":memory:")
    database.row_factory = lambda cursor, row: {"question": row[0]}
    database.execute("create table t (question)")
    database.executemany("insert into t values (:question)", questions(30))

    result = sygra_eval.run(suite, rows=database.execute("select * from t"), **asked)

    assert result.rows_done == 30
    database.close()


async def test_an_asynchronous_iterable_stays_on_its_loop(suite, asked, questions):
    loop = asyncio.get_running_loop()

    async def rows() -> AsyncIterator[dict[str, str]]:
        for row in questions(4):
            await asyncio.sleep(0)
            assert asyncio.get_running_loop() is loop
            yield row

    assert (await sygra_eval.arun(suite, rows=rows(), **asked)).rows_done == 4
    given = rows()
    with pytest.raises(UsageError, match="use `arun` or `astream`"):
        sygra_eval.run(suite, rows=given, **asked)


def test_of_several_splits_one_has_to_be_given(suite, asked):
    splits = datasets.DatasetDict({"train": datasets.Dataset.from_list([{"question": "q"}])})

    with pytest.raises(UsageError, match=r"several splits \(`train`\)"):
        sygra_eval.run(suite, rows=splits, **asked)


def test_a_generator_that_raises_keeps_its_good_rows_and_goes_on_when_mended(
    suite, asked, questions
):
    rows = questions(40)

    def breaks() -> Iterator[dict[str, str]]:
        yield from rows[:25]
        raise OSError("the disk is gone")

    first = sygra_eval.run(suite, rows=breaks(), id="id", **asked)

    said = "the source broke: GivingBroke: row 26 of those given: OSError: the disk is gone"
    assert first.exit_code == ExitCode.INCOMPLETE
    assert said in first.exit_reason or said in first.notes
    assert first.rows_done == 25

    again = sygra_eval.resume(first, plugins=asked["plugins"])
    assert again.exit_code == ExitCode.INCOMPLETE
    assert any("give them again" in note for note in again.notes)

    with pytest.raises(UsageError, match="row 1 of those given is another"):
        sygra_eval.resume(first, rows=rows[::-1], plugins=asked["plugins"])
    with pytest.raises(UsageError, match="row 25 of those given is another"):
        sygra_eval.resume(first, rows=rows[:24], plugins=asked["plugins"])

    whole = sygra_eval.resume(first, rows=iter(rows), plugins=asked["plugins"])

    assert whole.exit_code == ExitCode.PASSED
    assert whole.rows_done == 40


def test_an_endless_iterator_ends_with_the_target(suite, asked):
    rows = ({"question": f"q{n}"} for n in count())

    result = sygra_eval.run(suite, rows=rows, target_verified=20, **asked)

    assert result.counts["verified"] == 20
    assert result.exit_code == ExitCode.PASSED


def test_no_more_rows_are_taken_than_the_limit(suite, asked):
    taken = iter(range(1_000))

    result = sygra_eval.run(suite, rows=({"question": f"q{n}"} for n in taken), limit=10, **asked)

    assert result.rows_done == 10
    assert next(taken) == 10


def test_a_line_that_a_kill_has_cut_is_no_row(suite, asked, questions):
    stream = sygra_eval.stream(suite, rows=questions(300), id="id", **asked)
    with stream:
        next(stream)
    folder = stream.result.folder
    whole = (folder / KEPT_FILE).read_bytes()
    lines = whole.splitlines(keepends=True)
    (folder / KEPT_FILE).write_bytes(b"".join(lines[:200]) + lines[200][:9])

    incomplete = sygra_eval.resume(folder, plugins=asked["plugins"])
    assert (incomplete.exit_code, incomplete.rows_done) == (ExitCode.INCOMPLETE, 200)
    result = sygra_eval.resume(folder, rows=questions(300), plugins=asked["plugins"])

    assert result.rows_done == 300
    assert (folder / KEPT_FILE).read_bytes() == whole


def test_a_frame_whose_columns_share_a_name_is_refused(suite, asked):
    two = pd.DataFrame([["q", "r"]], columns=["question", "question"])

    with pytest.raises(UsageError, match="more than one column `question`"):
        sygra_eval.run(suite, rows=two, **asked)


def test_rows_are_given_to_no_run_that_reads_its_own(suite, asked, questions):
    result = sygra_eval.run(suite, rows=questions(1), **asked)
    (result.folder / KEPT_FILE).unlink()

    with pytest.raises(UsageError, match="reads its own source"):
        sygra_eval.resume(result, rows=questions(1), plugins=asked["plugins"])


def test_rows_that_are_all_kept_may_be_given_again_if_they_are_the_same(suite, asked, questions):
    result = sygra_eval.run(suite, rows=questions(4), **asked)
    kept = (result.folder / KEPT_FILE).read_bytes()
    (result.folder / "manifest.json").unlink()
    plugins = asked["plugins"]

    with pytest.raises(UsageError, match="row 5 of those given is another"):
        sygra_eval.resume(result, rows=questions(5), plugins=plugins)
    again = sygra_eval.resume(result, rows=iter(questions(4)), plugins=plugins)

    assert again.counts == result.counts
    assert (result.folder / KEPT_FILE).read_bytes() == kept


def test_what_another_process_kept_meanwhile_is_not_cut_off(tmp_path):
    (tmp_path / KEPT_FILE).write_bytes(b'{"question": "of ours"}\n{"qu')
    given = GivenRows.kept_in(tmp_path)
    given.go_on()
    (tmp_path / KEPT_FILE).write_bytes(theirs := b'{"question": "of ours"}\n{"question": "new"}\n')

    with pytest.raises(UsageError, match="another process went on with this run"):
        given.reopen()

    assert (tmp_path / KEPT_FILE).read_bytes() == theirs


def test_a_run_that_kept_no_row_yet_takes_them_from_the_start(suite, asked, questions):
    stream = sygra_eval.stream(suite, rows=questions(300), **asked)
    with stream:
        next(stream)
    folder = stream.result.folder
    (folder / KEPT_FILE).write_bytes(b'{"qu')

    result = sygra_eval.resume(folder, rows=iter(questions(300)), plugins=asked["plugins"])

    assert result.rows_done == 300
