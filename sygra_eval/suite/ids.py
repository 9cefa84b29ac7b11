"""Ids as people type them: `suite::variant::row`, and `::r3` behind it for a repeat.

A row's own id may hold anything. In an id of ours it keeps letters, digits and `_.+/-`; every other
character stands as the bytes of its UTF-8, each as `_xHH`. Nothing is lost: `decoded` gives back
what `encoded` was given.
"""

import re

DEFAULT_VARIANT = "default"
"""The variant of a suite that has no others, so that an id always has the same parts."""

_OTHERS = re.compile(r"[^A-Za-z0-9_.+/-]|_(?=x[0-9A-F]{2})")
_WRITTEN = re.compile(r"(?:_x[0-9A-F]{2})+")
_REPEAT = re.compile(r"(?s)(.*)::r([1-9][0-9]*)")


def encoded(raw: str) -> str:
    """Return a row's id as a part of an id of ours."""
    return _OTHERS.sub(_as_bytes, raw)


def decoded(written: str) -> str:
    """Return the row's id that was `encoded`."""
    return _WRITTEN.sub(_from_bytes, written)


def case_id(suite: str, row_id: str, *, variant: str = DEFAULT_VARIANT, repeat: int = 0) -> str:
    """Return the id of a row of a suite.

    :param row_id: The row's own id, as it stands in the data.
    :param repeat: Which repeat of the row it is, from 1; 0 where rows are not repeated.
    """
    behind = f"::r{repeat}" if repeat else ""
    return f"{suite}::{variant}::{encoded(row_id)}{behind}"


def repeated(row_id: str, repeat: int) -> str:
    """Return what a repeat of a row is called in a run: each has an id of its own."""
    return f"{row_id}::r{repeat}"


def question_of(row_id: str) -> tuple[str, int]:
    """Return the row that a repeat repeats, and which repeat it is; 0 where it is none.

    Only ids of a run with repeats may be asked: elsewhere an id may end so by itself.
    """
    parts = _REPEAT.fullmatch(row_id)
    return (row_id, 0) if parts is None else (parts[1], int(parts[2]))


def _as_bytes(found: re.Match[str]) -> str:
    return "".join(f"_x{byte:02X}" for byte in found[0].encode("utf-8", "surrogatepass"))


def _from_bytes(found: re.Match[str]) -> str:
    content = bytes.fromhex(found[0].replace("_x", ""))
    try:
        return content.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:  # nothing that was encoded: it stays as it is
        return found[0]
