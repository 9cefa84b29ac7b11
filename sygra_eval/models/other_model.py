"""Whether the model that answered is the one that was asked, by the names that servers use.

A server may add the day or the number of a version (`gpt-x` answers as `gpt-x-2026-01-01`), a tag,
or the path that it is stored under; another size or kind (`gpt-x-mini`) is another model.
"""

import re
from functools import lru_cache

_VERSION = re.compile(
    r"(?:[-@:_](?:v\d+(?::\d+)?|\d{3,8}(?:-\d\d){0,2}|\d\d-\d\d|latest)|\.gguf|:free)*"
)
_LATEST = re.compile(r"[-:]latest$")


@lru_cache(maxsize=1_024)  # a run meets few names, each with every answer
def is_another(asked: str, seen: str) -> bool:
    """Say whether a server answered as another model; one that does not say is not."""
    wanted, got = _LATEST.sub("", _last(asked)), _last(seen)
    if not got or not wanted:
        return False
    return not (got.startswith(wanted) and _VERSION.fullmatch(got, len(wanted)))


def _last(name: str) -> str:
    return name.strip().lower().rpartition("/")[2]
