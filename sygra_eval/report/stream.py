"""What a stream can show: how wide it is, and whether it takes colour."""

import shutil
from collections.abc import Mapping
from typing import TextIO

from sygra_eval.report.layout import WIDTH

_NARROWEST = 40  # below, a table is no table


def terminal_width(stream: TextIO) -> int:
    """Return the columns of a stream: the terminal's, 80 where there is none."""
    if not _is_terminal(stream):
        return WIDTH
    return max(_NARROWEST, shutil.get_terminal_size((WIDTH, 24)).columns)


def shows_color(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Say whether colour may be written: on a terminal, unless `NO_COLOR` says something."""
    if environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    return _is_terminal(stream)


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False
