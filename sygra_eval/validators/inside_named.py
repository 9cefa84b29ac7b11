"""Named tests and how they went, in process T."""

from __future__ import annotations

from sygra_eval.validators.inside_proxies import NeedsOneProcess

TYPE_CHECKING = False  # importing `typing` takes longer than a short answer
if TYPE_CHECKING:
    from typing import Any

    from sygra_eval.validators.inside_tester import Run

Account = dict[str, str]
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


class Named:
    """One test with a name, and how it went."""

    def __init__(self, title: str, outcome: str = "", account: Account | None = None) -> None:
        self.title, self.outcome, self.account = title, outcome, account or {}


class BadTests(Exception):
    """Tests that judge nothing; it is no fault of the answer's."""


class Watch:
    """Catches whatever a piece of the tests raises, and what it may have swallowed."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.error: BaseException | None = None

    def __enter__(self) -> Watch:
        self.run.begin()
        self.asked = self.run.link.called if self.run.link is not None else 0
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        trouble = self.run.trouble()
        if isinstance(trouble, NeedsOneProcess):
            raise trouble
        if isinstance(error, BadTests):
            return False
        self.error = trouble or error
        return True


class Reporter:
    """Listens to pytest."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.bad = ""
        self.tests: dict[str, Named] = {}
        self.asked = run.link.called if run.link is not None else 0

    def pytest_collection_finish(self, session: Any) -> None:
        """Note what there is, so that a test without an outcome has none."""
        for item in session.items:
            self.tests[item.nodeid] = Named(item.nodeid.partition("::")[2], FAILED)

    def pytest_exception_interact(self, node: Any, call: Any, report: Any) -> None:
        """Look at a file that cannot be collected, and at fixtures that nobody has."""
        error = call.excinfo.value
        if report.when == "collect":
            cause = error.__cause__ or error.__context__ or error
            while cause.__class__.__name__ == "CollectError" and cause.__context__:
                cause = cause.__context__
            with Watch(self.run):
                pass
            try:
                self.run.refuse_bad(cause, self.asked)
            except BadTests as bad:
                self.bad = str(bad)
            account = self.run.account_of(self.run.trouble() or cause)
            self.tests.setdefault("", Named("loading the tests", FAILED, account))
        elif type(error).__name__ == "FixtureLookupError":
            text = (error.formatrepr().errorstring or "").split("\n")[0]
            self.bad = f"the tests need what is not there: {text}"

    def pytest_runtest_setup(self, item: Any) -> None:
        """Begin a test."""
        self.run.begin()

    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        """Keep what was raised, while it is at hand."""
        test = self.tests.setdefault(item.nodeid, Named(item.nodeid))
        trouble = self.run.trouble()
        error = trouble or (call.excinfo.value if call.excinfo is not None else None)
        if error is not None:
            test.account = test.account or self.run.account_of(error)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take the outcome of one phase."""
        test = self.tests.setdefault(report.nodeid, Named(report.nodeid, FAILED))
        if self.run.trouble() is not None:
            test.outcome = "broken"
        elif report.skipped or hasattr(report, "wasxfail"):
            test.outcome = SKIPPED
            test.account = {"error": "the test was skipped", "where": ""}
        elif report.when == "call" and report.passed and test.outcome == FAILED:
            test.outcome = PASSED
        elif not report.passed:
            test.outcome = "broken"
