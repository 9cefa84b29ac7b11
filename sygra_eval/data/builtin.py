"""The data sources and transforms that come with us, registered as anybody's would be."""

from sygra_eval.data.disk_config import DiskConfig
from sygra_eval.data.package_config import PackageConfig
from sygra_eval.data.package_source import PackageSource
from sygra_eval.data.sources import DiskSource
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
    """Register the source types `disk` and `package`."""
    register("disk", DiskSource, config=DiskConfig)
    register("package", PackageSource, config=PackageConfig)


@hookimpl
def sygra_register_transforms(register: RegisterTransform) -> None:
    """Register the transforms that come with us."""
    register("add", add, config=AddConfig)
    register("combine", Combine, config=CombineConfig)
    register("explode", explode, config=ExplodeConfig)
    register("filter", keep_where, config=FilterConfig)
    register("rename", rename, config=RenameConfig)
    register("skip", Skip, config=SkipConfig)
