"""A suite of ours for a task of SyGra, and a list of what changed. Start at `migrated`."""

import itertools
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sygra_eval.suite import Template, as_yaml, escaped, reserved_columns
from sygra_eval.sygra.aliases import catalogue, facts_of, resolved
from sygra_eval.sygra.asking import model_name
from sygra_eval.sygra.dialect import read_task
from sygra_eval.sygra.exporting import SUITE, is_export, is_unchanged
from sygra_eval.sygra.media_kinds import Kind, kind_of
from sygra_eval.sygra.migrating.around import fields_of, left_behind, python_left_out
from sygra_eval.sygra.migrating.loop import FoundLoop, loop_in
from sygra_eval.sygra.migrating.plain import is_plain, plain_nodes
from sygra_eval.sygra.naming import Task
from sygra_eval.sygra.side import sections_of, side_of
from sygra_eval.values import UsageError

_UNSET = "http://127.0.0.1:8000/v1"
"""The address of a model that has none yet."""
_BESIDE_TALK = ("structured_output", "special_tokens", "post_process", "completions_api")
"""What a task's own node does with a model, and a node of ours does otherwise."""
_RENAME = "sygra.processors.data_transform.RenameFieldsTransform"


@dataclass(frozen=True, slots=True)
class Migrated:
    """A suite as text, and what is otherwise than in the task."""

    text: str
    changes: tuple[str, ...]


def migrated(task: Task, folder: Path, environ: Mapping[str, str]) -> Migrated:
    """Return the suite.

    :param folder: Where it is going to stand; paths in it are relative to that.
    :raises UsageError: When the task cannot be read.
    """
    text = task.path.read_text(encoding="utf-8", errors="replace")
    beside = task.folder / SUITE
    lead: tuple[str, ...] = ()
    if is_export(text) and beside.is_file():
        suite = beside.read_text(encoding="utf-8")
        if is_unchanged(text, suite):
            return Migrated(suite, (f"this is the suite that the task was made from ({beside})",))
        lead = (
            f"graph_config.yaml was changed since it was made, so {beside} is not what it says",
        )
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"{task.path}: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get("graph_config"), dict):
        raise UsageError(f"{task.path}: `graph_config` with its `nodes` is missing")
    graph = data["graph_config"]
    writing = _Writing(task, data, folder, environ, side=side_of(task.folder)[0])
    found = loop_in(graph, task.root)
    is_known = _only_talks(graph, environ)
    if is_known and found is not None:
        document = writing.with_loop(found)
    elif is_known and is_plain(graph):
        document = writing.with_plain_nodes()
    else:
        return _as_it_is(task, data, environ, lead)
    return Migrated(as_yaml(document), (*lead, *writing.changes))


def _only_talks(graph: Mapping[str, Any], environ: Mapping[str, str]) -> bool:
    """Say whether each model answers with text, and nothing is done with that but taking it."""
    nodes = graph.get("nodes")
    for node in nodes.values() if isinstance(nodes, dict) else ():
        block = node.get("model") if isinstance(node, dict) else None
        if not isinstance(block, dict) or not block.get("name"):
            continue
        facts = facts_of(str(block["name"]), block, environ)
        if kind_of(facts) is not Kind.CHAT or any(facts.get(key) for key in _BESIDE_TALK):
            return False
    return True


def _as_it_is(
    task: Task, data: dict[str, Any], environ: Mapping[str, str], lead: tuple[str, ...]
) -> Migrated:
    """Keep the task's own Python: its graph is one node, which names it by dotted paths."""
    read = read_task(task, environ=environ)
    missing = read.unaddressed
    if missing:
        read = read_task(task, environ={**environ, **_addresses(missing, environ)})
    if read.suite is None:
        count = len(read.errors)
        said = f"{task.path}: {count} error{'s' if count != 1 else ''}"
        raise UsageError(said, read.diagnostics)
    told = (
        "its graph is none that we know: it stays one node whose Python is the task's own, named "
        "by dotted paths",
        f"the suite has to stand in {task.folder}, as what it names is relative to it",
        *(_no_address(model_name(alias)) for alias in missing),
        *(_key_of(name, entry) for name, entry in read.suite.data["models"].items()),
        *left_behind(data),
    )
    return Migrated(as_yaml(read.suite.data), (*lead, *filter(None, told)))


def _addresses(aliases: tuple[str, ...], environ: Mapping[str, str]) -> dict[str, str]:
    """Return what has to be in the environment for models to have the address that is unset."""
    given = {}
    for alias in aliases:
        prefix = f"SYGRA_{alias.upper()}"
        given[f"{prefix}_URL"] = _UNSET
        if str(catalogue(environ).get(alias, {}).get("model_type")) not in ("vllm", "tgi"):
            given[f"{prefix}_MODEL_TYPE"] = "openai"
    return given


def _no_address(name: str) -> str:
    return f"the model `{name}` has no address yet: write its `base_url` and `model`"


def _key_of(name: str, entry: Mapping[str, Any]) -> str:
    """Return where a model's key comes from; it is never in the suite."""
    variable = entry.get("api_key_env")
    return f"the key of the model `{name}` comes from the variable {variable}" if variable else ""


@dataclass(slots=True)
class _Writing:
    task: Task
    data: dict[str, Any]
    folder: Path
    environ: Mapping[str, str]
    changes: list[str] = field(default_factory=list)
    models: dict[str, Any] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    side: dict[str, Any] = field(default_factory=dict)
    there: frozenset[str] | None = None

    def with_loop(self, found: FoundLoop) -> dict[str, Any]:
        """Write the loop as a `critique_loop`."""
        nodes = self.data["graph_config"]["nodes"]
        author, critic = nodes[found.draft], nodes[found.critique]
        draft = self.prompt(author["prompt"])
        granting = self._granting()
        loop = {
            "node_type": "critique_loop",
            "draft": {"model": self.model(author["model"]), "prompt": draft},
            "critique": {
                "model": self.model(critic["model"]),
                "prompt": [*self.prompt(critic["prompt"]), {"user": "{candidate}"}],
            },
            "revise": {
                "model": self.model(author["model"]),
                "prompt": [*draft, {"assistant": "{candidate}"}, {"user": "{critique}"}],
            },
            "until": {
                "sentinel": found.phrase.upper(),
                **({"accepted_by": granting} if granting else {}),
            },
            "max_rounds": found.rounds,
            "output": "final_answer",
        }
        self.changes += [
            f"`{found.draft}` and `{found.critique}` became the loop `{found.draft}`: "
            f"{found.rounds} rounds at most, as its condition allows",
            f"the loop ends where the critic says `{found.phrase.upper()}` and nothing else; there "
            "it ended wherever the phrase stood inside other words",
            "critic and author see the last answer and the last critique, not all turns before",
            "a row is the question and the kept answer (`messages`), without the turns between",
            f"a stop that the critic asks for is granted where {', '.join(granting)} passed"
            if granting
            else "no validator judges the rows yet: add `quality: {validators: [...]}`, and name "
            "one under `until: {accepted_by: [...]}` so that a stop is granted by execution",
        ]
        return self._document({found.draft: loop}, _straight([found.draft]), "final_answer")

    def _granting(self) -> list[str]:
        """Return the validators of the side file that say whether a stop is granted."""
        given = (self.side.get("quality") or {}).get("validators") or []
        required = [one for one in given if one.get("required")] or given
        return [str(one.get("name") or one.get("use")) for one in required]

    def with_plain_nodes(self) -> dict[str, Any]:
        """Write nodes without Python as they are."""
        graph = self.data["graph_config"]
        made, last = plain_nodes(graph, self.model, self.prompt)
        self.changes.append("its nodes have no Python, so each became the same node of ours")
        return self._document(made, _straight(list(made)), last)

    def _document(
        self, nodes: dict[str, Any], edges: list[dict[str, str]], candidate: str
    ) -> dict[str, Any]:
        name = model_name(self.task.name.removeprefix("tasks."))
        source = self._source()
        added = {name for one in nodes.values() for name in _adds(one)}
        columns = self._columns(added)
        known = {name: self.renamed.get(name, name) for name in self.there or ()}
        fields, told = fields_of(self.data, {**known, **{name: name for name in added}})
        self.changes += [*told, *python_left_out(self.data), *left_behind(self.data)]
        return {
            "suite": {"name": name},
            "models": self.models,
            "data_config": {"source": source},
            "graph_config": {"nodes": nodes, "edges": edges},
            **sections_of(self.side),
            "quality": {"candidate": candidate, **(self.side.get("quality") or {})},
            **({"schema_config": {"fields": fields}} if fields else {}),
            **({"output_config": {"output_map": columns}} if columns else {}),
        }

    def model(self, block: Mapping[str, Any]) -> Any:
        """Return how a node names a model, which the suite then has."""
        alias = str(block["name"])
        name = model_name(alias)
        if name not in self.models:
            made = resolved(alias, self.environ)
            entry = {key: value for key, value in made.entry.items() if key != "on_repetition"}
            if made.needs:
                entry |= {"base_url": _UNSET, "model": alias}
                self.changes.append(_no_address(name))
            if told := _key_of(name, entry):
                self.changes.append(told)
            self.models[name] = entry
        parameters = block.get("parameters")
        return {"name": name, "parameters": parameters} if parameters else name

    def prompt(self, given: list[dict[str, Any]]) -> list[dict[str, str]]:
        """Return messages; what they name is the same."""
        made = []
        for message in given:
            ((role, text),) = list(message.items())[:1]
            template = Template.parse(str(text))
            for piece in template.stray:
                self.changes.append(f"`{piece}` in a prompt is no placeholder of ours")
            parts = (
                escaped(part) if isinstance(part, str) else f"{{{self._column(part.name)}}}"
                for part in template.parts
            )
            made.append({role: str(text) if template.stray else "".join(parts)})
        return made

    def _column(self, name: str) -> str:
        """Return a column's name; what our own columns are called is put behind `input_`."""
        if name not in reserved_columns(has_graph=True):
            return name
        if name not in self.renamed:
            self.renamed[name] = f"input_{name}"
            self.changes.append(f"the column `{name}` is called `input_{name}`: ours has its name")
        return self.renamed[name]

    def _source(self) -> dict[str, Any]:
        given = (self.data.get("data_config") or {}).get("source")
        if isinstance(self.side.get("source"), dict):
            kept = {"transformations": (given or {}).get("transformations") or []}
            given = {**kept, **self.side["source"]}
        if not isinstance(given, dict) or given.get("type") not in ("hf", "disk"):
            self.changes.append("its source is none of ours: write `data_config.source`")
            return {"type": "disk", "file_path": "rows.jsonl"}
        source: dict[str, Any]
        there: frozenset[str] | None = None
        if given["type"] == "hf":
            hub = ("type", "repo_id", "config_name", "split")
            source = {key: given[key] for key in hub if given.get(key)}
        else:
            path = self._file(Path(str(given.get("file_path"))))
            source = {"type": "disk", "file_path": os.path.relpath(path, self.folder)}
            there = _columns_of(path)
            self.there = there
            for name in sorted((there or frozenset()) & reserved_columns(has_graph=True)):
                self._column(name)
        column = (self.data.get("data_config") or {}).get("id_column")
        renamed = self._renamed(given.get("transformations") or [])
        if there is not None:  # SyGra passes over a column that is not there
            renamed = {old: new for old, new in renamed.items() if old in there}
        renamed |= self.renamed
        if renamed:
            source["rename"] = renamed
        back = {new: old for old, new in renamed.items()}
        if column or "id" in back or "id" in (there or ()):
            source["id"] = str(column or back.get("id", "id"))
        return source

    def _file(self, path: Path) -> Path:
        here = Path.cwd() / path
        return here if here.exists() else self.task.root / path

    def _renamed(self, transformations: list[Any]) -> dict[str, str]:
        renamed: dict[str, str] = {}
        for one in transformations:
            if isinstance(one, dict) and one.get("transform") == _RENAME:
                renamed |= (one.get("params") or {}).get("mapping") or {}
            else:
                self.changes.append(f"the transform `{one}` is left out: ours have other names")
        return renamed

    def _columns(self, added: set[str]) -> dict[str, Any]:
        mapped = (self.data.get("output_config") or {}).get("output_map") or {}
        made: dict[str, Any] = {}
        for name, told in mapped.items():
            if name in reserved_columns(has_graph=True):
                self.changes.append(f"the column `{name}` is left out: ours has its name")
                continue
            if not isinstance(told, dict) or told.get("from") in ("id", name):
                continue
            if "transform" in told or told.get("from") == "messages":
                self.changes.append(f"the column `{name}` is left out: `messages` has the talk")
            elif "value" in told and not _is_path(told["value"]):
                made[str(name)] = {"value": told["value"]}
            elif "value" in told:
                self.changes.append(f"the column `{name}` is left out: its value is a path")
            elif self.there is not None and told.get("from") not in self.there | added:
                made[str(name)] = {"value": None}
                self.changes.append(f"the column `{name}` is null: nothing sets `{told['from']}`")
            else:
                made[str(name)] = {"from": told.get("from")}
        return made


def _adds(node: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the variables that a node of ours adds."""
    if "attributes" in node:
        return tuple(node["attributes"])
    return (str(node.get("output", node.get("output_keys"))),)


def _columns_of(path: Path) -> frozenset[str] | None:
    """Return the columns of a file's first row; None where it is not looked into."""
    try:
        if path.suffix == ".json":
            first = json.loads(path.read_text(encoding="utf-8"))[0]
        elif path.suffix == ".jsonl":
            with path.open(encoding="utf-8") as lines:
                first = json.loads(next(lines))
        else:
            return None
        return frozenset(first)
    except (OSError, ValueError, LookupError, TypeError, StopIteration):
        return None


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("$")


def _straight(names: list[str]) -> list[dict[str, str]]:
    places = ["START", *names, "END"]
    return [{"from": a, "to": b} for a, b in itertools.pairwise(places)]
