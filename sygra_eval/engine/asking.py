"""Asks a model of the suite: from the journal, or else from the model, and paid for once.

Nodes and validators ask through here alike; where a call belongs is its `CallSite`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from sygra_eval.engine.setting import Setting
from sygra_eval.engine.spending import BudgetReached, most_of
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
    most, is_reserved, response = most_of(setting.gateway, model, request), False, None

    def before_try() -> None:
        nonlocal is_reserved
        setting.stop.check()
        if not is_reserved:
            setting.spending.reserve(most)
            is_reserved = True

    try:
        while response is None:
            try:
                response = await setting.gateway.complete(
                    model,
                    replace(request, site=site),
                    record=site.record,
                    has_begun=has_begun,
                    before_try=before_try,
                )
            except BudgetReached:
                is_patient = bool(setting.gateway.batched)
                if not (is_patient and await setting.spending.another_ended()):
                    raise
                setting.stop.check()
    except (EndpointLost, BudgetReached) as reached:
        setting.stop.give_up(str(reached))
        raise Interrupted(str(reached)) from reached
    finally:
        if is_reserved:
            setting.spending.settle(most, response)
    setting.counters.calls_sent += 1
    await setting.journal.commit_call(key, site, request_hash(endpoint.identity, request), response)
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
