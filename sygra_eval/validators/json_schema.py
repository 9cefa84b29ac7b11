"""Validator `json_schema`: the whole answer is JSON that fits a schema.

A child process reads and checks it: a schema may hold patterns that take for ever on some texts,
and the checker needs packages that the sandbox does not show.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sygra_eval.sandbox import machine_factor
from sygra_eval.validators.child import ChildEnded, ChildFailed, last_line, run_child
from sygra_eval.validators.unit_tests_config import unknown_column
from sygra_eval.validators.verdicts import in_one_line, quoted, says
from sygra_eval.values import (
    Candidate,
    Evidence,
    FailingCase,
    Problem,
    Scope,
    Status,
    ValidatorContext,
    Verdict,
)

INSIDE = str(Path(__file__).with_name("inside_schema.py"))
COMMAND = ("python", "inside_schema.py")
LIMIT_S = 10.0


class JsonSchemaConfig(BaseModel):
    """Keys of `json_schema`: one of the two.

    :ivar inline: `schema: {...}` in the suite; the draft of its `$schema`, else 2020-12.
    :ivar column: A column with the row's own schema, as a mapping or as JSON text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    inline: dict[str, Any] | None = Field(default=None, alias="schema")
    column: str | None = None

    @field_validator("inline")
    @classmethod
    def is_a_schema(cls, inline: dict[str, Any] | None) -> dict[str, Any] | None:
        """Refuse what the schema of schemas refuses."""
        if inline is None:
            return None
        # Imported here, as it takes 100 ms that most suites have no use for.
        from jsonschema import SchemaError
        from jsonschema.validators import Draft202012Validator, validator_for

        try:
            json.dumps(inline)
            validator_for(inline, default=Draft202012Validator).check_schema(inline)
        except SchemaError as error:
            raise ValueError(
                f"not a JSON Schema: at {error.json_path}: {in_one_line(error.message)}"
            ) from error
        except (TypeError, RecursionError) as error:
            raise ValueError(f"not a JSON Schema: {in_one_line(str(error))}") from error
        return inline

    @model_validator(mode="after")
    def names_one_schema(self) -> "JsonSchemaConfig":
        """Refuse none and two."""
        if (self.inline is None) is (self.column is None):
            raise ValueError("name one schema: `schema: {...}` or `column: NAME`")
        return self

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Report a column that no row and no node provides."""
        if self.column is not None:
            yield from unknown_column(self.column, ("column",), scope)


async def json_schema(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when the answer, all of it, is JSON and nothing in it breaks the schema."""
    config = ctx.validator.config
    assert isinstance(config, JsonSchemaConfig)  # noqa: S101 - registered with this model
    whose = "the schema" if config.column is None else f"the schema in `{config.column}`"
    schema = config.inline if config.column is None else ctx.columns.get(config.column)
    if schema is None or schema == "":
        return says(ctx, Status.SKIP, f"the row has no schema in `{config.column}`")
    if not isinstance(schema, str | Mapping):
        kind = type(schema).__name__
        return says(ctx, Status.ERROR, f"{whose} is {kind}, not a mapping or JSON text")
    limit_s = LIMIT_S * machine_factor()
    try:
        order = {
            "schema": schema if isinstance(schema, str) else json.dumps(dict(schema)),
            "text": candidate.text,
        }
        ended = await run_child([INSIDE], files={}, stdin=json.dumps(order), limit_s=limit_s)
        told = account_of(ended)
    except ChildFailed as failure:
        return says(ctx, Status.ERROR, f"{whose} was not checked: {in_one_line(str(failure))}")
    except (TypeError, ValueError, RecursionError) as error:
        why = in_one_line(str(error))
        return says(ctx, Status.ERROR, f"{whose} was not checked: {type(error).__name__}: {why}")
    if "bad_schema" in told:
        return says(ctx, Status.ERROR, f"{whose} is not usable: {in_one_line(told['bad_schema'])}")
    if "undecided" in told:
        why = in_one_line(told["undecided"])
        return says(ctx, Status.ERROR, f"{whose} was not checked: {why}")
    evidence = evidence_of(candidate, told, ended.exit_code, limit_s)
    if "not_json" in told:
        reason = f"the answer is not JSON: {in_one_line(told['not_json'])}"
        return says(ctx, Status.FAIL, reason, evidence=evidence)
    if told["findings"]:
        first = told["findings"][0]
        reason = f"does not fit {whose}: at {in_one_line(first['path'])}: " + in_one_line(
            first["message"]
        )
        return says(ctx, Status.FAIL, reason, evidence=evidence)
    return says(ctx, Status.PASS, f"fits {whose}", evidence=evidence)


def account_of(ended: ChildEnded) -> Mapping[str, Any]:
    """Read what the child said; it only ever ends well.

    :raises ChildFailed: When it did not.
    """
    if ended.exit_code != 0:
        raise ChildFailed(ended.crashed_by or last_line(ended.errors))
    account: Mapping[str, Any] = json.loads(ended.output)
    return account


def evidence_of(
    candidate: Candidate, told: Mapping[str, Any], exit_code: int | None, limit_s: float
) -> Evidence:
    """Say what does not fit, twenty places at most, with the answer's beginning."""
    found = [f"{error['path']}: {error['message']}" for error in told.get("findings", ())]
    failing = None
    if found or "not_json" in told:
        failing = FailingCase(test="JSON that fits the schema", got=in_one_line(candidate.text))
    return Evidence(
        command=COMMAND,
        exit_code=exit_code,
        output="\n".join(quoted(line) for line in found),
        limit_s=limit_s,
        failing=failing,
    )
