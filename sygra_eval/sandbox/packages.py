"""A folder with chosen distributions and what they require, and nothing else that is installed.

They are found by their metadata; nothing of them is imported here. Files are linked where they lie
on the same disk, so a prefix costs little; it vanishes with the sandbox's base.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePath

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from sygra_eval.values import InfrastructureError

READABLE_BY_ALL = 0o004


class PackageMissing(InfrastructureError):
    """A distribution that is asked for, or one that it requires, cannot be had here."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """A folder of packages, and the modules of those that were asked for."""

    folder: str = ""
    modules: tuple[str, ...] = ()


def make_prefix(base: Path, packages: tuple[str, ...]) -> Prefix:
    """Lay the distributions out in a folder of their own.

    :raises PackageMissing: When one of them is not installed, or not as files of its own.
    """
    asked = {canonicalize_name(name): None for name in packages}
    found = closure_of(packages)
    folder = base / f"packages-{'-'.join(asked)}"[:200]
    modules: list[str] = []
    try:
        folder.mkdir(mode=0o755)
        for name, distribution in found.items():
            files = list(files_of(distribution))
            if not modules_of(relative for relative, _ in files):
                raise PackageMissing(f"package `{name}` has no files of its own; {AGAIN}")
            if name in asked:
                modules += modules_of(relative for relative, _ in files)
            for relative, source in files:
                lay(source, folder / relative)
    except OSError as error:
        raise PackageMissing(f"packages cannot be laid out: {error.strerror}") from error
    return Prefix(str(folder), tuple(modules))


AGAIN = "an editable or damaged installation: install it again with `pip install`"


def closure_of(names: Iterable[str]) -> dict[str, metadata.Distribution]:
    """Find distributions and all that they require on this interpreter, without their extras.

    :raises PackageMissing: With the name of the one that is not installed.
    """
    found: dict[str, metadata.Distribution] = {}
    pending = [(str(canonicalize_name(name)), "") for name in names]
    while pending:
        name, wanted_by = pending.pop()
        if name in found:
            continue
        try:
            found[name] = distribution = metadata.distribution(name)
        except (metadata.PackageNotFoundError, ValueError):
            why = f", which `{wanted_by}` requires," if wanted_by else ""
            raise PackageMissing(
                f"package `{name}`{why} is not installed; run `pip install {name}`"
            ) from None
        pending += [(needed, name) for needed in required_by(distribution)]
    return dict(sorted(found.items()))


def required_by(distribution: metadata.Distribution) -> Iterator[str]:
    """Name what a distribution requires here."""
    for text in distribution.requires or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:  # nobody could have installed it by that
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield canonicalize_name(requirement.name)


def files_of(distribution: metadata.Distribution) -> Iterator[tuple[PurePath, Path]]:
    """Give its files with their places below the folder of packages; scripts lie elsewhere."""
    for file in distribution.files or ():
        relative = PurePath(file)
        if relative.is_absolute() or ".." in relative.parts or leads_elsewhere(relative):
            continue
        source = Path(str(distribution.locate_file(file)))
        if source.is_file():
            yield relative, source


def leads_elsewhere(file: PurePath) -> bool:
    """Whether a file only says where the code lies that the installation would use."""
    return file.suffix == ".pth" or file.name.startswith("__editable__")


def asked_modules(packages: Iterable[str]) -> list[str]:
    """Name the modules of the packages themselves, not of what they require.

    :raises PackageMissing: When a package, or one that it requires, is not installed.
    """
    found = closure_of(packages)
    asked = dict.fromkeys(canonicalize_name(name) for name in packages)
    return [module for name in asked for module in modules_of(f for f, _ in files_of(found[name]))]


def modules_of(files: Iterable[PurePath]) -> list[str]:
    """Name the importable modules at the top; private ones where there are no others."""
    names = set()
    for file in files:
        is_package = len(file.parts) == 2 and file.name == "__init__.py"
        is_module = len(file.parts) == 1 and file.suffix == ".py"
        name = file.parts[0] if is_package else file.stem if is_module else ""
        if name.isidentifier():
            names.add(name)
    return sorted(name for name in names if not name.startswith("_")) or sorted(names)


def lay(source: Path, target: Path) -> None:
    """Link a file, or copy it where it lies on another disk or only its owner may read it."""
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if target.exists():  # two distributions share a namespace's `__init__.py`
        return
    if source.stat().st_mode & READABLE_BY_ALL and not source.is_symlink():
        try:
            os.link(source, target)
        except OSError:
            pass
        else:
            return
    shutil.copyfile(source, target)
    shutil.copystat(source, target)
    target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)
