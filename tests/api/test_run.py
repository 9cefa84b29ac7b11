"""`run`, `arun`, `resume`: what they return, raise and leave in the folder."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest
import yaml

import sygra_eval
from sygra_eval.engine import ExitCode, resume_run, run_in_loop
from sygra_eval.values import UsageError


def test_a_run_returns_what_it_came_to(suite, asked, questions):
    result = sygra_eval.run(suite, rows=questions(6), id="id", **asked)

    assert result.exit_code == ExitCode.PASSED
    assert result.counts == {"verified": 4, "rejected": 2, "failed": 0, "unjudged": 0}
    assert [row["id"] for row in result.verified] == ["r0", "r1", "r3", "r4"]
    assert [row["reason"] for row in result.rejected] == ["says: as the row says"] * 2
    assert len(result.failed) == len(list(result.failed)) == 0
    assert "verified        4" in result.report
    assert result.raise_for_status() is result


def test_the_rows_load_as_a_dataset_and_as_a_frame(suite, asked, questions, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    result = sygra_eval.run(suite, rows=questions(3), id="id", **asked)

    assert result.verified.to_dataset()["id"] == ["r0", "r1"]
    assert list(result.rejected.to_pandas()["id"]) == ["r2"]
    with pytest.raises(UsageError, match=r"no row of .* is failed"):
        result.failed.to_dataset()


def test_the_same_bytes_come_of_a_file_and_of_a_program(suite, asked, questions, tmp_path):
    rows = questions(5)
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = {"type": "disk", "file_path": "rows.jsonl", "id": "id"}
    path = tmp_path / "suite.yaml"
    path.write_text(yaml.safe_dump({**suite, "data_config": {"source": source}}))

    results = [
        sygra_eval.run(path, **asked),
        sygra_eval.run(path, rows=iter(rows), **asked),
        sygra_eval.run(str(path), rows=tuple(rows), id="id", **asked),
        sygra_eval.run(suite, rows=rows, id="id", **asked),
    ]

    verified = [list(result.verified) for result in results]
    for row in (row for some in verified for row in some):
        del row["provenance"]["suite_sha256"]
    assert verified[1:] == verified[:1] * 3


def test_rows_are_read_from_shards_too(suite, asked, questions, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    suite["output_config"] = {"shard_rows": 2, "compress": "zst"}

    result = sygra_eval.run(suite, rows=questions(9), id="id", **asked)

    assert [row["id"] for row in result.verified] == ["r0", "r1", "r3", "r4", "r6", "r7"]
    assert result.verified.to_dataset().num_rows == 6
    assert result.rejected.to_dataset()["id"] == ["r2", "r5", "r8"]


def test_a_suite_may_be_text(suite, asked, questions):
    result = sygra_eval.run(yaml.safe_dump(suite), rows=questions(1), **asked)

    assert result.counts["verified"] == 1


def test_what_is_wrong_with_an_object_is_named_by_its_path(suite, asked, questions):
    suite["quality"]["validators"][0]["use"] = "sayz"
    suite["suite"]["tags"] = {1, 2}

    with pytest.raises(UsageError, match=r'suite\["suite"\]\["tags"\]: error\[wrong-type\]'):
        sygra_eval.run(suite, rows=questions(1), **asked)
    del suite["suite"]["tags"]
    with pytest.raises(UsageError) as raised:
        sygra_eval.run(suite, rows=questions(1), **asked)

    said = 'suite["quality"]["validators"][0]["use"]: error[unknown-type]'
    assert said in str(raised.value)
    assert "fix: write `says`" in str(raised.value)
    assert not asked["out"].exists()


def test_a_run_of_an_object_and_an_iterator_is_resumed_from_its_folder_alone(
    suite, asked, questions
):
    handle = sygra_eval.Handle()
    first = sygra_eval.run(
        suite,
        rows=questions(400),
        id="id",
        handle=handle,
        on_row=lambda row: handle.cancel(),
        grace_s=0,
        **asked,
    )

    assert first.exit_code == ExitCode.INTERRUPTED
    assert first.can_be_resumed
    assert first.rows_done < 400

    second = sygra_eval.resume(first, plugins=asked["plugins"])

    assert second.exit_code == ExitCode.PASSED
    assert second.rows_done == 400
    with pytest.raises(sygra_eval.RunNotPassed, match="exit code 2: "):
        first.raise_for_status()
    assert sygra_eval.resume(second.folder, plugins=asked["plugins"]).counts == second.counts


def test_the_engine_resumes_it_too(suite, asked, questions, fast_plugin):
    stream = sygra_eval.stream(suite, rows=questions(300), **asked)
    with stream:
        next(stream)
    options = sygra_eval.api.Asked(plugins=[fast_plugin]).options()

    summary = run_in_loop(resume_run(stream.result.folder, options))

    assert sum(summary.counts.values()) == 300


def test_a_plugin_that_was_an_object_has_to_be_given_again(suite, asked, questions):
    result = sygra_eval.run(suite, rows=questions(1), **asked)
    (result.folder / "manifest.json").unlink()

    with pytest.raises(UsageError, match="this run was started with -p fast_plugin"):
        sygra_eval.resume(result)


def test_a_loop_that_is_running_is_no_obstacle(suite, asked, questions):
    async def main() -> list[dict[str, int]]:
        blocking = sygra_eval.run(suite, rows=questions(3), **asked)
        awaited = await sygra_eval.arun(suite, rows=questions(3), **asked)
        return [blocking.counts, awaited.counts]

    first, second = asyncio.run(main())

    assert first == second
    assert first["verified"] == 2


async def test_who_cancels_the_task_drains_the_run(suite, asked, questions):
    task: asyncio.Task[Any]

    def cancel(row: sygra_eval.FinishedRow) -> None:
        task.cancel()

    task = asyncio.create_task(
        sygra_eval.arun(suite, rows=questions(200), name="one", on_row=cancel, **asked)
    )
    with pytest.raises(asyncio.CancelledError):
        await task

    result = await sygra_eval.aresume(asked["out"] / "small" / "one", plugins=asked["plugins"])
    assert result.rows_done == 200


async def test_a_task_that_is_cancelled_at_once_is_cancelled(suite, asked, questions):
    for rows in (questions(9), iter(questions(9))):
        task = asyncio.create_task(sygra_eval.arun(suite, rows=rows, **asked))
        await asyncio.sleep(0)
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task

    assert not asked["out"].exists()


def test_two_runs_at_once_in_two_threads_are_apart(suite, asked, questions):
    results: dict[int, sygra_eval.RunResult] = {}

    def one(count: int) -> None:
        results[count] = sygra_eval.run(suite, rows=questions(count), **asked)

    threads = [threading.Thread(target=one, args=(count,)) for count in (60, 61)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {count: result.rows_done for count, result in results.items()} == {60: 60, 61: 61}
    assert len({result.folder for result in results.values()}) == 2


@pytest.mark.parametrize("form", [list, iter])
def test_a_cancel_before_the_start_spends_nothing(suite, asked, questions, form):
    handle = sygra_eval.Handle()
    handle.cancel()

    with pytest.raises(UsageError, match=r"stopped by cancel\(\) before the first row"):
        sygra_eval.run(suite, rows=form(questions(3)), handle=handle, **asked)

    assert not asked["out"].exists()


def test_an_interrupt_drains_and_comes_back_with_the_result(suite, asked, questions):
    def interrupt(row: sygra_eval.FinishedRow) -> None:
        raise KeyboardInterrupt

    with pytest.raises(sygra_eval.RunInterrupted) as raised:
        sygra_eval.run(suite, rows=questions(300), on_row=interrupt, **asked)

    result = raised.value.result
    assert result.exit_code == ExitCode.INTERRUPTED
    assert 0 < result.rows_done < 300
    assert sygra_eval.resume(result, plugins=asked["plugins"]).rows_done == 300


def test_a_callback_that_raises_is_told_once_and_never_fatal(suite, asked, questions, caplog):
    def broken(row: sygra_eval.FinishedRow) -> None:
        raise ZeroDivisionError(row.id)

    result = sygra_eval.run(suite, rows=questions(6), on_row=broken, **asked)

    assert result.rows_done == 6
    assert sum("on_row: ZeroDivisionError: rows:" in note for note in result.notes) == 1
    assert caplog.text.count("on_row: ZeroDivisionError") == 1


def test_callbacks_are_called_on_the_callers_thread(suite, asked, questions):
    threads = set()

    def seen(value: object) -> None:
        threads.add(threading.current_thread())

    sygra_eval.run(suite, rows=questions(3), on_row=seen, on_progress=seen, on_note=seen, **asked)

    assert threads == {threading.current_thread()}


def test_the_last_progress_knows_all_rows(suite, asked, questions):
    seen: list[sygra_eval.engine.Progress] = []

    sygra_eval.run(suite, rows=questions(9), on_progress=seen.append, **asked)

    assert (seen[-1].rows_done, seen[-1].rows_total, seen[-1].verified) == (9, 9, 6)


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"limit": 0}, "limit=0: give a whole number"),
        ({"id": "id"}, "id= names a column of rows="),
        ({"plugins": "fast_plugin"}, "give a list"),
        ({"durability": "most"}, "`normal` or `full`"),
        ({"rows": "r0"}, "rows=a str: give an iterable of mappings"),
        ({"rows": {"id": "r0"}}, "rows=a dict"),
        ({"rows": 3}, "rows=a int"),
        ({"rows": []}, "the source has no rows"),
    ],
)
def test_what_cannot_be_asked_is_refused(suite, asked, keywords, said):
    with pytest.raises(UsageError, match=said):
        sygra_eval.run(suite, **{**asked, **keywords})


def test_a_misspelt_keyword_is_a_type_error(suite):
    with pytest.raises(TypeError, match="limits"):
        sygra_eval.run(suite, limits=3)  # type: ignore[call-arg]


def test_a_suite_that_is_given_its_rows_says_so_on_the_command_line(suite, asked, questions):
    result = sygra_eval.run(suite, rows=questions(1), **asked)

    with pytest.raises(UsageError, match="rows-not-given"):
        sygra_eval.run(result.folder / "suite.yaml", plugins=asked["plugins"])


def test_the_parts_of_the_api_are_told_to_type_checkers_and_at_run_time():
    names = sygra_eval._OF_THE_API

    assert {name: getattr(sygra_eval, name).__module__ for name in names}
    assert names <= set(sygra_eval.__all__)
    with pytest.raises(AttributeError, match="no attribute 'rum'"):
        sygra_eval.rum  # type: ignore[attr-defined]  # noqa: B018


def test_a_run_that_is_killed_goes_on_from_its_folder_alone(suite, asked, tmp_path, fast_plugin):
    program = tmp_path / "program.py"
    program.write_text(f"""
import os, signal, sygra_eval
rows = ({{"id": f"r{{n}}", "question": "q"}} for n in range(120))
seen = []
def on_row(row):
    seen.append(row)
    if len(seen) == 10:
        os.kill(os.getpid(), signal.SIGKILL)
sygra_eval.run({suite!r}, rows=rows, id="id", name="killed", on_row=on_row,
               plugins=[{fast_plugin.__file__!r}], out={str(asked["out"])!r})
""")
    killed = subprocess.run([sys.executable, program], capture_output=True, check=False)  # noqa: S603
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    folder = asked["out"] / "small" / "killed"

    command = [
        sys.executable,
        "-m",
        "sygra_eval",
        "resume",
        folder,
        "-p",
        fast_plugin.__file__,
        "--json",
    ]
    resumed = subprocess.run(command, capture_output=True, check=True, text=True)  # noqa: S603

    assert json.loads(resumed.stdout)["verified"] == 120


def test_a_program_that_ends_drains_what_it_left_lying(suite, asked, tmp_path, fast_plugin):
    program = tmp_path / "program.py"
    program.write_text(f"""
import sygra_eval
rows = ({{"question": "q"}} for n in range(10_000_000))
stream = sygra_eval.stream({suite!r}, rows=rows, name="left",
                           plugins=[{fast_plugin.__file__!r}], out={str(asked["out"])!r})
next(stream)
""")

    ended = subprocess.run([sys.executable, program], capture_output=True, check=False)  # noqa: S603

    assert (ended.returncode, b"Traceback" in ended.stderr) == (0, False), ended.stderr
    report = (asked["out"] / "small" / "left" / "report.md").read_text()
    assert "state: interrupted: a resume goes on with it" in report


def test_what_ends_the_program_drains_the_run_first(suite, asked, questions):
    def leave(row: sygra_eval.FinishedRow) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        sygra_eval.run(suite, rows=questions(200), on_row=leave, name="one", **asked)

    assert (asked["out"] / "small" / "one" / "report.md").is_file()


def test_more_rows_are_taken_by_a_resume_with_a_higher_limit(suite, asked, questions):
    first = sygra_eval.run(suite, rows=questions(30), limit=10, **asked)
    plugins = asked["plugins"]

    second = sygra_eval.resume(first, rows=questions(30), limit=20, plugins=plugins)

    assert (first.rows_done, second.rows_done) == (10, 20)
