"""The sandbox of warm containers: each program in a fork of a container's process 1."""

import asyncio
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sygra_eval.sandbox.canaries import prove
from sygra_eval.sandbox.container import FOLDER, Container, ContainerLost
from sygra_eval.sandbox.containers import USER, command_of, memory_mb, runtime_of
from sygra_eval.sandbox.folders import make_base, refuse_paths, remove_tree
from sygra_eval.sandbox.programs import KNOWN
from sygra_eval.sandbox.providers import PRELOAD
from sygra_eval.sandbox.syscalls import allow_list
from sygra_eval.values import (
    Execution,
    ExecutionResult,
    ExecutionStatus,
    InfrastructureError,
    Limits,
    Sandbox,
)

INSIDE = Path(__file__).with_name("inside")
PARTS = ("kernel", "program", "walls", "container")  # each after what it imports
READABLE = (
    *("/bin", "/sbin", "/lib", "/lib64", "/usr", "/opt", "/etc/ld.so.cache", "/etc/alternatives"),
    *("/dev/zero", "/dev/random", "/dev/urandom"),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a container has and its programs cannot change."""

    hash_seed: int
    allow: frozenset[str]


async def proved(engine: str, image: str, slots: int) -> Sandbox:
    """Start a sandbox and hand it out when it holds.

    :raises SandboxUnavailable: When it does not.
    """
    sandbox = ContainerSandbox(engine, image, await runtime_of(engine), slots)
    try:
        proof = await prove(sandbox, ("seccomp", "rlimit"))
    except BaseException:
        await sandbox.close()
        raise
    sandbox.in_force = proof.isolation
    return sandbox


class ContainerSandbox:
    """Runs programs in warm containers, at most `slots` at once."""

    def __init__(self, name: str, image: str, runtime: str, slots: int) -> None:
        self.name, self.image, self.runtime = name, image, runtime
        self.in_force = name
        self._slots = asyncio.Semaphore(slots)
        self._most = slots
        self._idle: list[tuple[Kind, Container]] = []
        self._busy: set[Container] = set()
        self._is_closed = False
        self._folder, self._lock = make_base()

    def describe(self) -> str:
        """Name the isolation in force, as it was proved at the start."""
        return self.in_force

    async def run(self, execution: Execution) -> ExecutionResult:
        """Run one program to its end; never raises for what the program does."""
        refuse_paths((*execution.files, *execution.support))
        unknown = sorted(execution.allow - KNOWN)
        if unknown:
            return self._setup_failed(f"no sandbox can allow `{unknown[0]}`")
        if execution.packages:
            return self._setup_failed(
                "a container has the packages of its image: take `sandbox.packages` out"
            )
        async with self._slots:
            why = ""
            for _ in range(2):
                if self._is_closed:
                    raise InfrastructureError(f"sandbox `{self.name}` is closed")
                try:
                    return await self._run_once(execution)
                except ContainerLost as error:
                    why = str(error)
            return self._setup_failed(why)

    async def close(self) -> None:
        """End all containers."""
        self._is_closed = True
        busy = list(self._busy)
        idle = [container for _, container in self._idle]
        self._idle.clear()
        await asyncio.gather(*(container.end() for container in (*busy, *idle)))
        if self._lock >= 0:
            await asyncio.to_thread(remove_tree, self._folder)
            os.close(self._lock)
            self._lock = -1

    async def _run_once(self, execution: Execution) -> ExecutionResult:
        kind = Kind(execution.hash_seed, execution.allow)
        container = await self._taken(kind)
        self._busy.add(container)
        is_whole = False
        try:
            ended = await container.run(order_of(execution), execution.limits)
            is_whole = ended.is_settled
        finally:
            self._busy.discard(container)
            if is_whole and not self._is_closed:
                self._idle.append((kind, container))
            else:
                await asyncio.shield(container.end())
        if ended.walls.partition(" ")[0] != "ready":
            return self._setup_failed(ended.walls.partition(" ")[2] or "it did not lock itself up")
        told = ended.walls.partition(" ")[2].strip()
        return ended.result(f"{self.name}({self.runtime},{told})", execution)

    async def _taken(self, kind: Kind) -> Container:
        for position in range(len(self._idle) - 1, -1, -1):
            if self._idle[position][0] == kind:
                return self._idle.pop(position)[1]
        while len(self._idle) >= self._most:
            await self._idle.pop(0)[1].end()
        name = f"sygra-eval-{secrets.token_hex(8)}"
        command = command_of(self.name, self.image, self.runtime, name, kind.hash_seed)
        container = Container(self.name, name, command, self._folder)
        try:
            facts = await container.start(first_order(kind))
            refuse_weak(facts)
        except BaseException:
            await asyncio.shield(container.end())
            raise
        return container

    def _setup_failed(self, reason: str) -> ExecutionResult:
        return ExecutionResult(
            status=ExecutionStatus.SETUP_FAILED,
            reason=f"the sandbox could not be set up: {reason}",
            exit_code=None,
            stdout="",
            stderr="",
            isolation=self.name,
            cpu_ms=0.0,
            wall_ms=0.0,
        )


def first_order(kind: Kind) -> bytes:
    """Send the code of `inside/` as source: the image's Python may be another version."""
    settings = {
        "profile": "container",
        "bpf": allow_list(kind.allow).hex(),
        "readable": READABLE,
        "allow": sorted(kind.allow),
        "folder": FOLDER,
        "preload": PRELOAD,
        "hash_seed": kind.hash_seed,
        "has_cgroup": True,  # proved by `refuse_weak`
    }
    return json.dumps({"parts": parts(), "settings": settings}).encode()


@cache
def parts() -> list[tuple[str, str]]:
    """Read the code that runs in a container."""
    package = f"{__package__}.inside"
    return [(f"{package}.{part}", (INSIDE / f"{part}.py").read_text("utf-8")) for part in PARTS]


def refuse_weak(facts: Mapping[str, object]) -> None:
    """Refuse a container whose engine did not do what it was asked for.

    :raises ContainerLost: With what is missing.
    """
    nothing, interfaces = "0" * 16, facts.get("interfaces")
    wanted = {
        "it is not process 1 of its own": facts.get("pid") == 1,
        "it runs as root": facts.get("uid") == USER,
        "it has capabilities": facts.get("capabilities") == [nothing] * 3,
        "it may gain privileges": facts.get("no_new_privs") == "1",
        "it has a network": isinstance(interfaces, list) and set(interfaces) <= {"lo"},
        "its root can be written to": facts.get("can_write") == [],
        "its memory has another limit": facts.get("memory") == str(memory_mb() << 20),
        "its processes are not counted": str(facts.get("tasks")).isdigit(),
    }
    missing = [what for what, holds in wanted.items() if not holds]
    if missing:
        raise ContainerLost(f"the engine's container is not what was asked for: {missing[0]}")


def order_of(execution: Execution) -> dict[str, object]:
    """Make an order of an execution; its texts are JSON and nothing else."""
    limits = execution.limits
    memory = min(limits.memory_mb, Limits().memory_mb) << 20
    rlimits = {
        "cpu_s": limits.cpu_s,
        "AS": (limits.address_mb << 20) or memory,
        "DATA": memory,
        "FSIZE": limits.file_mb << 20,
        "NOFILE": limits.open_files,
        "STACK": (8 if execution.allow else 64) << 20,
        "CORE": 0,
        "MSGQUEUE": 0,
        "MEMLOCK": 0,
    }
    return {
        "files": {**execution.support, **execution.files},
        "entry": execution.entry,
        "stdin": execution.stdin,
        "wants_result": execution.wants_result,
        "wall_s": limits.wall_s,
        "most_output": limits.max_output_mb << 20,
        "most_result": 4 << 20,
        "rlimits": rlimits,
    }
