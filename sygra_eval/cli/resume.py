"""`sygra-eval resume RUN`."""

from functools import partial
from pathlib import Path

import click

from sygra_eval.cli.budgets import BudgetParameter, budget_of
from sygra_eval.cli.driving import disk_wait_option, drive, grace_option, procs_option
from sygra_eval.cli.estimating import agrees
from sygra_eval.cli.output import tell
from sygra_eval.cli.places import run_folder
from sygra_eval.cli.tasks import close_sessions, ready_to_go_on
from sygra_eval.cli.trusting import remember
from sygra_eval.engine import (
    PlanChange,
    RunOptions,
    RunSummary,
    StopSignal,
    resume_run,
    suite_folder_of,
)
from sygra_eval.engine.progress import ShowProgress

QUESTION = "go on with the changed plan? [y/N] "


@click.command("resume")
@click.argument("run")
@click.option("-p", "plugins", multiple=True, metavar="NAME|PATH", help="As the run was given it.")
@click.option("--trust", is_flag=True, help="Import the plugins/ folders found; remembered.")
@click.option("--unsafe-no-sandbox", is_flag=True, help="As the run was given it.")
@click.option("--no-retry-failed", is_flag=True, help="Leave rows that failed as they are.")
@click.option(
    "--budget",
    "budget",
    multiple=True,
    type=BudgetParameter(),
    metavar="USD|NAME=N",
    help="Over all starts; NAME is usd, tokens, calls or time (s). As for `run` else.",
)
@click.option(
    "--suite",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="PATH",
    help="Go on with this suite as it is now; unchanged calls are reused.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Take more rows: N.", metavar="N")
@click.option(
    "--accept-plan-change",
    is_flag=True,
    help="Go on with a changed suite or input without being asked.",
)
@procs_option
@disk_wait_option
@grace_option
@click.option("--json", "as_json", is_flag=True, help="End standard output with one JSON line.")
def command(
    run: str,
    plugins: tuple[str, ...],
    trust: bool,
    unsafe_no_sandbox: bool,
    no_retry_failed: bool,
    budget: tuple[tuple[str, float | int], ...],
    suite: Path | None,
    limit: int | None,
    accept_plan_change: bool,
    processes: int,
    executor: str | None,
    disk_wait: float,
    grace: float,
    as_json: bool,
) -> int:
    """Go on with a run that was stopped or killed; no answered call is sent again.

    RUN is a run folder's path or SUITE/RUN below reports/. A finished run calls nothing and
    repeats its closing line and exit code.

    The suite is the run's own copy, unless --suite names a changed one. Where suite or input have
    changed, it is said what that means before anything is spent, and asked.
    """
    folder = run_folder(run)
    home = suite_folder_of(folder) if suite is None else suite.absolute().parent
    if trust:
        remember(home)
    ready_to_go_on(folder, home, is_trusted=trust)
    options = RunOptions(
        plugins=plugins,
        is_trusted=trust,
        accepts_no_sandbox=unsafe_no_sandbox,
        budget=budget_of(budget),
        disk_wait_s=disk_wait,
        processes=processes,
        executor=executor,
    )
    change = PlanChange(
        suite=suite, limit=limit, goes_on=partial(_goes_on, is_answered=accept_plan_change)
    )
    start = partial(_resume, folder, options, not no_retry_failed, change)
    try:
        return int(drive(start, as_json=as_json, grace_s=grace).exit_code)
    finally:
        close_sessions()


async def _resume(
    folder: Path,
    options: RunOptions,
    retries_failed: bool,
    change: PlanChange,
    stop: StopSignal,
    show: ShowProgress,
) -> RunSummary:
    return await resume_run(
        folder,
        options,
        retries_failed=retries_failed,
        show=show,
        tell=tell,
        stop=stop,
        change=change,
    )


async def _goes_on(*, is_answered: bool) -> bool:
    return is_answered or await agrees(QUESTION)
