"""What the session's runs came to: told at the end, and turned into pytest's exit code.

Under xdist the workers run the suites and the controller tells of them.
"""

from collections.abc import Generator
from typing import Any

import pytest

OUTCOME = "sygra_outcome"
"""The property of a report that says how its row ended."""
GATE = "sygra_gate"
"""The property of a report that says what became of a gate."""

_SENT = "sygra_runs"
_LAST_FAILED = "cache/lastfailed"
_ACCEPTED = (0, 1, 2)
"""Codes of runs that say nothing beyond the items: 1 by rejected rows, 2 by pytest's own stop."""


class Outcomes:
    """Collects the runs' ends; registered in every session.

    :ivar runs: Of each run its suite, exit code, why, and the closing words.
    """

    NAME = "sygra_eval_outcomes"

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.runs: list[dict[str, Any]] = []
        self._expected: set[str] = set()

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Tell rows that nobody judged from those that passed."""
        if report.when == "call" and report.passed and _outcome_in(report) == "unjudged":
            return "unjudged", "u", "UNJUDGED"
        return None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note rejected rows that were expected to be."""
        if hasattr(report, "wasxfail") and _outcome_in(report) == "rejected":
            self._expected.add(report.nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take what a worker of xdist sends."""
        del error
        self.runs += getattr(node, "workeroutput", {}).get(_SENT, [])

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """Fail a session whose runs are incomplete, and remember for `--lf`."""
        sent = getattr(self.config, "workeroutput", None)
        if sent is not None:
            sent[_SENT] = self.runs
        elif session.exitstatus == pytest.ExitCode.OK and any(
            run["exit"] not in _ACCEPTED or run.get("failed_unseen") for run in self.runs
        ):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        yield
        if sent is None and self._expected:
            self._remember()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print of each run what `sygra-eval run` prints last."""
        if not self.runs:
            return
        terminalreporter.section("sygra_eval")
        for run in self.runs:
            for note in run["notes"]:
                terminalreporter.write_line(f"note: {note}")
            terminalreporter.write_line(f"{run['suite']}: exit {run['exit']}, {run['why']}")
            terminalreporter.write_line(run["closing"].rstrip("\n"))

    def _remember(self) -> None:
        """Let `--lf` find rows that are expected to fail; pytest forgets those."""
        cache = getattr(self.config, "cache", None)  # gone with `-p no:cacheprovider`
        if cache is None:
            return
        known = cache.get(_LAST_FAILED, {})
        cache.set(_LAST_FAILED, known | dict.fromkeys(sorted(self._expected), True))


def _outcome_in(report: pytest.TestReport) -> object:
    return dict(report.user_properties).get(OUTCOME)
