"""Which files of a repository are which split: by its card's configurations, else by their names.

The rules are those of the package datasets, so that a split here is the split there; they are
applied to names alone, and nothing of a repository is ever run.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import yaml

_KEYWORDS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "dev", "val"),
    "test": ("test", "testing", "eval", "evaluation"),
}
_BETWEEN = r"[-._ 0-9]"
_SHARDED = re.compile(r"data/([^/]+)-\d{5}-of-\d{5}[^/]*\.[^/]*")
_SPLIT = re.compile(r"\w+(\.\w+)*")
_NO_DATA = {
    "config.json",
    "dataset_info.json",
    "dataset_infos.json",
    "dataset_dict.json",
    "state.json",
}
_PACKED = ("", ".gz", ".zst")
FORMS: tuple[tuple[str, ...], ...] = (
    (".parquet",),
    (".arrow", ".feather"),
    tuple(suffix + packed for suffix in (".jsonl", ".ndjson", ".json") for packed in _PACKED),
    tuple(suffix + packed for suffix in (".csv", ".tsv") for packed in _PACKED),
)
"""Suffixes that can be read; of several forms in one repository the first is read."""
_LONGEST_HEAD = 1 << 20


class NotResolved(ValueError):
    """Why it is not known which files are meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One entry of a card's `configs`.

    :ivar patterns: By split; None where the files' names say it.
    """

    name: str
    folder: str
    patterns: Mapping[str, Sequence[str]] | None
    is_default: bool


def splits_of(
    paths: Iterable[str], configurations: Sequence[Configuration], config_name: str | None
) -> dict[str, list[str]]:
    """Return the files of each split, in the order in which their rows are read.

    :raises NotResolved: With what there is instead.
    """
    files = sorted(path for path in paths if _is_data(path))
    if not configurations:
        return _by_names(_below(files, _folder_named(files, config_name)))
    chosen = _chosen(configurations, config_name)
    below = _below(files, chosen.folder)
    if chosen.patterns is None:
        return _by_names(below)
    found = {}
    for split, patterns in chosen.patterns.items():
        matching = [path for one in patterns for path in _matching(one, below, chosen.folder)]
        found[split] = list(dict.fromkeys(matching))
    return {split: files for split, files in found.items() if files}


def readable(files: Sequence[str]) -> list[str]:
    """Return the files of the first form that some of them have."""
    for suffixes in FORMS:
        if of_form := [path for path in files if path.lower().endswith(suffixes)]:
            return of_form
    return []


def configurations_in(card: str) -> list[Configuration]:
    """Return what the head of a README.md says of configurations.

    :raises NotResolved: When that cannot be read.
    """
    if not card.startswith("---"):
        return []
    head, end, _ = card[3:_LONGEST_HEAD].partition("\n---")
    if not end:
        return []
    try:
        said = yaml.safe_load(head)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        where = str(error).splitlines()[0]
        raise NotResolved(f"the head of its README.md is no YAML: {where}") from error
    configs = said.get("configs") if isinstance(said, Mapping) else None
    if configs is None:
        return []
    if not isinstance(configs, list):
        raise NotResolved("`configs` in its README.md is no list")
    return [_configuration(one) for one in configs]


def _configuration(said: Any) -> Configuration:
    if not isinstance(said, Mapping) or not isinstance(said.get("config_name"), str):
        raise NotResolved("an entry of `configs` in its README.md has no `config_name`")
    folder = said.get("data_dir")
    files = said.get("data_files")
    return Configuration(
        name=said["config_name"],
        folder=folder.strip("/") if isinstance(folder, str) else "",
        patterns=None if files is None else _patterns(files),
        is_default=said.get("default") is True,
    )


def _patterns(files: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for entry in files if isinstance(files, list) else [files]:
        is_named = isinstance(entry, Mapping)
        split = entry.get("split") if is_named else "train"
        paths = entry.get("path") if is_named else entry
        several = [paths] if isinstance(paths, str) else paths
        is_list = isinstance(several, list) and all(isinstance(one, str) for one in several)
        if not isinstance(split, str) or not _SPLIT.fullmatch(split) or not is_list:
            raise NotResolved("`data_files` in its README.md is not as the hub has it")
        found.setdefault(split, []).extend(several)
    return found


def _chosen(configurations: Sequence[Configuration], name: str | None) -> Configuration:
    names = ", ".join(f"`{one.name}`" for one in configurations)
    if name is not None:
        for one in configurations:
            if one.name == name:
                return one
        raise NotResolved(f"it has no configuration `{name}`; it has {names}")
    defaults = [one for one in configurations if one.is_default or one.name == "default"]
    if len(configurations) == 1:
        return configurations[0]
    if len(defaults) != 1:
        raise NotResolved(f"it has several configurations: name one of {names} by `config_name`")
    return defaults[0]


def _folder_named(files: Sequence[str], config_name: str | None) -> str:
    """Return the folder that stands for a configuration which no card names."""
    if config_name in (None, "default"):
        return ""
    if not any(path.startswith(f"{config_name}/") for path in files):
        raise NotResolved(
            f"its README.md names no configuration `{config_name}`, and it has no such folder"
        )
    return str(config_name)


def _below(files: Iterable[str], folder: str) -> list[str]:
    return [path for path in files if not folder or path.startswith(f"{folder}/")]


def _is_data(path: str) -> bool:
    parts = PurePosixPath(path).parts
    if any(part.startswith(".") for part in parts) or parts[-1] in _NO_DATA:
        return False
    return not any(part.startswith("__") for part in parts[:-1]) and bool(readable([path]))


def _matching(pattern: str, files: Iterable[str], folder: str) -> list[str]:
    if "://" in pattern:
        raise NotResolved(f"its README.md names files elsewhere, which are not read: {pattern}")
    full = f"{folder}/{pattern.lstrip('./')}" if folder else pattern.lstrip("./")
    meant = re.compile(_as_regex(full))
    return [path for path in files if meant.fullmatch(path)]


def _as_regex(pattern: str) -> str:
    made, at = "", 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            made, at = made + "(?:[^/]+/)*", at + 3
        elif pattern.startswith("**", at):
            made, at = made + ".*", at + 2
        elif pattern[at] == "*":
            made, at = made + "[^/]*", at + 1
        elif pattern[at] == "?":
            made, at = made + "[^/]", at + 1
        elif pattern[at] == "[" and (end := pattern.find("]", at + 2)) > 0:
            held = pattern[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            made, at = made + f"[{'^' + held[1:] if held[0] == '!' else held}]", end + 1
        else:
            made, at = made + re.escape(pattern[at]), at + 1
    return made


def _by_names(files: Sequence[str]) -> dict[str, list[str]]:
    """Return the splits by the names of folders and files; what has none of them is `train`."""
    sharded: dict[str, list[str]] = {}
    for path in files:
        if named := _SHARDED.fullmatch(path):
            sharded.setdefault(named[1], []).append(path)
    if sharded:
        return sharded
    for is_in_folder in (True, False):
        found = {
            split: [path for path in files if _is_named(path, words, is_in_folder=is_in_folder)]
            for split, words in _KEYWORDS.items()
        }
        if any(found.values()):
            return {split: files for split, files in found.items() if files}
    return {"train": list(files)} if files else {}


def _is_named(path: str, words: Iterable[str], *, is_in_folder: bool) -> bool:
    *folders, name = path.split("/")
    either = "|".join(words)
    if is_in_folder:
        in_folder = re.compile(rf"(?:.*{_BETWEEN})?(?:{either})(?:{_BETWEEN}.*)?")
        return any(in_folder.fullmatch(folder) for folder in folders)
    return re.fullmatch(rf"(?:.*{_BETWEEN})?(?:{either}){_BETWEEN}.*", name) is not None
