"""`sygra-eval runs [RUN]`."""

import json
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from sygra_eval.cli.places import run_folder
from sygra_eval.cli.run_folders import facts_of, gc_command, list_command, list_runs, rm_command
from sygra_eval.cli.streams import say
from sygra_eval.engine import (
    Acknowledged,
    LiveView,
    NotRunning,
    change_limits,
    go_on_with,
    known_run,
    look_at,
    pause_run,
    stop_run,
)
from sygra_eval.models import Limit, LimitChange
from sygra_eval.report import changed_text, live_text, runs_text
from sygra_eval.values import UsageError

SECONDS_BETWEEN_LOOKS = 2.0
_WISHES = {"pause": pause_run, "go_on": go_on_with, "stop": stop_run}
CLEARED = "\x1b[H\x1b[2J"


class LimitParameter(click.ParamType[LimitChange]):
    """Reads NAME=N; `none` takes a rate away."""

    name = "limit"

    def __init__(self, limit: Limit) -> None:
        self.limit = limit

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> LimitChange:
        """Return the change that is asked for; what it may be is for the run to say."""
        of, separator, to = str(value).rpartition("=")
        if not (of and separator and to):
            self.fail(f"`{value}` is not NAME=N", param, ctx)
        if to == "none":
            return LimitChange(of, self.limit, None)
        try:
            number = float(to.replace("_", ""))
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.fail(f"`{to}` is no number", param, ctx)
        return LimitChange(of, self.limit, number)


class _Runs(click.Group):
    """Takes what is no command of its own for the RUN that is meant, or for options of a look."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command before such arguments."""
        if not args or args[0] not in (*self.commands, "--help"):
            args = ["look", *args]
        return super().parse_args(ctx, args)


@click.group("runs", cls=_Runs, subcommand_metavar="[RUN | COMMAND] [ARGS]...")
def command() -> None:
    """List runs, show what one does or give it other limits, remove runs.

    Without a command: `list` without RUN, else `look`.
    """


for _one in (list_command, rm_command, gc_command):
    command.add_command(_one)


@command.command("look")
@click.argument("run", required=False)
@click.option(
    "--max-concurrency",
    "in_flight",
    multiple=True,
    type=LimitParameter(Limit.MAX_CONCURRENCY),
    metavar="NAME=N",
    help="Let a model or an endpoint of the running RUN have N calls in flight.",
)
@click.option(
    "--rpm",
    multiple=True,
    type=LimitParameter(Limit.RPM),
    metavar="NAME=N",
    help="Requests a minute of a model or an endpoint; `none` for no limit.",
)
@click.option(
    "--tpm",
    multiple=True,
    type=LimitParameter(Limit.TPM),
    metavar="NAME=N",
    help="Tokens a minute, likewise.",
)
@click.option(
    "--pause",
    "wish",
    flag_value="pause",
    help="Have RUN begin no more rows and calls; those in flight finish.",
)
@click.option("--go-on", "wish", flag_value="go_on", help="Have a paused RUN go on.")
@click.option(
    "--stop", "wish", flag_value="stop", help="Stop RUN as Ctrl+C does; `resume` goes on."
)
@click.option("--watch", is_flag=True, help="Look again every 2 seconds until RUN ends.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports"),
    show_default=True,
    help="Where run folders are.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def look(
    run: str | None,
    in_flight: tuple[LimitChange, ...],
    rpm: tuple[LimitChange, ...],
    tpm: tuple[LimitChange, ...],
    wish: str | None,
    watch: bool,
    out: Path,
    as_json: bool,
) -> int:
    """List the runs, or show what one does, pause or stop it, give it other limits while it goes.

    RUN is a run folder's path or SUITE/RUN below reports/. NAME is a model of its suite or an
    endpoint as it is shown. A change holds until this start of the run ends, is in force when it is
    acknowledged, and is an event in the journal; the suite stays as it is.
    """
    changes = (*in_flight, *rpm, *tpm)
    if run is None:
        if changes or watch or wish:
            raise UsageError("name the RUN that is meant: `sygra-eval runs RUN …`")
        return list_runs(out, as_json=as_json)
    if watch and as_json:
        raise UsageError("--watch is for people; a program asks `runs RUN --json` again")
    folder = run_folder(run, reports=out)
    if changes:
        done = change_limits(folder, changes)
        _print_changed(folder, done, as_json=as_json)
    if wish is not None:
        _print_view(_WISHES[wish](folder), folder, as_json=as_json)
    if watch:
        return _watch(folder)
    if not changes and wish is None:
        _show(folder, as_json=as_json)
    return 0


def _show(folder: Path, *, as_json: bool) -> None:
    known = known_run(folder)
    try:
        view = look_at(folder)
    except NotRunning as nobody:
        if as_json:
            say(json.dumps({"exit": 0, **facts_of(known)}))
        else:
            say(runs_text([known]))
            say(str(nobody) if known.owner else f"{known.state}: no process works on it")
        return
    if as_json:
        told = view.model_dump(mode="json")
        say(json.dumps({"exit": 0, **facts_of(known), "state": "running", **told}))
    else:
        say(live_text(view))


def _print_view(view: LiveView, folder: Path, *, as_json: bool) -> None:
    if as_json:
        told = view.model_dump(mode="json")
        say(json.dumps({"exit": 0, "run": str(folder), "state": "running", **told}))
    else:
        say(live_text(view))


def _print_changed(folder: Path, done: Acknowledged, *, as_json: bool) -> None:
    if as_json:
        told = done.view.model_dump(mode="json")
        changed = [one.model_dump(mode="json") for one in done.changed]
        told |= {"took_effect_at": done.at, "changed": changed}
        say(json.dumps({"exit": 0, "run": str(folder), "state": "running", **told}))
    else:
        say(changed_text(done))


def _watch(folder: Path) -> int:
    is_terminal = sys.stdout.isatty()
    for number, view in enumerate(_views(folder)):
        if is_terminal:
            say(f"{CLEARED}{live_text(view)}")
        else:
            say(("\n" if number else "") + live_text(view))
    _show(folder, as_json=False)
    return 0


def _views(folder: Path) -> Iterator[LiveView]:
    while True:
        try:
            yield look_at(folder)
        except NotRunning:
            return
        time.sleep(SECONDS_BETWEEN_LOOKS)
