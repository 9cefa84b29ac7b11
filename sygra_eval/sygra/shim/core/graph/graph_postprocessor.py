"""What happens to all rows of a run together, when it has ended."""

import json
import math
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from sygra_eval.sygra.vectors import vectors_of


class GraphPostProcessor(ABC):
    """Made with its `params`, given all rows of the output."""

    @abstractmethod
    def process(self, data: list[Any], metadata: dict[str, Any]) -> list[Any]:
        """Return what goes into a file of its own."""


class SemanticDedupPostProcessor(GraphPostProcessor):
    """Drops rows whose text means nearly what another, kept row says."""

    def __init__(
        self,
        field: str = "text",
        similarity_threshold: float = 0.9,
        id_field: str = "id",
        embedding_backend: str = "sentence_transformers",
        embedding_model: str = "all-MiniLM-L6-v2",
        report_filename: str | None = None,
        keep: str = "first",
        max_pairs_in_report: int = 2000,
        dedup_mode: str = "nearest_neighbor",
        vectorstore_k: int = 20,
    ) -> None:
        if embedding_backend != "sentence_transformers":
            raise ValueError(f"embedding_backend: there is no `{embedding_backend}`")
        if dedup_mode not in ("nearest_neighbor", "all_pairs"):
            raise ValueError(f"dedup_mode: there is no `{dedup_mode}`")
        self.field, self.id_field = field, id_field
        self.similarity_threshold = float(similarity_threshold)
        self.embedding_backend, self.embedding_model = embedding_backend, embedding_model
        self.report_filename, self.keep, self.dedup_mode = report_filename, keep, dedup_mode
        self.max_pairs_in_report, self.vectorstore_k = int(max_pairs_in_report), int(vectorstore_k)

    def process(self, data: list[Any], metadata: dict[str, Any]) -> list[Any]:
        """Return the rows that are kept; the pairs go into a report beside the output."""
        if not data:
            return data
        vectors = self._vectors([self._text(row) for row in data])
        kept: list[int] = []
        pairs: list[dict[str, Any]] = []
        order = range(len(data) - 1, -1, -1) if self.keep == "last" else range(len(data))
        for place in order:
            near = [(_dot(vectors[place], vectors[other]), other) for other in kept]
            similarity, other = max(near, key=lambda pair: pair[0], default=(-1.0, -1))
            if similarity < self.similarity_threshold:
                kept.append(place)
            else:
                pairs.append(self._pair(data, other, place, similarity))
        kept.sort()
        self._report(data, kept, pairs, metadata)
        return [data[place] for place in kept]

    def _vectors(self, texts: list[str]) -> list[list[float]]:
        """Return vectors of an endpoint, where the model's name is an alias of one; else ours."""
        if (served := vectors_of(self.embedding_model, texts, Path.cwd())) is not None:
            return [_of_length_one(vector) for vector in served]
        try:
            from sentence_transformers import (  # type: ignore[import-not-found]
                SentenceTransformer,
            )
        except ImportError as error:
            raise ImportError(
                "SemanticDedupPostProcessor needs the package sentence-transformers and the model "
                f"{self.embedding_model} (pip install sentence-transformers), or an alias "
                f"`{self.embedding_model}` with the URL of an endpoint that makes embeddings"
            ) from error
        found = SentenceTransformer(self.embedding_model).encode(texts, normalize_embeddings=True)
        return [_of_length_one([float(x) for x in vector]) for vector in found]

    def _text(self, row: Any) -> str:
        value = row.get(self.field) if isinstance(row, dict) else row
        if isinstance(value, list | tuple):
            return "\n".join("" if one is None else str(one) for one in value)
        return "" if value is None else str(value)

    def _pair(self, data: list[Any], kept: int, dropped: int, similarity: float) -> dict[str, Any]:
        return {
            "kept_index": kept,
            "dropped_index": dropped,
            "kept_id": self._id(data[kept], kept),
            "dropped_id": self._id(data[dropped], dropped),
            "similarity": similarity,
        }

    def _id(self, row: Any, place: int) -> str:
        found = row.get(self.id_field) if isinstance(row, dict) else None
        return str(place if found is None else found)

    def _report(
        self,
        data: list[Any],
        kept: list[int],
        pairs: list[dict[str, Any]],
        metadata: dict[str, Any],
    ) -> None:
        output = str(metadata.get("output_file") or "")
        if not output:
            return
        beside = Path(output)
        name = self.report_filename or beside.name.replace("output", "semantic_dedup_report", 1)
        if name == beside.name:
            name = f"semantic_dedup_report_{beside.stem}.json"
        told = {
            "processor": type(self).__name__,
            "field": self.field,
            "id_field": self.id_field,
            "embedding_backend": self.embedding_backend,
            "embedding_model": self.embedding_model,
            "similarity_threshold": self.similarity_threshold,
            "keep": self.keep,
            "dedup_mode": self.dedup_mode,
            "vectorstore_k": self.vectorstore_k,
            "input_count": len(data),
            "output_count": len(kept),
            "dropped_count": len(data) - len(kept),
            "pairs_reported": min(len(pairs), self.max_pairs_in_report),
            "max_pairs_in_report": self.max_pairs_in_report,
            "duplicates": pairs[: self.max_pairs_in_report],
        }
        (beside.parent / name).write_text(json.dumps(told, indent=4), encoding="utf-8")


def _dot(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def _of_length_one(vector: list[float]) -> list[float]:
    length = math.sqrt(_dot(vector, vector)) or 1.0
    return [x / length for x in vector]
