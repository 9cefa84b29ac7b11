"""`sygra-eval score RUN`."""

import json
from functools import partial
from pathlib import Path

import click

from sygra_eval.cli.driving import disk_wait_option, grace_option, run_with_signals
from sygra_eval.cli.output import tell
from sygra_eval.cli.places import run_folder
from sygra_eval.cli.streams import say
from sygra_eval.cli.trusting import remember
from sygra_eval.engine import RunOptions, Scored, StopSignal, score, suite_folder_of
from sygra_eval.engine.progress import ShowProgress
from sygra_eval.report import closing_words, scored_json, scored_text, terminal_report


@click.command("score")
@click.argument("run")
@click.option(
    "--suite",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="PATH",
    help="Whose validators judge. [default: the run's, as its file is now]",
)
@click.option("--variant", metavar="NAME", help="Of a suite with a matrix. [default: the run's]")
@click.option("--validators", multiple=True, metavar="A,B", help="Only these of them.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N rows.", metavar="N")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports"),
    show_default=True,
    help="Where run folders go.",
)
@click.option("-p", "plugins", multiple=True, metavar="NAME|PATH", help="Load a plugin too.")
@click.option("--trust", is_flag=True, help="Import the plugins/ folders found; remembered.")
@click.option("--unsafe-no-sandbox", is_flag=True, help="Run code without isolation.")
@disk_wait_option
@grace_option
@click.option("--json", "as_json", is_flag=True, help="End standard output with one JSON line.")
def command(
    run: str,
    suite: Path | None,
    variant: str | None,
    validators: tuple[str, ...],
    limit: int | None,
    out: Path,
    plugins: tuple[str, ...],
    trust: bool,
    unsafe_no_sandbox: bool,
    disk_wait: float,
    grace: float,
    as_json: bool,
) -> int:
    """Judge a run's candidates again, by changed validators; no model is asked.

    RUN is a run folder, SUITE/RUN below reports/, or with --suite a data file. Verified, rejected
    and failed rows are judged anew in the sandbox, and a new run is written: the old one stays as
    it is. The verdicts that flipped are printed with McNemar's mid-p. A validator that asks a model
    is answered from the run's journal; what is not there is an error, never a guess.
    """
    place = Path(run) if Path(run).is_file() else run_folder(run)
    if trust:
        remember(suite.absolute().parent if suite is not None else suite_folder_of(place))
    options = RunOptions(
        out=out,
        limit=limit,
        variant=variant,
        plugins=plugins,
        is_trusted=trust,
        accepts_no_sandbox=unsafe_no_sandbox,
        disk_wait_s=disk_wait,
    )
    names = tuple(name.strip() for one in validators for name in one.split(",") if name.strip())
    found = run_with_signals(partial(_start, place, options, suite, names), grace_s=grace)
    if as_json:
        say(json.dumps(scored_json(found)))
    else:
        say(terminal_report(found.summary))
        say(scored_text(found).rstrip("\n"))
        say(closing_words(found.summary).rstrip("\n"))
    return int(found.summary.exit_code)


async def _start(
    place: Path,
    options: RunOptions,
    suite: Path | None,
    names: tuple[str, ...],
    stop: StopSignal,
    show: ShowProgress,
) -> Scored:
    return await score(
        place, options, suite=suite, validators=names, show=show, tell=tell, stop=stop
    )
