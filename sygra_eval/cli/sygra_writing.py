"""`sygra-eval sygra export` and `migrate`: suites of ours as tasks of SyGra, and the way back."""

import difflib
import shlex
from pathlib import Path

import click

from sygra_eval.cli.output import print_diagnostics, tell
from sygra_eval.cli.streams import say
from sygra_eval.cli.tasks import close_sessions, task_of, trusted
from sygra_eval.engine import ExitCode, run_in_loop
from sygra_eval.sygra import environment, is_trusted
from sygra_eval.values import UsageError


@click.command("export")
@click.argument("suite", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="The task's folder where `tasks` is in its path, else what SyGra is run from.",
)
@click.option("--rows", type=click.IntRange(min=1), metavar="N", help="So many rows at most.")
@click.option("--trust", is_flag=True, help="Import the suite's own plugins.")
@click.option(
    "--overwrite", is_flag=True, help="Replace files there that were changed or are not ours."
)
def export(suite: Path, to: Path, rows: int | None, trust: bool, overwrite: bool) -> int:
    """Write a suite as a task that SyGra itself runs, and say what it has nothing for.

    The rows, the models without their keys, the graph and its Python stand in one folder, with the
    suite beside them for the way back (`sygra migrate`). Files of an earlier export are replaced or
    removed; what was changed since, or is not ours, is not touched.
    """
    from sygra_eval.sygra.exporting import export_suite

    made = run_in_loop(export_suite(suite, to, rows=rows, is_trusted=trust, overwrite=overwrite))
    print_diagnostics(made.lost)
    for name in made.kept:
        tell(f"{made.folder / name} is of an earlier export and was changed since: it stays")
    say(f"{made.folder}: {made.rows} rows; {len(made.lost)} things have no equivalent (above)")
    for name, value in made.variables.items():
        say(f"  export {name}={shlex.quote(value)}")
    size = min(made.rows, 25)
    say(f"  cd {shlex.quote(str(made.root))}")
    say(f"  python main.py --task {made.name} -n {made.rows} -b {size} -ci {size}")
    return int(ExitCode.PASSED)


@click.command("migrate")
@click.argument("task", metavar="TASK")
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the suite there; without it, it is printed.",
)
@click.option("--trust", is_flag=True, help="Import the Python of the task; remembered.")
@click.option("--diff", "shows_diff", is_flag=True, help="Show what changed in the file, too.")
def migrate(task: str, target: Path | None, trust: bool, shows_diff: bool) -> int:
    """Turn a task of SyGra into a suite of ours, and say what changed.

    A loop of draft and critique, and nodes without Python, become our own; what is not known stays
    Python, named by its dotted path. A task that was exported comes back as the suite it was.
    """
    from sygra_eval.sygra.migrating import migrated

    found = task_of(task)
    if found is None:
        raise UsageError(f"`{task}` is no task of SyGra: a folder with graph_config.yaml")
    if target is not None and target.exists():
        raise UsageError(f"{target} is there already: name another file")
    if trust:
        trusted(found)
    here = target.parent if target is not None else Path.cwd()
    try:
        made = migrated(found, here.absolute(), environment(Path.cwd()))
    finally:
        close_sessions()
    for change in made.changes:
        tell(change)
    if shows_diff:
        before = found.path.read_text(encoding="utf-8", errors="replace").splitlines()
        name = str(target or "suite.yaml")
        for line in difflib.unified_diff(
            before, made.text.splitlines(), found.path.name, name, lineterm=""
        ):
            say(line)
    if target is None:
        if not shows_diff:
            say(made.text.rstrip("\n"))
    else:
        was_trusted = is_trusted(found.root, found.folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(made.text, encoding="utf-8")
        if was_trusted:  # what changed since is the file that we wrote
            trusted(found)
        say(f"{target}: written")
    return int(ExitCode.PASSED)
