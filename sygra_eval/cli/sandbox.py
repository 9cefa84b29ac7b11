"""`sygra-eval sandbox run`."""

import asyncio
import json
from pathlib import Path

import click

from sygra_eval.cli.failures import INCOMPLETE
from sygra_eval.cli.streams import complain, say
from sygra_eval.plugins import load_plugins
from sygra_eval.sandbox import scaled_limits, start_sandbox
from sygra_eval.values import (
    Execution,
    ExecutionResult,
    ExecutionStatus,
    Limits,
    SandboxProvider,
    UsageError,
)

SHOWN = ("status", "reason", "exit_code", "stdout", "stderr", "isolation", "cpu_ms", "wall_ms")


@click.group("sandbox")
def command() -> None:
    """Run Python as an answer's code is run: isolated, limited, on the standard library."""


@command.command("run")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0, min_open=True),
    metavar="S",
    help="Seconds it may take, on the clock and of CPU time.  [default: as in a run]",
)
@click.option(
    "--isolation", metavar="NAME", help="Take this sandbox and no other; see `sygra-eval doctor`."
)
@click.option(
    "--image", metavar="IMAGE", help="What `docker` or `podman` make their containers of."
)
@click.option("-p", "plugins", multiple=True, metavar="NAME|PATH", help="Load a plugin too.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def run(
    file: Path,
    timeout_s: float | None,
    isolation: str | None,
    image: str | None,
    plugins: tuple[str, ...],
    as_json: bool,
) -> int:
    """Run FILE in the strongest sandbox that this host grants.

    Exit code 0 when the program ran to its end, 1 when it failed, 4 without a sandbox, 7 when the
    sandbox broke.
    """
    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text: {error.reason} at {error.start}") from None
    limits = scaled_limits(Limits())
    if timeout_s is not None:
        limits = Limits(wall_s=timeout_s, cpu_s=timeout_s)
    execution = Execution(files={file.name: text}, entry=file.name, limits=limits)
    loaded = load_plugins(Path(), named=plugins)
    providers = {name: entry.implementation for name, entry in loaded.of("sandboxes").items()}
    ran = asyncio.run(ran_in_a_sandbox(providers, isolation, image, execution))
    if as_json:
        say(json.dumps({name: getattr(ran, name) for name in SHOWN}))
    else:
        show(ran)
    if ran.status is ExecutionStatus.SETUP_FAILED:
        return INCOMPLETE
    return 0 if ran.status is ExecutionStatus.OK else 1


async def ran_in_a_sandbox(
    providers: dict[str, SandboxProvider],
    isolation: str | None,
    image: str | None,
    execution: Execution,
) -> ExecutionResult:
    """Start a sandbox for one program and close it again."""
    if isolation == "none":
        raise UsageError("`none` isolates nothing; a plain `python` does the same")
    sandbox = await start_sandbox(
        providers, require=None, isolation=isolation, image=image, slots=1
    )
    try:
        return await sandbox.run(execution)
    finally:
        await sandbox.close()


def show(ran: ExecutionResult) -> None:
    """Print what the program wrote, then how it ended."""
    if ran.stdout:
        say(ran.stdout.removesuffix("\n"))
    if ran.stderr:
        complain(ran.stderr.removesuffix("\n"))
    took = f"{ran.cpu_ms:.0f} ms CPU, {ran.wall_ms:.0f} ms"
    complain(f"{ran.status}: {ran.reason} · {took} · {ran.isolation}")
