"""Asks for what is known of models: here, or in a child where the folder has plugins of its own."""

import asyncio
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sygra_eval.plugins import Plugins, load_plugins, local_plugin_folders
from sygra_eval.studio.models.operations import OPERATIONS
from sygra_eval.studio.models.trying import ask_child


async def ask(folder: Path, what: str, /, **arguments: Any) -> Any:
    """Return the answer of one of `OPERATIONS`.

    :raises UsageError: When there is none.
    """
    if local_plugin_folders(folder):
        request: Mapping[str, Any] = {"what": what, "root": str(folder), "arguments": arguments}
        return await ask_child(request)
    return await asyncio.to_thread(_here, folder, what, arguments)


def _here(root: Path, what: str, arguments: Mapping[str, Any]) -> Any:
    return OPERATIONS[what](_plugins(root), **arguments)


@cache
def _plugins(root: Path) -> Plugins:
    """Load what is built in or installed; a folder with plugins of its own never comes here."""
    return load_plugins(root)
