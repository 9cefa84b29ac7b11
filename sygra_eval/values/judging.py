"""What is judged, what a judge says of it, and how untrusted code is run for that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable


class Status(StrEnum):
    """What a validator says. An error is ours, never a score of 0."""

    PASS = "pass"
    FAIL = "fail"
    ERROR = "error"
    SKIP = "skip"


class Trust(StrEnum):
    """Where the judge sat: outside the candidate's process, or inside it."""

    SEPARATE = "separate"
    COOPERATIVE = "cooperative"


class Stage(StrEnum):
    """When a validator is asked: inside a loop hidden tests do not exist."""

    LOOP = "loop"
    FINAL = "final"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What the graph produced for one row, before it is judged.

    :ivar text: The whole answer.
    :ivar code: The code taken from it, None when there is none.
    :ivar extraction: The rule that found the code (evidence), or why there is none.
    :ivar language: What was looked for: `python`, `javascript` or `shell`.
    :ivar tag: Of the code's fence, where that tells dialects apart (`sh`, `bash`).
    """

    text: str
    code: str | None
    extraction: str
    warnings: tuple[str, ...] = ()
    entry_point: str | None = None
    language: str = "python"
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCount:
    """How many tests of a group passed, of how many."""

    __test__ = False  # not a test class, whatever pytest thinks of the name

    passed: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingCase:
    """The first failing test, in words for the critic; empty fields are unknown."""

    test: str
    input: str = ""
    expected: str = ""
    got: str = ""
    traceback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What proves a verdict: enough to repeat it. Holds no time, pid, path or address.

    :ivar tests: Per group (`visible`, `hidden`) how many passed.
    :ivar further: More failing cases after the first, two at most.
    :ivar measures: Figures of the row by name; `mutation_score` becomes a column of the data.
    """

    command: tuple[str, ...] = ()
    exit_code: int | None = None
    output: str = ""
    isolation: str = ""
    limit_s: float | None = None
    failing: FailingCase | None = None
    further: tuple[FailingCase, ...] = ()
    tests: Mapping[str, TestCount] = field(default_factory=dict)
    measures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one validator says of one candidate.

    :ivar is_accepted_cooperative: The suite takes this verdict though its trust is cooperative.
    """

    validator: str
    status: Status
    reason: str
    score: float | None = None  # 0..1
    evidence: Evidence | None = None
    trust: Trust = Trust.SEPARATE
    is_required: bool = True
    is_accepted_cooperative: bool = False

    def __post_init__(self) -> None:
        if self.score is not None and self.status in (Status.ERROR, Status.SKIP):
            raise ValueError(f"{self.validator}: {self.status} is no judgement, so it has no score")
        if self.score is not None and not 0.0 <= self.score <= 1.0:
            raise ValueError(f"{self.validator}: score {self.score!r} is outside 0..1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A candidate with what the validators of one stage said of it."""

    candidate: Candidate
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on one execution of untrusted code.

    :ivar address_mb: Address space, where a program reserves much more than it uses (node does);
        `memory_mb` then bounds what it can write to. 0 lets `memory_mb` bound both.
    """

    wall_s: float = 5.0
    cpu_s: float = 4.0
    memory_mb: int = 512
    address_mb: int = 0
    file_mb: int = 64
    open_files: int = 64
    threads: int = 32
    kept_output_kb: int = 64
    max_output_mb: int = 8


PROGRAMS = "programs"
"""Run another program of the system in its own place (exec), without any process beside it."""

PROCESSES = "processes"
"""Start other programs and processes; includes `PROGRAMS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One Python program to run in a sandbox.

    :ivar allow: What it may do beyond computing, `PROGRAMS` or `PROCESSES`; see docs/sandbox.md.
        A sandbox that cannot bound that says `setup_failed`.

    :ivar files: Names (no folders) to texts, placed in the private folder.
    :ivar entry: The file that runs as `__main__`.
    :ivar wants_result: Hand the program a pipe for one result message of at most 4 MiB: its
        descriptor's number stands in the environment variable `SYGRA_EVAL_RESULT_FD`.
    :ivar support: Files of the harness's own that many executions use: Python modules, each after
        those that it uses. They are placed beside the others, or the sandbox has them loaded: then
        a module finds the names of those before it, by file, in its global `READY`, and an entry
        among them has its `main` called.
    :ivar hash_seed: PYTHONHASHSEED, which decides the order of a set of strings.
    :ivar packages: Installed distributions that the program may import, with what they require;
        without any it has the standard library alone.
    """

    files: Mapping[str, str]
    entry: str
    stdin: str = ""
    limits: Limits = field(default_factory=Limits)
    wants_result: bool = False
    allow: frozenset[str] = frozenset()
    support: Mapping[str, str] = field(default_factory=dict)
    hash_seed: int = 0
    packages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.hash_seed < 1 << 32:
            raise ValueError(f"hash seed {self.hash_seed} is outside 0..2**32 - 1")


class ExecutionStatus(StrEnum):
    """How an execution ended; only `setup_failed` is the sandbox's own fault."""

    OK = "ok"
    EXIT = "exit"
    SIGNAL = "signal"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    OUTPUT_LIMIT = "output_limit"
    SETUP_FAILED = "setup_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionResult:
    """What came of one execution.

    :ivar result: The message on the result pipe; None when none or no whole one came.
    :ivar isolation: What was in force for this run.
    """

    status: ExecutionStatus
    reason: str
    exit_code: int | None
    stdout: str
    stderr: str
    isolation: str
    cpu_ms: float
    wall_ms: float
    signal: int | None = None
    result: str | None = None
    is_truncated: bool = False


class Sandbox(Protocol):
    """Runs untrusted Python; `SandboxProvider.start` makes one that has been proved to work."""

    def describe(self) -> str:
        """Name the isolation in force, as `reduced(landlock7,seccomp,rlimit)`."""
        ...

    async def run(self, execution: Execution) -> ExecutionResult:
        """Run one program to its end; never raises for what the program does."""
        ...

    async def close(self) -> None:
        """End what still runs and remove what was left behind; a second time there is nothing."""
        ...


@runtime_checkable
class PairSandbox(Sandbox, Protocol):
    """A sandbox that can also run two programs at once which talk to each other.

    Not every sandbox can: ask with `isinstance`, and do without where it is none.
    """

    async def run_pair(
        self, judge: Execution, candidate: Execution
    ) -> tuple[ExecutionResult, ExecutionResult]:
        """Run both to their ends, each in a box of its own, with a pipe each way between them.

        The numbers of the descriptors stand in `SYGRA_EVAL_PEER_IN_FD` and
        `SYGRA_EVAL_PEER_OUT_FD`. When one ends, the other sees a closed pipe, and is ended when it
        does not end by itself a little later. A pair takes the place of one execution.
        """
        ...


@runtime_checkable
class ImageProvider(Protocol):
    """A provider whose sandboxes are made of an image that the suite names."""

    def for_image(self, image: str) -> "SandboxProvider":
        """Give the provider with an image."""
        ...


class SandboxProvider(Protocol):
    """One way to isolate, registered by `sygra_register_sandboxes`, probed by doing it.

    :ivar strength: Providers are tried from the highest to the lowest; `reduced` has 10.
        A provider of strength 0 or less is never a fallback.
    """

    name: str
    strength: int

    async def start(self, slots: int) -> Sandbox:
        """Prove the isolation with a run and canary attacks, and hand out the sandbox.

        :raises SandboxUnavailable: With what was tried and what the host answered.
        """
        ...
