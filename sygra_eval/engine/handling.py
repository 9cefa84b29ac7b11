"""What is done with answers that are not whole, by what the model's entry says. Start at `handled`.

Everything here follows from the answers alone, and they are journalled: a resumed run comes to the
same, without asking again. A call that is asked twice is two calls, and both are paid for.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from sygra_eval.engine.repetition import repetition_in
from sygra_eval.values import (
    CallFailed,
    ChatRequest,
    ChatResponse,
    Handling,
    Judgement,
    Message,
    OnLength,
    OnRepetition,
    OnTooLong,
    Status,
)

Once = Callable[[ChatRequest], Awaitable[ChatResponse]]
LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "num_predict")
RAISE_BY = 2
_NOT_FOR_LONGER = ("bad_request", "too_long")  # what a server says of a limit it does not grant


async def handled(request: ChatRequest, once: Once, handling: Handling) -> ChatResponse:
    """Ask, and do what the model's entry says with what comes.

    :raises CallFailed: `too_long`, `repetition`, `truncated`, and whatever asking itself raises.
    """
    try:
        response = await once(request)
    except CallFailed as failure:
        if failure.kind != "too_long" or handling.on_too_long is OnTooLong.FAIL:
            raise
        request, response = await _shortened(request, once, failure)
    if why := repetition_in(response):
        if handling.on_repetition is OnRepetition.FAIL:
            raise CallFailed("repetition", f"{why}; `on_repetition: keep` lets such answers go on")
        response = _noted(response, f"repeats itself: {why}")
    if response.finish_reason != "length":
        return response
    cut = f"cut at {_limit_told(request)}"
    match handling.on_length:
        case OnLength.ACCEPT:
            return _noted(response, f"the answer was {cut}")
        case OnLength.KEEP:
            return replace(_noted(response, f"the answer was {cut}"), is_cut=True)
        case OnLength.RAISE:
            return await _asked_for_more(request, once, response)
        case OnLength.FAIL:
            raise CallFailed("truncated", f"the answer was {cut}; raise it, or change `on_length`")


async def _shortened(
    request: ChatRequest, once: Once, refused: CallFailed
) -> tuple[ChatRequest, ChatResponse]:
    """Ask without the oldest turns, as all of them are too many."""
    turns = _old_turns(request.messages)
    count = 1
    while turns:
        count = min(count, len(turns))
        gone = [place for turn in turns[:count] for place in turn]
        kept = tuple(m for place, m in enumerate(request.messages) if place not in set(gone))
        shorter = replace(request, messages=kept)
        try:
            return shorter, _noted(await once(shorter), _left_out(request.messages, gone))
        except CallFailed as failure:
            if failure.kind != "too_long":
                raise
            refused = failure
        if count == len(turns):
            break
        count *= 2
    told = "the system prompt and the newest message are never cut, and are too long by themselves"
    raise CallFailed("too_long", f"{refused.message}; {told}", raw=refused.raw) from refused


def _old_turns(messages: Sequence[Message]) -> list[list[int]]:
    """Return the places of the turns that may go, oldest first: a user's message and its replies.

    System messages stay, and so does the newest message.
    """
    turns: list[list[int]] = []
    for place, message in enumerate(messages[:-1]):
        if message.role == "system":
            continue
        if message.role == "user" or not turns:
            turns.append([])
        turns[-1].append(place)
    return turns


def _left_out(messages: Sequence[Message], gone: Sequence[int]) -> str:
    each = [f"{place + 1} ({messages[place].role})" for place in gone[:4]]
    more = f" and {len(gone) - 4} more" if len(gone) > 4 else ""
    size = sum(len(messages[place].content) for place in gone)
    return (
        f"the prompt was longer than the model's context: of its {len(messages)} messages "
        f"{', '.join(each)}{more} were left out ({size} characters)"
    )


async def _asked_for_more(request: ChatRequest, once: Once, cut: ChatResponse) -> ChatResponse:
    """Ask once more with twice the limit; what is cut then too goes on as a cut answer."""
    named = _limit_of(request)
    if named is None:
        told = "the answer was cut, and the parameters name no limit that could be raised"
        return replace(_noted(cut, told), is_cut=True)
    name, limit = named
    more = limit * RAISE_BY
    raised = replace(request, parameters={**request.parameters, name: more})
    try:
        response = await once(raised)
    except CallFailed as failure:
        if failure.kind not in _NOT_FOR_LONGER:
            raise
        told = f"the answer was cut at {name} {limit}, and {more} is refused"
        return replace(_noted(cut, told), is_cut=True)
    response = replace(response, notes=(*cut.notes, *response.notes))
    if response.finish_reason != "length":
        return _noted(response, f"cut at {name} {limit}, asked for again with {more}")
    told = f"the answer was cut at {name} {limit}, and again at {more}"
    return replace(_noted(response, told), is_cut=True)


def _limit_of(request: ChatRequest) -> tuple[str, int] | None:
    """Return which parameter bounds the answer, and at how many tokens."""
    for name in LIMITS:
        limit = request.parameters.get(name)
        if isinstance(limit, int) and not isinstance(limit, bool) and limit > 0:
            return name, limit
    return None


def _limit_told(request: ChatRequest) -> str:
    named = _limit_of(request)
    return "the server's own limit" if named is None else f"{named[0]} {named[1]}"


def _noted(response: ChatResponse, *notes: str) -> ChatResponse:
    return replace(response, notes=(*response.notes, *notes)) if notes else response


def none_passes(judgement: Judgement) -> Judgement:
    """Let no validator pass an answer that was cut: what it looked at is not the whole of it."""
    told = "truncated: the answer was cut at its limit; of what there is of it"
    verdicts = tuple(
        replace(v, status=Status.FAIL, score=None, reason=f"{told}: {v.reason}")
        if v.status is Status.PASS
        else v
        for v in judgement.verdicts
    )
    return replace(judgement, verdicts=verdicts)
