"""The keys of a source of type `disk`."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class DiskConfig(BaseModel):
    """One local file whose rows are the input."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file_path: str = Field(
        description="The file, relative to the suite; its suffix says the format:"
        " .jsonl, .ndjson (both also with .gz), .json (a list of objects), .csv or .parquet."
    )
    id: str | None = Field(
        default=None,
        description="The column that names a row; without it a row is FILE:LINE.",
    )

    def data_folder(self, folder: Path) -> Path:
        """Return the folder of the file, which is all that its rows may name files in."""
        return (folder / self.file_path).parent
