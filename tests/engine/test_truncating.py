"""Whatever a conversation looks like, what is cut of it is its oldest, and never the two ends."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.engine.handling import handled
from sygra_eval.values import (
    CallFailed,
    ChatRequest,
    ChatResponse,
    Handling,
    Message,
    OnTooLong,
    Usage,
)

MESSAGES = st.lists(st.sampled_from(["system", "user", "assistant", "tool"]), min_size=1).map(
    lambda roles: tuple(Message(role, f"message {n}") for n, role in enumerate(roles))
)
TRUNCATE = Handling(on_too_long=OnTooLong.TRUNCATE)
USAGE = Usage(prompt_tokens=1, completion_tokens=1)


@given(MESSAGES, st.integers(0, 12))
def test_what_is_sent_keeps_order_system_and_newest_and_begins_with_a_whole_turn(messages, fits):
    sent = []

    async def once(request: ChatRequest) -> ChatResponse:
        sent.append(request.messages)
        if len(request.messages) > fits:
            raise CallFailed("too_long", "past the context")
        return ChatResponse(text="fine", finish_reason="stop", usage=USAGE)

    try:
        answer = asyncio.run(handled(ChatRequest(messages=messages), once, TRUNCATE))
    except CallFailed as failure:
        answer, failed = None, failure.kind
    else:
        failed = ""

    for tried in sent:
        assert [m for m in messages if m in tried] == list(tried)  # each is unique, in its order
        assert tried[-1] == messages[-1]
        assert {m for m in messages if m.role == "system"} <= set(tried)
    for tried in sent[1:]:
        rest = [m for m in tried[:-1] if m.role != "system"]
        assert not rest or rest[0].role == "user"
    assert [len(tried) for tried in sent] == sorted({len(tried) for tried in sent}, reverse=True)
    least = sum(m.role == "system" for m in messages[:-1]) + 1
    assert failed == ("too_long" if least > fits else "")
    assert answer is None or bool(answer.notes) == (len(sent) > 1)
