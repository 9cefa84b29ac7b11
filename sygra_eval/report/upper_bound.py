"""The most that a run can take, in one sentence and as data."""

from sygra_eval.engine import UpperBound
from sygra_eval.report.figures import cost, count
from sygra_eval.report.layout import wrapped


def upper_bound_text(bound: UpperBound) -> str:
    """Return the bound as lines of at most 80 columns; it is none where a figure is unknown."""
    rows = "1 row" if bound.rows == 1 else f"{count(bound.rows)} rows"
    rows = rows if bound.is_all else f"the first {rows}"
    words = ["1 call" if bound.calls == 1 else f"{count(bound.calls)} calls"]
    words.append("tokens: no bound" if bound.tokens is None else f"{count(bound.tokens)} tokens")
    words.append("money: no bound" if bound.usd is None else cost(bound.usd))
    lines = [f"at most, for {rows}: {', '.join(words)}"]
    if bound.tokens is not None:
        lines.append(
            "a bound and no estimate: all drafts, rounds and votes, answers of `max_tokens`, "
            "prompts by their characters / 4; `run --estimate N` says what to expect"
        )
    lines += [f"no bound: {why}" for why in bound.why_not]
    return "\n".join(wrapped(line, indent="  ") for line in lines) + "\n"


def upper_bound_json(bound: UpperBound) -> dict[str, object]:
    """Return the bound as data; null where there is none."""
    return {
        "rows": bound.rows,
        "is_all_rows": bound.is_all,
        "calls": bound.calls,
        "tokens": bound.tokens,
        "usd": bound.usd,
        "no_bound": list(bound.why_not),
    }
