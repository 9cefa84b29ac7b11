"""The tables that the queries of `report.json` run over, filled from a run's folder.

A plain `sqlite3 journal.db` would count damaged rows, miss texts that are kept aside, and see rows
behind a target as if they counted. So the sound rows go into a database of their own, which SQLite
keeps on disk where it grows large. Nothing here counts anything: that is left to the queries, so
that a figure and its query come to it by two ways.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sygra_eval.data import opened
from sygra_eval.engine import (
    RunSummary,
    cause_of,
    data_files_in,
    heard_in,
    is_lines_of,
    limits_in,
    loop_step_of,
    mark_of,
    name_of_question,
    step_of,
    suite_document,
    target_in,
    that_count,
    was_sent,
)
from sygra_eval.journal import JournalReader, open_readonly
from sygra_eval.quality import Side, difficulty_of, figure_of
from sygra_eval.report.estimate import measured_for
from sygra_eval.suite import visited
from sygra_eval.values import MetricKind, Outcome, RecordEnd, Status

SCHEMA = """
CREATE TABLE ended(idx INTEGER PRIMARY KEY, id TEXT, outcome TEXT, counts INTEGER);
CREATE TABLE rows(
    idx INTEGER PRIMARY KEY, id TEXT, outcome TEXT, reason TEXT, cause TEXT, topic TEXT,
    grade TEXT, mutation_score REAL, truth TEXT, canary INTEGER, rounds INTEGER, samples INTEGER,
    stop_reason TEXT, kept_round INTEGER, refused INTEGER, drafts_passed INTEGER,
    drafts_judged INTEGER, left_band INTEGER, difficulty TEXT, weak TEXT, question TEXT
);
CREATE TABLE data(idx INTEGER PRIMARY KEY, id TEXT, outcome TEXT, row TEXT);
CREATE VIEW verified AS SELECT id, row FROM data WHERE outcome = 'verified';
CREATE VIEW rejected AS SELECT id, row FROM data WHERE outcome = 'rejected';
CREATE VIEW failed AS SELECT id, row FROM data WHERE outcome = 'failed';
CREATE VIEW unjudged AS SELECT id, row FROM data WHERE outcome = 'unjudged';
CREATE TABLE model_uses(idx INTEGER, id TEXT, role TEXT, model TEXT);
CREATE TABLE verdicts(
    idx INTEGER, id TEXT, validator TEXT, status TEXT, required INTEGER, score REAL, reason TEXT,
    isolation TEXT, trust TEXT
);
CREATE TABLE tests(idx INTEGER, id TEXT, validator TEXT, kind TEXT, passed INTEGER, total INTEGER);
CREATE TABLE steps(idx INTEGER, id TEXT, place INTEGER, step TEXT, passed INTEGER);
CREATE TABLE guards(
    idx INTEGER, id TEXT, guardrail TEXT, at_call TEXT, node TEXT, status TEXT, blocked INTEGER
);
CREATE TABLE edges(idx INTEGER, id TEXT, edge TEXT);
CREATE TABLE several(idx INTEGER, id TEXT, node TEXT, label TEXT, what TEXT);
CREATE TABLE calls(
    id TEXT, node TEXT, place TEXT, step TEXT, loop_step TEXT, visit INTEGER, sample INTEGER,
    model TEXT, sent INTEGER, from_cache INTEGER, from_plugin INTEGER, batched INTEGER,
    estimated INTEGER, repair INTEGER, tries INTEGER, prompt_tokens INTEGER, cached_tokens INTEGER,
    completion_tokens INTEGER, reasoning_tokens INTEGER, latency_s REAL, nano_usd INTEGER,
    saved_nano_usd INTEGER
);
CREATE TABLE critiques(id TEXT, node TEXT, round INTEGER, stop INTEGER, ignored INTEGER);
CREATE TABLE events(seq INTEGER PRIMARY KEY, kind TEXT, data TEXT);
CREATE TABLE estimated(path TEXT PRIMARY KEY, value NUMERIC);
CREATE TABLE plan(name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE limits(model TEXT, in_flight INTEGER, rpm REAL, tpm REAL);
CREATE TABLE damaged(rows INTEGER);
CREATE TABLE measured(
    stack TEXT, right INTEGER, wrong INTEGER, false_accepts INTEGER, false_rejects INTEGER,
    errors INTEGER
);
CREATE TABLE metric_names(metric TEXT, kind TEXT);
CREATE TABLE metric_values(metric TEXT, id TEXT, value REAL, cluster TEXT);
CREATE TABLE metric_errors(metric TEXT, id TEXT, error TEXT);
"""

_INDEXES = """
CREATE INDEX steps_by_row ON steps(idx, place);
CREATE INDEX verdicts_by_row ON verdicts(idx);
CREATE INDEX tests_by_row ON tests(idx);
"""

_MOST_LABELS, _OTHER_LABELS = 64, "(others)"

Columns = tuple[object, ...]


def database_of(folder: Path, summary: RunSummary, side: Side | None = None) -> sqlite3.Connection:
    """Return the tables of a run; the caller closes the connection.

    :param side: What the registered metrics say of its rows; None leaves their tables empty.
    :raises UsageError: When the folder holds no journal that can be read.
    """
    database = sqlite3.connect("", isolation_level=None)  # a file of its own where it grows
    database.executescript(SCHEMA)
    database.execute("BEGIN")
    document = suite_document(folder)
    with open_readonly(folder / "journal.db") as reader:
        _take_rows(database, folder, reader, document)
        _fill(database, "calls", _calls(reader))
        _fill(database, "critiques", _critiques(reader) if "candidate" not in document else ())
        events = list(reader.events())
        _fill(database, "events", ((one.seq, one.kind, _json(one.data)) for one in events))
        estimates = [one.data for one in events if one.kind == "estimated"]
        _fill(database, "estimated", _numbers(estimates[-1] if estimates else {}, "$"))
        _fill(database, "plan", reader.plan().items())
        started = [one.data for one in events if one.kind == "started"]
        limits = limits_in(started[-1] if started else None, document)
        _fill(
            database,
            "limits",
            ((name, one.in_flight, one.rpm, one.tpm) for name, one in limits.items()),
        )
        _fill(database, "damaged", [(reader.damaged,)])
    _fill(database, "measured", _measured(summary))
    _take_metrics(database, side)
    database.execute("COMMIT")
    database.executescript(_INDEXES)
    return database


def _take_rows(
    database: sqlite3.Connection,
    folder: Path,
    reader: JournalReader,
    document: Mapping[str, Any],
) -> None:
    """Fill all tables that are about rows, in one pass over the ends and the data files."""
    quality = document.get("quality") or {}
    has_graph = "candidate" not in document
    lines = {outcome: _lines(folder, outcome) for outcome in Outcome}
    loader = _Loader(database, quality, has_graph=has_graph)
    counting = {end.index for end in that_count(reader.outcomes(), target_in(reader.plan()))}
    for end in reader.outcomes():
        counts = end.index in counting
        loader.add("ended", end.index, end.row_id, end.outcome.value, int(counts))
        if counts:
            line = next(lines[end.outcome], None)
            loader.take(end, json.loads(line) if line is not None else end.data)
    loader.flush()


class _Loader:
    """Takes rows to the tables, some thousand at a time."""

    def __init__(
        self, database: sqlite3.Connection, quality: Mapping[str, Any], *, has_graph: bool
    ) -> None:
        self._database, self._waiting = database, dict[str, list[Columns]]()
        self._canary, self._truth = quality.get("canary"), quality.get("truth")
        self._cluster, self._has_graph = quality.get("cluster"), has_graph
        self._labels: dict[str, set[str]] = {}

    def add(self, table: str, *columns: object) -> None:
        waiting = self._waiting.setdefault(table, [])
        waiting.append(columns)
        if len(waiting) >= 2_000:
            _fill(self._database, table, waiting)
            waiting.clear()

    def flush(self) -> None:
        for table, waiting in self._waiting.items():
            _fill(self._database, table, waiting)
            waiting.clear()

    def take(self, end: RecordEnd, row: Mapping[str, Any]) -> None:
        """Take one row: what the journal says of its end, and what its data file holds."""
        at = (end.index, end.row_id)
        self.add("data", *at, end.outcome.value, _json(row))
        self._take_row(end, row)
        provenance = row.get("provenance")
        uses = provenance.get("models") if isinstance(provenance, dict) else None
        for use in uses if isinstance(uses, list) else ():
            if isinstance(use, dict):
                self.add("model_uses", *at, str(use.get("role")), str(use.get("name")))
        for edge in end.way:
            self.add("edges", *at, edge)
        for guard in end.guards:
            said = guard.verdict
            self.add(
                "guards",
                *at,
                said.validator,
                guard.at.value,
                step_of(guard.node),
                said.status.value,
                int(guard.has_blocked),
            )
        self._take_verdicts(end)
        self._take_steps(end, row)
        for ensemble in end.ensembles:
            for label in ensemble.answered:
                self._several(at, ensemble.node, label, "answered")
            for label in ensemble.unanswered:
                self._several(at, ensemble.node, label, "unanswered")
            if ensemble.kept:
                self._several(at, ensemble.node, ensemble.kept, "kept")

    def _take_row(self, end: RecordEnd, row: Mapping[str, Any]) -> None:
        loop = end.loop
        rate = loop.rate if loop is not None else None
        band = difficulty_of(rate.passed, rate.judged) if rate is not None else None
        topic, score = row.get("topic"), row.get("mutation_score")
        truth = row.get(self._truth) if self._truth is not None else None
        self.add(
            "rows",
            end.index,
            end.row_id,
            end.outcome.value,
            end.reason,
            cause_of(end.reason),
            topic if isinstance(topic, str) else None,
            row.get("grade"),
            score if isinstance(score, float) else None,
            truth if isinstance(truth, str) else None,
            int(self._canary is not None and mark_of(row.get(self._canary)) is True),
            *(
                (None,) * 5
                if loop is None
                else (
                    loop.rounds,
                    loop.samples,
                    loop.stop_reason.value,
                    loop.kept_round,
                    loop.sentinels_refused,
                )
            ),
            *((None,) * 3 if rate is None else (rate.passed, rate.judged, int(rate.has_left_band))),
            band.value if band is not None else None,
            end.weak_tests and cause_of(end.weak_tests),
            name_of_question(end.row_id, row, self._cluster),
        )

    def _take_verdicts(self, end: RecordEnd) -> None:
        for said in end.verdicts:
            evidence = said.evidence
            self.add(
                "verdicts",
                end.index,
                end.row_id,
                said.validator,
                said.status.value,
                int(said.is_required),
                said.score,
                said.reason,
                evidence.isolation if evidence is not None else "",
                said.trust.value,
            )
            for kind, count in (evidence.tests if evidence is not None else {}).items():
                self.add(
                    "tests",
                    end.index,
                    end.row_id,
                    said.validator,
                    kind,
                    count.passed,
                    count.total,
                )

    def _take_steps(self, end: RecordEnd, row: Mapping[str, Any]) -> None:
        """Write down each step of the funnel, whether or not the row came that far."""
        steps: list[tuple[str, bool]] = []
        if self._has_graph:
            steps.append(("drafted", isinstance(row.get("answer"), str)))
            steps.append(("code found", isinstance(row.get("code"), str)))
        for said in end.verdicts:
            if not said.is_required:
                continue
            tests = said.evidence.tests if said.evidence is not None else {}
            for kind, count in tests.items():
                steps.append((f"{kind} tests pass", 0 < count.total == count.passed))
            if not tests:
                steps.append((f"{said.validator} passes", said.status is Status.PASS))
        for place, (step, passed) in enumerate(steps):
            self.add("steps", end.index, end.row_id, place, step, int(passed))

    def _several(self, at: tuple[int, str], node: str, label: str, what: str) -> None:
        known = self._labels.setdefault(node, set())
        if label not in known and len(known) >= _MOST_LABELS:
            label = _OTHER_LABELS
        known.add(label)
        self.add("several", *at, node, label, what)


def _lines(folder: Path, outcome: Outcome) -> Iterator[bytes | str]:
    """Yield the rows of a data file; none of a run that has not written any yet."""
    for name in data_files_in(folder):
        if is_lines_of(outcome, name):
            with opened(folder / name) as lines:
                yield from lines


def _calls(reader: JournalReader) -> Iterator[Columns]:
    for call in reader.stored_calls():
        data, usage, step = call.data, call.data["usage"], step_of(call.node)
        is_cached = bool(data.get("is_cached", False)) and not data.get("from_plugin")
        place = visited(call.node)
        yield (
            call.record,
            call.node,
            place,
            step,
            loop_step_of(step),
            call.visit,
            call.sample,
            call.model,
            int(was_sent(call)),
            int(is_cached),
            int(bool(data.get("from_plugin"))),
            int(bool(data.get("is_batched", False))),
            int(bool(usage.get("is_estimated", False))),
            int(step != place),
            data["tries"],
            usage["prompt_tokens"],
            usage.get("cached_tokens", 0),
            usage["completion_tokens"],
            usage.get("reasoning_tokens", 0),
            data["latency_s"],
            data.get("cost_nano_usd"),
            data.get("saved_nano_usd"),
        )


def _critiques(reader: JournalReader) -> Iterator[Columns]:
    for one in heard_in(reader):
        ignored = None if one.is_ignored is None else int(one.is_ignored)
        yield one.record, one.node, one.number, int(one.is_stop), ignored


def _numbers(value: object, path: str) -> Iterator[Columns]:
    """Yield each number of some data by its path; SQLite's own paths differ by its version."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _numbers(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for at, inner in enumerate(value):
            yield from _numbers(inner, f"{path}[{at}]")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, value


def _measured(summary: RunSummary) -> Iterator[Columns]:
    for stack, counts in measured_for(summary).stacks.items():
        yield (
            "+".join(sorted(stack)),
            counts.decided_right,
            counts.decided_wrong,
            counts.false_accepts,
            counts.false_rejects,
            counts.errors,
        )


def _take_metrics(database: sqlite3.Connection, side: Side | None) -> None:
    """Fill what each metric says of each row; of one over the whole set, the figure itself."""
    for name, found in side.metrics.items() if side is not None else ():
        kind = found.metric.kind
        _fill(database, "metric_names", [(name, kind.value)])
        if side is not None and kind is MetricKind.SET:
            value = figure_of(side, name).estimate.value
            _fill(database, "metric_values", [(name, "", value, "")])
            continue
        clusters = side.clusters if side is not None else {}
        rows = ((name, one, x, clusters.get(one, one)) for one, x in found.values.items())
        _fill(database, "metric_values", rows)
        errors = ((name, one, why) for one, why in found.errors.items())
        _fill(database, "metric_errors", errors)


def _fill(database: sqlite3.Connection, table: str, rows: Iterable[Columns]) -> None:
    """Insert rows; a lone surrogate, which no text of SQLite can hold, becomes its escape."""
    for row in rows:
        values = tuple(_storable(value) for value in row)
        marks = ", ".join("?" * len(values))
        database.execute(f"INSERT INTO {table} VALUES ({marks})", values)  # noqa: S608


def _storable(value: object) -> object:
    if not isinstance(value, str) or value.isascii():
        return value
    return value.encode("utf-8", "backslashreplace").decode()


def _json(value: object) -> str:
    return json.dumps(dict(value) if isinstance(value, Mapping) else value, default=dict)
