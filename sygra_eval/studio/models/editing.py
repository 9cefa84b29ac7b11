"""From a form to the text of `models.yaml`, and onto the disk. Start at `drafted`."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sygra_eval.studio.models.checking import Problem, holds_key, keys_in
from sygra_eval.studio.models.file import (
    CHANGED,
    ChangedOnDisk,
    ModelsFile,
    read_models_file,
    write_models_file,
)
from sygra_eval.studio.models.reading import ask
from sygra_eval.studio.models.splice import data_of, with_model, without_model
from sygra_eval.suite import MODELS_FILE, is_of_sygra, parse_document
from sygra_eval.values import UsageError

_HIDDEN = "{}  (a line with a key in it, which is not shown)"
NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
CONTEXT_LINES = 3


class NotValid(UsageError):
    """The model is wrong; nothing was written.

    :ivar problems: By field.
    """

    def __init__(self, message: str, problems: list[Problem]) -> None:
        super().__init__(message)
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Draft:
    """What Save would write.

    :ivar before: The file that it was made of.
    :ivar problems: Warnings too; only an error keeps it from being written.
    """

    before: ModelsFile
    text: str
    problems: list[Problem]

    @property
    def diff(self) -> list[str]:
        """The lines that differ, as `diff -u` has them, without its head."""
        lines = difflib.unified_diff(
            self.before.text.splitlines(), self.text.splitlines(), lineterm="", n=CONTEXT_LINES
        )
        return [_HIDDEN.format(line[0]) if holds_key(line) else line for line in list(lines)[2:]]

    @property
    def errors(self) -> list[Problem]:
        """What keeps it from being written."""
        return [one for one in self.problems if one["severity"] == "error"]


async def drafted(
    root: Path,
    name: str,
    entry: Mapping[str, Any],
    *,
    renamed_from: str | None = None,
    secrets: Iterable[str] = (),
) -> Draft:
    """Return what the file would be with this model.

    :raises CannotWrite: When the file is none that may be written.
    :raises CannotSplice: When it cannot be changed without touching other lines.
    """
    before = read_models_file(root)
    _refuse_foreign(before)
    if problems := _name_problems(name, before, renamed_from):
        return Draft(before, before.text, problems)
    known = sorted(set(secrets))
    if problems := keys_in(entry, frozenset(known)):  # a key does not even come into a draft
        return Draft(before, before.text, problems)
    text = before.text
    if renamed_from is not None and renamed_from != name:
        text = _renamed(text, renamed_from, name)
    text = with_model(text, name, entry)
    problems = await ask(root, "problems", root=str(root), text=text, name=name, secrets=known)
    return Draft(before, text, problems)


def removed(root: Path, name: str) -> Draft:
    """Return what the file would be without this model.

    :raises UsageError: When it is not there.
    """
    before = read_models_file(root)
    _refuse_foreign(before)
    if name not in data_of(before.text):
        raise UsageError(f"{MODELS_FILE} has no model `{name}`")
    return Draft(before, without_model(before.text, name), [])


def written(root: Path, draft: Draft, *, of_sha256: str) -> ModelsFile:
    """Write a draft.

    :param of_sha256: Of the text that the person saw.
    :raises NotValid: When the model is wrong.
    :raises ChangedOnDisk: When another text stands there.
    """
    if draft.before.sha256 != of_sha256:
        raise ChangedOnDisk(CHANGED)
    if draft.errors:
        first = draft.errors[0]
        where = f"{first['field']}: " if first["field"] else ""
        raise NotValid(f"{where}{first['message']}", draft.problems)
    return write_models_file(root, draft.text, of_sha256=of_sha256)


def _renamed(text: str, old: str, new: str) -> str:
    """Give an entry another name in its place: its key alone is other."""
    data = data_of(text)
    if old not in data:
        raise UsageError(f"{MODELS_FILE} has no model `{old}`")
    wanted = {new if key == old else key: one for key, one in data.items()}
    mark = parse_document(text.encode(), MODELS_FILE).key_mark((old,))
    start = mark.index + (1 if text.startswith("\ufeff") else 0)
    for shown in (old, f'"{old}"', f"'{old}'"):
        if text.startswith(shown, start):
            changed = text[:start] + new + text[start + len(shown) :]
            if data_of(changed) == wanted:
                return changed
    return with_model(without_model(text, old), new, data[old])


def _name_problems(name: str, before: ModelsFile, renamed_from: str | None) -> list[Problem]:
    told = ""
    if not NAME.fullmatch(name):
        told = "letters, digits, `_`, `-` and `.` make a name"
    elif renamed_from is not None and renamed_from != name and name in data_of(before.text):
        told = f"there is a model `{name}` already"
    if not told:
        return []
    return [{"field": "name", "code": "name", "severity": "error", "message": told, "fix": ""}]


def _refuse_foreign(before: ModelsFile) -> None:
    """Refuse SyGra's file of the same name."""
    if before.text and is_of_sygra(parse_document(before.text.encode(), MODELS_FILE)):
        raise UsageError(
            f"this {MODELS_FILE} is SyGra's own, which Studio reads and does not change; "
            "keep the models of your suites in their folder"
        )
