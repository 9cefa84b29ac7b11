"""Reads a task's file."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sygra_eval.sygra.shim.exceptions import ConfigurationError

if TYPE_CHECKING:
    from sygra_eval.sygra.shim.workflow import Workflow

Config = str | PathLike[str] | Mapping[str, Any]


class ConfigLoader:
    """Reads it, or makes a workflow of it."""

    def load(self, config_path: Config) -> dict[str, Any]:
        """Return what a file, or the file in a folder, says.

        :raises ConfigurationError: When there is none, or it is no mapping.
        """
        if isinstance(config_path, Mapping):
            return dict(config_path)
        path = Path(config_path)
        path = path / "graph_config.yaml" if path.is_dir() else path
        try:
            found = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise ConfigurationError(f"{path}: {error}") from error
        if not isinstance(found, dict):
            raise ConfigurationError(f"{path}: a mapping is needed")
        return found

    def load_and_create(self, config_path: Config) -> "Workflow":
        """Return a workflow of it."""
        from sygra_eval.sygra.shim.workflow import Workflow  # which reads by this module

        name = None if isinstance(config_path, Mapping) else Path(config_path).stem
        return Workflow.of(self.load(config_path), name)


def load_config(config_path: Config) -> dict[str, Any]:
    """Return what a task's file says."""
    return ConfigLoader().load(config_path)
