"""Rows run side by side, so many at once and no more, and land in the order of the source."""

import asyncio

from sygra_eval.engine import ExitCode, RunOptions, run_suite
from sygra_eval.journal import open_readonly
from sygra_eval.testing import completion
from tests.engine.conftest import (
    CODE_VALIDATORS,
    FAST_PLUGIN,
    Run,
    answer,
    code_row,
    fast_suite,
)


async def test_no_more_calls_are_in_flight_than_the_suite_allows(code_suite, run, endpoint):
    endpoint.latency_s = 0.3  # long beside what a loaded machine takes to judge a row
    quality = {"probes": "off", "validators": CODE_VALIDATORS}  # which would delay first calls
    suite = code_suite(*(code_row(f"r{n}", "draft=right") for n in range(6)), quality=quality)

    finished = await run(suite)

    assert endpoint.most_in_flight == 3
    assert set(finished.outcomes().values()) == {"verified"}


async def test_rows_land_in_input_order_however_they_complete(code_suite, run, endpoint):
    def slower_the_earlier(body):
        number = int(body["messages"][-1]["content"].partition("n=")[2].split()[0])
        return completion(answer(body), delay_s=0.8 - number * 0.2)

    endpoint.answers_with(slower_the_earlier)
    ended = []
    suite = code_suite(*(code_row(f"r{n}", f"draft=right n={n} .") for n in range(4)))

    finished = await run(suite, show=lambda progress: ended.append(progress.finished[0]))

    assert [row["id"] for row in finished.rows("verified")] == ["r0", "r1", "r2", "r3"]
    assert ended != ["r0", "r1", "r2", "r3"]


async def test_two_runs_in_one_process_do_not_disturb_each_other(tmp_path):
    def suite_of(name: str, word: str):
        plugin = tmp_path / name / "watch.py"
        suite = fast_suite(tmp_path / name, [f"{name} {n}" for n in range(30)] + [word])
        plugin.write_text(
            "from sygra_eval import hookimpl\n"
            "seen = []\n"
            "@hookimpl\n"
            "def sygra_record_finished(record):\n"
            f"    with open({str(tmp_path / name / 'seen')!r}, 'a') as file:\n"
            "        print(record.row_id, file=file)\n"
            "@hookimpl\n"
            "def sygra_wrap_node(node, ctx):\n"
            "    async def marked(state, proceed):\n"
            "        additions = dict(await proceed(state))\n"
            "        if 'answer' in additions:\n"
            f"            additions['answer'] += ' by {name}'\n"
            "        return additions\n"
            "    return marked\n"
        )
        options = RunOptions(out=tmp_path / name / "out", plugins=[str(FAST_PLUGIN), str(plugin)])
        return suite, options

    one, other = suite_of("one", "says-fail"), suite_of("other", "call-timeout")

    summaries = await asyncio.gather(run_suite(*one), run_suite(*other))

    for name, word, summary in zip(
        ("one", "other"), ("rejected", "failed"), summaries, strict=True
    ):
        finished = Run(summary, summary.folder)
        assert [row["answer"] for row in finished.rows("verified")] == [
            f"{name} {n} by {name}" for n in range(30)
        ]
        assert finished.outcomes()["r30"] == word
        assert summary.rows == len((tmp_path / name / "seen").read_text().split()) == 31


async def test_two_runs_of_one_suite_at_once_get_folders_of_their_own(tmp_path):
    suite = fast_suite(tmp_path, ["one", "two", "says-fail"])
    options = RunOptions(out=tmp_path / "out", plugins=[str(FAST_PLUGIN)])

    first, second = await asyncio.gather(run_suite(suite, options), run_suite(suite, options))

    assert first.folder != second.folder
    assert Run(first, first.folder).bytes_of("verified.jsonl", "rejected.jsonl") == Run(
        second, second.folder
    ).bytes_of("verified.jsonl", "rejected.jsonl")


async def test_progress_counts_to_the_end_and_names_each_row_once(tmp_path, run):
    seen = []

    await run(fast_suite(tmp_path, ["fine", "says-fail", "call-timeout"] * 3), show=seen.append)

    assert [progress.rows_done for progress in seen] == list(range(1, 10))
    assert {progress.rows_total for progress in seen} == {9}
    last = seen[-1]
    assert (last.verified, last.rejected, last.failed) == (3, 3, 3)
    assert {progress.finished[0] for progress in seen} == {f"r{n}" for n in range(9)}


async def test_a_limit_takes_the_first_rows_only(tmp_path, run):
    finished = await run(fast_suite(tmp_path, ["fine"] * 9), limit=4)

    assert finished.summary.rows == 4
    assert list(finished.outcomes()) == ["r0", "r1", "r2", "r3"]


async def test_a_viewer_that_holds_the_journal_open_does_not_disturb_the_end(tmp_path, run):
    readers = []

    def looks(progress):
        if not readers:
            readers.append(open_readonly(tmp_path / "out/small/seen/journal.db"))

    finished = await run(fast_suite(tmp_path, ["fine"] * 9), show=looks, name="seen")

    with readers[0] as reader:
        assert len(list(reader.outcomes())) == 9
    assert (finished.summary.state, finished.summary.exit_code) == ("finished", ExitCode.PASSED)


async def test_a_finished_run_is_read_without_leaving_files_beside_it(tmp_path, run):
    finished = await run(fast_suite(tmp_path, ["fine"]))
    before = sorted(finished.folder.iterdir())

    with open_readonly(finished.folder / "journal.db") as reader:
        assert sorted(finished.folder.iterdir()) == before
        assert len(list(reader.outcomes())) == 1

    assert sorted(finished.folder.iterdir()) == before
    assert "journal.db-wal" not in {path.name for path in before}
