"""Asks validators once more of a candidate that a run judged, and compares what they say.

The candidate, the row's variables and what models answered come from the journal: no model is
asked, and its code runs in the sandbox alone. Nothing is written into the run's folder. Start at
`judged_again`.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from sygra_eval.engine.existing import existing_candidate
from sygra_eval.engine.judging import (
    Ask,
    Court,
    entry_point_of,
    language_of,
    verdict_of,
)
from sygra_eval.engine.options import RunOptions
from sygra_eval.engine.plan import read_plan
from sygra_eval.engine.preflight import started_sandbox
from sygra_eval.engine.preparing import prepared_by
from sygra_eval.engine.recheck_rows import replaying, suite_and_court
from sygra_eval.engine.stored import source_row
from sygra_eval.engine.ways import state_at_the_end
from sygra_eval.journal import JournalReader, open_readonly
from sygra_eval.suite import Suite, did_you_mean
from sygra_eval.validators import candidate_of
from sygra_eval.values import (
    PREVIOUS_DRAFT,
    Attempt,
    Candidate,
    InfrastructureError,
    Prepared,
    RecordEnd,
    Round,
    Row,
    Stage,
    State,
    UsageError,
    ValidatorSpec,
    Verdict,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedAgain:
    """What is to be judged once more.

    :ivar validator: One of the suite's; None for all that judged it.
    :ivar round: The place among the row's rounds, from 0; None for the final candidate.
    :ivar attempt: Which candidate of that round, from 0; None for the one that it kept.
    """

    row: str
    validator: str | None = None
    round: int | None = None
    attempt: int | None = None
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidAgain:
    """What a validator said in the run, and what it says now, each time."""

    journalled: Verdict
    now: Verdict

    @property
    def agrees(self) -> bool:
        """Whether both are of one status."""
        return self.journalled.status is self.now.status


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    candidate: Candidate
    state: State
    stage: Stage
    verdicts: tuple[Verdict, ...]


async def judged_again(
    folder: Path, asked: AskedAgain, options: RunOptions | None = None
) -> AsyncIterator[SaidAgain]:
    """Yield each verdict as it comes, all validators the first time, then the next time.

    :raises UsageError: When there is no such candidate, or the suite cannot be loaded here, or asks
        for a right that the caller did not give; nothing was run.
    """
    options = options or RunOptions()
    with ExitStack() as stack:
        reader = stack.enter_context(open_readonly(folder / "journal.db"))
        end = reader.find(asked.row)
        row = None if end is None else source_row(end, folder)
        if end is None or not isinstance(row, Row):
            raise UsageError("this row has not ended with a candidate, so nothing can be judged")
        _refuse_what_was_named(folder, options)
        suite, court = suite_and_court(folder, options, row, begun_with="")
        case = _case(suite, row, end, asked, reader)
        specs = _specs(suite, case, asked.validator)
        before = {verdict.validator: verdict for verdict in case.verdicts}
        ask = replaying(suite, reader, court.plugins)
        sandbox = await started_sandbox(suite.sandbox, court.plugins, options)
        try:
            court = replace(court, sandbox=sandbox, ask=ask)
            court = replace(court, prepared=await _prepared(specs, court, ask))
            for _ in range(asked.times):
                shared: dict[object, object] = {}
                for spec in specs:
                    now = await verdict_of(
                        spec,
                        case.candidate,
                        case.state,
                        case.stage,
                        court,
                        row_id=row.id,
                        shared=shared,
                    )
                    now = replace(now, validator=spec.name, is_required=spec.is_required)
                    yield SaidAgain(journalled=before[spec.name], now=now)
        finally:
            await sandbox.close()


def _refuse_what_was_named(folder: Path, options: RunOptions) -> None:
    """Refuse a run that named code on its command line: its folder's word is not enough."""
    named = [f"-p {name}" for name in read_plan(folder).plugins if name not in options.plugins]
    if named:
        raise UsageError(
            f"this run was started with {' '.join(named)}, which is not loaded here; "
            "judge it again by `sygra-eval verify` with the same"
        )


def _case(
    suite: Suite, row: Row, end: RecordEnd, asked: AskedAgain, reader: JournalReader
) -> _Case:
    if asked.round is not None:
        rounds = reader.rounds(row.id)
        if not 0 <= asked.round < len(rounds):
            raise UsageError(f"this row has {len(rounds)} rounds, and none at place {asked.round}")
        return _case_of_round(suite, row, rounds, asked, reader)
    if suite.judged is not None:
        candidate = existing_candidate(suite.judged, suite.validators, row.columns)
        return _Case(
            candidate=candidate, state=row.columns, stage=Stage.FINAL, verdicts=end.verdicts
        )
    answer = end.data.get("answer")
    if not isinstance(answer, str):
        raise UsageError("this row has no answer that could be judged again")
    state = state_at_the_end(suite, row.id, row.columns, reader)
    return _Case(
        candidate=_candidate(suite, answer, state),
        state=state,
        stage=Stage.FINAL,
        verdicts=end.verdicts,
    )


def _case_of_round(
    suite: Suite, row: Row, rounds: tuple[Round, ...], asked: AskedAgain, reader: JournalReader
) -> _Case:
    place = asked.round or 0
    one = rounds[place]
    attempt = _attempt(one, asked.attempt)
    state = dict(state_at_the_end(suite, row.id, row.columns, reader, before=one.node))
    earlier = [
        kept.answer
        for other in rounds[:place]
        if other.node == one.node
        for kept in other.attempts
        if kept.is_kept
    ]
    if earlier:
        state[PREVIOUS_DRAFT] = earlier[-1]
    return _Case(
        candidate=_candidate(suite, attempt.answer, state),
        state=state,
        stage=Stage.LOOP,
        verdicts=attempt.verdicts,
    )


def _attempt(of: Round, number: int | None) -> Attempt:
    if number is None:
        kept = [at for at, one in enumerate(of.attempts) if one.is_kept]
        number = kept[0] if kept else len(of.attempts) - 1
    if not 0 <= number < len(of.attempts):
        raise UsageError(f"this round has {len(of.attempts)} candidates, and none at {number}")
    return of.attempts[number]


def _candidate(suite: Suite, answer: str, state: State) -> Candidate:
    entry_point = entry_point_of(suite.validators, state)
    return candidate_of(answer, entry_point, language_of(suite.validators))


def _specs(suite: Suite, case: _Case, name: str | None) -> list[ValidatorSpec]:
    """Return those that judged the candidate, in the suite's order."""
    judged = {verdict.validator for verdict in case.verdicts}
    specs = [spec for spec in suite.validators if spec.name in judged]
    if not specs:
        raise UsageError("no validator of the suite judged this candidate")
    if name is None:
        return specs
    if name not in judged:
        raise UsageError(f"no validator `{name}` judged this; {did_you_mean(name, judged)}")
    return [spec for spec in specs if spec.name == name]


async def _prepared(
    specs: Iterable[ValidatorSpec], court: Court, ask: Ask
) -> dict[str, Prepared | str]:
    """Let validators look into what they need, as before a run; the journal answers."""
    prepared: dict[str, Prepared | str] = {}
    for spec in specs:
        try:
            found = await prepared_by(spec, court.plugins, ask, court.seed)
        except InfrastructureError as error:
            found = str(error)
        if found is not None:
            prepared[spec.name] = found
    return prepared
