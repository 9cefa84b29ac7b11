"""Writes a run folder as a view of its journal: data files, reports, card and manifest.

Everything here can be written again from the journal with the same bytes; nothing here is truth.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sygra_eval.data import write_jsonl_shards, write_parquet_shards
from sygra_eval.engine.data_files import data_files_in, data_files_of, remove_others
from sygra_eval.engine.data_row import TYPICAL_JUDGED_ROW, TYPICAL_ROW
from sygra_eval.engine.measured import MEASURED_FILE
from sygra_eval.engine.preflight import Tell
from sygra_eval.engine.reporting import ReportContext, ReportOptions, write_view
from sygra_eval.engine.summarise import suite_document
from sygra_eval.engine.summary import ExitCode, RunSummary
from sygra_eval.journal import open_readonly, sync
from sygra_eval.plugins import Plugins
from sygra_eval.suite import DEFAULT_VARIANT
from sygra_eval.values import Outcome, UsageError

_LONGEST_VARIANT = 120

VIEWS = {"report.md": "markdown", "report.json": "json", "README.md": "card"}
"""Files of every run folder that a registered reporter writes, by its format's name."""


def new_run_folder(out: Path, suite: str, name: str | None, variant: str = DEFAULT_VARIANT) -> Path:
    """Make `OUT/<suite>/<run>/`; a name that is not given comes from the time.

    :raises UsageError: When the folder cannot be made, or a named one is there already.
    """
    parent = out.absolute() / suite
    try:
        parent.mkdir(parents=True, exist_ok=True)
        if name is not None:
            (parent / name).mkdir()
            return parent / name
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        if variant != DEFAULT_VARIANT:
            stamp = f"{stamp}-{as_folder_name(variant)}"
        for attempt in range(1_000):
            folder = parent / (stamp if attempt == 0 else f"{stamp}-{attempt}")
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return folder
    except FileExistsError:
        raise UsageError(f"the run {parent / str(name)} is there already") from None
    except OSError as error:
        raise UsageError(f"no run folder can be made in {parent}: {error.strerror}") from error
    raise UsageError(f"{parent} holds a thousand runs of this second")


def as_folder_name(variant: str) -> str:
    """Return a variant as a part of a folder's name, which is short and has no `/`."""
    name = variant.replace("/", "_x2F")
    if len(name) <= _LONGEST_VARIANT:
        return name
    return f"{name[:_LONGEST_VARIANT]}-{hashlib.sha256(variant.encode()).hexdigest()[:8]}"


def keep_suite(folder: Path, suite: str, measured: str | None) -> None:
    """Put what a run is resumed by into its new folder, and have the disk take it.

    Without that a power loss could leave a journal whose commits are all there in a folder that
    is not, or beside a suite that is empty.
    """
    for name, text in (("suite.yaml", suite), (MEASURED_FILE, measured)):
        if text is not None:
            (folder / name).write_text(text, encoding="utf-8")
            sync(folder / name)
    for place in (folder, *folder.parents[:3]):  # of OUT/<suite>/<run> each may be new
        with suppress(PermissionError):  # one that may only be passed through was there before
            sync(place)


MANIFEST = "manifest.json"
"""Written last: while it is not there, the other files are not those of the run's end."""


def begin_files(folder: Path) -> None:
    """Say that the files in a folder, if any, are about to be out of date."""
    (folder / MANIFEST).unlink(missing_ok=True)


def is_written(folder: Path) -> bool:
    """Say whether the files of a finished run are all there."""
    return (folder / MANIFEST).is_file()


def write_folder(folder: Path, summary: RunSummary, plugins: Plugins, tell: Tell) -> RunSummary:
    """Write the data files, then the views of the summary, then the manifest over all of them.

    A reporter that breaks costs its own file: the others are written, and the summary that is
    returned is incomplete. There is no manifest then, so that a resume writes the files again.
    """
    last = summary.target.last if summary.target is not None else None
    files = data_files_of(suite_document(folder))
    names: list[str] = []
    for outcome, rows in summary.counts.items():
        lines = files.jsonl(outcome, rows)
        write_jsonl_shards(
            [folder / name for name in lines], _rows(folder, outcome, last), files.shard_rows
        )
        names += lines
    tables = files.parquet(summary.counts[Outcome.VERIFIED])
    parquet = write_parquet_shards(
        [folder / name for name in tables],
        partial(_rows, folder, Outcome.VERIFIED, last) if tables else tuple,
        files.shard_rows,
        like=TYPICAL_ROW if summary.has_graph else TYPICAL_JUDGED_ROW,
    )
    remove_others(folder, names + tables)
    broken = list(_write_views(folder, summary, plugins))
    if not broken:
        _write_manifest(folder, summary, tuple(_files_of(summary, plugins)), parquet.notes)
        return summary
    for said in broken:
        tell(f"{said}; the data files are whole")
    summary = _without(summary, broken[0])
    for _ in _write_views(folder, summary, plugins):
        pass  # told already
    return summary


def _write_views(folder: Path, summary: RunSummary, plugins: Plugins) -> Iterator[str]:
    """Write each view of the run; yield what became of those that nothing came of."""
    ctx = ReportContext(summary=summary, options=_options_of(folder), plugins=plugins)
    for file, view in _files_of(summary, plugins).items():
        reporter = plugins.of("reporters")[view]
        if why := write_view(reporter, ctx, folder / file):
            yield f"{file} was not written: plugin {reporter.plugin}: {why}"


def _options_of(folder: Path) -> ReportOptions:
    """Return what the suite asks of its views."""
    section = suite_document(folder).get("report") or {}
    return ReportOptions(
        is_full=True, max_rows=section.get("max_rows"), max_mb=section.get("max_mb")
    )


def _files_of(summary: RunSummary, plugins: Plugins) -> dict[str, str]:
    """Return the view of each file: those of every run folder, and those that the suite names."""
    reporters = plugins.of("reporters")
    others = (reporters[view] for view in _other_formats(summary))
    return {**VIEWS, **{view.file or f"report.{view.name}": view.name for view in others}}


def _without(summary: RunSummary, said: str) -> RunSummary:
    """Return the summary of a run that lacks a report; an interrupt weighs more."""
    if summary.exit_code is ExitCode.INTERRUPTED:
        return replace(summary, warnings=(*summary.warnings, said))
    return replace(
        summary,
        state="incomplete",
        exit_code=ExitCode.INCOMPLETE,
        exit_reason=f"incomplete: {said}",
    )


def _other_formats(summary: RunSummary) -> tuple[str, ...]:
    """Return the formats that the suite asks for beside those that every run folder has."""
    always = ("terminal", *VIEWS.values())
    return tuple(view for view in summary.report_formats if view not in always)


def _rows(folder: Path, outcome: Outcome, last: int | None) -> Iterator[Mapping[str, object]]:
    """Stream the rows of one outcome, in input order, up to the last one that counts."""
    with open_readonly(folder / "journal.db") as reader:
        yield from reader.rows(outcome, last=last)


def _write_manifest(
    folder: Path, summary: RunSummary, views: tuple[str, ...], notes: tuple[str, ...]
) -> None:
    """Write the sha256 of data files, reports, card and suite."""
    names = [*data_files_in(folder), *views, "suite.yaml", MEASURED_FILE]
    names += [kept.name for kept in folder.glob("input-*")]  # what sources keep there
    files = {
        name: {"sha256": _sha256(folder / name), "bytes": (folder / name).stat().st_size}
        for name in sorted(names)
        if (folder / name).is_file()
    }
    manifest = {
        "run": summary.run,
        "suite": summary.suite,
        "suite_sha256": summary.suite_sha256,
        "rows": {outcome.value: count for outcome, count in summary.counts.items()},
        "files": files,
        "notes": list(notes),
    }
    _write_text(folder / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True) + "\n")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_text(path: Path, text: str) -> None:
    """Write by rename, so that a reader never sees half a file."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    temporary.replace(path)
