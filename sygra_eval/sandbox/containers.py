"""Docker and podman: an engine's container around the same inner walls, where a suite asks for it.

One warm container per slot. `inside/container.py` is its process 1 and speaks frames over standard
input and output; for each execution it forks a child behind seccomp, rlimits and, where the kernel
has it, Landlock. Nothing of the engine is believed: every container tells what it is like before
it gets an order, and the canaries have to hold. Never a fallback: a suite names it, with an image.
"""

import asyncio
import json
import shutil
from contextlib import suppress

from sygra_eval.sandbox.helpers import without_keys
from sygra_eval.values import Limits, Sandbox, SandboxUnavailable

USER = 65534
BESIDE_THE_PROGRAM_MB = 128
BESIDE_THE_PROGRAM_TASKS = 8
ENGINE_LIMIT_S = 30.0
BOOT = """
import json, os, struct, sys
def exactly(size):
    data = b""
    while len(data) < size:
        part = os.read(0, size - len(data))
        if not part:
            os._exit(0)
        data += part
    return data
order = json.loads(exactly(struct.unpack(">cI", exactly(5))[1]))
for name, source in order["parts"]:
    part = sys.modules[name] = type(sys)(name)
    exec(compile(source, name, "exec"), part.__dict__)
settings = order["settings"]
settings["bpf"] = bytes.fromhex(settings["bpf"])
settings["allow"] = tuple(settings["allow"])
settings["readable"] = tuple(dict.fromkeys([*settings["readable"], sys.prefix, sys.base_prefix]))
part.main(settings)
"""


WAYS_OUT = {
    "docker": "start the Docker daemon, or take `isolation` out: `box` needs no engine",
    "podman": "look at what `podman run --rm IMAGE true` says, or take `isolation` out: `box`"
    " needs no engine",
}


class ContainerProvider:
    """One engine; `for_image` says what its containers are made of."""

    strength = 0

    def __init__(self, name: str, image: str | None = None) -> None:
        self.name, self.image = name, image

    def for_image(self, image: str) -> "ContainerProvider":
        """Give the provider with an image."""
        return ContainerProvider(self.name, image)

    async def start(self, slots: int) -> Sandbox:
        """Prove the containers by facts, a run and canaries, and hand out the sandbox.

        :raises SandboxUnavailable: With what the engine answered.
        """
        if self.image is None:
            raise SandboxUnavailable(
                f"sandbox `{self.name}` needs an image with Python: `image: python:3.11-slim`"
            )
        try:
            from sygra_eval.sandbox.contained import proved  # Linux alone has what this imports

            return await proved(self.name, self.image, slots)
        except SandboxUnavailable as error:
            ways_out = WAYS_OUT[self.name]
            raise SandboxUnavailable(
                f"sandbox `{self.name}` cannot be had here: {error}; ways out: {ways_out}"
            ) from error


def memory_mb() -> int:
    """How much memory a container may have: a program's, and that of process 1."""
    return Limits().memory_mb + BESIDE_THE_PROGRAM_MB


def command_of(engine: str, image: str, runtime: str, name: str, hash_seed: int) -> list[str]:
    """Give the engine's command line."""
    limits = Limits()
    command = [
        engine,
        "run",
        "--rm",
        "--interactive",
        f"--name={name}",
        "--pull=never",
        "--network=none",
        "--ipc=none",
        "--read-only",
        f"--tmpfs=/sygra-eval:rw,nosuid,nodev,size={limits.file_mb}m,mode=1777",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        f"--user={USER}:{USER}",
        f"--pids-limit={limits.threads + BESIDE_THE_PROGRAM_TASKS}",
        f"--memory={memory_mb()}m",
        f"--memory-swap={memory_mb()}m",
        "--ulimit=nofile=256:256",
        "--ulimit=nproc=4096:4096",
        "--ulimit=core=0:0",
        "--log-driver=none",
        "--hostname=sandbox",
        "--workdir=/",
        f"--env=PYTHONHASHSEED={hash_seed}",
        "--env=LANG=C.UTF-8",
        "--entrypoint=python3",
    ]
    if engine == "podman":
        command.append("--read-only-tmpfs=false")
    if runtime == "runsc":
        command.append("--runtime=runsc")
    return [*command, image, "-s", "-B", "-c", BOOT]


async def runtime_of(engine: str) -> str:
    """Ask the engine what runs its containers; gVisor is taken where Docker has it.

    :raises SandboxUnavailable: When no engine answers.
    """
    if shutil.which(engine) is None:
        raise SandboxUnavailable(f"`{engine}` is not installed")
    if engine == "podman":
        return await told_by(engine, "{{.Host.OCIRuntime.Name}}")
    runtimes = json.loads(await told_by(engine, "{{json .Runtimes}}"))
    if isinstance(runtimes, dict) and "runsc" in runtimes:
        return "runsc"
    return await told_by(engine, "{{.DefaultRuntime}}")


async def told_by(engine: str, template: str) -> str:
    """Ask for one fact.

    :raises SandboxUnavailable: When the engine does not answer.
    """
    process = await asyncio.create_subprocess_exec(
        engine,
        "info",
        f"--format={template}",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=without_keys(),
    )
    try:
        async with asyncio.timeout(ENGINE_LIMIT_S):
            output, errors = await process.communicate()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise SandboxUnavailable(f"`{engine} info` does not answer") from None
    if process.returncode != 0 or not output.strip():
        said = errors.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise SandboxUnavailable(f"`{engine} info`: {said or 'no answer'}")
    return output.decode("utf-8", "replace").strip()
