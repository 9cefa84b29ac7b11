"""The data sources that come with us, registered as anybody's would be."""

from sygra_eval.data.disk_config import DiskConfig
from sygra_eval.data.sources import DiskSource
from sygra_eval.hookspecs import RegisterSource, hookimpl


@hookimpl
def sygra_register_sources(register: RegisterSource) -> None:
    """Register the source type `disk`."""
    register("disk", DiskSource, config=DiskConfig)
