"""The warm process: what a run leaves in it, what its death does, and when it is replaced."""

import asyncio
import errno
import os
import socket
import tempfile
from pathlib import Path

import pytest

from sygra_eval.sandbox import pool, warm, zygote
from sygra_eval.values import Execution, ExecutionStatus, Limits
from tests.sandbox.zygotes import children, kill_zygotes, open_files, zygotes

IS_FULL = os.environ.get("SYGRA_EVAL_FULL") == "1"
MANY = 10_000 if IS_FULL else 150
HELLO = Execution(files={"a.py": "print('hello')"}, entry="a.py")
SLOW = Execution(
    files={"a.py": "import time; time.sleep(60)"}, entry="a.py", limits=Limits(wall_s=60)
)


async def test_one_process_serves_many_runs(sandbox):
    before = zygotes()

    for _ in range(5):
        assert (await sandbox.run(HELLO)).stdout == "hello\n"

    assert zygotes() == before


@pytest.mark.full
async def test_many_runs_leave_no_process_no_file_and_no_descriptor(sandbox):
    await asyncio.gather(*(sandbox.run(HELLO) for _ in range(4)))
    processes, files = zygotes(), open_files()

    results = await asyncio.gather(*(sandbox.run(HELLO) for _ in range(MANY)))

    assert {result.stdout for result in results} == {"hello\n"}
    assert len(zygotes()) == len(processes)  # others, where they served long enough
    assert open_files() <= files
    assert list(sandbox.base.iterdir()) == []
    served = [children(pid) for pid in zygotes()]
    assert all(len(pids) == sandbox.describe().startswith("box") for pids in served)


async def test_a_run_leaves_nothing_for_the_next(sandbox):
    first = "import builtins, json, os, sys\nbuiltins.len = json.dumps = None\nsys.path.clear()\n"
    first += "open('left', 'w').write('x'); os.environ['LEFT'] = 'x'; secret = 'not for others'\n"
    second = "import json, os, gc\nprint(len('ab'), json.dumps('x'), os.listdir())\n"
    second += "print('LEFT' in os.environ, any('not for ' + 'others' == o for o in gc.get_objects()"
    second += " if isinstance(o, str)))"

    await sandbox.run(Execution(files={"a.py": first}, entry="a.py"))
    seen = await sandbox.run(Execution(files={"b.py": second}, entry="b.py"))

    assert seen.stdout == "2 \"x\" ['b.py']\nFalse False\n", seen.stderr


async def test_a_zygote_that_died_while_idle_is_replaced(sandbox):
    await sandbox.run(HELLO)
    kill_zygotes()

    assert (await sandbox.run(HELLO)).stdout == "hello\n"


async def test_a_run_whose_zygote_dies_is_run_again_on_a_fresh_one(sandbox):
    program = "import os, time\nprint('begun', flush=True)\ntime.sleep(1)\nprint('done')"
    running = asyncio.create_task(sandbox.run(Execution(files={"a.py": program}, entry="a.py")))
    await asyncio.sleep(0.3)  # most likely it has begun; it holds before that too

    kill_zygotes()

    assert (await running).stdout == "begun\ndone\n"


async def test_without_a_second_zygote_the_run_is_an_error_and_no_verdict(sandbox, monkeypatch):
    async def refuses(lockup):
        raise zygote.ZygoteLost("no more processes")

    kill_zygotes()
    monkeypatch.setattr(pool, "boot", refuses)

    result = await sandbox.run(HELLO)

    assert result.status is ExecutionStatus.SETUP_FAILED
    assert result.reason == "the sandbox could not be set up: no more processes"


async def test_out_of_processes_or_out_of_disk_is_an_error_and_no_verdict(reduced, monkeypatch):
    def refuses(number):
        def refuse(*given, **named):
            raise OSError(number, os.strerror(number))

        return refuse

    with monkeypatch.context() as full:
        full.setattr(tempfile, "mkdtemp", refuses(errno.ENOSPC))
        no_disk = await reduced.run(HELLO)
    kill_zygotes()
    with monkeypatch.context() as crowded:
        crowded.setattr(os, "posix_spawn", refuses(errno.EAGAIN))
        no_process = await reduced.run(HELLO)

    assert no_disk.status is no_process.status is ExecutionStatus.SETUP_FAILED
    assert "no private folder can be made: No space left on device" in no_disk.reason
    assert "the interpreter cannot be started: Resource temporarily unav" in no_process.reason
    assert (await reduced.run(HELLO)).stdout == "hello\n"


@pytest.mark.parametrize(
    ("limit", "value"), [("MOST_RUNS", 2), ("MOST_AGE_S", 0.0), ("MOST_GROWTH_KB", -1)]
)
async def test_a_zygote_is_replaced_in_time(sandbox, monkeypatch, limit, value):
    await sandbox.run(HELLO)
    monkeypatch.setattr(zygote, limit, value)
    before = zygotes()

    await sandbox.run(HELLO)
    await sandbox.run(HELLO)

    assert not set(before) & set(zygotes())


async def test_a_zygote_holds_nothing_of_the_harness(sandbox, tmp_path):
    with (tmp_path / "kept").open("w") as kept, socket.socket() as listening:
        os.set_inheritable(kept.fileno(), True)  # noqa: FBT003
        os.set_inheritable(listening.fileno(), True)  # noqa: FBT003
        kill_zygotes()
        await sandbox.run(HELLO)

        (fresh,) = zygotes()
        held = [str(entry.readlink()) for entry in Path(f"/proc/{fresh}/fd").iterdir()]

        assert str(tmp_path / "kept") not in held
        assert sum(name.startswith("socket:") for name in held) <= 1  # its own


async def test_exit_handlers_threads_and_open_files_end_as_with_an_interpreter(run_code):
    code = (
        "import atexit, sys, threading, time\n"
        "atexit.register(print, 'at exit')\n"
        "threading.Thread(target=lambda: (time.sleep(0.2), print('thread'))).start()\n"
        "file = open('f', 'w'); file.write('unflushed')\n"
        "class Last:\n def __del__(self): print('deleted')\n"
        "last = Last()\n"
        "sys.exit('words')\n"
    )

    result = await run_code(code)

    assert result.stdout == "thread\nat exit\ndeleted\n"
    assert (result.stderr, result.exit_code) == ("words\n", 1)


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        ("raise SystemExit", 0),
        ("raise SystemExit(300)", 44),
        ("import sys\ndef h(*a): raise SystemExit(5)\nsys.excepthook = h\n1/0", 5),
        ("import os; os.close(1); print('lost')", 120),
        ("import sys; sys.stdout = None", 0),
        ("import atexit\n@atexit.register\ndef f(): 1/0", 0),
    ],
)
async def test_the_exit_code_is_the_interpreters(run_code, code, exit_code):
    assert (await run_code(code)).exit_code == exit_code


async def test_in_a_box_there_is_nothing_of_the_host(sandbox):
    if not sandbox.describe().startswith("box("):
        pytest.skip("this is about the box")
    code = (
        "import ctypes, os, platform\n"
        "print(os.getpid(), os.getppid(), os.getuid(), os.path.exists('/home'))\n"
        "print(os.path.exists('/tmp'), os.path.exists('/usr/bin'), platform.node() != '')\n"
    )

    result = await sandbox.run(Execution(files={"a.py": code}, entry="a.py"))

    assert result.stdout == "1 0 1000 False\nFalse False True\n"


async def test_the_packages_of_the_harness_cannot_be_read(sandbox):
    packages = str(Path(pytest.__file__).parent)
    code = (
        "import os\n"
        f"try:\n    print(os.listdir({packages!r}))\n"
        "except OSError as error:\n    print(type(error).__name__)\n"
    )

    result = await sandbox.run(Execution(files={"a.py": code}, entry="a.py"))

    assert result.stdout in ("FileNotFoundError\n", "PermissionError\n")


async def test_cancelled_runs_leave_no_program_and_the_sandbox_goes_on(sandbox):
    for moment_s in (0.0, 0.001, 0.01, 0.1):
        task = asyncio.create_task(sandbox.run(SLOW))
        await asyncio.sleep(moment_s)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert (await sandbox.run(HELLO)).stdout == "hello\n"
    assert list(sandbox.base.iterdir()) == []


@pytest.mark.parametrize(("is_busy", "tries"), [(True, 2), (False, 1)])
async def test_a_timeout_on_an_overloaded_machine_counts_only_when_alone(
    sandbox, monkeypatch, is_busy, tries
):
    monkeypatch.setattr(warm, "is_overloaded", lambda: is_busy)
    starts = []
    make = warm.order_of
    monkeypatch.setattr(warm, "order_of", lambda *given: starts.append(given) or make(*given))
    slow = Execution(files=SLOW.files, entry="a.py", limits=Limits(wall_s=0.4))

    results = await asyncio.gather(*(sandbox.run(slow) for _ in range(3)))

    assert {result.status for result in results} == {ExecutionStatus.TIMEOUT}
    assert len(starts) == 3 * tries


async def test_cpu_time_ends_a_program_whatever_the_clock_says_and_it_is_not_tried_again(
    sandbox, monkeypatch
):
    monkeypatch.setattr(warm, "is_overloaded", lambda: True)
    starts = []
    make = warm.order_of
    monkeypatch.setattr(warm, "order_of", lambda *given: starts.append(given) or make(*given))
    limits = Limits(wall_s=300, cpu_s=1)
    spinning = Execution(files={"a.py": "while True: pass"}, entry="a.py", limits=limits)

    result = await sandbox.run(spinning)

    assert (result.status, len(starts)) == (ExecutionStatus.TIMEOUT, 1)
    assert result.wall_ms < 290_000
