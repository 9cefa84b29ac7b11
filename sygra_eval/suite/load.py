"""Loads a suite, or says everything that is wrong with it, with lines and columns.

`load_suite` and `check_suite` are one implementation. It goes on past errors as far as it can,
so that one look at the diagnostics is enough; nothing from the suite is executed on the way.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sygra_eval.plugins import Plugins
from sygra_eval.suite.compile import Compiled, compile_suite
from sygra_eval.suite.document import Document, read_document
from sygra_eval.suite.nearest import nearest
from sygra_eval.suite.schema import SECTIONS
from sygra_eval.suite.suite import Suite
from sygra_eval.values import Diagnostic, Row, Severity, UsageError

MODELS_FILE = "models.yaml"


def load_suite(
    path: Path,
    plugins: Plugins,
    *,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    folder: Path | None = None,
    first_row: Row | None = None,
) -> Suite:
    """Return the suite in a file.

    :param overrides: Model entries that replace the suite's, see `override_model`.
    :param folder: What relative paths are relative to, when that is not the file's folder.
    :param first_row: Check names on this row instead of opening the source.
    :raises UsageError: With all diagnostics, when any of them is an error.
    """
    compiled, diagnostics = _examine(path, plugins, overrides or {}, folder, first_row)
    errors = [d for d in diagnostics if d.severity is Severity.ERROR]
    if errors or compiled.suite is None:
        count = f"{len(errors)} error{'s' if len(errors) != 1 else ''}"
        raise UsageError(f"{path}: {count} in the suite", diagnostics)
    return compiled.suite


def check_suite(
    path: Path,
    plugins: Plugins,
    *,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    folder: Path | None = None,
    first_row: Row | None = None,
) -> tuple[Diagnostic, ...]:
    """Return all that is wrong with the suite in a file, in the order of its lines."""
    return _examine(path, plugins, overrides or {}, folder, first_row)[1]


def _examine(
    path: Path,
    plugins: Plugins,
    overrides: Mapping[str, Mapping[str, Any]],
    folder: Path | None,
    first_row: Row | None,
) -> tuple[Compiled, tuple[Diagnostic, ...]]:
    document = read_document(path)
    if document.root is None or _is_foreign(document):
        return Compiled(), tuple(document.diagnostics)
    documents = [document]
    shared = _shared_models(path)
    if shared is not None:
        documents.append(shared)
    given = _overrides_document(overrides, document, shared)
    documents.append(given)
    ...
