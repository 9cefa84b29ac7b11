"""Golden files: what a view has to say, byte for byte; `SYGRA_EVAL_GOLDEN=write` writes them.

    SYGRA_EVAL_GOLDEN=write python -m pytest tests/report -k golden -s

prints the difference of each file that it changes.
"""

import difflib
import os
from pathlib import Path

FOLDER = Path(__file__).with_name("golden")
UPDATE = "SYGRA_EVAL_GOLDEN=write python -m pytest tests/report -k golden -s"


def check(name, text):
    """Compare a text with the golden file of that name, or write it and print what changed."""
    path = FOLDER / name
    data = text.encode()
    before = path.read_bytes() if path.is_file() else b""
    if before == data:
        return
    lines = difflib.unified_diff(
        before.decode().splitlines(keepends=True),
        text.splitlines(keepends=True),
        f"golden/{name}",
        "what the view says",
    )
    changed = "".join(lines) or "the ends of lines\n"
    if os.environ.get("SYGRA_EVAL_GOLDEN") == "write":
        FOLDER.mkdir(exist_ok=True)
        path.write_bytes(data)
        print(changed)  # noqa: T201 - it is what the command is for
        return
    raise AssertionError(f"{changed}\nwhere that is right: {UPDATE}")
