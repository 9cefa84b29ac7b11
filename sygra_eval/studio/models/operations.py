"""What is asked of models, as functions of plugins and plain values.

They run in the server where nothing but built-ins and installed plugins is needed, and in a child
where the folder has plugins of its own: the server imports no code of a user.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sygra_eval.plugins import Plugins
from sygra_eval.studio.models.checking import problems_of
from sygra_eval.studio.models.forms import model_types
from sygra_eval.studio.models.listing import models_in
from sygra_eval.suite import MODELS_FILE


def types(plugins: Plugins) -> list[dict[str, Any]]:
    """Return the choices with their forms."""
    return model_types(plugins)


def listing(plugins: Plugins, *, root: str, reports: str, environment: list[str]) -> dict[str, Any]:
    """Return the models of a folder.

    :param environment: Names of the keys that were typed.
    """
    known = {**dict.fromkeys(environment, "set"), **os.environ}
    return models_in(Path(root), Path(reports), plugins, known)


def problems(
    plugins: Plugins, *, root: str, text: str, name: str, secrets: list[str]
) -> list[dict[str, Any]]:
    """Return what is wrong with one model of a text."""
    return problems_of(text, name, Path(root) / MODELS_FILE, plugins, secrets)


OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "types": types,
    "listing": listing,
    "problems": problems,
}
