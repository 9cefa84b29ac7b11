"""`sygra-eval sygra …`: tasks of SyGra, what of them runs here, and their rows."""

from pathlib import Path

import click

from sygra_eval.cli.output import print_diagnostics
from sygra_eval.cli.places import run_folder
from sygra_eval.cli.streams import say
from sygra_eval.cli.sygra_run import python_command, run_command
from sygra_eval.cli.sygra_writing import export, migrate
from sygra_eval.cli.tasks import as_json, close_sessions, shim_option, task_of, trusted
from sygra_eval.engine import ExitCode
from sygra_eval.sygra import Shim, environment, read_task, write_rows
from sygra_eval.values import UsageError


@click.group("sygra")
def command() -> None:
    """Check and run tasks of SyGra, write rows as it does, carry suites there and back."""


command.add_command(export)
command.add_command(migrate)


@command.command("check")
@click.argument("tasks", nargs=-1, required=True, metavar="TASK...")
@click.option("--trust", is_flag=True, help="Import the Python of these tasks; remembered.")
@shim_option
@click.option("--json", "is_json", is_flag=True, help="Print a line of JSON for each task.")
def check(tasks: tuple[str, ...], trust: bool, shim: str, is_json: bool) -> int:
    """Say of tasks what runs here, what needs something first, and what has no equivalent.

    TASK is a folder with graph_config.yaml, or its name by dots. No model is asked.
    """
    code = ExitCode.PASSED
    try:
        for given in tasks:
            task = task_of(given)
            if task is None:
                raise UsageError(f"`{given}` is no task of SyGra: a folder with graph_config.yaml")
            if trust:
                trusted(task)
            read = read_task(task, shim=Shim(shim), environ=environment(Path.cwd()))
            code = code if read.suite is not None else ExitCode.USAGE
            if is_json:
                say(as_json(read))
                continue
            print_diagnostics(read.diagnostics)
            if read.suite is not None:
                say(f"{task.name}: runs")
            elif len(read.needs) == len(read.errors):
                say(f"{task.name}: needs {'; '.join(read.needs)}")
            else:
                errors = len(read.errors)
                say(f"{task.name}: {errors} error{'s' if errors > 1 else ''}")
    finally:
        close_sessions()
    return int(code)


command.add_command(run_command)
command.add_command(python_command)


@command.command("rows")
@click.argument("run")
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="JSON, or JSONL where its name ends so.",
)
def rows(run: str, target: Path) -> int:
    """Write the rows of a run of a task as SyGra writes them: no column of ours."""
    say(f"{target}: {write_rows(run_folder(run), target)} rows")
    return int(ExitCode.PASSED)
