"""The items: a row, or a whole suite where it has too many rows to be an item each."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from sygra_eval.pytest_plugin.background import Ended, NoEnd
from sygra_eval.pytest_plugin.session import SuiteRun
from sygra_eval.pytest_plugin.telling import properties_of, story_of
from sygra_eval.suite import case_id
from sygra_eval.values import Outcome, RecordEnd, SygraEvalError

if TYPE_CHECKING:
    from _pytest._io import TerminalWriter


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


class Told:
    """What pytest prints of a row that did not pass; `reprcrash` is the line of its summary."""

    def __init__(self, item: pytest.Item, text: str, reason: str) -> None:
        self.reprcrash = SimpleNamespace(message=reason, path=str(item.path), lineno=0)
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
        if end.outcome is Outcome.REJECTED:
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
        return self.path, None, case_id(self.run.case.suite.name, self.row_id)


def refuse_calls(run: SuiteRun) -> None:
    """Skip what would spend money that nobody has allowed; without any mark, so always."""
    if run.elsewhere:
        names = ", ".join(f"`{name}`" for name in run.elsewhere)
        pytest.skip(f"asks {names}, not on this machine: allow it by --sygra-calls")


class SuiteItem(pytest.Item):
    """A whole suite."""

    def __init__(self, *, run: SuiteRun, **given: Any) -> None:
        super().__init__(**given)
        self.run = run

    def runtest(self) -> None:
        """Run it."""
        raise NotImplementedError
