"""Sets one value somewhere inside of what a task's file says."""

from typing import Any


def set_at(config: dict[str, Any], path: str, value: Any) -> None:
    """Set a value; what leads there is made where it is missing, digits are places of a list.

    :raises ValueError: When a digit leads into something that is no list.
    """
    *before, last = path.split(".")
    here: Any = config
    for place, key in enumerate(before):
        inner = _at(here, key, path)
        if not isinstance(inner, dict | list):
            follows = [*before[place + 1 :], last][0]
            inner = [] if follows.isdigit() else {}
            _put(here, key, inner, path)
        here = inner
    _put(here, last, value, path)


def _at(here: Any, key: str, path: str) -> Any:
    if isinstance(here, list):
        place = _place(key, path)
        return here[place] if place < len(here) else None
    return here.get(key, here.get(int(key)) if key.isdigit() else None)


def _put(here: Any, key: str, value: Any, path: str) -> None:
    if not isinstance(here, list):
        here[key] = value
        return
    place = _place(key, path)
    while len(here) <= place:
        here.append({})
    here[place] = value


def _place(key: str, path: str) -> int:
    if not key.isdigit():
        raise ValueError(f"`{path}`: `{key}` is no place of a list")
    return int(key)
