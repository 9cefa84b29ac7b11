"""The 48 attacks on the machine, judged by what the host sees and not by what the code says."""

import asyncio
import json
import os
import socket
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sygra_eval.sandbox import ReducedProvider
from sygra_eval.values import Execution, ExecutionResult, ExecutionStatus, Limits

ROWS = map(json.loads, Path(__file__).with_name("attacks.jsonl").read_text().splitlines())
MACHINE = {row["id"]: row for row in ROWS if row["kind"] == "machine"}
SECRET = "sk-live-4711-planted"
MARK, TAG = f"mark{os.getpid()}", str(470_000 + os.getpid())
LIMITS = Limits(wall_s=1.5, cpu_s=1, memory_mb=400)
STATUS = {
    **dict.fromkeys(("A19", "A20", "A21", "A22", "A31"), ExecutionStatus.TIMEOUT),
    "A25": ExecutionStatus.OUTPUT_LIMIT,
    "A33": ExecutionStatus.SIGNAL,
}


@dataclass
class Host:
    """What there is to harm: files, sockets, a process, and what was left of them."""

    home: Path
    tcp: socket.socket
    udp: socket.socket
    abstract: socket.socket
    victim: subprocess.Popen[bytes]
    results: dict[str, ExecutionResult] = field(default_factory=dict)
    base: Path = Path()
    left_in_base: list[str] = field(default_factory=list)

    def armed(self, code: str) -> str:
        """Fill an attack's placeholders."""
        values = {
            "{home}": str(self.home),
            "{port}": str(self.tcp.getsockname()[1]),
            "{abs}": MARK,
            "{victim}": str(self.victim.pid),
            "{mark}": MARK,
            "{tag}": TAG,
        }
        for name, value in values.items():
            code = code.replace(name, value)
        return code


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """A host on which all attacks have run, side by side."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYGRA_EVAL_SOME_KEY", SECRET)
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        home.chmod(0o777)  # the walls have to hold, not the mode
        for name in ("secret.txt", "victimfile"):
            (home / name).write_text(SECRET)
            (home / name).chmod(0o666)
        leaked = stack.enter_context((home / "secret.txt").open())
        os.set_inheritable(leaked.fileno(), True)  # noqa: FBT003
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(tcp.getsockname())
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0{MARK}")
        abstract.listen()
        os.set_inheritable(abstract.fileno(), True)  # noqa: FBT003
        victim = stack.enter_context(subprocess.Popen(["sleep", "600"]))  # noqa: S607
        stack.callback(victim.kill)
        under_attack = Host(home, tcp, udp, abstract, victim)
        asyncio.run(attack(under_attack))
        yield under_attack


async def attack(host: Host) -> None:
    sandbox = await ReducedProvider().start(slots=4)
    host.base = sandbox.base

    async def one(row: dict[str, str]) -> None:
        execution = Execution(
            files={"answer.py": host.armed(row["code"])}, entry="answer.py", limits=LIMITS
        )
        host.results[row["id"]] = await sandbox.run(execution)

    async with asyncio.TaskGroup() as group:
        for row in MACHINE.values():
            group.create_task(one(row))
    host.left_in_base = [entry.name for entry in sandbox.base.iterdir()]
    await sandbox.close()


@pytest.mark.parametrize("attack_id", MACHINE, ids=lambda i: f"{i} {MACHINE[i]['name']}")
def test_the_attack_achieves_nothing(host, attack_id):
    result = host.results[attack_id]

    assert result.isolation.startswith("reduced(landlock")
    assert "seccomp,rlimit" in result.isolation
    assert "ESCAPED" not in result.stdout
    assert SECRET not in result.stdout + result.stderr
    assert result.status is STATUS.get(attack_id, result.status)
    assert result.status is not ExecutionStatus.SETUP_FAILED


def test_the_users_files_are_as_they_were(host):
    assert sorted(entry.name for entry in host.home.iterdir()) == ["secret.txt", "victimfile"]
    assert (host.home / "victimfile").read_text() == SECRET
    assert (host.home / "secret.txt").stat().st_mode & 0o777 == 0o666


def test_the_hosts_process_lives(host):
    assert host.victim.poll() is None


def test_nobody_was_reached_over_the_network(host):
    for listening in (host.tcp, host.udp, host.abstract):
        listening.settimeout(0)

    with pytest.raises(BlockingIOError):
        host.tcp.accept()
    with pytest.raises(BlockingIOError):
        host.abstract.accept()
    with pytest.raises(BlockingIOError):
        host.udp.recv(1)


def test_nothing_is_left_over(host):
    names = [entry.name for entry in Path("/tmp").iterdir()]  # noqa: S108 - where they would be
    stray = [name for name in names if MARK in name or TAG in name]
    library = Path(sysconfig.get_path("stdlib"))

    assert stray == []
    assert host.left_in_base == []
    assert not host.base.exists()
    assert not list(library.rglob(f"{MARK}*"))
    assert str(0x5347) not in Path("/proc/sysvipc/shm").read_text().split()


def test_no_process_of_an_attack_lives_on(host):
    commands = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                commands.append((entry / "cmdline").read_bytes().split(b"\0"))
            except OSError:
                continue

    assert not [command for command in commands if TAG.encode() in command]
    assert not [command for command in commands if any(b"marshal.load" in c for c in command)]
