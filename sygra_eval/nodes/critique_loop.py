"""Node `critique_loop`: draft, run the validators, criticise, revise, until a stop is granted.

A stop is requested by the critic (its whole reply is the sentinel) and granted by execution (the
`accepted_by` validators pass). Start at `critique_loop`; `_Loop` is the state of one record's
loop and lives no longer than the visit. Everything it depends on comes from journalled answers,
so a resumed loop takes the same turns.
"""

import difflib
from dataclasses import dataclass, field
from typing import cast

from sygra_eval.nodes.critiques import NO_CRITIQUE, Critique, beside_images_of
from sygra_eval.nodes.evidence import evidence_text
from sygra_eval.nodes.loop_config import (
    DEFAULT_CRITIQUE,
    DEFAULT_REVISION,
    REFUSED_STOP,
    CritiqueLoopConfig,
)
from sygra_eval.nodes.ranking import accepting, best_of, is_accepted
from sygra_eval.suite import AskedModel, RoutedChoice, Template
from sygra_eval.values import (
    Attempt,
    CallFailed,
    ChatResponse,
    DraftRate,
    Judgement,
    LoopEnd,
    LoopView,
    Message,
    Node,
    NodeContext,
    Round,
    Sentinel,
    State,
    Status,
    StopReason,
)

_NO_ANSWER = ("repetition", "truncated")  # the model said something, and it is of no use
_CRITIQUE_TEMPLATE = Template.parse(DEFAULT_CRITIQUE)
_REFUSED_TEMPLATE = Template.parse(REFUSED_STOP)
_REVISE_TEMPLATE = Template.parse(DEFAULT_REVISION)


@dataclass(slots=True)
class _Kept:
    """The best candidate so far."""

    judgement: Judgement
    evidence: str
    round_no: int

    @property
    def answer(self) -> str:
        return self.judgement.candidate.text


@dataclass(slots=True)
class _Loop:
    """One record's loop while it runs."""

    node: Node
    config: CritiqueLoopConfig
    state: State
    ctx: NodeContext
    tokens: int = 0
    latency_s: float = 0.0
    samples: int = 0
    sentinels_refused: int = 0
    rounds: list[Round] = field(default_factory=list)
    kept: _Kept | None = None
    rate: DraftRate | None = None


async def critique_loop(node: Node, state: State, ctx: NodeContext) -> State:
    """Run the loop for one record and add the kept answer."""
    loop = _Loop(node, cast("CritiqueLoopConfig", node.config), state, ctx)
    for choice in loop.config.models():
        choice.chosen(state, ctx)  # a row that a route has no case for is told before it costs
    try:
        reason = await _run(loop)
    except BaseException:
        _end(loop, StopReason.ERROR)
        raise
    _end(loop, reason)
    return {loop.config.output: _kept(loop).answer}


async def _run(loop: _Loop) -> StopReason:
    attempts = await _draw_drafts(loop)
    for number in range(1, loop.config.max_rounds + 1):
        reason, feedback = await _close_round(loop, number, attempts)
        if reason is not None:
            return reason
        if number == loop.config.max_rounds:
            break
        if (spent := _spent(loop)) is not None:
            return spent
        attempts, is_changed = await _revise(loop, number + 1, feedback)
        if not is_changed:
            _record(loop, Round(node=loop.node.name, number=number + 1, attempts=attempts))
            return StopReason.NO_CHANGE
    return StopReason.MAX_ROUNDS


async def _draw_drafts(loop: _Loop) -> tuple[Attempt, ...]:
    """Draw up to `samples` drafts, one at a time, until one passes; the best one is kept.

    Where their pass rate is asked for, one that passes ends nothing. One that came to no answer is
    one the fewer, as long as another does.
    """
    draft, drawn = loop.config.draft, list[tuple[int, Judgement, ChatResponse]]()
    for sample in range(draft.most):
        if drawn and _spent(loop) is not None:
            break
        messages = draft.prompt.render(loop.state)
        loop.samples += 1
        try:
            response = await _ask(loop, draft.model, messages, step="draft", visit=1, sample=sample)
        except CallFailed as failure:
            if failure.kind in _NO_ANSWER and (drawn or sample + 1 < draft.most):
                _count(loop, is_accepted=False, is_judged=True)
                continue
            raise
        judgement = await loop.ctx.judge(response.text)
        drawn.append((sample, judgement, response))
        if _is_enough(loop, judgement):
            break
    best = best_of([judgement for _, judgement, _ in drawn], loop.config.accepted_by)
    best_sample, kept, _ = drawn[best]
    loop.kept = _Kept(kept, _evidence(loop, kept), round_no=1)
    return tuple(
        _attempt(
            loop, judgement, response, sample=sample, before=None, is_kept=sample == best_sample
        )
        for sample, judgement, response in drawn
    )


def _is_enough(loop: _Loop, judgement: Judgement) -> bool:
    """Say whether no further draft is to be drawn."""
    is_accepted = _is_accepted(loop, judgement)
    statuses = {verdict.status for verdict in accepting(judgement, loop.config.accepted_by)}
    is_judged = bool(statuses) and statuses <= {Status.PASS, Status.FAIL}
    return _count(loop, is_accepted=is_accepted, is_judged=is_judged)


def _count(loop: _Loop, *, is_accepted: bool, is_judged: bool) -> bool:
    """Count a draft where their rate is asked for; say whether no further one is to be drawn."""
    rate = loop.config.draft.rate
    if rate is None:
        return is_accepted
    before = loop.rate or DraftRate(passed=0, judged=0)
    passed, judged = before.passed + is_accepted, before.judged + is_judged
    has_left = rate.has_left_band(passed, judged)
    loop.rate = DraftRate(passed=passed, judged=judged, has_left_band=has_left)
    return has_left


async def _close_round(
    loop: _Loop, number: int, attempts: tuple[Attempt, ...]
) -> tuple[StopReason | None, str]:
    """Ask the critic about the kept candidate and journal the round.

    :returns: The reason to stop or None, and the feedback that the revision gets.
    """
    kept, config = _kept(loop), loop.config
    is_accepted = _is_accepted(loop, kept.judgement)
    if config.sentinel is None and is_accepted:
        _record(loop, Round(node=loop.node.name, number=number, attempts=attempts))
        return StopReason.ACCEPTED, ""
    if config.critique is None:
        _record(loop, Round(node=loop.node.name, number=number, attempts=attempts))
        return await loop.ctx.should_stop(_view(loop)), ""
    if (spent := _spent(loop)) is not None:
        _record(loop, Round(node=loop.node.name, number=number, attempts=attempts))
        return spent, ""

    said = await _criticise(loop, number)
    sentinel = _sentinel_in(said, loop, kept.judgement)
    _record(
        loop,
        Round(
            node=loop.node.name,
            number=number,
            attempts=attempts,
            critique=said.text,
            sentinel=sentinel,
            critique_tokens=said.tokens,
            critique_latency_s=said.latency_s,
        ),
    )
    if sentinel is Sentinel.GRANTED:
        return StopReason.SENTINEL, ""
    feedback = said.text
    if sentinel is Sentinel.REFUSED:
        loop.sentinels_refused += 1
        feedback = _REFUSED_TEMPLATE.render({"evidence": kept.evidence})
    return await loop.ctx.should_stop(_view(loop)), feedback


async def _criticise(loop: _Loop, number: int) -> Critique:
    kept, critique = _kept(loop), loop.config.critique
    assert critique is not None, "asked only where the suite names a critic"  # noqa: S101
    variables = {
        **loop.state,
        "candidate": kept.answer,
        "evidence": kept.evidence,
        "critique": (loop.rounds[-1].critique or "") if loop.rounds else "",
        "round": number,
    }
    if critique.prompt is not None:
        messages = critique.prompt.render(variables)
    else:
        drafted = loop.config.draft.prompt.render(loop.state)[-1]
        text = _CRITIQUE_TEMPLATE.render({**variables, "task": drafted.content})
        messages = (beside_images_of(drafted, text),)
    try:
        return await _critique_of(loop, critique.model, messages, number)
    except CallFailed as failure:
        if failure.kind in _NO_ANSWER:
            return NO_CRITIQUE  # the author is told what the checks said
        raise


async def _critique_of(
    loop: _Loop, model: AskedModel, messages: tuple[Message, ...], number: int
) -> Critique:
    """Ask the critic, in words or for JSON."""
    if model.structured is None:
        return Critique.of_text(await _ask(loop, model, messages, step="critique", visit=number))
    choice = model.chosen(loop.state, loop.ctx)
    fitted = await loop.ctx.complete_json(
        messages,
        model=choice.name,
        structured=model.structured,
        step="critique",
        visit=number,
        parameters=choice.parameters,
        on_length=choice.on_length,
    )
    loop.tokens += fitted.tokens
    loop.latency_s += fitted.latency_s
    return Critique.of_json(fitted)


async def _revise(loop: _Loop, number: int, feedback: str) -> tuple[tuple[Attempt, ...], bool]:
    """Ask for a revision and keep it unless it breaks what passed.

    :returns: The attempt, and False when its code equals the kept candidate's; none, and False,
        where the author came to no answer.
    """
    kept, config = _kept(loop), loop.config
    variables = {
        **loop.state,
        "candidate": kept.answer,
        "evidence": kept.evidence,
        "critique": feedback,
        "round": number,
    }
    choice = config.revise.model if config.revise is not None else config.draft.model
    if config.revise is not None and config.revise.prompt is not None:
        messages = config.revise.prompt.render(variables)
    else:
        messages = (
            *config.draft.prompt.render(loop.state),
            Message("assistant", kept.answer),
            Message("user", _revise_text(kept.evidence, feedback)),
        )
    try:
        response = await _ask(loop, choice, messages, step="revise", visit=number)
    except CallFailed as failure:
        if failure.kind in _NO_ANSWER:
            return (), False
        raise
    judgement = await loop.ctx.judge(response.text, previous=_code_of(kept.judgement))
    is_changed = _code_of(judgement) != _code_of(kept.judgement)
    is_kept = is_changed and not _breaks(kept.judgement, judgement)
    attempt = _attempt(loop, judgement, response, sample=0, before=kept, is_kept=is_kept)
    if is_kept:
        loop.kept = _Kept(judgement, attempt.evidence, round_no=number)
    return (attempt,), is_changed


def _revise_text(evidence: str, feedback: str) -> str:
    """Say evidence and feedback once each, also where a refused stop put the one in the other."""
    critique = feedback.replace(evidence, "").strip()
    return _REVISE_TEMPLATE.render({"evidence": evidence, "critique": critique})


async def _ask(
    loop: _Loop,
    choice: RoutedChoice,
    messages: tuple[Message, ...],
    *,
    step: str,
    visit: int,
    sample: int = 0,
) -> ChatResponse:
    chosen = choice.chosen(loop.state, loop.ctx)
    response = await loop.ctx.complete(
        messages,
        model=chosen.name,
        step=step,
        visit=visit,
        sample=sample,
        parameters=chosen.parameters,
        on_length=chosen.on_length,
    )
    loop.tokens += response.usage.total
    loop.latency_s += response.latency_s
    return response


def _spent(loop: _Loop) -> StopReason | None:
    """Say whether this row may make no further call; by recorded figures, so resume agrees."""
    config = loop.config
    if config.budget is not None and loop.tokens >= config.budget.tokens:
        return StopReason.BUDGET
    if config.timeout is not None and loop.latency_s >= config.timeout:
        return StopReason.TIMEOUT
    return None


def _sentinel_in(said: Critique, loop: _Loop, judgement: Judgement) -> Sentinel:
    phrase = loop.config.sentinel
    if phrase is None or not said.says(phrase):
        return Sentinel.ABSENT
    if not loop.config.accepted_by or _is_accepted(loop, judgement):
        return Sentinel.GRANTED
    return Sentinel.REFUSED


def _is_accepted(loop: _Loop, judgement: Judgement) -> bool:
    """Say whether the accepting validators passed; without any, all required that do not skip."""
    return is_accepted(judgement, loop.config.accepted_by)


def _breaks(kept: Judgement, revision: Judgement) -> bool:
    """Say whether a validator that passed no longer does, or one's score went down."""
    after = {verdict.validator: verdict for verdict in revision.verdicts}
    for before in kept.verdicts:
        now = after.get(before.validator)
        if now is None or (before.status is Status.PASS and now.status is not Status.PASS):
            return True
        if before.score is not None and (now.score is None or now.score < before.score):
            return True
    return False


def _attempt(
    loop: _Loop,
    judgement: Judgement,
    response: ChatResponse,
    *,
    sample: int,
    before: _Kept | None,
    is_kept: bool,
) -> Attempt:
    candidate = judgement.candidate
    return Attempt(
        sample=sample,
        answer=candidate.text,
        code=candidate.code,
        extraction=candidate.extraction,
        evidence=_evidence(loop, judgement),
        verdicts=judgement.verdicts,
        is_accepted=_is_accepted(loop, judgement),
        is_kept=is_kept,
        diff=_diff(_code_of(before.judgement), _code_of(judgement)) if before else "",
        tokens=response.usage.total,
        latency_s=response.latency_s,
    )


def _evidence(loop: _Loop, judgement: Judgement) -> str:
    return evidence_text(judgement.verdicts, loop.config.evidence.max_chars)


def _code_of(judgement: Judgement) -> str:
    candidate = judgement.candidate
    return candidate.text if candidate.code is None else candidate.code


def _diff(before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "kept", "revision", lineterm=""
    )
    return "\n".join(lines)


def _record(loop: _Loop, finished: Round) -> None:
    loop.rounds.append(finished)
    loop.ctx.record_round(finished)


def _view(loop: _Loop) -> LoopView:
    return LoopView(
        node=loop.node.name,
        record=loop.ctx.row.id,
        rounds=tuple(loop.rounds),
        tokens=loop.tokens,
    )


def _kept(loop: _Loop) -> _Kept:
    assert loop.kept is not None, "a draft is drawn before anything else"  # noqa: S101
    return loop.kept


def _end(loop: _Loop, reason: StopReason) -> None:
    loop.ctx.end_loop(
        LoopEnd(
            node=loop.node.name,
            stop_reason=reason,
            rounds=max(1, len(loop.rounds)),
            samples=loop.samples,
            sentinels_refused=loop.sentinels_refused,
            tokens=loop.tokens,
            kept_round=loop.kept.round_no if loop.kept else 0,
            rate=loop.rate,
        )
    )
