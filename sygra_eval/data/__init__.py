"""Where rows come from and where data files go: both streaming, so memory is flat in the rows.

In: `FileRows` reads one file (JSONL, JSON, CSV or TSV, each packed too, Parquet, Arrow) and yields
every place of it as a `Row` or a `BadRow`; one broken line costs that line only. `DiskSource` names
files by their path, a folder or a pattern, `PackageSource` by the distribution that brought one.
Out: `write_jsonl` and `write_parquet` put rows into files that appear whole or not at all and have
the same bytes for the same rows. What can be read only once goes through a `Spool`, which keeps it
in the run's folder: `StdinSource`, `SqlSource`, `HttpSource`. What a program gives is kept there
while the run goes: `GivenRows`.

Modules: `sources`, `disk_config`, `patterns` (the type `disk`), `package_source`, `package_config`
(the type `package`), `file_rows` (what both read), `forms` (which suffix is which), `text_formats`,
`json_list`, `csv_format`, `parquet_format`, `arrow_format`, `arrow_rows` (readers), `unpacking`
(packed and recoded text), `batches` (readers in threads), `spool`,
`stdin_source`, `stdin_config` (the type `stdin`), `sql_source`, `sql_config`, `sqlite_rows`,
`alchemy_rows`, `json_value` (the type `sql`), `http_source`, `http_config`, `download`,
`packed_stream` (the type `http`), `cases_source` (the type `cases`), `given_rows`, `giving` (the
type `given`), `naming` (ids), `taken_ids` (duplicates), `sinks`, `pieces` (few rows at a time),
`packing` (gzip and zstd), `read_back` (rows out of data files), `columns` (Parquet types of JSON
values), `first_types` (whether all rows have those of the first), `replacing` (whole files),
`images` (looks at those that prompts name), `surrogates`, `light_arrow` (pyarrow alone), `builtin`
(the hook).
"""

from sygra_eval.data.disk_config import DiskConfig
from sygra_eval.data.file_rows import FileRows
from sygra_eval.data.flow import REACHED
from sygra_eval.data.given_rows import GIVEN, KEPT_FILE, GivenRows, GivenSource
from sygra_eval.data.giving import Giving, Rows
from sygra_eval.data.hf_source import HfSource
from sygra_eval.data.images import BadImage, ImageRules, image_of, looked_at
from sygra_eval.data.light_arrow import leave_pandas_out
from sygra_eval.data.package_config import PackageConfig
from sygra_eval.data.package_source import PackageSource
from sygra_eval.data.pipeline import PipelineSource, composed
from sygra_eval.data.read_back import (
    columns_that_differ,
    row_of_line,
    stored_lines,
    stored_rows,
)
from sygra_eval.data.sinks import (
    WrittenParquet,
    jsonl_line,
    write_jsonl,
    write_jsonl_shards,
    write_parquet,
    write_parquet_shards,
)
from sygra_eval.data.sources import DiskSource
from sygra_eval.data.spool import Spool
from sygra_eval.data.taken_ids import TakenIds
from sygra_eval.data.unpacking import Broken, opened

__all__ = [
    "GIVEN",
    "KEPT_FILE",
    "REACHED",
    "BadImage",
    "Broken",
    "DiskConfig",
    "DiskSource",
    "FileRows",
    "GivenRows",
    "GivenSource",
    "Giving",
    "HfSource",
    "ImageRules",
    "PackageConfig",
    "PackageSource",
    "PipelineSource",
    "Rows",
    "Spool",
    "TakenIds",
    "WrittenParquet",
    "columns_that_differ",
    "composed",
    "image_of",
    "jsonl_line",
    "leave_pandas_out",
    "looked_at",
    "opened",
    "row_of_line",
    "stored_lines",
    "stored_rows",
    "write_jsonl",
    "write_jsonl_shards",
    "write_parquet",
    "write_parquet_shards",
]
