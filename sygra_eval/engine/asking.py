"""Asks a model of the suite: from the journal, or else from the model, and paid for once.

Nodes and validators ask through here alike; where a call belongs is its `CallSite`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from sygra_eval.data import looked_at
from sygra_eval.engine.call_faults import Faults, refuse_again
from sygra_eval.engine.disk_room import check_that_it_is_ours, room_for_an_answer
from sygra_eval.engine.handling import handled
from sygra_eval.engine.images import image_rules
from sygra_eval.engine.other_models import is_of_another, refuse_another, with_model_told
from sygra_eval.engine.setting import Setting
from sygra_eval.engine.spending import Amount, BudgetReached, most_of
from sygra_eval.journal import call_hashes, json_writer
from sygra_eval.suite import ModelChoice, Suite
from sygra_eval.values import (
    BadAnswer,
    CallContext,
    CallFailed,
    CallSite,
    ChatRequest,
    ChatResponse,
    EndpointLost,
    Handling,
    Interrupted,
    Judgement,
    Message,
    ModelUse,
    OnLength,
    Status,
    Task,
    is_chat,
    task_of,
)


async def ask(
    setting: Setting,
    site: CallSite,
    messages: tuple[Message, ...],
    *,
    model: str,
    parameters: Mapping[str, object] | None = None,
    has_begun: bool = True,
    on_length: OnLength | None = None,
) -> ChatResponse:
    """Answer from the journal or from the model; the answer is committed before it is used.

    :param has_begun: The record has had answers before, so it goes before new ones.
    :param on_length: What is done with an answer that is cut, instead of what the model says.
    :raises Interrupted: When the run drains, as it does when an endpoint is lost.
    """
    if model not in setting.gateway.models:
        raise BadAnswer(f"the suite has no model `{model}`")
    if any(message.parts for message in messages):
        messages = await looked_at(messages, image_rules(setting.suite))
    request = request_of(setting.suite, messages, model=model, parameters=parameters, site=site)
    once = partial(_ask_once, setting, site, model, has_begun)
    if not is_chat(messages):
        return await once(request)
    return await handled(request, once, handling_of(setting.suite, model, on_length))


async def _ask_once(
    setting: Setting,
    site: CallSite,
    model: str,
    has_begun: bool,  # noqa: FBT001 - of the caller's
    request: ChatRequest,
) -> ChatResponse:
    """Answer one request, whatever will be done with the answer."""
    endpoint = setting.gateway.models[model]
    key, told = call_hashes(endpoint.identity, request, site)
    answered = setting.journal.answer(key)
    if answered is not None:
        setting.counters.calls_cached += 1
        return _held_to_its_length(setting, model, with_model_told(setting, model, answered))
    refuse_again(setting, key)
    setting.stop.check()
    await room_for_an_answer(setting)
    if (hooks := setting.call_hooks) is None:
        response = await _paid(setting, model, site, request, key, has_begun=has_begun)
    else:
        ctx = CallContext(site=site, model=model, label=endpoint.label)
        response = await hooks.before(request, ctx) or await _paid(
            setting, model, site, request, key, has_begun=has_begun, ctx=ctx
        )
    by_batch = (response.answered_by or model) in setting.gateway.batched
    is_batched = by_batch and not (response.is_cached or response.from_plugin)
    await setting.journal.commit_call(key, site, told, response, model=model, is_batched=is_batched)
    if hooks is not None:
        hooks.after(request, response, ctx)
    return _held_to_its_length(setting, model, with_model_told(setting, model, response))


async def _paid(
    setting: Setting,
    model: str,
    site: CallSite,
    request: ChatRequest,
    key: bytes,
    *,
    has_begun: bool,
    ctx: CallContext | None = None,
) -> ChatResponse:
    """Take the answer of the cache, or ask the model within the budget.

    :param ctx: For those who listen to the answer as it comes.
    """
    # What a cache answers waits for no room in a budget.
    response = setting.gateway.kept(model, request) if setting.spending.is_bounded else None
    if response is None:
        faults = Faults(setting, site, key, model)
        try:
            response = await _within_budget(setting, model, site, request, faults, ctx, has_begun)
        except CallFailed as failure:
            await faults.commit_if_final(failure)
            raise
    if response.is_cached:
        setting.counters.calls_from_cache += 1
    else:
        setting.counters.calls_sent += 1
    if setting.is_strict and is_of_another(setting, model, response):
        await refuse_another(setting, site, model, request, response)
    return response


def _held_to_its_length(setting: Setting, model: str, response: ChatResponse) -> ChatResponse:
    """Let a vector pass that is as long as the others; what is none passes."""
    if task_of(setting.gateway.models[model]) is Task.EMBEDDINGS:
        setting.lengths.check(model, response, setting.journal)
    return response


def handling_of(suite: Suite, model: str, on_length: OnLength | None = None) -> Handling:
    """Return what is done with answers that are not whole; a node's own word wins."""
    handling = suite.models[model].handling
    return handling if on_length is None else replace(handling, on_length=on_length)


async def _within_budget(
    setting: Setting,
    model: str,
    site: CallSite,
    request: ChatRequest,
    faults: Faults,
    ctx: CallContext | None,
    has_begun: bool,  # noqa: FBT001 - of the caller's
) -> ChatResponse:
    """Ask the model when there is room for the most that it may come to."""
    spending, response, attempts = setting.spending, None, 0
    most = Amount()
    if spending.is_bounded:
        most = most_of(setting.gateway, model, request, spending.largest)
    heard = setting.deltas.listener(site, lambda: attempts)
    if ctx is not None and setting.call_hooks is not None:
        by_plugins = setting.call_hooks.listener(ctx, lambda: attempts)
        heard = heard if by_plugins is None else _both(heard, by_plugins)
    request = replace(request, on_text=heard)
    waits_at = setting.places.wait(site.node)
    is_waiting = True

    def is_let_through() -> None:
        nonlocal is_waiting
        if is_waiting:
            is_waiting = False
            setting.places.sent(waits_at)

    def before_try() -> None:
        nonlocal attempts
        check_that_it_is_ours(setting)
        attempts += 1
        is_let_through()

    try:
        await spending.reserve(most)
        try:
            response = await setting.gateway.complete(
                model,
                request,
                record=site.record,
                has_begun=has_begun,
                before_try=before_try,
                on_failure=faults.note,
            )
        finally:
            spending.settle(most, response, site.record)
    except (EndpointLost, BudgetReached) as reached:
        setting.stop.give_up(str(reached))
        raise Interrupted(str(reached)) from reached
    finally:
        is_let_through()
    return response


def _both(one: Callable[[str], None], other: Callable[[str], None]) -> Callable[[str], None]:
    def heard(text: str) -> None:
        one(text)
        other(text)

    return heard


def request_of(
    suite: Suite,
    messages: tuple[Message, ...],
    *,
    model: str,
    parameters: Mapping[str, object] | None = None,
    site: CallSite | None = None,
) -> ChatRequest:
    """Return what is sent: the caller's parameters win over the model's own."""
    sent = {**suite.models[model].parameters, **(parameters or {})}
    return ChatRequest(messages=messages, parameters=sent, site=site)


_spelled = json_writer(sort_keys=True, ensure_ascii=False)


def use_of(setting: Setting, request: ChatRequest, *, role: str, name: str) -> ModelUse:
    """Return what a row's provenance says of a model that was asked."""
    parameters = _spelled(dict(request.parameters))
    label = setting.gateway.models[name].label
    return ModelUse(role=role, name=name, model=label, parameters=parameters)


def models_of_validators(setting: Setting, judgement: Judgement) -> Iterator[ModelUse]:
    """Yield the models that judged a row; from the suite, as a resumed run asks no one again."""
    for spec, verdict in zip(setting.suite.validators, judgement.verdicts, strict=True):
        choice = getattr(spec.config, "model", None)
        if isinstance(choice, ModelChoice) and verdict.status is not Status.SKIP:
            request = request_of(setting.suite, (), model=choice.name, parameters=choice.parameters)
            yield use_of(setting, request, role=spec.name, name=choice.name)
