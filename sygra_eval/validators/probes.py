"""Tries a row's tests on programs that must not pass them, before anything is spent on the row.

Tests that accept `return None` verify whatever a model writes. All probes that are functions go
into one execution under names of their own, where the tests can be split; else each runs alone, as
an answer would. The reference, where the row has one, must pass. Start at `probed`.
"""

import ast
import builtins
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sygra_eval.validators.answered import decide
from sygra_eval.validators.driver import (
    Answered,
    answered,
    differs,
    drive_of,
    execution_of,
    places_of,
)
from sygra_eval.validators.probe_programs import (
    EQUALS_EVERYTHING,
    Probe,
    functions_of,
    probes_for,
    program_of,
)
from sygra_eval.validators.row_tests import BadTests, TestItem
from sygra_eval.validators.running import IsHostFault, run_judged
from sygra_eval.validators.split import SplitTest, Unit, splits_of
from sygra_eval.validators.syntax import defined_names, names_in, parsed_afresh
from sygra_eval.validators.unit_tests import items_for, limits_for, named_entry_point, outcome_of
from sygra_eval.validators.unit_tests_config import UnitTestsConfig
from sygra_eval.validators.words import shortened
from sygra_eval.values import (
    ExecutionStatus,
    Limits,
    Stage,
    ValidatorContext,
    ValidatorSpec,
)

MARK = "sygra_probe_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What trying a row's tests came to.

    :ivar weak: Why the tests are weak; empty where no probe passes.
    :ivar reference: Why the reference fails them; empty where it passes, or there is none.
    :ivar unusable: Why the tests are none; nothing was tried.
    :ivar fault: Why this host could not try them.
    """

    weak: str = ""
    reference: str = ""
    unusable: str = ""
    fault: str = ""


def tests_of(specs: Sequence[ValidatorSpec]) -> tuple[ValidatorSpec, ...]:
    """Return the validators whose tests have to pass together: the required ones, else all."""
    found = tuple(spec for spec in specs if type(spec.config) is UnitTestsConfig)
    return tuple(spec for spec in found if spec.is_required) or found


def columns_of(specs: Sequence[ValidatorSpec]) -> frozenset[str]:
    """Return the columns that hold these tests."""
    return frozenset(column for spec in specs for column in config_of(spec).columns().values())


async def probed(
    ctx: ValidatorContext,
    specs: Sequence[ValidatorSpec],
    *,
    entry_point: str | None,
    reference: str | None,
) -> Probed:
    """Try all tests of a row together: what passes only a part of them passes nothing."""
    first = config_of(specs[0])
    entry_point = entry_point or named_entry_point(first, ctx)
    items: tuple[TestItem, ...] = ()
    try:
        for spec in specs:
            own = replace(ctx, validator=spec, stage=Stage.FINAL)
            found = items_for(config_of(spec), own, entry_point)
            if isinstance(found, str):
                return Probed(weak=found)
            items += found
    except BadTests as error:
        return Probed(unusable=str(error))
    trial = Trial(
        items=items,
        entry_point=entry_point,
        limits=limits_for(first, ctx),
        ctx=ctx,
        splits=splits_of([item.statement for item in items], entry_point, ""),
        accepts_cooperative=all(config_of(spec).accept_cooperative for spec in specs),
    )
    try:
        passed = await trial.probes_that_pass()
        failing = "" if reference is None else await trial.why_it_fails(reference)
    except BadTests as error:
        return Probed(unusable=str(error))
    except IsHostFault as fault:
        return Probed(fault=str(fault))
    return Probed(weak=told(passed), reference=failing)


def defines_something(text: str) -> bool:
    """Say whether a text is a program that can answer for a reference."""
    return bool(defined_names(text))


def config_of(spec: ValidatorSpec) -> UnitTestsConfig:
    """Return the keys of a validator that `tests_of` has chosen."""
    assert isinstance(spec.config, UnitTestsConfig)  # noqa: S101 - chosen by its type
    return spec.config


def told(passed: Sequence[str]) -> str:
    """Say which probes pass."""
    if not passed:
        return ""
    names = ", ".join(f'"{name}"' for name in passed)
    return f"the probe {names} passes" if len(passed) == 1 else f"the probes {names} pass"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The tests of one row, and what they run with."""

    items: Sequence[TestItem]
    entry_point: str | None
    limits: Limits
    ctx: ValidatorContext
    splits: Sequence[SplitTest | None]
    accepts_cooperative: bool

    async def probes_that_pass(self) -> tuple[str, ...]:
        """Return the names of the probes that pass all tests, in their order."""
        names = frozenset(self.called())
        trees = [(item.group, tree) for item in self.items if (tree := tree_of(item)) is not None]
        probes = probes_for(trees, names | {"candidate"})
        if self.accepts_cooperative and None in self.splits:
            # The suite takes the risk that an object deceives the tests in its own process.
            probes = tuple(probe for probe in probes if probe.name != EQUALS_EVERYTHING)
        passing = await self.together(probes, names)
        if passing is None:
            passing = [p for p in probes if await self.passes(program_of(p, names))]
        return tuple(probe.name for probe in passing)

    async def together(self, probes: Sequence[Probe], names: frozenset[str]) -> list[Probe] | None:
        """Try all in one execution; None where that cannot be done, or was not seen to its end."""
        splits = [split for split in self.splits if split is not None]
        if len(splits) < len(self.splits):
            return None
        own = [[renamed(split, number) for split in splits] for number in range(len(probes))]
        drive = drive_of(
            [test for tests in own for test in tests], secrets.token_hex(16), self.ctx.seed
        )
        source = "".join(
            functions_of(probe, {name: f"{MARK}{number}_{name}" for name in sorted(names)})
            for number, probe in enumerate(probes)
        )
        ran = await run_judged(self.ctx.sandbox, execution_of(source, drive, self.limits))
        came = answered(drive, ran)
        if not came.is_whole:
            return None
        count = sum(len(split.units) for split in splits)
        return [
            probe
            for number, probe in enumerate(probes)
            if all_pass(own[number], came, number * count)
        ]

    async def passes(self, source: str) -> bool:
        """Say whether one program passes all tests, as an answer would have to."""
        return not await self.why_it_fails(source)

    async def why_it_fails(self, source: str) -> str:
        """Return the first test that a program fails; empty when it passes all."""
        for is_last in (False, True):
            outcome = await outcome_of(
                source,
                self.items,
                self.entry_point,
                self.limits,
                self.ctx,
                splits=None if "class" in source else self.splits,  # a class runs beside its tests
            )
            if outcome.ran.status is not ExecutionStatus.TIMEOUT or is_last:
                break  # the machine may have been busy with something else
        return "" if outcome.failing is None else shortened(outcome.failing[0])

    def called(self) -> Iterator[str]:
        """Yield the names of the functions that the tests call."""
        if self.entry_point is not None and self.entry_point.isidentifier():
            yield self.entry_point
        for tree in filter(None, map(tree_of, self.items)):
            bound = names_in(tree.body) | set(dir(builtins))
            for node in ast.walk(tree):
                match node:
                    case ast.Call(func=ast.Name(id=name)) if name not in bound:
                        yield name
        for split in self.splits:
            for unit in split.units if split is not None else ():
                yield from (str(step[2]) for step in unit.steps if step[0] == "call")


def all_pass(tests: Sequence[SplitTest], came: Answered, first: int) -> bool:
    """Say whether all tests of one probe pass; its units begin at `first`."""
    for test in tests:
        times = [came.answers[first + number] for number in range(len(test.units))]
        first += len(test.units)
        is_steady = not any(map(differs, times))
        if not (is_steady and decide(test, places_of(test.units, times)).has_passed):
            return False  # the others need not be decided
    return True


def tree_of(item: TestItem) -> ast.Module | None:
    """Parse a test."""
    tree = parsed_afresh(item.statement)
    return tree if isinstance(tree, ast.Module) else None


def renamed(split: SplitTest, number: int) -> SplitTest:
    """Have a test call the functions of one probe."""

    def turned(unit: Unit) -> Unit:
        steps = tuple(
            [step[0], step[1], f"{MARK}{number}_{step[2]}", *step[3:]]
            if step[0] == "call"
            else step
            for step in unit.steps
        )
        return replace(unit, steps=steps)

    return replace(split, units=tuple(map(turned, split.units)))
