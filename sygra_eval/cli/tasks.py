"""Tasks of SyGra among the suites of a command line: recognised, read, and their rows written."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from sygra_eval.cli.failures import INCOMPLETE
from sygra_eval.cli.output import print_diagnostics, tell
from sygra_eval.cli.several import Chosen, Ended, with_variants
from sygra_eval.cli.streams import complain
from sygra_eval.engine import RunOptions
from sygra_eval.sygra import (
    Delivered,
    Delivery,
    Read,
    Shim,
    Task,
    deliver,
    end_all,
    environment,
    is_run_of_task,
    keys_of_run,
    read_task,
    remember_root,
    rows_of,
    set_keys,
    task_at,
    write_sinks,
)
from sygra_eval.values import Diagnostic, UsageError

shim_option = click.option(
    "--shim",
    type=click.Choice([one.value for one in Shim]),
    default=Shim.AUTO.value,
    show_default=True,
    help="Of a SyGra task: whether our names stand for `sygra`; auto: unless it is installed.",
)
sygra_output_option = click.option(
    "--sygra-output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Of a SyGra task: write its rows as SyGra does, too.",
)


def task_of(given: str) -> Task | None:
    """Return the task that an argument names; None for a suite of ours."""
    path = Path(given)
    if path.is_file() and path.name != "graph_config.yaml":
        return None
    task = task_at(given)
    return None if task is None or _is_ours(task.path) else task


def _is_ours(path: Path) -> bool:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.startswith("suite:") for line in lines)


def chosen_suites(
    given: Sequence[str], options: RunOptions, shim: str
) -> Iterator[tuple[Chosen, Read | None]]:
    """Yield each suite of a command line; a task is read, and told of where it cannot be run.

    :raises UsageError: With all diagnostics of a task that has errors.
    """
    for one in given:
        task = task_of(one)
        if task is None:
            for chosen in with_variants([Path(one)]):
                yield chosen, None
            continue
        if options.is_trusted:
            trusted(task)
        read = read_task(
            task,
            shim=Shim(shim),
            replaced=options.models,
            rows=options.limit,
            environ=environment(Path.cwd()),
        )
        if read.suite is None:
            count = len(read.errors)
            said = f"{task.path}: {count} error{'s' if count != 1 else ''}"
            raise UsageError(said, read.diagnostics)
        print_diagnostics(read.diagnostics)
        set_keys(read.keys)
        yield Chosen(task.path, document=read.suite), read


def diagnostics_of(task: Task, *, is_trusted: bool) -> tuple[Diagnostic, ...]:
    """Return what is wrong with a task; nothing of it is run."""
    if is_trusted:
        trusted(task)
    try:
        return read_task(task, environ=environment(Path.cwd())).diagnostics
    finally:
        end_all()


def trusted(task: Task) -> None:
    """Remember that the user trusts a task's root; where that cannot be kept, say so."""
    try:
        remember_root(task.root, task.folder)
    except OSError as error:
        tell(f"the trust is for this time and will not be remembered: {error}")


def ready_to_go_on(run: Path, home: Path, *, is_trusted: bool) -> None:
    """Give a run of a task what it needs again: the keys of its models, and trust where said."""
    if not is_run_of_task(run):
        return
    set_keys(keys_of_run(run, environment(Path.cwd())))
    task = task_at(str(home)) if is_trusted else None
    if task is not None:
        trusted(task)


def close_sessions() -> None:
    """Take the modules of tasks away, however the runs ended."""
    end_all()


def written(ended: Ended, read: Read, target: Path | None, shim: str) -> int:
    """Write the rows of a task that ran, do what it does with all of them; return the exit code."""
    if ended.summary is None:
        return ended.code
    if target is None:
        return _only_sinks(ended, read)
    try:
        delivered = deliver(read, ended.summary, Delivery(target=target, about={}), Shim(shim))
    except UsageError as error:
        complain(f"sygra-eval: {error}")
        return INCOMPLETE
    told(delivered)
    return ended.code


def told(delivered: Delivered) -> None:
    """Say what was written."""
    count = delivered.rows
    tell(f"{delivered.target}: {count} row{'s' if count != 1 else ''} as SyGra writes them")
    for path, what in delivered.others:
        tell(f"{path}: {what}")
    for note in delivered.notes:
        tell(note)


def _only_sinks(ended: Ended, read: Read) -> int:
    assert ended.summary is not None, "asked of runs that ended"  # noqa: S101
    try:
        for path in write_sinks(rows_of(ended.summary.folder), read.sinks):
            tell(f"{path}: the rows, as the task's sink")
    except UsageError as error:
        complain(f"sygra-eval: {error}")
        return INCOMPLETE
    if read.post_process:
        tell(
            "`graph_post_process` was not run, as it works on the rows as SyGra writes them: "
            "name a file with --sygra-output"
        )
    return ended.code


def as_json(read: Read) -> str:
    """Return what was read of a task as a line of JSON."""
    told: dict[str, Any] = {
        "task": read.task.name,
        "runs": read.suite is not None,
        "needs": list(read.needs),
        "diagnostics": [
            {
                "code": one.code,
                "severity": one.severity.value,
                "path": os.path.relpath(one.path) if one.path else "",
                "line": one.line,
                "column": one.column,
                "message": one.message,
                "fix": one.fix,
            }
            for one in read.diagnostics
        ],
    }
    return json.dumps(told)
