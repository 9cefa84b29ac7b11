"""What a program may ask of a run beside suite and rows: `Keywords` names it, `Asked` holds it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import TypedDict

from sygra_eval.api.handle import Handle
from sygra_eval.api.rows import FinishedRow
from sygra_eval.engine import Progress, RunOptions
from sygra_eval.journal import DISK_WAIT_S, Durability
from sygra_eval.values import Budget, UsageError

GRACE_S = 30.0


class Keywords(TypedDict, total=False):
    """Keywords of `run`, `arun`, `stream`, `astream` and `resume`; `Asked` says what each means."""

    limit: int | None
    variant: str | None
    models: Mapping[str, str]
    out: str | PathLike[str]
    name: str | None
    plugins: Sequence[object]
    trust: bool
    unsafe_no_sandbox: bool
    budget: Budget | float | None
    target_verified: int | None
    max_candidates: int | None
    strict_model: bool
    procs: int
    executor: str | None
    durability: str
    disk_wait_s: float
    grace_s: float
    show: bool | None
    on_row: Callable[[FinishedRow], object] | None
    on_progress: Callable[[Progress], object] | None
    on_note: Callable[[str], object] | None
    handle: Handle | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of one run.

    :ivar limit: Only the first so many rows.
    :ivar variant: Which variant of a suite with a `matrix`, as `author=small,style=terse`.
    :ivar models: Replacements of the suite's models by name, as `--model NAME=WHAT` gives them:
        `embedded`, `PATH.gguf`, `replay:RUN` or `URL#MODEL`.
    :ivar out: Where run folders go: `OUT/<suite>/<run>/`.
    :ivar name: The run's name; by default made from the time.
    :ivar plugins: Modules or objects whose functions carry `@hookimpl`, or text as `-p` takes it.
    :ivar trust: Import the `plugins/` folders that are found beside the suite.
    :ivar unsafe_no_sandbox: Run generated code without isolation.
    :ivar budget: Send no more calls once so many USD are spent, or what a `Budget` bounds.
    :ivar target_verified: End with exactly so many verified rows, of `max_candidates` at most.
    :ivar strict_model: Take no answer of another model than the one asked.
    :ivar procs: Settle the rows in so many processes; the files are the same. Plugins that are
        objects exist in this one alone, so they need 1.
    :ivar executor: Another way to settle rows, that a plugin registers.
    :ivar durability: `normal`, or `full`: every answer survives a power loss too.
    :ivar disk_wait_s: Seconds that a full disk is waited for.
    :ivar grace_s: Seconds that calls in flight are waited for after `cancel` or an interrupt.
    :ivar show: A live table in a notebook, lines on a terminal; None shows neither elsewhere.
    :ivar on_row: Called with each row that ends, on the thread or loop of whoever called.
    :ivar on_progress: Called with the newest `Progress`; where several came at once, with the last.
    :ivar on_note: Called with sentences that a person should read, instead of the logger
        `sygra_eval`.
    :ivar handle: Cancels this run, from any thread.
    """

    limit: int | None = None
    variant: str | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    out: str | PathLike[str] = "reports"
    name: str | None = None
    plugins: Sequence[object] = ()
    trust: bool = False
    unsafe_no_sandbox: bool = False
    budget: Budget | float | None = None
    target_verified: int | None = None
    max_candidates: int | None = None
    strict_model: bool = False
    procs: int = 1
    executor: str | None = None
    durability: str = Durability.NORMAL.value
    disk_wait_s: float = DISK_WAIT_S
    grace_s: float = GRACE_S
    show: bool | None = None
    on_row: Callable[[FinishedRow], object] | None = None
    on_progress: Callable[[Progress], object] | None = None
    on_note: Callable[[str], object] | None = None
    handle: Handle | None = None

    def __post_init__(self) -> None:
        for name in ("limit", "target_verified", "max_candidates", "procs"):
            value = getattr(self, name)
            if value is None and name != "procs":
                continue
            if not isinstance(value, int) or value < 1:
                or_none = "" if name == "procs" else ", or None"
                raise UsageError(f"{name}={value!r}: give a whole number from 1 on{or_none}")
        if isinstance(self.plugins, (str, ModuleType)):
            raise UsageError("plugins: give a list of modules, objects or names")
        if self.durability not in {one.value for one in Durability}:
            raise UsageError(f"durability={self.durability!r}: it is `normal` or `full`")

    def options(self) -> RunOptions:
        """Return what the engine is asked for."""
        objects = _by_name(self.plugins)
        budget = self.budget
        if not isinstance(budget, Budget):
            budget = Budget(usd=None if budget is None else float(budget))
        return RunOptions(
            out=Path(self.out),
            limit=self.limit,
            variant=self.variant,
            models=dict(self.models),
            plugins=tuple(objects),
            objects={name: one for name, one in objects.items() if not isinstance(one, str)},
            is_trusted=self.trust,
            accepts_no_sandbox=self.unsafe_no_sandbox,
            name=self.name,
            strict_model=self.strict_model,
            disk_wait_s=self.disk_wait_s,
            budget=budget,
            target_verified=self.target_verified,
            max_candidates=self.max_candidates,
            durability=Durability(self.durability),
            processes=self.procs,
            executor=self.executor,
        )


def _by_name(plugins: Sequence[object]) -> dict[str, object]:
    """Return plugins by the name that a run keeps of each: a module's is what `-p` would take.

    :raises UsageError: When two objects would be called the same.
    """
    named: dict[str, object] = {}
    for plugin in plugins:
        match plugin:
            case str():
                name = plugin
            case ModuleType():
                name = plugin.__name__
            case _:
                name = getattr(plugin, "__name__", None) or type(plugin).__qualname__
        if named.get(name, plugin) is not plugin:
            raise UsageError(f"plugins: two are called `{name}`; give one of them a `__name__`")
        named[name] = plugin
    return named
