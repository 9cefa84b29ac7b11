"""The logger of tasks: that of Python under the name `sygra`, silent unless somebody listens."""

import logging
from typing import Any

logger = logging.getLogger("sygra")
setattr(logger, "warn", logger.warning)  # noqa: B010 - Python's own tells everybody off
logger.addHandler(logging.NullHandler())
logger.propagate = False
_INTERNAL = logger


def configure_logger(
    debug_mode: bool = False,  # noqa: FBT001, FBT002 - the signature that tasks know
    clear_logs: bool = False,  # noqa: FBT001, FBT002 - likewise
    run_name: str = "",
) -> None:
    """Say how much is logged; files of logs are the run's own here."""
    del clear_logs, run_name
    _INTERNAL.setLevel(logging.DEBUG if debug_mode else logging.INFO)


def set_external_logger(external: Any) -> None:
    """Send what tasks log to another logger from now on."""
    global logger
    logger = external


def reset_to_internal_logger() -> None:
    """Send it to our own again."""
    global logger
    logger = _INTERNAL
