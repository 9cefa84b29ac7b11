"""Makes a run the baseline of its suite: `baselines/NAME.json` beside the suite's file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sygra_eval.engine.comparing import Compared, compare_sides
from sygra_eval.engine.finished_rows import plugins_of_run, side_of_run
from sygra_eval.engine.folder import as_folder_name
from sygra_eval.engine.plan import read_plan
from sygra_eval.engine.summarise import suite_document, summarise
from sygra_eval.engine.summary import RunSummary
from sygra_eval.quality import Comparison, GateState, baseline_files, read_baseline, shown
from sygra_eval.values import UsageError

FOLDER = "baselines"
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_VARIANT = re.compile(r"[A-Za-z0-9_.+/=,-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blessed:
    """A baseline that was written.

    :ivar comparison: With the one that stood there before; None where there was none, or it cannot
        be compared: then `why_not_compared` says why.
    """

    path: Path
    rows: int
    comparison: Comparison | None = None
    why_not_compared: str = ""
    is_same: bool = False


def bless(folder: Path, asked: Compared, *, reason: str = "") -> Blessed:
    """Write the baseline of a run.

    :param reason: Why a run is blessed that would be refused; it is kept in the file.
    :raises UsageError: When the run is not fit to be one, or its suite's folder is not there.
    """
    plan = read_plan(folder)
    summary = summarise(folder)
    doubts = list(why_not(summary))
    if doubts and not reason:
        is_finished = summary.state == "finished" and not summary.not_reached
        other = "" if is_finished else ", or finish it with `sygra-eval resume`"
        raise UsageError(
            f"{folder.name} is not fit to be a baseline: {'; '.join(doubts)}; say why it is one "
            f"all the same with --reason TEXT{other}"
        )
    home = plan.suite_path.parent
    if not plan.suite_path.is_file() or not _NAME.fullmatch(plan.suite):  # a run may be anybody's
        where = shown(str(plan.suite_path))
        raise UsageError(f"the suite {where} is not here, so its baseline has no place beside it")
    side = side_of_run(folder, plugins_of_run(folder, asked.plugins, is_trusted=asked.is_trusted))
    stem = plan.suite + _of_variant(folder)
    files = baseline_files(side, reason=reason, stem=stem)
    path = home / FOLDER / f"{stem}.json"
    comparison, why, is_same = None, "", False
    if path.is_file():
        is_same = all(_holds(path.with_name(name), data) for name, data in files.items())
        try:
            comparison = compare_sides(read_baseline(path), side, asked)
        except UsageError as error:
            why = str(error)
    _write(path.parent, files)
    if f"{stem}.jsonl.gz" not in files:  # an older baseline had more rows
        path.with_name(f"{stem}.jsonl.gz").unlink(missing_ok=True)
    return Blessed(
        path=path,
        rows=len(side.inputs),
        comparison=comparison,
        why_not_compared=why,
        is_same=is_same,
    )


def _of_variant(folder: Path) -> str:
    """Return what a variant's baseline has behind the suite's name: each has one of its own."""
    named = (suite_document(folder).get("suite") or {}).get("variant")
    if not isinstance(named, str) or not _VARIANT.fullmatch(named):  # a run may be anybody's
        return ""
    return f"-{as_folder_name(named)}"


def why_not(summary: RunSummary) -> Iterator[str]:
    """Yield why a run should not become a baseline; a gate that failed is no reason to ask less."""
    if summary.state != "finished":
        yield f"it is not finished ({summary.exit_reason})"
    if summary.not_reached:
        yield f"{summary.not_reached} of its {summary.rows} rows were not reached"
    if summary.damage.rows:
        yield f"{summary.damage.rows} rows of its journal are damaged"
    for gate in summary.gates:
        if gate.state in (GateState.FAILED, GateState.ERROR):
            yield f"its gate {gate.state.value}: {gate.name} ({gate.reason})"


def _holds(path: Path, data: bytes) -> bool:
    return path.is_file() and path.read_bytes() == data


def _write(folder: Path, files: dict[str, bytes]) -> None:
    """Write by rename, the file that names the others last."""
    try:
        folder.mkdir(exist_ok=True)
        for name, data in files.items():
            temporary = folder / f"{name}.tmp"
            temporary.write_bytes(data)
            temporary.replace(folder / name)
    except OSError as error:
        raise UsageError(f"the baseline cannot be written: {error}") from error
