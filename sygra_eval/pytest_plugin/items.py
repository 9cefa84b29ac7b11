"""The items: a row, or a whole suite where it has too many rows to be an item each."""

from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from sygra_eval.engine import has_held
from sygra_eval.pytest_plugin.background import Ended, NoEnd
from sygra_eval.pytest_plugin.session import SuiteRun, WholeSuite
from sygra_eval.pytest_plugin.telling import properties_of, story_of
from sygra_eval.suite import case_id, encoded
from sygra_eval.values import Outcome, RecordEnd, SygraEvalError

if TYPE_CHECKING:
    from _pytest._io import TerminalWriter

_EXAMPLES = 20


class RowRejected(SygraEvalError):
    """A required validator found the row wrong."""

    def __init__(self, end: RecordEnd) -> None:
        super().__init__(end.reason)
        self.end = end


class RowFailed(SygraEvalError):
    """The row came to nothing by no fault of its answer."""

    def __init__(self, end: RecordEnd) -> None:
        super().__init__(end.reason)
        self.end = end


class RowsFellOut(SygraEvalError):
    """Rows of a suite that is one item."""

    def __init__(self, counted: Counter[Outcome], examples: list[str]) -> None:
        told = ", ".join(f"{count:,} {outcome.value}" for outcome, count in counted.items())
        super().__init__("\n".join([f"rows that fell out: {told}", *examples]))


@dataclass(frozen=True, slots=True)
class Crash:
    """The one line of a row or gate that did not pass: `--tb=line` prints it as it reads here."""

    where: str
    message: str
    path: str
    lineno: int = 0

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class Told:
    """What pytest prints of a row that did not pass; `reprcrash` is the line of its summary."""

    def __init__(self, item: pytest.Item, text: str, reason: str) -> None:
        self.reprcrash = Crash(where=item.nodeid, message=reason, path=str(item.path))
        self._text = text

    def __str__(self) -> str:
        return self._text

    def toterminal(self, writer: "TerminalWriter") -> None:
        """Print it."""
        writer.line(self._text)


class RowItem(pytest.Item):
    """A row of a suite: passes when it is verified."""

    def __init__(self, *, run: SuiteRun, place: int, row_id: str, **given: Any) -> None:
        super().__init__(**given)
        self.run = run
        self.place = place
        self.row_id = row_id
        self.extra_keyword_matches.add(row_id)
        self._ended: Ended | None = None

    def setup(self) -> None:
        """Wait for the row's end; that it has none is an error and no failure."""
        refuse_calls(self.run)
        ended = self.run.ended(self.place)
        if ended.end.row_id != self.row_id:
            raise NoEnd(f"the source changed: the row here is `{ended.end.row_id}` by now")
        self._ended = ended
        self.user_properties[:] = properties_of(ended)
        if ended.end.outcome is Outcome.FAILED:
            raise RowFailed(ended.end)

    def runtest(self) -> None:
        """Fail when the row was rejected."""
        assert self._ended is not None, "set up before"  # noqa: S101
        end = self._ended.end
        if end.outcome is Outcome.UNJUDGED:
            self.add_report_section("call", "sygra_eval", f"unjudged: {end.reason}")
        if end.outcome is Outcome.REJECTED and not has_held(self.run.case.suite, end):
            if self.config.getini("sygra_rows") == "report":
                raise pytest.xfail.Exception(end.reason)
            raise RowRejected(end)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Say what `sygra-eval show` says of the row."""
        error = excinfo.value
        match error:
            case RowRejected() | RowFailed():
                folder = self.run.background.folder
                return Told(self, story_of(error.end, folder), str(error))
            case NoEnd():
                return Told(self, str(error), str(error))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Return the row's id as people type it."""
        suite = self.run.case.suite
        return self.path, None, case_id(suite.name, self.row_id, variant=suite.variant)


def refuse_calls(run: SuiteRun | WholeSuite) -> None:
    """Skip what would spend money that nobody has allowed; without any mark, so always."""
    if run.elsewhere:
        names = ", ".join(f"`{name}`" for name in run.elsewhere)
        pytest.skip(f"asks {names}, not on this machine: allow it by --sygra-calls")


def _uncaptured(config: pytest.Config) -> AbstractContextManager[None]:
    """Let the terminal be written to while an item runs, whose output is captured."""
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    return nullcontext() if capture is None else capture.global_and_fixture_disabled()


class SuiteItem(pytest.Item):
    """All rows of a suite; each that falls out gets a report of its own beside."""

    def __init__(self, *, run: WholeSuite, **given: Any) -> None:
        super().__init__(**given)
        self.run = run
        self._counted: Counter[Outcome] = Counter()
        self._examples: list[str] = []

    def runtest(self) -> None:
        """Run the suite, and tell of each row that falls out as it does.

        Whoever calls it again (`--reruns`) gets what the one run came to.
        """
        refuse_calls(self.run)
        counted, examples = self._counted, self._examples
        is_expected = self.config.getini("sygra_rows") == "report"
        for ended in self.run.background.fallen():
            end = ended.end
            if has_held(self.run.case.suite, end):
                continue
            counted[end.outcome] += 1
            if len(examples) < _EXAMPLES:
                examples.append(f"{end.row_id}: {end.outcome.value}, {end.reason}")
            if not hasattr(self.config, "workerinput"):  # xdist takes reports of items alone
                self._tell(ended, is_expected=is_expected and end.outcome is Outcome.REJECTED)
            if self.session.shouldfail or self.session.shouldstop:
                break
        else:
            if self.run.background.summary is None:
                raise NoEnd(f"the run did not go on: {self.run.background.error}")
        if counted[Outcome.FAILED] or (counted[Outcome.REJECTED] and not is_expected):
            raise RowsFellOut(counted, examples)

    def _tell(self, ended: Ended, *, is_expected: bool) -> None:
        assert self.parent is not None, "it is below a variant"  # noqa: S101
        end = ended.end
        is_error = end.outcome is Outcome.FAILED
        suite = self.run.case.suite
        row = case_id(suite.name, end.row_id, variant=suite.variant)
        told = Told(self, story_of(end, self.run.background.folder), end.reason)
        self.session.testscollected += 1  # or more than 100 % would be done
        for when in ("setup" if is_error else "call", "teardown"):
            outcome: Any = "passed" if when == "teardown" else "failed"
            report = pytest.TestReport(
                nodeid=f"{self.parent.nodeid}::{encoded(end.row_id)}",
                location=(self.location[0], None, row),
                keywords={},
                outcome="skipped" if is_expected and when == "call" else outcome,
                longrepr=None if when == "teardown" else told,  # type: ignore[arg-type]
                when=when,
                user_properties=properties_of(ended),
            )
            if is_expected and when == "call":
                report.wasxfail = end.reason
            with _uncaptured(self.config):
                self.ihook.pytest_runtest_logreport(report=report)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Name how many rows fell out, and the first of them."""
        if isinstance(excinfo.value, RowsFellOut | NoEnd):
            text = str(excinfo.value)
            return Told(self, text, text.partition("\n")[0])
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Return the suite's name."""
        return self.path, None, self.run.case.suite.name
