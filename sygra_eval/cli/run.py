"""`sygra-eval run SUITE...`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from sygra_eval.cli.budgets import BudgetParameter, budget_of
from sygra_eval.cli.choosing import choosing_options, chosen_by
from sygra_eval.cli.collecting import collect_all
from sygra_eval.cli.configured import ConfiguredCommand
from sygra_eval.cli.driving import Verbosity, disk_wait_option, grace_option, procs_option
from sygra_eval.cli.estimating import estimate_first
from sygra_eval.cli.several import Chosen, run_all
from sygra_eval.cli.streams import say
from sygra_eval.cli.tasks import (
    chosen_suites,
    close_sessions,
    shim_option,
    sygra_output_option,
    task_of,
    written,
)
from sygra_eval.cli.trusting import remember
from sygra_eval.engine import ExitCode, RunOptions, Selection
from sygra_eval.journal import Durability
from sygra_eval.quality import FEWEST_ROWS
from sygra_eval.suite import did_you_mean
from sygra_eval.sygra import Read

WORST_FIRST = (3, 4, 2, 7, 1, 6, 5, 0)


@click.command("run", cls=ConfiguredCommand)
@click.argument("suites", nargs=-1, required=True, metavar="SUITE...")
@choosing_options
@click.option(
    "--collect-only",
    "--co",
    "collects_only",
    is_flag=True,
    help="List the ids of the rows and run none; -q: one a line, -qq: how many.",
)
@click.option("-q", "--quiet", count=True, help="Print the closing lines only.")
@click.option("-v", "--verbose", count=True, help="Print a line for every row.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports"),
    show_default=True,
    help="Where run folders go.",
)
@click.option("--name", metavar="RUN", help="The run's name; by default made from the time.")
@click.option("--variant", metavar="NAME", help="Only this variant of a suite with a matrix.")
@click.option(
    "--cache",
    type=click.Choice(["off", "read", "read-write"]),
    help="Answers of earlier runs, in place of what the suite says.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME=WHAT",
    help="Replace a model of the suite: `embedded`, a PATH.gguf, or URL#MODEL.",
)
@click.option("-p", "plugins", multiple=True, metavar="NAME|PATH", help="Load a plugin too.")
@click.option("--trust", is_flag=True, help="Import the plugins/ folders found; remembered.")
@click.option(
    "--unsafe-no-sandbox",
    is_flag=True,
    help="Run generated code without isolation. Never a fallback; shown in every verdict.",
)
@click.option(
    "--budget",
    "budget",
    multiple=True,
    type=BudgetParameter(),
    metavar="USD|NAME=N",
    help="Send no more calls once this much is spent; NAME is usd, tokens, calls or time (s).",
)
@click.option(
    "--estimate",
    type=click.IntRange(min=FEWEST_ROWS),
    metavar="N",
    help="Run N rows first, say what all will cost, and ask before going on; else exit 7.",
)
@click.option("--yes", is_flag=True, help="Go on after the estimate without being asked.")
@click.option(
    "--strict-model", is_flag=True, help="Take no answer of another model than the one asked."
)
@click.option(
    "--target-verified",
    type=click.IntRange(min=1),
    metavar="N",
    help="End with exactly N verified rows, the first of the input.",
)
@click.option(
    "--max-candidates",
    type=click.IntRange(min=1),
    metavar="M",
    help="Try at most M rows for --target-verified.",
)
@click.option(
    "--durability",
    type=click.Choice([one.value for one in Durability]),
    default=Durability.NORMAL.value,
    show_default=True,
    help="full: every answer survives a power loss too, not only a killed process.",
)
@shim_option
@sygra_output_option
@procs_option
@disk_wait_option
@grace_option
@click.option("--json", "as_json", is_flag=True, help="End standard output with one JSON line.")
def command(
    suites: tuple[str, ...],
    collects_only: bool,
    quiet: int,
    verbose: int,
    out: Path,
    name: str | None,
    variant: str | None,
    cache: str | None,
    models: tuple[str, ...],
    plugins: tuple[str, ...],
    trust: bool,
    unsafe_no_sandbox: bool,
    budget: tuple[tuple[str, float | int], ...],
    estimate: int | None,
    yes: bool,
    strict_model: bool,
    target_verified: int | None,
    max_candidates: int | None,
    durability: str,
    shim: str,
    sygra_output: Path | None,
    processes: int,
    executor: str | None,
    disk_wait: float,
    grace: float,
    as_json: bool,
    **choosing: Any,
) -> int:
    """Generate rows, judge them, and write the verified data set and its report."""
    if trust:
        for suite in suites:
            if task_of(suite) is None:
                remember(Path(suite).absolute().parent)
    options = RunOptions(
        out=out,
        name=_run_name(name),
        cache=cache,
        models=dict(_model(given) for given in models),
        plugins=plugins,
        is_trusted=trust,
        accepts_no_sandbox=unsafe_no_sandbox,
        budget=budget_of(budget),
        disk_wait_s=disk_wait,
        strict_model=strict_model,
        target_verified=target_verified,
        max_candidates=max_candidates,
        durability=Durability(durability),
        processes=processes,
        executor=executor,
    )
    options = chosen_by(options, choosing)
    try:
        chosen = list(chosen_suites(suites, options, shim))
        chosen = _of_variant(chosen, variant)
        paths = [one for one, _ in chosen]
        if collects_only:
            return _worst_of(collect_all(paths, options, as_json=as_json, quiet=quiet), options)
        first = None if estimate is None else estimate_first(estimate, is_answered=yes)
        shown = Verbosity(quiet=quiet, verbose=verbose)
        ended = run_all(paths, options, first, as_json=as_json, grace_s=grace, shown=shown)
        codes = [
            one.code if read is None else written(one, read, sygra_output, shim)
            for one, (_, read) in zip(ended, chosen, strict=True)
        ]
    finally:
        close_sessions()
    if len(paths) > 1 and not as_json:
        for one in ended:
            say(one.told)
    return _worst_of(codes, options)


def worst(codes: Iterable[int]) -> int:
    """Return the code of several runs: the one that most needs to be looked at."""
    return min(codes, key=WORST_FIRST.index)


def _worst_of(codes: list[int], options: RunOptions) -> int:
    """Return the code of all suites; one of which nothing is selected needs no look then."""
    empty = int(ExitCode.NOTHING_SELECTED)
    is_chosen = options.selection != Selection()
    others = [code for code in codes if code != empty] if is_chosen else codes
    return worst(others or codes)


def _run_name(name: str | None) -> str | None:
    """Refuse a name that is no folder's."""
    if name is not None and (name in {"", ".", ".."} or {"/", "\0"} & set(name)):
        raise click.BadParameter(f"`{name}` is no name of a folder", param_hint="--name")
    return name


def _of_variant(
    chosen: list[tuple[Chosen, Read | None]], variant: str | None
) -> list[tuple[Chosen, Read | None]]:
    """Return the suites of one variant, where one is named."""
    if variant is None:
        return chosen
    of_it = [one for one in chosen if one[0].variant == variant]
    if not of_it:
        known = [one.variant for one, _ in chosen if one.variant is not None]
        advice = did_you_mean(variant, known) if known else "no suite here has a `matrix`"
        raise click.BadParameter(
            f"there is no variant `{variant}`; {advice}", param_hint="--variant"
        )
    return of_it


def _model(given: str) -> tuple[str, str]:
    name, separator, what = given.partition("=")
    if not (name and separator and what):
        raise click.BadParameter(f"`{given}` is not NAME=WHAT", param_hint="--model")
    return name, what
