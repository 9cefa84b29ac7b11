"""The sandbox on uvloop, which makes every descriptor non-blocking that it watches."""

import asyncio
import fcntl
import os
from pathlib import Path

import pytest

from sygra_eval.sandbox import start_sandbox
from sygra_eval.sandbox.builtin import sygra_register_sandboxes
from sygra_eval.values import Execution, Limits

uvloop = pytest.importorskip("uvloop")
PROGRAMS = {
    "ok": "print(1)",
    "timeout": "while True: pass",
    "output_limit": "while True: print('x' * 10_000)",
    "exit": "import os; os.kill(os.getpid(), 9)",
}


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text("utf-8").split())


async def in_a_sandbox(work):
    providers = {}
    sygra_register_sandboxes(providers.__setitem__)
    sandbox = await start_sandbox(providers, require=None, isolation=None, slots=2)
    try:
        return await work(sandbox)
    finally:
        await sandbox.close()


def run_of(program: str) -> Execution:
    wall_s = 0.5 if program == PROGRAMS["timeout"] else 30.0
    limits = Limits(wall_s=wall_s, cpu_s=5, max_output_mb=1)
    return Execution(files={"answer.py": program}, entry="answer.py", limits=limits)


def test_programs_that_end_or_are_ended_are_told_apart_and_none_is_left():
    before = children()

    async def work(sandbox):
        runs = (sandbox.run(run_of(program)) for program in PROGRAMS.values())
        return [ran.status.value for ran in await asyncio.gather(*runs)]

    assert uvloop.run(in_a_sandbox(work)) == list(PROGRAMS)
    assert children() <= before  # what others started may end meanwhile


def test_a_program_whose_run_is_cancelled_is_ended_too():
    before = children()

    async def work(sandbox):
        for wait_s in (0.0, 0.01, 0.1):
            task = asyncio.ensure_future(sandbox.run(run_of(PROGRAMS["timeout"])))
            await asyncio.sleep(wait_s)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return (await sandbox.run(run_of(PROGRAMS["ok"]))).status.value

    assert uvloop.run(in_a_sandbox(work)) == "ok"
    assert children() <= before  # what others started may end meanwhile


def test_no_process_is_watched_by_the_loop_as_waiting_for_it_would_no_longer_block(monkeypatch):
    watched = []
    original = uvloop.Loop.add_reader

    class Watching(uvloop.Loop):
        def add_reader(self, descriptor, *rest):
            number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
            watched.append(str(Path(f"/proc/self/fd/{number}").readlink()))
            return original(self, descriptor, *rest)

    async def work(sandbox):
        pidfd = os.pidfd_open(os.getpid())
        asyncio.get_running_loop().add_reader(pidfd, print)
        is_changed = bool(fcntl.fcntl(pidfd, fcntl.F_GETFL) & os.O_NONBLOCK)
        asyncio.get_running_loop().remove_reader(pidfd)
        os.close(pidfd)
        kind = watched.pop()
        await sandbox.run(run_of(PROGRAMS["timeout"]))
        return kind, is_changed

    with asyncio.Runner(loop_factory=Watching) as runner:
        kind, is_changed = runner.run(in_a_sandbox(work))

    assert is_changed
    assert "pidfd" in kind
    assert watched
    assert not any("pidfd" in kind for kind in watched)
