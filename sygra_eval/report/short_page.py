"""What decides, on one page, made from `report.json` alone: for a terminal and for a code host.

First how the run ended, its rate and its gates; then where rows ended, what validators said, what
rounds bought, why rows fell out, and what it took. All else is behind `--full`. Nothing here waits
for the engine: the page of a finished run is there at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sygra_eval.report.figures import UNKNOWN, cost, count, duration, percent, short_count
from sygra_eval.report.layout import WIDTH, grid, shorten, wrapped
from sygra_eval.report.table import Align, Table
from sygra_eval.report.text_safety import one_line

Document = Mapping[str, Any]

MOST_CAUSES = 5
MOST_WARNINGS = 3
_STATES = {
    "running": "still running, or killed: the figures are those so far, not a result",
    "interrupted": "interrupted: a resume goes on with it",
    "incomplete": "incomplete: a resume goes on with it",
}
_LIMITS = {"in_flight": "calls at once", "rpm": "requests a minute", "tpm": "tokens a minute"}
_GREEN, _RED, _BOLD, _PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[1m", "\x1b[0m"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortPage:
    """The page as values; each view only decides how it looks.

    :ivar decides: How the run ended, its rate, its gates: the sentences to read first.
    :ivar is_good: Whether it ended with 0; None while it goes on.
    :ivar took: What it took, in sentences.
    """

    header: tuple[tuple[str, str], ...]
    decides: tuple[str, ...]
    is_good: bool | None
    tables: tuple[Table, ...]
    took: tuple[str, ...]
    warnings: tuple[str, ...]
    more: str


def short_page(document: Document) -> ShortPage:
    """Return the page of a report."""
    is_over = document["state"] != "running"
    warnings = document["warnings"]
    shown = tuple(warnings[:MOST_WARNINGS])
    if len(warnings) > MOST_WARNINGS:
        shown += (f"and {len(warnings) - MOST_WARNINGS} more",)
    tables = (_outcomes(document), _validators(document), _rounds(document), _causes(document))
    return ShortPage(
        header=(
            ("suite", document["suite"]),
            ("run", document["run"]),
            ("state", _STATES.get(document["state"], str(document["state"]))),
        ),
        decides=tuple(_decides(document, is_over=is_over)),
        is_good=document["exit"] == 0 if is_over else None,
        tables=tuple(table for table in tables if table.rows),
        took=tuple(_took(document)),
        warnings=shown,
        more="all tables: --full; the rows behind a figure: --query NAME; one row: sygra-eval show",
    )


def short_text(document: Document, *, width: int = WIDTH, has_color: bool = False) -> str:
    """Return the page for a terminal."""
    page = short_page(document)
    first, *others = page.decides
    lead = wrapped(first, indent="  ", width=width)
    if has_color and page.is_good is not None:
        lead = f"{_BOLD}{_GREEN if page.is_good else _RED}{lead}{_PLAIN}"
    sections = [
        "\n".join(shorten(f"{label:<7}{one_line(value)}", width) for label, value in page.header),
        "\n".join((lead, *(wrapped(line, indent="  ", width=width) for line in others))),
        *(_text_of(table, width) for table in page.tables),
        "\n".join(wrapped(line, indent="  ", width=width) for line in page.took),
        "\n".join(wrapped(f"warning: {line}", indent="  ", width=width) for line in page.warnings),
        wrapped(page.more, indent="  ", width=width),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _text_of(table: Table, width: int) -> str:
    notes = (wrapped(note, indent="  ", width=width) for note in table.notes)
    return "\n".join((grid(table.columns, table.aligns, table.rows, width), *notes))


def _decides(document: Document, *, is_over: bool) -> Iterator[str]:
    reason = document["exit_reason"]
    yield f"exit {document['exit']}: {reason}" if is_over else reason
    verified, rate = document["outcomes"]["verified"]["value"], document["verified_rate"]
    among = f" of the {rate['n']} that ended" if rate["n"] < document["rows"]["value"] else ""
    yield (
        f"verified: {verified} of {document['rows']['value']} rows, {percent(rate['value'])} %"
        f"{among}, 95 % interval {_bounds(rate)}"
    )
    alarms = (document["canaries"] or {}).get("verified", {}).get("value")
    if alarms:
        yield f"ALARM: canaries that passed tests which contradict their text: {alarms}"
    for gate in document["gates"]:
        yield f"gate {gate['state']}: {gate['name']} ({gate['reason']})"


def _outcomes(document: Document) -> Table:
    def line(outcome: str) -> tuple[str, ...]:
        rate, stops = document["outcome_rates"][outcome], document["stop_reasons"].get(outcome, {})
        ordered = sorted(stops.items(), key=lambda item: (-item[1]["value"], item[0]))
        told = " · ".join(f"{why} {figure['value']}" for why, figure in ordered if figure["value"])
        rows = document["outcomes"][outcome]["value"]
        return outcome, str(rows), percent(rate["value"]), _bounds(rate), told or UNKNOWN

    named = ["verified", "rejected", "failed"]
    named += ["unjudged"] if document["outcomes"]["unjudged"]["value"] else []
    rows = [line(outcome) for outcome in named]
    for what in ("not_reached", "surplus"):
        if number := document[what]["value"]:
            rows.append((what.replace("_", " "), str(number), UNKNOWN, UNKNOWN, UNKNOWN))
    rows.append(("all rows", str(document["rows"]["value"]), "", "", ""))
    shown = 5 if document["rounds"] else 4
    return Table(
        title="Outcomes",
        columns=("outcome", "rows", "%", "95 % interval", "loop stopped by")[:shown],
        aligns=(Align.LEFT, Align.RIGHT, Align.RIGHT, Align.RIGHT, Align.LEFT)[:shown],
        rows=tuple(row[:shown] for row in rows),
    )


def _validators(document: Document) -> Table:
    said = document["validators"]
    shown = 7 if any(one["measured"] for one in said) else 5
    return Table(
        title="Validators",
        columns=("validator", "pass", "fail", "error", "skip", "false acc.", "false rej.")[:shown],
        aligns=(Align.LEFT, *(Align.RIGHT,) * (shown - 1)),
        rows=tuple(
            (
                one["validator"] + "*" * one["required"],
                *(str(one[status]["value"]) for status in ("pass", "fail", "error", "skip")),
                *(_part(one["measured"], rate) for rate in _RATES),
            )[:shown]
            for one in said
        ),
        notes=(f"* required   isolation {' · '.join(document['isolation']) or UNKNOWN}",),
    )


_RATES = ("false_accept_rate", "false_reject_rate")


def _part(measured: Mapping[str, Any] | None, rate: str) -> str:
    if not measured:
        return UNKNOWN
    return f"{measured[rate].get('k', 0)} / {measured[rate]['n']}"


def _rounds(document: Document) -> Table:
    """Return what each further round bought, and what a row that it verified took."""
    rounds: Sequence[Mapping[str, Any]] = document["rounds"]
    notes = []
    if critiques := document["critiques"]:
        ignored = critiques["ignored"]
        if ignored["value"] is not None:
            notes.append(
                f"critiques ignored: {ignored['k']} of {ignored['n']} that name something of the "
                f"code ({percent(ignored['value'])} %, 95 % interval {_bounds(ignored)})"
            )
    if refused := document["sentinels_refused"]["value"]:
        rows = document["rows_with_refused_sentinel"]["value"]
        notes.append(f"stops that execution did not grant: {refused}, in {rows} rows")
    return Table(
        title="What a round bought",
        columns=("round", "ended", "verified", "so far %", "tokens each", "USD each"),
        aligns=(Align.RIGHT,) * 6,
        rows=tuple(
            (
                str(one["round"]),
                str(one["ended"]["value"]),
                str(one["verified"]["value"]),
                percent(one["verified_so_far"]["value"]),
                _rounded(one["tokens_per_verified"]["value"]),
                _usd(one["usd_per_verified"]["value"]),
            )
            for one in rounds
        )
        if len(rounds) > 1
        else (),
        notes=("each: of a row that the round verified", *notes),
    )


def _causes(document: Document) -> Table:
    causes = document["causes"]
    rows = [
        (
            cause["outcome"],
            str(cause["rows"]["value"]),
            cause["reason"],
            ", ".join(example["row"] for example in cause["examples"]),
        )
        for cause in causes[:MOST_CAUSES]
    ]
    if rest := causes[MOST_CAUSES:]:
        total = sum(cause["rows"]["value"] for cause in rest)
        rows.append(("", str(total), f"{len(rest)} other reasons", ""))
    return Table(
        title="Why rows fell out",
        columns=("outcome", "rows", "reason", "such as"),
        aligns=(Align.LEFT, Align.RIGHT, Align.LEFT, Align.LEFT),
        rows=tuple(rows),
    )


def _took(document: Document) -> Iterator[str]:
    time, spent = document["time"], document["spent"]
    if spent["calls"]["value"]:
        tokens = spent["prompt_tokens"]["value"] + spent["completion_tokens"]["value"]
        yield (
            f"{count(spent['calls']['value'])} calls, {short_count(tokens)} tokens, "
            f"{_money(spent)}, of each verified row "
            f"{cost(document['usd_per_verified_row']['value'])}"
        )
    bound, ratio = time["limited_by"], time["times_the_bound"]["value"]
    words = f"took {duration(time['wall_s']['value'])}"
    if bound is not None and ratio is not None:
        at = f"{bound['at']:g} {_LIMITS[bound['limit']]}"
        words += f", {ratio:.2f} × the bound, limited by `{bound['model']}` ({at})"
    yield words


def _money(spent: Mapping[str, Any]) -> str:
    if spent["cost_usd"]["value"] is not None:
        return cost(spent["cost_usd"]["value"])
    unknown = spent["calls_without_price"]["value"]
    return f"at least {cost(spent['known_usd']['value'])} ({unknown} calls without a price)"


def _bounds(figure: Mapping[str, Any]) -> str:
    if "lower" not in figure:
        return UNKNOWN
    return f"{percent(figure['lower'])} – {percent(figure['upper'])}"


def _rounded(value: float | None) -> str:
    return UNKNOWN if value is None else short_count(round(value))


def _usd(value: float | None) -> str:
    return cost(value).removesuffix(" USD")
