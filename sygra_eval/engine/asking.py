"""Asks a model of the suite: from the journal, or else from the model, and paid for once.

Nodes and validators ask through here alike; where a call belongs is its `CallSite`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from sygra_eval.engine.setting import Setting
from sygra_eval.engine.spending import Amount, BudgetReached, most_of
from sygra_eval.journal import call_key, request_hash
from sygra_eval.suite import ModelChoice, Suite
from sygra_eval.values import (
    BadAnswer,
    CallSite,
    ChatRequest,
    ChatResponse,
    EndpointLost,
    Interrupted,
    Judgement,
    Message,
    ModelUse,
    Status,
)


async def ask(
    setting: Setting,
    site: CallSite,
    messages: tuple[Message, ...],
    *,
    model: str,
    parameters: Mapping[str, object] | None = None,
    has_begun: bool = True,
) -> ChatResponse:
    """Answer from the journal or from the model; the answer is committed before it is used.

    :param has_begun: The record has had answers before, so it goes before new ones.
    :raises Interrupted: When the run drains, as it does when an endpoint is lost.
    """
    if model not in setting.gateway.models:
        raise BadAnswer(f"the suite has no model `{model}`")
    request = request_of(setting.suite, messages, model=model, parameters=parameters)
    endpoint = setting.gateway.models[model]
    key = call_key(endpoint.identity, request, site)
    answered = setting.journal.answer(key)
    if answered is not None:
        setting.counters.calls_cached += 1
        return answered
    setting.stop.check()
    sent = replace(request, site=site)
    # What a cache answers waits for no room in a budget.
    response = setting.gateway.kept(model, sent) if setting.spending.is_bounded else None
    if response is None:
        response = await _within_budget(setting, model, sent, has_begun=has_begun)
    if response.is_cached:
        setting.counters.calls_from_cache += 1
    else:
        setting.counters.calls_sent += 1
    asked = request_hash(endpoint.identity, request)
    await setting.journal.commit_call(key, site, asked, response, model=model)
    return response


async def _within_budget(
    setting: Setting, model: str, request: ChatRequest, *, has_begun: bool
) -> ChatResponse:
    """Ask the model when there is room for the most that it may come to."""
    spending, response = setting.spending, None
    most = Amount()
    if spending.is_bounded:
        most = most_of(setting.gateway, model, request, spending.largest)
    record = request.site.record if request.site is not None else ""
    try:
        await spending.reserve(most)
        try:
            response = await setting.gateway.complete(
                model,
                request,
                record=record,
                has_begun=has_begun,
                before_try=setting.stop.check,
            )
        finally:
            spending.settle(most, response, record)
    except (EndpointLost, BudgetReached) as reached:
        setting.stop.give_up(str(reached))
        raise Interrupted(str(reached)) from reached
    return response


def request_of(
    suite: Suite,
    messages: tuple[Message, ...],
    *,
    model: str,
    parameters: Mapping[str, object] | None = None,
) -> ChatRequest:
    """Return what is sent: the caller's parameters win over the model's own."""
    spec = suite.models[model]
    return ChatRequest(messages=messages, parameters={**spec.parameters, **(parameters or {})})


def use_of(setting: Setting, request: ChatRequest, *, role: str, name: str) -> ModelUse:
    """Return what a row's provenance says of a model that was asked."""
    parameters = json.dumps(dict(request.parameters), sort_keys=True, ensure_ascii=False)
    label = setting.gateway.models[name].label
    return ModelUse(role=role, name=name, model=label, parameters=parameters)


def models_of_validators(setting: Setting, judgement: Judgement) -> Iterator[ModelUse]:
    """Yield the models that judged a row; from the suite, as a resumed run asks no one again."""
    for spec, verdict in zip(setting.suite.validators, judgement.verdicts, strict=True):
        choice = getattr(spec.config, "model", None)
        if isinstance(choice, ModelChoice) and verdict.status is not Status.SKIP:
            request = request_of(setting.suite, (), model=choice.name, parameters=choice.parameters)
            yield use_of(setting, request, role=spec.name, name=choice.name)
