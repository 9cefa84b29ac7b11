"""Proof by doing: a sandbox is only handed out after it has held against four small attacks."""

import asyncio
import json
import tempfile
from pathlib import Path

from sygra_eval.values import (
    Execution,
    ExecutionResult,
    ExecutionStatus,
    Sandbox,
    SandboxUnavailable,
)

SECRET = "sygra-eval-canary-secret"
CANARY_PREFIX = ".sygra-eval-canary-"  # not the prefix of bases: stale ones are removed
ATTACKS = """
import json, os, sys
places = json.loads(sys.stdin.read())
told = {}

def attack(name, act):
    try:
        told[name] = str(act())
    except OSError as error:
        told[name] = os.strerror(error.errno or 0)
    else:
        told[name] = "ESCAPED " + told[name]

def connect():
    import socket
    return socket.socket()

attack("read a file of the user", lambda: open(places["secret"]).read())
attack("open a socket", connect)
attack("signal the harness", lambda: os.kill(os.getppid(), 0))
attack("leave a file outside", lambda: open(places["left"], "w").write("x"))
os.write(int(os.environ["SYGRA_EVAL_RESULT_FD"]), json.dumps(told).encode())
"""


async def prove(sandbox: Sandbox, layers: tuple[str, ...]) -> ExecutionResult:
    """Run `print(1)` and the canaries; hand back the run that shows what is in force.

    :raises SandboxUnavailable: When a layer is missing or an attack comes through.
    """
    probe = await sandbox.run(Execution(files={"probe.py": "print(1)\n"}, entry="probe.py"))
    if probe.status is not ExecutionStatus.OK or probe.stdout != "1\n":
        raise SandboxUnavailable(f"`print(1)` does not run: {probe.reason}")
    missing = [layer for layer in layers if layer not in probe.isolation]
    if missing:
        raise SandboxUnavailable(f"not in force: {', '.join(missing)} ({probe.isolation})")
    with tempfile.TemporaryDirectory(prefix=CANARY_PREFIX) as place:
        await hold_against_attacks(sandbox, Path(place))
    return probe


async def hold_against_attacks(sandbox: Sandbox, place: Path) -> None:
    """Run the four attacks and look at the host's side too."""
    secret, left = place / "secret", place / "left"
    place.chmod(0o777)  # so that it is the walls that hold, and not the mode
    await asyncio.to_thread(secret.write_text, SECRET)
    ran = await sandbox.run(
        Execution(
            files={"canaries.py": ATTACKS},
            entry="canaries.py",
            stdin=json.dumps({"secret": str(secret), "left": str(left)}),
            wants_result=True,
        )
    )
    if ran.result is None:
        raise SandboxUnavailable(f"the canaries did not report: {ran.reason}")
    told: dict[str, str] = json.loads(ran.result)
    escaped = [name for name, answer in told.items() if answer.startswith("ESCAPED")]
    if left.exists() and "leave a file outside" not in escaped:
        escaped.append("leave a file outside")
    if escaped or SECRET in ran.stdout + ran.result:
        answers = "; ".join(f"{name}: {answer}" for name, answer in told.items())
        raise SandboxUnavailable(f"a canary escaped ({', '.join(escaped)}); answers: {answers}")
