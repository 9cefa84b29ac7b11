"""Judges candidates of one suite outside a run: no journal, no models, the suite's own sandbox.

For who makes candidates elsewhere and wants the same verdicts, as a task that SyGra runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Self

from sygra_eval.engine.judging import Court, entry_point_of, language_of, verdict_of
from sygra_eval.engine.options import RunOptions
from sygra_eval.engine.outcome import outcome_of, schema_mismatch
from sygra_eval.engine.preflight import started_sandbox
from sygra_eval.plugins import Plugins
from sygra_eval.suite import Suite
from sygra_eval.validators import candidate_of
from sygra_eval.values import (
    PREVIOUS_DRAFT,
    Judgement,
    Outcome,
    Sandbox,
    Stage,
    State,
    ValidatorSpec,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A suite's validators, ready to judge.

    :ivar validators: Those that are asked, as not all can be without a model.
    """

    suite: Suite
    validators: Sequence[ValidatorSpec]
    court: Court
    sandbox: Sandbox

    @classmethod
    async def opened(
        cls, suite: Suite, plugins: Plugins, *, without: frozenset[str] = frozenset()
    ) -> Self:
        """Start the suite's sandbox.

        :param without: Names of validators that are not asked.
        :raises SandboxUnavailable: When this host grants less than the suite asks for.
        """
        sandbox = await started_sandbox(suite.sandbox, plugins, RunOptions())
        return cls(
            suite=suite,
            validators=[spec for spec in suite.validators if spec.name not in without],
            court=Court(
                plugins=plugins,
                sandbox=sandbox,
                timeout_s=suite.sandbox.timeout_s,
                seed=suite.seed,
            ),
            sandbox=sandbox,
        )

    async def judge(
        self, answer: str, *, row_id: str, columns: State, stage: Stage, previous: str | None = None
    ) -> Judgement:
        """Collect one verdict per validator, in suite order."""
        seen = dict(columns) if previous is None else {**columns, PREVIOUS_DRAFT: previous}
        state = MappingProxyType(seen)
        specs = self.validators
        candidate = candidate_of(answer, entry_point_of(specs, state), language_of(specs))
        verdicts, shared = [], dict[object, object]()
        for spec in specs:
            verdict = await verdict_of(
                spec, candidate, state, stage, self.court, row_id=row_id, shared=shared
            )
            verdicts.append(replace(verdict, validator=spec.name, is_required=spec.is_required))
        return Judgement(candidate=candidate, verdicts=tuple(verdicts))

    def outcome(self, judgement: Judgement, state: State) -> tuple[Outcome, str]:
        """Return where the record ends, and why."""
        outcome, reason = outcome_of(judgement.verdicts, least_grade=self.suite.grade)
        mismatch = schema_mismatch(self.suite.schema_fields, state)
        if mismatch is not None and outcome in (Outcome.VERIFIED, Outcome.UNJUDGED):
            return Outcome.REJECTED, mismatch
        return outcome, reason

    async def close(self) -> None:
        """Stop the sandbox."""
        await self.sandbox.close()
