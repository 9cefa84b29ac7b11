"""Programs of ours for the sandbox, as files that support an answer.

Compiling `inside_driver` and `typed_values` anew takes longer than most answers run, so they go as
`support`, which a sandbox keeps loaded.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path


@cache
def ready_made(*names: str) -> Mapping[str, str]:
    """Give the sources of modules of this package, in the order in which they use each other."""
    return {f"{name}.py": source_of(name) for name in names}


def source_of(name: str) -> str:
    """Read a module of this package, as text."""
    return Path(__file__).with_name(f"{name}.py").read_text("utf-8")
