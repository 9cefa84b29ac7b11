"""What a user asks of a run beside the suite itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sygra_eval.data import GivenRows
from sygra_eval.engine.selecting import Selection
from sygra_eval.engine.watch import Nobody, Watch
from sygra_eval.journal import DISK_WAIT_S, Durability
from sygra_eval.values import Budget, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the user asked for beside the suite itself.

    :ivar models: Replacements by name, as `--model NAME=WHAT` gives them.
    :ivar is_trusted: Local plugin folders may be imported.
    :ivar accepts_no_sandbox: The user said `--unsafe-no-sandbox`.
    :ivar name: The run's name; by default made from the time.
    :ivar cache: `off`, `read` or `read-write`, in the place of what the suite says.
    :ivar strict_model: An answer of another model than the one asked is none.
    :ivar durability: What survives a power loss; a resume keeps what the run began with.
    :ivar disk_wait_s: So long a full disk is waited for.
    :ivar budget: Bounds that take the place of the suite's.
    :ivar objects: Plugins that a program gave itself, by the name that `plugins` has for each.
    :ivar given: Rows that a program gives, in the place of the suite's source.
    :ivar watch: Who is told of every row that ends.
    :ivar target_verified: End with so many verified rows, and try no more than `max_candidates`
        for them; where given, in place of the suite's.
    :ivar processes: Workers that settle rows; with more than one `executor` is `procs`, unless it
        is named.
    :ivar selection: Which rows are meant, in which order, how often.
    :ivar variant: Which variant of the suite, where its `matrix` makes some.
    :ivar max_failures: So many rows that are rejected or failed end the run.
    :ivar rows_in_flight: At most so many rows at a time; None leaves it to the models.
    :ivar is_strict: Warnings of a run that passed are told by its exit code.
    :ivar slowest: So many of the slowest rows are named at the end.
    :ivar through: Puts something between the source and a run that begins: who takes rows by need.
    :ivar partial: Why the rows of a run that begins are not all of its source's; gates that need
        all of them are skipped for it.
    :ivar sharing: Processes of one run that have a sandbox each on this host.
    """

    out: Path = Path("reports")
    limit: int | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    plugins: Sequence[str] = ()
    is_trusted: bool = False
    accepts_no_sandbox: bool = False
    name: str | None = None
    cache: str | None = None
    strict_model: bool = False
    disk_wait_s: float = DISK_WAIT_S
    budget: Budget = field(default_factory=Budget)
    target_verified: int | None = None
    max_candidates: int | None = None
    durability: Durability = Durability.NORMAL
    objects: Mapping[str, object] = field(default_factory=dict)
    given: GivenRows | None = None
    watch: Watch = field(default_factory=Nobody)
    processes: int = 1
    sharing: int = 1
    executor: str | None = None
    through: Callable[[Source], Source] | None = None
    selection: Selection = field(default_factory=Selection)
    variant: str | None = None
    max_failures: int | None = None
    rows_in_flight: int | None = None
    is_strict: bool = False
    slowest: int = 0
    partial: str = ""
