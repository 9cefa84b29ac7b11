"""Drives a run from the command line: the event loop, signals, and what is printed at the end."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from sygra_eval.cli.output import ProgressLines, tell
from sygra_eval.engine import Progress, RunSummary, StopSignal
from sygra_eval.report import closing_json, closing_words, terminal_report

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
Drive = Callable[[StopSignal, Callable[[Progress], None]], Awaitable[RunSummary]]


def drive(start: Drive, *, as_json: bool) -> int:
    """Run to the end, print the report, and return the run's exit code."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        summary = runner.run(_with_signals(start))
    if as_json:
        print(closing_json(summary).rstrip("\n"), flush=True)
    else:
        print(terminal_report(summary))
        print(closing_words(summary), end="", flush=True)
    return int(summary.exit_code)


async def _with_signals(start: Drive) -> RunSummary:
    stop = StopSignal()
    with _draining_on_signals(stop):
        return await start(stop, ProgressLines())


@contextlib.contextmanager
def _draining_on_signals(stop: StopSignal) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def on_signal(name: str) -> None:
        if not stop.is_draining:
            tell(f"{name}: calls in flight finish, then files are written; again to stop at once")
        stop.drain(name)

    for name in SIGNALS:
        loop.add_signal_handler(getattr(signal, name), on_signal, name)
    try:
        yield
    finally:
        for name in SIGNALS:
            loop.remove_signal_handler(getattr(signal, name))


def _loop_factory() -> Any:
    """Use uvloop where the user has it: less CPU per call, no other difference."""
    try:
        import uvloop  # optional, and of no use to the verbs that run nothing
    except ImportError:
        return None
    return uvloop.new_event_loop
