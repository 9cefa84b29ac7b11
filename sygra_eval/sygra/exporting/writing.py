"""Writes a suite as a task that SyGra runs (sygra.md, section 11). Start at `export_suite`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sygra_eval.engine import image_rules
from sygra_eval.plugins import BUILT_INS, Plugins, load_plugins
from sygra_eval.suite import Suite, as_yaml, load_suite, reserved_columns
from sygra_eval.suite.document import read_document
from sygra_eval.sygra.exporting.comments import graph_text, is_export, stamped
from sygra_eval.sygra.exporting.graphs import graph_of
from sygra_eval.sygra.exporting.judge import asks_a_model
from sygra_eval.sygra.exporting.keeping import put
from sygra_eval.sygra.exporting.leaving_out import leave_out_sections
from sygra_eval.sygra.exporting.models import catalogue_of
from sygra_eval.sygra.exporting.names import plain_word
from sygra_eval.sygra.exporting.parts import Making
from sygra_eval.sygra.exporting.python_text import module_text
from sygra_eval.sygra.exporting.rows import Table, lines_of, shown_columns, table_of
from sygra_eval.values import Diagnostic, Severity, UsageError

SUITE, GRAPH, MODELS, DATA = "suite.yaml", "graph_config.yaml", "models.yaml", "data.jsonl"
JUDGED = ("verdict", "reason", "code", "grade", "verdicts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What an export wrote.

    :ivar folder: The task's, `root` the one that SyGra is run from.
    :ivar lost: What has no equivalent there, each by its place in the suite.
    :ivar kept: Files of an earlier export that it has no use for, and that were changed since.
    :ivar variables: What a shell has to set: the catalogue, and each model's key.
    """

    folder: Path
    root: Path
    name: str
    rows: int
    lost: tuple[Diagnostic, ...]
    variables: Mapping[str, str]
    kept: tuple[str, ...] = ()


async def export_suite(
    path: Path,
    to: Path,
    *,
    rows: int | None = None,
    is_trusted: bool = False,
    overwrite: bool = False,
) -> Exported:
    """Write a suite as a task.

    :param to: The task's folder where `tasks` is part of its path, else what SyGra is run from.
    :param rows: So many rows at most.
    :param is_trusted: Import plugins beside the suite.
    :param overwrite: Replace files there that somebody else wrote or changed.
    :raises UsageError: When the suite has errors, or something that SyGra has nothing for.
    """
    plugins = load_plugins(path.parent, is_trusted=is_trusted)
    suite = load_suite(path, plugins)
    if suite.graph is None:
        raise UsageError(
            f"{path}: a suite without `graph_config` judges rows, and SyGra makes them"
        )
    root, folder, dotted = _place(to, suite.name)
    _refuse_others(folder)
    document = read_document(path)
    making = Making(dotted=f"{dotted}.task_executor", document=document, seed=suite.seed)
    files = await _files(suite, plugins, making, rows, folder.relative_to(root))
    errors = [one for one in making.lost if one.severity is Severity.ERROR]
    if errors:
        raise UsageError(f"{path}: SyGra cannot run all of it", tuple(making.lost))
    kept = put(folder, files.texts, overwrite=overwrite)
    return Exported(
        folder=folder,
        root=root,
        name=dotted,
        rows=files.rows,
        lost=tuple(making.lost),
        kept=kept,
        variables={"SYGRA_CUSTOM_MODELS_PATH": str(folder / MODELS), **files.keys},
    )


@dataclass(frozen=True, slots=True)
class _Files:
    texts: dict[str, str]
    rows: int
    keys: dict[str, str]


async def _files(
    suite: Suite, plugins: Plugins, making: Making, rows: int | None, inside: Path
) -> _Files:
    leave_out_sections(suite, making)
    catalogue = catalogue_of(suite, making)
    samples = "weighted_sampler" in str(suite.document.get("graph_config"))
    making.rules = image_rules(suite)
    table = await table_of(
        suite,
        plugins,
        making,
        rows,
        wants_index=samples,
        shown=shown_columns(suite.document.get("graph_config")),
    )
    making.plain.update(table.plain)
    making.rounds = making.names.variable("rounds")
    making.stop_reason = making.names.variable("stop_reason")
    scope = dict(table.variables)
    judged = _judged(suite, plugins, making)
    last = "Judge" if judged else None
    if last is not None:
        making.names.classes.add(last)
        making.carried.data["last"] = {last: list(judged.values())}
    assert suite.graph is not None, "asked for before"  # noqa: S101
    graph, comments = graph_of(
        suite.graph, {node.name: node for node in suite.nodes}, scope, making, plugins, last=last
    )
    candidate = scope[suite.candidate]
    values: list[Any] = []
    document = {
        "data_config": {"source": {"type": "disk", "file_path": (inside / DATA).as_posix()}},
        "graph_config": graph,
        "output_config": {
            "generator": making.path_of("Rows"),
            "output_map": _output_map(suite, table, scope, making, judged, values),
        },
    }
    top = {
        "candidate": candidate,
        "prompt": making.carried.data.get("prompts", {}).get(candidate, []),
        "columns": scope,
        "source": list(table.variables),
        "judged": judged,
        "types": {scope.get(name, name): kind for name, kind in suite.schema_fields.items()},
        "values": values,
    }
    own = suite.path.read_text(encoding="utf-8")
    if suite.document != document_of_text(suite):
        own = as_yaml(suite.document)
    texts = {
        SUITE: own,
        GRAPH: stamped(graph_text(document, comments), own),
        MODELS: as_yaml(catalogue),
        DATA: lines_of(table.rows),
        "task_executor.py": module_text(making.carried, top, is_judged=bool(judged)),
        **{f"{name}.py": text for name, text in making.carried.modules.items()},
    }
    for name, (inner, above) in making.folders.items():
        texts[f"{name}/{GRAPH}"] = graph_text(inner, above)
    tokens = {
        f"SYGRA_{alias.upper()}_TOKEN": f"the key of `{alias}`"
        for alias, entry in catalogue.items()
        if "auth_token" not in entry
    }
    return _Files(texts, len(table.rows), tokens)


def document_of_text(suite: Suite) -> dict[str, Any]:
    """Return what the suite's own file says; models of `models.yaml` are not in it."""
    return read_document(suite.path).data


def _judged(suite: Suite, plugins: Plugins, making: Making) -> dict[str, str]:
    """Return the variables that the validators fill; none where SyGra can ask none of them."""
    for spec in suite.validators:
        if (plugin := plugins.of("validators")[spec.use].plugin) not in BUILT_INS:
            making.leave_out(
                ("quality", "validators"),
                f"the validator `{spec.name}` is of the plugin `{plugin}`, which is not copied",
                fix="put its `plugins/` folder beside suite.yaml there",
            )
        if asks_a_model(spec):
            making.leave_out(
                ("quality", "validators"),
                f"the validator `{spec.name}` asks a model, and is not asked in SyGra's process",
            )
    if not any(not asks_a_model(spec) for spec in suite.validators):
        return {}
    return {name: making.names.variable(f"judged_{name}") for name in JUDGED}


def _output_map(
    suite: Suite,
    table: Table,
    scope: Mapping[str, str],
    making: Making,
    judged: Mapping[str, str],
    values: list[Any],
) -> dict[str, Any]:
    """Return the row's columns: the source's, ours as far as SyGra can have them, the suite's."""
    columns: dict[str, Any] = {"id": {"from": "id"}}
    for name, variable in table.variables.items():
        is_wrapped = variable in making.wrapped
        columns[name] = {"from": variable, **({"transform": "as_it_was"} if is_wrapped else {})}
    answer = scope[suite.candidate]
    columns["answer"] = {"from": answer}
    if judged:
        columns["code"] = {"from": judged["code"]}
    columns["conversation"] = {"from": answer, "transform": "conversation"}
    columns["rounds"] = {"from": making.rounds, "transform": "rounds"}
    columns["stop_reason"] = {"from": making.stop_reason}
    if judged:
        columns["verdicts"] = {"from": judged["verdicts"]}
        columns["grade"] = {"from": judged["grade"]}
    for name, column in suite.output_map.items():
        if column.variable is not None:
            variable = scope.get(column.variable, column.variable)
            is_wrapped = variable in making.wrapped
            columns[name] = {"from": variable, **({"transform": "as_it_was"} if is_wrapped else {})}
        elif "$" in str(column.value):  # SyGra would look it up in its configuration
            columns[name] = {"value": len(values), "transform": "fixed"}
            values.append(column.value)
        else:
            columns[name] = {"value": column.value}
    kept = {"answer", "rounds", "stop_reason", *(("code", "verdicts", "grade") if judged else ())}
    missing = sorted(reserved_columns(has_graph=True) - kept - {"messages"})
    named = ", ".join(f"`{name}`" for name in missing)
    making.leave_out(("suite",), f"rows have no {named}; `messages` is called `conversation`")
    return columns


def _place(to: Path, name: str) -> tuple[Path, Path, str]:
    """Return the folder that SyGra is run from, the task's own, and its dotted name."""
    to = to.absolute()
    if "tasks" in to.parts[:-1]:
        at = len(to.parts) - 1 - to.parts[::-1].index("tasks")
        if at == len(to.parts) - 1:
            raise UsageError(f"{to}: name a folder inside `tasks`, as {to / plain_word(name)}")
        folder = to
    else:
        root = to.parent if to.name == "tasks" else to
        word = plain_word(name)
        folder = root / "tasks" / (f"n{word}" if word[0].isdigit() else word)
        at = len(root.parts)
    inner = folder.parts[at:]
    for part in inner:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", part):
            raise UsageError(
                f"{folder}: `{part}` cannot be imported as Python: use letters, digits and `_`"
            )
    return Path(*folder.parts[:at]), folder, ".".join(inner)


def _refuse_others(folder: Path) -> None:
    """Refuse a folder with a task that no export wrote."""
    here = folder / GRAPH
    if here.exists() and not is_export(here.read_text(encoding="utf-8", errors="replace")):
        raise UsageError(f"{folder} holds a task that was not exported by us: name another folder")
