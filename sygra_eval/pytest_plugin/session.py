"""Starts the runs behind a session when its first row is wanted, and ends them with it."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import pytest

from sygra_eval.data import leave_pandas_out
from sygra_eval.engine import LastTime, RunOptions, Selection, how_gates_ended
from sygra_eval.plugins import Plugins
from sygra_eval.pytest_plugin.background import BackgroundRun, Ended
from sygra_eval.pytest_plugin.local_models import asked_elsewhere
from sygra_eval.pytest_plugin.outcomes import Outcomes
from sygra_eval.pytest_plugin.whole import WholeRun
from sygra_eval.report import closing_words
from sygra_eval.suite import Suite, question_of
from sygra_eval.values import UsageError

_AT_ONCE = 8
"""Calls at once of a model that does not say how many: what a look-ahead is made from."""
_ROWS_AT_ONCE = 32
_AHEAD = 2
A_PART = "a worker of xdist runs a part of the rows: run without -n for the gates"
NO_ROW = "no row of the suite was run here"


@dataclass(frozen=True, slots=True)
class Case:
    """A suite, or a variant of one, and how it is run."""

    path: Path
    suite: Suite
    plugins: Plugins
    options: RunOptions

    @property
    def at_once(self) -> int:
        """So many rows are in flight about."""
        calls = [model.max_concurrency or _AT_ONCE for model in self.suite.models.values()]
        return sum(calls) or _ROWS_AT_ONCE


def options_of(config: pytest.Config) -> RunOptions:
    """Return what our options ask of runs."""
    models = {}
    for given in config.getoption("sygra_model"):
        name, separator, what = given.partition("=")
        if not (name and separator and what):
            raise UsageError(f"--sygra-model {given}: it is not NAME=WHAT")
        models[name] = what
    return RunOptions(
        out=config.invocation_params.dir / config.getoption("sygra_out"),
        models=models,
        is_trusted=config.getoption("sygra_trust"),
    )


@runtime_checkable
class OfARow(Protocol):
    """An item that waits for one row."""

    place: int
    row_id: str
    run: "SuiteRun"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:
        """Say why the row did not pass."""


class AfterRows(pytest.Item):
    """An item that waits for the end of a whole run, so it comes behind all rows."""


class SuiteRun:
    """The run of one suite in this session, begun when it is first needed.

    :ivar elsewhere: Models whose calls were not allowed; then it is not run.
    :ivar rows: How many rows the source has; None where they are not items.
    """

    def __init__(
        self, case: Case, *, elsewhere: tuple[str, ...], rows: int | None, is_bounded: bool
    ) -> None:
        self.case = case
        self.elsewhere = elsewhere
        self.rows = rows
        self.is_open = False
        self.selected: list[tuple[int, str]] = []
        look_ahead = _AHEAD * case.at_once if is_bounded else None
        self.background = BackgroundRun(case.path, case.options, look_ahead)

    @property
    def why_no_gates(self) -> str:
        """Why no gate can be judged here; empty where the run says it."""
        if self.is_open:
            return A_PART
        return "" if self.background.is_begun else NO_ROW

    def want(self, rows: Sequence[tuple[int, str]]) -> None:
        """Learn of rows that will be waited for; under xdist of a few at a time."""
        self.selected += rows
        if self.is_open and not self.elsewhere:
            self.background.begin([place for place, _ in rows], are_all=False)

    def begin(self) -> None:
        """Work ahead, unless it does so already."""
        if self.background.is_begun or self.elsewhere:
            return
        if not self.is_open and len(self.selected) != self.rows:
            self.background.options = replace(
                self.case.options,
                selection=self._only_what_is_selected(),
                partial=f"pytest selected {len(self.selected)} of {self.rows} rows",
            )
        self.background.begin([place for place, _ in self.selected], are_all=not self.is_open)

    def _only_what_is_selected(self) -> Selection:
        """Return the selection that a resume of this run goes by."""
        whole = self.case.options.selection
        ids = [row_id for _, row_id in self.selected]
        if whole.times > 1:
            ids = [question_of(row_id)[0] for row_id in ids]
        return replace(whole, only=tuple(dict.fromkeys(ids)))

    def ended(self, place: int) -> Ended:
        """Wait for the end of a row."""
        self.begin()
        return self.background.ended(place)


class WholeSuite:
    """The run of a suite that is one item."""

    def __init__(self, case: Case, elsewhere: tuple[str, ...]) -> None:
        self.case = case
        self.elsewhere = elsewhere
        self.background = WholeRun(case.path, case.options)

    @property
    def why_no_gates(self) -> str:
        """Why no gate can be judged here; empty where the run says it."""
        return "" if self.background.is_begun else NO_ROW


class SuiteRuns:
    """The runs of a session; registered when the first suite is collected."""

    NAME = "sygra_eval_runs"

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self._runs: list[SuiteRun | WholeSuite] = []
        self._is_worker = hasattr(config, "workerinput")

    @classmethod
    def of(cls, config: pytest.Config) -> "SuiteRuns":
        """Return the session's runs."""
        known = config.pluginmanager.get_plugin(cls.NAME)
        if known is None:
            known = cls(config)
            config.pluginmanager.register(known, cls.NAME)
        assert isinstance(known, cls), "nobody else has this name"  # noqa: S101
        return known

    def of_rows(self, case: Case, rows: int) -> SuiteRun:
        """Return the run that the items of a suite share."""
        option = self.config.getoption
        if self._is_worker:
            case = replace(case, options=replace(case.options, partial=A_PART))
        run = SuiteRun(
            case,
            elsewhere=self._elsewhere(case),
            rows=rows,
            is_bounded=any(bool(option(name, default=None)) for name in ("maxfail", "stepwise")),
        )
        run.is_open = self._is_worker
        self._runs.append(run)
        return run

    def of_a_suite(self, case: Case) -> WholeSuite:
        """Return the run of a suite that is one item."""
        options = case.options
        if self.config.getoption("lf", default=False):
            wanted = replace(options.selection, last_time=LastTime.ONLY)
            options = replace(options, selection=wanted)
        if self.config.getini("sygra_rows") == "fail":  # else only errors count
            options = replace(options, max_failures=self.config.getoption("maxfail") or None)
        run = WholeSuite(replace(case, options=options), self._elsewhere(case))
        self._runs.append(run)
        return run

    def _elsewhere(self, case: Case) -> tuple[str, ...]:
        return () if self.config.getoption("sygra_calls") else asked_elsewhere(case.suite)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, items: list[pytest.Item]
    ) -> Generator[None, object, object]:
        """Move gates behind all rows, in their order; after `--ff` and whoever else orders items.

        Those are wrappers too; this plugin is registered after them, so it is around them.
        """
        result = yield
        items.sort(key=lambda item: isinstance(item, AfterRows))  # keeps their order otherwise
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Begin the run of the suite that comes first, and end all runs with the loop."""
        if self.config.option.collectonly:
            return (yield)
        rows = [item for item in session.items if isinstance(item, OfARow)]
        if all(_is_ours(item) for item in session.items):
            leave_pandas_out()  # no test in Python runs in this process and could miss it
        if not self._is_worker:
            for item in rows:
                item.run.want([(item.place, item.row_id)])
            if rows and not session.testsfailed:
                rows[0].run.begin()
        try:
            return (yield)
        finally:
            self._end()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """Under xdist look one item ahead: more is not known of what this worker will run."""
        if self._is_worker:
            for one in (item, nextitem):
                if isinstance(one, OfARow):
                    one.run.want([(one.place, one.row_id)])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let a row that failed tell why: of a set-up pytest prints the traceback of our code."""
        report = yield
        if report.when == "setup" and report.failed and _is_ours(item):
            assert call.excinfo is not None, "it failed"  # noqa: S101
            report.longrepr = item.repr_failure(call.excinfo)
        return report

    def _end(self) -> None:
        told = self.config.pluginmanager.get_plugin(Outcomes.NAME)
        for run in self._runs:
            run.background.finish()
            if told is not None and run.background.is_begun:
                told.runs.append(_told_of(run, has_gates=not self._is_worker))


def _is_ours(item: pytest.Item) -> bool:
    return isinstance(getattr(item, "run", None), SuiteRun | WholeSuite)


def _told_of(run: SuiteRun | WholeSuite, *, has_gates: bool) -> dict[str, object]:
    """Return what the session's end tells of a run, as xdist can send it.

    :param has_gates: Its gates were items, so that they said themselves when they failed.
    """
    background, name = run.background, run.case.suite.name
    summary = background.summary
    if summary is None:
        why = f"the run did not begin: {background.error}"
        exit_code = int(getattr(background.error, "exit_code", 3))
        return {"suite": name, "exit": exit_code, "why": why, "closing": "", "notes": []}
    return {
        "suite": name,
        "exit": int(summary.exit_code),
        "why": summary.exit_reason,
        "closing": closing_words(summary),
        "notes": background.notes[:20],
        "failed_unseen": not has_gates
        and how_gates_ended(summary.gates, is_strict=False).code not in (None, 0),
    }
