"""What `--trust` does: local plugin folders are imported now, and remembered as they are.

A suite that was made of a task of SyGra stands among that task's files and names their Python, so
these are remembered with it.
"""

from pathlib import Path

from sygra_eval.cli.output import tell
from sygra_eval.plugins import remember_trust
from sygra_eval.sygra import remember_root, task_at


def remember(folder: Path) -> None:
    """Remember the plugin folders that act on `folder`, and its task, if it is one's folder."""
    task = task_at(str(folder.absolute()))
    try:
        remember_trust(folder)
        if task is not None:
            remember_root(task.root, task.folder)
    except OSError as error:
        tell(f"the trust is for this time and will not be remembered: {error}")
