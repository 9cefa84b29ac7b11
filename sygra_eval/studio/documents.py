"""A suite's document: its text, its graph, what is wrong with it. Nothing of it is executed.

A suite with plugins of its own beside it is checked by `sygra-eval check` in a process of its own,
since they have to be imported to know what they add, and this server never imports a user's code.
"""

import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sygra_eval.plugins import Plugins, load_plugins, local_plugin_folders
from sygra_eval.studio.graphs import GraphValidator, SuiteGraph, graph_in, validators_in
from sygra_eval.studio.live.command import checked
from sygra_eval.studio.told import Told
from sygra_eval.studio.workspace import NotThere, Workspace
from sygra_eval.suite import check_suite, plain_suite
from sygra_eval.values import UsageError

CHECK_S = 30.0
MOST_TEXT = 4 * 1024 * 1024
_KEPT_BY_NAME: dict[str, Plugins] = {}


class Problem(Told):
    """A diagnostic, as `sygra-eval check` prints it."""

    code: str
    severity: str
    path: str
    line: int
    column: int
    message: str
    fix: str


class SuiteModel(Told):
    """A model that a suite can ask.

    :ivar kind: As `openai`; `model` is what is asked there, `address` where.
    :ivar key_name: The environment variable of its key; never the key.
    :ivar is_shared: It stands in `models.yaml`, not in the suite.
    """

    name: str
    kind: str
    model: str
    address: str
    key_name: str
    is_shared: bool


class SuiteDocument(Told):
    """A suite as its file says it; nothing of it is executed to read it.

    :ivar sha256: Of the file's bytes.
    :ivar problems: As `sygra-eval check` finds them.
    :ivar graph: None where the document is too broken for one, or rows themselves are judged.
    :ivar needs_trust: It has code of its own beside it that nobody has trusted yet; what depends on
        it is among the problems.
    """

    path: str
    name: str
    description: str
    sha256: str
    text: str
    problems: list[Problem]
    graph: SuiteGraph | None
    validators: list[GraphValidator]
    variants: list[str]
    models: list[SuiteModel]
    needs_trust: bool


def document_of(workspace: Workspace, name: str) -> SuiteDocument:
    """Return a suite's document.

    :raises NotThere: When there is none of this name.
    """
    path = workspace.suite(name)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise NotThere(f"the suite `{name}` cannot be read: {error.strerror}") from error
    if len(data) > MOST_TEXT:
        raise UsageError(f"a suite has at most {MOST_TEXT} bytes, and this file has {len(data)}")
    plain = plain_suite(path)
    problems, needs_trust = problems_of(path, workspace)
    suite = plain.data.get("suite")
    suite = suite if isinstance(suite, Mapping) else {}
    return SuiteDocument(
        path=name,
        name=str(suite.get("name") or path.stem),
        description=str(suite.get("description") or ""),
        sha256=hashlib.sha256(data).hexdigest(),
        text=data.decode("utf-8", "replace"),
        problems=problems,
        graph=graph_in(plain.data, plain.lines),
        validators=validators_in(plain.data),
        variants=list(plain.variants),
        models=_models(plain.data, plain.shared),
        needs_trust=needs_trust,
    )


def problems_of(path: Path, workspace: Workspace) -> tuple[list[Problem], bool]:
    """Return what is wrong with a suite, and whether code of its own is not trusted yet."""
    if not local_plugin_folders(path.parent):
        found = check_suite(path, _plugins_here(path.parent))
        return [
            Problem(
                code=one.code,
                severity=one.severity.value,
                path=_relative(one.path, workspace),
                line=one.line,
                column=one.column,
                message=one.message,
                fix=one.fix,
            )
            for one in found
        ], False
    try:
        told, beside = checked(path, workspace, limit_s=CHECK_S)
        problems = [
            Problem(**{**one, "path": _relative(one["path"], workspace)})
            for one in told.get("diagnostics", ())
        ]
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        return [_unchecked(path, workspace, str(error))], False
    except subprocess.TimeoutExpired:
        return [_unchecked(path, workspace, f"no answer within {CHECK_S:g} s")], False
    return problems, b"trust" in beside


def _unchecked(path: Path, workspace: Workspace, why: str) -> Problem:
    return Problem(
        code="not-checked",
        severity="error",
        path=_relative(str(path), workspace),
        line=1,
        column=1,
        message=f"`sygra-eval check` gave no answer: {why}",
        fix=f"say `sygra-eval check {path}` in a terminal",
    )


def _plugins_here(folder: Path) -> Plugins:
    """Return what is built in and installed; made once, as it is the same for all suites."""
    if "" not in _KEPT_BY_NAME:
        _KEPT_BY_NAME[""] = load_plugins(folder)
    return _KEPT_BY_NAME[""]


def _relative(path: str, workspace: Workspace) -> str:
    try:
        return str(Path(path).resolve().relative_to(workspace.root))
    except (ValueError, OSError):
        return path


def _models(document: Mapping[str, Any], shared: frozenset[str]) -> list[SuiteModel]:
    models = document.get("models")
    return [
        SuiteModel(
            name=str(name),
            kind=str(entry.get("use") or ""),
            model=str(entry.get("model") or entry.get("deployment") or entry.get("path") or ""),
            address=str(entry.get("base_url") or entry.get("endpoint") or ""),
            key_name=str(entry.get("api_key_env") or ""),
            is_shared=name in shared,
        )
        for name, entry in (models.items() if isinstance(models, Mapping) else ())
        if isinstance(entry, Mapping)
    ]
