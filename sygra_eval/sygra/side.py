"""The side file: what is said of a task here, beside its own file, which stays as it is.

`sygra_eval.yaml` beside `graph_config.yaml` adds what SyGra has no word for: which models answer,
what validates, in which sandbox, and rows of one's own in the place of a hub's or an instance's.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sygra_eval.suite import did_you_mean
from sygra_eval.suite.document import Document, read_document

SIDE_FILE = "sygra_eval.yaml"
_SECTIONS = ("suite", "models", "quality", "sandbox", "report", "card", "guardrails")
_OWN = ("source", "answer", "rows", "recursion_limit", "python_limit_s", "judge", "metrics")
_KINDS: Mapping[str, tuple[Any, str]] = {
    **dict.fromkeys(("suite", "models", "quality", "metrics"), (dict, "a mapping")),
    "source": ((dict, list), "a mapping, or a list of them"),
    "answer": (str, "the name of a variable"),
    "judge": (str, "the alias of a model"),
    "rows": (int, "a number"),
}
KEYS = (*_SECTIONS, *_OWN)


def side_of(folder: Path) -> tuple[dict[str, Any], Document | None]:
    """Return what the side file says, and the file itself; look at the document for errors."""
    path = folder / SIDE_FILE
    if not path.is_file():
        return {}, None
    document = read_document(path)
    for key in document.data:
        if key not in KEYS:
            document.report(
                code="unknown-key",
                message=f"unknown key `{key}`",
                at=(key,),
                fix=did_you_mean(key, KEYS),
                is_key=True,
            )
    for key, (kinds, words) in _KINDS.items():
        if key in document.data and not isinstance(document.data[key], kinds):
            document.report(code="wrong-type", message=f"`{key}` has to be {words}", at=(key,))
    return document.data, document


def sections_of(side: dict[str, Any]) -> dict[str, Any]:
    """Return the sections of a suite that it has."""
    return {key: side[key] for key in _SECTIONS if key in side and key not in ("suite", "models")}
