"""The gates of a suite as items: each waits for the end of the run and says what became of it.

A gate is judged once, by the run, and its outcome is in the run's journal: the run's exit code, its
report and the item here are all of that one judgement.
"""

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from sygra_eval.engine import ExitCode, how_gates_ended
from sygra_eval.pytest_plugin.background import NoEnd
from sygra_eval.pytest_plugin.items import Told, refuse_calls
from sygra_eval.pytest_plugin.outcomes import GATE
from sygra_eval.pytest_plugin.session import AfterRows, SuiteRun, WholeSuite
from sygra_eval.quality import GateOutcome, GateState
from sygra_eval.report import printable
from sygra_eval.suite import Gate, encoded
from sygra_eval.values import SygraEvalError

_TOLD = 20
"""So many groups of a gate are told of; the run's report has all."""


class GateWarning(pytest.PytestWarning):
    """A gate of `severity: warn` was not passed."""


class GateFailed(SygraEvalError):
    """The rows are not what the gate asks for."""


class GateBroken(SygraEvalError):
    """The gate could not be judged."""


class Gates(pytest.Collector):
    """The gates of a suite, or of one of its variants."""

    def __init__(self, *, run: SuiteRun | WholeSuite, **given: Any) -> None:
        super().__init__(**given)
        self.run = run

    def collect(self) -> Iterator["GatePlace"]:
        """Yield a collector for each, as two gates may be on one metric."""
        for gate in self.run.case.suite.gates:
            yield GatePlace.from_parent(self, name=str(gate.index), run=self.run, gate=gate)


class GatePlace(pytest.Collector):
    """A gate's place in the suite."""

    def __init__(self, *, run: SuiteRun | WholeSuite, gate: Gate, **given: Any) -> None:
        super().__init__(**given)
        self.run = run
        self.gate = gate

    def collect(self) -> Iterator["GateItem"]:
        """Yield the gate; its groups are parts of it, as nobody knows them before the rows."""
        name = encoded(self.gate.metric)
        yield GateItem.from_parent(self, name=name, run=self.run, gate=self.gate)


class GateItem(AfterRows):
    """A gate of a suite: passes when the run passed it."""

    def __init__(self, *, run: SuiteRun | WholeSuite, gate: Gate, **given: Any) -> None:
        super().__init__(**given)
        self.run = run
        self.gate = gate
        self.extra_keyword_matches.add(gate.metric)
        self._outcomes: tuple[GateOutcome, ...] = ()

    def setup(self) -> None:
        """Wait for the run's end; a gate that was not judged is skipped, a broken one an error."""
        refuse_calls(self.run)
        why = self.run.why_no_gates
        if why:
            pytest.skip(why)
        summary = self.run.background.over()
        found = tuple(one for one in summary.gates if one.index == self.gate.index)
        if not found:
            raise NoEnd(f"the run judged no gate: {summary.exit_reason}")
        self._outcomes = found
        self.user_properties[:] = _properties(found)
        match how_gates_ended(found, is_strict=False).code:
            case None:
                pytest.skip(printable(found[0].reason))
            case ExitCode.INCOMPLETE:
                raise GateBroken(_headline(found))

    def runtest(self) -> None:
        """Fail when the gate failed."""
        if how_gates_ended(self._outcomes, is_strict=False).code is ExitCode.GATE_FAILED:
            raise GateFailed(_headline(self._outcomes))
        if _against(self._outcomes):
            told = GateWarning(_headline(self._outcomes))
            warnings.warn_explicit(told, None, str(self.path), self.gate.line)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Say what the gate asks and what the rows are."""
        error = excinfo.value
        match error:
            case GateFailed() | GateBroken() | GateWarning():  # the last by `-W error`
                text = "\n".join(_lines(self._outcomes, self.gate))
                return Told(self, f"{text}\n\n{self.run.background.folder}", str(error))
            case NoEnd():
                return Told(self, str(error), str(error))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Return the gate as its id has it, behind the suite's name."""
        suite = self.run.case.suite
        place = f"{suite.name}::{suite.variant}::gates::{self.gate.index}"
        return self.path, None, f"{place}::{self.name}"


def _against(outcomes: Sequence[GateOutcome]) -> list[GateOutcome]:
    """Return what is neither passed nor skipped, errors first as they weigh most."""
    against = [one for one in outcomes if one.state not in (GateState.PASSED, GateState.SKIPPED)]
    return sorted(against, key=lambda one: one.state is not GateState.ERROR)


def _headline(outcomes: Sequence[GateOutcome]) -> str:
    against = _against(outcomes)
    more = f"; and {len(against) - 1} more" if len(against) > 1 else ""
    return printable(
        f"gate {against[0].state.value}: {against[0].name} ({against[0].reason}){more}"
    )


def _lines(outcomes: Sequence[GateOutcome], gate: Gate) -> Iterator[str]:
    against = _against(outcomes)
    for one in against[:_TOLD]:
        yield printable(f"{one.state.value}  {one.name}: {one.reason}")
        if one.value is not None:
            yield f"  value {one.value:.4g}{_interval(one, gate)}"
        yield f"  n_judged {one.n_judged}, n_error {one.n_error}"
    others = Counter(one.state for one in outcomes) - Counter(one.state for one in against[:_TOLD])
    if others:
        told = ", ".join(f"{count} {state.value}" for state, count in others.items())
        yield f"of its other groups: {told}"


def _interval(one: GateOutcome, gate: Gate) -> str:
    if one.lower is None or one.upper is None:
        return ""
    return f", {100 * (1 - gate.alpha):g} % interval [{one.lower:.4g}, {one.upper:.4g}]"


def _properties(outcomes: Sequence[GateOutcome]) -> list[tuple[str, object]]:
    """Return the figures of a gate; of one that has groups only how each of them ended."""
    if len(outcomes) > 1:
        return [(GATE, f"{one.group or one.metric}: {one.state.value}") for one in outcomes[:_TOLD]]
    (one,) = outcomes
    figures = {
        "sygra_value": one.value,
        "sygra_lower": one.lower,
        "sygra_upper": one.upper,
        "sygra_n_judged": one.n_judged,
        "sygra_n_error": one.n_error,
    }
    known = [(name, figure) for name, figure in figures.items() if figure is not None]
    return [(GATE, one.state.value), *known]
