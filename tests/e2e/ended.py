"""Tells whether a run came to its end with every row judged: `python ended.py RUN_FOLDER`.

Reads only what the run left behind: the manifest, which is written last, and the data files.
"""

import json
import sys
from pathlib import Path


def main() -> None:
    """Exit with a sentence unless the run ended and none of its rows failed."""
    folder = Path(sys.argv[1])
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        sys.exit(f"{folder}: no manifest.json, so the run did not come to its end")
    rows = json.loads(manifest.read_text())["rows"]
    for outcome, count in rows.items():
        file = folder / f"{outcome}.jsonl"
        lines = file.read_text().count("\n") if file.is_file() else 0
        if lines != count:
            sys.exit(f"{file}: {lines} rows, the manifest says {count}")
    if rows["failed"] or not sum(rows.values()):
        sys.exit(f"{folder}: not every row was judged: {rows}")
    print(f"{folder}: {rows}")  # noqa: T201 - it is a command


if __name__ == "__main__":
    main()
