import asyncio
import sys

import pytest

from sygra_eval.sandbox import (
    NoneProvider,
    ReducedProvider,
    machine_factor,
    providers,
    scaled_limits,
    start_sandbox,
)
from sygra_eval.sandbox.canaries import prove
from sygra_eval.values import Execution, ExecutionStatus, Limits, SandboxUnavailable

BUILT_IN = {"reduced": ReducedProvider(), "none": NoneProvider()}


class Refusing:
    """A provider that this host does not grant."""

    def __init__(self, name: str, strength: int) -> None:
        self.name, self.strength = name, strength

    async def start(self, slots: int):
        raise SandboxUnavailable(f"{self.name} with {slots} slots: the kernel says no")


async def test_the_strongest_that_works_is_taken():
    sandbox = await start_sandbox(
        {"box": Refusing("box", 20), **BUILT_IN}, require=None, isolation=None, slots=1
    )

    assert sandbox.describe().startswith("reduced(")
    await sandbox.close()


async def test_less_than_required_is_never_taken():
    offered = {"box": Refusing("box", 20), **BUILT_IN}

    with pytest.raises(SandboxUnavailable, match="box with 3 slots: the kernel says no"):
        await start_sandbox(offered, require="box", isolation=None, slots=3)


async def test_none_is_no_fallback_but_can_be_demanded():
    offered = {"reduced": Refusing("reduced", 10), "none": NoneProvider()}

    with pytest.raises(SandboxUnavailable, match="reduced"):
        await start_sandbox(offered, require="none", isolation=None, slots=1)
    sandbox = await start_sandbox(offered, require=None, isolation="none", slots=1)

    result = await sandbox.run(Execution(files={"a.py": "print(1)"}, entry="a.py"))
    assert (result.stdout, result.isolation, sandbox.describe()) == ("1\n", "none", "none")
    await sandbox.close()


async def test_without_isolation_the_limits_hold_all_the_same():
    sandbox = await NoneProvider().start(slots=1)
    limits = Limits(wall_s=0.5)

    result = await sandbox.run(
        Execution(files={"a.py": "import time; time.sleep(9)"}, entry="a.py", limits=limits)
    )

    assert result.status is ExecutionStatus.TIMEOUT
    await sandbox.close()


async def test_an_unknown_name_is_said_with_the_known_ones():
    with pytest.raises(SandboxUnavailable, match="`bok`; known: none, reduced"):
        await start_sandbox(BUILT_IN, require="bok", isolation=None, slots=1)


async def test_the_canaries_notice_that_there_are_no_walls():
    sandbox = await NoneProvider().start(slots=1)

    with pytest.raises(SandboxUnavailable, match=r"a canary escaped \(read a file of the user"):
        await prove(sandbox, layers=())
    await sandbox.close()


async def test_a_missing_layer_is_said_with_the_ways_out(monkeypatch):
    monkeypatch.setattr(providers, "allow_list", lambda: b"no filter at all")

    with pytest.raises(SandboxUnavailable, match=r"PR_SET_SECCOMP: Invalid argument.*ways out"):
        await ReducedProvider().start(slots=1)


async def test_elsewhere_than_on_linux_the_message_says_so(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")

    with pytest.raises(SandboxUnavailable, match="Linux only, and this is darwin"):
        await ReducedProvider().start(slots=1)


def test_time_limits_grow_with_the_machine_and_the_others_do_not():
    scaled = scaled_limits(Limits(), factor=3.0)

    assert (scaled.wall_s, scaled.cpu_s, scaled.memory_mb) == (15.0, 12.0, 512)
    assert 1.0 <= machine_factor() <= 8.0


async def test_sandboxes_that_start_side_by_side_leave_each_others_canaries_alone():
    started = await asyncio.gather(*(ReducedProvider().start(slots=1) for _ in range(4)))

    assert len({sandbox.base for sandbox in started}) == 4
    for sandbox in started:
        await sandbox.close()
