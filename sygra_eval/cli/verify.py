"""`sygra-eval verify RUN` and `sygra-eval verify --truth FILE`."""

import asyncio
import json
from pathlib import Path
from typing import Any

import click

from sygra_eval.cli.places import run_folder
from sygra_eval.cli.streams import complain, say
from sygra_eval.cli.trusting import remember
from sygra_eval.engine import DEFAULT_VALIDATORS, RunOptions, measure_truth, recheck
from sygra_eval.report import (
    claims_by_query,
    complaint_line,
    recheck_json,
    recheck_text,
    truth_json,
    truth_text,
)


class SampleParameter(click.ParamType[int | None]):
    """Reads how many rows are meant, or `all`."""

    name = "sample"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | None:
        """Return the number; None for all."""
        if value == "all":
            return None
        if not str(value).isdecimal():
            self.fail(f"`{value}` is neither a number of rows nor `all`", param, ctx)
        return int(value)


@click.command("verify")
@click.argument("run", required=False)
@click.option(
    "--truth",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Measure validators on answers that are known to be right or wrong.",
)
@click.option(
    "--validators",
    default=",".join(DEFAULT_VALIDATORS),
    show_default=True,
    metavar="A,B",
    help="With --truth: the stack to measure.",
)
@click.option(
    "--sample",
    type=SampleParameter(),
    default="20",
    show_default=True,
    metavar="N|all",
    help="With RUN: judge so many verified rows again.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="S",
    help="With RUN: draw the rows that another check drew; by default by chance, and printed.",
)
@click.option("-p", "plugins", multiple=True, metavar="NAME|PATH", help="Load a plugin too.")
@click.option("--trust", is_flag=True, help="Import the plugins/ folders found; remembered.")
@click.option("--unsafe-no-sandbox", is_flag=True, help="Run the code without isolation.")
@click.option("--json", "as_json", is_flag=True, help="End standard output with one JSON line.")
def command(
    run: str | None,
    truth: Path | None,
    validators: str,
    sample: int | None,
    seed: int | None,
    plugins: tuple[str, ...],
    trust: bool,
    unsafe_no_sandbox: bool,
    as_json: bool,
) -> int:
    """Check a run's claims, or measure how often validators err.

    RUN is a run folder's path or SUITE/RUN below reports/, or a copy of one, with or without its
    journal: the checksums of its files are computed anew, its rows compared with its journal, the
    figures of its report counted again, and some verified rows judged again. Exit codes: 0 it
    holds, 1 a claim fails or a file changed, 4 not a run, 7 not decidable here.

    FILE has a row a line: task_id, prompt, entry_point, test, reference, code, and label, which is
    right or wrong. It is judged by each validator, and by all of them as a stack.
    """
    if (run is None) == (truth is None):
        raise click.UsageError("say either RUN or --truth FILE")
    options = RunOptions(plugins=plugins, is_trusted=trust, accepts_no_sandbox=unsafe_no_sandbox)
    if truth is not None:
        return _measure(truth, validators, options, as_json=as_json)
    folder = run_folder(str(run), holding=("journal.db", "manifest.json"))
    if trust:
        remember(folder)
    found = asyncio.run(
        recheck(folder, options, sample=sample, seed=seed, by_query=claims_by_query)
    )
    say(json.dumps(recheck_json(found)) if as_json else recheck_text(found).rstrip("\n"))
    return int(found.exit_code)


def _measure(truth: Path, validators: str, options: RunOptions, *, as_json: bool) -> int:
    if options.is_trusted:
        remember(truth.absolute().parent)
    names = [name.strip() for name in validators.split(",") if name.strip()]
    report = asyncio.run(measure_truth(truth, validators=names, options=options))
    if as_json:
        for complaint in report.complaints:
            complain(complaint_line(complaint))
        say(json.dumps(truth_json(report)))
    else:
        say(truth_text(report).rstrip("\n"))
    return int(report.exit_code)
