import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sygra_eval.report import collector_of, send
from sygra_eval.values import UsageError
from tests.report.run_by_hand import call_of, end_of, view_of, write_run

SPANS = '{"resourceSpans":[]}\n'


class Collector(ThreadingHTTPServer):
    """A collector on loopback: keeps what it got, answers from a script, then with 200."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.got, self.script = [], []

    @property
    def environment(self):
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.server_port}/"}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), body))
        script = self.server.script
        status, headers, said = script.pop(0) if script else (200, {}, "{}")
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said.encode())

    def log_message(self, *args):
        pass


@pytest.fixture
def collector():
    server = Collector()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_run_arrives_as_it_is_written(collector, tmp_path):
    folder = write_run(tmp_path / "run", [end_of(0)], calls=[call_of("q0")])
    lines = view_of("otel", folder).splitlines(keepends=True)
    environment = {**collector.environment, "OTEL_EXPORTER_OTLP_HEADERS": "api-key=a%20b,x=y"}

    sent = send(lines, collector_of(environment))

    assert (sent.requests, sent.rejected) == (2, 0)
    (traces, headers, body), (metrics, _, _) = collector.got
    assert (traces, metrics) == ("/v1/traces", "/v1/metrics")
    assert headers["Content-Type"] == "application/json"
    assert (headers["api-key"], headers["x"]) == ("a b", "y")
    assert json.loads(body) == json.loads(lines[0])


def test_a_collector_that_is_busy_is_asked_again(collector):
    collector.script = [(503, {"Retry-After": "0"}, ""), (429, {"Retry-After": "0"}, "")]

    sent = send([SPANS], collector_of(collector.environment))

    assert sent.requests == 1
    assert len(collector.got) == 3


def test_what_a_collector_did_not_take_is_counted_and_told(collector):
    said = {"partialSuccess": {"rejectedSpans": "3", "errorMessage": "too\nold\x1b"}}
    collector.script = [(200, {}, json.dumps(said))]

    sent = send([SPANS], collector_of(collector.environment))

    assert (sent.rejected, sent.notes) == (3, ["too old\\x1b"])


@pytest.mark.parametrize(
    ("status", "told"), [(415, "takes no JSON"), (401, "answered 401: no\\x1b"), (302, "302")]
)
def test_a_refusal_says_what_to_do(collector, status, told):
    collector.script = [(status, {}, "no\x1b")]

    with pytest.raises(UsageError, match=told.replace("\\", r"\\")):
        send([SPANS], collector_of(collector.environment))


def test_a_key_stands_in_no_message_and_nobody_there_is_told():
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=secret",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "2000",
    }
    collector = collector_of(environment)

    with pytest.raises(UsageError, match="cannot be reached") as told:
        send([SPANS], collector)

    assert "secret" not in f"{told.value}{collector!r}"
    assert collector.timeout_s == 2.0


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, "nothing says where to send to: set OTEL_EXPORTER_OTLP_ENDPOINT"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4317"}, "is no address"),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4317",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
            },
            "OTLP/HTTP",
        ),
    ],
)
def test_an_environment_that_does_not_say_where_to_is_refused(environment, told):
    with pytest.raises(UsageError, match=told):
        collector_of(environment)


def test_a_signal_may_have_an_address_of_its_own():
    collector = collector_of(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:1/base/",
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "https://b/m",
        }
    )

    assert collector.urls == {"v1/traces": "http://a:1/base/v1/traces", "v1/metrics": "https://b/m"}
