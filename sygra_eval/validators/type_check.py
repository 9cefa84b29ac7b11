"""Validator `types`: mypy finds no error in the answer's code.

Nothing of the user's or the answer's own settings counts: no configuration, no cache, no plugin,
and `type: ignore` and `mypy:` comments are made unreadable. Packages beside the standard library
are not looked at and count as `Any`.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from sygra_eval.validators.child import ChildEnded
from sygra_eval.validators.tools import Finding, Tool, ToolConfig, ToolFailed, judge_with, missing
from sygra_eval.values import Candidate, Problem, Scope, ValidatorContext, Verdict

ALWAYS = (
    "--config-file=",
    "--no-incremental",
    "--cache-dir=/dev/null",
    "--no-site-packages",
    "--ignore-missing-imports",
    "--no-error-summary",
    "--output=json",
)
SILENCER = re.compile(r"#(?=[^\S\n]*(?:type[^\S\n]*:[^\S\n]*ignore|mypy[^\S\n]*:))")
NO_ERROR, ERRORS, CANNOT_GO_ON = 0, 1, 2  # mypy's exit codes


class TypesConfig(ToolConfig):
    """Keys of `types`.

    :ivar strict: As `mypy --strict`: functions without annotations are errors too.
    """

    strict: bool = False

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Report that mypy is missing; no key names a column."""
        del scope
        return missing("mypy")


async def types(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when mypy has no error; its notes do not count."""
    config = ctx.validator.config
    assert isinstance(config, TypesConfig)  # noqa: S101 - registered with this model
    tool = Tool(name="mypy", arguments=(*ALWAYS, *(["--strict"] * config.strict)), read=findings)
    if candidate.code is not None:
        candidate = replace(candidate, code=SILENCER.sub("#-", candidate.code))
    return await judge_with(tool, candidate, ctx, config.timeout)


def findings(ended: ChildEnded) -> Iterator[Finding]:
    """Read mypy's lines of JSON; code that does not parse is among them."""
    errors = [
        told for told in map(json.loads, ended.output.splitlines()) if told["severity"] == "error"
    ]
    if ended.exit_code not in {NO_ERROR, ERRORS} and not (
        ended.exit_code == CANNOT_GO_ON and errors
    ):
        raise ToolFailed(f"exit code {ended.exit_code}")
    for told in errors:
        yield Finding(
            rule=told["code"] or "error",
            message=told["message"],
            line=told["line"],
            column=told["column"] + 1,
        )
