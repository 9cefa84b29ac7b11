"""Other programs and processes, where an execution asks for them and somebody has said yes."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sygra_eval.sandbox import (
    BoxProvider,
    BoxSharedProvider,
    NoneProvider,
    ReducedProvider,
    start_sandbox,
)
from sygra_eval.values import (
    PROCESSES,
    PROGRAMS,
    Execution,
    ExecutionResult,
    ExecutionStatus,
    Limits,
    Sandbox,
)

EVERYWHERE = [BoxProvider, BoxSharedProvider, ReducedProvider]
HIGHEST = "import os; os.execv('/bin/sh', ['sh', '-c', 'echo $((1+1))'])"
FORKS = "import os\nif os.fork() == 0: os._exit(7)\nprint(os.waitstatus_to_exitcode(os.wait()[1]))"


@pytest.fixture(params=EVERYWHERE, ids=lambda provider: provider.name)
async def each(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    """A sandbox of every profile."""
    started = await request.param().start(slots=1)
    yield started
    await started.close()


async def ran(sandbox: Sandbox, code: str, *allow: str, **limits: float) -> ExecutionResult:
    return await sandbox.run(
        Execution(
            files={"a.py": code}, entry="a.py", allow=frozenset(allow), limits=Limits(**limits)
        )
    )


async def test_another_program_runs_in_every_profile_once_it_is_asked_for(each):
    refused = await ran(each, HIGHEST)
    result = await ran(each, HIGHEST, PROGRAMS)

    assert (refused.status, refused.stdout) == (ExecutionStatus.EXIT, "")
    assert result.stdout == "2\n", result.stderr
    assert result.isolation == each.describe().replace(")", ",programs)")


async def test_another_program_is_alone_and_behind_the_same_walls(each):
    codes = {
        "a fork": FORKS,
        "a thread's signal": "import os; os.kill(os.getpid(), 0)",
        "a socket": "import socket; socket.socket()",
        "the accounts": "open('/etc/passwd')",
        "a home": "import os; os.listdir('/root')",
    }

    for what, code in codes.items():
        inner = f"import os; os.execv('/bin/sh', ['sh', '-c', 'exec cat /etc/passwd']); {code!r}"
        assert (await ran(each, code, PROGRAMS)).status is ExecutionStatus.EXIT, what
        assert (await ran(each, inner, PROGRAMS)).stdout == "", what


async def test_a_file_that_a_program_wrote_is_not_run(each):
    code = (
        "import os, shutil\nshutil.copy('/bin/true', 'mine')\n"
        "try: os.execv('./mine', ['mine'])\nexcept PermissionError as error: print(error)\n"
    )

    result = await ran(each, code, PROGRAMS)

    assert result.stdout == "[Errno 13] Permission denied\n", result


async def test_data_is_bounded_where_the_address_space_is_wide(each):
    code = "import mmap\nmmap.mmap(-1, 300 << 20, flags=mmap.MAP_PRIVATE)\nprint('mapped')"

    wide = await ran(each, code, PROGRAMS, memory_mb=512, address_mb=2048)
    narrow = await ran(each, code, PROGRAMS, memory_mb=200, address_mb=2048)

    assert (wide.stdout, narrow.stdout) == ("mapped\n", ""), narrow
    assert "Cannot allocate memory" in narrow.reason


async def test_processes_only_where_a_pid_namespace_ends_them(each):
    result = await ran(each, FORKS, PROCESSES)

    if each.describe().startswith("box("):
        has_cgroup = ",cgroup" in each.describe()
        told = ",cgroup,processes)" if has_cgroup else ",processes,no-cgroup)"
        assert (result.stdout, result.isolation.partition("rlimit")[2]) == ("7\n", told)
    else:
        assert result.status is ExecutionStatus.SETUP_FAILED
        assert "`sygra-eval doctor` says how to get `box`" in result.reason


async def test_what_forked_away_is_gone_with_the_execution():
    sandbox = await BoxProvider().start(slots=1)
    mark = f"4711.{os.getpid()}"
    daemon = (
        "import os, time\nif os.fork() == 0:\n os.setsid()\n"
        f" if os.fork() == 0: os.execv('/bin/sleep', ['sleep', '{mark}'])\n os._exit(0)\n"
        "os.wait(); time.sleep(0.2); print('left')"
    )

    result = await ran(sandbox, daemon, PROCESSES)
    await sandbox.close()

    assert result.stdout == "left\n", result
    commands = [
        read(entry / "cmdline") for entry in Path("/proc").iterdir() if entry.name.isdigit()
    ]
    assert f"sleep\0{mark}\0".encode() not in commands


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


async def test_an_ordinary_execution_is_not_widened_by_its_neighbour(each):
    await ran(each, HIGHEST, PROGRAMS)
    result = await ran(each, "import os\nprint(os.path.exists('/usr/bin'))\nos.fork()")

    assert result.status is ExecutionStatus.EXIT
    assert "programs" not in result.isolation


async def test_what_no_sandbox_can_allow_is_said(each):
    result = await ran(each, HIGHEST, "network")

    assert result.status is ExecutionStatus.SETUP_FAILED
    assert "no sandbox can allow `network`; known: processes, programs" in result.reason


@pytest.mark.parametrize(("allow", "is_run"), [(frozenset(), False), ({PROCESSES}, True)])
async def test_processes_need_the_suites_word(allow, is_run):
    offered = {"box": BoxProvider(), "none": NoneProvider()}
    sandbox = await start_sandbox(
        offered, require="box", isolation=None, slots=1, allow=frozenset(allow)
    )

    forked = await ran(sandbox, FORKS, PROCESSES)
    alone = await ran(sandbox, HIGHEST, PROGRAMS)
    await sandbox.close()

    assert (forked.status is ExecutionStatus.OK) is is_run
    assert is_run or "sandbox: {allow: [processes], i_accept_no_cgroup: true}" in forked.reason
    assert alone.stdout == "2\n"


async def test_a_program_ends_with_a_harness_that_was_killed(script):
    told = script("killed_harness.py", as_root=os.getuid() == 0)

    assert told == {"started": True, "is_alive": False}
