"""`sygra-eval compare A B`."""

import asyncio
import json
from pathlib import Path

import click

from sygra_eval.cli.places import run_folder
from sygra_eval.cli.streams import say
from sygra_eval.cli.trusting import remember
from sygra_eval.engine import Compared, ExitCode, compare_two, suite_folder_of
from sygra_eval.quality import Rules
from sygra_eval.report import comparison_json, comparison_markdown, comparison_text

FORMATS = {"text": comparison_text, "markdown": comparison_markdown}


@click.command("compare")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option(
    "--metrics",
    multiple=True,
    metavar="A,B",
    help="Only these; NAME:higher or NAME:lower says which way is better.",
)
@click.option("--on", default="id", show_default=True, help="Data files: what names a row.")
@click.option(
    "--input", "inputs", multiple=True, metavar="COLUMN", help="Data files: a row's input."
)
@click.option(
    "--margin",
    type=click.FloatRange(min=0),
    default=0.02,
    show_default=True,
    help="A change that certainly lies inside is none.",
)
@click.option(
    "--max-drop",
    type=click.FloatRange(min=0),
    help="A change for the worse that may be larger is a regression too.",
)
@click.option("--fail-on-regression", is_flag=True, help="End with 1 when something is worse.")
@click.option(
    "--as",
    "form",
    type=click.Choice(sorted(FORMATS)),
    default="text",
    show_default=True,
    help="What to print.",
)
@click.option("-p", "plugins", multiple=True, metavar="NAME|PATH", help="Load a plugin too.")
@click.option("--trust", is_flag=True, help="Import the plugins/ folders found; remembered.")
@click.option("--json", "as_json", is_flag=True, help="End standard output with one JSON line.")
def command(
    before: str,
    after: str,
    metrics: tuple[str, ...],
    on: str,
    inputs: tuple[str, ...],
    margin: float,
    max_drop: float | None,
    fail_on_regression: bool,
    form: str,
    plugins: tuple[str, ...],
    trust: bool,
    as_json: bool,
) -> int:
    """Compare two runs row by row: better, worse, equivalent or no evidence.

    A and B are run folders or SUITE/RUN below reports/, baseline files that `bless` wrote, or data
    files whose rows have an id. Rows are matched by id; a row whose input changed is compared
    nowhere. Pass and fail are tested by McNemar's mid-p, scores by a permutation test, and p is
    corrected for the number of metrics. Exit codes: 0 compared, 1 a regression with
    --fail-on-regression, 4 they cannot be compared, 5 no row stands on both sides.
    """
    places = _place(before), _place(after)
    if trust:
        for place in places:
            if place.is_dir():
                remember(suite_folder_of(place))
    names = tuple(name for one in metrics for name in one.split(",") if name.strip())
    asked = Compared(
        metrics=names,
        on=on,
        inputs=inputs,
        rules=Rules(margin=margin, max_drop=max_drop),
        plugins=plugins,
        is_trusted=trust,
    )
    found = asyncio.run(compare_two(*places, asked))
    is_failed = fail_on_regression and bool(found.regressions)
    code = ExitCode.GATE_FAILED if is_failed else ExitCode.PASSED
    if as_json:
        say(json.dumps(comparison_json(found, exit_code=int(code))))
    else:
        say(FORMATS[form](found).rstrip("\n"))
    return int(code)


def _place(given: str) -> Path:
    """Return a file as it stands, and a run by its folder or by SUITE/RUN."""
    return Path(given) if Path(given).is_file() else run_folder(given)
