"""Validator `security`: bandit finds nothing of a severity in the answer's code.

It knows patterns and no meaning: a pass is no proof of safety, a finding no proof of danger.
`nosec` comments are ignored.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from pydantic import StringConstraints

from sygra_eval.validators.child import ChildEnded
from sygra_eval.validators.tools import Finding, Tool, ToolConfig, ToolFailed, judge_with, missing
from sygra_eval.values import Candidate, Problem, Scope, ValidatorContext, Verdict

Level = Literal["low", "medium", "high"]
Test = Annotated[str, StringConstraints(pattern=r"^B[0-9]{3}$")]
NO_SYNTAX = "syntax error"


class SecurityConfig(ToolConfig):
    """Keys of `security`.

    :ivar severity: The least severity that fails, as bandit rates it.
    :ivar confidence: The least confidence of bandit in a finding for it to count.
    :ivar skip: Bandit's tests to leave out, as `B101`.
    """

    severity: Level = "medium"
    confidence: Level = "low"
    skip: tuple[Test, ...] = ()

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Report that bandit is missing; no key names a column."""
        del scope
        return missing("bandit")


async def security(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when bandit has no finding."""
    config = ctx.validator.config
    assert isinstance(config, SecurityConfig)  # noqa: S101 - registered with this model
    arguments = (
        "--quiet",
        "--format=json",
        "--ignore-nosec",
        f"--severity-level={config.severity}",
        f"--confidence-level={config.confidence}",
        *([f"--skip={','.join(config.skip)}"] if config.skip else []),
    )
    tool = Tool(name="bandit", arguments=arguments, read=findings)
    return await judge_with(tool, candidate, ctx, config.timeout)


def findings(ended: ChildEnded) -> Iterator[Finding]:
    """Read bandit's JSON; code that it cannot read is never safe."""
    told = json.loads(ended.output)
    for error in told["errors"]:
        if not error["reason"].startswith(NO_SYNTAX):
            raise ToolFailed(error["reason"])
        yield Finding(rule="unreadable", message=NO_SYNTAX)
    for found in told["results"]:
        severity = found["issue_severity"].lower()
        yield Finding(
            rule=found["test_id"],
            message=f"({severity}) {found['issue_text']}",
            line=found["line_number"],
            column=found["col_offset"] + 1,
        )
