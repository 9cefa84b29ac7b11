import asyncio
import os
import re
import select
import sys
import tempfile
from pathlib import Path

import pytest

from sygra_eval.sandbox import ReducedProvider
from sygra_eval.values import Execution, ExecutionStatus, InfrastructureError, Limits
from tests.sandbox.zygotes import PATIENCE_S, children, programs

SLEEPS = Execution(
    files={"a.py": "import time; time.sleep(60)"}, entry="a.py", limits=Limits(wall_s=60)
)


def entries(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


async def started(folder: Path) -> None:
    """Waits until a program has a folder; there is no event to wait for."""
    while not entries(folder):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def test_a_program_runs_as_main_with_its_input_and_its_own_folder(run_code):
    code = "import os\nprint(__name__, __file__, input(), sorted(os.listdir()), os.getcwd())"

    result = await run_code(code, stdin="héllo\n")

    assert result.stdout == "__main__ answer.py héllo ['answer.py'] .\n"
    assert (result.status, result.exit_code, result.reason) == (
        ExecutionStatus.OK,
        0,
        "ran to its end",
    )


async def test_the_isolation_that_was_proved_is_the_one_of_each_run(sandbox, run_code):
    result = await run_code("pass")

    walls = r"landlock\d,seccomp,rlimit(,uid0)?"
    known = rf"reduced\({walls}\)|box\(userns,pid,mnt,ipc,net,{walls}\)"
    assert re.fullmatch(known, sandbox.describe())
    assert result.isolation == sandbox.describe()


async def test_the_environment_holds_nothing_of_the_users(run_code, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "sk-live")

    result = await run_code("import os; print(sorted(os.environ.items()))")

    assert result.stdout == (
        "[('HOME', '.'), ('LANG', 'C.UTF-8'), ('PATH', '/usr/bin:/bin'),"
        " ('PYTHONHASHSEED', '0'), ('TMPDIR', '.'), ('TZ', 'UTC')]\n"
    )


async def test_sets_of_strings_have_the_same_order_in_each_run(run_code):
    code = "print({'a', 'bb', 'ccc', 'dddd'}, hash('x'))"

    assert (await run_code(code)).stdout == (await run_code(code)).stdout


async def test_the_standard_library_works_and_nothing_else_is_there(run_code):
    code = (
        "import asyncio, ctypes, dataclasses, decimal, hashlib, json, re, sqlite3, ssl, tempfile\n"
        "import threading, unittest, zoneinfo\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "async def one(): await asyncio.sleep(0.001); return 1\n"
        "with ThreadPoolExecutor() as pool: print(asyncio.run(one()), *pool.map(abs, [-1, -2]))\n"
        "print(zoneinfo.ZoneInfo('Europe/Berlin'), tempfile.gettempdir())\n"
        "try: import pytest\n"
        "except ImportError as error: print(error)\n"
    )

    result = await run_code(code)

    assert result.stdout == "1 1 2\nEurope/Berlin .\nNo module named 'pytest'\n", result.stderr


async def test_copying_files_works_inside(run_code):
    code = "import shutil\nopen('a', 'w').write('x')\nprint(open(shutil.copy2('a', 'b')).read())"

    assert (await run_code(code)).stdout == "x\n"


async def test_a_traceback_shows_the_programs_frames_alone(run_code):
    result = await run_code("def f():\n    raise ValueError('bad')\nf()\n")

    assert result.stderr == (
        "Traceback (most recent call last):\n"
        '  File "answer.py", line 3, in <module>\n    f()\n'
        "  File \"answer.py\", line 2, in f\n    raise ValueError('bad')\n"
        "ValueError: bad\n"
    )
    assert (result.status, result.exit_code) == (ExecutionStatus.EXIT, 1)
    assert result.reason == "exit code 1: ValueError: bad"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("while True: pass", ExecutionStatus.TIMEOUT),
        ("import time; time.sleep(60)", ExecutionStatus.TIMEOUT),
        ("import signal\nsignal.signal(24, lambda *a: 0)\nwhile 1: 0", ExecutionStatus.TIMEOUT),
        ("b = []\nwhile True: b.append(bytearray(10 << 20))", ExecutionStatus.MEMORY),
        ("while True: print('x' * 10000)", ExecutionStatus.OUTPUT_LIMIT),
        ("import ctypes; ctypes.string_at(0)", ExecutionStatus.SIGNAL),
        ("import sys; sys.exit(3)", ExecutionStatus.EXIT),
        ("exit()", ExecutionStatus.OK),
        ("def f(:", ExecutionStatus.EXIT),
    ],
)
async def test_each_end_has_its_name_and_the_same_words_again(run_code, code, status):
    wall_s = 0.4 if status is ExecutionStatus.TIMEOUT else PATIENCE_S  # however busy the machine
    limits = {"wall_s": wall_s, "cpu_s": 1, "memory_mb": 256, "max_output_mb": 1}

    results = await asyncio.gather(*(run_code(code, **limits) for _ in range(2)))

    assert [result.status for result in results] == [status, status]
    assert results[0].reason == results[1].reason


async def test_of_much_output_the_beginning_and_the_end_are_kept(run_code):
    code = "print('first'); print('x' * 500_000); print('last')"

    result = await run_code(code)

    assert result.is_truncated
    assert result.stdout.startswith("first\n")
    assert result.stdout.endswith("x\nlast\n")
    assert f"[{500_012 - 65_536} bytes left out]" in result.stdout
    assert len(result.stdout) < 70_000


async def test_bytes_that_are_no_text_stay_visible(run_code):
    result = await run_code("import os; os.write(1, b'a\\xff\\x00b')")

    assert result.stdout == "a\\xff\x00b"


async def test_a_program_that_fills_the_disk_is_ended(run_code):
    code = (
        "import time\nfor n in range(9):\n"
        " with open(str(n), 'wb') as f: f.write(bytes(1 << 20))\ntime.sleep(60)"
    )

    result = await run_code(code, file_mb=4, wall_s=PATIENCE_S)

    assert result.status is not ExecutionStatus.OK
    assert result.reason in {  # the box's disk is full, the host's is not
        "wrote more than it may",
        "exit code 1: OSError: [Errno 28] No space left on device",
    }


async def test_a_result_comes_by_its_own_pipe_and_is_bounded(run_code):
    write = "import os; fd = int(os.environ['SYGRA_EVAL_RESULT_FD']); n = {n}\nd = b'r' * n\n"
    write += "while d: d = d[os.write(fd, d):]\nprint('printed')"

    small = await run_code(write.format(n=7), wants_result=True)
    nothing = await run_code(write.format(n=0), wants_result=True)
    large = await run_code(write.format(n=5 << 20), wants_result=True)
    unwanted = await run_code("import os; os.write(3, b'x')")

    assert (small.result, small.stdout) == ("rrrrrrr", "printed\n")
    assert (nothing.result, large.result, unwanted.result) == (None, None, None)
    assert large.status is ExecutionStatus.OUTPUT_LIMIT


async def test_a_hostile_tree_is_removed(sandbox, run_code):
    code = (
        "import os\nos.mkdir('closed'); os.mkdir('closed/in'); open('closed/in/f', 'w').close()\n"
        "os.symlink('/etc', 'closed/link')\n"
        "os.umask(0o777); os.mkdir('zero'); open('file', 'w').close()\nos.umask(0)\n"
        "for n in range(900):\n os.mkdir('d'); os.chdir('d')\n"
    )

    result = await run_code(code)

    assert result.status is ExecutionStatus.OK, result.stderr
    assert entries(sandbox.base) == []
    assert Path("/etc").is_dir()


async def test_slots_bound_how_many_run_at_once(reduced):
    tasks = [asyncio.create_task(reduced.run(SLEEPS)) for _ in range(6)]
    while len(entries(reduced.base)) < 2:  # noqa: ASYNC110 - no event for it
        await asyncio.sleep(0.01)

    await asyncio.sleep(0.2)  # in which a third would come

    assert len(entries(reduced.base)) == 2
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_cancelled_run_leaves_nothing(reduced):
    task = asyncio.create_task(reduced.run(SLEEPS))
    await started(reduced.base)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert programs(is_boxed=False) == []


async def test_closing_ends_what_runs_and_removes_the_folder():
    sandbox = await ReducedProvider().start(slots=1)
    task = asyncio.create_task(sandbox.run(SLEEPS))
    await started(sandbox.base)

    await sandbox.close()

    assert (await task).status is not ExecutionStatus.OK
    assert not sandbox.base.exists()
    with pytest.raises(InfrastructureError):
        await sandbox.run(SLEEPS)


@pytest.mark.parametrize("name", ["../out.py", "a/b.py", "", ".."])
async def test_a_file_name_that_leads_elsewhere_is_refused(reduced, name):
    with pytest.raises(ValueError, match="plain file name"):
        await reduced.run(Execution(files={name: "pass"}, entry=name))
    assert entries(reduced.base) == []


HARNESS = """
import asyncio, sys
from sygra_eval.sandbox import ReducedProvider
from sygra_eval.values import Execution, Limits

async def main():
    sandbox = await ReducedProvider().start(slots=1)
    print(sandbox.base, flush=True)
    files, limits = {"a.py": "import time; time.sleep(60)"}, Limits(wall_s=60)
    await sandbox.run(Execution(files=files, entry="a.py", limits=limits))

asyncio.run(main())
"""


@pytest.fixture
def own_temp(monkeypatch):
    """A temporary folder of the test's own: any sandbox that starts cleans up the common one."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield


@pytest.mark.usefixtures("own_temp")
async def test_a_killed_harness_takes_its_programs_along_and_the_next_one_cleans_up():
    harness = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HARNESS, stdout=asyncio.subprocess.PIPE
    )
    base = Path((await harness.stdout.readline()).decode().strip())
    await started(base)
    (zygote,) = children(harness.pid)
    while not children(zygote):  # noqa: ASYNC110 - no event for it
        await asyncio.sleep(0.01)
    ended = [os.pidfd_open(pid) for pid in (zygote, *children(zygote))]

    harness.kill()
    await harness.wait()

    for pidfd in ended:
        assert select.select([pidfd], [], [], PATIENCE_S)[0] == [pidfd]
        os.close(pidfd)
    assert base.exists()
    await (await ReducedProvider().start(slots=1)).close()
    assert not base.exists()


SUPPORT = {
    "counting.py": "seen = []\ndef count(what):\n    seen.append(what)\n    return len(seen)\n",
    "judge.py": (
        "import sys\n"
        "def names(file):\n"
        "    ready = globals().get('READY', {}).get(file)\n"
        "    if ready is None:\n"
        "        ready = {}\n"
        "        exec(open(file).read(), ready)\n"
        "    return ready\n"
        "def main():\n"
        "    counting = names('counting.py')\n"
        "    counting['count'](open('answer.txt').read())\n"
        "    print(counting['seen'], sys.argv, 'READY' in globals())\n"
        "if __name__ == '__main__':\n"
        "    main()\n"
    ),
}


@pytest.mark.parametrize("padding", [0, 100_000], ids=["kept loaded", "too large to be kept"])
async def test_modules_of_the_harness_support_a_run_and_remember_none(sandbox, padding):
    support = {**SUPPORT, "large.py": "text = '" + "x" * padding + "'\n"}

    printed = [
        (
            await sandbox.run(
                Execution(files={"answer.txt": text}, entry="judge.py", support=support)
            )
        ).stdout
        for text in ("one", "two", "two")
    ]

    is_kept = padding == 0
    assert printed == [f"['{text}'] ['judge.py'] {is_kept}\n" for text in ("one", "two", "two")]


async def test_support_that_does_not_load_is_nothing_that_a_program_did(sandbox):
    support = {"judge.py": "raise RuntimeError('of our own making')\n"}

    runs = [
        await sandbox.run(Execution(files={}, entry="judge.py", support=support)) for _ in range(3)
    ]

    assert {ran.status for ran in runs} == {ExecutionStatus.SETUP_FAILED}
    assert "of our own making" in runs[0].reason
