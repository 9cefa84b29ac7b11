"""Runs guardrails around one call: over what is about to be sent, then over what came.

A verdict is journalled as a validator's is, so that a resume does not come to another one. Start
at `guarded`.
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from sygra_eval.engine.judging import Court, entry_point_of, language_of, verdict_of
from sygra_eval.engine.setting import Setting
from sygra_eval.engine.visits import Trace
from sygra_eval.suite import Guardrail
from sygra_eval.validators import candidate_of
from sygra_eval.values import (
    CallSite,
    Candidate,
    ChatResponse,
    GuardAt,
    GuardrailBlocked,
    GuardVerdict,
    InfrastructureError,
    Message,
    Stage,
    State,
    Status,
    is_chat,
)


async def guarded(
    setting: Setting,
    site: CallSite,
    messages: tuple[Message, ...],
    ask: Callable[[], Awaitable[ChatResponse]],
    *,
    columns: State,
    trace: Trace,
    place: int,
) -> ChatResponse:
    """Ask, unless a guardrail does not let the prompt out or the reply in.

    :param place: The call's among those of the visit.
    :raises GuardrailBlocked: One says no, and the suite says `on_fail: block`.
    :raises InfrastructureError: One could not say, and would have blocked.
    """
    rails = [one for one in setting.suite.guardrails if one.covers(site.node)]
    if not rails:
        return await ask()
    prompt = Candidate(
        text="\n\n".join(message.content for message in messages),
        code=None,
        extraction="no_code: a prompt",
    )
    await _look(setting, site, rails, GuardAt.INPUT, prompt, columns, trace, place)
    response = await ask()
    if is_chat(messages):  # vectors and classes are no text
        specs = [one.spec for one in rails if one.at is GuardAt.OUTPUT]
        text = "\n\n".join((response.text, *response.others))
        reply = candidate_of(text, entry_point_of(specs, columns), language_of(specs))
        await _look(setting, site, rails, GuardAt.OUTPUT, reply, columns, trace, place)
    return response


async def _look(
    setting: Setting,
    site: CallSite,
    rails: Iterable[Guardrail],
    at: GuardAt,
    candidate: Candidate,
    columns: State,
    trace: Trace,
    place: int,
) -> None:
    """Collect the verdicts of all, then stop at the first one that lets nothing through."""
    court = Court(
        plugins=setting.plugins,
        sandbox=setting.sandbox,
        timeout_s=setting.suite.sandbox.timeout_s,
        seed=setting.suite.seed,
        prepared={},
        breaks=setting.breaks,
    )
    said = []
    shared: dict[object, object] = {}
    for rail in rails:
        if rail.at is not at:
            continue
        key = _key(rail, site, candidate.text)
        verdict = setting.journal.execution(key)
        if verdict is None:
            verdict = await verdict_of(
                rail.spec,
                candidate,
                columns,
                Stage.LOOP,  # a reply may go to a critic: hidden tests do not exist here
                court,
                row_id=site.record,
                shared=shared,
            )
            if verdict.status is not Status.ERROR:
                setting.journal.append_execution(key, site.record, verdict)
            if setting.breaks.verdict:
                setting.stop.give_up(setting.breaks.verdict)
        said.append(
            GuardVerdict(
                verdict=replace(verdict, validator=rail.spec.name, is_required=False),
                at=at,
                node=site.node,
                visit=site.visit,
                sample=site.sample,
                is_blocking=rail.is_blocking,
            )
        )
    trace.guards.setdefault(place, []).extend(said)
    stopped = next((one for one in said if one.has_blocked or one.has_failed), None)
    if stopped is None:
        return
    told = stopped.told()
    trace.stopped[place] = (
        GuardrailBlocked(told) if stopped.has_blocked else InfrastructureError(told)
    )
    raise trace.stopped[place]


def _key(rail: Guardrail, site: CallSite, text: str) -> bytes:
    parts = [rail.key, site.record, site.node, str(site.visit), str(site.sample), text]
    joined = "guardrail\0" + "\0".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=16).digest()
