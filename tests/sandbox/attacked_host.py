"""Plants what there is to harm, runs the 48 attacks on the machine, and tells what was harmed.

`python attacked_host.py PROFILE[:IMAGE] [ALLOWED…]` ends with one line of JSON; it looks at the
host's side and not at what the code says. A process of its own, so that it can be any user's.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import sysconfig
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sygra_eval.sandbox import warm
from sygra_eval.sandbox.builtin import sygra_register_sandboxes
from sygra_eval.values import Execution, Limits, SandboxProvider

ROWS = map(json.loads, Path(__file__).with_name("attacks.jsonl").read_text().splitlines())
MACHINE = {row["id"]: row for row in ROWS if row["kind"] == "machine"}
SECRET = "sk-live-4711-planted"
MARK, TAG = f"mark{os.getpid()}", str(470_000 + os.getpid())
LIMITS = Limits(wall_s=60, memory_mb=400)  # what they do is not cut short by a busy machine
SHORT = replace(LIMITS, wall_s=0.6)
ENDLESS = {"A19", "A20", "A21", "A22", "A29", "A30", "A31", "A32"}
"""What only the clock ends, or only after seconds of a whole core."""
SLOTS = 8  # the sleeping ones wait side by side


@dataclass
class Planted:
    """What there is to harm: files, sockets, a process."""

    home: Path
    tcp: socket.socket
    udp: socket.socket
    abstract: socket.socket
    victim: subprocess.Popen[bytes]

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


def main(profile: str, *allow: str) -> None:
    os.environ["SYGRA_EVAL_SOME_KEY"] = SECRET
    warm.is_overloaded = lambda: False  # a time-out counts at once, however busy the machine
    with ExitStack() as stack:
        planted = plant(stack)
        told = asyncio.run(attack(planted, profile, frozenset(allow)))
        told |= harm_to(planted)
    print(json.dumps(told))


def plant(stack: ExitStack) -> Planted:
    home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    home.chmod(0o777)  # the walls have to hold, not the mode
    for name in ("secret.txt", "victimfile"):
        (home / name).write_text(SECRET)
        (home / name).chmod(0o666)
    leaked = stack.enter_context((home / "secret.txt").open())
    tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    udp.bind(tcp.getsockname())
    abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
    abstract.bind(f"\0{MARK}")
    abstract.listen()
    for inherited in (leaked.fileno(), abstract.fileno()):
        os.set_inheritable(inherited, True)  # noqa: FBT003
    victim = stack.enter_context(subprocess.Popen(["sleep", "600"]))  # noqa: S607
    stack.callback(victim.kill)
    return Planted(home, tcp, udp, abstract, victim)


async def attack(planted: Planted, profile: str, allow: frozenset[str]) -> dict[str, object]:
    providers: dict[str, SandboxProvider] = {}
    sygra_register_sandboxes(providers.__setitem__)
    name, _, image = profile.partition(":")
    provider = providers[name]
    sandbox = await (provider.for_image(image) if image else provider).start(SLOTS)
    results = {}

    async def one(row: dict[str, str]) -> None:
        files = {"answer.py": planted.armed(row["code"])}
        limits = SHORT if row["id"] in ENDLESS else LIMITS
        ran = await sandbox.run(
            Execution(files=files, entry="answer.py", limits=limits, allow=allow)
        )
        results[row["id"]] = asdict(ran)

    async with asyncio.TaskGroup() as group:
        for row in MACHINE.values():
            group.create_task(one(row))
    base = getattr(sandbox, "base", None)  # a container has none on this side
    left_in_base = [entry.name for entry in base.iterdir()] if base else []
    await sandbox.close()
    return {
        "uid": os.getuid(),
        "results": results,
        "left_in_base": left_in_base,
        "is_base_left": bool(base and base.exists()),
    }


def harm_to(planted: Planted) -> dict[str, object]:
    names = [entry.name for entry in Path("/tmp").iterdir()]  # noqa: S108 - where they would be
    library = Path(sysconfig.get_path("stdlib"))
    return {
        "home": sorted(entry.name for entry in planted.home.iterdir()),
        "victimfile": (planted.home / "victimfile").read_text(),
        "mode": (planted.home / "secret.txt").stat().st_mode & 0o777,
        "is_victim_alive": planted.victim.poll() is None,
        "reached": [s for s in ("tcp", "udp", "abstract") if is_reached(getattr(planted, s))],
        "strays": [name for name in names if MARK in name or TAG in name],
        "in_library": [str(path) for path in library.rglob(f"{MARK}*")],
        "shared_memory": str(0x5347) in Path("/proc/sysvipc/shm").read_text().split(),
        "living": [c for c in commands_below(os.getpid()) if "sleep 600" not in c],
    }


def is_reached(listening: socket.socket) -> bool:
    listening.settimeout(0)
    try:
        if listening.type is socket.SOCK_STREAM:
            listening.accept()
        else:
            listening.recv(1)
    except BlockingIOError:
        return False
    return True


def commands_below(parent: int) -> list[str]:
    """The commands of an attack's mark, and of our own children."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            stat = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(entry.name) != parent and (TAG in command or int(stat[1]) == parent):
                found.append(command)
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
