"""What a report holds, as values: each view only decides how a table looks.

Start at `tables_of`. Cells are raw text; the views make them safe to look at.
"""

from collections.abc import Iterator

from sygra_eval.engine import RunSummary
from sygra_eval.quality import FEWEST_CLUSTERS, wilson
from sygra_eval.report.agreement import agreements
from sygra_eval.report.bought import drafts_bought, environment, latency, rounds_bought
from sygra_eval.report.cost_estimate import estimated
from sygra_eval.report.costs import by_model, by_node, cost_of_a_verified_row
from sygra_eval.report.edges import edges
from sygra_eval.report.ensembles import ensembles, shares
from sygra_eval.report.estimate import cells, estimate_notes, estimate_of, has_estimate
from sygra_eval.report.evidence import canary_notes, counted, grades, notes_on_tests, pass_rates
from sygra_eval.report.figures import UNKNOWN, bounds, cost, duration, percent, some_of, stops
from sygra_eval.report.gates import gates
from sygra_eval.report.guardrails import guardrails
from sygra_eval.report.table import Align, Table
from sygra_eval.values import Outcome, Trust

MOST_CAUSES = 10
"""Causes that get a line of their own; `report.json` has them all."""

_STATES = {
    "running": "still running, or killed: the figures are those so far, not a result",
    "interrupted": "interrupted: a resume goes on with it",
    "incomplete": "incomplete: a resume goes on with it",
}
_TRUST: dict[str, str] = {
    Trust.COOPERATIVE: ", the tests ran inside the candidate's own process",
    Trust.SEPARATE: ", judged outside the candidate's process",
}


def header_of(summary: RunSummary) -> tuple[tuple[str, str], ...]:
    """Return what the report is of: suite, run and state."""
    return (
        ("suite", summary.suite),
        ("run", summary.run),
        ("state", _state(summary)),
    )


def _state(summary: RunSummary) -> str:
    """Return the state, and what goes on with a run that has not come to its end."""
    if summary.scored and summary.state in {"interrupted", "incomplete"}:
        return f"{summary.state}: judge them again with `sygra-eval score`, from the start"
    return _STATES.get(summary.state, summary.state)


def tables_of(summary: RunSummary) -> tuple[Table, ...]:
    """Return the tables in reading order; one that would be empty is left out."""
    tables = (
        *inputs(summary),
        outcomes(summary),
        gates(summary),
        grades(summary),
        funnel(summary),
        edges(summary),
        validators(summary),
        agreements(summary),
        guardrails(summary),
        errors(summary),
        rounds(summary),
        rounds_bought(summary),
        samples(summary),
        drafts_bought(summary),
        pass_rates(summary),
        ensembles(summary),
        shares(summary),
        topics(summary),
        causes(summary),
        usage(summary),
        by_model(summary),
        by_node(summary),
        latency(summary),
        *estimated(summary),
        models(summary),
        environment(summary),
    )
    return tuple(table for table in tables if table.rows)


def inputs(summary: RunSummary) -> Iterator[Table]:
    """Yield what became of the rows of the sources before they were rows of the run."""
    for found in summary.input:
        made = [("made by joins and transforms", str(found.made))] if found.made else []
        how = [(what, str(count)) for what, count in found.parts.items()]
        yield Table(
            title=f"Input: {found.of}",
            columns=(found.of, "rows"),
            aligns=(Align.LEFT, Align.RIGHT),
            rows=(("read", str(found.read)), *made, *how),
            notes=tuple(
                f"{what}: {_first_of(named, found.parts.get(what, 0))}"
                for what, named in found.examples.items()
            ),
        )


def _first_of(named: tuple[str, ...], count: int) -> str:
    more = f" and {count - len(named):,} more" if count > len(named) else ""
    return ", ".join(named) + more


def outcomes(summary: RunSummary) -> Table:
    """Return where the rows ended; the counts add up to the rows read."""
    ended, surplus = sum(summary.counts.values()), summary.surplus

    def line(outcome: Outcome) -> tuple[str, ...]:
        count = summary.counts.get(outcome, 0)
        is_verified = outcome is Outcome.VERIFIED
        interval = summary.verified_rate if is_verified else wilson(count, ended)
        interval = summary.rates.get(outcome, interval)
        share = percent(interval.estimate if interval is not None else None)
        stopped_by = stops(summary.stop_reasons.get(outcome, {}))
        return outcome.value, str(count), share, bounds(interval), stopped_by

    rows = [
        line(outcome)
        for outcome in Outcome
        if outcome is not Outcome.UNJUDGED or summary.counts.get(outcome, 0)
    ]
    if summary.not_reached:
        rows.append(("not reached", str(summary.not_reached), UNKNOWN, UNKNOWN, UNKNOWN))
    if summary.surplus:
        rows.append(("surplus", str(summary.surplus), UNKNOWN, UNKNOWN, UNKNOWN))
    rows.append(("all rows", str(summary.rows), "", "", ""))
    shown = 5 if summary.has_graph else 4  # without a graph there are no loops
    return Table(
        title="Outcomes",
        columns=("outcome", "rows", "%", "95 % interval", "loop stopped by")[:shown],
        aligns=(Align.LEFT, Align.RIGHT, Align.RIGHT, Align.RIGHT, Align.LEFT)[:shown],
        rows=tuple(row[:shown] for row in rows),
        notes=(
            *(("% of the rows that have an outcome",) if summary.not_reached else ()),
            *(("surplus: they ended behind the row that completed the target",) if surplus else ()),
            *_notes_on_rows(summary),
            *canary_notes(summary),
        ),
    )


def _notes_on_rows(summary: RunSummary) -> Iterator[str]:
    if summary.deselected:
        yield f"{summary.deselected} rows of the source were not selected; they are in no figure"
    if summary.repeats > 1:
        yield f"each row was run {summary.repeats} times"
    if summary.questions is not None:
        few = ", few enough that they are too narrow" if summary.questions < FEWEST_CLUSTERS else ""
        yield f"rows that go together count as one: intervals are over {summary.questions}{few}"


def funnel(summary: RunSummary) -> Table:
    """Return how many rows came how far."""
    read = summary.funnel[0][1] if summary.funnel else 0
    return Table(
        title="Funnel",
        columns=("how far rows came", "rows", "% of read"),
        aligns=(Align.LEFT, Align.RIGHT, Align.RIGHT),
        rows=tuple(
            (label, str(count), percent(count / read if read else None))
            for label, count in summary.funnel
        ),
    )


def validators(summary: RunSummary) -> Table:
    """Return what each validator said in the end, how often it errs, in what isolation and trust.

    Without any measure there are no columns for it.
    """
    shown = 7 if has_estimate(summary) else 5
    return Table(
        title="Validators",
        columns=("validator", "pass", "fail", "error", "skip", "false acc.", "false rej.")[:shown],
        aligns=(Align.LEFT, *(Align.RIGHT,) * (shown - 1)),
        rows=tuple(
            (
                tally.validator + "*" * tally.is_required,
                *map(str, (tally.passed, tally.failed, tally.errors, tally.skipped)),
                *cells(estimate_of(summary, tally)),
            )[:shown]
            for tally in summary.validators
        ),
        notes=(
            "* required: a row is verified when all of these pass",
            f"isolation: {' · '.join(summary.isolation) or UNKNOWN}",
            *(trust_notes(summary) or (f"trust: {UNKNOWN}",)),
            *estimate_notes(summary),
            *notes_on_tests(summary),
        ),
    )


def errors(summary: RunSummary) -> Table:
    """Return how often the validators erred, where the suite knows what is right and wrong."""
    return Table(
        title="Errors of the validators",
        columns=("validator", "false acc.", "95 %", "false rej.", "95 %", "error"),
        aligns=(Align.LEFT, *(Align.RIGHT,) * 5),
        rows=tuple(
            (
                count.validator or "all required",
                f"{count.false_accepts} / {count.wrong}",
                bounds(count.false_accept_rate),
                f"{count.false_rejects} / {count.right}",
                bounds(count.false_reject_rate),
                str(count.undecided),
            )
            for count in summary.errors
        ),
        notes=(
            "false acc.: of the rows known to be wrong, those accepted; false rej.: of those known "
            "to be right, those not accepted; 95 %: interval of that rate, in percent",
        ),
    )


def trust_notes(summary: RunSummary) -> tuple[str, ...]:
    """Return where the judges sat: each kind of trust, its validators, what it means."""
    validators: dict[str, list[str]] = {}
    for said in summary.trust:  # as `unit_tests: cooperative`
        validator, _, trust = said.rpartition(": ")
        validators.setdefault(trust, []).append(validator)
    return tuple(
        f"trust: {trust}{_whose(names)}{_TRUST.get(trust, '')}"
        for trust, names in validators.items()
    )


def has_cooperative_trust(summary: RunSummary) -> bool:
    """Say whether a validator sat inside the process of the code that it judged."""
    return any(said.rpartition(": ")[2] == Trust.COOPERATIVE for said in summary.trust)


def rounds(summary: RunSummary) -> Table:
    """Return what each further round bought, and what became of the critic's stops."""
    numbers = sorted({*summary.rounds, *summary.verified_by_round})
    refused, rows = summary.sentinels_refused, summary.rows_with_refused_sentinel
    notes = [f"sentinels refused: {refused}, in {counted(rows, 'row')}"]
    if summary.repaired:
        rows = max(summary.repaired_rows, len(summary.repaired))
        notes.append(f"repaired rows: {rows}, as {some_of(summary.repaired)}")
    return Table(
        title="Loops: rounds",
        columns=("round", "rows that ended in it", "verified with its candidate"),
        aligns=(Align.RIGHT,) * 3,
        rows=tuple(
            (
                str(number),
                str(summary.rounds.get(number, 0)),
                str(summary.verified_by_round.get(number, 0)),
            )
            for number in numbers
        ),
        notes=tuple(notes),
    )


def samples(summary: RunSummary) -> Table:
    """Return what each further draft bought."""
    return Table(
        title="Loops: drafts",
        columns=("drafts drawn", "verified in round 1"),
        aligns=(Align.RIGHT,) * 2,
        rows=tuple(
            (str(drawn), str(rows)) for drawn, rows in sorted(summary.verified_by_sample.items())
        ),
    )


def topics(summary: RunSummary) -> Table:
    """Return the verified rate of each topic."""

    def line(topic: str, verified: int, rows: int) -> tuple[str, ...]:
        interval = summary.topic_rates.get(topic) or wilson(verified, rows)
        share = percent(interval.estimate if interval is not None else None)
        return topic, str(verified), str(rows), share, bounds(interval)

    return Table(
        title="By topic",
        columns=("topic", "verified", "rows", "%", "95 % interval"),
        aligns=(Align.LEFT, *(Align.RIGHT,) * 4),
        rows=tuple(line(topic, *counts) for topic, counts in summary.rate_by_topic.items()),
    )


def causes(summary: RunSummary) -> Table:
    """Return why rows fell out; what gets no line of its own is counted in the last."""
    shown, rest = summary.causes[:MOST_CAUSES], summary.causes[MOST_CAUSES:]
    rows = [
        (cause.outcome.value, str(cause.rows), cause.reason, some_of(cause.examples))
        for cause in shown
    ]
    if rest:
        total = sum(cause.rows for cause in rest)
        rows.append(("", str(total), f"{len(rest)} other reasons", ""))
    return Table(
        title="Why rows fell out",
        columns=("outcome", "rows", "reason", "such as"),
        aligns=(Align.LEFT, Align.RIGHT, Align.LEFT, Align.LEFT),
        rows=tuple(rows),
    )


def usage(summary: RunSummary) -> Table:
    """Return what the run took."""
    estimated = " (estimated in part)" if summary.has_estimated_tokens else ""
    tokens = summary.prompt_tokens + summary.completion_tokens
    if not (summary.has_graph or summary.calls):
        return Table(
            title="Time",
            columns=("what it took", "figure"),
            aligns=(Align.LEFT, Align.RIGHT),
            rows=(("wall time", duration(summary.wall_s)),),
        )
    return Table(
        title="Calls, tokens, time",
        columns=("what it took", "figure"),
        aligns=(Align.LEFT, Align.RIGHT),
        rows=(
            ("model calls", str(summary.calls)),
            ("of them answered by the journal", str(summary.calls_cached)),
            *_where_any("of them answered by plugins", summary.calls_from_plugins),
            *_where_any("of them to repair JSON that did not fit", summary.repairs),
            ("requests sent again", str(summary.retries)),
            (f"tokens{estimated}", str(tokens)),
            ("of them in prompts", str(summary.prompt_tokens)),
            ("of them in answers", str(summary.completion_tokens)),
            ("wall time", duration(summary.wall_s)),
            ("model time, summed over calls", duration(summary.model_s)),
            ("cost", cost(summary.cost_usd)),
            ("cost of each verified row", cost(cost_of_a_verified_row(summary))),
        ),
    )


def _where_any(what: str, count: int) -> tuple[tuple[str, str], ...]:
    """Return the line of what most runs have none of."""
    return ((what, str(count)),) if count else ()


def models(summary: RunSummary) -> Table:
    """Return which model stood behind each name of the suite."""
    return Table(
        title="Models",
        columns=("model", "type", "what it is"),
        aligns=(Align.LEFT,) * 3,
        rows=tuple((name, kind, what or UNKNOWN) for name, kind, what in summary.models),
    )


def verified_words(summary: RunSummary) -> str:
    """Return how many rows are verified of how many, and the rate among those that ended."""
    words = f"{summary.counts.get(Outcome.VERIFIED, 0)} of {summary.rows} rows are verified"
    rate = summary.verified_rate
    if rate is None:
        return words
    ended = sum(summary.counts.values())
    among = f"of the {ended} that {'count' if summary.surplus else 'ended'} "
    among = among if ended < summary.rows else ""
    return f"{words} ({among}{percent(rate.estimate)} %, 95 % interval {bounds(rate)})"


def closing_lines(summary: RunSummary) -> Iterator[str]:
    """Yield the warnings and how the run ended."""
    for warning in summary.warnings:
        yield f"warning: {warning}"
    yield exit_line(summary)


def exit_line(summary: RunSummary) -> str:
    """Return how the run ended: the code that the shell gets, and why."""
    is_over = summary.state != "running"
    return (
        f"exit {int(summary.exit_code)}: {summary.exit_reason}" if is_over else summary.exit_reason
    )


def _whose(names: list[str]) -> str:
    named = ", ".join(name for name in names if name)
    return f" ({named})" if named else ""
