"""The header of a data card, as the hub and the library `datasets` read it.

A header that `datasets` cannot use makes the folder unloadable, so what is not sure is left out:
the columns' types are those of the Parquet file itself, or none.
"""

from collections.abc import Mapping
from typing import Any

from sygra_eval.engine import RunSummary, data_files_in
from sygra_eval.report.text_safety import one_line
from sygra_eval.suite import is_language, licence_id
from sygra_eval.values import Outcome

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
    (1_000_000_000, "100M<n<1B"),
    (10_000_000_000, "1B<n<10B"),
)
_TYPES = {"string": "string", "int64": "int64", "double": "float64", "bool": "bool"}


class _Unknown(Exception):
    """A type whose name in a header is not known for sure."""


def header(summary: RunSummary, card: Mapping[str, object], pretty_name: str) -> dict[str, object]:
    """Return the header of a run's card; its only config is the verified rows, if there are any."""
    verified = summary.counts.get(Outcome.VERIFIED, 0)
    front: dict[str, object] = {
        **_licence(one_line(str(card.get("license") or ""))),
        "language": [code for code in texts(card.get("language")) if is_language(code)] or ["en"],
        "pretty_name": pretty_name,
    }
    if summary.has_graph:
        front["task_categories"] = ["text-generation"]
    if verified:
        front["size_categories"] = [size_category(verified)]
    front["tags"] = [*(["synthetic"] if summary.has_graph else []), "code", "sygra-eval"]
    if verified:
        front["configs"] = [{"config_name": "default", "data_files": summary.to_load}]
        front |= _info(summary)
    return front


def size_category(rows: int) -> str:
    """Return the hub's name for so many rows."""
    return next((name for most, name in _SIZES if rows < most), "10B<n<100B")


def texts(value: object) -> list[str]:
    """Return one text or a list of texts as a list."""
    if not value:
        return []
    several = value if isinstance(value, list | tuple) else [value]
    return [one_line(str(text)) for text in several]


def columns_of(summary: RunSummary) -> list[tuple[str, str]]:
    """Return name and type of each column of the data, as its file has them."""
    schema, _, _ = _schema(summary)
    if schema is None:
        return [(name, "") for name in summary.columns]
    return [(field.name, str(field.type)) for field in schema]


def _licence(said: str) -> dict[str, object]:
    if not said:
        return {"license": "unknown"}
    known = licence_id(said)
    return {"license": known} if known else {"license": "other", "license_name": said}


def _info(summary: RunSummary) -> dict[str, object]:
    schema, rows, size = _schema(summary)
    if schema is None:
        return {}
    try:
        features = [{"name": field.name, **_feature(field.type)} for field in schema]
    except _Unknown:
        return {}
    split = {"name": "train", "num_bytes": size, "num_examples": rows}
    return {"dataset_info": {"config_name": "default", "features": features, "splits": [split]}}


def _feature(kind: Any) -> dict[str, object]:
    """Return a type as `datasets` writes it in a header."""
    if kind.num_fields and hasattr(kind, "value_type"):
        inner = _feature(kind.value_type)
        return {"list": inner.get("dtype", inner.get("struct", inner))}
    if kind.num_fields:
        fields = (kind.field(place) for place in range(kind.num_fields))
        return {"struct": [{"name": field.name, **_feature(field.type)} for field in fields]}
    if str(kind) not in _TYPES:
        raise _Unknown(str(kind))
    return {"dtype": _TYPES[str(kind)]}


def _schema(summary: RunSummary) -> tuple[Any, int, int]:
    """Return schema, rows and unpacked size of the verified rows' Parquet files, if there."""
    names = [name for name in data_files_in(summary.folder) if name.endswith(".parquet")]
    if not names:
        return None, 0, 0
    import pyarrow as pa
    from pyarrow import parquet

    rows, size, schema = 0, 0, None
    try:
        for name in names:
            metadata = parquet.read_metadata(summary.folder / name)
            rows += metadata.num_rows
            size += sum(
                metadata.row_group(at).total_byte_size for at in range(metadata.num_row_groups)
            )
            schema = metadata.schema.to_arrow_schema() if schema is None else schema
    except (pa.ArrowException, OSError):  # a card of a folder that was damaged says less
        return None, 0, 0
    return schema, rows, size
