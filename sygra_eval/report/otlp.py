"""Spans and metrics as OTLP has them in JSON: one request a line, as collectors read files.

What a line holds is what `/v1/traces` and `/v1/metrics` take. Ids are hexadecimal there, unlike in
other JSON of protocol buffers, and numbers of 64 bits are texts.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from json.encoder import encode_basestring_ascii

from sygra_eval.engine import ReportContext
from sygra_eval.report import otel_names as names
from sygra_eval.report.otel_metrics import ClientMetrics, Histogram
from sygra_eval.report.otel_spans import asked_of, spans_of, timeline_of
from sygra_eval.report.spans import Attribute, Attributes, Span, SpanEvent, Timeline

SPANS_A_LINE = 256
_CUMULATIVE = 2
_FAILED = 2
_SHORT = 200
_PLACE = '"spans":[]'

Json = Mapping[str, object]


def otel_report(ctx: ReportContext) -> Iterator[str]:
    """Yield the requests, each a line: the spans, then the metrics."""
    # A quote within a text is escaped, so this is found nowhere else.
    before, _, behind = _line(ctx, "Spans", {"spans": []}).rstrip("\n").partition(_PLACE)
    before, behind = f"{before}{_PLACE[:-1]}", f"{_PLACE[-1]}{behind}"
    spans = spans_of(ctx, has_content=ctx.options.has_content)
    while some := list(islice(spans, SPANS_A_LINE)):
        yield _spans(some, before, behind)
    metrics = list(_metrics(client_metrics(ctx), timeline_of(ctx)))
    if metrics:
        yield _line(ctx, "Metrics", {"metrics": metrics})


def captures_content(environment: Mapping[str, str]) -> bool:
    """Say whether texts of answers may be written: only when the user's environment says so."""
    wanted = environment.get(names.CONTENT_SWITCH, "").strip().lower()
    return wanted in {"true", "1", "span_only", "span_and_event"}


def client_metrics(ctx: ReportContext) -> ClientMetrics:
    """Count the calls that an endpoint was asked."""
    found = ClientMetrics(asked_of(ctx))
    with ctx.reader() as reader:
        for call in reader.stored_calls():
            found.take(call)
    return found


def _resource(ctx: ReportContext) -> Json:
    summary = ctx.summary
    attributes: Attributes = {
        names.SERVICE_NAME: "sygra-eval",
        names.SERVICE_VERSION: summary.version or None,
        names.SUITE: summary.suite,
        names.SUITE_SHA256: summary.suite_sha256,
        names.RUN: summary.run,
    }
    return {"attributes": _attributes(attributes)}


def _scope(ctx: ReportContext) -> Json:
    version = {"version": ctx.summary.version} if ctx.summary.version else {}
    return {"name": "sygra_eval", **version}


def _line(ctx: ReportContext, kind: str, what: Json) -> str:
    scope = {"scope": _scope(ctx), **what, "schemaUrl": names.SCHEMA_URL}
    whole = {
        "resource": _resource(ctx),
        f"scope{kind}": [scope],
        "schemaUrl": names.SCHEMA_URL,
    }
    return json.dumps({f"resource{kind}": [whole]}, separators=(",", ":"), allow_nan=False) + "\n"


def _spans(spans: Iterable[Span], before: str, behind: str) -> str:
    """Return a line of spans, written by hand: a dictionary for each attribute takes longer."""
    return f"{before}{','.join(map(_span, spans))}{behind}\n"


def _span(span: Span) -> str:
    parent = f'"parentSpanId":{_quoted(span.parent)},' if span.parent else ""
    status = "" if span.error is None else f'"code":{_FAILED},"message":{_quoted(span.error)}'
    return (
        f'{{"traceId":{_quoted(span.trace)},"spanId":{_quoted(span.id)},{parent}'
        f'"name":{_quoted(span.name)},"kind":{int(span.kind)},'
        f'"startTimeUnixNano":"{span.start_ns}","endTimeUnixNano":"{span.end_ns}",'
        f'"attributes":{_written(span.attributes)},"events":['
        f'{",".join(map(_event, span.events))}],"status":{{{status}}}}}'
    )


def _event(event: SpanEvent) -> str:
    return (
        f'{{"timeUnixNano":"{event.at_ns}","name":{_quoted(event.name)},'
        f'"attributes":{_written(event.attributes)}}}'
    )


def _written(attributes: Attributes) -> str:
    """Return what `_attributes` returns, as JSON."""
    parts: list[str] = []
    for key, given in attributes.items():
        if given is None:
            continue
        if isinstance(given, str):
            parts.append(_short(key, given) if len(given) <= _SHORT else _string(key, given))
            continue
        if isinstance(given, int) and not isinstance(given, bool):
            value = f'"intValue":"{given}"'
        elif (told := _value(given)) is not None:
            value = json.dumps(told, separators=(",", ":"))[1:-1]
        else:
            continue
        parts.append(f'{{"key":{_quoted_key(key)},"value":{{{value}}}}}')
    return f"[{','.join(parts)}]"


def _string(key: str, text: str) -> str:
    return f'{{"key":{_quoted_key(key)},"value":{{"stringValue":{_quoted(text)}}}}}'


_short = lru_cache(maxsize=1024)(_string)
"""Kept: a row's id stands in each of its spans, a model's name in most."""


def _quoted(text: str) -> str:
    return encode_basestring_ascii(text if text.isascii() else _text(text))


@lru_cache(maxsize=256)
def _quoted_key(key: str) -> str:
    return _quoted(key)


def _metrics(found: ClientMetrics, line: Timeline) -> Iterator[Json]:
    for name, unit, histograms in (
        (names.TOKEN_USAGE, "{token}", found.tokens),
        (names.OPERATION_DURATION, "s", found.durations),
    ):
        points = [_point(one, attributes, line) for attributes, one in histograms]
        if points:
            told = {"dataPoints": points, "aggregationTemporality": _CUMULATIVE}
            yield {"name": name, "unit": unit, "histogram": told}


def _point(one: Histogram, attributes: Attributes, line: Timeline) -> Json:
    return {
        "attributes": _attributes(attributes),
        "startTimeUnixNano": str(line.start_ns),
        "timeUnixNano": str(line.end_ns),
        "count": str(one.count),
        "sum": one.total,
        "bucketCounts": [str(count) for count in one.buckets],
        "explicitBounds": list(one.bounds),
        "min": one.least,
        "max": one.most,
    }


def _attributes(attributes: Attributes) -> list[Json]:
    return [
        {"key": _text(key), "value": value}
        for key, given in attributes.items()
        if given is not None and (value := _value(given)) is not None
    ]


def _value(given: Attribute) -> Json | None:
    """Return a value with its type; one that is no number is not known."""
    if isinstance(given, bool):
        return {"boolValue": given}
    if isinstance(given, int):
        return {"intValue": str(given)}
    if isinstance(given, float):
        return {"doubleValue": given} if math.isfinite(given) else None
    if isinstance(given, tuple):
        return {"arrayValue": {"values": [{"stringValue": _text(one)} for one in given]}}
    return {"stringValue": _text(given)}


def _text(text: str) -> str:
    """Return a text that UTF-8 can hold: half a pair of surrogates is none."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def batches(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each line with the path of an endpoint that takes it."""
    for line in lines:
        is_metrics = line.startswith('{"resourceMetrics"')
        yield ("v1/metrics" if is_metrics else "v1/traces"), line
