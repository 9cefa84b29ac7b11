"""The models of a folder: where each is said, who uses it, what is known of it without asking it.

Read are `models.yaml` of the folder and of those that hold suites, and the suites' own sections.
A file that cannot be read is told as that and hides none of the others. Start at `models_in`.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sygra_eval.models import UnknownPrice, price_of
from sygra_eval.plugins import Plugins
from sygra_eval.studio.looking import look_through
from sygra_eval.studio.models.checking import At, Problem, field_at, keys_in, parts_of, problem_at
from sygra_eval.studio.models.forms import provider_of
from sygra_eval.suite import MODELS_FILE, Document, check_models, is_of_sygra, read_document
from sygra_eval.values import ModelSpec, SygraEvalError

MOST_FILES = 500
_NAMES_A_MODEL = ("model", "models", "judge", "critic", "reviser", "author")
_SECTION = "models"
_MATRIX = "${matrix."
_PLACES = ("api_key_env", "token_env", "api_key_keyring")


_Named = Mapping[Path, Mapping[str, Mapping[At, None]]]


@dataclass(frozen=True, slots=True)
class _File:
    """A file with models, and the suites that they are for."""

    path: Path
    document: Document
    section: At
    shared: Document | None = None


def models_in(
    root: Path,
    reports: Path,
    plugins: Plugins,
    environment: Mapping[str, str] = os.environ,
) -> dict[str, Any]:
    """Return `models`, in the order of files and lines, and `problems` of whole files."""
    looked = look_through(root, reports)
    found = _suites(looked.files)
    suites = {path: read_document(path) for path in sorted(found[:MOST_FILES])}
    named = {path: _places(document.data) for path, document in suites.items()}
    models: list[dict[str, Any]] = []
    problems: list[Problem] = []
    more = f"Only the nearest {MOST_FILES} suites were read." if len(found) > MOST_FILES else ""
    if left_out := more or looked.left_out:
        problems.append(_problem("", "left-out", "warning", left_out))
    for file in _files(root, suites):
        if file.document.root is None:
            problems += [_file_problem(root, file.path, str(one)) for one in _said(file.document)]
            continue
        users = {path: one for path, one in suites.items() if _concerns(file, path)}
        models += _of_file(root, file, users, named, plugins, environment)
    return {"models": models, "problems": problems}


def _files(root: Path, suites: Mapping[Path, Document]) -> Iterator[_File]:
    """Yield the folder's own file first."""
    folders = dict.fromkeys([root, *(path.parent for path in suites)])
    shared: dict[Path, Document] = {}
    for folder in folders:
        path = folder / MODELS_FILE
        if path.is_file() and not path.is_symlink():
            document = read_document(path)
            if document.text.strip() and not is_of_sygra(document):
                shared[folder] = document
                yield _File(path, document, ())
    for path, document in suites.items():
        if isinstance(document.data.get("models"), dict):
            yield _File(path, document, ("models",), shared.get(path.parent))


def _suites(files: Iterable[Path]) -> list[Path]:
    """Return the files that say `suite:` at their top, one more than are read where there are."""
    some = (path for path in files if path.name != MODELS_FILE and _is_suite(path))
    return list(islice(some, MOST_FILES + 1))


def _is_suite(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as lines:
            return any(line.startswith("suite:") for line in lines)
    except (OSError, UnicodeDecodeError):
        return False


def _concerns(file: _File, suite: Path) -> bool:
    """Say whether a suite may use the models of a file: its own, or those beside it."""
    return suite == file.path if file.section else suite.parent == file.path.parent


def _of_file(
    root: Path,
    file: _File,
    suites: Mapping[Path, Document],
    named: _Named,
    plugins: Plugins,
    environment: Mapping[str, str],
) -> Iterator[dict[str, Any]]:
    specs, found = check_models(file.document, file.path, plugins, file.shared)
    entries = file.document.data
    if file.section:
        entries = entries["models"]
    for name, entry in entries.items():
        at = (*file.section, name)
        raw = entry if isinstance(entry, dict) else {}
        if keys := keys_in(raw):  # nothing of it goes out
            raw, specs = {"use": raw.get("use")}, {}
        differs = _MATRIX in json.dumps(raw)  # what is wrong with it is a variant's to say
        problems = [
            problem_at(one, field)
            for one in found
            if not differs and (field := field_at(file.document, one, at)) is not None
        ]
        yield {
            "name": name,
            "file": str(file.path.relative_to(root)),
            "line": file.document.key_mark(at).line,
            "is_editable": not file.section and file.path.parent == root,
            "provider": provider_of(raw),
            "use": str(raw.get("use", "")),
            "model": _model_of(raw),
            "endpoint": str(raw.get("base_url") or raw.get("endpoint") or ""),
            "entry": {} if keys else raw,
            "key": key_of(raw, environment),
            "price": _price(None if differs else specs.get(name), plugins),
            "used_by": list(_users(root, name, suites, named, is_shared=not file.section)),
            "problems": [*keys, *problems],
        }


def _model_of(entry: Mapping[str, Any]) -> str:
    return str(entry.get("model") or entry.get("deployment") or entry.get("run") or "")


def key_of(entry: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Say where the key is, and whether it is there; a keyring is not asked (it may wake you)."""
    field = next((one for one in _PLACES if entry.get(one)), "")
    name = str(entry.get(field, "")) if field else ""
    is_set = bool(environment.get(name)) if field in ("api_key_env", "token_env") else None
    return {"field": field, "name": name, "is_set": is_set if field else None}


def _price(spec: ModelSpec | None, plugins: Plugins) -> dict[str, Any]:
    unknown = {
        "input": None,
        "output": None,
        "source": "",
        "why": "it cannot be read, or differs by the matrix",
    }
    if spec is None or spec.use not in plugins.of("models"):
        return unknown
    try:
        price = price_of(plugins.of("models")[spec.use].implementation(spec), spec)
    except SygraEvalError as error:
        return {**unknown, "why": str(error)}
    except Exception as error:  # noqa: BLE001 - the boundary to plugins
        return {**unknown, "why": f"`{spec.use}` failed: {type(error).__name__}"}
    if isinstance(price, UnknownPrice):
        return {**unknown, "why": price.why}
    return {"input": price.input, "output": price.output, "source": price.source, "why": ""}


def _users(
    root: Path, name: str, suites: Mapping[Path, Document], named: _Named, *, is_shared: bool
) -> Iterator[dict[str, str]]:
    """Yield where a suite names the model; a suite's own model of that name hides a shared one."""
    for path, document in suites.items():
        own = document.data.get("models")
        if is_shared and isinstance(own, dict) and name in own:
            continue
        for at in named[path].get(name, ()):
            yield {"suite": str(path.relative_to(root)), "where": ".".join(str(s) for s in at)}


def _places(document: object) -> dict[str, dict[At, None]]:
    """Return the paths of keys that name a model, by its name; of models the fallbacks alone."""
    found: dict[str, dict[At, None]] = {}
    for (*outer, step), inner in parts_of(document):
        at = (*outer, step)
        is_name = isinstance(step, str) and (step in _NAMES_A_MODEL or step.endswith("_model"))
        if step != "fallback" and not (is_name and at[0] != _SECTION):
            continue
        for name in _names(inner):
            found.setdefault(name, {})[at if step == "fallback" else tuple(outer)] = None
    return found


def _names(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key in ("name", "to"):
            yield from _names(value.get(key))
    elif isinstance(value, list):
        for one in value:
            yield from _names(one)


def _said(document: Document) -> tuple[object, ...]:
    return tuple(document.diagnostics) or ("it cannot be read",)


def _file_problem(root: Path, path: Path, message: str) -> Problem:
    told = message.replace(f"{root}{os.sep}", "")
    return _problem(str(path.relative_to(root)), "file", "error", told)


def _problem(field: str, code: str, severity: str, message: str) -> Problem:
    return {"field": field, "code": code, "severity": severity, "message": message, "fix": ""}
