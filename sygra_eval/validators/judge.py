"""Validator `judge`: a model says by a rubric whether the answer passes.

Its word is the weakest evidence that a row can have, so it is asked with care: the reason first,
the verdict as one word, in both orders, more than once, and only after it withstood the bribes of
`judge_canaries`. What cannot be read is an error and never a 0. Start at `judge`.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from sygra_eval.validators.judge_canaries import Canaries
from sygra_eval.validators.judge_config import DEFAULT_COLUMN, JudgeConfig
from sygra_eval.validators.judge_prompt import cut, harmless
from sygra_eval.validators.judge_votes import Case, Vote, Voted, vote
from sygra_eval.validators.verdicts import says
from sygra_eval.values import Candidate, Evidence, State, Status, ValidatorContext, Verdict

LEAST_OF_A_COLUMN = 200


async def judge(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when most votes pass."""
    config = ctx.validator.config
    assert isinstance(config, JudgeConfig)  # noqa: S101 - registered with this model
    canaries = ctx.prepared if isinstance(ctx.prepared, Canaries) else None
    if canaries is not None and canaries.why_not:
        return says(ctx, Status.ERROR, canaries.why_not)
    case = _case(candidate, config, ctx)
    if isinstance(case, Verdict):
        return case
    votes = [
        await vote(case, config, ctx.complete, step="vote", sample=sample)
        for sample in range(config.votes)
    ]
    return _verdict(votes, config, ctx, canaries)


def _case(candidate: Candidate, config: JudgeConfig, ctx: ValidatorContext) -> Case | Verdict:
    """Return what is judged, or the verdict on a row for which no one has to be asked."""
    if not candidate.text.strip():
        return says(ctx, Status.FAIL, "the answer is empty")
    other = None
    if config.against is not None:
        beside = ctx.columns.get(config.against)
        if beside is None or beside == "":
            return says(ctx, Status.SKIP, f"the row has nothing in `{config.against}`")
        if not isinstance(beside, str):
            kind = type(beside).__name__
            return says(ctx, Status.ERROR, f"`{config.against}` holds {kind}, not a text")
        other = beside
    # Escapes are longer than what they stand for; ten megabytes are too long without a look.
    texts = (candidate.text, other or "")
    length = sum(map(len, texts))
    if length <= config.max_chars:
        length = sum(len(harmless(text)) for text in texts)
    if length > config.max_chars:  # half an answer would be judged, and the other half kept
        told = f"too long for the judge: {length} characters, `max_chars` is {config.max_chars}"
        return says(ctx, Status.SKIP, told)
    return Case(
        answer=candidate.text,
        other=other,
        columns=_columns(config, ctx.columns, config.max_chars - length),
        place=f"{ctx.validator.name}/{ctx.row_id}",
        seed=ctx.seed,
    )


def _columns(config: JudgeConfig, columns: State, left: int) -> Mapping[str, str]:
    """Return what the judge sees of the row; long columns share what the answer leaves."""
    default = (DEFAULT_COLUMN,) if DEFAULT_COLUMN in columns else ()
    names = default if config.show is None else config.show
    longest = max(LEAST_OF_A_COLUMN, left // max(1, len(names)))
    return {name: cut(harmless(_text(columns.get(name))), longest) for name in names}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


def _verdict(
    votes: Sequence[Vote], config: JudgeConfig, ctx: ValidatorContext, canaries: Canaries | None
) -> Verdict:
    """Come to one verdict: what more than half of the usable votes say, else a tie."""
    decided = [one for one in votes if one.voted is not Voted.ERROR]
    counts = Counter(one.voted for one in decided)
    if 2 * len(decided) <= len(votes):
        failed = next(one for one in votes if one.voted is Voted.ERROR)
        few = f"only {len(decided)} of {len(votes)} votes can be used: " if len(votes) > 1 else ""
        evidence = Evidence(output=_told(votes, canaries))
        return says(ctx, Status.ERROR, f"{few}{failed.why}", evidence=evidence)
    most, count = counts.most_common(1)[0]
    agreement = count / len(decided)
    came_to = most if 2 * count > len(decided) else Voted.TIE
    if came_to is Voted.PASS and agreement < config.min_agreement:
        came_to = Voted.TIE
    status = Status(config.tie) if came_to is Voted.TIE else Status(came_to.value)
    share = counts[Voted.PASS] / len(decided)
    return Verdict(
        validator=ctx.validator.name,
        is_required=ctx.validator.is_required,
        status=status,
        score=None if status is Status.SKIP else share,
        reason=_reason(came_to, votes, config),
        evidence=Evidence(
            output=_told(votes, canaries),
            measures={"judge_agreement": agreement, "judge_votes": float(len(decided))},
        ),
    )


def _reason(came_to: Voted, votes: Sequence[Vote], config: JudgeConfig) -> str:
    """Begin with what it came to, as reasons are counted by that; then the votes, then why."""
    decided = [one for one in votes if one.voted is not Voted.ERROR]
    speaks = next((one for one in decided if one.voted is came_to), decided[0])
    counts = Counter(one.voted for one in votes)
    counted = ", ".join(f"{counts[one]} {one.value}" for one in Voted if counts[one])
    tally = f" ({counted} of {len(votes)} votes)" if len(votes) > 1 else ""
    if came_to is Voted.TIE and config.asks_both_orders and speaks.voted is Voted.TIE:
        words = " and ".join(said.verdict for said in speaks.said)
        return f"tie{tally}: asked in both orders, the judge says {words}: {speaks.reason}"
    if came_to is Voted.TIE and 2 * counts[Voted.PASS] > len(decided):
        return f"tie{tally}: fewer agree than `min_agreement` {config.min_agreement:g}"
    word = speaks.said[0].verdict if came_to is not Voted.TIE and len(speaks.said) == 1 else came_to
    return f"{word}{tally}: {speaks.reason}"


def _told(votes: Sequence[Vote], canaries: Canaries | None) -> str:
    """Return all that was said, for whoever looks into the row."""
    lines = [canaries.told()] if canaries is not None else []
    for number, one in enumerate(votes, start=1):
        lines.append(f"vote {number}: {one.voted.value}{': ' + one.why if one.why else ''}")
        lines += [f"  {said.verdict}: {said.reason}" for said in one.said]
    return "\n".join(lines)
