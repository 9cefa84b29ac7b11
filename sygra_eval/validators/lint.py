"""Validator `lint`: ruff finds nothing in the answer's code under the suite's rules.

Nothing of the user's or the answer's own settings counts: the configuration is isolated and
`noqa` comments are ignored.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import Field, StringConstraints

from sygra_eval.validators.child import ChildEnded
from sygra_eval.validators.tools import Finding, Tool, ToolConfig, ToolFailed, judge_with, missing
from sygra_eval.values import Candidate, Problem, Scope, ValidatorContext, Verdict

Rule = Annotated[str, StringConstraints(pattern=r"^[A-Z]+[0-9]*$", max_length=12)]
ALWAYS = ("--isolated", "--no-cache", "--no-fix", "--ignore-noqa", "--output-format=json")
FOUND_NOTHING, FOUND_SOMETHING = 0, 1


class LintConfig(ToolConfig):
    """Keys of `lint`.

    :ivar select: Ruff's rules or their beginnings, as `E9` or `F821`. The default takes what is
        wrong wherever it stands; code that does not parse is always a finding.
    """

    select: tuple[Rule, ...] = Field(default=("E9", "F63", "F7", "F82"), min_length=1)

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Report that ruff is missing; no key names a column."""
        del scope
        return missing("ruff")


async def lint(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when ruff has no finding."""
    config = ctx.validator.config
    assert isinstance(config, LintConfig)  # noqa: S101 - registered with this model
    arguments = ("check", *ALWAYS, f"--select={','.join(config.select)}")
    tool = Tool(name="ruff", arguments=arguments, read=findings)
    return await judge_with(tool, candidate, ctx, config.timeout)


def findings(ended: ChildEnded) -> Iterator[Finding]:
    """Read ruff's JSON."""
    if ended.exit_code not in {FOUND_NOTHING, FOUND_SOMETHING}:
        raise ToolFailed(f"exit code {ended.exit_code}")
    for found in json.loads(ended.output):
        yield Finding(
            rule=found["code"] or "invalid-syntax",
            message=found["message"],
            line=found["location"]["row"],
            column=found["location"]["column"],
        )
