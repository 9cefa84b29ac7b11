"""`sygra-eval sygra run` and `sygra python`: SyGra's own command and library, on our engine."""

import ast
import json
import os
import re
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sygra_eval.cli.driving import GRACE_S, Verbosity, drive
from sygra_eval.cli.failures import INCOMPLETE
from sygra_eval.cli.output import print_diagnostics, tell
from sygra_eval.cli.streams import complain
from sygra_eval.cli.tasks import close_sessions, shim_option, task_of, told, trusted
from sygra_eval.engine import RunOptions, RunSummary, StopSignal, resume_run, run_suite
from sygra_eval.engine.progress import ShowProgress
from sygra_eval.sygra import (
    Delivery,
    Read,
    Shim,
    deliver,
    environment,
    last_run,
    output_name,
    pinned,
    read_task,
    remember_root,
    set_keys,
    suite_name,
)
from sygra_eval.values import UsageError

_PLAIN_NAME = re.compile(r"[\w.+-]{1,120}")


class _Literal(click.ParamType[bool]):
    """True or False, as Python writes them, or as people do."""

    name = "True|False"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bool:
        if isinstance(value, bool):
            return value
        try:
            found = ast.literal_eval(str(value).strip().capitalize())
        except (ValueError, SyntaxError):
            found = None
        if not isinstance(found, bool | int):
            self.fail(f"`{value}` is neither True nor False", param, ctx)
        return bool(found)


class _Json(click.ParamType[dict[str, Any]]):
    """An object of JSON."""

    name = "JSON"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, Any]:
        try:
            found = value if isinstance(value, dict) else json.loads(value)
        except ValueError as error:
            self.fail(f"no JSON: {error}", param, ctx)
        if not isinstance(found, dict):
            self.fail("an object is needed, as '{\"key\": 1}'", param, ctx)
        return found


def _literal(
    *names: str, default: bool | None, text: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(*names, type=_Literal(), default=default, show_default=True, help=text)


_COUNT = click.IntRange(min=0)


@click.command("run")
@click.option("--task", "-t", "given", required=True, metavar="TASK", help="A folder, or its name.")
@click.option("--start_index", "-si", type=_COUNT, default=0, help="Leave out the first rows.")
@click.option(
    "--num_records", "-n", type=_COUNT, default=10, show_default=True, help="0: all rows."
)
@click.option(
    "--batch_size",
    "-b",
    type=click.IntRange(1, 4096),
    default=25,
    show_default=True,
    help="At most so many rows at a time.",
)
@click.option(
    "--checkpoint_interval",
    "-ci",
    type=click.IntRange(min=1),
    default=100,
    help="Taken and not needed: each row is durable as it ends.",
)
@_literal("--debug", "-d", default=False, text="Name every row that ends.")
@_literal("--clear_logs", "-cl", default=False, text="Taken; a run has a log of its own.")
@_literal("--output_with_ts", "-owt", default=True, text="Put the time into the file's name.")
@click.option("--run_name", "-rn", default="", help="Put before the file's name.")
@click.option(
    "--run_args", "-ra", type=_Json(), default="{}", help="For a TaskExecutor of its own."
)
@_literal("--resume", "-r", default=None, text="Go on with the task's last run.")
@click.option(
    "--output_dir",
    "-od",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where output and metadata go; by default the task's folder.",
)
@_literal("--oasst", "-ost", default=None, text="Write a row for each message.")
@_literal("--quality", "-q", default=None, text="Say of each row what can be computed of it.")
@_literal("--disable_metadata", "-dm", default=False, text="Write no metadata.")
@click.option("--trust", is_flag=True, help="Import the Python of this task; remembered.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports"),
    show_default=True,
    help="Where our run folders go.",
)
@click.option("--json", "is_json", is_flag=True, help="End standard output with one JSON line.")
@shim_option
def run_command(given: str, trust: bool, shim: str, out: Path, is_json: bool, **asked: Any) -> int:
    """Run a task by the options of SyGra's main.py; its files are where that writes them.

    The rows go to [RUN_NAME_]output[_TIME].json, what the run was to the .metadata.json beside it.
    Exit codes are ours.
    """
    task = task_of(given)
    if task is None:
        raise UsageError(f"`{given}` is no task of SyGra: a folder with graph_config.yaml")
    name = asked["run_name"]
    if name and not _PLAIN_NAME.fullmatch(name):
        raise UsageError(f"--run_name {name!r}: letters, digits, `_`, `.`, `+` and `-` alone")
    if trust:
        trusted(task)
    limit = asked["num_records"] or None
    try:
        read = read_task(
            task,
            shim=Shim(shim),
            rows=limit,
            skip=asked["start_index"],
            oasst=asked["oasst"],
            run_args=asked["run_args"],
            environ=environment(Path.cwd()),
        )
        print_diagnostics(read.diagnostics)
        if read.suite is None:
            raise UsageError(f"{task.path}: it cannot be run")
        if asked["run_args"] and not read.has_executor:
            tell("--run_args is for a TaskExecutor of the task's own, and it has none")
        set_keys(read.keys)
        options = RunOptions(out=out, limit=limit, rows_in_flight=asked["batch_size"])
        summary = _run(
            read,
            options,
            resume=_resumes(read, asked["resume"]),
            is_json=is_json,
            is_debug=asked["debug"],
        )
        return _written(read, summary, asked, shim)
    finally:
        close_sessions()


def _resumes(read: Read, asked: bool | None) -> bool:
    """Say whether to go on: as asked, else as the task's file says."""
    data = read.data.get("data_config")
    return bool(data.get("resumable")) if asked is None and isinstance(data, dict) else bool(asked)


def _run(
    read: Read, options: RunOptions, *, resume: bool, is_json: bool, is_debug: bool
) -> RunSummary:
    last = last_run(options.out, suite_name(read)) if resume else None

    if last is not None:
        tell(
            f"{last} goes on as it was begun: its rows are those of then, whatever --num_records "
            "and --start_index say now"
        )

    async def start(stop: StopSignal, show: ShowProgress) -> RunSummary:
        if last is not None:
            return await resume_run(
                last, RunOptions(out=options.out), show=show, tell=tell, stop=stop
            )
        return await run_suite(
            read.task.path, options, show=show, tell=tell, stop=stop, document=read.suite
        )

    return drive(start, as_json=is_json, grace_s=GRACE_S, shown=Verbosity(verbose=int(is_debug)))


def _written(read: Read, summary: RunSummary, asked: dict[str, Any], shim: str) -> int:
    folder = asked["output_dir"] or read.task.folder
    is_silent = asked["disable_metadata"] or os.environ.get("SYGRA_DISABLE_METADATA") == "1"
    file = output_name(summary, asked["run_name"], has_time=asked["output_with_ts"])
    delivery = Delivery(
        target=folder / file,
        oasst=asked["oasst"],
        quality=asked["quality"],
        about=None if is_silent else {**asked, "output_dir": str(folder)},
    )
    try:
        told(deliver(read, summary, delivery, Shim(shim)))
    except UsageError as error:
        complain(f"sygra-eval: {error}")
        return INCOMPLETE
    return int(summary.exit_code)


@click.command("python", context_settings={"ignore_unknown_options": True})
@click.option("--trust", is_flag=True, help="Import tasks of this folder, too; remembered.")
@shim_option
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def python_command(file: Path, arguments: tuple[str, ...], trust: bool, shim: str) -> int:
    """Run a program that says `import sygra`, with our names where that is not installed.

    The program is yours and runs as any other; what it builds by `sygra.Workflow` runs on our
    engine. Without this command: `from sygra_eval.sygra import Workflow`.
    """
    before = sys.argv, list(sys.path)
    sys.argv, sys.path[0:0] = [str(file), *arguments], [str(file.absolute().parent)]
    if trust:
        remember_root(Path.cwd(), Path.cwd() / "tasks")
    try:
        with pinned(Path.cwd(), Shim(shim)):
            runpy.run_path(str(file), run_name="__main__")
    finally:
        sys.argv, sys.path[:] = before
    return 0
