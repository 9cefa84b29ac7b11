"""`sygra-eval models list | show | test`."""

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
from tabulate import tabulate

from sygra_eval.cli.output import tell
from sygra_eval.cli.streams import say
from sygra_eval.cli.trusting import remember
from sygra_eval.models import Step, StepOutcome, checkup
from sygra_eval.models.batching import is_batched
from sygra_eval.models.prices import UnknownPrice, batch_prices, price_of
from sygra_eval.plugins import Plugins, load_plugins
from sygra_eval.report import one_line
from sygra_eval.suite import load_models, variants_of_models
from sygra_eval.values import ChatModel, ModelSpec, SygraEvalError, UsageError, task_of

WIDEST = 60
UNKNOWN = "–"

Command = Callable[..., Any]


@click.group("models")
def command() -> None:
    """Say what the models of a suite or a models.yaml are, and whether they answer."""


def common(verb: Command) -> Command:
    """Add what all three verbs take."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print one line of JSON."),
        click.option(
            "--trust", is_flag=True, help="Import the plugins/ folders found; remembered."
        ),
        click.option(
            "--variant",
            metavar="NAME",
            help="Of a suite with a matrix: the models of this variant alone.",
        ),
        click.option(
            "-p", "plugins", multiple=True, metavar="NAME|PATH", help="Load a plugin too."
        ),
        click.argument("path", type=click.Path(path_type=Path, exists=True), default=Path()),
    ):
        verb = option(verb)
    return verb


@command.command("list")
@common
def list_models(
    path: Path, plugins: tuple[str, ...], trust: bool, variant: str | None, as_json: bool
) -> int:
    """List the models that PATH names: a suite, a models.yaml, or a folder with one."""
    found, loaded = models_in(path, plugins, trust=trust, variant=variant)
    has_variants = any(one.variants for one in found)
    rows = [
        facts(one.spec, loaded) | ({"variants": one.variants} if has_variants else {})
        for one in found
    ]
    if as_json:
        say(json.dumps({"exit": 0, "models": rows}))
        return 0
    shown = [
        (row["name"], row["use"], row["model"], row["key"] or "none", row["price"] or UNKNOWN)
        + ((_told(row["variants"]),) if has_variants else ())
        for row in rows
    ]
    headers = ("name", "use", "model", "key", "USD per million in / out", "variants")
    widths = [None, None, 24, 20, 24, 24]
    count = len(headers) - (not has_variants)
    say(tabulate(shown, headers=headers[:count], maxcolwidths=widths[:count]))
    return 0


@command.command("show")
@click.argument("name")
@common
def show(
    name: str,
    path: Path,
    plugins: tuple[str, ...],
    trust: bool,
    variant: str | None,
    as_json: bool,
) -> int:
    """Say all that is known of one model without asking it."""
    found, loaded = models_in(path, plugins, trust=trust, variant=variant)
    known = facts(named(name, found), loaded)
    if as_json:
        say(json.dumps({"exit": 0, **known}))
        return 0
    lines = [
        (key.replace("_", " "), UNKNOWN if value is None else value) for key, value in known.items()
    ]
    say(tabulate([(key, one_line(str(value))) for key, value in lines], tablefmt="plain"))
    return 0


@command.command("test")
@click.argument("name")
@common
def test(
    name: str,
    path: Path,
    plugins: tuple[str, ...],
    trust: bool,
    variant: str | None,
    as_json: bool,
) -> int:
    """Ask one model, step by step, and say of each step what came of it.

    Sends up to five small requests, which are paid for. Exit code 0 when the model can be used, 1
    when a step failed; a warning is what a suite may want and this model does not have.
    """
    found, loaded = models_in(path, plugins, trust=trust, variant=variant)
    spec = named(name, found)
    steps = asyncio.run(steps_of(spec, loaded, quiet=as_json))
    has_failed = any(step.outcome is StepOutcome.FAILED for step in steps)
    if as_json:
        told = [{"step": s.name, "status": s.outcome.value, "told": s.told} for s in steps]
        say(json.dumps({"model": name, "exit": int(has_failed), "steps": told}))
    return int(has_failed)


async def steps_of(spec: ModelSpec, loaded: Plugins, *, quiet: bool) -> list[Step]:
    """Take the steps, and print each as soon as it is done."""
    steps = []
    async for step in checkup(spec, lambda one: made(one, loaded)):
        steps.append(step)
        if not quiet:
            say(f"{step.outcome.value:<8} {step.name:<12} {one_line(step.told)}")
    return steps


@dataclass(frozen=True, slots=True)
class Found:
    """A model, and the variants of the suite that it is of; none where it is of all."""

    spec: ModelSpec
    variants: tuple[str, ...] = ()


def models_in(
    path: Path, plugins: tuple[str, ...], *, trust: bool, variant: str | None
) -> tuple[list[Found], Plugins]:
    """Read the models and what may make them.

    :raises UsageError: When there are none.
    """
    folder = (path if path.is_dir() else path.parent).absolute()
    if trust:
        remember(folder)
    loaded = load_plugins(folder, named=plugins, is_trusted=trust)
    for skipped in loaded.skipped:
        tell(skipped)
    names = [variant] if variant else variants_of_models(path) or (None,)
    by_variant = {name: load_models(path, loaded, name) for name in names}
    found: list[Found] = []
    for name in dict.fromkeys(name for specs in by_variant.values() for name in specs):
        found += _in_variants(name, by_variant)
    if not found:
        raise UsageError(f"{path} names no models")
    return found, loaded


def _in_variants(
    name: str, by_variant: Mapping[str | None, Mapping[str, ModelSpec]]
) -> Iterator[Found]:
    """Yield a model once for all variants in which it is the same."""
    specs: list[tuple[ModelSpec, list[str]]] = []
    for variant, models in by_variant.items():
        if name not in models:
            continue
        same = next((names for spec, names in specs if spec == models[name]), None)
        if same is None:
            specs.append((models[name], same := []))
        if variant is not None:
            same.append(variant)
    for spec, names in specs:
        yield Found(spec, () if len(names) == len(by_variant) else tuple(names))


def _told(variants: tuple[str, ...]) -> str:
    if len(variants) < 2:
        return variants[0] if variants else "all"
    return f"{variants[0]} and {len(variants) - 1} more"


def named(name: str, found: Sequence[Found]) -> ModelSpec:
    """Find a model.

    :raises UsageError: With the names that there are, or the variants to choose from.
    """
    of_name = [one for one in found if one.spec.name == name]
    if not of_name:
        known = ", ".join(f"`{one}`" for one in dict.fromkeys(one.spec.name for one in found))
        raise UsageError(f"there is no model `{name}`; there are {known}")
    if len(of_name) > 1:
        first = of_name[0].variants[0]
        raise UsageError(
            f"`{name}` is {len(of_name)} models by the suite's matrix: say --variant {first}"
        )
    return of_name[0].spec


def made(spec: ModelSpec, loaded: Plugins) -> ChatModel:
    """Make a model; it is not open yet."""
    model: ChatModel = loaded.of("models")[spec.use].implementation(spec)
    return model


def facts(spec: ModelSpec, loaded: Plugins) -> dict[str, Any]:
    """Say what a model is, with the place of its key and never the key."""
    known: dict[str, Any] = {
        "name": spec.name,
        "use": spec.use,
        "model": None,
        "task": str(task_of(spec.config)),
        "endpoint": None,
        "key": key_told(spec),
        "price": None,
        "price_source": None,
        "parameters": dict(spec.parameters) or None,
        "max_concurrency": spec.max_concurrency,
        "rpm": spec.rpm,
        "tpm": spec.tpm,
        "timeout_s": spec.timeout_s,
        "mode": "live" if spec.batch is None else "batch",
        "batch": None if spec.batch is None else asdict(spec.batch),
    }
    try:
        model = made(spec, loaded)
        price = price_of(model, spec)
    except SygraEvalError as error:
        return known | {"problem": str(error)}
    known |= {"model": model.label, "endpoint": model.endpoint}
    if is_batched(model) and not isinstance(price, UnknownPrice):
        prompt, answer = batch_prices(price)
        known |= {"price": f"{prompt:g} / {answer:g}", "price_source": price.source}
    elif not isinstance(price, UnknownPrice):
        known |= {"price": f"{price.input:g} / {price.output:g}", "price_source": price.source}
    return known


def key_told(spec: ModelSpec) -> str | None:
    """Say where a model's key is; a keyring is not asked, as that may wake a person."""
    if entry := getattr(spec.config, "api_key_keyring", None):
        return f"keyring {entry}"
    names = (getattr(spec.config, name, None) for name in ("api_key_env", "token_env"))
    if (variable := next((name for name in names if name), None)) is None:
        return None
    return f"{variable} ({'set' if os.environ.get(variable) else 'not set'})"
