"""Checks what a run folder claims: files, rows, figures, and verified rows by running them again.

Start at `recheck`. The folder is data and may be a stranger's: nothing in it makes us import a
plugin or leave the sandbox, the caller has to ask for that as at the run's start. Nothing is
written into it, so a read-only disk will do, and what of it was passed on is checked as far as it
goes: `recheck_files` needs a manifest, `recheck_claims` a report, `recheck_rows` the suite.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from secrets import randbelow
from typing import Any

from sygra_eval.data import Broken
from sygra_eval.engine.data_files import is_data_file
from sygra_eval.engine.folder import MANIFEST
from sygra_eval.engine.options import RunOptions
from sygra_eval.engine.recheck_claims import (
    REPORT,
    Claim,
    DataCount,
    count_data,
    figure_of,
    is_same,
    read_report,
    rewritten,
    told,
    unlike_the_data,
)
from sygra_eval.engine.recheck_files import (
    AlteredRow,
    Manifest,
    changed_files,
    lines_of,
    read_manifest,
    unlike_each_other,
    unlike_the_journal,
)
from sygra_eval.engine.recheck_rows import drawn_numbers, judge_again
from sygra_eval.engine.summary import ExitCode
from sygra_eval.journal import examine_journal
from sygra_eval.values import Outcome, SygraEvalError, UsageError

ByQuery = Callable[[Path, Mapping[str, Any]], Iterator[Claim | None]]

SAMPLE = 20
MOST_NAMED = 20
"""Altered rows are named up to here."""
_JOURNAL = "journal.db"
_SEEDS = 1 << 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """What became of a folder's claims.

    :ivar changed: Files whose bytes are not those of the manifest, which it does not list, or
        whose rows or text are not those of the journal; `missing`: files that it lists and are
        gone, `absent` those that need not have been passed on without the journal.
    :ivar altered: Rows that are not the journal's, or not the same in both formats.
    :ivar claims: Figures that do not come out again, of `figures` that were computed; `queries`
        were asked, one for each figure that names one.
    :ivar verified: Verified rows in the data files; `re_executed` of them, drawn by `seed`, were
        judged again; `refuted`: ids and reasons of those that no longer pass, `undecided` of
        those that could not be judged here.
    :ivar open: Sentences on what could not be looked at in this copy.
    :ivar note: Why no row was judged again, where none was.
    :ivar is_undecidable: The rows should have been judged again and could not be here.
    """

    folder: Path
    files: int
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    altered: tuple[AlteredRow, ...] = ()
    claims: tuple[Claim, ...] = ()
    figures: int = 0
    queries: int = 0
    verified: int = 0
    seed: int = 0
    re_executed: int = 0
    refuted: tuple[tuple[str, str], ...] = ()
    undecided: tuple[tuple[str, str], ...] = ()
    open: tuple[str, ...] = ()
    note: str = ""
    is_undecidable: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """0 it holds, 1 a claim fails or a file changed, 7 not decidable here."""
        if self.changed or self.missing or self.altered or self.claims or self.refuted:
            return ExitCode.GATE_FAILED
        if self.undecided or self.is_undecidable:
            return ExitCode.INCOMPLETE
        return ExitCode.PASSED


async def recheck(
    folder: Path,
    options: RunOptions | None = None,
    *,
    sample: int | None = SAMPLE,
    seed: int | None = None,
    by_query: ByQuery | None = None,
) -> Recheck:
    """Compare a folder with its manifest, its journal and its report; judge some rows again.

    :param sample: So many verified rows are judged again; None for all.
    :param seed: Which they are. By default one by chance, so that nobody knows it beforehand.
    :param by_query: Computes each figure of a report by the query that it names.
    :raises UsageError: When the folder is no run.
    """
    has_journal = (folder / _JOURNAL).is_file()
    if not (folder / MANIFEST).is_file():
        if not has_journal:
            raise UsageError(f"{folder} is not a run: neither {MANIFEST} nor {_JOURNAL} is there")
        note = f"the run is not finished: it has no {MANIFEST} yet"
        return Recheck(folder=folder, files=0, note=note, is_undecidable=True)
    manifest = read_manifest(folder)
    if manifest is None:
        note = f"nothing else was looked at: {MANIFEST} is none"
        return Recheck(folder=folder, files=0, changed=(MANIFEST,), note=note)
    found = _files(folder, manifest, has_journal=has_journal)
    found = _figures(found, manifest, by_query, has_journal=has_journal)
    found = replace(found, seed=randbelow(_SEEDS) if seed is None else seed)
    return await _rows(found, manifest, options or RunOptions(), sample)


def _files(folder: Path, manifest: Manifest, *, has_journal: bool) -> Recheck:
    """Compare checksums, and rows with the rows that they should be."""
    changed = changed_files(folder, manifest)
    gone = tuple(name for name in manifest.files if not (folder / name).is_file())
    missing, absent = (gone, ()) if has_journal else _passed_on(folder, manifest, gone)
    altered: list[AlteredRow] = []
    still_open = []
    if has_journal:
        try:
            altered = list(islice(unlike_the_journal(folder, manifest.files), MOST_NAMED))
            changed |= {row.file for row in altered}
            if _is_damaged(folder):
                changed.add(_JOURNAL)
        except SygraEvalError:  # it cannot be read any more
            changed.add(_JOURNAL)
    else:
        still_open.append(
            f"there is no {_JOURNAL}: whether these are the rows that the run made, what each call "
            "cost and what it answered"
        )
    told_already = {row.row for row in altered}
    both = islice(unlike_each_other(folder), 2 * MOST_NAMED)
    others = [one for one in both if one.row not in told_already]
    if not changed.intersection(lines_of(folder, Outcome.VERIFIED)):
        changed |= {row.file for row in others}
    altered = (altered + others)[:MOST_NAMED]
    if absent:
        still_open.append(f"not in this copy: {', '.join(absent)}")
    return Recheck(
        folder=folder,
        files=len(manifest.files) - len(gone),
        changed=tuple(sorted(changed)),
        missing=missing,
        absent=absent,
        altered=tuple(altered),
        open=tuple(still_open),
    )


def _passed_on(
    folder: Path, manifest: Manifest, gone: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tell files that are missing from those that a data set without its journal can do without."""
    data = [name for name in manifest.files if name.startswith(Outcome.VERIFIED.value)]
    for suffix in (".parquet", ""):  # one format is enough, if it is whole
        those = [n for n in data if is_data_file(n) and n.endswith(".parquet") == bool(suffix)]
        if those and all((folder / name).is_file() for name in those):
            return (), gone
    return (gone, ()) if data else ((), gone)


def _is_damaged(folder: Path) -> bool:
    """Say whether the journal has damage that the run's report does not tell of."""
    state = examine_journal(folder / _JOURNAL)
    if state.complaint:
        return True
    said = (read_report(folder) or {}).get("damaged_rows")
    figures = (figure_of(n) for n in said.values()) if isinstance(said, dict) else ()
    known = sum(number for number in figures if isinstance(number, int))
    return sum(state.damaged.values()) > known


def _figures(
    found: Recheck, manifest: Manifest, by_query: ByQuery | None, *, has_journal: bool
) -> Recheck:
    """Compute the figures that the folder states."""
    report = read_report(found.folder)
    if report is None and (found.folder / REPORT).is_file():
        found = replace(found, changed=tuple(sorted({*found.changed, REPORT})))
    try:
        count = count_data(found.folder, manifest)
    except Broken as error:
        return replace(found, note=f"no row was judged and no figure computed again: {error}")
    claims, figures = _of_the_data(manifest, report, count)
    verified = count.rows.get(Outcome.VERIFIED, 0)
    found = replace(found, verified=verified, figures=figures, claims=tuple(claims))
    if report is None or not has_journal or _JOURNAL in found.changed:
        return found
    try:
        again = rewritten(found.folder, manifest, report)
        asked = list(by_query(found.folder, report)) if by_query is not None else []
    except (SygraEvalError, ValueError) as error:
        said = f"the report cannot be written again here: {error}"
        return replace(found, open=(*found.open, said))
    views = set(again.views)
    if any(name.endswith(".parquet") for name in found.changed):
        views.discard("README.md")  # it tells of that file's columns
    every = (*claims, *again.claims, *(claim for claim in asked if claim is not None))
    return replace(
        found,
        claims=tuple({claim.of: claim for claim in reversed(every)}.values())[::-1],
        figures=max(figures, again.figures),
        queries=len(asked),
        changed=tuple(sorted({*found.changed, *views})),
        open=(*found.open, *([again.note] if again.note else [])),
    )


def _of_the_data(
    manifest: Manifest, report: Mapping[str, Any] | None, count: DataCount
) -> tuple[list[Claim], int]:
    compared = list(unlike_the_data(manifest, report, count))
    claims = [
        Claim(of=of, said=told(said), found=told(by_rows), by="data files")
        for of, said, by_rows in compared
        if not is_same(said, by_rows)
    ]
    return claims, len(compared)


async def _rows(
    found: Recheck, manifest: Manifest, options: RunOptions, sample: int | None
) -> Recheck:
    """Judge a sample of the verified rows again, where that makes sense and is possible here."""
    if found.note:
        return found
    if sample == 0:
        return replace(found, note="no row was judged again: none was asked for")
    if not found.verified:
        return replace(found, note="no row was judged again: none is verified")
    unfit = {"suite.yaml", _JOURNAL} & {*found.changed}
    if unfit:
        note = f"no row was judged again: {' and '.join(sorted(unfit))} changed"
        return replace(found, note=note)
    numbers = drawn_numbers(found.verified, sample, found.seed)
    try:
        again = await judge_again(found.folder, manifest, numbers, options)
    except (SygraEvalError, Broken) as error:
        note = f"no row was judged again: {error}"
        return replace(found, note=note, is_undecidable=True)
    return replace(found, re_executed=again.rows, refuted=again.refuted, undecided=again.undecided)


__all__ = ["SAMPLE", "AlteredRow", "Claim", "Recheck", "recheck"]
