import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.engine import (
    EstimateFirst,
    ExitCode,
    LastTime,
    NothingSelected,
    RunOptions,
    Selection,
    collect_suite,
    keep_ledger,
    summarise,
)
from sygra_eval.engine.selecting import selection_from_json
from sygra_eval.values import UsageError
from tests.engine.conftest import FAST_PLUGIN, counts_add_up, fast_suite, write_suite

TEN = ["fine"] * 10


def ids(finished):
    return [end.row_id for end in finished.ends()]


async def test_a_rows_own_tags_are_words_of_k(tmp_path, run):
    tags = ["hard", ["Math", "long"], ["long", 7, None], None, 3]
    rows = [{"id": f"r{n}", "text": "fine", "tags": one} for n, one in enumerate(tags)]
    suite = write_suite(
        tmp_path,
        rows,
        candidate={"text": "{text}"},
        quality={"validators": [{"use": "says"}]},
        sandbox={"isolation": "none", "i_accept_the_risk": True},
    )

    assert ids(await run(suite, selection=Selection(keywords="hard or math"))) == ["r0", "r1"]
    assert ids(await run(suite, selection=Selection(keywords="long and not math"))) == ["r2"]


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        ({"keywords": "r3 or r7"}, ["r3", "r7"]),
        (
            {"keywords": "small and not (r1 or r2 or r3)"},
            ["r0", "r4", "r5", "r6", "r7", "r8", "r9"],
        ),
        ({"keywords": "CODE and R3"}, ["r3"]),
        ({"deselected": ("small::default::r3", "r4")}, [f"r{n}" for n in (0, 1, 2, 5, 6, 7, 8, 9)]),
        ({"marks": "code", "keywords": "r1"}, ["r1"]),
    ],
)
async def test_only_the_rows_that_are_meant_are_run(tmp_path, run, asked, taken):
    suite = fast_suite(tmp_path, TEN, suite={"name": "small", "tags": ["code"]})

    finished = await run(suite, selection=Selection(**asked))

    assert ids(finished) == taken
    assert (finished.summary.rows, finished.summary.deselected) == (len(taken), 10 - len(taken))
    assert f"{len(taken)} of {len(taken)} rows verified" in finished.summary.exit_reason
    assert f"; {10 - len(taken)} deselected" in finished.summary.exit_reason
    assert counts_add_up(finished.summary)
    assert summarise(finished.folder) == finished.summary


@pytest.mark.parametrize("asked", [{"keywords": "nowhere"}, {"marks": "slow"}])
async def test_where_no_row_is_meant_nothing_begins(tmp_path, run, asked):
    with pytest.raises(NothingSelected) as refused:
        await run(fast_suite(tmp_path, TEN), selection=Selection(**asked))

    assert refused.value.exit_code == ExitCode.NOTHING_SELECTED
    assert "selected" in str(refused.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("asked", [{"keywords": "a and"}, {"marks": "("}])
async def test_a_wrong_expression_is_refused_before_anything_begins(tmp_path, run, asked):
    with pytest.raises(UsageError, match="column"):
        await run(fast_suite(tmp_path, TEN), selection=Selection(**asked))

    assert not (tmp_path / "out").exists()


async def test_a_sample_is_the_same_each_time_and_another_by_another_seed(tmp_path, run):
    suite = fast_suite(tmp_path, ["fine"] * 40)

    first, again, other = [
        ids(await run(suite, selection=Selection(sample=10, seed=seed))) for seed in (0, 0, 1)
    ]

    assert len(first) == len(other) == 10
    assert first == again
    assert first != other


async def test_a_limit_takes_the_first_of_those_that_are_meant(tmp_path, run):
    suite = fast_suite(tmp_path, TEN)

    finished = await run(suite, selection=Selection(keywords="not r0 and not r2"), limit=3)

    assert ids(finished) == ["r1", "r3", "r4"]


async def test_a_rows_bytes_do_not_depend_on_what_else_is_selected(tmp_path, run):
    suite = fast_suite(tmp_path, TEN)
    whole = (await run(suite)).bytes_of("verified.jsonl")[0].splitlines()

    some = await run(suite, selection=Selection(keywords="r3 or r8", is_shuffled=True))

    assert some.bytes_of("verified.jsonl")[0].splitlines() == [whole[3], whole[8]]


async def test_of_two_rows_with_one_id_the_second_is_bad_though_the_first_is_not_selected(
    tmp_path, run
):
    rows = ["fine", json.dumps({"id": "twice", "question": "fine"})] * 2
    suite = fast_suite(tmp_path, rows)

    finished = await run(suite, selection=Selection(keywords="jsonl"))

    assert [end.row_id for end in finished.ends()] == ["rows.jsonl:4"]
    assert "taken by" in finished.ends()[0].reason


async def test_a_resumed_run_keeps_its_selection(tmp_path, run, resume, stop):
    suite = fast_suite(tmp_path, ["fine"] * 60)
    selection = Selection(sample=30, seed=4, is_shuffled=True)
    whole = await run(suite, selection=selection)

    def after_three(progress):
        if progress.rows_done == 3:
            stop.drain("SIGINT")

    begun = await run(suite, selection=selection, show=after_three, stop=stop)
    assert begun.summary.not_reached > 0
    finished = await resume(begun.folder)

    assert finished.bytes_of("verified.jsonl") == whole.bytes_of("verified.jsonl")
    assert (finished.summary.rows, finished.summary.deselected) == (30, 30)


async def test_the_ledger_holds_over_the_rows_that_are_meant(tmp_path, run, stop):
    def after_three(progress):
        if progress.rows_done == 3:
            stop.drain("SIGINT")

    selection = Selection(keywords="not r1", is_shuffled=True)
    begun = await run(
        fast_suite(tmp_path, ["fine"] * 50), selection=selection, show=after_three, stop=stop
    )

    lines = []
    ledger = await keep_ledger(begun.folder, lines.append, RunOptions(plugins=[str(FAST_PLUGIN)]))

    assert ledger.holds, ledger
    named = [line.row_id for line in lines]
    assert len(named) == 39  # r1 and r10 to r19 are left out
    assert named == sorted(named, key=lambda row_id: int(row_id[1:]))


async def test_each_repeat_is_a_row_of_its_own_with_its_own_visits(tmp_path, run):
    suite = fast_suite(tmp_path, ["fine"] * 3)

    finished = await run(suite, selection=Selection(repeat=3, keywords="not r1"), limit=1)

    assert ids(finished) == ["r0::r1", "r0::r2", "r0::r3"]
    rows = finished.rows("verified")
    assert {row["id"] for row in rows} == {"r0"}
    assert [row["provenance"]["row_id"] for row in rows] == ids(finished)


async def test_a_shuffle_begins_rows_in_another_order_and_writes_them_in_theirs(tmp_path, run):
    begun = []
    finished = await run(
        fast_suite(tmp_path, ["fine"] * 50),
        selection=Selection(is_shuffled=True, seed=3),
        rows_in_flight=1,
        show=lambda progress: begun.append(progress.finished[0]),
    )

    assert sorted(begun) == sorted(ids(finished))
    assert begun != ids(finished) == [f"r{n}" for n in range(50)]


@pytest.mark.parametrize("asked", [{"is_shuffled": True}, {"repeat": 2}])
async def test_a_target_wants_the_order_of_the_input(tmp_path, run, asked):
    with pytest.raises(UsageError, match="a target is met by the first"):
        await run(fast_suite(tmp_path, TEN), selection=Selection(**asked), target_verified=2)


async def test_a_target_counts_the_rows_that_are_meant(tmp_path, run):
    finished = await run(
        fast_suite(tmp_path, TEN), selection=Selection(keywords="not r0"), target_verified=2
    )

    assert finished.summary.exit_code == ExitCode.PASSED
    assert [row["id"] for row in finished.rows("verified")] == ["r1", "r2"]
    assert "2 of the 2 verified rows asked for, among the first 2" in finished.summary.exit_reason


@given(
    st.builds(
        Selection,
        keywords=st.text(),
        marks=st.text(),
        deselected=st.lists(st.text()).map(tuple),
        sample=st.none() | st.integers(min_value=1),
        seed=st.integers(),
        is_shuffled=st.booleans(),
        repeat=st.integers(min_value=1, max_value=1000),
        only=st.none() | st.lists(st.text()).map(tuple),
        first=st.lists(st.text()).map(tuple),
        since=st.none() | st.text(),
    )
)
def test_a_plan_keeps_a_selection_as_it_was(selection):
    kept = json.loads(json.dumps(selection.as_json()))

    assert selection_from_json(kept) == selection


async def collected(path, **asked):
    taken = []
    limit = asked.pop("limit", None)
    options = RunOptions(
        plugins=[str(FAST_PLUGIN)], selection=Selection(**asked), limit=limit, out=path.parent
    )
    count = await collect_suite(path, options, taken.append, lambda said: None)
    return count, taken


async def test_collecting_names_the_rows_that_a_run_would_take(tmp_path):
    suite = fast_suite(tmp_path, [*TEN, json.dumps({"id": "a b", "question": "fine"})])

    count, taken = await collected(suite, keywords="r3 or 'a b'", repeat=2)

    assert taken == [
        "small::default::r3::r1",
        "small::default::r3::r2",
        "small::default::a_x20b::r1",
        "small::default::a_x20b::r2",
    ]
    assert (count.selected, count.deselected) == (4, 9)
    assert not list(tmp_path.glob("small*"))


async def test_last_time_is_known_of_rows_and_not_of_runs(tmp_path, run):
    questions = ["fine", "says-fail", "call-timeout", "fine", "says-fail"]
    suite = fast_suite(tmp_path, questions)
    only = Selection(last_time=LastTime.ONLY)
    assert ids(await run(suite, selection=only)) == ["r0", "r1", "r2", "r3", "r4"]

    again = await run(suite, selection=only)
    mended = fast_suite(tmp_path, ["fine", "says-fail", "fine", "fine", "fine"])
    await run(mended, selection=Selection(keywords="r4"))
    last = await run(mended, selection=only)
    after = await run(mended, selection=only)

    assert ids(again) == ["r1", "r2", "r4"]
    assert again.summary.deselected == 2
    assert ids(last) == ["r1", "r2"]
    assert ids(after) == ["r1"]


async def test_rows_that_did_not_pass_last_time_may_begin_first(tmp_path, run):
    suite = fast_suite(tmp_path, ["fine", "fine", "says-fail", "fine", "says-fail"])
    await run(suite)

    begun = []
    finished = await run(
        suite,
        selection=Selection(last_time=LastTime.FIRST),
        rows_in_flight=1,
        show=lambda progress: begun.append(progress.finished[0]),
    )

    assert begun == ["r2", "r4", "r0", "r1", "r3"]
    assert ids(finished) == sorted(begun)


async def test_step_by_step_goes_on_at_the_row_that_did_not_pass(tmp_path, run):
    stepwise = {"selection": Selection(last_time=LastTime.STEPWISE), "max_failures": 1}
    one_at_a_time = {**stepwise, "rows_in_flight": 1}
    first = await run(
        fast_suite(tmp_path, ["fine", "says-fail", "fine", "says-fail"]), **one_at_a_time
    )
    second = await run(fast_suite(tmp_path, ["fine", "fine", "fine", "says-fail"]), **one_at_a_time)
    third = await run(fast_suite(tmp_path, ["fine"] * 4), **one_at_a_time)
    fourth = await run(fast_suite(tmp_path, ["fine"] * 4), **one_at_a_time)

    assert [run.summary.exit_code for run in (first, second, third)] == [1, 0, 0]
    assert ids(first) == ["r0", "r1"]
    assert ids(second) == ["r1", "r2", "r3"]
    assert ids(third) == ["r3"]
    assert ids(fourth) == ["r0", "r1", "r2", "r3"]


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"failed": 7}', '{"failed": [1, null]}'])
async def test_a_damaged_memory_of_last_time_runs_all(tmp_path, run, kept):
    suite = fast_suite(tmp_path, ["fine", "says-fail"])
    await run(suite)
    (tmp_path / "out/small/.lastfailed.json").write_text(kept)

    said = []
    finished = await run(suite, selection=Selection(last_time=LastTime.ONLY), tell=said.append)

    assert ids(finished) == ["r0", "r1"]
    assert any("so all are run" in sentence for sentence in said)


@pytest.mark.parametrize("most", [1, 3])
async def test_so_many_failures_end_the_run_and_few_rows_beyond_are_begun(tmp_path, run, most):
    questions = ["fine", "says-fail"] * 200

    finished = await run(fast_suite(tmp_path, questions), max_failures=most)

    summary = finished.summary
    begun = len(finished.ends())
    assert summary.exit_code == ExitCode.GATE_FAILED
    assert "rejected or failed (--maxfail)" in summary.exit_reason
    assert begun <= 2 * most + 2 * 8  # the model takes 8 at once
    assert summary.not_reached == 400 - begun
    assert counts_add_up(summary)
    assert summarise(finished.folder) == summary


async def test_no_more_rows_are_in_flight_than_asked_for(tmp_path, run):
    most = 0

    def look(progress):
        nonlocal most
        most = max(most, progress.calls_in_flight)

    await run(fast_suite(tmp_path, ["fine"] * 30), rows_in_flight=1, show=look)

    assert most <= 1


async def test_the_slowest_rows_are_named(tmp_path, run):
    said = []

    await run(fast_suite(tmp_path, TEN), slowest=3, tell=said.append)

    named = [sentence for sentence in said if " s  row r" in sentence]
    assert len(named) == 3
    seconds = [float(sentence.split()[0]) for sentence in named]
    assert seconds == sorted(seconds, reverse=True)


async def test_under_strict_a_warning_shows_in_the_exit_code(tmp_path, run, resume):
    suite = fast_suite(tmp_path, ["{", *["fine"] * 30])  # its first row is none: a warning

    plain, strict = await run(suite), await run(suite, is_strict=True)
    again = await resume(strict.folder)

    assert plain.summary.exit_code == ExitCode.PASSED
    assert strict.summary.warnings
    assert strict.summary.exit_code == again.summary.exit_code == ExitCode.WARNINGS
    assert "under --strict: 1 warning" in strict.summary.exit_reason


async def test_under_strict_a_run_without_warnings_passes(tmp_path, run):
    strict = await run(fast_suite(tmp_path, ["fine"]), is_strict=True)

    assert strict.summary.exit_code == ExitCode.PASSED


async def test_the_ledger_holds_where_rows_are_changed_before_they_are_chosen(tmp_path, run):
    source = {"type": "disk", "file_path": "rows.jsonl", "id": "id", "where": "id != 'r0'"}
    suite = fast_suite(tmp_path, TEN, data_config={"source": source})

    finished = await run(suite, selection=Selection(keywords="not r1", repeat=2), limit=4)
    ledger = await keep_ledger(
        finished.folder, lambda line: None, RunOptions(plugins=[str(FAST_PLUGIN)])
    )

    assert finished.summary.rows == 8
    assert ledger.holds, ledger


async def test_workers_write_the_same_bytes_of_the_rows_that_are_chosen(tmp_path, run):
    suite = fast_suite(tmp_path, ["fine", "says-fail"] * 20)
    selection = Selection(keywords="not r1", repeat=2, is_shuffled=True)

    alone = await run(suite, selection=selection)
    together = await run(suite, selection=selection, processes=2, rows_in_flight=2)

    names = ("verified.jsonl", "rejected.jsonl")
    assert together.bytes_of(*names) == alone.bytes_of(*names)
    assert together.summary.deselected == alone.summary.deselected


async def test_so_many_failures_end_a_run_of_workers_too(tmp_path, run):
    suite = fast_suite(tmp_path, ["fine", "says-fail"] * 200)

    finished = await run(suite, max_failures=2, processes=2)

    assert finished.summary.exit_code == ExitCode.GATE_FAILED
    assert len(finished.ends()) <= 2 * 2 + 2 * 8
    assert counts_add_up(finished.summary)


async def test_the_rows_of_an_estimate_are_among_those_that_are_chosen(tmp_path, run):
    async def goes_on():
        return True

    suite = fast_suite(tmp_path, ["fine"] * 80)
    selection = Selection(keywords="not r1 and not r2", is_shuffled=True)

    finished = await run(
        suite,
        selection=selection,
        first=EstimateFirst(rows=20, goes_on=goes_on, show=lambda estimate: None),
    )

    assert finished.summary.rows == len(finished.ends()) == 58
    assert counts_add_up(finished.summary)


@pytest.mark.parametrize(
    ("questions", "code"),
    [
        (["says-fail", "fine", *["says-fail"] * 30], ExitCode.PASSED),
        (["says-fail", *["says-fail"] * 30], ExitCode.GATE_FAILED),
    ],
)
async def test_a_target_that_is_met_is_met_whatever_failed(tmp_path, run, questions, code):
    finished = await run(
        fast_suite(tmp_path, questions), max_failures=1, target_verified=1, rows_in_flight=2
    )

    assert finished.summary.exit_code == code
    assert counts_add_up(finished.summary) or finished.summary.surplus


async def test_a_run_that_failures_ended_is_over_and_a_resume_calls_nothing(tmp_path, run, resume):
    suite = fast_suite(tmp_path, ["fine", "says-fail", *["fine"] * 30])
    ended = await run(suite, max_failures=1, rows_in_flight=1)

    again = await resume(ended.folder)

    assert again.summary == ended.summary
    assert ended.outcomes() == {"r0": "verified", "r1": "rejected"}
