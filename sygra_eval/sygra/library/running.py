"""Runs a configuration that was put together in Python, as the task of a folder that it gets."""

import asyncio
import os
import threading
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from sygra_eval.engine import RunOptions, RunSummary, run_in_loop, run_suite
from sygra_eval.sygra.dialect import read_task
from sygra_eval.sygra.environment import environment, set_keys
from sygra_eval.sygra.naming import Task
from sygra_eval.sygra.output import rows_of, write_rows
from sygra_eval.sygra.sessions import end_all
from sygra_eval.sygra.trusting import trust_now
from sygra_eval.values import UsageError

_T = TypeVar("_T")


def run_configuration(
    config: Mapping[str, Any], folder: Path, *, rows: int | None, out: Path
) -> tuple[list[dict[str, Any]], RunSummary]:
    """Write the configuration into a folder and run it; return its rows.

    The program named the functions itself, so they are trusted.

    :raises UsageError: With all that is wrong with it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "graph_config.yaml").write_text(
        yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True), encoding="utf-8"
    )
    return run_task(Task(name=folder.name, folder=folder, root=folder), rows=rows, out=out)


def run_task(task: Task, *, rows: int | None, out: Path) -> tuple[list[dict[str, Any]], RunSummary]:
    """Run a task; return its rows, verified or not, as SyGra would write them.

    :raises UsageError: With all that is wrong with it.
    """
    trust_now(task.root, task.folder)
    try:
        read = read_task(task, rows=rows, environ=environment(Path.cwd()))
        if read.suite is None:
            count = len(read.errors)
            said = f"{task.path}: {count} error{'s' if count != 1 else ''}"
            raise UsageError(said, read.diagnostics)
        before = {name: os.environ.get(name) for name in read.keys}
        set_keys(read.keys)
        try:
            options = RunOptions(out=out, limit=rows)
            summary = _waited_for(run_suite(task.path, options, document=read.suite))
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
        return list(rows_of(summary.folder)), summary
    finally:
        end_all()


def written(summary: RunSummary, target: Path) -> None:
    """Write the rows of a run to a sink."""
    write_rows(summary.folder, target)


def _waited_for(work: Coroutine[Any, Any, _T]) -> _T:
    """Run to the end, also where the caller stands in an event loop, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return run_in_loop(work)
    made: list[_T] = []
    broke: list[BaseException] = []

    def run() -> None:
        try:
            made.append(run_in_loop(work))
        except BaseException as error:  # noqa: BLE001 - handed on to who waits
            broke.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if broke:
        raise broke[0]
    return made[0]
