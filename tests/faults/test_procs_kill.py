"""`kill -9` of a worker, or of the run above its workers, costs the calls in flight and no more."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from sygra_eval.engine import summarise
from sygra_eval.journal import PARTS
from sygra_eval.testing import audit
from tests.faults.conftest import IN_FLIGHT, ROWS, UNSAVED

FILES = ("verified.jsonl", "verified.parquet", "rejected.jsonl")
KILLS = 20 if os.environ.get("SYGRA_EVAL_FULL") else 3
PATIENCE_S = 120.0
FULL = pytest.mark.only_full("parts are taken in before it is asked who settles the rest")


def workers_of(parent: int) -> list[int]:
    """Return the workers of a run, by the kernel's word."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(pid) for pid in children if b"executors.worker" in command_of(pid)]


def command_of(pid: str | int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def wait_until_gone(pids: list[int]) -> None:
    until = time.monotonic() + PATIENCE_S
    while any(b"executors.worker" in command_of(pid) for pid in pids):
        assert time.monotonic() < until, "a worker outlived the run"
        time.sleep(0.01)


def bytes_of(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in FILES]


@pytest.mark.full
def test_a_worker_that_is_killed_is_started_again_and_nothing_is_paid_for_twice(
    server, cli, only_run, undisturbed
):
    chance = random.Random(20261126)  # noqa: S311
    surplus = kills = 0
    for start in range(-(-KILLS // 3)):
        server.forget()
        out = f"killed{start}"
        child = cli("run", undisturbed.suite, "--out", out, "--procs", "2", "--json")
        moments = sorted(chance.sample(range(3, len(undisturbed.asked) - 6), 3))
        for moment in moments:
            server.wait_for(moment, child)
            alive = workers_of(child.process.pid)
            if not alive:
                continue
            os.kill(chance.choice(alive), signal.SIGKILL)
            audit.mark(server.events, "killed")
            kills += 1
        ended = child.end()

        assert ended.code == 0, ended.err
        sent = server.requests()
        assert set(sent) == set(undisturbed.asked)
        surplus += len(sent) - len(set(sent))
        assert bytes_of(only_run(out)) == undisturbed.bytes_of(*FILES)
        assert (ended.line["rows"], ended.line["not_reached"]) == (ROWS, 0)
        assert ended.line["calls"] == len(undisturbed.asked)
        assert not (only_run(out) / PARTS).exists()
    assert kills > KILLS // 2
    assert surplus <= kills * UNSAVED


@pytest.mark.parametrize("processes", [pytest.param("1", marks=FULL), "2"])
def test_a_run_that_is_killed_above_its_workers_goes_on_with_and_without_them(
    server, cli, only_run, undisturbed, processes
):
    child = cli("run", undisturbed.suite, "--out", "killed", "--procs", "2", "--json")
    server.wait_for(len(undisturbed.asked) // 2, child)
    alive = workers_of(child.process.pid)
    child.send(signal.SIGKILL)
    child.process.communicate()
    wait_until_gone(alive)
    audit.mark(server.events, "killed")
    told = summarise(only_run("killed")).warnings

    resumed = cli("resume", only_run("killed"), "--procs", processes, "--json").end()

    assert len(alive) == 2
    assert [text for text in told if "parts/" in text]
    assert not [text for text in summarise(resumed.folder).warnings if "parts/" in text]
    assert resumed.code == 0, resumed.err
    sent = server.requests()
    assert set(sent) == set(undisturbed.asked)
    assert len(sent) - len(set(sent)) <= UNSAVED
    assert audit.problems(audit.read(server.events), most_in_flight=IN_FLIGHT) == []
    assert bytes_of(resumed.folder) == undisturbed.bytes_of(*FILES)
    assert not (resumed.folder / PARTS).exists()
    assert resumed.adds_up()


def test_ctrl_c_drains_the_workers_and_a_resume_without_them_ends_the_run(
    server, cli, only_run, undisturbed
):
    child = cli("run", undisturbed.suite, "--out", "drained", "--procs", "2", "--json")
    server.wait_for(len(undisturbed.asked) // 3, child)
    os.killpg(child.process.pid, signal.SIGINT)  # as a terminal does: to all of them
    stopped = child.end()

    resumed = cli("resume", stopped.folder, "--json").end()

    assert stopped.code == 2, stopped.err
    assert stopped.adds_up()
    assert stopped.line["not_reached"] > 0
    assert resumed.code == 0, resumed.err
    assert sorted(server.requests()) == sorted(undisturbed.asked)
    assert bytes_of(resumed.folder) == undisturbed.bytes_of(*FILES)


@FULL
def test_a_budget_holds_over_workers_of_which_one_is_killed(server, cli, only_run, undisturbed):
    budget = len(undisturbed.asked) // 2
    arguments = ("--out", "bounded", "--procs", "2", "--budget", f"calls={budget}", "--json")
    child = cli("run", undisturbed.suite, *arguments)
    server.wait_for(budget // 2, child)
    os.kill(workers_of(child.process.pid)[0], signal.SIGKILL)

    stopped = child.end()

    assert stopped.code == 7, stopped.err
    assert stopped.line["calls"] == budget
    assert len(server.requests()) - budget <= UNSAVED
    assert stopped.adds_up()
