"""Nobody has to listen: a run whose output goes nowhere ends as any other."""

import os
import subprocess
from pathlib import Path

import pytest

from sygra_eval.engine import summarise
from tests.faults.conftest import rows, write_suite


@pytest.mark.parametrize("closed", [("stdout",), ("stdout", "stderr")])
def test_a_closed_pipe_does_not_end_a_run(tmp_path, server, cli, only_run, closed):
    suite = write_suite(tmp_path / "suite", server.base_url, rows=rows(6))
    reading, writing = os.pipe()
    streams = dict.fromkeys(closed, writing)

    child = cli("run", suite, "--out", "out", "--json", **streams)
    os.close(writing)
    os.close(reading)
    ended = child.end()

    summary = summarise(only_run("out"))
    assert (summary.state, summary.rows, summary.not_reached) == ("finished", 6, 0)
    assert (only_run("out") / "manifest.json").exists()
    assert ended.code == 0


def test_a_full_device_behind_stdout_does_not_end_a_run(tmp_path, server, cli, only_run):
    suite = write_suite(tmp_path / "suite", server.base_url, rows=rows(6))

    with Path("/dev/full").open("w") as full:
        ended = cli("run", suite, "--out", "out", stdout=full, stderr=subprocess.PIPE).end()

    assert summarise(only_run("out")).state == "finished"
    assert "Traceback" not in ended.err
