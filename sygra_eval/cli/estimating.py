"""`--estimate`: shows what a run will take and asks whether to go on, where somebody can answer."""

import asyncio
import sys
from functools import partial

from sygra_eval.cli.streams import complain
from sygra_eval.engine import CostEstimate, EstimateFirst
from sygra_eval.report import estimate_text

QUESTION = "go on with all rows? [y/N] "
_YES = ("y", "yes")


def estimate_first(rows: int, *, is_answered: bool) -> EstimateFirst:
    """Return what the engine is asked for; with `is_answered` nobody is asked, and it goes on."""
    return EstimateFirst(rows=rows, show=_show, goes_on=partial(_goes_on, is_answered))


def _show(estimate: CostEstimate) -> None:
    complain(estimate_text(estimate).rstrip("\n"))


async def _goes_on(is_answered: bool) -> bool:
    note = "note: no terminal to ask at, so the run stops here; `--yes` goes on unasked"
    return is_answered or await agrees(QUESTION, unasked=note)


async def agrees(question: str, *, unasked: str = "") -> bool:
    """Ask at the terminal; where there is none, say `unasked`, and nobody agrees."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        if unasked:
            complain(unasked)
        return False
    try:
        sys.stderr.write(question)
        sys.stderr.flush()
        said = await _line()
    except OSError:  # the terminal has gone, and nobody says yes any more
        return False
    return said.strip().casefold() in _YES


async def _line() -> str:
    """Read a line without holding up the loop, so that a signal is still obeyed."""
    loop, stdin = asyncio.get_running_loop(), sys.stdin.fileno()
    is_there = asyncio.Event()
    loop.add_reader(stdin, is_there.set)
    try:
        await is_there.wait()
        return sys.stdin.readline()
    finally:
        loop.remove_reader(stdin)
