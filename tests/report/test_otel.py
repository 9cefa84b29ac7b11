import importlib
import json

import pytest

from sygra_eval.report import captures_content, otel_names
from sygra_eval.report.otel_metrics import SECOND_BOUNDS, TOKEN_BOUNDS, Histogram
from sygra_eval.values import CallSite, Evidence, Outcome, Status, Usage, Verdict
from tests.report.run_by_hand import BEGAN, call_of, end_of, rounds_of, view_of, write_run

OURS = "sygra."


def plain(value):
    """The value of an attribute as OTLP's JSON has it."""
    ((kind, said),) = value.items()
    if kind == "intValue":
        return int(said)
    return [plain(one) for one in said["values"]] if kind == "arrayValue" else said


def attributes_of(thing):
    return {one["key"]: plain(one["value"]) for one in thing["attributes"]}


def spans_in(text):
    return [
        span
        for line in text.splitlines()
        for resource in json.loads(line).get("resourceSpans", ())
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]


def metrics_in(text):
    return {
        metric["name"]: metric["histogram"]["dataPoints"]
        for line in text.splitlines()
        for resource in json.loads(line).get("resourceMetrics", ())
        for scope in resource["scopeMetrics"]
        for metric in scope["metrics"]
    }


def path_of(span, spans):
    """The names from the run to a span."""
    by_id = {one["spanId"]: one for one in spans}
    names = [span["name"]]
    while span.get("parentSpanId"):
        span = by_id[span["parentSpanId"]]
        names.insert(0, span["name"])
    return " > ".join(names)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    judge = Verdict(validator="judge", status=Status.ERROR, reason="no reply", evidence=Evidence())
    ends = [
        end_of(0, verdicts=(*end_of(0).verdicts, judge)),
        end_of(1, Outcome.FAILED),
        end_of(2, Outcome.REJECTED),
    ]
    usage = Usage(prompt_tokens=10, completion_tokens=5, cached_tokens=4, reasoning_tokens=3)
    calls = [
        call_of("q0", usage=usage, first_text_s=0.25, model_seen="some-model-1"),
        call_of("q0", step="revise", visit=2, cost_nano_usd=None, is_cached=True),
        (CallSite(record="q0", node="validator:judge/final/vote"), call_of("q0")[1]),
    ]
    folder = tmp_path_factory.mktemp("otel") / "run"
    return write_run(folder, ends, calls=calls, rounds=rounds_of("q0"))


@pytest.fixture(scope="module")
def spans(folder):
    return spans_in(view_of("otel", folder))


def test_run_record_node_round_and_call_stand_one_in_another(spans):
    paths = [path_of(span, spans) for span in spans]

    run, record = "invoke_workflow by_hand", "record q0"
    assert paths[:9] == [
        run,
        f"{run} > {record}",
        f"{run} > {record} > node solve",
        f"{run} > {record} > node solve > round 1",
        f"{run} > {record} > node solve > round 2",
        f"{run} > {record} > execute_tool unit_tests",
        f"{run} > {record} > execute_tool judge",
        f"{run} > {record} > node solve > round 1 > chat some-model",
        f"{run} > {record} > node solve > round 2 > chat some-model",
    ]
    assert paths[9] == f"{run} > {record} > execute_tool judge > chat some-model"
    assert paths[10:] == [
        f"{run} > record q1",
        f"{run} > record q1 > execute_tool unit_tests",
        f"{run} > record q2",
        f"{run} > record q2 > execute_tool unit_tests",
    ]


def test_a_call_says_what_the_conventions_have_a_name_for(spans):
    call = next(span for span in spans if span["name"].startswith("chat"))

    assert attributes_of(call) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "some-model",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.seed": 7,
        "gen_ai.response.model": "some-model-1",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.response.time_to_first_chunk": 0.25,
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.reasoning.output_tokens": 3,
        "gen_ai.conversation.id": "q0",
        "sygra.node": "solve/draft",
        "sygra.round": 1,
        "sygra.call.sample": 0,
        "sygra.call.tries": 1,
        "sygra.cost.usd": 0.25,
    }
    assert call["kind"] == 3


def test_times_are_those_of_the_journal(spans):
    run, record, *_ = spans
    call = next(span for span in spans if span["name"].startswith("chat"))

    assert int(run["startTimeUnixNano"]) == int(BEGAN * 1e9)
    assert int(call["endTimeUnixNano"]) - int(call["startTimeUnixNano"]) == 1_500_000_000
    assert attributes_of(record)["sygra.times"] == "measured"
    for span in spans:
        assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
    assert int(record["startTimeUnixNano"]) == int(call["startTimeUnixNano"])
    assert int(record["endTimeUnixNano"]) > int(call["endTimeUnixNano"])


def test_a_verdict_is_an_event_and_an_error_of_ours_is_one_of_the_span(spans):
    tools = {attributes_of(span).get("gen_ai.tool.name"): span for span in spans[5:7]}

    (event,) = tools["unit_tests"]["events"]
    assert event["name"] == "gen_ai.evaluation.result"
    assert attributes_of(event) == {
        "gen_ai.evaluation.name": "unit_tests",
        "gen_ai.evaluation.score.value": 1.0,
        "gen_ai.evaluation.score.label": "pass",
        "gen_ai.evaluation.explanation": "2 passed",
    }
    assert tools["judge"]["status"] == {"code": 2, "message": "no reply"}
    assert tools["unit_tests"]["status"] == {}
    failed = next(span for span in spans if span["name"] == "record q1")
    assert failed["status"]["code"] == 2
    assert next(span for span in spans if span["name"] == "record q2")["status"] == {}


def test_an_answers_text_is_written_only_when_it_is_asked_for(folder):
    assert "It is so." not in view_of("otel", folder)

    (said,) = json.loads(
        next(
            attributes_of(span)["gen_ai.output.messages"]
            for span in spans_in(view_of("otel", folder, has_content=True))
            if span["name"].startswith("chat")
        )
    )
    assert said["parts"] == [{"type": "text", "content": "It is so."}]


@pytest.mark.parametrize(
    ("said", "wanted"), [("true", True), ("SPAN_ONLY", True), ("false", False), (None, False)]
)
def test_the_environment_says_whether_texts_are_written(said, wanted):
    environment = {} if said is None else {otel_names.CONTENT_SWITCH: said}

    assert captures_content(environment) is wanted


def test_metrics_count_what_an_endpoint_was_asked(folder):
    metrics = metrics_in(view_of("otel", folder))

    of_input, of_output = metrics["gen_ai.client.token.usage"]
    assert attributes_of(of_input)["gen_ai.token.type"] == "input"
    assert (of_input["count"], of_input["sum"], of_output["sum"]) == ("2", 20.0, 10.0)
    (durations,) = metrics["gen_ai.client.operation.duration"]
    assert (durations["count"], durations["sum"]) == ("2", 3.0)
    assert sum(map(int, durations["bucketCounts"])) == 2


def test_a_value_on_a_bound_belongs_below_it():
    found = Histogram((1.0, 4.0))

    for value in (1, 1.5, 4, 5):
        found.take(value)

    assert found.buckets == [1, 2, 1]
    assert (len(TOKEN_BOUNDS), TOKEN_BOUNDS[-1]) == (14, 67_108_864)
    assert SECOND_BOUNDS[-1] == pytest.approx(81.92)


def test_a_journal_that_does_not_say_when_lays_calls_one_behind_the_other(tmp_path, monkeypatch):
    monkeypatch.setattr("sygra_eval.journal.journal._now", lambda: None)
    calls = [call_of("q0"), call_of("q0", step="revise", visit=2)]
    folder = write_run(tmp_path / "run", [end_of(0)], calls=calls)

    spans = spans_in(view_of("otel", folder))

    first, second = (span for span in spans if span["name"].startswith("chat"))
    assert attributes_of(spans[1])["sygra.times"] == "laid out"
    assert first["startTimeUnixNano"] == spans[0]["startTimeUnixNano"]
    assert second["startTimeUnixNano"] == first["endTimeUnixNano"]


def known_names():
    """Every attribute and metric of the conventions' package that is not deprecated."""
    attributes = "opentelemetry.semconv._incubating.attributes"
    for module in ("gen_ai_attributes", "service_attributes", "error_attributes"):
        for value in vars(importlib.import_module(f"{attributes}.{module}")).values():
            if isinstance(value, str):
                yield value
    metrics = importlib.import_module("opentelemetry.semconv._incubating.metrics.gen_ai_metrics")
    yield from (value for value in vars(metrics).values() if isinstance(value, str))


def test_our_names_are_those_of_the_conventions():
    schemas = pytest.importorskip("opentelemetry.semconv.schemas").Schemas
    given = [
        value
        for name, value in vars(otel_names).items()
        if name.isupper() and isinstance(value, str) and "." in value
    ]
    given += otel_names.REQUEST_PARAMETERS.values()

    unknown = {name for name in given if not name.startswith(OURS)} - set(known_names())

    # An event's name is in the conventions and in no constant of the package.
    assert unknown == {otel_names.EVALUATION_EVENT, otel_names.SCHEMA_URL}
    assert otel_names.SCHEMA_URL in {schema.value for schema in schemas}
    assert not {"gen_ai.system", "gen_ai.usage.prompt_tokens", "gen_ai.prompt"} & set(given)
