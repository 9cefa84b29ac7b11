"""Reads a task of SyGra as a suite of ours. Start at `read_task`.

The task's graph becomes one node and its rows one source; what is around them, models, gates,
validators, is a suite as any other. What is wrong is told by file and line of the task's own
file; keys that SyGra passes over are warnings, as its shipped files carry some.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from sygra_eval.suite import Document, document_of
from sygra_eval.suite.document import read_document
from sygra_eval.sygra import keys
from sygra_eval.sygra.aliases import Resolved, facts_of, without_secrets
from sygra_eval.sygra.asking import model_name
from sygra_eval.sygra.blocks import used_models
from sygra_eval.sygra.config import (
    FLAGS,
    NODE_TYPE,
    ROW,
    SOURCE_TYPE,
    stored,
)
from sygra_eval.sygra.cycles import endless
from sygra_eval.sygra.executors import made, not_called, own_executor
from sygra_eval.sygra.flat import Flat, flat_graph
from sygra_eval.sygra.importing import Shim, importing
from sygra_eval.sygra.imports import import_problems
from sygra_eval.sygra.judging import TASK, judge_of
from sygra_eval.sygra.left_out import left_out, sinks_of
from sygra_eval.sygra.measuring import lend
from sygra_eval.sygra.naming import Task, found_file
from sygra_eval.sygra.oasst import is_asked
from sygra_eval.sygra.paths import resolved_paths
from sygra_eval.sygra.refusing import refused
from sygra_eval.sygra.shapes import misshapen
from sygra_eval.sygra.shim.core.base_task_executor import SOURCE
from sygra_eval.sygra.shim.utils import utils
from sygra_eval.sygra.side import sections_of, side_of
from sygra_eval.sygra.state import media_columns
from sygra_eval.sygra.trusting import Untrusted, require_trust
from sygra_eval.values import Diagnostic, Problem, Severity

_FOREIGN = ("bad-key",)
"""What our suites refuse and SyGra's files may have: keys that are numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A task as it was read.

    :ivar suite: It as a suite; None where it has errors.
    :ivar needs: What it lacks to be run here, in words.
    :ivar unaddressed: Models of which one of these needs speaks.
    :ivar post_process: What happens to all rows at the end of a run; `sinks` where they go then.
    :ivar data: What its file says.
    """

    task: Task
    suite: Document | None
    diagnostics: tuple[Diagnostic, ...]
    needs: tuple[str, ...] = ()
    unaddressed: tuple[str, ...] = ()
    post_process: tuple[Any, ...] = ()
    sinks: tuple[Mapping[str, Any], ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def has_judge(self) -> bool:
        """Whether its `llm_based_quality` is a validator of the run."""
        quality = self.suite.data.get("quality") if self.suite is not None else None
        listed = quality.get("validators") if isinstance(quality, Mapping) else None
        return any(isinstance(one, Mapping) and one.get("name") == TASK for one in listed or ())

    @property
    def has_executor(self) -> bool:
        """Whether it has a `TaskExecutor` of its own."""
        graph = self.suite.data["graph_config"] if self.suite is not None else None
        return isinstance(graph, Mapping) and "executor" in graph["nodes"]["task"]

    @property
    def output(self) -> Mapping[str, Any]:
        """What it says of its rows."""
        found = self.data.get("output_config")
        return found if isinstance(found, Mapping) else {}

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """What keeps it from being run."""
        return tuple(one for one in self.diagnostics if one.severity is Severity.ERROR)


def read_task(
    task: Task,
    *,
    shim: Shim = Shim.AUTO,
    replaced: Mapping[str, str] | None = None,
    rows: int | None = None,
    skip: int = 0,
    oasst: bool | None = None,
    run_args: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Read:
    """Return the task as a suite, with everything that is wrong with it.

    :param replaced: Models that `--model` gives, by alias.
    :param rows: How many rows a task without a source has.
    :param skip: So many rows at the beginning are left out.
    :param oasst: Whether rows are to become messages; None leaves it to the task.
    :param run_args: For an executor of the task's own.
    """
    document = read_document(task.path)
    document.diagnostics = [one for one in document.diagnostics if one.code not in _FOREIGN]
    data = _data(document)
    side, beside = side_of(task.folder)
    if data is None or (beside is not None and beside.diagnostics):
        found = (*document.diagnostics, *(beside.diagnostics if beside is not None else ()))
        return Read(task=task, suite=None, diagnostics=tuple(found))
    reading = _Reading(task, document, data, side, shim, dict(replaced or {}), environ, skip, oasst)
    reading.run_args = dict(run_args or {})
    with importing(task.root, shim):
        utils.current_task = str(task.folder)
        return reading.read(rows)


def _data(document: Document) -> dict[str, Any] | None:
    if document.root is None:
        return None
    data = yaml.safe_load(document.text)  # as SyGra reads it; `read_document` refused what is unfit
    return data if isinstance(data, dict) else None


@dataclass(slots=True)
class _Reading:
    task: Task
    document: Document
    data: dict[str, Any]
    side: dict[str, Any]
    shim: Shim
    replaced: dict[str, str]
    environ: Mapping[str, str]
    skip: int = 0
    oasst: bool | None = None
    run_args: dict[str, Any] = field(default_factory=dict)
    executor: str | None = None
    needs: list[str] = field(default_factory=list)
    unaddressed: list[str] = field(default_factory=list)
    aliases: dict[str, dict[str, Any]] = field(default_factory=dict)

    def read(self, rows: int | None) -> Read:
        """Look at all of it, and go on past errors."""
        wrong = list(misshapen(self.data))
        for problem in wrong:
            self._report(problem)
        if wrong:
            return self._end(None)
        self.data = resolved_paths(self.data, self._report)
        for problem in (
            *keys.unread_in(self.data),
            *refused(self.data),
            *left_out(self.data, has_judge="judge" in self.side),
        ):
            self._report(problem)
        graph = self.data.get("graph_config")
        if not isinstance(graph, dict) or not isinstance(graph.get("nodes"), dict):
            message = "`graph_config` with its `nodes` is missing"
            self._report(Problem(code="missing-key", message=message, at=("graph_config",)))
            return self._end(None)
        flat = flat_graph(graph, self._report)
        self._check_start(flat)
        self._check_python(flat)
        models = self._models(flat)
        judge = judge_of(self.data, self.side, self.environ)
        if judge is not None and judge[1].needs and judge[0]["model"] not in {*models, *self._own}:
            at: keys.At = ("output_config", "data_quality")
            self._need(f"for the judge `{self.side['judge']}` {judge[1].needs}", at)
        source = self._source()
        if self.errors:
            return self._end(None)
        suite = self._suite(flat, models, source, rows)
        made = document_of(suite)
        return self._end(
            made,
            keys={
                name: value
                for one in [*models.values(), *([judge[1]] if judge else [])]
                for name, value in one.keys.items()
            },
        )

    def _end(self, suite: Document | None, keys: Mapping[str, str] | None = None) -> Read:
        found = [
            one if one.path else replace(one, path=str(self.task.path))
            for one in sorted(self.document.diagnostics, key=lambda d: (d.line, d.column))
        ]
        return Read(
            task=self.task,
            suite=suite,
            diagnostics=tuple(found),
            needs=tuple(dict.fromkeys(self.needs)),
            unaddressed=tuple(dict.fromkeys(self.unaddressed)),
            post_process=tuple(_listed(self.data.get("graph_post_process"))),
            data=self.data,
            sinks=tuple(sinks_of(self.data)),
            keys=keys or {},
        )

    @property
    def errors(self) -> bool:
        return any(one.severity is Severity.ERROR for one in self.document.diagnostics)

    @property
    def _args(self) -> dict[str, Any]:
        """What an executor is told of how it was called."""
        own = self.side.get("source")
        given = {"run_args": self.run_args, SOURCE: own}
        return {name: value for name, value in given.items() if value}

    def _report(self, problem: Problem) -> None:
        self.document.report_problems([problem], ())

    def _need(self, what: str, at: keys.At) -> None:
        """Tell of what is missing on this machine: an error, as a run would end at it."""
        self.needs.append(what)
        self._report(Problem(code="sygra-needs", message=f"this needs {what}", at=at))

    def _check_start(self, flat: Flat) -> None:
        if not any(edge["from"] == "__start__" for edge in flat.edges):
            self._report(
                Problem(
                    code="missing-edge",
                    message="no edge goes from `START`",
                    at=("graph_config", "edges"),
                    is_key=True,
                )
            )
            return
        for name in endless(flat):
            self._report(
                Problem(
                    code="endless-cycle",
                    message=f"`{name}` is in a cycle that no edge leads out of: every record would "
                    "go round until its step limit",
                    at=("graph_config", "nodes", name),
                    is_key=True,
                )
            )

    def _check_python(self, flat: Flat) -> None:
        """Import what the task names, if that is trusted, and say what is not there."""
        try:
            require_trust(self.task.root, self.task.folder, self.environ)
        except Untrusted as untrusted:
            self._report(Problem(code="sygra-untrusted", message=str(untrusted), at=()))
            return
        lend(self.side.get("metrics"))
        own = own_executor(self.task)
        known = partial(made, own.path, self.task.name, self._args) if own is not None else None
        for problem in import_problems(self.data, flat, known):
            told = f"{own.place}: {problem.message}" if own and not problem.at else problem.message
            self._report(replace(problem, message=told))
        if own is not None and not self.errors:
            self.executor = own.path
            for told in not_called(own.path):
                self._report(
                    Problem(code="sygra-left-out", message=told, at=(), severity=Severity.WARNING)
                )

    def _models(self, flat: Flat) -> dict[str, Resolved]:
        used: dict[str, Resolved] = {}
        for one in used_models(flat, self.environ, self._is_given):
            at: keys.At = ("graph_config", "nodes", one.node.partition(".")[0])
            if one.made is None:
                message = f"`{one.node}`: a `model` needs its `name`"
                self._report(Problem(code="missing-key", message=message, at=at))
                continue
            self.aliases.setdefault(one.alias, _of_use(facts_of(one.alias, {}, self.environ)))
            if one.made.needs and not self._is_given(one.alias):
                self._need(f"for the model `{one.alias}` {one.made.needs}", (*at, "model"))
                self.unaddressed.append(one.alias)
            for note in one.made.notes:
                warning = Severity.WARNING
                self._report(Problem(code="sygra-differs", message=note, at=at, severity=warning))
            used[one.entry] = one.made
        return used

    def _is_given(self, alias: str) -> bool:
        """Say whether somebody put a model of theirs in the place of an alias."""
        return alias in self.replaced or model_name(alias) in self._own

    @property
    def _own(self) -> Mapping[str, Any]:
        """Models that the side file has."""
        given = self.side.get("models")
        return given if isinstance(given, dict) else {}

    def _source(self) -> Any:
        given = (self.data.get("data_config") or {}).get("source")
        own = self.side.get("source")
        if own is not None and not isinstance(given, list):
            kept = given.get("transformations") if isinstance(given, dict) else None
            return {**({"transformations": kept} if kept else {}), **own}
        if own is not None:
            return own
        for place, one in enumerate(_listed(given) or ([given] if given else [])):
            if isinstance(one, dict) and one.get("type") == "disk" and self.executor is None:
                self._look_for(one, (place,) if isinstance(given, list) else ())
            if isinstance(one, dict) and one.get("type") == "servicenow":
                self._need(
                    "a ServiceNow instance, or rows of your own: `source: {type: disk, file_path: "
                    "...}` in `sygra_eval.yaml` beside the task",
                    ("data_config", "source"),
                )
                break
        return given

    def _look_for(self, source: Mapping[str, Any], place: tuple[int, ...]) -> None:
        path = str(source.get("file_path", ""))
        if source.get("shard") or found_file(path).exists() or set(path) & set("*?["):
            return
        at: keys.At = ("data_config", "source", *place, "file_path")
        told = f"there is no file `{path}` in {Path.cwd()} nor in {self.task.root}"
        self._report(Problem(code="file-not-found", message=told, at=at))

    def _suite(
        self, flat: Flat, models: Mapping[str, Resolved], source: Any, rows: int | None
    ) -> dict[str, Any]:
        root = os.path.relpath(self.task.root, self.task.folder)
        common = {"task": self.task.name, "root": root, "shim": self.shim.value}
        output = self.data.get("output_config") or {}
        node: dict[str, Any] = {
            "node_type": NODE_TYPE,
            **common,
            "nodes": stored(flat.nodes),
            "edges": stored(flat.edges),
            "properties": stored((self.data["graph_config"].get("graph_properties")) or {}),
            "output": stored(output),  # a generator may look for words of its own in it
            "schema_rules": stored(self.data.get("schema_config") or {}),
            "models": stored(self.aliases),
        }
        for key in ("answer", "recursion_limit", "python_limit_s", "metrics"):
            if key in self.side:
                node[key] = self.side[key]
        mapper = output.get("oasst_mapper")
        if is_asked(mapper or {}) if self.oasst is None else self.oasst:
            node["is_oasst"] = True
        data: dict[str, Any] = {"type": SOURCE_TYPE, **common, "given": stored(_kept(source))}
        if self.executor is not None:
            node |= {"executor": self.executor, "args": stored(self._args)}
            data |= {"executor": self.executor, "args": stored(self._args)}
        if column := (self.data.get("data_config") or {}).get("id_column"):
            data["id_column"] = str(column)
        if media := media_columns(flat.nodes.values()):
            data["media"] = media
        if source is None and (wanted := rows or self.side.get("rows")) is not None:
            data["rows"] = wanted + self.skip
        if self.skip:
            data["skip"] = self.skip
        head = self.side.get("suite") if isinstance(self.side.get("suite"), dict) else {}
        entries = {name: stored(one.entry) for name, one in models.items()}
        sections = sections_of(self.side)
        if (judge := judge_of(self.data, self.side, self.environ)) is not None:
            entries.setdefault(judge[0]["model"], stored(judge[1].entry))
            quality = dict(sections.get("quality") or {})
            listed = [*(quality.get("validators") or ()), judge[0]]
            sections["quality"] = {**quality, "validators": listed}
        return {
            "suite": {"name": suite_name(self.task), **(head or {})},
            "models": {**entries, **(self.side.get("models") or {})},
            "data_config": {"source": data},
            "graph_config": {
                "nodes": {"task": node},
                "edges": [{"from": "START", "to": "task"}, {"from": "task", "to": "END"}],
            },
            "schema_config": {"fields": [{"name": ROW, "type": "dict"}]},  # else there is no row
            "output_config": {"output_map": {ROW: {"from": ROW}, FLAGS: {"from": FLAGS}}},
            **sections,
        }


def suite_name(task: Task) -> str:
    """Return what the suite of a task, and so the folder of its runs, is called."""
    return model_name(task.name.removeprefix("tasks."))


_USED = ("model", "model_type", "special_tokens", "post_process", "input_type", "output_type")


def _of_use(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a node has to know of a model beside where it is."""
    kept = (*_USED, "structured_output", "image_capabilities")
    return {key: facts[key] for key in kept if key in facts}


def _kept(source: Any) -> Any:
    """Return a source as a run may keep it: what is secret in it comes from the environment."""
    if isinstance(source, list):
        return [_kept(one) for one in source]
    return without_secrets(source) if isinstance(source, dict) else source


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
