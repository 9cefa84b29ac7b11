"""Loads a suite, or says everything that is wrong with it, with lines and columns.

`load_suite` and `check_suite` are one implementation. It goes on past errors as far as it can,
so that one look at the diagnostics is enough; nothing from the suite is executed on the way.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from sygra_eval.plugins import Plugins
from sygra_eval.suite.compile import Inputs, compile_models, compile_suite
from sygra_eval.suite.document import Document, read_document
from sygra_eval.suite.models import RawEntry
from sygra_eval.suite.nearest import did_you_mean, nearest
from sygra_eval.suite.objects import with_source
from sygra_eval.suite.schema import SECTIONS
from sygra_eval.suite.spelling_out import (
    each_variant,
    spell_out,
    variant_names,
    variants_in,
    with_bases,
)
from sygra_eval.suite.suite import Suite
from sygra_eval.values import Diagnostic, ModelSpec, Row, Severity, Task, UsageError

MODELS_FILE = "models.yaml"
_KEPT = ("parameters", "max_concurrency")
"""What the suite says of a model's use, whichever model it is."""

_KEPT_OF_TEXTS = ("api", "batch_size", "labels")
"""What it says of a model that answers no chats, where a server is to stand in for it."""


def load_suite(
    path: Path,
    plugins: Plugins,
    *,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    folder: Path | None = None,
    first_row: Row | None = None,
    document: Document | None = None,
    source: Mapping[str, Any] | None = None,
    kept_in: Path | None = None,
    variant: str | None = None,
) -> Suite:
    """Return the suite in a file.

    :param overrides: Model entries that replace the suite's, see `override_model`.
    :param folder: What relative paths are relative to, when that is not the file's folder.
    :param first_row: Check names on this row instead of opening the source.
    :param document: The suite, where it does not stand in the file; see `document_of`.
    :param source: Takes the place of the suite's own source.
    :param kept_in: The folder of the run that goes on, see `SourceSpec`.
    :param variant: Which of the variants that its `matrix` makes, by its name.
    :raises UsageError: With all diagnostics, when any of them is an error.
    """
    if document is None:
        document, shared = read_document(path), _shared_models(path)
    else:
        shared = None
    spell_out(document, path, variant)
    if source is not None:
        with_source(document, source)
    suite, diagnostics = _examine(
        path, plugins, overrides or {}, folder, first_row, document, shared, kept_in
    )
    if suite is None:
        count = sum(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics)
        raise UsageError(f"{path}: {count} error{'s' if count != 1 else ''}", diagnostics)
    return suite


def check_suite(
    path: Path,
    plugins: Plugins,
    *,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    folder: Path | None = None,
    first_row: Row | None = None,
) -> tuple[Diagnostic, ...]:
    """Return all that is wrong with the suite in a file, in the order of its lines."""
    found: dict[Diagnostic, None] = {}
    for document in each_variant(partial(read_document, path), path):
        shared = _shared_models(path)
        of_this = _examine(path, plugins, overrides or {}, folder, first_row, document, shared)[1]
        found |= dict.fromkeys(of_this)
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainSuite:
    """A suite as plain data, written out for one variant; what is wrong with it is not looked for.

    :ivar lines: In which line of its own file each node stands.
    :ivar shared: Names of the models that stand in `models.yaml`.
    """

    data: Mapping[str, Any]
    lines: Mapping[str, int]
    variants: tuple[str, ...]
    shared: frozenset[str]


def plain_suite(path: Path, variant: str | None = None) -> PlainSuite:
    """Return the suite in a file as far as it can be read, of its first variant by default."""
    document = read_document(path)
    names = variant_names(path)
    with contextlib.suppress(UsageError):
        spell_out(document, path, variant or next(iter(names), None))
    models = _merged_models(document, _shared_models(path), Document("--model"), {})
    data = {**document.data, "models": {name: entry.value for name, entry in models.items()}}
    own = document.data.get("models")
    graph = data.get("graph_config")
    nodes = graph.get("nodes") if isinstance(graph, dict) else None
    marks = {
        str(name): document.key_mark(("graph_config", "nodes", name))
        for name in (nodes if isinstance(nodes, dict) else ())
    }
    return PlainSuite(
        data=data,
        lines={name: mark.line for name, mark in marks.items() if not mark.path},
        variants=names,
        shared=frozenset(models) - frozenset(own if isinstance(own, dict) else ()),
    )


def variants_of_models(path: Path) -> tuple[str, ...]:
    """Return the variants that a suite's models may differ by; none of a `models.yaml`."""
    if path.is_dir():
        return ()
    document = read_document(path)
    with_bases(document, path)
    return tuple(one.name for one in variants_in(document)) if "suite" in document.data else ()


def load_models(
    path: Path, plugins: Plugins, variant: str | None = None
) -> Mapping[str, ModelSpec]:
    """Return the models that a suite, a `models.yaml` or a folder with one names.

    :param variant: Which of the variants that the suite's `matrix` makes.
    :raises UsageError: With all diagnostics, when any of them is an error.
    """
    path = path / MODELS_FILE if path.is_dir() else path
    document = read_document(path)
    with_bases(document, path)
    if "suite" in document.data:  # in a models.yaml a model may be called `matrix`
        spell_out(document, path, variant)
    shared = _shared_models(path)
    replaced = Document("--model")
    files = [document, shared] if shared is not None else [document]
    if "suite" not in document.data:
        document.section, shared = ("models",), document
    models = compile_models(
        Inputs(
            path=path,
            folder=path.parent.absolute(),
            document=document,
            models=_merged_models(document, shared, replaced, {}),
            plugins=plugins,
            first_row=None,
        )
    )
    found = tuple(
        one for read in files for one in sorted(read.diagnostics, key=lambda d: (d.line, d.column))
    )
    if any(one.severity is Severity.ERROR for one in found):
        raise UsageError(f"{path}: its models cannot be read", found)
    return models


def check_models(
    document: Document, path: Path, plugins: Plugins, shared: Document | None = None
) -> tuple[Mapping[str, ModelSpec], tuple[Diagnostic, ...]]:
    """Return the models of a document that can be used, and all that is wrong with its models.

    :param document: A suite, or a `models.yaml`, which need not stand in the file yet.
    :param shared: The `models.yaml` beside it, whose models may stand in.
    """
    if "suite" not in document.data:
        document.section, shared = ("models",), document
    models = compile_models(
        Inputs(
            path=path,
            folder=path.parent.absolute(),
            document=document,
            models=_merged_models(document, shared, Document("--model"), {}),
            plugins=plugins,
            first_row=None,
        )
    )
    return models, tuple(sorted(document.diagnostics, key=lambda d: (d.line, d.column)))


def _examine(
    path: Path,
    plugins: Plugins,
    overrides: Mapping[str, Mapping[str, Any]],
    folder: Path | None,
    first_row: Row | None,
    document: Document,
    shared: Document | None,
    kept_in: Path | None = None,
) -> tuple[Suite | None, tuple[Diagnostic, ...]]:
    if document.root is None or _is_foreign(document):
        return None, tuple(document.diagnostics)
    replaced = Document("--model")
    files: list[Document] = []
    suite = compile_suite(
        Inputs(
            path=path,
            folder=(folder if folder is not None else path.parent).absolute(),
            document=document,
            models=_merged_models(document, shared, replaced, overrides),
            plugins=plugins,
            first_row=first_row,
            files=files,
            kept_in=kept_in,
        )
    )
    documents = (document, *((shared,) if shared else ()), replaced, *files)
    found = tuple(
        diagnostic
        for document in documents
        for diagnostic in sorted(document.diagnostics, key=lambda d: (d.line, d.column))
    )
    if suite is None or any(d.severity is Severity.ERROR for d in found):
        return None, found
    return replace(suite, diagnostics=found), found


def _is_foreign(document: Document) -> bool:
    """Say, and report, whether this is another dialect or no suite at all."""
    keys = document.data.keys()
    if "suite" in keys:
        return False
    if (misspelt := nearest("suite", keys - SECTIONS.keys())) != "":
        document.report(
            code="unknown-key",
            message=f"unknown key `{misspelt}`",
            at=(misspelt,),
            fix="write `suite`",
            is_key=True,
        )
    elif "graph_config" in keys:
        document.report(
            code="sygra-dialect",
            message="without the key `suite` this is a task of SyGra, which is named by its folder",
            fix="name the folder: `sygra-eval run FOLDER`",
        )
    else:
        document.report(
            code="missing-key",
            message="the key `suite` is missing",
            fix="begin with `suite: {name: ...}`",
        )
    return True


def _shared_models(path: Path) -> Document | None:
    """Read `models.yaml` beside the suite, where there is one."""
    beside = path.parent / MODELS_FILE
    if path.name == MODELS_FILE or not beside.is_file():
        return None
    shared = read_document(beside)
    if is_of_sygra(shared):
        return None
    shared.section = ("models",)
    return shared


def is_of_sygra(shared: Document) -> bool:
    """Say whether it is SyGra's file of the same name, as it stands beside an exported suite."""
    entries = shared.data.values()
    return any(
        isinstance(one, dict) and "model_type" in one and "use" not in one for one in entries
    )


def _merged_models(
    document: Document,
    shared: Document | None,
    replaced: Document,
    overrides: Mapping[str, Mapping[str, Any]],
) -> dict[str, RawEntry]:
    """Return model entries by name; the suite's own win over shared ones, overrides over all."""
    models = {}
    if shared is not None:
        models = {name: RawEntry(raw, shared, (name,)) for name, raw in shared.data.items()}
    own = document.data.get("models")
    if isinstance(own, dict):
        models |= {name: RawEntry(raw, document, ("models", name)) for name, raw in own.items()}
    for name, given in overrides.items():
        if name not in models:
            replaced.report(
                code="unknown-model",
                message=f"`--model {name}=...`: the suite has no model `{name}`",
                fix=did_you_mean(name, models),
            )
            continue
        before = models[name].value
        kept = before if isinstance(before, dict) else {}
        is_for_texts = kept.get("api") in {*Task} - {Task.CHAT, Task.ANY}
        keys = _KEPT + _KEPT_OF_TEXTS if is_for_texts and "base_url" in given else _KEPT
        entry = {key: kept[key] for key in keys if kept.get(key)} | dict(given)
        models[name] = RawEntry(entry, replaced, (name,))
    return models
