"""Cgroups of version 2, where a subtree is ours: `sh tests/sandbox/in_uml.sh` gives us one."""

import asyncio
from pathlib import Path

import pytest

from sygra_eval.sandbox import BoxProvider, examine
from sygra_eval.sandbox.cgroups import Groups, NoGroups, Slot, found_groups
from sygra_eval.values import PROCESSES, Execution, ExecutionStatus, Limits

LONG = {"wall_s": 90.0, "cpu_s": 60.0}
SIX_CHILDREN = (
    "import os, time\nfor _ in range(6):\n if os.fork() == 0:\n  b = bytearray(300 << 20)\n"
    "  time.sleep(2)\n  os._exit(7)\nprint(sum(os.wait()[1] == 7 << 8 for _ in range(6)))"
)
SLEEPING_CHILDREN = (
    "import os, time\nn = 0\ntry:\n while n < 200:\n"
    "  if os.fork() == 0:\n   time.sleep(60)\n  n += 1\nexcept OSError:\n print(n)"
)


def groups() -> Groups | None:
    try:
        return found_groups()
    except NoGroups:
        return None


FOUND = groups()
delegated = pytest.mark.skipif(FOUND is None, reason="no cgroup of version 2 is ours here")


async def ran(sandbox, code, *allow, **limits):
    execution = Execution(
        files={"a.py": code}, entry="a.py", allow=frozenset(allow), limits=Limits(**LONG | limits)
    )
    return await sandbox.run(execution)


def slots(folder: Path) -> list[str]:
    names = [entry.name for entry in folder.iterdir() if entry.is_dir()]
    return [name for name in names if not name.endswith("harness")]


@delegated
async def test_many_children_are_bounded_together_and_nothing_is_left():
    sandbox = await BoxProvider().start(slots=1)

    children = await ran(sandbox, SIX_CHILDREN, PROCESSES)
    bomb = await ran(sandbox, SLEEPING_CHILDREN, PROCESSES)
    after = await ran(sandbox, "print('still here')")
    await sandbox.close()

    assert sandbox.describe().endswith("seccomp,rlimit,cgroup)")
    assert int(children.stdout) < 3, children  # together they may have 704 MiB
    assert children.isolation.endswith(",rlimit,cgroup,processes)")
    assert int(bomb.stdout) < 40
    assert after.stdout == "still here\n"
    assert slots(FOUND.folder) == []


@delegated
async def test_what_the_kernel_kills_for_memory_has_needed_too_much():
    sandbox = await BoxProvider().start(slots=1)
    code = "parts = [bytearray(50 << 20) for _ in range(40)]\nprint('all')"

    result = await ran(sandbox, code, memory_mb=100, address_mb=4000, file_mb=1)
    await sandbox.close()

    assert (result.status, result.stdout) == (ExecutionStatus.MEMORY, "")


@delegated
def test_limits_that_the_kernel_does_not_keep_are_not_believed(monkeypatch):
    monkeypatch.setattr(Slot, "_read", lambda self, name: "max")

    with pytest.raises(OSError, match=r"memory\.max is max and not"):
        FOUND.new_slot()

    assert slots(FOUND.folder) == []


@delegated
async def test_several_sandboxes_share_the_subtree():
    started = await asyncio.gather(*(BoxProvider().start(slots=1) for _ in range(2)))

    assert len(slots(FOUND.folder)) == 2
    for sandbox in started:
        await sandbox.close()
    assert slots(FOUND.folder) == []


async def test_the_doctor_says_what_was_found():
    layers = {layer.name: layer for layer in (await examine({})).layers}

    layer = layers["cgroup v2"]
    assert layer.is_granted is (FOUND is not None)
    assert layer.is_granted or "Delegate=yes" in layer.fix
