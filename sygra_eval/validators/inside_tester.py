"""Process T of split-test mode: runs a row's tests, and has of the answer only a stub module.

Outcomes go over the result pipe of this process, one JSON line each, which no answer can reach.
Where tests need the answer beside them, the same program loads it here; it is cooperative then.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from sygra_eval.validators.inside_link import Link, in_words
from sygra_eval.validators.inside_named import (
    FAILED,
    PASSED,
    SKIPPED,
    Account,
    BadTests,
    Named,
    Reporter,
    Watch,
)
from sygra_eval.validators.inside_proxies import (
    CandidateGone,
    NeedsOneProcess,
    NoPlainAnswer,
    Trouble,
)
from sygra_eval.validators.inside_stubs import NAMES, install
from sygra_eval.validators.inside_tests import Judge, run
from sygra_eval.validators.inside_wire import BrokenLink, Pipe

TYPE_CHECKING = False  # importing `typing` takes longer than a short answer
if TYPE_CHECKING:
    from typing import Any

ANSWER = "answer"
LONGEST = 400
PYTEST_FLAGS = (
    *("--noconftest", "--assert=rewrite", "--import-mode=importlib", "-c", os.devnull),
    *("--rootdir=.", "--confcutdir=."),
    *("-pno:cacheprovider", "-pno:terminal", "-pno:faulthandler", "-pno:junitxml"),
    *("-pno:doctest", "-pno:pastebin", "-pno:stepwise"),
)
Tell = Callable[[str, int, Account], None]


def main() -> None:
    """Meet the answer, run every test twice, and leave at once."""
    leave = os._exit
    order = json.loads(taken_from_stdin())
    tell = teller(int(os.environ.pop("SYGRA_EVAL_RESULT_FD")), order["nonce"])
    try:
        run = Run(order, tell)
        if run.meet_the_answer():
            run.all_items()
    except NeedsOneProcess as error:
        tell("together", 0, {"error": str(error)})
    except BadTests as error:
        tell("bad", 0, {"error": str(error)})
    finally:
        leave(0)


def teller(descriptor: int, nonce: str) -> Tell:
    """Make a function that writes one line."""

    def tell(kind: str, number: int, account: Account) -> None:
        line = json.dumps([nonce, kind, number, account]).encode() + b"\n"
        while line:
            line = line[os.write(descriptor, line) :]

    return tell


def taken_from_stdin() -> bytes:
    """Read standard input and put nothing in its place, so that nobody reads it again."""
    with open(0, "rb", closefd=False) as file:
        everything = file.read()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return everything


class Run:
    """All tests of a row against one answer."""

    def __init__(self, order: dict[str, Any], tell: Tell) -> None:
        self.items: list[dict[str, Any]] = order["items"]
        self.seed: int = order["seed"]
        self.is_apart: bool = order["is_apart"]
        self.tell = tell
        self.by_star: list[str] = order["by_star"]
        self.patience_s: float = order["patience_s"]
        self.link: Link | None = None
        if self.is_apart:
            self.link = Link(Pipe(self.patience_s), order["classes"])
        self.judge = Judge({}, order["entry_point"])

    def meet_the_answer(self) -> bool:
        """Wait until the other side has loaded it, or load it here."""
        if self.link is None:
            return self.loaded_here()
        try:
            if self.link.pipe.receive() != ["ready"]:
                return False
            self.tell("ready", 0, {})
            kind, *told = self.link.pipe.receive()
        except (BrokenLink, ValueError):
            return False
        if kind not in ("loaded", "unloaded"):
            return False
        if kind == "unloaded":
            _, _, words, place, *_ = (*told, "", "", "", "")
            self.tell("unloaded", 0, {"error": str(words), "where": str(place)})
            return False
        install(self.link, told[0], self.by_star)
        self.tell("loaded", 0, {})
        return True

    def loaded_here(self) -> bool:
        """Load the answer into this process."""
        self.tell("ready", 0, {})
        module = type(sys)(ANSWER)
        module.__file__ = f"{ANSWER}.py"
        sys.modules.update(dict.fromkeys(NAMES, module))
        with open(module.__file__, "rb") as file:  # noqa: PTH123 - start-up time
            source = self.judge.source = file.read()
        try:
            exec(compile(source, module.__file__, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
        except BaseException as error:  # noqa: BLE001 - the answer may raise anything
            self.tell("unloaded", 0, self.account_of(error))
            return False
        self.tell("loaded", 0, {})
        return True

    def all_items(self) -> None:
        """Run the tests; when all pass, once more against the same answer."""
        has_passed = True
        for number, (outcome, account) in enumerate(self.outcomes(1)):
            has_passed = has_passed and outcome == "pass"
            self.tell(outcome, number, account)
        if has_passed and self.is_apart:
            self.tell("again", 0, {})
            for number, (outcome, account) in enumerate(self.outcomes(2)):
                if outcome != "pass":
                    self.tell("wavers", number, account)
        self.tell("end", len(self.items), {})

    def outcomes(self, turn: int) -> Iterator[tuple[str, Account]]:
        """Run the items in their order; those that are statements share their names."""
        self.judge.namespace = {"__name__": "tests"}
        if self.link is not None:
            self.link.pipe.patience_s = self.patience_s
        if "random" in sys.modules:
            sys.modules["random"].seed(self.seed)
        for number, item in enumerate(self.items):
            if turn == 1:
                self.tell("start", number, {})
            if self.link is not None:
                try:
                    self.link.ask("seed")
                except Trouble as trouble:
                    yield "fail", self.account_of(trouble)
                    continue
            if item["kind"] == "statements":
                yield self.statements(item, number)
            else:
                yield self.file(item, f"test_{number + 1}_{turn}")

    def statements(self, item: dict[str, Any], number: int) -> tuple[str, Account]:
        """Run statements; they pass when nothing is raised."""
        self.judge.failed = {}
        self.judge.namespace["__sygra_check__"] = self.judge.check
        with Watch(self) as watch:
            run(item["source"], f"test {number + 1}", self.judge.namespace)
        if watch.error is None:
            return "pass", {}
        self.refuse_bad(watch.error, watch.asked)
        return "fail", {**self.account_of(watch.error), **kept_of(self.judge.failed)}

    def file(self, item: dict[str, Any], name: str) -> tuple[str, Account]:
        """Run a file of named tests; it passes when each of those collected did."""
        kinds = {"functions": self.functions, "unittest": self.unittest, "pytest": self.pytest}
        asked = self.link.called if self.link is not None else 0
        tests = kinds[item["kind"]](item["source"], name)
        if self.link is not None and isinstance(self.link.trouble, NeedsOneProcess):
            raise self.link.trouble
        is_ours = self.link is None or self.link.called == asked
        if not tests:
            if is_ours:
                raise BadTests("no tests: nothing was collected")
            return "fail", {"error": "no test is left after the answer was asked", "where": ""}
        passed = [test for test in tests if test.outcome == PASSED]
        counted = {"passed": str(len(passed)), "collected": str(len(tests))}
        first = next((test for test in tests if test.outcome != PASSED), None)
        if first is None:
            return "pass", counted
        if is_ours and all(test.outcome == SKIPPED for test in tests):
            raise BadTests(f"no tests: all {len(tests)} are skipped")
        return "fail", {**first.account, **counted, "name": first.title}

    def functions(self, source: str, name: str) -> list[Named]:
        """Call plain functions in their order."""
        module = self.module_of(source, name)
        if isinstance(module, Named):
            return [module]
        found = [key for key, value in vars(module).items() if is_test_function(key, value, name)]
        return [self.named(title, getattr(module, title)) for title in found]

    def named(self, title: str, function: Callable[[], object]) -> Named:
        """Run one test."""
        self.judge.failed = {}
        with Watch(self) as watch:
            function()
        if watch.error is None:
            return Named(title, PASSED)
        account = {**self.account_of(watch.error), **kept_of(self.judge.failed)}
        return Named(title, FAILED, account)

    def module_of(self, source: str, name: str) -> Any:
        """Load a file of tests as a module; what went wrong counts as a test that failed."""
        module: Any = type(sys)(name)
        sys.modules[name] = module
        module.__file__ = f"{name}.py"
        module.__dict__["__sygra_check__"] = self.judge.check
        with Watch(self) as watch:
            exec(compile(source, f"{name}.py", "exec", dont_inherit=True), module.__dict__)  # noqa: S102
        if watch.error is None:
            return module
        self.refuse_bad(watch.error, watch.asked)
        return Named("loading the tests", FAILED, self.account_of(watch.error))

    def unittest(self, source: str, name: str) -> list[Named]:
        """Run the test cases of a file."""
        import unittest

        vars(unittest)["main"] = lambda *_, **__: None  # a file may call it as it is loaded
        module = self.module_of(source, name)
        if isinstance(module, Named):
            return [module]
        suite = unittest.TestLoader().loadTestsFromModule(module)
        tests: dict[str, Named] = {}
        names: dict[str, str] = {}
        for case in flat(suite):
            title = case.id().removeprefix(f"{name}.")
            tests[case.id()], names[case.id()] = Named(title), title
        run = self

        class Result(unittest.TestResult):
            def startTest(self, test: Any) -> None:  # noqa: N802 - unittest's own name
                super().startTest(test)
                run.begin()

            def settle(self, test: Any, outcome: str, error: BaseException | None = None) -> None:
                case = getattr(test, "test_case", test)
                kept = tests.setdefault(case.id(), Named(str(case.id())))
                if kept.outcome in ("", PASSED):
                    trouble = run.trouble()
                    told = trouble or error
                    kept.outcome = FAILED if trouble else outcome
                    kept.account = run.account_of(told) if told else {"error": outcome, "where": ""}

            def addSuccess(self, test: Any) -> None:  # noqa: N802
                self.settle(test, PASSED)

            def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802
                self.settle(test, FAILED, err[1])

            addError = addFailure  # noqa: N815

            def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802
                if err is not None:
                    self.settle(test, FAILED, err[1])

            def addSkip(self, test: Any, reason: str) -> None:  # noqa: N802
                self.settle(test, SKIPPED)

            def addExpectedFailure(self, test: Any, err: Any) -> None:  # noqa: N802
                self.settle(test, SKIPPED)

            def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: N802
                self.settle(test, FAILED)

        with suppress(KeyboardInterrupt):
            suite.run(Result())
        return list(tests.values())

    def pytest(self, source: str, name: str) -> list[Named]:
        """Have pytest run a file."""
        import pytest

        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        with open(f"{name}.py", "w", encoding="utf-8") as file:  # noqa: PTH123 - start-up time
            file.write(source)
        reporter = Reporter(self)
        stdout, stderr = sys.stdout, sys.stderr
        pytest.main([*PYTEST_FLAGS, f"{name}.py"], plugins=[reporter])
        sys.stdout, sys.stderr = stdout, stderr
        if reporter.bad:
            raise BadTests(reporter.bad)
        return list(reporter.tests.values())

    def begin(self) -> None:
        """Forget the trouble of the test before; a link that is broken stays so."""
        if self.link is not None and isinstance(self.link.trouble, NoPlainAnswer):
            self.link.trouble = None

    def trouble(self) -> Trouble | None:
        """Give what ended a test though the test may have swallowed it."""
        return self.link.trouble if self.link is not None else None

    def refuse_bad(self, error: BaseException, asked: int) -> None:
        """Say that tests cannot be used, where the answer cannot be the reason."""
        if not isinstance(error, ImportError | OSError) or (
            self.link and self.link.called != asked
        ):
            return
        if str(getattr(error, "name", "")).partition(".")[0] not in NAMES:
            hint = "; the answer is imported as `solution`, packages stand in `sandbox.packages`"
            told = f"{type(error).__name__}: {error}"
            is_missing = isinstance(error, ModuleNotFoundError)
            raise BadTests(f"the tests cannot be loaded: {told}{hint if is_missing else ''}")

    def account_of(self, error: BaseException) -> Account:
        """Say what ended a test."""
        words = in_words(self.link.last) if self.link is not None else ""
        if isinstance(error, CandidateGone):
            gone, told = str(error), "the program wrote what nobody had asked for"
            if gone in ("closed", "late"):
                return {"gone": gone, "input": words, "error": "", "where": ""}
            return {"input": words, "error": told, "where": ""}
        if isinstance(error, NoPlainAnswer):
            return {"error": f"the answer gave {error}", "where": "", "input": words}
        told = getattr(error, "sygra_told", "")
        if not told:
            account = self.judge.account_of(error)
            told, place = account["error"], account["where"]
        else:
            place = getattr(error, "sygra_place", "")
        return {"error": " ".join(told.split("\n"))[:LONGEST], "where": place, "input": words}


def flat(suite: Iterable[Any]) -> Iterator[Any]:
    """Walk the cases of a suite."""
    for part in suite:
        if hasattr(part, "__iter__"):
            yield from flat(part)
        else:
            yield part


def is_test_function(name: str, value: object, module: str) -> bool:
    """Whether this is a function of the tests that is one of them."""
    return (
        name.startswith("test") and getattr(value, "__module__", "") == module and callable(value)
    )


def kept_of(account: Account) -> Account:
    """Take what was compared from an account."""
    return {key: value for key, value in account.items() if key in ("input", "expected", "got")}
