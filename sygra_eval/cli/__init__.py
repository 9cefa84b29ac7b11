"""The command `sygra-eval`: one file per verb, loaded when it is used.

A verb parses, calls the library and prints; it holds no logic. `main` is the boundary at which any
exception becomes an exit code with a sentence that says what happened and what to do.
"""

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

from sygra_eval.cli.failures import INTERNAL, INTERRUPTED, USAGE, fail, fail_with, say_failure
from sygra_eval.cli.keys import take_keys
from sygra_eval.cli.streams import settle_streams, silence

VERBS = (
    "run",
    "resume",
    "check",
    "report",
    "show",
    "diff",
    "grep",
    "ledger",
    "compare",
    "bless",
    "score",
    "verify",
    "runs",
    "models",
    "plugins",
    "schema",
    "doctor",
    "sandbox",
    "studio",
    "sygra",
)

_EPILOG = (
    "Exit codes: 0 gates passed, 1 a gate failed or nothing was verified, 2 interrupted, "
    "3 internal error, 4 usage, suite or plugin error (nothing spent), 5 nothing selected, "
    "6 warnings under --strict, 7 incomplete (resumable)."
)


class _LazyGroup(click.Group):
    """Imports a verb's module only when that verb is used, so that `--help` stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in VERBS:
            return None
        if sys.platform == "win32":
            raise click.ClickException(
                "this needs Linux, for the files of a run are locked and code is isolated in its "
                "ways; on Windows take WSL, a virtual machine or a container"
            )
        command: click.Command = importlib.import_module(f"sygra_eval.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_SUMMARIES.items()))


_SUMMARIES = {
    "run": "Generate rows, judge them, write the verified data set and its report.",
    "resume": "Go on with a run that was stopped or killed; nothing is paid twice.",
    "check": "Say what is wrong with a suite, by file, line and column.",
    "show": "Show one row of a run, or list those for which a condition holds.",
    "diff": "Show what changed in a row: between rounds, or between two runs.",
    "grep": "Find a pattern in the texts of a run's rows.",
    "report": "Show a run in one of many views: terminal, Markdown, JSON and more.",
    "ledger": "Say of every row of the input where it ended and why; check all sums.",
    "compare": "Compare two runs row by row: better, worse, equivalent or no evidence.",
    "bless": "Make a run the baseline that its suite is compared with.",
    "score": "Judge a run's candidates again, by changed validators; no model is asked.",
    "verify": "Check a run's claims, or measure how often validators err.",
    "runs": "List runs, watch one that goes, give it other limits meanwhile.",
    "models": "List a suite's models, or test one step by step.",
    "plugins": "List what is loaded, from where, and what it adds.",
    "schema": "Print the JSON Schema of a suite.",
    "doctor": "Say what isolation this host grants, what is missing, how to get it.",
    "sandbox": "Run one Python file as an answer's code is run.",
    "studio": "Watch and judge runs in the browser, and start them.",
    "sygra": "Check tasks of SyGra, write the rows of a run as SyGra does.",
}


@click.group(cls=_LazyGroup, epilog=_EPILOG)
@click.version_option(package_name="sygra-eval")
def commands() -> None:
    """Verify synthetic data as pytest verifies code: suites in, verified rows and a report out."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with the code of design.md section 6."""
    settle_streams()
    take_keys()
    sys.exit(_exit_code(list(sys.argv[1:] if arguments is None else arguments)))


def _exit_code(arguments: list[str]) -> int:
    as_json, stdout = "--json" in arguments, sys.stdout
    try:
        code: Any = commands.main(args=arguments, prog_name="sygra-eval", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        return fail(INTERRUPTED, "interrupted", as_json=as_json)
    except click.ClickException as error:
        return _misused(error, as_json=as_json)
    except SystemExit as stop:
        if sys.stdout is not stdout:  # click's way where nobody reads its help
            return 0
        said = f"a plugin called sys.exit({stop.code!r})"
        return fail(INTERNAL, said, as_json=as_json)
    except Exception as error:  # noqa: BLE001 - the boundary of the command line
        return fail_with(error, as_json=as_json)
    return code if isinstance(code, int) else 0


def _misused(error: click.ClickException, *, as_json: bool) -> int:
    try:
        error.show(sys.stderr)
    except BrokenPipeError:
        silence(sys.stderr)
    if as_json:
        say_failure(USAGE, error.format_message())
    return USAGE
