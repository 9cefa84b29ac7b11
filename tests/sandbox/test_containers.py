"""Docker and podman: what is asked of an engine, and that none is believed.

The tests with a real engine need one and an image with Python 3.9 or newer, named together:
`SYGRA_EVAL_TEST_ENGINE=podman:IMAGE python -m pytest tests/sandbox/test_containers.py`.
"""

import json
import os
import sys
from pathlib import Path

import pytest

from sygra_eval.sandbox import ContainerProvider, start_sandbox
from sygra_eval.sandbox.contained import refuse_weak
from sygra_eval.sandbox.container import ContainerLost
from sygra_eval.sandbox.containers import command_of, memory_mb
from sygra_eval.values import (
    PROCESSES,
    Execution,
    ExecutionStatus,
    Limits,
    SandboxUnavailable,
)

HERE = Path(__file__).parent
ENGINE, _, IMAGE = os.environ.get("SYGRA_EVAL_TEST_ENGINE", "").partition(":")
real = pytest.mark.skipif(not IMAGE, reason="SYGRA_EVAL_TEST_ENGINE names no engine and image")
INFO = {"{{json .Runtimes}}": '{"runc": {}}', "{{.DefaultRuntime}}": "runc"}


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """Puts a fake `docker` on the path; gives a function that says what it answers."""
    script = tmp_path / "docker"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "fake_engine.py"}" "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_ENGINE", str(tmp_path))

    def says(*, info: dict[str, str] | None = INFO, run: str = "") -> None:
        (tmp_path / "says.json").write_text(json.dumps({"info": info, "run": run}))

    def told() -> list[list[str]]:
        return [json.loads(line) for line in (tmp_path / "told").read_text().splitlines()]

    says()
    says.told = told
    return says


async def test_an_engine_that_isolates_nothing_is_refused(engine):
    with pytest.raises(SandboxUnavailable, match="is not what was asked for: it is not process 1"):
        await ContainerProvider("docker", "an-image").start(slots=1)


async def test_what_the_engine_is_asked_for(engine):
    with pytest.raises(SandboxUnavailable):
        await ContainerProvider("docker", "an-image").start(slots=1)

    (run, *_) = [told for told in engine.told() if told[0] == "run"]
    options = run[: run.index("an-image")]
    assert {
        "--rm",
        "--interactive",
        "--pull=never",
        "--network=none",
        "--ipc=none",
        "--read-only",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--user=65534:65534",
        "--pids-limit=40",
        "--memory=640m",
        "--memory-swap=640m",
        "--log-driver=none",
        "--entrypoint=python3",
    } <= set(options)
    assert not [o for o in options if o.startswith(("--volume", "--mount", "--privileged", "-v"))]


async def test_gvisor_is_taken_where_docker_has_it(engine):
    engine(info={"{{json .Runtimes}}": '{"runc": {}, "runsc": {}}'})

    with pytest.raises(SandboxUnavailable):
        await ContainerProvider("docker", "an-image").start(slots=1)

    assert "--runtime=runsc" in next(told for told in engine.told() if told[0] == "run")
    assert "--runtime=runsc" not in command_of("docker", "i", "runc", "n", 0)


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ({"info": None}, "`docker info`: Cannot connect to the Docker daemon; ways out: start"),
        ({"run": "No such image: an-image"}, "`docker run`: No such image: an-image"),
    ],
)
async def test_what_the_engine_answers_is_said(engine, says, words):
    engine(**says)

    with pytest.raises(SandboxUnavailable, match=words):
        await ContainerProvider("docker", "an-image").start(slots=1)


async def test_without_an_engine_or_an_image_the_message_says_so(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    offered = {"podman": ContainerProvider("podman")}

    with pytest.raises(SandboxUnavailable, match="`podman` is not installed"):
        await start_sandbox(offered, require=None, isolation="podman", slots=1, image="i")
    with pytest.raises(SandboxUnavailable, match="needs an image with Python"):
        await start_sandbox(offered, require=None, isolation="podman", slots=1)


async def test_a_container_is_no_fallback():
    offered = {"docker": ContainerProvider("docker", "i")}

    with pytest.raises(SandboxUnavailable, match="no sandbox is registered that isolates"):
        await start_sandbox(offered, require="docker", isolation=None, slots=1)


GOOD = {
    "pid": 1,
    "uid": 65534,
    "capabilities": ["0" * 16] * 3,
    "no_new_privs": "1",
    "interfaces": ["lo"],
    "can_write": [],
    "memory": str(memory_mb() << 20),
    "tasks": "40",
}
WEAK = {
    "pid": 7,
    "uid": 0,
    "capabilities": ["0" * 16, "0" * 16, "00000000a80425fb"],
    "no_new_privs": "0",
    "interfaces": ["eth0", "lo"],
    "can_write": ["/"],
    "memory": "max",
    "tasks": "max",
}


@pytest.mark.parametrize("fact", WEAK)
def test_a_container_that_lacks_one_thing_is_refused(fact):
    refuse_weak(GOOD)

    with pytest.raises(ContainerLost):
        refuse_weak({**GOOD, fact: WEAK[fact]})
    with pytest.raises(ContainerLost):
        refuse_weak({key: value for key, value in GOOD.items() if key != fact})


# With a real engine


@real
async def test_a_real_container_runs_programs_and_holds_them():
    sandbox = await ContainerProvider(ENGINE, IMAGE).start(slots=1)
    assert sandbox.describe().startswith(f"{ENGINE}(")
    assert sandbox.describe().endswith("seccomp,rlimit,cgroup)")

    async def ran(code, *allow, **keys):
        files, limits = {"a.py": code}, keys.pop("limits", Limits())
        return await sandbox.run(
            Execution(files=files, entry="a.py", limits=limits, allow=frozenset(allow), **keys)
        )

    first = await ran("import os; open('left', 'w'); os.write(3, b'said')", wants_result=True)
    second = await ran("import os, sys; print(os.listdir(), sys.stdin.read())", stdin="given")
    slow = await ran("import time; time.sleep(9)", limits=Limits(wall_s=0.5))
    loud = await ran("while True: print('x' * 9999)")
    large = await ran("bytearray(600 << 20)")
    children = await ran(
        "import os, time\nfor _ in range(6):\n if os.fork() == 0:\n  b = bytearray(300 << 20)\n"
        "  time.sleep(1)\n  os._exit(7)\nprint(sum(os.wait()[1] == 7 << 8 for _ in range(6)))",
        PROCESSES,
        limits=Limits(wall_s=30),
    )
    after = await ran("print('still here')")
    await sandbox.close()

    assert (first.status, first.result) == (ExecutionStatus.OK, "said")
    assert second.stdout == "['a.py'] given\n"
    assert (slow.status, loud.status) == (ExecutionStatus.TIMEOUT, ExecutionStatus.OUTPUT_LIMIT)
    assert large.status is ExecutionStatus.MEMORY
    assert int(children.stdout) < 3, children  # together they may have 640 MiB
    assert children.isolation.endswith("seccomp,rlimit,cgroup,processes)")
    assert after.stdout == "still here\n"


@real
@pytest.mark.parametrize("allow", ["", "processes"])
def test_no_attack_on_a_real_container_achieves_anything(script, allow):
    told = script("attacked_host.py", f"{ENGINE}:{IMAGE}", *allow.split(), as_root=True)

    escaped = {
        attack
        for attack, result in told["results"].items()
        if "ESCAPED" in result["stdout"] or result["status"] == ExecutionStatus.SETUP_FAILED
    }
    assert escaped == ({"A47"} if allow else set())
    assert told["home"] == ["secret.txt", "victimfile"]
    assert told["is_victim_alive"]
    assert told["reached"] == told["strays"] == told["in_library"] == told["living"] == []
