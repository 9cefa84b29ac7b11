"""`run --estimate`: told on standard error, asked at a terminal, stopped without one."""

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

QUESTIONS = [f"why {n}" for n in range(12)]


def test_without_a_terminal_it_stops_with_7_and_says_how_to_go_on(run, cli, suite):
    path = suite("small", *QUESTIONS)

    ran = run(path, "--estimate", "4", "--json")
    resumed = cli("resume", ran.json[0]["run"], "-p", "echo.py", "--unsafe-no-sandbox", "--json")

    (line,) = ran.json
    assert (ran.code, line["exit"], line["rows"], line["verified"]) == (7, 7, 12, 4)
    assert line["estimate"]["calls"]["estimate"] == 12
    assert line["cost"] is line["estimate"]["usd"] is None
    assert "for all 12 rows" in ran.err
    assert "cost" in ran.err
    assert "unknown" in ran.err
    assert "`--yes` goes on unasked" in ran.err
    assert (resumed.code, resumed.json[0]["verified"], resumed.json[0]["calls"]) == (0, 12, 12)
    assert resumed.json[0]["estimate"] == line["estimate"]


def test_with_yes_it_goes_on_unasked(run, suite):
    ran = run(suite("small", *QUESTIONS), "--estimate", "4", "--yes", "--json")

    assert (ran.code, ran.json[0]["verified"]) == (0, 12)
    assert "for all 12 rows" in ran.err


def test_a_run_that_was_not_estimated_has_none(run, suite):
    ran = run(suite("small", "why"), "--json")

    assert ran.json[0]["estimate"] is None


def test_fewer_rows_than_an_interval_needs_are_refused_before_anything_is_spent(run, suite):
    ran = run(suite("small", *QUESTIONS), "--estimate", "2")

    assert ran.code == 4
    assert "--estimate" in ran.err
    assert not Path("reports").exists()


def test_where_the_sample_is_all_there_is_nobody_is_asked(run, suite):
    ran = run(suite("small", "why", "how", "who"), "--estimate", "5", "--json")

    assert (ran.code, ran.json[0]["verified"]) == (0, 3)


@pytest.mark.parametrize(("said", "code"), [("y\n", 0), ("\n", 7), ("\x03", 2)])
def test_at_a_terminal_somebody_is_asked(run, suite, said, code):
    path = suite("small", *QUESTIONS)
    run(suite("warm", "why"))  # writes the plugin
    arguments = ["run", path, "-p", "echo.py", "--unsafe-no-sandbox", "--estimate", "4"]

    ended, shown = at_a_terminal([sys.executable, "-m", "sygra_eval", *arguments], said)

    assert "for all 12 rows" in shown
    assert "go on with all rows? [y/N]" in shown
    assert ended == code


def at_a_terminal(command: list[str], said: str) -> tuple[int, str]:
    """Run a command at a terminal of its own and answer its question."""
    ours, its = pty.openpty()
    process = subprocess.Popen(  # noqa: S603
        command, stdin=its, stdout=its, stderr=its, close_fds=True, start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(its)
    shown, has_said, until = b"", False, time.monotonic() + 180
    while time.monotonic() < until:
        if not select.select([ours], [], [], 1)[0]:
            continue
        try:
            shown += os.read(ours, 65_536)
        except OSError:  # it has ended, and nobody else has this terminal
            break
        if b"[y/N]" in shown and not has_said:
            os.write(ours, said.encode())
            has_said = True
    process.wait(timeout=30)
    os.close(ours)
    return process.returncode, shown.decode(errors="replace")
