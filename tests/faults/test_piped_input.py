"""Rows on standard input are there once; whatever befalls the run, it needs them no second time."""

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time

import yaml

from tests.faults.conftest import PATIENCE_S, ROWS, rows

FILES = ("verified.jsonl", "verified.parquet", "rejected.jsonl", "failed.jsonl")
LINES = "".join(json.dumps(row) + "\n" for row in rows())
ONE_BROKEN = LINES.replace("\n", "\n{broken\n", 1)


def piped_suite(undisturbed, folder, **source):
    document = yaml.safe_load(undisturbed.suite.read_text())
    document["data_config"] = {"source": {"type": "stdin", "id": "id", **source}}
    path = folder / "piped.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def piped(cli, suite, *arguments, text=LINES):
    child = cli("run", suite, *arguments, "--json", stdin=subprocess.PIPE)
    child.process.stdin.write(text)
    child.process.stdin.close()
    child.process.stdin = None
    return child


def without_the_suite(data: bytes) -> bytes:
    return re.sub(rb'"suite_sha256": ?"\w+"', b"", data)


def test_a_killed_run_goes_on_without_its_input_and_ends_with_the_same_bytes(
    server, cli, only_run, undisturbed, tmp_path
):
    suite = piped_suite(undisturbed, tmp_path)
    whole = piped(cli, suite, "--out", "whole", text=ONE_BROKEN).end()
    assert (whole.code, whole.line["failed"]) == (7, 1), whole.err  # more than 5 % failed
    server.forget()

    child = piped(cli, suite, "--out", "killed", text=ONE_BROKEN)
    for moment in (5, 20):
        server.wait_for(moment, child)
        assert child.process.poll() is None, "it ended before it could be killed"
        child.kill_group()
        child = cli("resume", only_run("killed"), "--json", stdin=subprocess.DEVNULL)
    resumed = child.end()

    assert (resumed.code, resumed.line["rows"]) == (7, ROWS + 1), resumed.err
    for name in FILES:
        assert (resumed.folder / name).read_bytes() == (whole.folder / name).read_bytes()
    name = "verified.jsonl"
    assert without_the_suite((resumed.folder / name).read_bytes()) == without_the_suite(
        (undisturbed.ended.folder / name).read_bytes()
    )
    verified = cli("verify", resumed.folder, stdin=subprocess.DEVNULL).end()
    assert verified.code == 0, verified.out + verified.err
    assert [path.name for path in tmp_path.rglob("input-*")] == 2 * [
        next(resumed.folder.glob("input-*")).name
    ]


def test_a_changed_suite_goes_on_with_the_rows_that_were_piped(server, cli, undisturbed, tmp_path):
    suite = piped_suite(undisturbed, tmp_path)
    ran = piped(cli, suite, "--limit", 6).end()
    server.forget()

    document = yaml.safe_load(suite.read_text())
    document["graph_config"]["nodes"]["solve"]["max_rounds"] = 2
    suite.write_text(yaml.safe_dump(document))
    agreed = ("--suite", suite, "--limit", 9, "--accept-plan-change", "--json")
    changed = cli("resume", ran.folder, *agreed, stdin=subprocess.DEVNULL).end()

    assert (changed.code, changed.line["rows"]) == (0, 9), changed.err


def test_a_kept_input_that_is_damaged_is_named_and_nothing_is_spent(
    server, cli, only_run, undisturbed, tmp_path
):
    child = piped(cli, piped_suite(undisturbed, tmp_path), "--out", "killed")
    server.wait_for(5, child)
    child.kill_group()
    (kept,) = only_run("killed").glob("input-*")
    sound = kept.read_bytes()
    kept.write_bytes(sound[:-20])
    server.forget()

    resumed = cli("resume", only_run("killed"), stdin=subprocess.DEVNULL).end()

    assert resumed.code == 4
    assert "is damaged" in resumed.err
    assert kept.name in resumed.err
    assert server.requests() == []
    kept.write_bytes(sound)  # so that the ledger adds up


def test_a_terminal_as_input_is_an_error_that_says_what_to_do(cli, undisturbed, tmp_path):
    suite = piped_suite(undisturbed, tmp_path)
    leader, terminal = pty.openpty()

    ended = cli("run", suite, stdin=terminal).end()

    os.close(leader)
    os.close(terminal)
    assert ended.code == 4
    assert "piped.yaml:" in ended.err
    assert "error[no-standard-input]: standard input is a terminal" in ended.err
    assert "sygra-eval run SUITE < rows.jsonl" in ended.err
    assert not (tmp_path / "reports").exists()


def test_no_rows_on_standard_input_are_nothing_selected(cli, undisturbed, tmp_path):
    ended = cli("run", piped_suite(undisturbed, tmp_path), stdin=subprocess.DEVNULL).end()

    assert ended.code == 5
    assert "no rows" in ended.err


def test_an_interrupt_while_rows_are_waited_for_ends_the_command(cli, undisturbed, tmp_path):
    child = cli("run", piped_suite(undisturbed, tmp_path), stdin=subprocess.PIPE)
    child.process.stdin.write(LINES)
    child.process.stdin.flush()
    wait_until_it_is_read(child)

    child.send(signal.SIGINT)
    ended = child.process.wait(timeout=PATIENCE_S)  # its standard input is still open

    for pipe in (child.process.stdin, child.process.stdout, child.process.stderr):
        pipe.close()
    assert ended == 2
    assert not list((tmp_path / "reports").rglob("*.zst"))


def wait_until_it_is_read(child):
    until = time.monotonic() + PATIENCE_S
    waiting = struct.pack("i", 1)
    while struct.unpack("i", waiting) != (0,):
        assert time.monotonic() < until
        assert child.process.poll() is None
        time.sleep(0.01)
        waiting = fcntl.ioctl(child.process.stdin, termios.FIONREAD, waiting)


def test_check_reads_the_rows_from_standard_input_once(cli, undisturbed, tmp_path):
    suite = piped_suite(undisturbed, tmp_path)
    child = cli("check", suite, stdin=subprocess.PIPE)
    child.process.stdin.write(LINES)
    child.process.stdin.close()
    child.process.stdin = None

    ended = child.end()

    assert ended.code == 0, ended.out + ended.err
    assert "fit to run" in ended.out
