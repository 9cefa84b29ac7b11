"""Ctrl+C drains and still writes a valid data set; a second one stops at once."""

import fcntl
import json
import os
import pty
import signal
import socket
import sqlite3
import termios
import time

import pyarrow.parquet as pq
import pytest

from sygra_eval.engine import summarise
from tests.faults.conftest import IN_FLIGHT, ROWS, UNSAVED, write_suite

FILES = ("verified.jsonl", "verified.parquet")


HANGS_UP = pytest.param(
    signal.SIGHUP, marks=pytest.mark.only_full("a closed terminal sends it, see below")
)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, HANGS_UP])
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


@pytest.mark.parametrize(
    ("number", "grace", "told"), [(signal.SIGINT, 0.2, "0.2 s"), (signal.SIGTERM, 600, "10 s")]
)
def test_calls_in_flight_are_waited_for_within_a_grace(
    server, cli, undisturbed, number, grace, told
):
    server.stop()
    server.start(latency_s=600, port=server.port)
    child = cli("run", undisturbed.suite, "--out", "stopped", "--grace", grace, "--json")
    server.wait_for(IN_FLIGHT, child)

    child.send(number)
    assert child.process.stderr is not None
    said = child.process.stderr.readline()
    if number is signal.SIGTERM:
        child.send(number)
    stopped = child.end()

    assert f"{number.name}: calls in flight finish, for {told} at most" in said
    assert (stopped.code, stopped.line["not_reached"]) == (2, ROWS)


def test_a_closed_terminal_drains_the_run(server, cli, undisturbed, only_run):
    here, there = pty.openpty()

    def take_the_terminal():
        fcntl.ioctl(there, termios.TIOCSCTTY, 0)

    streams = {"stdin": there, "stdout": there, "stderr": there}
    child = cli(
        "run", undisturbed.suite, "--out", "closed", preexec_fn=take_the_terminal, **streams
    )
    os.close(there)
    server.wait_for(len(undisturbed.asked) // 3, child)
    os.close(here)
    code = child.process.wait(60)

    folder = only_run("closed")
    stopped = summarise(folder)
    assert (code, stopped.state) == (2, "interrupted")
    assert stopped.not_reached > 0
    written = (folder / FILES[0]).read_bytes().count(b"\n")
    assert pq.read_table(folder / FILES[1]).num_rows == written
    resumed = cli("resume", folder, "--json").end()
    assert resumed.code == 0, resumed.err
    assert [(folder / name).read_bytes() for name in FILES] == undisturbed.bytes_of(*FILES)


def test_a_run_that_sleeps_in_its_middle_retries_what_was_cut_and_loses_nothing(
    server, cli, undisturbed
):
    server.stop()
    server.start(latency_s=0.3, port=server.port)
    child = cli("run", undisturbed.suite, "--out", "slept", "--json")
    server.wait_for(len(undisturbed.asked) // 3, child)

    child.send(signal.SIGSTOP)
    server.stop()  # as a server drops who says nothing
    time.sleep(1.5)
    server.start(port=server.port)
    child.send(signal.SIGCONT)
    ended = child.end()

    assert ended.code == 0, ended.err
    assert [(ended.folder / name).read_bytes() for name in FILES] == undisturbed.bytes_of(*FILES)
    assert set(server.requests()) == set(undisturbed.asked)
    assert len(server.requests()) - len(undisturbed.asked) <= UNSAVED


def asleep_between_commits(child, journal):
    """Stop a process while it holds no lock of the database: nobody else could write there."""
    while True:
        child.send(signal.SIGSTOP)
        database = sqlite3.connect(journal, timeout=0.1, isolation_level=None)
        try:
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
        except sqlite3.OperationalError:
            child.send(signal.SIGCONT)
            time.sleep(0.02)
        else:
            return
        finally:
            database.close()


def test_a_run_that_was_taken_over_while_it_slept_begins_no_call_and_no_file(
    server, cli, undisturbed, only_run
):
    server.stop()
    server.start(latency_s=0.3, port=server.port)
    child = cli("run", undisturbed.suite, "--out", "taken", "--json")
    server.wait_for(len(undisturbed.asked) // 3, child)
    folder = only_run("taken")

    asleep_between_commits(child, folder / "journal.db")
    (folder / "LOCK").unlink()  # as somebody does who takes the sleeper for dead
    other = cli("resume", folder, "--json").end()
    asked = len(server.requests())
    child.send(signal.SIGCONT)
    woken = child.end()

    assert other.code == 0, other.err
    assert len(server.requests()) - asked <= IN_FLIGHT  # what was on its way when it fell asleep
    assert woken.code == 7
    assert "another process took this run over" in woken.line["error"]
    assert [(folder / name).read_bytes() for name in FILES] == undisturbed.bytes_of(*FILES)
    assert cli("resume", folder, "--json").end().line["not_reached"] == 0
