"""Takes one row to its outcome: through the nodes, then before the validators.

Start at `settle`. A node's visit is journalled with all that the row's data needs of it, so that a
resumed run neither repeats it nor comes to other bytes.
"""

import asyncio
import json
import sys
import traceback
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import cast

from sygra_eval.data import looked_at
from sygra_eval.engine.asking import ask, models_of_validators, request_of, use_of
from sygra_eval.engine.bad_input import why_unusable
from sygra_eval.engine.canaries import is_canary, outcome_of_canary
from sygra_eval.engine.cancelling import is_cancelled
from sygra_eval.engine.data_row import data_row, judged_row, leftover_row
from sygra_eval.engine.ensembles import ensemble_end
from sygra_eval.engine.existing import entry_point_of_row, existing_candidate
from sygra_eval.engine.guarding import guarded
from sygra_eval.engine.handling import none_passes
from sygra_eval.engine.images import image_rules
from sygra_eval.engine.input_changes import stands_for
from sygra_eval.engine.judging import judge, judge_candidate
from sygra_eval.engine.outcome import outcome_of, schema_mismatch
from sygra_eval.engine.probing import try_tests
from sygra_eval.engine.setting import Setting
from sygra_eval.engine.stored import StoredRow
from sygra_eval.engine.structured import completing_json
from sygra_eval.engine.visits import Trace, Visit, digest_of, visit_from_json, visit_to_json
from sygra_eval.engine.ways import walk_of
from sygra_eval.hookspecs import NodeMiddleware, Proceed
from sygra_eval.journal import repaired_step
from sygra_eval.plugins import Plugins
from sygra_eval.suite import Judged, Probes, Subgraph, Suite, UnfitRow, Walk, function_of
from sygra_eval.values import (
    PREVIOUS_DRAFT,
    BadAnswer,
    BadRow,
    CallSite,
    ChatResponse,
    EnsembleEnd,
    GuardrailBlocked,
    GuardVerdict,
    InfrastructureError,
    Interrupted,
    Judgement,
    LoopEnd,
    LoopView,
    Message,
    Node,
    NodeContext,
    OnLength,
    Outcome,
    RecordEnd,
    Round,
    Row,
    Stage,
    State,
    Status,
    StopReason,
    SygraEvalError,
    is_chat,
    seeded,
)

_NOBODY_CANCELLED = "what the row waited for was cancelled, and nobody cancelled the row"


class _BadInput(InfrastructureError):
    """The row cannot be run as it stands; not all of its columns may be fit to be kept."""

    def __init__(self, message: str) -> None:
        super().__init__(f"bad_input: {message}")


async def settle(row: Row | BadRow, setting: Setting) -> RecordEnd | None:
    """Take one row to its outcome and journal it.

    :returns: None when the run is draining: the row stays not reached and is taken up by resume.
    """
    if isinstance(row, BadRow):
        end = _bad(row, row.reason)
    else:
        visits: list[Visit] = []
        try:
            end = await _take_in_time(row, visits, setting)
        except Interrupted:
            return None
        except _BadInput as error:
            end = _bad(row, str(error))
        except UnfitRow as error:
            end = _failed(row, visits, f"bad_input: {row.origin}: {error}")
        except InfrastructureError as error:
            end = _failed(row, visits, str(error))
        except GuardrailBlocked as blocked:
            end = _blocked(row, visits, str(blocked))
        except asyncio.CancelledError:  # passed on, it would end the row without a word
            if is_cancelled():
                raise
            end = _failed(row, visits, f"cancelled: {_NOBODY_CANCELLED}")
    input_hash = row.end.input if isinstance(row, StoredRow) else stands_for(row)
    end = replace(end, input=input_hash)
    await setting.journal.finish(end)
    return end


async def _take_in_time(row: Row, visits: list[Visit], setting: Setting) -> RecordEnd:
    """Take a row within the time that the suite gives it; calls in flight are cancelled."""
    limit_s = setting.suite.record_timeout_s
    if limit_s is None:
        return await _take(row, visits, setting)
    try:
        async with asyncio.timeout(limit_s) as limit:
            with setting.pause.sparing(limit):
                return await _take(row, visits, setting)
    except TimeoutError:
        if not limit.expired():
            raise
        told = f"deadline: it took longer than {limit_s:g} s (`record_timeout`)"
        raise InfrastructureError(told) from None


async def _take(row: Row, visits: list[Visit], setting: Setting) -> RecordEnd:
    suite = setting.suite
    if (why := why_unusable(suite, row)) is not None:
        raise _BadInput(f"{row.origin}: {why}")
    weak = await try_tests(row, setting, entry_point_of_row(suite, row.columns))
    if weak and suite.probes is Probes.REFUSE:
        return _refused(row, weak)
    if suite.judged is not None:
        return await _judge_existing(row, suite.judged, weak, setting)
    if isinstance(row, StoredRow):
        return await _judge_stored(row, visits, weak, setting)
    return await _generate_and_judge(row, visits, weak, setting)


async def _generate_and_judge(
    row: Row, visits: list[Visit], weak: str | None, setting: Setting
) -> RecordEnd:
    suite = setting.suite
    state: dict[str, object] = dict(row.columns)
    nodes = {node.name: node for node in suite.nodes}
    walk = walk_of(suite)
    while (name := walk.step(state)) is not None:
        await _visit(nodes[name], walk.key, row, state, visits, setting)
        state.update(visits[-1].additions)
    way = () if walk.graph.is_straight else tuple(edge.label for edge in walk.path)
    return await _judge_generated(row, state, visits, way, weak, setting)


async def _judge_stored(
    row: StoredRow, visits: list[Visit], weak: str | None, setting: Setting
) -> RecordEnd:
    """Judge what a run kept of a record; one that never came before its validators ends as there.

    Its calls failed, or a guardrail stopped it; whatever a node had made by then, a run would do
    the same again.
    """
    visits.extend(row.visits)
    for key, data in row.kept:  # so that the new run can be looked at, and judged again, as it is
        setting.journal.append_visit(row.id, key, data)
    for finished in row.rounds:
        setting.journal.append_round(row.id, finished)
    if not row.end.verdicts and row.end.outcome is not Outcome.UNJUDGED:
        if row.end.weak_tests:  # which are no reason any more
            raise BadAnswer(f"no candidate of it was made: {row.end.reason}")
        return row.end
    return await _judge_generated(row, row.state, visits, row.end.way, weak, setting)


async def _judge_generated(
    row: Row,
    state: State,
    visits: list[Visit],
    way: tuple[str, ...],
    weak: str | None,
    setting: Setting,
) -> RecordEnd:
    """Judge the candidate that the nodes made."""
    suite = setting.suite
    answer = state.get(suite.candidate)
    if not isinstance(answer, str):
        kind = type(answer).__name__
        raise BadAnswer(f"the candidate `{suite.candidate}` is {kind}, a text is needed")
    judgement = await judge(
        setting, answer, row_id=row.id, columns=MappingProxyType(state), stage=Stage.FINAL
    )
    if any(digest_of(answer) in visit.cut for visit in visits if visit.cut):
        judgement = none_passes(judgement)
    outcome, reason = _outcome(suite, row, judgement, state)
    loop = _last_loop(visits)
    return RecordEnd(
        row_id=row.id,
        index=row.index,
        outcome=outcome,
        reason=reason,
        data=data_row(
            suite,
            row,
            state,
            judgement,
            outcome=outcome,
            reason=reason,
            models=tuple(
                dict.fromkeys(
                    (
                        *(use for visit in visits for use in visit.models),
                        *models_of_validators(setting, judgement),
                    )
                )
            ),
            prompt=_prompt_of(suite.candidate, visits),
            loop=loop,
            weak_tests=weak,
            notes=tuple(note for visit in visits for note in visit.notes),
        ),
        verdicts=judgement.verdicts,
        loop=loop,
        weak_tests=weak,
        ensembles=_ensembles(visits),
        way=way,
        guards=_guards(visits),
    )


async def _judge_existing(
    row: Row, judged: Judged, weak: str | None, setting: Setting
) -> RecordEnd:
    """Judge a row as it stands in the source: no graph, so no loop and no calls but a judge's."""
    suite, columns = setting.suite, MappingProxyType(dict(row.columns))
    candidate = existing_candidate(judged, suite.validators, columns)
    judgement = await judge_candidate(
        setting, candidate, row_id=row.id, columns=columns, stage=Stage.FINAL
    )
    outcome, reason = _outcome(suite, row, judgement, columns)
    return RecordEnd(
        row_id=row.id,
        index=row.index,
        outcome=outcome,
        reason=reason,
        data=judged_row(
            suite,
            row,
            judgement,
            outcome=outcome,
            reason=reason,
            models=tuple(models_of_validators(setting, judgement)),
            weak_tests=weak,
        ),
        verdicts=judgement.verdicts,
        weak_tests=weak,
    )


def _outcome(suite: Suite, row: Row, judgement: Judgement, state: State) -> tuple[Outcome, str]:
    """Return where a judged record ends, and why."""
    outcome, reason = outcome_of(judgement.verdicts, least_grade=suite.grade)
    mismatch = schema_mismatch(suite.schema_fields, state)
    if mismatch is not None and outcome in (Outcome.VERIFIED, Outcome.UNJUDGED):
        outcome, reason = Outcome.REJECTED, mismatch
    return (
        outcome_of_canary(outcome, reason) if is_canary(suite, row.columns) else (outcome, reason)
    )


def _refused(row: Row, weak: str) -> RecordEnd:
    """End a row whose tests prove nothing, before anything is spent on it."""
    return RecordEnd(
        row_id=row.id,
        index=row.index,
        outcome=Outcome.REJECTED,
        reason=weak,
        data=leftover_row(row, weak),
        weak_tests=weak,
    )


def _bad(row: Row | BadRow, reason: str) -> RecordEnd:
    return RecordEnd(
        row_id=row.id,
        index=row.index,
        outcome=Outcome.FAILED,
        reason=reason,
        data={"id": row.id, "origin": row.origin, "reason": reason},
    )


def _failed(row: Row, visits: list[Visit], reason: str) -> RecordEnd:
    return RecordEnd(
        row_id=row.id,
        index=row.index,
        outcome=Outcome.FAILED,
        reason=reason,
        data=leftover_row(row, reason),
        loop=_last_loop(visits),
        ensembles=_ensembles(visits),
        guards=_guards(visits),
        at_node=visits[-1].ended_at if visits else "",
    )


def _blocked(row: Row, visits: list[Visit], reason: str) -> RecordEnd:
    """End a row that a guardrail stopped: something is wrong with it, and not with the machine."""
    end = _failed(row, visits, reason)
    loop = None if end.loop is None else replace(end.loop, stop_reason=StopReason.GUARDRAIL)
    return replace(end, outcome=Outcome.REJECTED, loop=loop)


def _guards(visits: list[Visit]) -> tuple[GuardVerdict, ...]:
    return tuple(one for visit in visits for one in visit.guards)


def _prompt_of(candidate: str, visits: list[Visit]) -> tuple[Message, ...]:
    """Return what the candidate answers: the first prompt of its node, else of one before."""
    made = next((at for at, one in enumerate(visits) if candidate in one.additions), len(visits))
    return next((one.messages for one in reversed(visits[: made + 1]) if one.messages), ())


def _ensembles(visits: list[Visit]) -> tuple[EnsembleEnd, ...]:
    return tuple(visit.ensemble for visit in visits if visit.ensemble is not None)


def _last_loop(visits: list[Visit]) -> LoopEnd | None:
    return next((visit.loop for visit in reversed(visits) if visit.loop is not None), None)


async def _visit(
    node: Node, key: str, row: Row, state: State, visits: list[Visit], setting: Setting
) -> None:
    """Run a node, or take what it did before a resume, and add that to `visits`.

    :param key: The node's name, and of a later visit its number too.
    """
    journalled = setting.journal.visit(row.id, key) if setting.is_resumed else None
    if journalled is not None:
        visits.extend(visit_from_json(journalled).flat())
        return
    trace = Trace()
    seen = MappingProxyType({**row.columns, **state})  # tests are the row's, inside a node too
    complete = partial(_complete, setting, node, key, row, trace, seen)
    ctx = NodeContext(
        row=row,
        complete=complete,
        complete_json=completing_json(complete, setting.gateway.models),
        judge=partial(_judge_in_loop, setting, row, trace, seen),
        record_round=partial(_record_round, setting, node, key, row, trace),
        should_stop=partial(_should_stop, setting),
        end_loop=partial(setattr, trace, "loop"),
        chance=seeded(setting.suite.seed, row.id, key),
        seed=setting.suite.seed,
        key=key,
        folder=setting.suite.folder,
        function=partial(function_of, setting.plugins),
        walk=partial(_walk_inside, setting, key, row, trace),
        give_up=setting.stop.give_up,
    )
    additions: State = {}
    place, is_through = setting.places.begin(key), False
    try:
        additions = await _run_node(node, MappingProxyType(dict(state)), ctx, setting)
        trace.raise_if_stopped()
        is_through = True
    except SygraEvalError:
        trace.raise_if_stopped()  # rather than what the node made of it
        raise
    finally:  # a loop that broke is told of too
        setting.places.end(place)
        visit = trace.visit(additions, ended_at="" if is_through else place)
        visits.extend(visit.flat())
    # Not waited for: a call that is asked with it, and the record's end, are committed after it.
    setting.journal.append_visit(row.id, key, visit_to_json(visit))


async def _walk_inside(
    setting: Setting, key: str, row: Row, trace: Trace, inner: Subgraph, given: State
) -> State:
    """Take the record through the graph inside a node."""
    state: dict[str, object] = dict(given)
    walk = Walk(inner.graph, outer=key)
    while (name := walk.step(state)) is not None:
        try:
            await _visit(inner.nodes[name], walk.key, row, state, trace.inner, setting)
        except GuardrailBlocked as blocked:
            trace.stopped[len(trace.asked)] = blocked
            raise
        state.update(trace.inner[-1].additions)
    return state


async def _run_node(node: Node, state: State, ctx: NodeContext, setting: Setting) -> State:
    """Run a node inside the middlewares that plugins put around it."""

    def innermost(inner_state: State) -> Awaitable[State]:
        return setting.plugins.acall("sygra_run_node", node=node, state=inner_state, ctx=ctx)

    origin = setting.plugins.of("nodes")[node.type].plugin
    try:
        middlewares = await setting.plugins.acall("sygra_wrap_node", node=node, ctx=ctx)
        proceed: Proceed = innermost
        for middleware in reversed(middlewares):
            proceed = _around(middleware, proceed)
        additions = await proceed(state)
        return _as_json_values(additions)
    except (InfrastructureError, Interrupted, GuardrailBlocked):
        raise
    except (Exception, SystemExit, asyncio.CancelledError) as error:
        if is_cancelled():
            raise
        culprit = _plugin_that_raised(error, setting.plugins) or origin
        whose = "" if culprit == origin else f", plugin {culprit}"
        raise BadAnswer(
            f"node `{node.name}` (type `{node.type}` of plugin {origin}){whose}: "
            f"{type(error).__name__}: {error}"
        ) from error


def _plugin_that_raised(error: BaseException, plugins: Plugins) -> str | None:
    """Return the plugin nearest to where an error was raised: a middleware, a stop rule, a node."""
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        module = sys.modules.get(frame.f_globals.get("__name__", ""))
        name = plugins.pluggy.get_name(module) if module is not None else None
        if name is not None:
            return name
    return None


def _around(middleware: NodeMiddleware, proceed: Proceed) -> Proceed:
    async def wrapped(state: State) -> State:
        return await middleware(state, proceed)

    return wrapped


def _as_json_values(additions: object) -> State:
    """Refuse what could not be journalled, and return the values that come back on resume."""
    if not isinstance(additions, Mapping) or not all(isinstance(key, str) for key in additions):
        raise TypeError(
            f"returned {type(additions).__name__}, a mapping by variable name is needed"
        )
    if all(type(value) is str for value in additions.values()):
        return dict(additions)
    try:
        encoded = json.dumps(dict(additions), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise TypeError(f"returned a value that is not JSON: {error}") from None
    return cast("State", json.loads(encoded))


async def _complete(
    setting: Setting,
    node: Node,
    key: str,
    row: Row,
    trace: Trace,
    columns: State,
    messages: tuple[Message, ...],
    *,
    model: str,
    step: str = "",
    visit: int = 1,
    sample: int = 0,
    parameters: Mapping[str, object] | None = None,
    on_length: OnLength | None = None,
) -> ChatResponse:
    """Ask for a node, and note for the row's provenance who answered."""
    has_begun, place = any(trace.asked), len(trace.asked)
    trace.asked.append(None)
    if any(message.parts for message in messages):
        messages = await looked_at(messages, image_rules(setting.suite))
    if not trace.messages and is_chat(messages):
        trace.messages = messages
    path = f"{key}/{step}" if step else key
    site = CallSite(record=row.id, node=path, visit=visit, sample=sample)
    asking = partial(
        ask,
        setting,
        site,
        messages,
        model=model,
        parameters=parameters,
        has_begun=has_begun,
        on_length=on_length,
    )
    if setting.suite.guardrails:
        response = await guarded(
            setting, site, messages, asking, columns=columns, trace=trace, place=place
        )
    else:
        response = await asking()
    trace.note(response, place, f"{path} (round {visit}, sample {sample + 1})")
    name = response.answered_by or model
    request = request_of(setting.suite, messages, model=name, parameters=parameters)
    use = use_of(setting, request, role=repaired_step(step) or node.name, name=name)
    if response.from_plugin:
        use = replace(use, model=f"plugin {response.from_plugin}")
    trace.asked[place] = use
    return response


async def _judge_in_loop(
    setting: Setting,
    row: Row,
    trace: Trace,
    columns: State,
    answer: str,
    *,
    previous: str | None = None,
) -> Judgement:
    """Judge for a loop; what cannot be judged ends the record before more is spent on it."""
    if previous is not None:
        columns = MappingProxyType({**columns, PREVIOUS_DRAFT: previous})
    judgement = await judge(setting, answer, row_id=row.id, columns=columns, stage=Stage.LOOP)
    for verdict in judgement.verdicts:
        if verdict.is_required and verdict.status is Status.ERROR:
            raise InfrastructureError(f"validator error: {verdict.validator}: {verdict.reason}")
    return none_passes(judgement) if digest_of(answer) in trace.cut else judgement


def _record_round(
    setting: Setting, node: Node, key: str, row: Row, trace: Trace, finished: Round
) -> None:
    is_own = finished.node == node.name  # a later visit's rounds take no earlier one's place
    setting.journal.append_round(row.id, replace(finished, node=key) if is_own else finished)
    trace.ensemble = ensemble_end(finished) or trace.ensemble


async def _should_stop(setting: Setting, loop: LoopView) -> StopReason | None:
    reason: StopReason | None = await setting.plugins.acall("sygra_loop_should_stop", loop=loop)
    return reason
