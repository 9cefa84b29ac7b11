"""Whether the figures of a run folder's report still come out of its data files and its journal.

From the data files alone, which anybody may have been given, the counts are counted again; with the
journal the whole report is written again and compared figure by figure. A report that another
version wrote is compared by its numbers, since sentences may have been worded anew.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import sygra_eval
from sygra_eval.data import stored_rows
from sygra_eval.engine.folder import VIEWS, options_of
from sygra_eval.engine.recheck_files import Manifest, lines_of, tables_in
from sygra_eval.engine.reporting import ReportContext, parts_of
from sygra_eval.engine.summarise import summarise
from sygra_eval.plugins import load_plugins
from sygra_eval.quality import wilson
from sygra_eval.values import Outcome

REPORT = "report.json"
_OF_THE_COPY = ("run", "version")
"""What of the report depends on where its folder stands and on who writes it again."""
_TOLERANCE = 1e-9
_STOPS = ("stop_reasons", "verified")

Path_ = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A figure that a file of the folder states and that does not come out again.

    :ivar of: Where it stands, as `report.json: outcomes.verified`.
    :ivar by: What it was computed from: `data files` or `journal`.
    """

    of: str
    said: str
    found: str
    by: str


@dataclass(slots=True)
class DataCount:
    """What the rows of the data files come to."""

    rows: dict[Outcome, int] = field(default_factory=dict)  # of outcomes whose files are there
    grades: Counter[str] = field(default_factory=Counter)
    stops: Counter[str] = field(default_factory=Counter)  # of verified rows

    def take(self, outcome: Outcome, row: Mapping[str, Any]) -> None:
        """Count a row."""
        self.rows[outcome] = self.rows.get(outcome, 0) + 1
        if outcome is Outcome.VERIFIED:
            self.grades[str(row.get("grade") or "none")] += 1
            if isinstance(stop := row.get("stop_reason"), str):
                self.stops[stop] += 1


def read_report(folder: Path) -> Mapping[str, Any] | None:
    """Return the folder's report; None when there is none, or it is none."""
    try:
        report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return report if isinstance(report, dict) else None


def count_data(folder: Path, manifest: Manifest) -> DataCount:
    """Go through the data files that are there, once; of the two formats the lines, if there.

    :raises Broken: When one of them cannot be read.
    """
    count = DataCount()
    for outcome in Outcome:
        names = lines_of(folder, outcome)
        if not names and outcome is Outcome.VERIFIED:
            names = tables_in(folder)
        listed = [name for name in manifest.files if name.startswith(outcome.value)]
        if not listed:
            count.rows[outcome] = 0
        for name in names:
            for row in stored_rows(folder / name):
                count.take(outcome, row)
    return count


def unlike_the_data(
    manifest: Manifest, report: Mapping[str, Any] | None, count: DataCount
) -> Iterator[tuple[str, object, object]]:
    """Yield each claim that the data files decide: where it stands, what it says, what they say."""
    for outcome, rows in count.rows.items():
        if outcome.value in manifest.rows:
            yield f"manifest.json: rows.{outcome.value}", manifest.rows[outcome.value], rows
    if report is None:
        return
    for path, found in _counted(report, count):
        said = figure_of(_at(report, path))
        if said is not None:
            yield f"{REPORT}: {'.'.join(path)}", said, found


def _counted(report: Mapping[str, Any], count: DataCount) -> Iterator[tuple[Path_, object]]:
    """Yield the report's figures that can be counted from the rows of the data files.

    With the journal every figure is computed by its own query, too: see `recheck`.
    """
    for outcome, rows in count.rows.items():
        yield ("outcomes", outcome.value), rows
    if count.rows.keys() == set(Outcome):
        rate = wilson(count.rows[Outcome.VERIFIED], sum(count.rows.values()))
        if rate is not None:
            yield ("verified_rate", "value"), rate.estimate
            if _at(report, ("verified_rate", "method")) in (None, "wilson"):
                yield ("verified_rate", "lower"), rate.low
                yield ("verified_rate", "upper"), rate.high
    if Outcome.VERIFIED in count.rows:
        for place, counts in ((("grades",), count.grades), (_STOPS, count.stops)):
            stated = _at(report, place)
            for name in dict.fromkeys((*counts, *(stated if isinstance(stated, dict) else ()))):
                yield (*place, name), counts[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """What came of writing the folder's views again from its journal.

    :ivar figures: How many of the report were compared.
    :ivar views: Other views that are not as the journal has it, where that could be decided.
    :ivar note: Why it could not be decided.
    """

    claims: tuple[Claim, ...]
    figures: int
    views: tuple[str, ...] = ()
    note: str = ""


def rewritten(folder: Path, manifest: Manifest, report: Mapping[str, Any]) -> Rewritten:
    """Write the folder's report again from its journal, and compare.

    Only built-in reporters write it: a run folder alone makes us import nothing.
    """
    plugins = load_plugins(folder, environ={"SYGRA_EVAL_DISABLE_PLUGIN_AUTOLOAD": "1"})
    summary = replace(summarise(folder), run=manifest.run)
    ctx = ReportContext(summary=summary, options=options_of(folder), plugins=plugins)
    fresh = ctx.document
    is_ours = report.get("version") == sygra_eval.__version__
    said, found = (dict(_leaves(doc, ())) for doc in (report, fresh))
    others = {p[:2] for p in said if p[0] == "metrics"} - {p[:2] for p in found}
    of_copy = {(key,) for key in _OF_THE_COPY}
    paths = [p for p in said if p[:1] not in of_copy and p[:2] not in others]
    if not is_ours:
        paths = [path for path in paths if path in found and _is_number(said[path])]
    elif missing := [path for path in found if path not in said]:
        paths += missing
    claims = tuple(
        Claim(
            of=f"{REPORT}: {'.'.join(p)}",
            said=told(said.get(p)),
            found=told(found.get(p)),
            by="journal",
        )
        for p in paths
        if not is_same(said.get(p), found.get(p))
    )
    note = ", ".join(f"metric `{name}` is of a plugin" for _, name in sorted(others))
    if claims or others or not is_ours:
        if not (claims or is_ours):
            note = "report.md and README.md are by another version: only their checksums"
        return Rewritten(claims=claims, figures=len(paths), note=note)
    unlike = (
        name
        for name, view in VIEWS.items()
        if name != REPORT
        and (folder / name).is_file()
        and not _is_text(folder / name, parts_of(plugins.of("reporters")[view], ctx))
    )
    return Rewritten(claims=(), figures=len(paths), views=tuple(unlike))


def is_same(said: object, found: object) -> bool:
    """Say whether two values are one; floats may differ as sums in another order do."""
    if isinstance(said, float) and isinstance(found, int | float):
        return math.isclose(said, found, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    return type(said) is type(found) and said == found


def told(value: object) -> str:
    """Return a value as JSON has it; what is not there is `nothing`."""
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)[:200]


def _is_text(path: Path, parts: Iterator[str | bytes]) -> bool:
    made = (
        part.encode("utf-8", "backslashreplace") if isinstance(part, str) else part
        for part in parts
    )
    return path.read_bytes() == b"".join(made)


def figure_of(value: object) -> object:
    """Return a figure's value, which may come with its interval and its query."""
    return value.get("value") if isinstance(value, Mapping) else value


def _at(document: Mapping[str, Any], path: Path_) -> object:
    value: object = document
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _leaves(value: object, path: Path_) -> Iterator[tuple[Path_, object]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, str(key)))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _leaves(inner, (*path, str(place)))
    elif value is not None:
        yield path, value
