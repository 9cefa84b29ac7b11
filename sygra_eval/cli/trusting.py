"""What `--trust` does: local plugin folders are imported now, and remembered as they are."""

from pathlib import Path

from sygra_eval.cli.output import tell
from sygra_eval.plugins import remember_trust


def remember(folder: Path) -> None:
    """Remember the plugin folders that act on `folder`; where that cannot be kept, say so."""
    try:
        remember_trust(folder)
    except OSError as error:
        tell(f"the trust is for this time and will not be remembered: {error}")
