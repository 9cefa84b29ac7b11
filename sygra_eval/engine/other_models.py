"""Says when another model answers than the one that was asked, or takes no such answer."""

from collections.abc import Mapping
from dataclasses import replace

from sygra_eval.engine.setting import Setting
from sygra_eval.journal import call_key
from sygra_eval.values import CallFailed, CallSite, ChatRequest, ChatResponse

OTHER_MODEL = "other_model"


def is_of_another(setting: Setting, model: str, response: ChatResponse) -> bool:
    """Say whether another model answered than the suite names."""
    return setting.gateway.is_another(response.answered_by or model, response.model_seen)


def with_model_told(setting: Setting, model: str, response: ChatResponse) -> ChatResponse:
    """Let an answer of another model say so in its row, and once for each model in the report."""
    if not is_of_another(setting, model, response):
        return response
    name, seen = response.answered_by or model, response.model_seen
    label = setting.gateway.models[name].label
    if (name, seen) not in setting.others:
        setting.others.add((name, seen))
        setting.journal.event(OTHER_MODEL, model=name, asked=label, seen=seen)
    return replace(response, notes=(*response.notes, f"`{label}` was asked, `{seen}` answered"))


async def refuse_another(
    setting: Setting, site: CallSite, model: str, request: ChatRequest, response: ChatResponse
) -> None:
    """Journal what was paid for an answer that is not taken, so that the call can be asked again.

    :raises CallFailed: Always.
    """
    name = response.answered_by or model
    identity, count = setting.gateway.models[model].identity, 1
    while setting.journal.answer(key := call_key(identity, request, site, f"other {count}")):
        count += 1
    await setting.journal.commit_call(key, site, key, response)
    told = f"`{setting.gateway.models[name].label}` was asked, `{response.model_seen}` answered"
    raise CallFailed(OTHER_MODEL, f"{told}, and the run is strict about models")


def other_model_told(data: Mapping[str, object]) -> str:
    """Say in the report what the event of another model says."""
    asked, seen = data["asked"], data["seen"]
    return f"`{data['model']}`: `{asked}` was asked, `{seen}` answered; its rows say so"
