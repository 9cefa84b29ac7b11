"""How a verb fails: a sentence on standard error, under `--json` one line, and an exit code."""

import json
import traceback

from sygra_eval.cli.streams import complain, say
from sygra_eval.values import SygraEvalError, UsageError

INTERRUPTED, INTERNAL, USAGE, INCOMPLETE = 2, 3, 4, 7


def fail_with(error: Exception, *, as_json: bool) -> int:
    """Say what an exception means for the user and return its exit code."""
    if isinstance(error, UsageError):
        if error.diagnostics:
            from sygra_eval.cli.output import print_diagnostics  # heavy; `--help` has no use for it

            print_diagnostics(error.diagnostics)
        return fail(int(getattr(error, "exit_code", USAGE)), str(error), as_json=as_json)
    if isinstance(error, SygraEvalError):
        return fail(INCOMPLETE, str(error), as_json=as_json)
    complain("".join(traceback.format_exception(error)).rstrip("\n"))
    what = f"{type(error).__name__}: {error}"
    said = f"internal error, please report it with the lines above: {what}"
    return fail(INTERNAL, said, as_json=as_json)


def fail(code: int, message: str, *, as_json: bool) -> int:
    """Say why, and return the exit code."""
    complain(f"sygra-eval: {message}")
    if as_json:
        say_failure(code, message)
    return code


def say_failure(code: int, message: str) -> None:
    """End standard output with the line that a program reads."""
    say(json.dumps({"exit": code, "error": message}))
