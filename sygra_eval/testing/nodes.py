"""Runs one node or one validator alone, as plugin authors test theirs.

The plugins come from real discovery; models answer from a script, or are asked over a socket as a
run would ask them, and nothing is journalled.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any

from sygra_eval.data import ImageRules, looked_at
from sygra_eval.engine import fitted
from sygra_eval.journal import repaired_step
from sygra_eval.plugins import Plugins
from sygra_eval.suite import function_of
from sygra_eval.testing.asking import Ask, ModelEntries, asking
from sygra_eval.values import (
    Candidate,
    ChatResponse,
    Fitted,
    Judgement,
    LoopEnd,
    LoopView,
    Message,
    Node,
    NodeContext,
    OnLength,
    Round,
    Row,
    State,
    StopReason,
    Structured,
    Usage,
    Verdict,
)

Answers = Mapping[str, Sequence[str]]
Judging = Callable[[str], Sequence[Verdict]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call that a node made."""

    step: str
    visit: int
    sample: int
    model: str
    messages: tuple[Message, ...]


@dataclass(slots=True)
class NodeVisit:
    """What one visit of a node came to: what it added, asked, recorded."""

    additions: State = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    loop: LoopEnd | None = None


async def visit_node(
    plugins: Plugins,
    node_type: str,
    columns: Mapping[str, object],
    *,
    config: Mapping[str, object] | None = None,
    answers: Answers | None = None,
    judging: Judging | None = None,
    tokens_per_call: int = 10,
    models: ModelEntries | None = None,
) -> NodeVisit:
    """Run a node once.

    :param config: The node's keys as a suite would give them.
    :param answers: By step (`draft`, `critique`…; `""` for a node that asks once) the replies in
        order; the last one repeats.
    :param judging: The verdicts on an answer; by default there are none.
    :param models: Entries as under `models:` in a suite; these are asked and `answers` is not.
    """
    registered = plugins.find("nodes", node_type)
    keys = dict(config or {})
    parsed = registered.config.model_validate(keys) if registered.config is not None else keys
    visit = NodeVisit()
    node = Node(name="node", type=node_type, config=parsed)
    state = MappingProxyType(dict(columns))
    async with AsyncExitStack() as stack:
        ask = await stack.enter_async_context(asking(plugins, models)) if models else None
        ctx = _context(plugins, visit, columns, answers or {}, judging, tokens_per_call, ask)
        visit.additions = await plugins.acall("sygra_run_node", node=node, state=state, ctx=ctx)
    return visit


def _context(
    plugins: Plugins,
    visit: NodeVisit,
    columns: Mapping[str, object],
    answers: Answers,
    judging: Judging | None,
    tokens_per_call: int,
    ask: Ask | None,
) -> NodeContext:
    async def complete(
        messages: tuple[Message, ...],
        *,
        model: str,
        step: str = "",
        visit: int = 1,
        sample: int = 0,
        parameters: Mapping[str, object] | None = None,
        on_length: OnLength | None = None,
    ) -> ChatResponse:
        del on_length
        own = repaired_step(step)  # a repair takes the next reply of what it repairs
        before = sum(repaired_step(call.step) == own for call in asked)
        asked.append(Asked(step=step, visit=visit, sample=sample, model=model, messages=messages))
        if ask is not None:
            seen = await looked_at(messages, ImageRules(folder=Path(), data_folder=Path()))
            return await ask(model, seen, parameters or {})
        replies = answers.get(own) or [f"reply {before + 1}"]
        return ChatResponse(
            text=replies[min(before, len(replies) - 1)],
            finish_reason="stop",
            usage=Usage(prompt_tokens=0, completion_tokens=tokens_per_call),
            latency_s=1.0,
        )

    async def judge(answer: str, *, previous: str | None = None) -> Judgement:
        del previous
        verdicts = tuple(judging(answer)) if judging is not None else ()
        candidate = Candidate(text=answer, code=answer, extraction="as it stands")
        return Judgement(candidate=candidate, verdicts=verdicts)

    async def should_stop(loop: LoopView) -> StopReason | None:
        reason: StopReason | None = await plugins.acall("sygra_loop_should_stop", loop=loop)
        return reason

    def end_loop(end: LoopEnd) -> None:
        visit.loop = end

    def record_round(finished: Round) -> None:
        visit.rounds.append(finished)

    asked = visit.asked

    async def complete_json(
        messages: tuple[Message, ...], *, model: str, structured: Structured, **given: Any
    ) -> Fitted:
        return await fitted(
            complete, messages, model=model, structured=structured, has_json_mode=True, **given
        )

    return NodeContext(
        row=Row(id="row", index=0, columns=columns, origin=str(Path("test"))),
        complete=complete,
        complete_json=complete_json,
        judge=judge,
        record_round=record_round,
        should_stop=should_stop,
        end_loop=end_loop,
        chance=cache(partial(Random, 0)),
        key="node",
        function=partial(function_of, plugins),
    )
