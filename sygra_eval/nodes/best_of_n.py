"""Node `best_of_n`: of several candidates keeps the one that the suite's validators judge best.

The candidates are samples of one model, answers of several, or the replies of a `multi_llm`. They
are judged as a loop's drafts are: without hidden tests, by verdicts that are journalled.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from sygra_eval.nodes.best_of_n_config import MOST_CANDIDATES, BestOfNConfig
from sygra_eval.nodes.ensemble import Replies, ask_all, in_turn
from sygra_eval.nodes.evidence import evidence_text
from sygra_eval.nodes.ranking import best_of, is_accepted, passed, rank, score
from sygra_eval.values import (
    Attempt,
    BadAnswer,
    InfrastructureError,
    Judgement,
    Node,
    NodeContext,
    Round,
    RoundKind,
    State,
    Status,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """One answer, and whose it is."""

    text: str
    label: str
    sample: int = 0
    tokens: int = 0
    latency_s: float = 0.0


async def best_of_n(node: Node, state: State, ctx: NodeContext) -> State:
    """Draw or take the candidates, judge each, and add the best one's text."""
    config = cast("BestOfNConfig", node.config)
    replies = Replies() if config.from_ is not None else await _draw(config, state, ctx)
    try:
        replies.require(config.on_fail, node.name)
        taken = _drawn(replies) if config.from_ is None else _taken(config.from_, state)
        candidates = list(taken)
        judgements = [await ctx.judge(candidate.text) for candidate in candidates]
    except InfrastructureError:
        if config.from_ is None:  # what was said is there, though nobody has judged it
            ctx.record_round(replies.as_round(node.name))
        raise
    best = best_of(judgements)
    ctx.record_round(_round(node, candidates, judgements, best, replies))
    additions: dict[str, object] = {config.output: candidates[best].text}
    if config.winner is not None:
        additions[config.winner] = candidates[best].label
    return additions


async def _draw(config: BestOfNConfig, state: State, ctx: NodeContext) -> Replies:
    """Ask for all candidates at once."""
    assert config.prompt is not None, "drawn only where there is one"  # noqa: S101
    chosen = [(label, model.chosen(state, ctx)) for label, model in config.asked().items()]
    asked = [one for one in chosen for _ in range(config.samples)]
    return await ask_all(in_turn(asked), config.prompt.render(state), ctx)


def _drawn(replies: Replies) -> Iterator[_Candidate]:
    for one in replies.answered:
        yield _Candidate(
            text=one.response.text,
            label=one.asked.name,
            sample=one.asked.sample,
            tokens=one.response.usage.total,
            latency_s=one.response.latency_s,
        )


def _taken(variable: str, state: State) -> Iterator[_Candidate]:
    """Yield the candidates that an earlier node, or the row itself, has under a variable.

    :raises BadAnswer: When it holds something else than texts.
    """
    held = state.get(variable)
    if isinstance(held, list):
        held = {str(number): text for number, text in enumerate(held, start=1)}
    if isinstance(held, Mapping) and len(held) > MOST_CANDIDATES:
        raise BadAnswer(f"`{variable}` holds {len(held)} candidates, more than {MOST_CANDIDATES}")
    if not isinstance(held, Mapping) or not held:
        what = type(held).__name__ if held else "nothing"
        raise BadAnswer(f"`{variable}` holds {what}, and candidates are needed: texts by label")
    for label, text in held.items():
        if not isinstance(text, str):
            kind = type(text).__name__
            raise BadAnswer(f"the candidate `{label}` of `{variable}` is {kind}, not a text")
        yield _Candidate(text=text, label=str(label))


def _round(
    node: Node,
    candidates: Sequence[_Candidate],
    judgements: Sequence[Judgement],
    best: int,
    replies: Replies,
) -> Round:
    return Round(
        node=node.name,
        number=1,
        attempts=tuple(
            _attempt(candidate, judgement, is_kept=at == best)
            for at, (candidate, judgement) in enumerate(zip(candidates, judgements, strict=True))
        ),
        kind=RoundKind.CANDIDATES,
        choice=_why(judgements, best),
        unanswered=replies.unanswered,
    )


def _why(judgements: Sequence[Judgement], best: int) -> str:
    """Say which candidate was kept and what it was ahead in."""
    ranks = [rank(judgement) for judgement in judgements]
    kept, top = f"candidate {best + 1} of {len(judgements)}", ranks[best]
    accepted = sum(has_passed for has_passed, _, _ in ranks)
    if not any(_judged(judgement) for judgement in judgements):
        return f"{kept}: nothing judged them, so it is the earliest"
    if accepted == 1:
        return f"{kept}: it alone passes what is required"
    among = (
        f"of the {accepted} that pass what is required"
        if accepted
        else "none passes what is required; of all"
    )
    equals = ranks.count(top)
    of = _judged(judgements[best])
    told = f"{passed(judgements[best])} of {of} validators, score {score(judgements[best]):.2f}"
    if equals == 1:
        return f"{kept}: {among} it is judged best ({told})"
    return f"{kept}: {among} {equals} are judged best ({told}), and it is the earliest"


def _judged(judgement: Judgement) -> int:
    """Return how many validators had something to say."""
    return sum(verdict.status is not Status.SKIP for verdict in judgement.verdicts)


def _attempt(candidate: _Candidate, judgement: Judgement, *, is_kept: bool) -> Attempt:
    judged = judgement.candidate
    return Attempt(
        sample=candidate.sample,
        label=candidate.label,
        answer=judged.text,
        code=judged.code,
        extraction=judged.extraction,
        evidence=evidence_text(judgement.verdicts),
        verdicts=judgement.verdicts,
        is_accepted=is_accepted(judgement),
        is_kept=is_kept,
        diff="",
        tokens=candidate.tokens,
        latency_s=candidate.latency_s,
    )
