"""Which views of a run there are."""

from sygra_eval.plugins import Plugins
from sygra_eval.report.layout import grid


def formats_text(plugins: Plugins) -> str:
    """Return a line for each registered format: its file in a run folder, and what it is."""
    formats = sorted(plugins.of("reporters").values(), key=lambda one: one.name)
    rows = [(one.name, one.file or f"report.{one.name}", one.about) for one in formats]
    return grid(("format", "file", "what it is"), ("left",) * 3, rows)
