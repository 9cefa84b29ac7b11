"""Runs one suite after the other."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sygra_eval.cli.driving import Verbosity, drive
from sygra_eval.cli.failures import INTERRUPTED, fail, fail_with
from sygra_eval.cli.output import tell
from sygra_eval.engine import (
    EstimateFirst,
    ExitCode,
    RunOptions,
    RunSummary,
    StopSignal,
    run_suite,
)
from sygra_eval.engine.progress import ShowProgress
from sygra_eval.report import printable
from sygra_eval.suite import Document, variant_names
from sygra_eval.sygra import end_all
from sygra_eval.values import Outcome


@dataclass(frozen=True, slots=True)
class Chosen:
    """A suite of the command line, and which of its variants.

    :ivar document: The suite itself, where the file is in another dialect.
    """

    path: Path
    variant: str | None = None
    document: Document | None = None

    def __str__(self) -> str:
        return f"{self.path}" if self.variant is None else f"{self.path} {self.variant}"

    def of(self, options: RunOptions) -> RunOptions:
        """Return the options of its run."""
        return replace(options, variant=self.variant)


def with_variants(paths: Iterable[Path]) -> Iterator[Chosen]:
    """Yield each suite, or each of its variants where a `matrix` makes some."""
    for path in paths:
        for variant in variant_names(path) or (None,):
            yield Chosen(path, variant)


@dataclass(frozen=True, slots=True)
class Ended:
    """How one of the suites ended; its exit code and its line are of one value.

    :ivar summary: None where it did not begin, or came to none; `why` says why then.
    """

    suite: Chosen
    code: int
    summary: RunSummary | None = None
    why: str = ""

    @property
    def told(self) -> str:
        """The line of this suite among those of all."""
        why = self.why if self.summary is None else self.summary.exit_reason
        return f"{self.suite}: exit {self.code}: {why}"

    @property
    def failures(self) -> int:
        """Rows that count for `--maxfail`."""
        counts = {} if self.summary is None else self.summary.counts
        return counts.get(Outcome.REJECTED, 0) + counts.get(Outcome.FAILED, 0)


def run_all(
    suites: Sequence[Chosen],
    options: RunOptions,
    first: EstimateFirst | None,
    *,
    as_json: bool,
    grace_s: float,
    shown: Verbosity,
) -> list[Ended]:
    """Run all; only an interrupt, and as many failures as are taken, keep the rest from running."""
    ended: list[Ended] = []
    left = options.max_failures
    for suite in suites:
        if any(one.code == INTERRUPTED for one in ended):
            ended.append(
                _not_started(suite, INTERRUPTED, "the run before it was interrupted", as_json)
            )
            continue
        if left is not None and left <= 0:
            said = f"--maxfail {options.max_failures} was reached before it"
            ended.append(_not_started(suite, ExitCode.GATE_FAILED, said, as_json))
            continue
        one = _run(
            suite,
            replace(options, max_failures=left),
            first,
            as_json=as_json,
            grace_s=grace_s,
            shown=shown,
        )
        left = None if left is None else left - one.failures
        ended.append(one)
    return ended


def _not_started(suite: Chosen, code: int, why: str, as_json: bool) -> Ended:
    said = f"{suite} was not started: {why}"
    return Ended(suite, fail(code, said, as_json=as_json), why=f"not started: {why}")


def _run(
    suite: Chosen,
    options: RunOptions,
    first: EstimateFirst | None,
    *,
    as_json: bool,
    grace_s: float,
    shown: Verbosity,
) -> Ended:
    start = partial(_start, suite, suite.of(options), first)
    try:
        summary = drive(start, as_json=as_json, grace_s=grace_s, shown=shown)
    except KeyboardInterrupt:
        code = fail(INTERRUPTED, f"{suite}: interrupted", as_json=as_json)
        return Ended(suite, code, why="interrupted")
    except Exception as error:  # noqa: BLE001 - the boundary between one suite and the next
        why = printable(str(error).partition("\n")[0] or type(error).__name__)
        return Ended(suite, fail_with(error, as_json=as_json), why=why)
    finally:
        end_all()  # of a task of SyGra, whose modules the next one's would be taken for
    return Ended(suite, int(summary.exit_code), summary)


async def _start(
    suite: Chosen,
    options: RunOptions,
    first: EstimateFirst | None,
    stop: StopSignal,
    show: ShowProgress,
) -> RunSummary:
    return await run_suite(
        suite.path,
        options,
        show=show,
        tell=tell,
        stop=stop,
        first=first,
        document=suite.document,
    )
