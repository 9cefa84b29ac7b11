"""Split-test mode: tests in one box, the answer in another, and only calls between them.

What driver mode cannot take apart (unittest and pytest files, functions and imports of the tests'
own) runs here as it is. Expected values and tests never enter the answer's box, and the answer
never enters that of the tests, where the outcomes are. A few things still need both in one process:
patches of the answer's module, files that both use, classes made of the answer's.
"""

import ast
import json
import marshal
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.util import MAGIC_NUMBER
from pathlib import Path

from sygra_eval.validators.bare_names import BareNames, bare_names
from sygra_eval.validators.outcomes import NOTHING, Line, TestOutcomes, lines_of
from sygra_eval.validators.row_files import (
    STATEMENTS,
    bound_names,
    imported_from_answer,
    kind_of,
    names_read,
    only_defines,
    refuse_async,
    tree_or_bad,
    why_together,
    with_answer,
)
from sygra_eval.validators.row_tests import BadTests, TestItem
from sygra_eval.validators.running import IsHostFault
from sygra_eval.validators.syntax import defined_names, names_in, tree_of
from sygra_eval.values import Execution, ExecutionResult, Limits, TestCount

ENTRY = "start.py"
PACKAGE = "sygra_eval.validators"
CANDIDATE_PARTS = ("typed_values", "inside_wire", "inside_candidate")
TESTER_PARTS = (
    *("typed_values", "inside_wire", "inside_proxies", "inside_link", "inside_stubs"),
    *("inside_tests", "inside_named", "inside_tester"),
)
STARTER = """\
import binascii, marshal, sys
import _frozen_importlib_external
ready = {{}}
if _frozen_importlib_external.MAGIC_NUMBER == {magic!r}:
    ready = marshal.loads(binascii.a2b_base64("{code}"))
for part in {parts!r}:
    if part not in ready:
        with open(part + ".py", "rb") as file:
            ready[part] = compile(file.read(), part + ".py", "exec", dont_inherit=True)
    module = sys.modules["{package}." + part] = type(sys)("{package}." + part)
    exec(ready[part], module.__dict__)
module.main()
"""
COMMAND = ("python", "inside_tester.py", "tests")
TESTERS_OWN_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRun:
    """The tests of a row as process T is given them.

    :ivar kinds: For each test `statements`, `functions`, `unittest` or `pytest`.
    :ivar beside: The sources for a process that the answer is in, where its names are all there.
    :ivar classes: Those of the answer's that the tests name.
    :ivar by_star: What `from solution import *` gives them.
    :ivar why_together: Why they cannot run apart from the answer; empty when they can.
    """

    __test__ = False  # not a test class, whatever pytest thinks of the name

    items: tuple[TestItem, ...]
    kinds: tuple[str, ...]
    sources: tuple[str, ...]
    beside: tuple[str, ...]
    entry_point: str | None
    packages: tuple[str, ...]
    classes: tuple[str, ...]
    by_star: tuple[str, ...]
    why_together: str

    @property
    def needs_runner(self) -> bool:
        """Whether `inside_tests` cannot run them: files of named tests, or what imports pytest."""
        imports_answer = any(imported_from_answer(ast.parse(source)) for source in self.sources)
        return bool(self.packages) or imports_answer or set(self.kinds) != {"statements"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What process T said.

    :ivar named: For each file that was run: how many of its named tests passed.
    :ivar is_late: The answer had not answered when its time was up.
    :ivar why_together: What could not be done apart; the tests then have to run beside the answer.
    """

    outcomes: TestOutcomes
    named: Mapping[int, TestCount] = field(default_factory=dict)
    why_together: str = ""
    is_whole: bool = False
    is_late: bool = False


def plan_of(
    items: Sequence[TestItem], code: str, entry_point: str | None, others: Sequence[TestItem]
) -> TestRun:
    """Read what kinds of tests these are, and what of the answer they use.

    :raises BadTests: For tests that no runner of ours can run.
    """
    trees = [tree_or_bad(item.statement, item.title) for item in items]
    kinds = tuple(kind_of(tree) for tree in trees)
    if not others and set(kinds) == {STATEMENTS} and not any(map(judges, items)):
        raise BadTests(f"{items[0].title}: no tests: nothing was collected, it only defines")
    has, answer = defined_names(code), tree_of(code)
    names = bare_names(answer, has, entry_point or "")
    bound_by = [names_in(tree.body) for tree in trees]
    bound_anywhere = set[str]().union(*bound_by, *(bound_names(item) for item in others))
    sources, beside = [], []
    for item, kind, tree, bound in zip(items, kinds, trees, bound_by, strict=True):
        refuse_async(tree, kind, item.title)
        program = item.program if kind in ("statements", "functions") else item.statement
        own = bound_anywhere if kind == "statements" else bound
        sources.append(with_answer(program, names, own))
        beside.append(with_answer(program, BareNames(has), own))
    read = set[str]().union(*(names_read(tree) for tree in trees))
    classes = {n.name for n in answer.body if isinstance(n, ast.ClassDef)} if answer else set()
    return TestRun(
        items=tuple(items),
        kinds=kinds,
        sources=tuple(sources),
        beside=tuple(beside),
        entry_point=entry_point,
        packages=("pytest",) if "pytest" in kinds or "pytest" in read else (),
        classes=tuple(sorted(classes & read)),
        by_star=tuple(name for name in names.by_star if name not in bound_anywhere),
        why_together=why_together(trees, kinds, names, answer),
    )


def judges(item: TestItem) -> bool:
    """Whether statements do more than define; `check(candidate)` is called by the program."""
    return not only_defines(tree_or_bad(item.program, item.title))


def pair_of(
    run: TestRun, code: str, nonce: str, seed: int, limits: Limits
) -> tuple[Execution, Execution]:
    """Make the two programs: the tests, and the answer with nothing of the tests."""
    tests = Execution(
        files=program_of(TESTER_PARTS),
        entry=ENTRY,
        stdin=order_of(run, nonce, seed, limits.wall_s, is_apart=True),
        limits=longer(limits, 2),
        wants_result=True,
        packages=run.packages,
    )
    answer = Execution(
        files={"answer.py": code, **program_of(CANDIDATE_PARTS)},
        entry=ENTRY,
        stdin=json.dumps({"seed": seed}),
        limits=replace(longer(limits, 3), cpu_s=2 * limits.cpu_s, memory_mb=limits.memory_mb),
    )
    return tests, answer


def together(run: TestRun, code: str, nonce: str, seed: int, limits: Limits) -> Execution:
    """Make one program of the tests and the answer beside them."""
    return Execution(
        files={"answer.py": code, **program_of(TESTER_PARTS)},
        entry=ENTRY,
        stdin=order_of(run, nonce, seed, limits.wall_s, is_apart=False),
        limits=limits,
        wants_result=True,
        packages=run.packages,
    )


def order_of(run: TestRun, nonce: str, seed: int, patience_s: float, *, is_apart: bool) -> str:
    """Write what process T reads from its standard input."""
    sources = run.sources if is_apart else run.beside
    items = [{"kind": k, "source": s} for k, s in zip(run.kinds, sources, strict=True)]
    order = {
        "nonce": nonce,
        "seed": seed,
        "items": items,
        "entry_point": run.entry_point,
        "classes": run.classes,
        "by_star": run.by_star,
        "is_apart": is_apart,
        "patience_s": patience_s,
    }
    return json.dumps(order)


def longer(limits: Limits, times: int) -> Limits:
    """Give the tests the answer's time and some for themselves; they say when the answer is late.

    All of it runs twice. The answer's clock also runs while the tests compute, so it runs for
    longer still.
    """
    return replace(
        limits,
        wall_s=2 * limits.wall_s + times * TESTERS_OWN_S,
        cpu_s=2 * limits.cpu_s + TESTERS_OWN_S,
        memory_mb=max(limits.memory_mb, 512),
    )


@cache
def program_of(parts: tuple[str, ...]) -> Mapping[str, str]:
    """Give the files of a program of ours, compiled once out here."""
    sources = {part: Path(__file__).with_name(f"{part}.py").read_text("utf-8") for part in parts}
    code = marshal.dumps(
        {
            part: compile(text, f"{part}.py", "exec", dont_inherit=True)
            for part, text in sources.items()
        }
    )
    starter = STARTER.format(
        magic=MAGIC_NUMBER, code=b64encode(code).decode("ascii"), parts=parts, package=PACKAGE
    )
    return {ENTRY: starter, **{f"{part}.py": text for part, text in sources.items()}}


def told_by(ran: ExecutionResult, run: TestRun, nonce: str) -> Told:
    """Read the lines of process T in their order; only the whole sequence lets a test pass.

    :raises BadTests: When the tests judge nothing, whatever the answer is.
    :raises IsHostFault: When our own programs did not come to meet.
    """
    lines = lines_of(ran.result or "", nonce)
    if next(lines, NOTHING)[0] != "ready":
        raise IsHostFault(f"the tests could not be started: {ran.reason}")
    kind, _, account = next(lines, NOTHING)
    if kind == "unloaded":
        return Told(outcomes=TestOutcomes(load_failure=account), is_whole=True)
    if kind != "loaded":
        return Told(outcomes=TestOutcomes(stopped_at=-1))
    reading = Reading(run)
    for line in lines:
        reading.take(line)
    return reading.told()


class Reading:
    """What the lines said so far."""

    def __init__(self, run: TestRun) -> None:
        self.run = run
        self.passed: set[int] = set()
        self.failed: dict[int, dict[str, str]] = {}
        self.named: dict[int, TestCount] = {}
        self.started = -1
        self.why_together = ""
        self.has_ended = self.is_again = self.is_broken = False

    def take(self, line: Line) -> None:
        """Take the next line."""
        kind, number, told = line
        account = dict(told)
        if self.has_ended or not kind:
            self.is_broken = True
        elif kind == "bad":
            title = self.run.items[max(self.started, 0)].title
            raise BadTests(f"{title}: {account.get('error', '')}")
        elif kind == "together":
            self.why_together = account.get("error", "") or "objects"
        elif kind == "start" and number == self.started + 1 and not self.is_again:
            self.started = number
        elif kind in ("pass", "fail") and number == self.started and not self.is_again:
            self.settle(number, account, has_passed=kind == "pass")
        elif kind == "again":
            self.is_again = True
        elif kind == "wavers" and self.is_again:
            self.passed.discard(number)
            self.failed[number] = {**account, "wavers": "yes"}
        elif kind == "end":
            self.has_ended = number == len(self.run.items) == self.started + 1
        else:
            self.is_broken = True

    def settle(self, number: int, account: dict[str, str], *, has_passed: bool) -> None:
        """Note how one test went."""
        if "collected" in account:
            total, passed = int(account["collected"]), int(account["passed"])
            has_passed = has_passed and passed == total > 0
            self.named[number] = TestCount(passed=min(passed, total), total=total)
        if has_passed:
            self.passed.add(number)
        else:
            self.failed[number] = account

    def told(self) -> Told:
        """Say what it comes to."""
        is_whole = self.has_ended and not self.is_broken
        if self.why_together:
            return Told(outcomes=TestOutcomes(), why_together=self.why_together)
        passed = frozenset(self.passed) if is_whole else frozenset[int]()
        stopped_at = None if is_whole else max(self.started, 0)
        stopped_input, is_late = "", False
        gone = next((n for n in sorted(self.failed) if "gone" in self.failed[n]), None)
        if gone is not None:
            is_late = self.failed[gone]["gone"] == "late"
            stopped_at, stopped_input = gone, self.failed[gone].get("input", "")
            for number in [n for n in self.failed if "gone" in self.failed[n]]:
                del self.failed[number]
        return Told(
            outcomes=TestOutcomes(
                passed=passed,
                failed=self.failed,
                stopped_at=stopped_at,
                stopped_input=stopped_input,
            ),
            named=self.named,
            is_whole=is_whole,
            is_late=is_late,
        )
