"""The spans of a run, made from its journal when it has ended: when they were, what they were.

run → record → node → round → call; a record's validators stand beside its nodes. A journal of 0.1.0
does not say when a call was: its calls are laid one behind the other, each as long as it took, and
the record says so (`sygra.times`: `laid out`).
"""

import hashlib
import json
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, takewhile

from sygra_eval.engine import ExitCode, ReportContext, recorded_models
from sygra_eval.journal import JournalReader, StoredCall, plain
from sygra_eval.report import otel_names as names
from sygra_eval.report.plain_text import shown
from sygra_eval.report.spans import (
    Asked,
    Attributes,
    Span,
    SpanEvent,
    SpanKind,
    TimedCall,
    TimedRecord,
    Timeline,
    nanoseconds,
    numbers_of_calls,
    timed_record,
)
from sygra_eval.values import CallFault, Outcome, RecordEnd, Status, Verdict

MOST_WHY = 1_000
_NANO = 10**9
_RECORDS = 64  # read at once
_OF_VALIDATORS = "validator:"


def timeline_of(ctx: ReportContext) -> Timeline:
    """Return when the run was, from its first event to its last."""
    first = last = None
    with ctx.reader() as reader:
        for event in reader.events():
            first, last = first if first is not None else event.wall, event.wall
    start_ns = nanoseconds(first or 0.0)
    told = json.dumps([ctx.summary.suite, ctx.summary.run, ctx.summary.suite_sha256, start_ns])
    return Timeline(
        trace=hashlib.sha256(told.encode()).hexdigest()[:32],
        start_ns=start_ns,
        end_ns=max(nanoseconds(last or 0.0), start_ns),
    )


def asked_of(ctx: ReportContext) -> dict[str, Asked]:
    """Return what calls of each model of the suite have in common."""
    parameters = recorded_models(ctx.folder)
    return {
        name: Asked(
            provider=names.PROVIDERS.get(kind, kind),
            model=what or name,
            parameters=_parameters(parameters.get(name, {})),
        )
        for name, kind, what in ctx.summary.models
    }


def spans_of(ctx: ReportContext, *, has_content: bool) -> Iterator[Span]:
    """Yield the spans, the run's first; flat in memory but for a number a call.

    :param has_content: With the texts of answers.
    """
    line, asked = timeline_of(ctx), asked_of(ctx)
    yield _run_span(ctx, line)
    last = ctx.summary.target.last if ctx.summary.target is not None else None
    with ctx.reader() as reader:
        numbers, with_faults = numbers_of_calls(reader), reader.with_faults()
        ends = reader.timed_outcomes()
        if last is not None:
            ends = takewhile(lambda one: one[0].index <= last, ends)
        while some := list(islice(ends, _RECORDS)):
            for record in _timed(reader, line, some, numbers):
                faults: Sequence[CallFault] = ()
                if plain(record.end.row_id) in with_faults:
                    faults = reader.faults(record.end.row_id)
                texts = reader if has_content else None
                yield from spans_of_record(record, faults, asked, texts)


def _timed(
    reader: JournalReader,
    line: Timeline,
    ends: Sequence[tuple[RecordEnd, float | None]],
    numbers: "Mapping[str, array[int]]",
) -> Iterator[TimedRecord]:
    """Yield some records with their calls and rounds, which are read for all of them at once."""
    ids = [end.row_id for end, _ in ends]
    calls = reader.stored_calls_of([one for row in ids for one in numbers.get(row, ())])
    rounds = reader.stored_rounds_of(ids)
    for end, at in ends:
        own = [calls[one] for one in numbers.get(end.row_id, ()) if one in calls]
        sentinels = {
            (str(data["node"]), int(data["number"])): str(data["sentinel"])
            for data in rounds[end.row_id]
        }
        yield timed_record(line, end, at, own, sentinels)


def _run_span(ctx: ReportContext, line: Timeline) -> Span:
    summary = ctx.summary
    failed = summary.exit_code in (ExitCode.INTERNAL, ExitCode.INCOMPLETE)
    return Span(
        trace=line.trace,
        id=line.id("run"),
        parent="",
        name=f"{names.WORKFLOW_RUN} {shown(summary.suite, MOST_WHY)}",
        kind=SpanKind.INTERNAL,
        start_ns=line.start_ns,
        end_ns=line.end_ns,
        attributes={
            names.OPERATION: names.WORKFLOW_RUN,
            names.WORKFLOW: summary.suite,
            names.RUN_STATE: summary.state,
            names.EXIT: int(summary.exit_code),
            names.ROWS: summary.rows,
            **{f"sygra.run.{one.value}": summary.counts.get(one, 0) for one in Outcome},
            names.INPUT_TOKENS: summary.prompt_tokens,
            names.OUTPUT_TOKENS: summary.completion_tokens,
            names.COST: summary.cost_usd,
        },
        error=shown(summary.exit_reason, MOST_WHY) if failed else None,
    )


def spans_of_record(
    record: TimedRecord,
    faults: Sequence[CallFault],
    asked: Mapping[str, Asked],
    texts: JournalReader | None,
) -> Iterator[Span]:
    """Yield the spans of a record: itself, its nodes and rounds, what judged it, its calls.

    :param texts: Where the texts of answers are; None to leave them out.
    """
    judges = {verdict.validator: verdict for verdict in record.end.verdicts}
    places = Places(record, judges)
    yield _record_span(record, faults)
    yield from places.spans()
    for verdict in judges.values():
        yield _tool_span(record, verdict, places)
    for timed in record.calls:
        text = None if texts is None else _answer(texts, timed.call)
        yield _call_span(record, timed, places.parent_of(timed.call), asked, text)


class Places:
    """Where the calls of a record belong: in a round, in a node, or in what judged it."""

    def __init__(self, record: TimedRecord, judges: Mapping[str, Verdict]) -> None:
        self._record = record
        self._judges = judges
        self._rounds = record.rounds
        self._nodes = {node for node, _ in record.rounds}
        self._extents: dict[tuple[str, int | None], tuple[int, int]] = {}
        for timed in record.calls:
            node, number = self._place(timed.call)
            for place in dict.fromkeys(((node, None), (node, number))):
                start, end = self._extents.get(place, (timed.start_ns, timed.end_ns))
                self._extents[place] = min(start, timed.start_ns), max(end, timed.end_ns)

    def parent_of(self, call: StoredCall) -> str:
        """Return the id of the span around a call."""
        node, number = self._place(call)
        if node.startswith(_OF_VALIDATORS):
            name = _judge_of(node)
            inner = ("tool", name) if name in self._judges else ()
            return self._record.span_id(*inner)
        return self._record.span_id("node", node, *(() if number is None else (number,)))

    def of_judge(self, name: str) -> tuple[int, int]:
        """Return when a validator's calls were; when the record ended for one without any."""
        found = [
            extent
            for (node, _), extent in self._extents.items()
            if node.startswith(_OF_VALIDATORS) and _judge_of(node) == name
        ]
        ended = self._record.ended_ns
        return min((s for s, _ in found), default=ended), max((e for _, e in found), default=ended)

    def spans(self) -> Iterator[Span]:
        """Yield a span for each node and each round of a loop in which a model was asked."""
        for (node, number), (start, end) in self._extents.items():
            if node.startswith(_OF_VALIDATORS):
                continue
            is_node = number is None
            record, path = self._record, ("node", node)
            yield Span(
                trace=record.line.trace,
                id=record.span_id(*path) if number is None else record.span_id(*path, number),
                parent=record.span_id() if is_node else record.span_id(*path),
                name=f"node {shown(node, MOST_WHY)}" if is_node else f"round {number}",
                kind=SpanKind.INTERNAL,
                start_ns=start,
                end_ns=end,
                attributes={names.NODE: node, **self._of_round(node, number)},
            )

    def _of_round(self, node: str, number: int | None) -> Attributes:
        if number is None:
            return {}
        return {names.ROUND: number, names.SENTINEL: self._rounds[node, number]}

    def _place(self, call: StoredCall) -> tuple[str, int | None]:
        """Return the node that a call belongs to, and which round of its loop."""
        outer = call.node.rpartition("/")[0]
        node = outer if outer in self._nodes else call.node
        return node, call.visit if (node, call.visit) in self._rounds else None


def _judge_of(node: str) -> str:
    """Return the validator that a place `validator:NAME/STAGE/STEP` belongs to."""
    return node.removeprefix(_OF_VALIDATORS).rsplit("/", 2)[0]


def _record_span(record: TimedRecord, faults: Sequence[CallFault]) -> Span:
    end, loop = record.end, record.end.loop
    events = tuple(
        SpanEvent(
            name=names.FAULT_EVENT,
            at_ns=record.ended_ns,
            attributes={names.ERROR_TYPE: fault.kind, names.NODE: fault.node},
        )
        for fault in faults
    )
    failed = end.outcome is Outcome.FAILED
    return Span(
        trace=record.line.trace,
        id=record.span_id(),
        parent=record.line.id("run"),
        name=f"record {shown(end.row_id, MOST_WHY)}",
        kind=SpanKind.INTERNAL,
        start_ns=record.start_ns,
        end_ns=record.ended_ns,
        attributes={
            names.CONVERSATION: end.row_id,
            names.ROW: end.row_id,
            names.OUTCOME: end.outcome.value,
            names.ROUNDS: loop.rounds if loop is not None else None,
            names.STOP_REASON: loop.stop_reason.value if loop is not None else None,
            names.TIMES: "measured" if record.is_measured else "laid out",
            names.ERROR_TYPE: "failed" if failed else None,
        },
        events=events,
        error=shown(end.reason, MOST_WHY) if failed else None,
    )


def _tool_span(record: TimedRecord, verdict: Verdict, places: Places) -> Span:
    start, end = places.of_judge(verdict.validator)
    evidence = verdict.evidence
    failed = verdict.status is Status.ERROR
    why = shown(verdict.reason, MOST_WHY)
    said: Attributes = {
        names.EVALUATION_NAME: verdict.validator,
        names.EVALUATION_SCORE: verdict.score,
        names.EVALUATION_LABEL: verdict.status.value,
        names.EVALUATION_WHY: why,
        names.ERROR_TYPE: "validator_error" if failed else None,
    }
    return Span(
        trace=record.line.trace,
        id=record.span_id("tool", verdict.validator),
        parent=record.span_id(),
        name=f"{names.TOOL_RUN} {shown(verdict.validator, MOST_WHY)}",
        kind=SpanKind.INTERNAL,
        start_ns=start,
        end_ns=end,
        attributes={
            names.OPERATION: names.TOOL_RUN,
            names.TOOL_NAME: verdict.validator,
            names.TOOL_TYPE: "function",
            names.CONVERSATION: record.end.row_id,
            names.REQUIRED: verdict.is_required,
            names.TRUST: verdict.trust.value,
            names.ISOLATION: evidence.isolation or None if evidence is not None else None,
            names.ERROR_TYPE: "validator_error" if failed else None,
        },
        events=(SpanEvent(name=names.EVALUATION_EVENT, at_ns=end, attributes=said),),
        error=why if failed else None,
    )


def _answer(reader: JournalReader, call: StoredCall) -> str | None:
    """Return an answer's text as the conventions have it; the journal keeps no prompts."""
    whole = reader.call(call.number)
    if whole is None:
        return None
    parts = [{"type": "text", "content": whole.response.text}]
    said = {"role": "assistant", "parts": parts, "finish_reason": whole.response.finish_reason}
    return json.dumps([said])


def _call_span(
    record: TimedRecord,
    timed: TimedCall,
    parent: str,
    asked: Mapping[str, Asked],
    text: str | None,
) -> Span:
    call, data = timed.call, timed.call.data
    model = asked.get(call.model, Asked(provider="", model=call.model))
    usage, cost, first_s = data["usage"], data.get("cost_nano_usd"), data.get("first_text_s")
    return Span(
        trace=record.line.trace,
        id=record.span_id("call", call.number),
        parent=parent,
        name=f"{names.CHAT} {shown(model.model, MOST_WHY)}".rstrip(),
        kind=SpanKind.CLIENT,
        start_ns=timed.start_ns,
        end_ns=timed.end_ns,
        attributes={
            names.OPERATION: names.CHAT,
            names.PROVIDER: model.provider or None,
            names.REQUEST_MODEL: model.model or None,
            **model.parameters,
            names.RESPONSE_MODEL: data.get("model_seen") or None,
            names.FINISH_REASONS: (str(data["finish_reason"]),),
            names.INPUT_TOKENS: usage["prompt_tokens"],
            names.OUTPUT_TOKENS: usage["completion_tokens"],
            names.CACHE_READ_TOKENS: usage.get("cached_tokens") or None,
            names.REASONING_TOKENS: usage.get("reasoning_tokens") or None,
            names.FIRST_CHUNK: first_s,
            names.CONVERSATION: call.record,
            names.NODE: call.node,
            names.ROUND: call.visit,
            names.SAMPLE: call.sample,
            names.TRIES: data["tries"],
            names.FROM_CACHE: True if data.get("is_cached") else None,
            names.IS_ESTIMATED: True if usage.get("is_estimated") else None,
            names.COST: None if cost is None else cost / _NANO,
            names.OUTPUT_MESSAGES: text,
        },
    )


def _parameters(recorded: Mapping[str, object]) -> Attributes:
    """Return the sampling parameters that the conventions have a name for."""
    sent = recorded.get("parameters")
    if not isinstance(sent, Mapping):
        return {}
    return {
        named: value
        for key, named in names.REQUEST_PARAMETERS.items()
        if isinstance(value := sent.get(key), int | float) and not isinstance(value, bool)
    }
