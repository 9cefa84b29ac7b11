"""What the page says before its rows, in the order in which a reader wants to know it.

The tables are those of every view (`tables_of`); a table that no section asks for stands in the
last one, so that none is lost.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from sygra_eval.engine import Cause, Paid, ReportContext, RunSummary
from sygra_eval.journal import Spent
from sygra_eval.quality import Figure
from sygra_eval.report.costs import cost_of_a_verified_row
from sygra_eval.report.figures import UNKNOWN, bounds, cost, duration, percent, short_count
from sygra_eval.report.html.digest import Digest
from sygra_eval.report.html.markup import Child, Markup, cut, joined, tag
from sygra_eval.report.html.plots import (
    Percentiles,
    Plot,
    Step,
    cost_plot,
    funnel_plot,
    latency_plot,
    scores_plot,
    shown,
    steps_plot,
)
from sygra_eval.report.html.tables import html_table, row_link
from sygra_eval.report.table import Align, Table
from sygra_eval.report.tables import exit_line, tables_of, verified_words
from sygra_eval.values import Outcome

_MOST_CAUSES = 50
_TOLD = 200  # characters of what an example was told
_NANO = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the page with its heading; `name` is where the address leads."""

    name: str
    title: str
    content: Markup


def sections_of(ctx: ReportContext, digest: Digest) -> list[Section]:
    """Return the sections in reading order; one without content is left out."""
    summary = ctx.summary
    tables = _Tables(tables_of(summary))
    made = [
        _section("result", "Result", _result(ctx, tables)),
        _section("funnel", "How far rows came", _funnel(summary, tables)),
        _section("causes", "Why rows fell out", _causes(summary, tables)),
        _section("validators", "Validators", _validators(digest, tables)),
        _section("rounds", "Rounds and drafts", _loops(summary, tables)),
        _section("spending", "Spending and time", _spending(summary, digest, tables)),
        _section("topics", "By topic", tables.take("By topic")),
    ]
    more = _section("more", "More figures", tables.rest())
    environment = _section("environment", "Environment", _environment(summary, tables))
    return [one for one in (*made, more, environment) if one.content]


class _Tables:
    """The tables that are not on the page yet, by title."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self._left = {table.title: table for table in tables}

    def pop(self, title: str) -> Table | None:
        return self._left.pop(title, None)

    def take(self, *titles: str) -> list[Markup]:
        """Return those of these titles that there are; a title may end with `*`."""
        found = []
        for title in titles:
            for name in list(self._left):
                if name == title or (title.endswith("*") and name.startswith(title[:-1])):
                    found.append(html_table(self._left.pop(name)))
        return found

    def rest(self) -> list[Markup]:
        kept = ("Environment", "Models")
        return [item for name in list(self._left) if name not in kept for item in self.take(name)]


def _section(name: str, title: str, content: Iterable[Child]) -> Section:
    return Section(name=name, title=title, content=joined(tuple(content)))


def _result(ctx: ReportContext, tables: _Tables) -> Iterator[Child]:
    summary = ctx.summary
    if summary.state != "finished":
        yield tag("p", f"This run is {ctx.state_words}.", class_="banner")
    rate = summary.verified_rate
    share = percent(rate.estimate if rate is not None else None)
    yield tag(
        "div",
        tag("p", tag("strong", f"{share} %"), " verified", class_="share"),
        tag("p", verified_words(summary), class_="lead"),
        tag("p", exit_line(summary), class_=f"exit code-{int(summary.exit_code)}"),
        class_="hero",
    )
    yield tag("dl", *_tiles(summary), class_="tiles")
    if summary.warnings:
        yield tag(
            "ul", *(tag("li", f"warning: {one}") for one in summary.warnings), class_="warnings"
        )
    yield from tables.take("Gates", "Outcomes", "Grades of evidence", "Input:*")
    if ctx.options.has_metrics and ctx.metrics:
        yield html_table(_metrics(ctx.metrics))


def _metrics(found: Mapping[str, Figure]) -> Table:
    """Return every registered metric; rows without a value and broken ones stand beside it."""
    return Table(
        title="Metrics",
        columns=("metric", "value", "95 % interval", "rows", "no value", "error"),
        aligns=(Align.LEFT, *(Align.RIGHT,) * 5),
        rows=tuple(
            (
                name,
                _plain(one.estimate.value),
                f"{_plain(one.estimate.low)} – {_plain(one.estimate.high)}",
                str(one.n_judged),
                str(one.n_skipped),
                str(one.n_error),
            )
            for name, one in found.items()
        ),
    )


def _plain(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.4g}"


def _tiles(summary: RunSummary) -> Iterator[Markup]:
    tokens = summary.prompt_tokens + summary.completion_tokens
    rate = summary.verified_rate
    tiles = [
        ("95 % interval", bounds(rate) + (" %" if rate is not None else "")),
        ("verified rows", f"{summary.counts.get(Outcome.VERIFIED, 0):,} of {summary.rows:,}"),
    ]
    if summary.calls:
        tiles += [
            ("cost of a verified row", cost(cost_of_a_verified_row(summary))),
            ("tokens", short_count(tokens)),
        ]
    tiles.append(("wall time", duration(summary.wall_s)))
    for what, figure in tiles:
        yield tag("div", tag("dt", what), tag("dd", figure))


def _funnel(summary: RunSummary, tables: _Tables) -> Iterator[Child]:
    plot = funnel_plot(summary.funnel)
    if plot is not None:
        tables.pop("Funnel")  # the plot has the same figures below it
    yield plots(plot)
    yield from tables.take("Funnel", "Edges")


def _causes(summary: RunSummary, tables: _Tables) -> Iterator[Child]:
    tables.pop("Why rows fell out")
    if not summary.causes:
        return
    causes = summary.causes[:_MOST_CAUSES]
    yield tag("ol", *(_cause(one) for one in causes), class_="causes")
    left = summary.causes[_MOST_CAUSES:]
    if left:
        rows = sum(one.rows for one in left)
        yield tag("p", f"{len(left):,} other reasons, {rows:,} rows: report.json has them all.")


def _cause(cause: Cause) -> Markup:
    told = zip_longest(cause.examples, cause.told[: len(cause.examples)], fillvalue="")
    examples = [tag("li", row_link(row_id), _colon(said)) for row_id, said in told]
    return tag(
        "li",
        tag("span", f"{cause.rows:,}", class_="many"),
        tag(
            "div",
            tag("p", outcome_badge(cause.outcome.value), " ", cut(cause.reason, 400)),
            tag("ul", *examples, class_="such") if examples else None,
        ),
    )


def _colon(said: str) -> str | None:
    line = said.partition("\n")[0]
    return f": {cut(line, _TOLD)}" if line else None


def outcome_badge(outcome: str) -> Markup:
    """Return an outcome with its sign, which says the same without colour."""
    return tag("span", outcome, class_=f"badge {outcome}")


def _validators(digest: Digest, tables: _Tables) -> Iterator[Child]:
    yield from tables.take("Validators", "Errors of the validators", "Guardrails", "Judge*")
    yield plots(scores_plot(digest.scores))


def _loops(summary: RunSummary, tables: _Tables) -> Iterator[Child]:
    looped = sum(summary.rounds.values())
    yield plots(
        steps_plot(
            "rounds", "round", _steps(summary.verified_by_round, summary.paid_rounds), looped
        ),
        steps_plot(
            "drafts", "draft", _steps(summary.verified_by_sample, summary.paid_drafts), looped
        ),
    )
    yield from tables.take("Loops:*", "Pass rate*", "Several models", "Rows by model")


def _steps(gained: Mapping[int, int], paid: Sequence[Paid]) -> list[Step]:
    """Return each number with what it gained; those that only cost are there too."""
    spent = {one.number: one.spent for one in paid}
    return [
        Step(
            number=one,
            gained=gained.get(one, 0),
            tokens=_tokens(spent.get(one)),
            usd=_usd(spent.get(one)),
        )
        for one in sorted({*gained, *spent})
    ]


def _tokens(spent: Spent | None) -> int | None:
    return None if spent is None else spent.prompt_tokens + spent.completion_tokens


def _usd(spent: Spent | None) -> float | None:
    nano_usd = None if spent is None else spent.cost_nano_usd
    return None if nano_usd is None else nano_usd / _NANO


def _spending(summary: RunSummary, digest: Digest, tables: _Tables) -> Iterator[Child]:
    yield plots(
        cost_plot(digest.finished_curve(), digest.unit), latency_plot(list(_latencies(summary)))
    )
    yield from tables.take("Calls, tokens, time", "Time*", "Seconds a call", "Cost*", "Estimate*")


def _latencies(summary: RunSummary) -> Iterator[Percentiles]:
    several = len({one.model for one in summary.latencies}) > 1
    for one in summary.latencies:
        name = f"{one.step}, {one.model}" if several and one.model else one.step
        within = one.percentiles
        yield name, one.calls, within[50], within[90], within[99]


def _environment(summary: RunSummary, tables: _Tables) -> Iterator[Child]:
    facts = [
        ("suite", summary.suite),
        ("run", summary.run),
        ("suite sha256", summary.suite_sha256),
        ("made with", f"sygra-eval {summary.version}" if summary.version else UNKNOWN),
        ("isolation", " · ".join(summary.isolation) or UNKNOWN),
        ("command", summary.command or UNKNOWN),
    ]
    yield tag(
        "dl",
        *(tag("div", tag("dt", what), tag("dd", tag("code", said))) for what, said in facts),
        class_="facts",
    )
    yield from tables.take("Models", "Environment")


def plots(*made: Plot | None) -> Markup:
    """Return plots side by side, as far as there are any."""
    drawn = [
        shown(plot, html_table(plot.figures, has_caption=False))
        for plot in made
        if plot is not None
    ]
    return tag("div", *drawn, class_="plots") if drawn else Markup("")
