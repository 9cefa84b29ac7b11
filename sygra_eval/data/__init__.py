"""Where rows come from and where data files go: both streaming, so memory is flat in the rows.

In: `DiskSource` reads JSONL, JSON, CSV or Parquet and yields every place of the file as a `Row` or
a `BadRow`; one broken line costs that line only. Out: `write_jsonl` and `write_parquet` put rows
into files that appear whole or not at all and have the same bytes for the same rows. Modules:
`sources` and `disk_config` (the type `disk`), `text_formats` and `parquet_format` (readers),
`naming` (ids and duplicates), `sinks`, `columns` (Parquet types of JSON values), `replacing`
(whole files), `surrogates`, `builtin` (the hook).
"""

from sygra_eval.data.disk_config import DiskConfig
from sygra_eval.data.sinks import WrittenParquet, write_jsonl, write_parquet
from sygra_eval.data.sources import DiskSource

__all__ = ["DiskConfig", "DiskSource", "WrittenParquet", "write_jsonl", "write_parquet"]
