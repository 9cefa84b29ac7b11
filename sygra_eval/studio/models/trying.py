"""Runs what is asked of models in children, and keeps the tests of this session.

A test is a child that tells of its steps; each turns a light, and whoever listens to `test:ID` is
told. Keys go to the child by its standard input. Start at `ModelTests`.
"""

import asyncio
import contextlib
import itertools
import json
import os
import secrets
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from sygra_eval.studio.models.lights import TITLES, Lights
from sygra_eval.studio.reaping import reaped
from sygra_eval.values import UsageError

MOST_AT_ONCE = 4
MOST_KEPT = 50
WHOLE_S = 180.0  # for all steps of one test
ANSWER_S = 60.0  # for what is asked beside tests
MOST_LINE = 8 * 1024 * 1024
_MODULE = "sygra_eval.studio.models.child"

Told = dict[str, Any]
Publish = Callable[[str, str, Told], object]


@dataclass(slots=True)
class ModelTest:
    """One test: of which entry, and how far it is."""

    id: str
    name: str
    number: int
    lights: Lights
    entry: Mapping[str, Any]
    state: str = "running"
    task: asyncio.Task[None] | None = None
    steps: list[Told] = field(default_factory=list)

    def told(self) -> Told:
        """Return what is told of it."""
        lights = [
            {"name": name, "title": TITLES[name], "state": one.state, "told": one.told}
            for name, one in self.lights.lights.items()
        ]
        facts = [
            {"name": name, "title": name.capitalize(), "state": one.state, "told": one.told}
            for name, one in self.lights.facts.items()
        ]
        return {
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "headline": self.lights.headline,
            "lights": lights,
            "facts": facts,
            "first_text_s": self.lights.first_text_s,
        }


class ModelTests:
    """The tests of one open Studio; leaving it ends those that run."""

    def __init__(self, root: Path, publish: Publish) -> None:
        self._root = root
        self._publish = publish
        self._tests: dict[str, ModelTest] = {}
        self._numbers = itertools.count(1)

    async def __aenter__(self) -> Self:
        """Nothing runs yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the children."""
        running = [one.task for one in self._tests.values() if one.task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def start(
        self, name: str, entry: Mapping[str, Any], file: str, environment: Mapping[str, str]
    ) -> ModelTest:
        """Begin a test.

        :raises UsageError: When enough are running.
        """
        running = sum(one.state == "running" for one in self._tests.values())
        if running >= MOST_AT_ONCE:
            raise UsageError(f"{running} tests are running; wait for one to end, or stop it")
        address = str(entry.get("base_url") or entry.get("endpoint") or "")
        is_served = address != "" or entry.get("use") == "ollama"
        lights = Lights(is_served, is_encrypted=urlsplit(address).scheme == "https")
        test = ModelTest(secrets.token_hex(8), name, next(self._numbers), lights, dict(entry))
        self._tests[test.id] = test
        self._forget()
        test.task = asyncio.get_running_loop().create_task(self._run(test, file, environment))
        return test

    def find(self, test_id: str) -> ModelTest | None:
        """Return a test of this session."""
        return self._tests.get(test_id)

    def last_of(self, name: str, entry: Mapping[str, Any]) -> ModelTest | None:
        """Return the last test of a model, as it is now."""
        tests = (one for one in self._tests.values() if one.name == name and one.entry == entry)
        return max(tests, key=lambda one: one.number, default=None)

    def stop(self, test: ModelTest) -> None:
        """End a test that runs."""
        if test.task is not None:
            test.task.cancel()

    def _forget(self) -> None:
        done = [one for one in self._tests.values() if one.state != "running"]
        for one in done[: max(0, len(self._tests) - MOST_KEPT)]:
            del self._tests[one.id]

    async def _run(self, test: ModelTest, file: str, environment: Mapping[str, str]) -> None:
        request = {
            "what": "test",
            "root": str(self._root),
            "name": test.name,
            "entry": dict(test.entry),
            "file": file,
            "environment": dict(environment),
        }
        test.state, why = "running", ""
        try:
            async with (
                asyncio.timeout(WHOLE_S),
                contextlib.aclosing(lines_of_child(request)) as lines,
            ):
                async for told in lines:
                    if "step" in told:
                        test.steps.append(told["step"])
                        test.lights.take(told["step"])
                        self._tell(test)
                    elif "error" in told:
                        why = str(told["error"])
        except TimeoutError:
            why = f"the test did not end within {WHOLE_S:g} s"
        except asyncio.CancelledError:
            why = "stopped"
        except UsageError as error:
            why = str(error)
        test.lights.end(why)
        has_failed = why or any(one.state == "failed" for one in test.lights.lights.values())
        test.state = "failed" if has_failed else "done"
        self._tell(test)

    def _tell(self, test: ModelTest) -> None:
        self._publish(f"test:{test.id}", "step", test.told())


async def ask_child(request: Mapping[str, Any]) -> Any:
    """Have a child answer one question.

    :raises UsageError: With what it says is wrong, or when it does not answer.
    """
    try:
        async with (
            asyncio.timeout(ANSWER_S),
            contextlib.aclosing(lines_of_child(request)) as lines,
        ):
            async for told in lines:
                if "error" in told:
                    raise UsageError(str(told["error"]))
                return told["answer"]
    except TimeoutError:
        raise UsageError(f"no answer within {ANSWER_S:g} s") from None
    raise UsageError("the process that was asked ended without an answer")


async def lines_of_child(request: Mapping[str, Any], module: str = _MODULE) -> AsyncGenerator[Told]:
    """Yield what a child says; it does not outlive the one who listens.

    :raises UsageError: When it ends with an error of its own.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        limit=MOST_LINE,
    )
    assert child.stdin is not None  # noqa: S101 - asked for above
    assert child.stdout is not None  # noqa: S101
    assert child.stderr is not None  # noqa: S101
    noise = asyncio.get_running_loop().create_task(child.stderr.read())
    try:
        with contextlib.suppress(ConnectionError):
            child.stdin.write(json.dumps(request).encode())
            child.stdin.close()
        async for line in child.stdout:
            yield json.loads(line)
        if await child.wait() != 0:
            last = (await noise).decode(errors="replace").strip().rpartition("\n")[2]
            raise UsageError(f"the process that was asked failed: {_without_keys(last, request)}")
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        noise.cancel()
        await reaped(child)


def _without_keys(text: str, request: Mapping[str, Any]) -> str:
    for key in request.get("environment", {}).values():
        text = text.replace(key, "<key>")
    return text[:300]
