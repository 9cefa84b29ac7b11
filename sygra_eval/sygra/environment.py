"""What the environment says of models, with the `.env` of the working directory, as SyGra reads it.

Only names that begin with `SYGRA_` are taken from the file: the rest of it is not ours to set.
"""

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

_PREFIX = "SYGRA_"


def environment(folder: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment; what the file says wins."""
    return {**environ, **_file(folder / ".env")}


def set_keys(keys: Mapping[str, str], environ: MutableMapping[str, str] = os.environ) -> None:
    """Put keys of models where the run reads them: in the environment, and into no file."""
    for name, value in keys.items():
        environ.setdefault(name, value)


def _file(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    found = {}
    for line in lines:
        name, equals, value = line.strip().partition("=")
        if equals and name.strip().startswith(_PREFIX):
            value = value.strip()
            is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
            found[name.strip()] = value[1:-1] if is_quoted else value
    return found
