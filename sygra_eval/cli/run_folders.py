"""`sygra-eval runs list`, `rm` and `gc`: the folders that runs left."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from sygra_eval.cli.places import run_folder
from sygra_eval.cli.streams import say
from sygra_eval.engine import (
    KnownRun,
    Leftover,
    collect_garbage,
    known_run,
    known_runs,
    refuse_removal,
    remove_run,
)
from sygra_eval.report import one_line, removed_text, runs_text
from sygra_eval.values import UsageError

REPORTS = Path("reports")
_out = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=REPORTS,
    show_default=True,
    help="Where run folders are.",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")


@click.command("list")
@_out
@_as_json
def list_command(out: Path, as_json: bool) -> int:
    """List the runs, the newest first: state, verified rows, cost, size."""
    return list_runs(out, as_json=as_json)


def list_runs(out: Path, *, as_json: bool) -> int:
    """Print the runs below a folder."""
    runs = list(known_runs(out))
    if as_json:
        say(json.dumps({"exit": 0, "runs": [facts_of(one) for one in runs]}))
    elif runs:
        say(runs_text(runs))
    else:
        say(f"no runs below {out}")
    return 0


def facts_of(known: KnownRun) -> dict[str, Any]:
    """Return what is known of a run folder, as data."""
    return {
        "run": str(known.folder),
        "state": known.state,
        "owner": known.owner,
        "last": None if known.last is None else known.last.isoformat(timespec="seconds"),
        **{outcome.value: count for outcome, count in known.counts.items()},
        "verified_rate": known.verified_rate,
        "cost": known.cost_usd,
        "bytes": known.size,
    }


@click.command("rm")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@_out
@click.option("--yes", is_flag=True, help="Do not ask.")
@_as_json
def rm_command(runs: tuple[str, ...], out: Path, yes: bool, as_json: bool) -> int:
    """Remove runs: their data, their reports, and the journal of what was paid for.

    Refused are runs that go on, folders that are no run or a link, and folders with files that no
    run writes; then none of those named is removed.
    """
    folders = [_named(run, out) for run in runs]
    for folder in folders:
        refuse_removal(folder)
    if not yes:
        if as_json or not sys.stdin.isatty():
            raise UsageError("say --yes: nobody is here to be asked")
        click.echo(runs_text([known_run(folder) for folder in folders]), err=True)
        click.confirm("remove for good?", abort=True, err=True)
    freed = 0
    for folder in folders:
        freed += remove_run(folder)
        if not as_json:
            say(f"removed {one_line(str(folder))}")
    if as_json:
        removed = [str(folder) for folder in folders]
        say(json.dumps({"exit": 0, "removed": removed, "bytes": freed}))
    return 0


def _named(run: str, out: Path) -> Path:
    """Return the folder that is meant, as it is named: a link is for others to refuse."""
    run_folder(run, reports=out)
    for place in (Path(run), out / run):
        if (place / "journal.db").is_file():
            return place.absolute()
    raise UsageError(f"{run} is not a run: it has no journal.db")


@click.command("gc")
@_out
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@_as_json
def gc_command(out: Path, dry_run: bool, as_json: bool) -> int:
    """Remove what killed runs left and nothing needs: unfinished files, texts that no row names.

    Rows, answers and kept inputs stay; so does everything of a run that goes on.
    """
    removed: list[dict[str, object]] = []
    passed: list[dict[str, str]] = []
    for folder, found in collect_garbage(out, removes=not dry_run):
        if isinstance(found, Leftover):
            removed.append({"path": str(found.path), "bytes": found.size, "why": found.why})
            if not as_json:
                name = one_line(f"{folder.parent.name}/{folder.name}")
                say(f"{name}: {removed_text(found, folder, is_removed=not dry_run)}")
        else:
            passed.append({"run": str(folder), "why": found})
            if not as_json:
                say(f"left alone: {one_line(found)}")
    freed = sum(int(str(one["bytes"])) for one in removed)
    if as_json:
        told = {"removed": [] if dry_run else removed, "found": removed, "left_alone": passed}
        say(json.dumps({"exit": 0, "is_dry_run": dry_run, **told, "bytes": freed}))
    else:
        say(f"{len(removed)} files, {freed} bytes")
    return 0
