"""What a run came to, for a program and for a notebook."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from sygra_eval.api.rows import AllRows, RowsOf
from sygra_eval.engine import ExitCode, RunSummary
from sygra_eval.report import closing_words, one_line, terminal_report
from sygra_eval.values import Outcome, SygraEvalError


class RunNotPassed(SygraEvalError):
    """A run ended with another exit code than 0; `result` is what it came to."""

    def __init__(self, result: "RunResult") -> None:
        super().__init__(f"exit code {result.exit_code}: {result.exit_reason} ({result.folder})")
        self.result = result


class RunInterrupted(KeyboardInterrupt):
    """The run was interrupted and has drained; `result` is what it came to, and can be resumed."""

    def __init__(self, result: "RunResult") -> None:
        go_on = f"sygra_eval.resume({str(result.folder)!r})"
        super().__init__(f"interrupted; {result.rows_done} rows are kept: {go_on}")
        self.result = result


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to; its folder holds the data and the report.

    :ivar summary: Every figure of the report.
    :ivar notes: Sentences that a person should have read while it went, the first thousand.
    """

    summary: RunSummary
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """As of the command; 0 passed, 1 a gate failed, 2 interrupted, 7 incomplete."""
        return self.summary.exit_code

    @property
    def exit_reason(self) -> str:
        """Why, in words."""
        return self.summary.exit_reason

    @property
    def folder(self) -> Path:
        """The run's folder: data files, report, journal."""
        return self.summary.folder

    @property
    def counts(self) -> Mapping[str, int]:
        """How many rows ended as what: `verified`, `rejected`, `failed`, `unjudged`."""
        return {outcome.value: self.summary.counts.get(outcome, 0) for outcome in Outcome}

    @property
    def rows_done(self) -> int:
        """How many rows have an outcome."""
        return sum(self.counts.values())

    @property
    def can_be_resumed(self) -> bool:
        """Whether it has rows left, so that `sygra_eval.resume(result)` goes on with it."""
        return self.exit_code in (ExitCode.INTERRUPTED, ExitCode.INCOMPLETE)

    @property
    def verified(self) -> RowsOf:
        """The rows that passed every required validator."""
        return self._rows(Outcome.VERIFIED)

    @property
    def rejected(self) -> RowsOf:
        """The rows that a required validator found wrong, with the reason."""
        return self._rows(Outcome.REJECTED)

    @property
    def failed(self) -> RowsOf:
        """The rows that came to nothing by no fault of their answer, with the reason."""
        return self._rows(Outcome.FAILED)

    @property
    def unjudged(self) -> RowsOf:
        """The rows of a suite without validators."""
        return self._rows(Outcome.UNJUDGED)

    @property
    def rows(self) -> AllRows:
        """The rows of all outcomes; `to_dataset()` and `to_pandas()` load them."""
        return AllRows(tuple(self._rows(outcome) for outcome in Outcome))

    @property
    def report(self) -> str:
        """The report, as the command prints it."""
        return f"{terminal_report(self.summary)}\n{closing_words(self.summary)}"

    def raise_for_status(self) -> "RunResult":
        """Return this result if its exit code is 0.

        :raises RunNotPassed: With the exit code and why.
        """
        if self.exit_code is not ExitCode.PASSED:
            raise RunNotPassed(self)
        return self

    def _rows(self, outcome: Outcome) -> RowsOf:
        return RowsOf(self.folder, outcome, self.counts[outcome.value])

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {word}" for word, count in self.counts.items() if count)
        return f"<RunResult exit {int(self.exit_code)}: {counts or 'no rows'}; {self.folder}>"

    def _repr_html_(self) -> str:
        """Show what it came to, and the report folded; all of it is text there.

        A notebook runs what a page says, so nothing of a row or a name is more than text: controls
        and marks that reorder text are escapes already, and the tags are only those below.
        """
        facts = [("exit", f"{int(self.exit_code)}: {self.exit_reason}")]
        facts += [(word, f"{count:,}") for word, count in self.counts.items() if count]
        facts.append(("folder", str(self.folder)))
        rows = "".join(f"<tr><th>{_text(a)}</th><td>{_text(b)}</td></tr>" for a, b in facts)
        name = _text(f"{self.summary.suite}/{self.summary.run}")
        table = f'<table class="sygra-eval-run"><caption>{name}</caption>{rows}</table>'
        return (
            f"{table}<details><summary>report</summary><pre>{escape(self.report)}</pre></details>"
        )


def _text(text: str) -> str:
    return escape(one_line(text))
