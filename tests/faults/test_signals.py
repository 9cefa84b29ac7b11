"""Ctrl+C drains and still writes a valid data set; a second one stops at once."""

import json
import signal
import socket

import pyarrow.parquet as pq
import pytest

from tests.faults.conftest import IN_FLIGHT, ROWS, write_suite

FILES = ("verified.jsonl", "verified.parquet")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_drains_and_resume_ends_with_the_same_bytes(server, cli, undisturbed, number):
    child = cli("run", undisturbed.suite, "--out", "stopped", "--json")
    server.wait_for(len(undisturbed.asked) // 2, child)

    child.send(number)
    stopped = child.end()

    assert (stopped.code, stopped.line["exit"]) == (2, 2)
    assert f"{number.name}: calls in flight finish" in stopped.err
    assert 0 < stopped.line["not_reached"] < ROWS
    assert stopped.line["rows"] == ROWS
    assert stopped.adds_up()
    verified = [json.loads(line) for line in (stopped.folder / FILES[0]).read_text().splitlines()]
    assert len(verified) == stopped.line["verified"] > 0
    assert pq.read_table(stopped.folder / FILES[1]).num_rows == len(verified)
    assert json.loads((stopped.folder / "report.json").read_text())

    resumed = cli("resume", stopped.folder, "--json").end()

    assert resumed.code == 0, resumed.err
    assert sorted(server.requests()) == sorted(undisturbed.asked)  # nothing was asked twice
    assert [(resumed.folder / name).read_bytes() for name in FILES] == undisturbed.bytes_of(*FILES)


def test_a_second_signal_gives_up_the_calls_in_flight(server, cli, undisturbed):
    server.stop()
    server.start(latency_s=600, port=server.port)
    child = cli("run", undisturbed.suite, "--out", "stopped", "--json")
    server.wait_for(IN_FLIGHT, child)

    child.send(signal.SIGINT)
    assert child.process.stderr is not None
    assert "again to stop at once" in child.process.stderr.readline()
    assert child.process.poll() is None
    child.send(signal.SIGINT)
    stopped = child.end()

    assert stopped.code == 2
    assert (stopped.line["rows"], stopped.line["not_reached"]) == (ROWS, ROWS)
    server.stop()
    server.start(port=server.port)
    resumed = cli("resume", stopped.folder, "--json").end()
    assert (resumed.code, resumed.line["not_reached"]) == (0, 0), resumed.err


def test_a_signal_during_the_preflight_stops_at_once_and_leaves_nothing(tmp_path, cli):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, says nothing
        suite = write_suite(tmp_path / "suite", f"http://127.0.0.1:{silent.getsockname()[1]}/v1")
        child = cli("run", suite, "--out", "stopped", "--json")
        connection, _ = silent.accept()
        with connection:
            child.send(signal.SIGINT)
            stopped = child.end()

    assert (stopped.code, stopped.line["exit"]) == (2, 2)
    assert "before the first row" in stopped.line["error"]
    assert not (tmp_path / "stopped").exists()
