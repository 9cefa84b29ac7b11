"""Images and sounds in columns: what they name becomes a data URL, as prompts need it."""

import base64
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sygra_eval.sygra.naming import found_file

_SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "image": (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ico", ".apng"),
    "audio": (".wav", ".mp3", ".flac", ".ogg", ".m4a", ".aac", ".opus", ".webm"),
}


def with_data_urls(
    rows: list[dict[str, Any]], kind: str, names: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Return rows whose files of a kind are data URLs; what is none in the first row is left."""
    if not rows:
        return rows
    fields = [name for name, value in rows[0].items() if _looks_like(value, kind)]
    made = []
    for row in rows:
        row = dict(row)
        for name in fields:
            if row.get(name) is not None:
                row[(names or {}).get(name, name)] = _loaded(row[name], kind)
        made.append(row)
    return made


def with_files(row: dict[str, Any], columns: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return a row whose columns that are shown or played hold what they name."""
    made = dict(row)
    for kind, names in columns.items():
        for name in names:
            if made.get(name) is not None:
                made[name] = _loaded(made[name], kind)
    return made


def _looks_like(value: Any, kind: str) -> bool:
    if isinstance(value, list):
        return bool(value) and _looks_like(value[0], kind)
    if isinstance(value, dict):
        return isinstance(value.get("bytes"), bytes) and kind == "image"
    return isinstance(value, str) and value.lower().endswith(_SUFFIXES[kind])


def _loaded(value: Any, kind: str) -> Any:
    if isinstance(value, list):
        return [_loaded(one, kind) for one in value]
    if isinstance(value, dict):
        return _url(value["bytes"], "image/png") if isinstance(value.get("bytes"), bytes) else value
    if not isinstance(value, str) or value.startswith("data:"):
        return value
    path = found_file(str(value))
    if not path.is_file():
        return value  # the record that shows it says so (P16)
    media_type = mimetypes.guess_type(path.name)[0] or f"{kind}/*"
    return _url(Path(path).read_bytes(), media_type)


def _url(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
