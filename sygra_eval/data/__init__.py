"""Where rows come from and where data files go: both streaming, so memory is flat in the rows.

In: `FileRows` reads JSONL (gzipped too), JSON, CSV or Parquet and yields every place of the file as
a `Row` or a `BadRow`; one broken line costs that line only. `DiskSource` names such a file by its
path, `PackageSource` by the distribution that brought it. Out: `write_jsonl` and `write_parquet`
put rows into files that appear whole or not at all and have the same bytes for the same rows.
Modules: `sources`, `disk_config` (the type `disk`), `package_source`, `package_config` (the type
`package`), `file_rows` (what both read), `text_formats` and `parquet_format` (readers),
`given_rows` (the type `given`) and `giving` (what a program gives, kept in the run's folder),
`naming` (ids and duplicates), `sinks`, `columns` (Parquet types of JSON values), `replacing`
(whole files), `images` (looks at those that prompts name), `surrogates`, `light_arrow` (pyarrow
alone), `builtin` (the hook).
"""

from sygra_eval.data.disk_config import DiskConfig
from sygra_eval.data.file_rows import FileRows
from sygra_eval.data.given_rows import GIVEN, KEPT_FILE, GivenRows, GivenSource
from sygra_eval.data.giving import Giving, Rows
from sygra_eval.data.images import BadImage, ImageRules, image_of, looked_at
from sygra_eval.data.light_arrow import leave_pandas_out
from sygra_eval.data.package_config import PackageConfig
from sygra_eval.data.package_source import PackageSource
from sygra_eval.data.sinks import WrittenParquet, jsonl_line, write_jsonl, write_parquet
from sygra_eval.data.sources import DiskSource

__all__ = [
    "GIVEN",
    "KEPT_FILE",
    "BadImage",
    "DiskConfig",
    "DiskSource",
    "FileRows",
    "GivenRows",
    "GivenSource",
    "Giving",
    "ImageRules",
    "PackageConfig",
    "PackageSource",
    "Rows",
    "WrittenParquet",
    "image_of",
    "jsonl_line",
    "leave_pandas_out",
    "looked_at",
    "write_jsonl",
    "write_parquet",
]
