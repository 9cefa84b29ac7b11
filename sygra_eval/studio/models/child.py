"""What is done with models in a process of its own: `python -m sygra_eval.studio.models.child`.

A plugin's model type may be asked here, and a test that hangs is ended with its process. The
request comes as one JSON document on standard input, the keys that were typed with it, so that
they are in no command line and no file; answers go out as lines of JSON. Start at `main`.
"""

import asyncio
import ipaddress
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from sygra_eval.models import Step, StepOutcome, checkup
from sygra_eval.plugins import Plugins, load_plugins
from sygra_eval.studio.models.operations import OPERATIONS
from sygra_eval.suite import MODELS_FILE, check_models, parse_document
from sygra_eval.values import ModelSpec, Severity, SygraEvalError, UsageError

STEP_S = 90.0  # for one step; a server of one's own may have to load the model first
CALL_S = 45.0  # for one request of it
WAY_S = 20.0  # for what needs no model: address, certificate, the list of models
FEWEST_HIDDEN = 6  # characters of a key that is cut out of what is told
_OF_MODELS = ("sygra_eval.models.builtin", "sygra_eval.sygra.builtin")  # 0.5 s of CPU sooner
_WAY = frozenset({"", "address", "connection", "certificate"})  # what is before the first answer
MOST_NAMES = 1_000
_METADATA = frozenset({"fd00:ec2::254", "100.100.100.200", "192.0.0.192"})
_REFUSED = (
    "is a link-local address, which is refused: there a cloud gives out its machines' credentials"
)
Resolve = Callable[..., list[Any]]
Say = Callable[[Mapping[str, Any]], None]


def main() -> int:
    """Do what standard input asks for."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a plugin prints is no answer
    request = json.loads(sys.stdin.buffer.read())
    environment: Mapping[str, str] = request.get("environment", {})
    os.environ.update(environment)

    def say(told: Mapping[str, Any]) -> None:
        out.write(f"{hidden(json.dumps(told), environment.values())}\n")
        out.flush()

    socket.getaddrinfo = guarded(socket.getaddrinfo)
    try:
        answer(request, say)
    except SygraEvalError as error:
        say({"error": str(error)})
    return 0


def answer(request: Mapping[str, Any], say: Say) -> None:
    """Answer one request."""
    root = Path(request["root"])
    match request["what"]:
        case "test":
            asyncio.run(_tested(request, load_plugins(root, built_ins=_OF_MODELS), say))
        case "list":
            plugins = load_plugins(root, built_ins=_OF_MODELS)
            say({"answer": asyncio.run(names_served(spec_of(request, plugins), plugins))})
        case what:
            say({"answer": OPERATIONS[what](load_plugins(root), **request["arguments"])})


async def _tested(request: Mapping[str, Any], plugins: Plugins, say: Say) -> None:
    async for step in tested(spec_of(request, plugins), plugins, step_s=STEP_S):
        say(
            {
                "step": {
                    "name": step.name,
                    "outcome": str(step.outcome),
                    "told": step.told,
                    "first_text_s": step.first_text_s,
                }
            }
        )
    say({"done": True})


def spec_of(request: Mapping[str, Any], plugins: Plugins) -> ModelSpec:
    """Return the model of an entry, which need not stand in a file.

    :raises UsageError: With the first thing that is wrong with it.
    """
    name, root = str(request["name"]), Path(request["root"])
    entry = {key: one for key, one in request["entry"].items() if key != "fallback"}
    document = parse_document(yaml.safe_dump({name: entry}).encode(), MODELS_FILE)
    models, found = check_models(document, root / str(request.get("file", MODELS_FILE)), plugins)
    for one in found:
        if one.severity is Severity.ERROR:
            raise UsageError(f"{one.message}{f'; {one.fix}' if one.fix else ''}")
    spec = models[name]
    return replace(spec, timeout_s=min(spec.timeout_s or CALL_S, CALL_S))


async def tested(spec: ModelSpec, plugins: Plugins, *, step_s: float) -> AsyncIterator[Step]:
    """Yield the steps of `checkup`; one that takes too long is the last."""
    try:
        refuse_address(spec)
    except UsageError as error:
        yield Step(name="address", outcome=StepOutcome.FAILED, told=str(error))
        return
    implementation = plugins.of("models")[spec.use].implementation
    steps = checkup(spec, lambda one: implementation(one))
    way_s = min(WAY_S, step_s) if _address(spec) else step_s
    last = ""
    while True:
        limit_s = way_s if last in _WAY else step_s
        try:
            async with asyncio.timeout(limit_s):
                step = await anext(steps)
        except StopAsyncIteration:
            return
        except TimeoutError:
            what = _address(spec) or f"`{spec.use}`"
            told = f"{what} did not answer within {limit_s:g} s; does the server hang?"
            yield Step(name=_after(last), outcome=StepOutcome.FAILED, told=told)
            return
        except Exception as error:  # noqa: BLE001 - the boundary to plugins
            told = f"the model type `{spec.use}` failed: {type(error).__name__}: {error}"
            yield Step(name=_after(last), outcome=StepOutcome.FAILED, told=told)
            return
        last = step.name
        yield step


async def names_served(spec: ModelSpec, plugins: Plugins) -> list[str]:
    """Ask a server which models it has.

    :raises UsageError: With why it does not say.
    """
    refuse_address(spec)
    model = plugins.of("models")[spec.use].implementation(spec)
    ask = getattr(model, "served_names", None)
    if ask is None:
        raise UsageError(
            f"a model with `use: {spec.use}` is behind no server that lists its models"
        )
    return sorted(await ask(timeout_s=WAY_S))[:MOST_NAMES]


def refuse_address(spec: ModelSpec) -> None:
    """Refuse an address by its figures; names are looked at when they are resolved.

    :raises UsageError: When it is one.
    """
    host = urlsplit(_address(spec)).hostname or ""
    if is_refused(host):
        raise UsageError(f"`{host}` {_REFUSED}")


def is_refused(host: str) -> bool:
    """Say whether an address is one that no model is at, and secrets of a cloud are."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_link_local or address.is_unspecified or str(address) in _METADATA


def guarded(resolve: Resolve) -> Resolve:
    """Return a resolver that gives out no address that is refused, whoever asks."""

    def resolved(*arguments: Any, **named: Any) -> list[Any]:
        found = resolve(*arguments, **named)
        for one in found:
            if is_refused(str(one[4][0])):
                raise socket.gaierror(socket.EAI_FAIL, f"{one[4][0]} {_REFUSED}")
        return found

    return resolved


def hidden(text: str, keys: Iterable[str]) -> str:
    """Cut keys out of what is told; those who tell do so too, and this is for whoever forgot."""
    for key in sorted((one for one in keys if len(one) >= FEWEST_HIDDEN), key=len, reverse=True):
        text = text.replace(key, "<key>").replace(json.dumps(key)[1:-1], "<key>")
    return text


def _address(spec: ModelSpec) -> str:
    config = spec.config
    for name in ("base_url", "endpoint"):
        given = config.get(name) if isinstance(config, Mapping) else getattr(config, name, None)
        if given:
            return str(given)
    return ""


def _after(last: str) -> str:
    """Name the step that did not come to its end."""
    match last:
        case "" | "address":
            return "address" if not last else "connection"
        case "connection" | "certificate":
            return "service"
        case _:
            return "completion"


if __name__ == "__main__":
    sys.exit(main())
