"""Drives a run from the command line: the event loop, signals, and what is printed at the end."""

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from sygra_eval.cli.output import ProgressLines, tell
from sygra_eval.cli.streams import say
from sygra_eval.data import leave_pandas_out
from sygra_eval.engine import DISK_WAIT_S, Progress, RunSummary, StopSignal, run_in_loop
from sygra_eval.report import closing_json, closing_words, exit_line, printable, terminal_report

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
GRACE_S = 30.0
_MOST_GRACE_S = {"SIGTERM": 10.0, "SIGHUP": 10.0}  # who sends these kills soon
grace_option = click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=GRACE_S,
    show_default=True,
    metavar="S",
    help="After Ctrl+C, wait so long for calls in flight; after SIGTERM, 10 s at most.",
)
disk_wait_option = click.option(
    "--disk-wait",
    type=click.FloatRange(min=0),
    default=DISK_WAIT_S,
    show_default=True,
    metavar="S",
    help="Wait so many seconds for room on a full disk, then stop to be resumed.",
)


class _Processes(click.ParamType[int]):
    """A number of processes, or `auto`: as many as there are cores."""

    name = "N|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        if value == "auto":
            return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
        if not (value.isascii() and value.isdigit() and 1 <= int(value) <= MOST_PROCESSES):
            self.fail(f"`{value}` is no number from 1 to {MOST_PROCESSES}, and not `auto`")
        return int(value)


MOST_PROCESSES = 64


def procs_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what says where the rows are settled."""
    command = click.option(
        "--executor",
        metavar="NAME",
        help="Settle rows by a plugin's executor; local and procs come with us.",
    )(command)
    return click.option(
        "--procs",
        "processes",
        type=_Processes(),
        default=1,
        show_default=True,
        metavar="N|auto",
        help="Settle rows in so many processes; the files are the same. auto: one a core.",
    )(command)


_T = TypeVar("_T")
Drive = Callable[[StopSignal, Callable[[Progress], None]], Awaitable[RunSummary]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verbosity:
    """How often `-q` and `-v` were given."""

    quiet: int = 0
    verbose: int = 0

    @property
    def is_quiet(self) -> bool:
        """Whether the closing lines are enough."""
        return self.quiet > self.verbose

    def progress(self) -> Callable[[Progress], None]:
        """Return what shows how far a run is."""
        if self.is_quiet:
            return lambda progress: None
        return ProgressLines(has_every_row=self.verbose > self.quiet)


AS_USUAL = Verbosity()


def drive(
    start: Drive, *, as_json: bool, grace_s: float = GRACE_S, shown: Verbosity = AS_USUAL
) -> RunSummary:
    """Run to the end and print the report; the run's exit code is in what is returned."""
    summary = run_with_signals(start, grace_s=grace_s, show=shown.progress())
    if as_json:
        say(closing_json(summary).rstrip("\n"))
    elif shown.is_quiet:
        say(f"{closing_words(summary).splitlines()[0]}\n{printable(exit_line(summary))}")
    else:
        say(terminal_report(summary))
        say(closing_words(summary, program=_program()).rstrip("\n"))
    return summary


def run_with_signals(
    start: Callable[..., Awaitable[_T]],
    *,
    grace_s: float = GRACE_S,
    show: Callable[[Progress], None] | None = None,
) -> _T:
    """Run to the end; a signal drains the run."""
    leave_pandas_out()
    return run_in_loop(_with_signals(start, grace_s, show or ProgressLines()))


async def _with_signals(
    start: Callable[..., Awaitable[_T]], grace_s: float, show: Callable[[Progress], None]
) -> _T:
    stop = StopSignal()
    with _draining_on_signals(stop, grace_s):
        return await start(stop, show)


@contextlib.contextmanager
def _draining_on_signals(stop: StopSignal, grace_s: float) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    timers: list[asyncio.TimerHandle] = []

    def on_signal(name: str) -> None:
        if not stop.is_draining:
            within_s = min(grace_s, _MOST_GRACE_S.get(name, grace_s))
            tell(
                f"{name}: calls in flight finish, for {within_s:g} s at most, then files are "
                "written; again to stop at once"
            )
            timers.append(loop.call_later(within_s, stop.drain, name))
        stop.drain(name)

    for name in SIGNALS:
        loop.add_signal_handler(getattr(signal, name), on_signal, name)
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
        for name in SIGNALS:
            loop.remove_signal_handler(getattr(signal, name))


def _program() -> str:
    """How the user can call this command again: its name if that is on PATH, else its place."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m sygra_eval"
    on_path = shutil.which(called.name)
    if on_path is not None and called.exists() and Path(on_path).samefile(called):
        return called.name
    return shlex.quote(str(called))
