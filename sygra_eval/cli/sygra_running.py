"""`sygra-eval sygra run`: SyGra's own command, its options and its files, over our engine."""

import ast
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from sygra_eval.cli.driving import GRACE_S, Verbosity
from sygra_eval.cli.output import print_diagnostics, tell
from sygra_eval.cli.resume import command as resume
from sygra_eval.cli.several import Chosen, Ended, run_all
from sygra_eval.cli.tasks import close_sessions, shim_option, task_of, trusted, written
from sygra_eval.engine import RunOptions, known_runs
from sygra_eval.sygra import (
    Shim,
    Task,
    environment,
    read_task,
    set_keys,
    suite_name,
    write_rows,
)
from sygra_eval.values import Outcome, UsageError


class _Literal(click.ParamType[bool]):
    """True and False as Python writes them, which SyGra's options take."""

    name = "True|False"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bool:
        """Read the word."""
        try:
            made = ast.literal_eval(value) if isinstance(value, str) else value
        except (ValueError, SyntaxError):
            made = None
        if not isinstance(made, bool):
            self.fail(f"{value!r} is neither True nor False", param, ctx)
        return made


_NOTHING_TO_DO = {
    "checkpoint_interval": "every finished row is durable at once",
    "clear_logs": "each run has a log of its own",
    "run_args": "no TaskExecutor of a task's own is run here",
}
_LEFT_OUT = {
    "oasst": "rows are not mapped to OASST yet",
    "quality": "quality tasks of SyGra are not run yet; validators judge instead (docs/sygra.md)",
}


@click.command("run")
@click.option("--task", "-t", required=True, help="The task, by its name or folder.")
@click.option("--start_index", "-si", type=click.IntRange(min=0), default=0, help="First row.")
@click.option(
    "--num_records",
    "-n",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="So many rows; 0: all.",
)
@click.option("--batch_size", "-b", type=click.IntRange(min=1), help="At most so many at a time.")
@click.option("--checkpoint_interval", "-ci", type=int, help="Taken, and not needed.")
@click.option("--debug", "-d", type=_Literal(), default=False, help="A line for every row.")
@click.option("--clear_logs", "-cl", type=_Literal(), default=None, help="Taken, and not needed.")
@click.option("--output_with_ts", "-owt", type=_Literal(), default=True, help="Time in the name.")
@click.option("--run_name", "-rn", default="", help="In front of the file's name.")
@click.option("--run_args", "-ra", default=None, metavar="JSON", help="Taken, and not used.")
@click.option("--resume", "-r", "resumes", type=_Literal(), default=None, help="Go on.")
@click.option("--output_dir", "-od", type=click.Path(path_type=Path), help="Else the task's.")
@click.option("--oasst", "-ost", type=_Literal(), default=False, help="Not yet.")
@click.option("--quality", "-q", type=_Literal(), default=False, help="Not yet.")
@click.option("--disable_metadata", "-dm", type=_Literal(), default=False, help="No metadata.")
@click.option("--model", "models", multiple=True, metavar="NAME=WHAT", help="As for `run`.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("reports"), help="Run folders."
)
@click.option("--trust", is_flag=True, help="Import the task's Python; remembered.")
@shim_option
def run(
    task: str,
    start_index: int,
    num_records: int,
    batch_size: int | None,
    debug: bool,
    output_with_ts: bool,
    run_name: str,
    resumes: bool | None,
    output_dir: Path | None,
    disable_metadata: bool,
    models: tuple[str, ...],
    out: Path,
    trust: bool,
    shim: str,
    **others: Any,
) -> int:
    """Run a task with the options of SyGra's own command, and write its file of rows.

    Exit codes are ours: a server that is gone or rows that are missing never end with 0.
    """
    found = task_of(task)
    if found is None:
        raise UsageError(f"`{task}` is no task of SyGra: a folder with graph_config.yaml")
    if Path(run_name).name != run_name:
        raise UsageError(f"`{run_name}` is no name of a file")
    _tell_of(others)
    if trust:
        trusted(found)
    target = _target(found, output_dir, run_name, has_time=output_with_ts)
    try:
        if resumes and (before := _unfinished(found, out)) is not None:
            code = int(resume.main([str(before)], standalone_mode=False) or 0)
            count = write_rows(before, target)
            tell(f"{target}: {count} rows as SyGra writes them")
            return code
        options = RunOptions(
            out=out,
            limit=num_records or None,
            models=dict(one.split("=", 1) for one in models),
            is_trusted=trust,
            rows_in_flight=batch_size,
        )
        ended, read = _run(found, options, start_index, shim, debug=debug)
        code = written(ended, read, target, shim)
        if disable_metadata:
            _metadata_of(target).unlink(missing_ok=True)
        return code
    finally:
        close_sessions()


def _run(
    task: Task, options: RunOptions, start: int, shim: str, *, debug: bool
) -> tuple[Ended, Any]:
    read = read_task(
        task,
        shim=Shim(shim),
        replaced=options.models,
        rows=None if options.limit is None else start + options.limit,
        start=start,
        environ=environment(Path.cwd()),
    )
    if read.suite is None:
        count = len(read.errors)
        said = f"{task.path}: {count} error{'s' if count != 1 else ''}"
        raise UsageError(said, read.diagnostics)
    print_diagnostics(read.diagnostics)
    set_keys(read.keys)
    chosen = Chosen(task.path, document=read.suite)
    shown = Verbosity(verbose=int(debug))
    (ended,) = run_all([chosen], options, None, as_json=False, grace_s=GRACE_S, shown=shown)
    return ended, read


def _tell_of(others: dict[str, Any]) -> None:
    for name, why in _NOTHING_TO_DO.items():
        if others.get(name) not in (None, False):
            tell(f"--{name} has nothing to do: {why}")
    for name, why in _LEFT_OUT.items():
        if others.get(name):
            tell(f"--{name}: {why}")
    if given := others.get("run_args"):
        try:
            json.loads(given)
        except ValueError as error:
            raise UsageError(f"--run_args is no JSON: {error}") from error


def _target(task: Task, output_dir: Path | None, run_name: str, *, has_time: bool) -> Path:
    """Return SyGra's file for the rows."""
    name = f"{run_name}_output" if run_name else "output"
    if has_time:
        name += datetime.now().strftime("_%Y-%m-%d_%H-%M-%S")  # noqa: DTZ005 - as SyGra names it
    return (output_dir or task.folder) / f"{name}.json"


def _unfinished(task: Task, out: Path) -> Path | None:
    """Return the newest run of the task, if it can go on."""
    name = suite_name(task)
    for known in known_runs(out):
        if known.folder.parent.name == name:
            has_ended = known.state == "finished" and not known.counts.get(Outcome.FAILED)
            return None if has_ended or known.state == "running" else known.folder
    return None


def _metadata_of(target: Path) -> Path:
    return target.with_name(f"{target.stem}.metadata.json")
