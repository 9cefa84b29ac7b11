"""YAML with the comments that stood above the suite's nodes, and the stamp of an export."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import yaml

from sygra_eval.suite import Document, as_yaml, document_sha256

_STAMP = re.compile(r"^# sygra_eval: suite ([0-9a-f]{64}) task ([0-9a-f]{64})$", re.MULTILINE)
HEAD = """\
# Written by `sygra-eval sygra export` from suite.yaml beside it; SyGra runs it. What is changed
# here is not in suite.yaml: change that one and export again.
"""


def comments_above(document: Document, at: tuple[str | int, ...]) -> tuple[str, ...]:
    """Return the lines of comment right above a key."""
    inside: Any = document.data
    for step in at:
        inside = inside.get(step) if isinstance(inside, Mapping) else None
    if inside is None:  # of another file
        return ()
    mark = document.key_mark(at)
    if mark.path and mark.path != document.path:
        return ()
    lines = document.text.splitlines()[: max(mark.line - 1, 0)]
    found: list[str] = []
    while lines and lines[-1].lstrip().startswith("#"):
        found.append(lines.pop().strip())
    return tuple(reversed(found))


def graph_text(data: Mapping[str, Any], comments: Mapping[str, tuple[str, ...]]) -> str:
    """Return a configuration as YAML; it reads as the same data."""
    pieces: list[str] = []
    for key, section in data.items():
        if key != "graph_config":
            pieces.append(as_yaml({key: section}))
            continue
        pieces.append("graph_config:\n  nodes:\n")
        for name, node in section["nodes"].items():
            pieces += [f"    {line}\n" for line in comments.get(name, ())]
            pieces.append(_indented(as_yaml({name: node}), 4))
        pieces.append(_indented(as_yaml({"edges": section["edges"]}), 2))
    text = "".join(pieces)
    try:
        is_same = yaml.safe_load(text) == data
    except yaml.YAMLError:
        is_same = False
    return text if is_same else as_yaml(data)


def _indented(text: str, by: int) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(" " * by + line if line.strip() else line for line in lines)


def stamped(text: str, suite: str) -> str:
    """Return a configuration's text with a line that says what it was made from."""
    stamp = f"# sygra_eval: suite {_sha256(suite)} task {document_sha256(yaml.safe_load(text))}\n"
    return HEAD + stamp + text


def is_export(text: str) -> bool:
    """Say whether a configuration is one of ours."""
    return _STAMP.search(text) is not None


def is_unchanged(text: str, suite: str) -> bool:
    """Say whether a configuration and its suite are what was written."""
    found = _STAMP.search(text)
    if found is None:
        return False
    task = document_sha256(yaml.safe_load(text))
    return (found[1], found[2]) == (_sha256(suite), task)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
