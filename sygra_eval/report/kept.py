"""The `report.json` that a finished run wrote, where it is still the one that its manifest names.

Only such a file may be shown instead of what the journal says; the engine is not needed for it.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

REPORT = "report.json"
_VERSION = 2


def kept_document(folder: Path) -> dict[str, Any] | None:
    """Return the report of a finished run; None where it has to be made from the journal."""
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        data = (folder / REPORT).read_bytes()
        if manifest["files"][REPORT]["sha256"] != hashlib.sha256(data).hexdigest():
            return None
        document = json.loads(data)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    is_ours = isinstance(document, dict) and document.get("schema_version") == _VERSION
    return document if is_ours and document.get("state") == "finished" else None
