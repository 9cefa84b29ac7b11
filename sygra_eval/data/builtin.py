"""The data sources and transforms that come with us, registered as anybody's would be."""

from sygra_eval.data.cases_source import CASES, CasesConfig, CasesSource
from sygra_eval.data.disk_config import DiskConfig
from sygra_eval.data.given_rows import GIVEN, GivenConfig, GivenSource
from sygra_eval.data.hf_config import HfConfig
from sygra_eval.data.hf_source import HfSource
from sygra_eval.data.http_config import HttpConfig
from sygra_eval.data.http_source import HttpSource
from sygra_eval.data.package_config import PackageConfig
from sygra_eval.data.package_source import PackageSource
from sygra_eval.data.sources import DiskSource
from sygra_eval.data.sql_config import SqlConfig
from sygra_eval.data.sql_source import SqlSource
from sygra_eval.data.stdin_config import StdinConfig
from sygra_eval.data.stdin_source import StdinSource
from sygra_eval.data.transforms import (
    AddConfig,
    ExplodeConfig,
    FilterConfig,
    RenameConfig,
    add,
    explode,
    keep_where,
    rename,
)
from sygra_eval.data.windows import Combine, CombineConfig, Skip, SkipConfig
from sygra_eval.hookspecs import RegisterSource, RegisterTransform, hookimpl


@hookimpl
def sygra_register_sources(register: RegisterSource) -> None:
    """Register the source types."""
    register("disk", DiskSource, config=DiskConfig)
    register("package", PackageSource, config=PackageConfig)
    register("stdin", StdinSource, config=StdinConfig)
    register("sql", SqlSource, config=SqlConfig)
    register("http", HttpSource, config=HttpConfig)
    register(GIVEN, GivenSource, config=GivenConfig)
    register("hf", HfSource, config=HfConfig)
    register(CASES, CasesSource, config=CasesConfig)


@hookimpl
def sygra_register_transforms(register: RegisterTransform) -> None:
    """Register the transforms that come with us."""
    register("add", add, config=AddConfig)
    register("combine", Combine, config=CombineConfig)
    register("explode", explode, config=ExplodeConfig)
    register("filter", keep_where, config=FilterConfig)
    register("rename", rename, config=RenameConfig)
    register("skip", Skip, config=SkipConfig)
