"""Reads and writes the rows of a local file; the suffix says the form."""

from pathlib import Path
from typing import Any

from sygra_eval.sygra.shim.utils.utils import (
    load_json_file,
    load_jsonl_file,
    save_json_file,
    save_jsonl_file,
)


class FileHandler:
    """Files of rows, JSON or JSONL."""

    def __init__(self, source_config: Any = None, output_config: Any = None) -> None:
        self.source_config, self.output_config = source_config, output_config

    def read(self, path: str | None = None) -> list[dict[str, Any]]:
        """Return all rows."""
        place = path or self.source_config.file_path
        if Path(place).suffix == ".jsonl":
            return load_jsonl_file(place)
        rows: list[dict[str, Any]] = load_json_file(place)
        return rows

    def write(self, data: list[dict[str, Any]], path: str) -> None:
        """Write all rows."""
        (save_jsonl_file if Path(path).suffix == ".jsonl" else save_json_file)(path, data)
