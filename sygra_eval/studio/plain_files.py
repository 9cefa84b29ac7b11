"""Opens files in folders that may be a stranger's: a run's is handed on as it is."""

import os
import stat
from pathlib import Path


def open_plain(path: Path, flags: int = os.O_RDONLY) -> int:
    """Open the file itself and return its descriptor: a link may lead anywhere, a pipe waits.

    :raises OSError: When it cannot be opened, or is no plain file.
    """
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("it is no file")
    return descriptor
