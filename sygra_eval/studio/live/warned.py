"""What a run warned of since it was started last, as its journal keeps it."""

from collections.abc import Mapping
from pathlib import Path

from sygra_eval.journal import open_readonly
from sygra_eval.studio.workspace import JOURNAL
from sygra_eval.values import UsageError

MOST, MOST_TEXT = 20, 5_000


def warnings_of(folder: Path) -> list[str]:
    """Return the sentences, the first of them where there are many."""
    found: list[str] = []
    try:
        with open_readonly(folder / JOURNAL) as reader:
            for event in reader.events():
                if event.kind == "started":
                    found = []
                elif event.kind == "warned" and isinstance(event.data, Mapping):
                    found.append(str(event.data.get("text", ""))[:MOST_TEXT])
    except UsageError:
        return []
    return found[:MOST]
