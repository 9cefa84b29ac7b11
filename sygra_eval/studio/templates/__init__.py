"""Suites to begin from: `create` puts one into a workspace.

Each is a real suite with its rows, and with the answers that the small embedded model gave when it
was recorded, so that it runs in seconds without network or key.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sygra_eval.studio.told import Told
from sygra_eval.studio.workspace import NotThere, Workspace
from sygra_eval.values import UsageError

PLACE: Final = Path(__file__).parent
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,59}")
_TITLES: Final = {
    "code_assistant": (
        "Code assistant loop",
        "Questions are answered in a loop of draft, tests, critique and revision; a row is "
        "verified when hidden tests pass too.",
    ),
    "instruction_to_code": (
        "Instruction → code + tests",
        "One node writes tests, another one the code. Kept is code that passes them where a "
        "program that does nothing fails.",
    ),
    "evaluate_model": (
        "Evaluate a model on a set",
        "One answer to each question, judged by tests: the share that a model answers right, with "
        "its interval.",
    ),
}


class Template(Told):
    """What a suite can begin from.

    :ivar rows: How many rows it brings along.
    """

    name: str
    title: str
    description: str
    rows: int


@dataclass(frozen=True, slots=True)
class _Piece:
    """One file: where it goes, relative to the workspace, and what is in it."""

    place: str
    content: bytes


def templates() -> list[Template]:
    """Return all templates, the most useful one first."""
    return [
        Template(name=name, title=title, description=said, rows=_rows(name))
        for name, (title, said) in _TITLES.items()
    ]


def create(workspace: Workspace, template: str, name: str) -> Path:
    """Put a template's files into a workspace under a name; return the suite's path.

    :raises NotThere: When there is no such template.
    :raises UsageError: When the name does not do, or one of its files is there already.
    """
    if template not in _TITLES:
        raise NotThere(f"there is no template `{template[:60]}`: there are {', '.join(_TITLES)}")
    if not _NAME.fullmatch(name):
        raise UsageError("a suite's name begins with a letter and holds letters, digits, _ and -")
    pieces = [
        _Piece(f"data/{name}.jsonl", _bytes("data", f"{template}.jsonl")),
        _Piece(f"taped/{name}/journal.db", _bytes("taped", template, "journal.db")),
        _Piece(f"{name}.yaml", _named(_bytes(f"{template}.yaml").decode(), template, name)),
    ]
    places = [_place(workspace, piece.place) for piece in pieces]
    if taken := next((place for place in places if place.exists()), None):
        raise UsageError(f"{taken.relative_to(workspace.root)} is there already: take another name")
    made: list[Path] = []
    try:
        for place, piece in zip(places, pieces, strict=True):  # the suite last: it is then whole
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("xb") as file:
                made.append(place)
                file.write(piece.content)
    except OSError as error:
        for place in made:
            place.unlink(missing_ok=True)
        raise UsageError(f"the suite cannot be written: {error.strerror}") from error
    return places[-1]


def _place(workspace: Workspace, name: str) -> Path:
    """Return where a file goes; a folder that is a link to elsewhere is no place."""
    path = workspace.root / name
    if path.parent.resolve() != path.parent or not path.parent.is_relative_to(workspace.root):
        raise UsageError(f"{name} would be written outside this folder: a part of it is a link")
    return path


def _named(text: str, template: str, name: str) -> bytes:
    return (
        text.replace(f"  name: {template}\n", f"  name: {name}\n", 1)
        .replace(f"data/{template}.jsonl", f"data/{name}.jsonl")
        .replace(f"taped/{template}", f"taped/{name}")
        .replace(f"pretty_name: Example {template}", f"pretty_name: {name}")
        .encode()
    )


def _rows(name: str) -> int:
    return _bytes("data", f"{name}.jsonl").count(b"\n")


def _bytes(*parts: str) -> bytes:
    return PLACE.joinpath(*parts).read_bytes()
