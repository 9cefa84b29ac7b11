"""Sends texts of several records in one request, and gives each record its own answer.

Ten thousand texts are three hundred requests. A text waits some milliseconds for others that are
asked of the same model with the same parameters; a full request goes at once. Each text stays a
call of its own: it is looked up, priced, journalled and resumed alone. Where a server refuses a
request for what is in it, its halves are asked again, down to the text that is to blame, so a bad
text costs its neighbours some requests and never their answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from sygra_eval.journal import canonical_json
from sygra_eval.models.texts import count_of
from sygra_eval.values import (
    CallFailed,
    ChatRequest,
    ChatResponse,
    EndpointLost,
    Task,
    Usage,
    is_chat,
    task_of,
)

WINDOW_S = 0.005
MOST_CHARACTERS = 1_000_000  # some 250,000 tokens; OpenAI takes 300,000 in one request
FULL_REQUESTS = 8  # are kept in work: the gate begins with so many
OF_ITS_TEXTS = frozenset(
    {"bad_request", "too_long", "refused", "too_large", "server_error", "bad_body", "empty"}
    | {"timeout"}
)
"""Failures that a request may owe to one of its texts."""

TRIES_OF_MANY = 3
BeforeTry = Callable[[], ChatRequest | None]
_TAKES_CHATS = (Task.REWARD, Task.CLASSIFY, Task.ANY)


class Send(Protocol):
    """Send one request until it is answered; `before_try` may put another in its place."""

    def __call__(
        self,
        request: ChatRequest,
        record: str,
        has_begun: bool,  # noqa: FBT001 - of the gateway's
        before_try: BeforeTry,
    ) -> Awaitable[ChatResponse]:
        """Return the answers to all of its texts."""
        ...


class _NobodyLeft(Exception):
    """All who asked have gone before their request was sent."""


@dataclass(eq=False, slots=True, kw_only=True)
class _Asked:
    """One text that waits to be sent with others."""

    request: ChatRequest
    record: str
    has_begun: bool
    before_try: Callable[[], object]
    done: "asyncio.Future[ChatResponse]"

    def is_let_through(self) -> bool:
        """Ask whether it may still be sent; what speaks against it is its own answer."""
        if self.done.done():
            return False
        try:
            self.before_try()
        except Exception as error:  # noqa: BLE001 - handed on to whom it belongs
            self.fail(error)
            return False
        return True

    def fail(self, error: BaseException) -> None:
        """Hand a failure on to whoever waits, if anyone still does."""
        if self.done.done():
            return
        if isinstance(error, asyncio.CancelledError):
            self.done.cancel()
            return
        self.done.set_exception(error)
        self.done.exception()  # whose task ends meanwhile does not ask for it, and need not


class Together:
    """The texts of one model that wait to be sent.

    :param most: Texts in one request at most.
    """

    def __init__(self, most: int, send: Send, *, window_s: float = WINDOW_S) -> None:
        self.most = most
        self._send = send
        self._window_s = window_s
        self._waiting: dict[bytes, list[_Asked]] = {}
        self._sending: set[asyncio.Task[None]] = set()

    async def complete(
        self,
        request: ChatRequest,
        record: str,
        has_begun: bool,  # noqa: FBT001 - of the caller's
        before_try: Callable[[], object],
    ) -> ChatResponse:
        """Return the answer to one text, which travels with others."""
        loop = asyncio.get_running_loop()
        asked = _Asked(
            request=request,
            record=record,
            has_begun=has_begun,
            before_try=before_try,
            done=loop.create_future(),
        )
        kind = canonical_json(dict(request.parameters))
        if characters_of(self._waiting.get(kind, ())) + _characters(asked) > MOST_CHARACTERS:
            self._go(kind)
        waiting = self._waiting.setdefault(kind, [])
        waiting.append(asked)
        if len(waiting) >= self.most:
            self._go(kind)
        elif len(waiting) == 1:
            loop.call_later(self._window_s, self._go_with, kind, asked)
        return await asked.done

    def _go_with(self, kind: bytes, first: _Asked) -> None:
        """Send those that wait with `first`, unless they have gone already."""
        if first in self._waiting.get(kind, ()):
            self._go(kind)

    def _go(self, kind: bytes) -> None:
        if waiting := self._waiting.pop(kind, []):
            task = asyncio.create_task(self._answer(waiting), name=f"{len(waiting)} texts")
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _answer(self, asked: Sequence[_Asked]) -> None:
        """Give each of them an answer, or the failure that is its own."""
        going = [one for one in asked if not one.done.done()]

        def before_try() -> ChatRequest:
            going[:] = [one for one in going if one.is_let_through()]
            if not going:
                raise _NobodyLeft
            return joined([one.request for one in going])

        if not going:
            return
        has_begun = any(one.has_begun for one in going)
        whole = joined([one.request for one in going])
        try:
            response = await self._send(whole, going[0].record, has_begun, before_try)
            answers = parted(response, [one.request for one in going])
        except _NobodyLeft:
            return
        except CallFailed as failure:
            is_of_all = failure.kind not in OF_ITS_TEXTS or isinstance(failure, EndpointLost)
            if len(going) == 1 or is_of_all:
                for one in going:
                    one.fail(failure)
                return
            half = len(going) // 2
            await asyncio.gather(self._answer(going[:half]), self._answer(going[half:]))
        except BaseException as error:
            for one in going:
                one.fail(error)
            if not isinstance(error, Exception):
                raise
        else:
            for one, answer in zip(going, answers, strict=True):
                if not one.done.done():
                    one.done.set_result(answer)

    async def close(self) -> None:
        """End what is still under way; whoever waits for it is told."""
        for kind in tuple(self._waiting):
            for one in self._waiting.pop(kind):
                one.done.cancel()
        tasks = tuple(self._sending)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def batch_size_of(model: object) -> int:
    """Return how many texts a model takes in one request; 1 for what answers chats."""
    return int(getattr(model, "batch_size", 1))


def tries_of_many(failure: CallFailed, request: ChatRequest) -> int | None:
    """Return how often a request of several texts is tried before its halves are; None: as usual.

    On a text that breaks the server its neighbours would wait through all tries of each halving.
    """
    is_shared = count_of(request.messages) > 1 and failure.kind in OF_ITS_TEXTS
    return TRIES_OF_MANY if is_shared else None


def refuse_another_task(name: str, model: object, request: ChatRequest) -> None:
    """Refuse a chat that goes to a model of vectors, and a text that goes to a model of chats.

    :raises CallFailed: `wrong_model`; nothing was sent.
    """
    task, is_of_chat = task_of(model), is_chat(request.messages)
    if task is Task.ANY or (task is Task.CHAT and is_of_chat):
        return
    if is_of_chat and task not in _TAKES_CHATS:
        raise CallFailed("wrong_model", f"`{name}` has `api: {task}` and was asked a chat")
    if not is_of_chat and task is Task.CHAT:
        told = f"`{name}` answers chats and was given a text for a vector, class or score"
        raise CallFailed("wrong_model", f"{told}: say which with `api`")
    if not is_of_chat and (len(request.messages) == 2) != (task is Task.SCORE):
        wanted = "two texts" if task is Task.SCORE else "one text"
        raise CallFailed("wrong_model", f"`{name}` has `api: {task}`, which takes {wanted}")


def _characters(asked: _Asked) -> int:
    return sum(len(message.content) for message in asked.request.messages)


def characters_of(asked: Sequence[_Asked]) -> int:
    """Return how much text there is in all of them."""
    return sum(map(_characters, asked))


def joined(requests: Sequence[ChatRequest]) -> ChatRequest:
    """Return one request with the texts of all."""
    messages = tuple(message for request in requests for message in request.messages)
    return replace(requests[0], messages=messages, site=None)


def parted(response: ChatResponse, requests: Sequence[ChatRequest]) -> list[ChatResponse]:
    """Return each text's own answer, with its share of tokens and cost, which add up to the whole.

    So do tries: those after the first are the first text's.

    :raises CallFailed: When the model type gave another number of answers.
    """
    texts = (response.text, *response.others)
    if len(texts) != sum(count_of(request.messages) for request in requests):
        told = f"{len(texts)} answers to {len(requests)} texts"
        raise CallFailed("model_broke", f"a model type returned {told}")
    if len(requests) == 1:
        return [response]
    sizes = [sum(len(m.content) for m in request.messages) for request in requests]
    tokens = shared_out(response.usage.prompt_tokens, sizes)
    cost = response.cost_nano_usd
    costs = [None] * len(texts) if cost is None else shared_out(cost, tokens)
    return [
        replace(
            response,
            text=text,
            others=(),
            usage=Usage(
                prompt_tokens=share,
                completion_tokens=0,
                is_estimated=response.usage.is_estimated,
            ),
            cost_nano_usd=price,
            tries=response.tries if place == 0 else 1,
        )
        for place, (text, share, price) in enumerate(zip(texts, tokens, costs, strict=True))
    ]


def shared_out(total: int, weights: Sequence[int]) -> list[int]:
    """Share a number out by weights, in whole parts that add up to it; rests go to the first."""
    parts = len(weights)
    all_of_it = sum(weights)
    if not all_of_it:
        weights, all_of_it = [1] * parts, parts
    shares = [total * weight // all_of_it for weight in weights]
    rests = sorted(range(parts), key=lambda i: (-(total * weights[i] % all_of_it), i))
    for place in rests[: total - sum(shares)]:
        shares[place] += 1
    return shares
