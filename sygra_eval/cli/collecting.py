"""`--collect-only`: the ids of the rows that would be run, without a model call."""

import asyncio
import json
from collections.abc import Sequence

from sygra_eval.cli.failures import fail_with
from sygra_eval.cli.output import tell
from sygra_eval.cli.several import Chosen
from sygra_eval.cli.streams import say
from sygra_eval.engine import Collected, RunOptions, collect_suite
from sygra_eval.values import SygraEvalError

_AT_ONCE = 1_000
"""So many ids are written together: a flush each would cost more than reading the row."""


def collect_all(
    suites: Sequence[Chosen], options: RunOptions, *, as_json: bool, quiet: int
) -> list[int]:
    """Print the ids of each suite and how many there are; return an exit code for each."""
    codes: list[int] = []
    selected = deselected = 0
    for suite in suites:
        try:
            found = _collect(suite, options, as_json=as_json, quiet=quiet)
        except SygraEvalError as error:
            codes.append(fail_with(error, as_json=as_json))
            continue
        codes.append(0)
        selected, deselected = selected + found.selected, deselected + found.deselected
        if as_json:
            line = {"suite": found.suite, "exit": 0, "rows": found.selected}
            say(json.dumps({**line, "deselected": found.deselected}))
        elif quiet > 1:
            say(f"{suite}: {found.selected}")
    if not as_json and 0 in codes:
        left = f", {deselected} deselected" if deselected else ""
        noun = "row" if selected == 1 else "rows"
        say(f"{'' if quiet > 1 else chr(10)}{selected} {noun} collected{left}")
    return codes


def _collect(suite: Chosen, options: RunOptions, *, as_json: bool, quiet: int) -> Collected:
    is_shown = not as_json and quiet < 2
    held: list[str] = [] if quiet or not is_shown else [str(suite)]

    def take(row_id: str) -> None:
        if is_shown:
            held.append(row_id if quiet else f"  {row_id}")
            if len(held) >= _AT_ONCE:
                say("\n".join(held))
                held.clear()

    found = asyncio.run(collect_suite(suite.path, suite.of(options), take, tell))
    if held:
        say("\n".join(held))
    return found
