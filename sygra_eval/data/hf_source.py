"""The source type `hf`: files of a data set on the Hugging Face hub, at one commit, read by us."""

import hashlib
import json
import os
from collections.abc import AsyncGenerator, Generator, Iterable, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from sygra_eval.data.batches import in_batches
from sygra_eval.data.data_file import DataFile
from sygra_eval.data.file_rows import FileRows
from sygra_eval.data.forms import FORMS, form_of
from sygra_eval.data.hf_config import HfConfig
from sygra_eval.data.hf_hub import README, Hub
from sygra_eval.data.hf_splits import NotResolved, configurations_in, readable, splits_of
from sygra_eval.data.json_list import begins_a_list
from sygra_eval.data.naming import Namer
from sygra_eval.data.replacing import replacing
from sygra_eval.data.spool import key_of
from sygra_eval.values import BadRow, Problem, Row, SourceSpec, UsageError

_SHARED = "hf"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resolved:
    """What a suite's words stand for: a commit, and its files in the order of their rows.

    :ivar contents: What the hub calls each file's content.
    """

    commit: str
    files: tuple[str, ...]
    contents: tuple[str, ...]


class _NoSplit(NotResolved):
    def __init__(self, name: str, known: Sequence[str]) -> None:
        shown = ", ".join(f"`{one}`" for one in known) or "none whose files can be read"
        super().__init__(f"it has no split `{name}`; its splits: {shown}")
        near = get_close_matches(name, known, n=1)
        self.fix = f"write `{near[0]}`" if near else ""


class HfSource:
    """Reads the rows of the splits that a suite names."""

    first_row_s = 7200.0  # the first file has to be there before its first row is

    def __init__(self, spec: SourceSpec) -> None:
        self._config = HfConfig.model_validate(spec.config)
        self._spec = spec
        self._name = f"input-{key_of(spec)}.json"

    def check(self) -> Iterable[Problem]:
        """Yield what the hub and the head of the first file say."""
        try:
            self._hub()
        except UsageError as error:
            yield Problem(code="source-failed", message=str(error), at=("token_env",))
            return
        try:
            resolved = self._resolved()
            first = self._file(resolved, resolved.files[0])
        except _NoSplit as error:
            message = f"the data set `{self._config.repo_id}`: {error}"
            yield Problem(code="unknown-split", message=message, at=("split",), fix=error.fix)
            return
        except (UsageError, NotResolved) as error:
            said = str(error)
            if isinstance(error, NotResolved):
                said = f"the data set `{self._config.repo_id}`: {said}"
            yield Problem(code="source-failed", message=said, at=("repo_id",))
            return
        if _is_lines(first):
            return
        rows = FileRows(path=first.path, given=first.name, key="repo_id", id_column=self._config.id)
        yield from rows.check()

    def fingerprint(self) -> str:
        """Return what stands for the files' contents.

        :raises UsageError: When the hub does not say.
        """
        resolved = self._settled()
        told = [self._config.repo_id, resolved.files, resolved.contents]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def rows(self) -> AsyncGenerator[Row | BadRow, None]:
        """Yield each row in order; a file is fetched when its first row is next.

        :raises UsageError: When the hub does not give a file, or one cannot be read.
        """
        return in_batches(self._read())

    async def keep_in(self, folder: Path) -> None:
        """Keep which commit and files are meant, so that a resume reads the same."""
        with replacing(folder / self._name) as unfinished:
            text = json.dumps(asdict(self._settled()), indent=1)
            unfinished.write_text(f"{text}\n", encoding="utf-8")

    def _read(self) -> Generator[Row | BadRow, None, None]:
        resolved, namer, index = self._settled(), Namer(self._config.id), 0
        for path in resolved.files:
            file = self._file(resolved, path)
            form = FORMS[".jsonl"] if _is_lines(file) else form_of(file.path)
            if form is None:
                raise UsageError(f"`{path}` of the data set cannot be read")
            try:
                for line, found in form.read(file):
                    yield namer.name(index, f"{path}:{line}", found)
                    index += 1
            except OSError as error:
                raise UsageError(f"{file.path}: the input cannot be read: {error}") from error

    def _file(self, resolved: _Resolved, path: str) -> DataFile:
        return DataFile(path=self._hub().fetch(path, resolved.commit), name=path)

    def _settled(self) -> _Resolved:
        try:
            return self._resolved()
        except NotResolved as error:
            raise UsageError(f"the data set `{self._config.repo_id}`: {error}") from error

    def _resolved(self) -> _Resolved:
        """Return what the run's folder keeps, or what this spec found; else ask the hub."""
        if self._spec.kept_in is not None and (self._spec.kept_in / self._name).is_file():
            return _kept(self._spec.kept_in / self._name)
        found = self._spec.shared.get(_SHARED)
        if not isinstance(found, _Resolved):
            found = self._spec.shared[_SHARED] = self._asked()
        return found

    def _asked(self) -> _Resolved:
        config, hub = self._config, self._hub()
        commit, contents = hub.listing(config.revision)
        configurations = configurations_in(hub.card(commit)) if README in contents else []
        splits = splits_of(contents, configurations, config.config_name)
        files: list[str] = []
        for split in config.splits:
            if not (of_split := readable(splits.get(split, []))):
                raise _NoSplit(split, sorted(splits))
            files += of_split
        return _Resolved(
            commit=commit,
            files=tuple(files),
            contents=tuple(contents[path] for path in files),
        )

    def _hub(self) -> Hub:
        variable = self._config.token_env
        token = None if variable is None else os.environ.get(variable, "").strip()
        if token == "":
            raise UsageError(
                f"the hub's token is to be in the environment variable {variable}, which is not "
                f"set: export {variable}=…"
            )
        return Hub(repo_id=self._config.repo_id, token=token)


def _is_lines(file: DataFile) -> bool:
    """Say whether a `.json` file is JSON Lines, as many on the hub are."""
    return form_of(file.path) is FORMS[".json"] and not begins_a_list(file)


def _kept(path: Path) -> _Resolved:
    try:
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return _Resolved(
            commit=str(said["commit"]),
            files=tuple(map(str, said["files"])),
            contents=tuple(map(str, said["contents"])),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: what this run kept of its input is damaged") from error
