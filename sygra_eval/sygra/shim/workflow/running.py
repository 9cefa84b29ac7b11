"""From what a workflow says to the rows of its run: it becomes a task, which our engine runs."""

import hashlib
import json
import logging
import os
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sygra_eval.engine import ExitCode, RunOptions, RunSummary
from sygra_eval.suite import render_diagnostic
from sygra_eval.sygra.calling import run_read
from sygra_eval.sygra.chance import is_inside
from sygra_eval.sygra.delivering import Delivery, deliver, output_name, rows_in
from sygra_eval.sygra.dialect import Read, read_task
from sygra_eval.sygra.environment import environment
from sygra_eval.sygra.given import has_a_path
from sygra_eval.sygra.importing import Shim
from sygra_eval.sygra.naming import FILE, Task, task_at
from sygra_eval.sygra.shim.exceptions import ConfigurationError, DataError, ExecutionError
from sygra_eval.sygra.side import SIDE_FILE
from sygra_eval.sygra.trusting import trust_for_now
from sygra_eval.values import Outcome, UsageError

_ONE_AT_A_TIME = threading.Lock()
"""The modules of a task are the process's, so another workflow of it waits."""
_LOG = logging.getLogger("sygra")
_CALLABLES = (
    *("lambda", "pre_process", "post_process", "multi_llm_post_process", "condition"),
    *("generator", "transform", "processor", "tools", "transformations", "schema"),
)
_PASSED_OVER = ("checkpoint_interval", "enable_default_transforms")
"""Words of SyGra's that ask for nothing here: every row is durable as it ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWords:
    """What `run` was asked for.

    :ivar instead: Another task's document, `quality_config`, that is run in the place of its own.
    """

    limit: int | None
    start: int
    output_dir: Path | None
    batch_size: int = 50
    resume: bool | None = None
    run_name: str = ""
    output_with_ts: bool = False
    oasst: bool | None = None
    quality: bool | None = None
    trust: bool = False
    out: Path = Path("reports")
    models: Mapping[str, str] = field(default_factory=dict)
    instead: Mapping[str, Any] | None = None

    @classmethod
    def of(
        cls,
        limit: int | None,
        start: int,
        output_dir: str | os.PathLike[str] | None,
        given: Mapping[str, Any],
    ) -> "RunWords":
        """Return them, or say which is not known.

        :raises ConfigurationError: When one is not.
        """
        words = {name: value for name, value in given.items() if name not in _PASSED_OVER}
        if words.pop("debug", False):
            _LOG.setLevel(logging.DEBUG)
        instead, is_meant = words.pop("quality_config", None), words.pop("quality_only", False)
        if instead and not is_meant:
            _LOG.warning("run: `quality_config` is run with `quality_only=True` alone, as in SyGra")
        words["out"] = Path(words.pop("out", "reports"))
        words["run_name"] = words.pop("run_name", None) or ""
        try:
            return cls(
                limit=limit or None,
                start=start,
                output_dir=None if output_dir is None else Path(output_dir),
                instead=instead if is_meant else None,
                **words,
            )
        except TypeError as error:
            unknown = sorted(set(words) - set(cls.__slots__))
            raise ConfigurationError(f"run: {', '.join(unknown)}: no such word") from error


def run_workflow(
    name: str, config: Mapping[str, Any], folder: Path | None, words: RunWords
) -> tuple[RunSummary, list[dict[str, Any]]]:
    """Run it and return its figures and its rows.

    :raises ConfigurationError: When it cannot be run as it is.
    :raises ExecutionError: When it did not come to its end, or no record made a row.
    """
    if words.start < 0 or (words.limit or 0) < 0:
        raise ConfigurationError("run: num_records and start_index are counted from 0")
    if is_inside():
        raise ConfigurationError(
            "run: inside the Python of a task no other task can be run, as both would be called "
            "`tasks`: make it a node, by `subgraph`, or run it before"
        )
    with _ONE_AT_A_TIME:
        return _run(name, words.instead or config, folder, words)


def _run(
    name: str, config: Mapping[str, Any], folder: Path | None, words: RunWords
) -> tuple[RunSummary, list[dict[str, Any]]]:
    task = task_of(name, config, folder, words)
    data = config.get("data_config") or {}
    resumes = bool(data.get("resumable")) if words.resume is None else words.resume
    options = RunOptions(
        out=words.out,
        limit=words.limit,
        models=words.models,
        rows_in_flight=words.batch_size,
    )
    try:
        read = read_task(
            task,
            replaced=words.models,
            rows=words.limit,
            skip=words.start,
            oasst=words.oasst,
            environ=environment(Path.cwd()),
        )
        refuse(read)
        summary = run_read(read, options, resumes=resumes, tell=_LOG.warning)
    except UsageError as error:
        raise ConfigurationError(str(error)) from error
    place = words.output_dir or (folder if folder is not None else task.folder)
    delivery = Delivery(
        target=place / output_name(summary, words.run_name, has_time=words.output_with_ts),
        oasst=words.oasst,
        quality=words.quality,
    )
    try:
        delivered = deliver(read, summary, delivery, Shim.AUTO)
    except UsageError as error:
        raise ExecutionError(f"{error}; the run is {summary.folder}") from error
    for note in delivered.notes:
        _LOG.warning("%s", note)
    rows = rows_in(delivered.target)
    refuse_nothing(summary, rows)
    return summary, rows


def refuse(read: Read) -> None:
    """Raise with all that is wrong with a task.

    :raises ConfigurationError: When anything is.
    """
    if read.suite is None:
        text = read.task.path.read_text(encoding="utf-8")
        found = [render_diagnostic(one, text if one.line else "") for one in read.errors]
        raise ConfigurationError("\n".join([f"{read.task.name} cannot be run", *found]))


def refuse_nothing(summary: RunSummary, rows: list[Any]) -> None:
    """Raise where a run has nothing to show for itself; warn where records failed.

    :raises ExecutionError: When it did not end, or no record made a row.
    """
    failed = summary.counts.get(Outcome.FAILED, 0)
    if summary.not_reached or summary.exit_code is ExitCode.INTERRUPTED:
        raise ExecutionError(f"{summary.exit_reason}; what there is lies in {summary.folder}")
    if failed and not rows:
        raise ExecutionError(f"all {failed} records failed: {_cause(summary)} ({summary.folder})")
    if failed:
        _LOG.warning("%d of %d records failed: %s", failed, summary.rows, summary.folder)


def _cause(summary: RunSummary) -> str:
    lines = (summary.folder / "failed.jsonl").read_text(encoding="utf-8").splitlines()
    row = json.loads(lines[0]) if lines else {}
    return str(row.get("outcome_reason") or row.get("reason") or "?")


def task_of(name: str, config: Mapping[str, Any], folder: Path | None, words: RunWords) -> Task:
    """Return the task that a workflow is: the folder itself, or one that is written for it."""
    found = None if folder is None else task_at(str(folder))
    if found is not None and yaml.safe_load(found.path.read_text("utf-8")) == config:
        if words.trust:
            trust_for_now(found.root, found.folder)
        return found
    root = Path.cwd() if found is None else found.root
    plain, rows = _without_rows(config)
    digest = hashlib.sha256(json.dumps([plain, rows], sort_keys=True, default=str).encode())
    safe = re.sub(r"[^\w.-]", "_", name if found is None else found.name)
    work = (words.out / ".tasks" / f"{safe}-{digest.hexdigest()[:8]}").absolute()
    work.mkdir(parents=True, exist_ok=True)
    if rows is not None:
        path = work / "rows.json"
        path.write_text(_as_json(rows), encoding="utf-8")
        plain["data_config"]["source"] |= {"type": "disk", "file_path": str(path)}
    (work / FILE).write_text(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True), "utf-8")
    if found is not None and (side := found.folder / SIDE_FILE).is_file():
        (work / SIDE_FILE).write_bytes(side.read_bytes())
    task = Task(name=safe if found is None else found.name, folder=work, root=root)
    if words.trust or not names_tasks(plain):
        trust_for_now(task.root, task.folder)
    return task


def names_tasks(config: Mapping[str, Any]) -> bool:
    """Say whether Python of a task folder would be imported, and not only the program's own."""
    return any(
        (key in _CALLABLES and value.startswith("tasks.")) or key == "subgraph"
        for key, value in _texts(config)
    )


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, key)
    elif isinstance(value, str):
        yield key, value


def _without_rows(config: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any] | None]:
    """Return what a file can hold, and rows that a program gave."""
    plain: dict[str, Any] = _plain(config)
    source = (plain.get("data_config") or {}).get("source")
    if not isinstance(source, dict):
        return plain, None
    rows = source.pop("data", None)
    return plain, rows if rows is None else list(rows)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _as_json(rows: list[Any]) -> str:
    try:
        return json.dumps(rows, ensure_ascii=False, indent=1)
    except (TypeError, ValueError) as error:
        raise DataError(f"the rows are no JSON: {error}") from error


def saved(config: Mapping[str, Any]) -> str:
    """Return the text of a task's file.

    :raises ConfigurationError: When it names a function that no other process could import.
    """
    for key, value in _texts(config):
        if key in _CALLABLES and not has_a_path(value):
            raise ConfigurationError(
                f"`{value}` stands in the running program, so no file can name it: put it into a "
                "module"
            )
    text: str = yaml.safe_dump(_plain(config), sort_keys=False, allow_unicode=True)
    return text
