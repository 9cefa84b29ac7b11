"""The models of a folder: where each is said, who uses it, what is known of it without asking it.

Read are `models.yaml` of the folder and of those that hold suites, and the suites' own sections.
A file that cannot be read is told as that and hides none of the others. Start at `models_in`.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sygra_eval.models import UnknownPrice, price_of
from sygra_eval.plugins import Plugins
from sygra_eval.studio.models.checking import At, Problem, field_at, keys_in, problem_at
from sygra_eval.studio.models.forms import provider_of
from sygra_eval.suite import MODELS_FILE, Document, check_models, is_of_sygra, read_document
from sygra_eval.values import ModelSpec, SygraEvalError

SUFFIXES = (".yaml", ".yml")
MOST_FILES = 500
MOST_DEPTH = 4
_NAMES_A_MODEL = ("model", "models", "judge", "critic", "reviser", "author")
_SECTION = "models"
_MATRIX = "${matrix."
_PLACES = ("api_key_env", "token_env", "api_key_keyring")


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
    suites = {path: read_document(path) for path in _suites(root, reports)}
    models: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for file in _files(root, suites):
        if file.document.root is None:
            problems += [_file_problem(root, file.path, str(one)) for one in _said(file.document)]
            continue
        users = {path: one for path, one in suites.items() if _concerns(file, path)}
        models += _of_file(root, file, users, plugins, environment)
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


def _suites(root: Path, reports: Path) -> list[Path]:
    """Return the files that say `suite:` at their top."""
    found: list[Path] = []
    folders = [(root, 0)]
    while folders and len(found) < MOST_FILES:
        folder, depth = folders.pop()
        try:
            inside = sorted(folder.iterdir())
        except OSError:  # gone, or not for us to read
            continue
        for path in inside:
            if path.name.startswith(".") or path.is_symlink() or path == reports:
                continue
            if path.is_dir() and depth < MOST_DEPTH:
                folders.append((path, depth + 1))
            elif path.suffix in SUFFIXES and path.name != MODELS_FILE and _is_suite(path):
                found.append(path)
    return sorted(found)


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
            "used_by": list(_users(root, name, suites, is_shared=not file.section)),
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
    root: Path, name: str, suites: Mapping[Path, Document], *, is_shared: bool
) -> Iterator[dict[str, str]]:
    """Yield where a suite names the model; a suite's own model of that name hides a shared one."""
    for path, document in suites.items():
        own = document.data.get("models")
        if is_shared and isinstance(own, dict) and name in own:
            continue
        for at in _places(document.data, name, ()):
            yield {"suite": str(path.relative_to(root)), "where": ".".join(str(s) for s in at)}


def _places(value: object, name: str, at: At) -> Iterator[At]:
    """Yield the paths of keys that name a model, without saying one path twice."""
    items: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for step, inner in items:
        is_name = isinstance(step, str) and (step in _NAMES_A_MODEL or step.endswith("_model"))
        is_section = at == () and step == _SECTION  # there are models, and names in fallbacks only
        if step == "fallback" and _names(inner, name):
            yield (*at, step)
        elif is_name and at[:1] != (_SECTION,) and not is_section and _names(inner, name):
            yield at
        else:
            yield from _places(inner, name, (*at, step))


def _names(value: object, name: str) -> bool:
    if isinstance(value, Mapping):
        return any(_names(value.get(key), name) for key in ("name", "to"))
    return value == name or (isinstance(value, list) and any(_names(one, name) for one in value))


def _said(document: Document) -> tuple[object, ...]:
    return tuple(document.diagnostics) or ("it cannot be read",)


def _file_problem(root: Path, path: Path, message: str) -> Problem:
    return {
        "field": str(path.relative_to(root)),
        "code": "file",
        "severity": "error",
        "message": message.replace(f"{root}{os.sep}", ""),
        "fix": "",
    }
