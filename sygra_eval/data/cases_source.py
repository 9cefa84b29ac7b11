"""The source type `cases`: rows that stand in the suite itself."""

import hashlib
import json
from collections.abc import AsyncGenerator
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from sygra_eval.data.json_value import json_columns
from sygra_eval.data.naming import Namer
from sygra_eval.values import BadRow, Row, SourceSpec

CASES = "cases"


class CasesConfig(BaseModel):
    """Rows written out in the suite, as `cases:` at its top puts them here."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: list[dict[str, Any]] = Field(min_length=1, description="The rows: each a mapping.")
    id: str | None = Field(
        default=None, description="The column that names a row; without it a row is cases:NUMBER."
    )


class CasesSource:
    """Gives the rows of a suite's `cases`."""

    def __init__(self, spec: SourceSpec) -> None:
        self._config = CasesConfig.model_validate(spec.config)

    def fingerprint(self) -> str:
        """Return the SHA-256 of the rows."""
        text = json.dumps(self._config.rows, sort_keys=True, default=str)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    async def rows(self) -> AsyncGenerator[Row | BadRow, None]:
        """Yield the rows in the order in which they are written."""
        namer = Namer(self._config.id)
        for index, columns in enumerate(self._config.rows):
            yield namer.name(index, f"{CASES}:{index + 1}", json_columns(columns))
