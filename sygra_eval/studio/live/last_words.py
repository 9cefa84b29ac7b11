"""What a run said of itself last, beside its journal: why it waits, or why its process ended.

A full disk cannot be told in the journal that lies on it, so the end of `run.log` is read. The
folder may be a stranger's: what is no plain file is not opened, and little of it is read.
"""

import json
import os
from pathlib import Path

from sygra_eval.journal import plain
from sygra_eval.studio.plain_files import open_plain

LOG = "run.log"
MOST_READ = 16 * 1024
MOST_TOLD = 500
_SAYS = {"note": "text", "ended_by": "error"}


def last_words(folder: Path) -> str:
    """Return them where nothing came after; empty where the run's last line says something else."""
    try:
        line = _last_line(folder / LOG)
        told = json.loads(line) if line else None
    except (OSError, ValueError, RecursionError):
        return ""
    if not isinstance(told, dict):
        return ""
    said = told.get(_SAYS.get(str(told.get("event")), ""))
    return plain(said)[:MOST_TOLD] if isinstance(said, str) else ""


def _last_line(path: Path) -> bytes:
    descriptor = open_plain(path)
    try:
        size = os.fstat(descriptor).st_size
        tail = os.pread(descriptor, MOST_READ, max(0, size - MOST_READ))
    finally:
        os.close(descriptor)
    whole = tail.rpartition(b"\n")[0]  # what follows it is being written
    return whole.rpartition(b"\n")[2]
