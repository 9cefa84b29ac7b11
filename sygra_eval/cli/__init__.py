"""The command `sygra-eval`: one file per verb, loaded when it is used.

A verb parses, calls the library and prints; it holds no logic. `main` is the boundary at which any
exception becomes an exit code with a sentence that says what happened and what to do.
"""

import importlib
import json
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import click

VERBS = ("run", "resume", "check", "show", "plugins", "schema")
_EXIT_INTERRUPTED, _EXIT_INTERNAL, _EXIT_USAGE = 2, 3, 4

_EPILOG = (
    "Exit codes: 0 gates passed, 1 a gate failed or nothing was verified, 2 interrupted, "
    "3 internal error, 4 usage, suite or plugin error (nothing spent), 5 nothing selected, "
    "7 incomplete (resumable)."
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
    "show": "Show one row of a run: drafts, evidence, critique, verdicts.",
    "plugins": "List what is loaded, from where, and what it adds.",
    "schema": "Print the JSON Schema of a suite.",
}


@click.group(cls=_LazyGroup, epilog=_EPILOG)
@click.version_option(package_name="sygra-eval")
def commands() -> None:
    """Verify synthetic data as pytest verifies code: suites in, verified rows and a report out."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with the code of design.md section 6."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(_exit_code(given))


def _exit_code(arguments: list[str]) -> int:
    try:
        code: Any = commands.main(args=arguments, prog_name="sygra-eval", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _fail(arguments, _EXIT_INTERRUPTED, "interrupted")
    except click.ClickException as error:
        error.show(sys.stderr)
        return _fail(arguments, _EXIT_USAGE, error.format_message(), is_shown=True)
    except BrokenPipeError:
        sys.stderr.close()  # nobody reads; the interpreter must not complain at its exit
        return _EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the boundary of the command line
        return _from_exception(arguments, error)
    return code if isinstance(code, int) else 0


def _from_exception(arguments: list[str], error: Exception) -> int:
    # Imported here, as a verb that raised one of these has loaded them already.
    from sygra_eval.cli.output import print_diagnostics
    from sygra_eval.values import InfrastructureError, SygraEvalError, UsageError

    if isinstance(error, UsageError):
        print_diagnostics(error.diagnostics)
        code = getattr(error, "exit_code", _EXIT_USAGE)
        return _fail(arguments, code, str(error))
    if isinstance(error, InfrastructureError | SygraEvalError):
        return _fail(arguments, 7, str(error))
    traceback.print_exception(error, file=sys.stderr)
    return _fail(
        arguments,
        _EXIT_INTERNAL,
        f"internal error, please report it with the lines above: {type(error).__name__}: {error}",
    )


def _fail(arguments: list[str], code: int, message: str, *, is_shown: bool = False) -> int:
    """Say why on standard error and, where asked for data, in one line of JSON."""
    if not is_shown:
        print(f"sygra-eval: {message}", file=sys.stderr)
    if "--json" in arguments:
        print(json.dumps({"exit": code, "error": message}))
    return code
