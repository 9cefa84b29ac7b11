"""Validator `shell`: the answer's script writes what its row's cases expect.

ShellCheck reads the script first, where it is installed. Then the script runs in the sandbox with
processes, on each case twice; what it wrote comes out and is compared out here.
"""

import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from sygra_eval.sandbox import program_at
from sygra_eval.validators.driver import (
    ASKED_AGAIN,
    Answered,
    Drive,
    Json,
    answered,
    drive_of_units,
)
from sygra_eval.validators.extract import extract_other
from sygra_eval.validators.outcomes import TestOutcomes
from sygra_eval.validators.row_tests import BadTests, ForeignItem, TestItem
from sygra_eval.validators.running import IsHostFault, run_judged, told_of
from sygra_eval.validators.shell_check import Checked, checked
from sygra_eval.validators.split import Unit
from sygra_eval.validators.unit_tests import counts, limits_for, part_of, told_counts
from sygra_eval.validators.unit_tests_config import TestColumns, UnitTestsConfig
from sygra_eval.validators.verdicts import in_one_line, quoted
from sygra_eval.validators.words import no_code
from sygra_eval.values import (
    PROCESSES,
    Candidate,
    Evidence,
    Execution,
    Limits,
    Problem,
    Scope,
    Stage,
    Status,
    ValidatorContext,
    Verdict,
)

INSIDE = Path(__file__).with_name("inside_shell.py").read_text("utf-8")
SCRIPT, RUNNER = "answer.sh", "inside_shell.py"
KEYS = frozenset({"args", "stdin", "files", "stdout", "exit_code"})
LONGEST_EXPECTED = 64 << 10
SHEBANG = re.compile(r"#!\s*\S*?(?:\benv\s+)?(?P<name>bash|dash|sh)\b")


class ShellConfig(BaseModel):
    """Keys of `shell`.

    :ivar source: As `from` of `unit_tests`; the columns hold cases.
    :ivar timeout: Seconds for all runs of the script, scaled to the machine.
    :ivar shellcheck: The least severity that fails; `off` does not ask.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    code_language: ClassVar[str] = "shell"
    allow: ClassVar[frozenset[str]] = frozenset({PROCESSES})

    source: str | TestColumns = Field(alias="from")
    timeout: float | None = Field(default=None, gt=0)
    shellcheck: Literal["error", "warning", "info", "style", "off"] = "error"

    @property
    def tests(self) -> UnitTestsConfig:
        """The keys that `unit_tests` has too."""
        keys = {"from": self.source, "timeout": self.timeout}
        return UnitTestsConfig.model_validate(keys)

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Report unknown columns."""
        yield from self.tests.problems(scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One run of the script: what it is given, and what it should write.

    :ivar exit_code: None takes any.
    """

    args: tuple[str, ...] = ()
    stdin: str = ""
    files: Mapping[str, str]
    stdout: str
    exit_code: int | None = None

    def __str__(self) -> str:
        given = [f"args {json.dumps(self.args)}"] if self.args else []
        given += [f"stdin {json.dumps(self.stdin)}"] if self.stdin else []
        given += [f"files {', '.join(self.files)}"] if self.files else []
        return "; ".join(given) or "no input"


async def shell(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when ShellCheck finds nothing and the script writes what every case expects."""
    config = ctx.validator.config
    assert isinstance(config, ShellConfig)  # noqa: S101 - registered with this model
    verdict = partial(Verdict, validator=ctx.validator.name, is_required=ctx.validator.is_required)
    candidate = in_shell(candidate)
    limits = limits_for(config.tests, ctx)
    try:
        cases = cases_for(config.tests, ctx)
        if candidate.code is None:
            return verdict(status=Status.FAIL, score=0.0, reason=no_code(candidate))
        dialect = dialect_of(candidate)
        looked = await checked(candidate.code, dialect, config.shellcheck, limits, ctx.sandbox)
        if looked.findings:
            return verdict(
                status=Status.FAIL, score=0.0, reason=looked.reason, evidence=looked.evidence
            )
        if isinstance(cases, str):
            return verdict(status=Status.SKIP, reason=cases, evidence=looked.evidence)
        return await ran_on(candidate.code, dialect, cases, limits, ctx, looked)
    except (BadTests, IsHostFault) as error:
        return verdict(status=Status.ERROR, reason=str(error))


def in_shell(candidate: Candidate) -> Candidate:
    """Take a script from the answer, where something else was looked for in it."""
    if candidate.language == "shell" or candidate.extraction == "given as code":
        return candidate
    found = extract_other(candidate.text, "shell")
    return Candidate(
        text=candidate.text,
        code=found.code,
        extraction=found.rule,
        warnings=found.warnings,
        language="shell",
        tag=found.tag,
    )


def dialect_of(candidate: Candidate) -> str:
    """Say which shell a script is for: by its fence, else by its first line, else bash."""
    if candidate.tag in {"sh", "posix"}:
        return "sh"
    named = SHEBANG.match(candidate.code or "")
    return "sh" if named and named["name"] != "bash" and candidate.tag != "bash" else "bash"


async def ran_on(
    code: str,
    dialect: str,
    cases: Sequence[tuple[TestItem, Case]],
    limits: Limits,
    ctx: ValidatorContext,
    looked: Checked,
) -> Verdict:
    """Run the script on the cases and judge what it wrote."""
    path = program_at(dialect)
    if path is None:
        raise IsHostFault(f"`{dialect}` is not installed where anybody may run it")
    nonce = secrets.token_hex(16)
    drive = drive_of_units([unit_of(case) for _, case in cases], nonce, ctx.seed)
    ran = await run_judged(ctx.sandbox, execution_of(code, path, drive, limits))
    came = answered(drive, ran)
    if came.stopped_at == -1:
        raise IsHostFault(f"the cases were not run: {told_of(ran)}")
    outcomes = outcomes_of([case for _, case in cases], came)
    items = [item for item, _ in cases]
    part = part_of(items, range(len(items)), outcomes, ran, (dialect, SCRIPT))
    tests = counts(items, part.passed)
    verdict = partial(
        Verdict,
        validator=ctx.validator.name,
        is_required=ctx.validator.is_required,
        evidence=Evidence(
            command=(dialect, SCRIPT),
            exit_code=ran.exit_code,
            output=looked.output,
            isolation=ran.isolation,
            limit_s=limits.wall_s,
            failing=part.failing[1] if part.failing else None,
            tests=tests,
        ),
    )
    if part.failing is None:
        reason = f"{told_counts(tests)} tests passed; {looked.reason}"
        return verdict(status=Status.PASS, score=1.0, reason=reason)
    return verdict(status=Status.FAIL, score=len(part.passed) / len(items), reason=part.failing[0])


def execution_of(code: str, shell: str, drive: Drive, limits: Limits) -> Execution:
    """One execution for all cases; no expected output is in it."""
    order = {
        "nonce": drive.nonce,
        "shell": shell,
        "units": [unit.steps for unit in drive.units],
        "order": drive.order,
    }
    return Execution(
        files={SCRIPT: code, RUNNER: INSIDE},
        entry=RUNNER,
        stdin=json.dumps(order),
        limits=limits,
        wants_result=True,
        allow=ShellConfig.allow,
    )


def unit_of(case: Case) -> Unit:
    """Make a step of what a case gives the script."""
    step = {"args": list(case.args), "stdin": case.stdin, "files": dict(case.files)}
    return Unit(steps=(step,), places=((0, ()),), text=str(case))  # type: ignore[arg-type]


def outcomes_of(cases: Sequence[Case], came: Answered) -> TestOutcomes:
    """Decide every case; none passes unless all answers came and nothing else did."""
    passed, failed = set[int](), dict[int, Mapping[str, str]]()
    for number, case in enumerate(cases):
        times = came.answers.get(number, ())
        if number == came.stopped_at or not times:
            continue
        why = why_not(case, times)
        if why is None:
            passed.add(number)
        else:
            failed[number] = {"where": "", "input": str(case), **why}
    is_stopped = came.stopped_at is not None
    if not is_stopped and not came.is_whole:
        return TestOutcomes(failed=failed, stopped_at=0)  # somebody else wrote on the pipe
    stopped = str(cases[came.stopped_at]) if came.stopped_at is not None else ""
    return TestOutcomes(
        passed=frozenset(passed),
        failed=failed,
        stopped_at=came.stopped_at,
        stopped_input=stopped,
    )


def why_not(case: Case, times: Sequence[Json]) -> dict[str, str] | None:
    """Tell why a case failed, or None."""
    seen: list[tuple[str, int, str]] = []
    for told in times:
        one = read(told[0])
        if isinstance(one, str):
            return {"error": one}
        seen.append(one)
    output, code, errors = seen[0]
    if (output, code) != seen[-1][:2]:
        return {"error": f"the script {ASKED_AGAIN}"}
    last = in_one_line(errors.strip().rpartition("\n")[2])
    if output.strip() != case.stdout.strip():
        shown = {"got": json.dumps(quoted(output.strip())), "error": last}
        return {**shown, "expected": json.dumps(quoted(case.stdout.strip()))}
    if case.exit_code is not None and code != case.exit_code:
        shown = {"got": f"exit code {code}", "error": last}
        return {**shown, "expected": f"exit code {case.exit_code}"}
    return None


def read(told: object) -> tuple[str, int, str] | str:
    """Read what came of one run, or say why it cannot be compared."""
    match told:
        case ["value", [str(output), int(code), str(errors)]]:
            return output, code, errors
        case ["large", str(why)]:
            return f"the script wrote {why[:40]}"
    return "nothing came that can be read"


# The cases of a row


def cases_for(
    config: UnitTestsConfig, ctx: ValidatorContext
) -> tuple[tuple[TestItem, Case], ...] | str:
    """Give the cases of this stage, or why there are none.

    :raises BadTests: When a column cannot be used.
    """
    columns = config.columns()
    if ctx.stage is Stage.LOOP:
        columns = {group: column for group, column in columns.items() if group == "visible"}
        if not columns:
            return "no visible tests are named; the hidden ones run after the loop"
    cases: tuple[tuple[TestItem, Case], ...] = ()
    for group, column in columns.items():
        found = tuple(cases_of(group, column, ctx.columns.get(column)))
        if not found:
            return f"the row has no {group} tests in `{column}`"
        cases += found
    return cases


def cases_of(group: str, column: str, value: object) -> Iterator[tuple[TestItem, Case]]:
    """Read one column."""
    listed = [value] if isinstance(value, Mapping) else value
    if listed is None:
        return
    if not isinstance(listed, list | tuple):
        raise BadTests(f"column `{column}` holds {type(listed).__name__}, not a list of cases")
    for number, one in enumerate(listed, 1):
        case = case_of(one, f"test {number} of `{column}`")
        item = ForeignItem(
            group=group,
            number=number,
            total=len(listed),
            statement=str(case),
            shown=str(case),
        )
        yield item, case


def case_of(told: object, title: str) -> Case:
    """Read one case.

    :raises BadTests: When it is none.
    """
    if not isinstance(told, Mapping):
        raise BadTests(f"{title} is {type(told).__name__}, not an object")
    unknown = sorted(str(key) for key in told.keys() - KEYS)
    if unknown:
        raise BadTests(f"{title} has the key `{unknown[0]}`; known: {', '.join(sorted(KEYS))}")
    args, files = told.get("args") or [], told.get("files") or {}
    stdin, stdout, code = told.get("stdin") or "", told.get("stdout"), told.get("exit_code")
    if not isinstance(stdout, str) or len(stdout) > LONGEST_EXPECTED:
        raise BadTests(f"{title} needs `stdout`: a text of at most {LONGEST_EXPECTED >> 10} KiB")
    if not isinstance(args, list | tuple) or not all(is_argument(arg) for arg in args):
        raise BadTests(f"{title}: `args` is no list of texts")
    if not isinstance(stdin, str) or not (code is None or type(code) is int):
        raise BadTests(f"{title}: `stdin` is a text, `exit_code` a number")
    if not isinstance(files, Mapping) or not all(map(is_file, files.items())):
        raise BadTests(f"{title}: `files` has texts by names that lead nowhere else")
    return Case(
        args=tuple(map(str, args)), stdin=stdin, files=dict(files), stdout=stdout, exit_code=code
    )


def is_argument(arg: object) -> bool:
    """Whether a program can be given it."""
    return (isinstance(arg, str) and "\0" not in arg) or type(arg) is int


def is_file(item: tuple[object, object]) -> bool:
    """Whether it is a text under a name below the case's own folder."""
    name, text = item
    if not isinstance(name, str) or not isinstance(text, str) or not name or "\0" in name:
        return False
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and path.name != ".unnamed"
