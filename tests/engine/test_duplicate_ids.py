"""Two rows never share an id, so neither calls nor ends; the order says which one is bad."""

import json

import pytest

from sygra_eval.engine import RunOptions, resume_run
from sygra_eval.values import Budget
from tests.engine.conftest import FAST_PLUGIN, fast_suite

SOURCE = """
from sygra_eval import hookimpl
from sygra_eval.values import Row

class Twice:
    def __init__(self, spec):
        pass

    def fingerprint(self):
        return "1"

    async def rows(self):
        for index in range(4):
            columns = {"id": "same", "question": f"q{index}"}
            yield Row(id="same", index=index, columns=columns, origin=f"twice:{index}")

@hookimpl
def sygra_register_sources(register):
    register("twice", Twice)
"""


def rows_of(*ids: str) -> list[str]:
    """Return lines; fast_suite takes those that begin with a brace as they stand."""
    return [json.dumps({"id": row_id, "question": f"q{n}"}) for n, row_id in enumerate(ids)]


def told(finished) -> list[tuple[str, str]]:
    return [(end.row_id, end.reason.removeprefix("bad_input: ")) for end in finished.ends()]


A_BAD = ("rows.jsonl:3", "the id `a` is taken by rows.jsonl:1")


async def test_rows_in_flight_at_once_are_told_apart_by_their_order(tmp_path, run):
    finished = await run(fast_suite(tmp_path, rows_of("a", "b", "a", "a")))

    (first, _), (second, _), third, fourth = told(finished)
    assert (first, second, third) == ("a", "b", A_BAD)
    assert fourth == ("rows.jsonl:4", "the id `a` is taken by rows.jsonl:1")
    assert [row["question"] for row in finished.rows("verified")] == ["q0", "q1"]


@pytest.mark.parametrize("calls", [1, 2])
async def test_a_resume_comes_to_the_same_bad_rows(tmp_path, run, resume, calls):
    suite = fast_suite(tmp_path, rows_of("a", "b", "a", "c", "b"))
    whole = await run(suite)
    cut = await run(suite, budget=Budget(calls=calls))

    again = await resume(cut.folder, budget=Budget(calls=100))

    assert told(again) == told(whole)
    names = ("verified.jsonl", "verified.parquet", "failed.jsonl")
    assert again.bytes_of(*names) == whole.bytes_of(*names)


async def test_a_limit_and_a_target_see_the_rows_before_them(tmp_path, run):
    suite = fast_suite(tmp_path, rows_of("a", "b", "a", "c", "d"))

    limited = await run(suite, limit=3)
    aimed = await run(suite, target_verified=3, max_candidates=5)

    assert told(limited)[-1] == A_BAD
    assert told(aimed)[2] == A_BAD
    assert [row["id"] for row in aimed.rows("verified")] == ["a", "b", "c"]


async def test_the_row_that_failed_and_is_tried_again_keeps_its_id(tmp_path, run):
    rows = [json.dumps({"id": "a", "question": "says-error"}), *rows_of("a")]
    finished = await run(fast_suite(tmp_path, rows))

    again = await resume_run(finished.folder, RunOptions(plugins=(str(FAST_PLUGIN),)))

    assert told(finished)[1] == ("rows.jsonl:2", "the id `a` is taken by rows.jsonl:1")
    assert again.counts["failed"] == 2


async def test_a_plugins_source_that_repeats_an_id_gives_one_row(tmp_path, run):
    plugin = tmp_path / "source.py"
    plugin.write_text(SOURCE)
    suite = fast_suite(tmp_path, ["x"], data_config={"source": {"type": "twice"}})

    finished = await run(suite, plugins=[str(FAST_PLUGIN), str(plugin)])

    assert [row["question"] for row in finished.rows("verified")] == ["q0"]
    assert told(finished)[1:] == [
        (f"twice:{n}", "the id `same` is taken by twice:0") for n in (1, 2, 3)
    ]
