"""The `models.yaml` of a workspace: read with its hash, written whole or not at all.

A change says which text it was made of (`If-Match`), so that what an editor or `git pull` wrote in
the meantime is never lost. Start at `read_models_file` and `write_models_file`.
"""

import contextlib
import hashlib
import os
import secrets
import stat
import threading
from dataclasses import dataclass
from pathlib import Path

from sygra_eval.suite import MODELS_FILE
from sygra_eval.values import UsageError

MOST_BYTES = 1024 * 1024
CHANGED = (
    f"{MODELS_FILE} was changed on disk since it was read: look at what would be written now, "
    "and save again"
)
_WRITING = threading.Lock()


class CannotWrite(UsageError):
    """The file is none that Studio may read or write."""


class ChangedOnDisk(UsageError):
    """Somebody else wrote the file since it was read."""


@dataclass(frozen=True, slots=True)
class ModelsFile:
    """What stands in it now.

    :ivar exists: A file that is not there reads as an empty one.
    """

    path: Path
    text: str
    exists: bool

    @property
    def sha256(self) -> str:
        """The hash that a change of this text has to name."""
        return sha256_of(self.text)


def sha256_of(text: str) -> str:
    """Return the hash of a text as it stands in a file."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_models_file(root: Path) -> ModelsFile:
    """Read the file beside the suites.

    :raises CannotWrite: When it is a link, no file, too large, or no UTF-8.
    """
    path = root / MODELS_FILE
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return ModelsFile(path, "", exists=False)
    except OSError as error:
        if path.is_symlink():
            raise CannotWrite(
                f"{MODELS_FILE} is a symbolic link, which Studio does not follow: "
                "replace it by the file, or change that one in an editor"
            ) from error
        raise CannotWrite(f"{MODELS_FILE} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise CannotWrite(f"{MODELS_FILE} is not a file")
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise CannotWrite(f"{MODELS_FILE} is larger than {MOST_BYTES // 2**20} MiB")
    try:
        return ModelsFile(path, content.decode(), exists=True)
    except UnicodeDecodeError as error:
        raise CannotWrite(f"{MODELS_FILE} is not UTF-8: save it as UTF-8") from error


def write_models_file(root: Path, text: str, *, of_sha256: str) -> ModelsFile:
    """Put `text` in the place of the text whose hash is given, at once.

    :raises ChangedOnDisk: When another text stands there; nothing is written.
    :raises CannotWrite: When it cannot be written; what stood there still does.
    """
    with _WRITING:
        before = read_models_file(root)
        if before.sha256 != of_sha256:
            raise ChangedOnDisk(CHANGED)
        if text != before.text or not before.exists:
            try:
                _replace(before, text)
            except OSError as error:
                raise CannotWrite(f"{MODELS_FILE} cannot be written: {error.strerror}") from error
        return ModelsFile(before.path, text, exists=True)


def _replace(before: ModelsFile, text: str) -> None:
    beside = before.path.with_name(f".models-{secrets.token_hex(8)}.tmp")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            if before.exists:
                os.fchmod(file.fileno(), stat.S_IMODE(before.path.stat().st_mode))
            os.fsync(file.fileno())
        beside.replace(before.path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
