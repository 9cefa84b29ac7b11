"""What the library raises."""


class GraSPError(Exception):
    """Whatever the library raises."""


class ValidationError(GraSPError):
    """Something given is not fit."""


class ExecutionError(GraSPError):
    """A run could not begin, or made nothing."""


class ConfigurationError(GraSPError):
    """A workflow that cannot be run as it is."""


class NodeError(GraSPError):
    """A node that cannot be."""


class DataError(GraSPError):
    """Data that cannot be used."""


class ModelError(GraSPError):
    """A model that cannot be asked."""


class TimeoutError(GraSPError):  # noqa: A001 - SyGra's name
    """Something took too long."""
