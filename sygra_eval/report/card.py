"""The data card: the `README.md` of a run folder, and what makes `load_dataset(folder)` work.

Its only config is `default`, and only where there are verified rows: nothing can load a file
without rows, and rejected ones must not be loaded by accident.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import yaml

from sygra_eval.engine import WEAK, RunSummary
from sygra_eval.report.card_header import columns_of, header, texts
from sygra_eval.report.estimate import estimate_of_all, measured_for
from sygra_eval.report.figures import UNKNOWN, bounds, stops
from sygra_eval.report.markdown import bullets, pipe_table
from sygra_eval.report.table import Align, Table
from sygra_eval.report.tables import (
    has_cooperative_trust,
    models,
    outcomes,
    trust_notes,
    verified_words,
)
from sygra_eval.report.text_safety import markdown_fence, markdown_text, one_line, printable
from sygra_eval.values import Outcome

_LOAD = 'import datasets; rows = datasets.load_dataset("PATH/OF/THIS/FOLDER")["train"]'
_COOPERATIVE = (
    "Trust is cooperative: the tests ran inside the process of the code that they judge. They "
    "tell right from wrong where code tries to answer; code that sets out to deceive its tests "
    "could pass without being right."
)
_OF_EXISTING = ("verdicts", "provenance", "grade")
_OURS = {
    "answer": "the answer that was kept, as the model wrote it",
    "code": "the code in it, which is what was tested",
    "messages": "the conversation for training: the prompt, then the answer",
    "rounds": "rounds that the loop took; 1 is the first drafts",
    "stop_reason": "why the loop stopped; it does not decide the outcome",
    "verdicts": "what each validator said in the end, and in what isolation",
    "provenance": "suite, row, models and prompt that the answer comes from",
    "grade": "how strong the evidence is",
    "pass_rate": "the share of the drafts that passed the tests which the author may see",
    "pass_rate_low": "lower bound of its 95 % interval",
    "pass_rate_high": "upper bound of its 95 % interval",
    "pass_rate_difficulty": "easy, medium, hard or unsolved, by that share",
    "weak_tests": "why a program that must not pass the row's tests does; empty where none does",
    "mutation_score": "the share of small faults in the code that its tests notice",
}


def data_card(
    summary: RunSummary,
    *,
    card: Mapping[str, object] | None = None,
    features: Sequence[tuple[str, str]] = (),
) -> str:
    """Return the card.

    :param card: What the suite says of rights and sources; by default the summary's.
    :param features: Name and type of each column; by default as the Parquet file has them.
    """
    said = summary.card if card is None else card
    columns = features or columns_of(summary)
    name = _pretty_name(summary, said)
    front = _front_matter(header(summary, said, name))
    sections = (
        f"# {markdown_text(name)}",
        *_what_it_is(summary),
        *_how_made(summary, said),
        *_what_verified_means(summary),
        *_weaknesses(summary),
        *_columns(columns, _OURS if summary.has_graph else {c: _OURS[c] for c in _OF_EXISTING}),
        "## Outcomes",
        pipe_table(outcomes(summary)),
        *_how_to_load(summary),
        *_rights(said),
    )
    return f"---\n{front}---\n\n" + "\n\n".join(sections) + "\n"


def _front_matter(front: Mapping[str, object]) -> str:
    """Return the header as YAML; a column's name in it has to be the name, so it may be escaped."""
    text = yaml.safe_dump(dict(front), sort_keys=False, allow_unicode=True)
    if printable(text) == text:
        return text
    return yaml.safe_dump(dict(front), sort_keys=False, allow_unicode=False)


def _what_it_is(summary: RunSummary) -> Iterator[str]:
    what = "Synthetic rows made and judged" if summary.has_graph else "Existing rows, judged"
    yield (
        f"{what} by the suite {markdown_text(summary.suite)}: "
        f"{verified_words(summary)}. Run: {markdown_text(summary.run)}, "
        f"{markdown_text(summary.state)}."
    )
    if summary.state == "running":
        so_far = "the figures are those so far, not a result"
        yield f"**The run is still going on, or was killed: {so_far}.**"


def _how_made(summary: RunSummary, card: Mapping[str, object]) -> Iterator[str]:
    yield "## How it was made"
    yield (
        "For each row a model drafted answers, the suite's validators judged them, and in further "
        "rounds the model revised the best one with their evidence and a critique at hand."
        if summary.rounds
        else "Each row went through the suite's steps, and its validators judged what came out."
        if summary.has_graph
        else "The rows were there before: the suite's validators judged each as it stands, and no "
        "model was asked to make anything."
    )
    stopped = [
        f"loops of {outcome.value} rows stopped by: {stops(reasons)}"
        for outcome, reasons in summary.stop_reasons.items()
        if reasons
    ]
    made_with = f"sygra-eval {summary.version}" if summary.version else "sygra-eval"
    yield bullets([f"suite sha256: {summary.suite_sha256}", f"made with: {made_with}", *stopped])
    if summary.models:
        yield pipe_table(_models(summary, card))
    if filters := list(_filters(summary)):
        yield "### Which rows were taken"
        yield bullets(filters)
    if summary.warnings:
        yield "### What the run warned of"
        yield bullets(summary.warnings)


def _models(summary: RunSummary, card: Mapping[str, object]) -> Table:
    """Return the models with their licences; one that the suite does not name is unknown."""
    said = card.get("model_licenses")
    licences = said if isinstance(said, Mapping) else {}
    table = models(summary)
    return replace(
        table,
        columns=(*table.columns, "licence"),
        aligns=(*table.aligns, Align.LEFT),
        rows=tuple((*row, one_line(str(licences.get(row[0]) or "unknown"))) for row in table.rows),
    )


def _filters(summary: RunSummary) -> Iterator[str]:
    for found in summary.input:
        parts = ", ".join(f"{how}: {rows}" for how, rows in found.parts.items())
        yield f"{found.of}: {found.total} rows; {parts}"
    if summary.deselected:
        yield f"{summary.deselected} rows of the source were not selected"
    if summary.not_reached:
        yield f"{summary.not_reached} rows were not reached"


def _weaknesses(summary: RunSummary) -> Iterator[str]:
    """Say what is known to be weak, and what nobody has measured."""
    yield "## Known weaknesses"
    yield bullets(list(_known(summary)))


def _known(summary: RunSummary) -> Iterator[str]:
    measured = estimate_of_all(summary)
    if measured is None:
        yield "how often the required validators accept a wrong answer was not measured"
    else:
        yield (
            f"of {measured.decided_wrong} answers known to be wrong, the required validators "
            f"accepted {measured.false_accepts} (95 % interval "
            f"{bounds(measured.false_accept_rate)} %); measured by {measured_for(summary).source}"
        )
    if (coded := summary.hard_coding) is not None:
        yield (
            f"{coded.rows} of {coded.of} rows passed the tests that the author saw and failed "
            f"those that it did not ({bounds(coded.rate)} %); they are not among the verified"
        )
    if (weak := summary.weak_tests) is not None and weak.rows:
        yield f"of {weak.rows} of {weak.of} rows the tests pass a program that must not pass them"
    if summary.strength is None:
        yield "how many small faults in the code the tests notice was not measured"
    elif summary.strength.weak:
        weakly, of = summary.strength.weak, summary.strength.rows
        yield f"{weakly} of {of} verified rows are weakly tested (mutation score below {WEAK})"
    if unjudged := summary.counts.get(Outcome.UNJUDGED, 0):
        yield f"{unjudged} rows were judged by nothing; they are in no file of verified rows"
    for tally in summary.validators:
        if tally.skipped:
            yield f"{tally.validator} did not apply to {tally.skipped} rows"
    lesser = [one for one in summary.isolation if one.startswith(("reduced", "none"))]
    if lesser:
        yield f"code ran in less than a full box: {' · '.join(lesser)}"


def _what_verified_means(summary: RunSummary) -> Iterator[str]:
    yield "## What `verified` means here"
    required = [tally.validator for tally in summary.validators if tally.is_required]
    if required:
        names = markdown_text(", ".join(required))
        what = "the final answer" if summary.has_graph else "the row as it stands"
        critic = " That a critic was satisfied verifies nothing." if summary.has_graph else ""
        yield f"Every required validator passed on {what}: {names}.{critic}"
    else:
        yield "Nothing: no required validator gave a verdict in this run."
    if has_cooperative_trust(summary):
        yield _COOPERATIVE
    isolation = " · ".join(summary.isolation) or UNKNOWN
    yield bullets([f"isolation: {isolation}", *(trust_notes(summary) or (f"trust: {UNKNOWN}",))])


def _columns(columns: Sequence[tuple[str, str]], ours: Mapping[str, str]) -> Iterator[str]:
    if not columns:
        return
    yield "## Columns"
    yield pipe_table(
        Table(
            title="Columns",
            columns=("column", "type", "what it holds"),
            aligns=(Align.LEFT,) * 3,
            rows=tuple(
                (name, kind or UNKNOWN, ours.get(name, "as in the source or the suite's mapping"))
                for name, kind in columns
            ),
        )
    )


def _how_to_load(summary: RunSummary) -> Iterator[str]:
    yield "## How to load it"
    if _verified(summary):
        yield markdown_fence(_LOAD, "python")
    else:
        yield (
            "There is nothing to load: no row is verified, so there is no `verified.parquet` and "
            "this card has no config."
        )


def _rights(card: Mapping[str, object]) -> Iterator[str]:
    sources, citation = texts(card.get("source_licenses")), card.get("citation")
    if sources:
        yield "## Licences of the sources"
        yield bullets(sources)
    if citation:
        yield "## Citation"
        yield markdown_fence(str(citation).strip())


def _pretty_name(summary: RunSummary, card: Mapping[str, object]) -> str:
    return one_line(str(card.get("pretty_name") or "")) or one_line(summary.suite)


def _verified(summary: RunSummary) -> int:
    return summary.counts.get(Outcome.VERIFIED, 0)
