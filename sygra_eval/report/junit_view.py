"""The rows of a run as JUnit XML, in the shape that pytest writes (`xunit2`).

A rejected row is a failure, a failed one an error, an unjudged one is skipped; the gates are a
suite of their own. Every number of the head is the run's, also where passing rows are left out.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from sygra_eval.engine import ReportContext, ReportRow
from sygra_eval.quality import GateOutcome, GateState
from sygra_eval.report.plain_text import cut, is_plain, shown
from sygra_eval.values import FailingCase, Outcome, Status, Verdict

MOST_CASES = 5_000
"""Rows that are shown one by one; what did not pass is always shown."""

LEAST_PASSES = 100
"""Passing rows that are shown beside however many others."""

MOST_TEXT = 10_000
_PASSING = (Outcome.VERIFIED, Outcome.UNJUDGED)
MOST_MESSAGE = 500
MOST_ATTRIBUTE = 2_000
_XML = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\t": "&#9;"}
)


def junit_report(ctx: ReportContext) -> Iterator[str]:
    """Yield the document."""
    yield '<?xml version="1.0" encoding="utf-8"?>\n<testsuites name="sygra-eval">\n'
    yield from _rows_suite(ctx)
    if ctx.summary.gates:
        yield from _gates_suite(ctx)
    yield "</testsuites>\n"


def _rows_suite(ctx: ReportContext) -> Iterator[str]:
    summary = ctx.summary
    counts = {outcome: summary.counts.get(outcome, 0) for outcome in Outcome}
    shown_passes = _shown_passes(counts, ctx.options.max_rows)
    attributes = {
        "name": summary.suite,
        "errors": counts[Outcome.FAILED],
        "failures": counts[Outcome.REJECTED],
        "skipped": counts[Outcome.UNJUDGED],
        "tests": sum(counts.values()),
        "time": f"{summary.wall_s:.3f}",
        **_started(ctx),
        "hostname": "localhost",
    }
    yield f"<testsuite{_attributes(attributes)}>\n"
    yield _properties(_run_properties(ctx, sum(map(counts.__getitem__, _PASSING)) - shown_passes))
    passed, of = 0, counts[Outcome.VERIFIED] + counts[Outcome.UNJUDGED]
    for row in ctx.rows():
        if row.outcome in _PASSING:
            passed += 1
            if not is_sampled(passed, of, shown_passes):
                continue
        yield from _row_case(row, summary.suite)
    yield "</testsuite>\n"


def is_sampled(number: int, of: int, wanted: int) -> bool:
    """Say whether the `number`-th of `of` things is among `wanted` evenly spread ones."""
    return of > 0 and number * wanted // of > (number - 1) * wanted // of


def _shown_passes(counts: Mapping[Outcome, int], most: int | None) -> int:
    """Return how many rows are shown of those in which nothing fell out."""
    others = counts[Outcome.REJECTED] + counts[Outcome.FAILED]
    passes = counts[Outcome.VERIFIED] + counts[Outcome.UNJUDGED]
    return min(passes, max((most or MOST_CASES) - others, LEAST_PASSES))


def _started(ctx: ReportContext) -> dict[str, object]:
    """Return when the run began; nothing where its journal does not say."""
    with ctx.reader() as reader:
        for event in reader.events():
            if event.kind == "started":
                began = datetime.fromtimestamp(event.wall, UTC)
                return {"timestamp": began.isoformat(timespec="seconds")}
    return {}


def _run_properties(ctx: ReportContext, left_out: int) -> Iterator[tuple[str, object]]:
    summary = ctx.summary
    yield "run", summary.run
    yield "state", summary.state
    if ctx.state_words != summary.state:
        yield "note", ctx.state_words
    yield "exit", int(summary.exit_code)
    yield "exit_reason", summary.exit_reason
    yield "suite_sha256", summary.suite_sha256
    yield "isolation", " ".join(summary.isolation)
    if summary.not_reached:
        yield "not_reached", summary.not_reached
    if left_out:
        yield "passing_rows_left_out", left_out


def _row_case(row: ReportRow, suite: str) -> Iterator[str]:
    attributes = {"classname": suite, "name": row.id, "time": f"{row.latency_s:.3f}"}
    yield f"<testcase{_attributes(attributes)}>"
    yield _properties(_row_properties(row))
    match row.outcome:
        case Outcome.REJECTED:
            yield _said("failure", row.reason, "\n\n".join(_accounts(row.verdicts)))
        case Outcome.FAILED:
            yield _said("error", row.reason, "\n\n".join(_accounts(row.verdicts)))
        case Outcome.UNJUDGED:
            yield _skipped(row.reason)
        case Outcome.VERIFIED:
            pass
    yield "</testcase>\n"


def _row_properties(row: ReportRow) -> Iterator[tuple[str, object]]:
    """Yield what is known of a row; a price that is not known is left out."""
    if row.topic is not None:
        yield "topic", row.topic
    if isinstance(grade := row.columns.get("grade"), str):
        yield "grade", grade
    if row.rounds is not None:
        yield "rounds", row.rounds
    if row.stop_reason is not None:
        yield "stop_reason", row.stop_reason.value
    yield "tokens_in", row.prompt_tokens
    yield "tokens_out", row.completion_tokens
    if row.cost_usd is not None:
        yield "cost", f"{row.cost_usd:.9f}"


def _accounts(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """Yield what each validator said that did not pass the row, with its first failing test."""
    for verdict in verdicts:
        if verdict.status in (Status.FAIL, Status.ERROR):
            lines = [f"{verdict.validator}: {verdict.status.value}: {verdict.reason}"]
            if verdict.evidence is not None and verdict.evidence.failing is not None:
                lines += _case_lines(verdict.evidence.failing)
            yield "\n".join(lines)


def _case_lines(case: FailingCase) -> Iterator[str]:
    for label, text in (
        ("test", case.test),
        ("input", case.input),
        ("expected", case.expected),
        ("got", case.got),
        ("traceback", case.traceback),
    ):
        if text:
            told = cut(text, MOST_TEXT).replace("\n", "\n    ")
            yield f"  {label}: {told}"


def _gates_suite(ctx: ReportContext) -> Iterator[str]:
    gates = ctx.summary.gates
    attributes = {
        "name": f"{ctx.summary.suite} gates",
        "errors": sum(gate.state is GateState.ERROR for gate in gates),
        "failures": sum(gate.state is GateState.FAILED for gate in gates),
        "skipped": sum(gate.state is GateState.SKIPPED for gate in gates),
        "tests": len(gates),
        "time": "0.000",
        **_started(ctx),
        "hostname": "localhost",
    }
    yield f"<testsuite{_attributes(attributes)}>\n"
    for gate in gates:
        case = {"classname": f"{ctx.summary.suite} gates", "name": gate.name, "time": "0.000"}
        yield f"<testcase{_attributes(case)}>{_gate_said(gate)}</testcase>\n"
    yield "</testsuite>\n"


def _gate_said(gate: GateOutcome) -> str:
    match gate.state:
        case GateState.FAILED:
            return _said("failure", gate.reason, "")
        case GateState.ERROR:
            return _said("error", gate.reason, "")
        case GateState.SKIPPED:
            return _skipped(gate.reason)
        case GateState.WARNED:
            return f"<system-out>{_text(f'warning: {gate.reason}')}</system-out>"
        case GateState.PASSED:
            return ""


def _said(element: str, message: str, text: str) -> str:
    head = f"<{element}{_attributes({'message': cut(message, MOST_MESSAGE)})}>"
    return f"{head}{_text(text)}</{element}>"


def _skipped(message: str) -> str:
    told = {"type": "sygra-eval.skip", "message": cut(message, MOST_MESSAGE)}
    return f"<skipped{_attributes(told)}/>"


def _properties(named: Iterable[tuple[str, object]]) -> str:
    told = "".join(f"<property{_attributes({'name': n, 'value': v})}/>" for n, v in named)
    return f"<properties>{told}</properties>" if told else ""


def _attributes(named: Mapping[str, object]) -> str:
    return "".join(
        f' {name}="{xml_text(cut(str(value), MOST_ATTRIBUTE)).translate(_XML)}"'
        for name, value in named.items()
    )


def _text(text: str) -> str:
    safe = xml_text(cut(text, 5 * MOST_TEXT))
    return safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def xml_text(text: str) -> str:
    """Return a text without what XML forbids or an eye cannot see, as `#x1B`, as pytest has it."""
    if is_plain(text):
        return text
    return "".join(
        character if is_plain(character) else _numbered(character)
        for character in text.replace("\r\n", "\n")
    )


def _numbered(character: str) -> str:
    """Spell a character by its number; blanks that are only wider than others stay."""
    escaped = shown(character)
    return character if escaped == character else f"#x{ord(character):0{_digits(character)}X}"


def _digits(character: str) -> int:
    return 2 if ord(character) <= 0xFF else 4
