"""Writes the rows of a run as SyGra writes them: no column of ours, the order of the input.

Rows that are verified, unjudged or rejected are all there, as SyGra knows no difference; who wants
only what is right takes the run folder's own files. What failed made no row.
"""

import base64
import contextlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from sygra_eval.journal import open_readonly
from sygra_eval.sygra.config import ROW
from sygra_eval.sygra.importing import Shim, importing
from sygra_eval.sygra.limited import NeverReturned, within
from sygra_eval.sygra.measuring import Evaluated, evaluated_of, fault_of, with_evaluated
from sygra_eval.sygra.media_kinds import DATA_URL, suffix_of
from sygra_eval.sygra.naming import Task, function_at
from sygra_eval.sygra.raised import told
from sygra_eval.values import Outcome, UsageError

PROCESS_S = 3600.0
"""So long a post-processor may take, with all rows of a run."""
_WRITTEN = (Outcome.VERIFIED, Outcome.UNJUDGED, Outcome.REJECTED)


def rows_of(run: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a run as its task made them."""
    with open_readonly(run / "journal.db") as reader:
        for end in reader.outcomes():
            made = end.data.get(ROW)
            if end.outcome in _WRITTEN and isinstance(made, dict):
                yield made


def with_media(
    row: dict[str, Any], target: Path, number: int, *, reads_lists: bool = True
) -> dict[str, Any]:
    """Return a row whose pictures and sounds are files beside the output, by absolute paths.

    :param reads_lists: A text that is a list in JSON becomes one, as several pictures are.
    """
    name = str(row.get("id", number))
    read = json.loads if reads_lists else None
    return {field: _kept(value, target, name, field, read) for field, value in row.items()}


def _kept(
    value: Any, target: Path, name: str, field: str, read: Callable[[str], Any] | None
) -> Any:
    places = iter(range(10**6))

    def kept(one: Any) -> Any:
        if read is not None and isinstance(one, str) and one.startswith("["):
            with contextlib.suppress(ValueError, RecursionError):
                one = read(one)
        if isinstance(one, dict):
            return {key: kept(inner) for key, inner in one.items()}
        if isinstance(one, list):
            return [kept(inner) for inner in one]
        found = DATA_URL.fullmatch(one) if isinstance(one, str) else None
        kind = found[1].partition("/")[0] if found else ""
        if found is None or kind not in ("image", "audio"):
            return one
        folder = target.absolute().with_suffix("") / kind
        folder.mkdir(parents=True, exist_ok=True)
        stem = re.sub(r"[^\w.-]", "_", f"{name}_{field}_{next(places)}")
        path = folder / f"{stem}.{suffix_of(found[1])}"
        path.write_bytes(base64.b64decode(found[2]))
        return str(path)

    return kept(value)


Through = Callable[[dict[str, Any]], Iterable[dict[str, Any]]]


def write_rows(
    run: Path, target: Path, through: Through | None = None, *, are_messages: bool = False
) -> int:
    """Write the rows to a file, JSON or JSONL by its suffix, and return how many there are.

    :param through: What becomes of each row before: any number of rows.
    :param are_messages: These are one message each, whose content is text whatever it looks like.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(target.name + ".tmp")
    made = rows_of(run) if through is None else chain.from_iterable(map(through, rows_of(run)))
    try:
        count = _put(temporary, target, made, reads_lists=not are_messages)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return count


def _put(
    temporary: Path, target: Path, made: Iterable[dict[str, Any]], *, reads_lists: bool
) -> int:
    count, is_lines = 0, target.suffix == ".jsonl"
    with temporary.open("w", encoding="utf-8") as file:
        if not is_lines:
            file.write("[")
        for count, one in enumerate(made, start=1):
            row = with_media(one, target, count, reads_lists=reads_lists)
            if is_lines:
                file.write(_dumped(row) + "\n")
            else:
                file.write("\n" if count == 1 else ",\n")
                file.write(_indented(row))
        if not is_lines:
            file.write("\n]\n" if count else "]\n")
    return count


@dataclass(frozen=True, slots=True)
class Made:
    """What a post-processor wrote, and of how many records its metrics speak."""

    path: Path
    evaluated: tuple[Evaluated, ...] = ()


def _dumped(row: Any, indent: int | None = None) -> str:
    """Return JSON that a file can hold: half a character is written by its number."""
    text = json.dumps(row, ensure_ascii=False, indent=indent)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(row, indent=indent)
    return text


def _indented(row: Any) -> str:
    text = _dumped(row, indent=4)
    return "\n".join(f"    {line}" for line in text.split("\n"))


def as_text(rows: Sequence[Any]) -> str:
    """Return rows as a JSON file of SyGra's has them."""
    return json.dumps(list(rows), ensure_ascii=False, indent=4) + "\n"


def post_processed(
    task: Task, listed: Sequence[Any], target: Path, shim: Shim, failed: int = 0
) -> list[Made]:
    """Run what a task does with all rows, each on the rows of the output, and write what comes.

    :param failed: How many records made no row, for summaries of metrics.
    :raises UsageError: When one of them raises or returns no list.
    """
    written: list[Made] = []
    with importing(task.root, shim):
        before: list[Any] | None = None
        for one in listed:
            path = one if isinstance(one, str) else str(one["processor"])
            params = {} if isinstance(one, str) else dict(one.get("params") or {})
            processor = function_at(path)
            rows = rows_in(target)
            if params.get("use_previous_output") and before is not None:
                rows = before
            told_of = {"output_file": str(target.absolute()), "params": params}
            try:
                made = within(PROCESS_S, partial(_processed, processor, params, rows, told_of), "")
            except NeverReturned as left:
                raise UsageError(f"a post-processor: {left}; the rows are in {target}") from None
            except (Exception, SystemExit) as error:
                words = f"`{path}`: {told(error)}"
                raise UsageError(f"the post-processor {words}; the rows are in {target}") from error
            if not isinstance(made, list):
                raise UsageError(f"the post-processor `{path}` returned {type(made).__name__}")
            before = made
            known = evaluated_of(one, rows, failed)
            name = path.rpartition(".")[2]
            place = target.with_name(target.name.replace("output", name, 1))
            if place == target:
                place = target.with_name(f"{name}_{target.name}")
            text = json.dumps(with_evaluated(made, known), ensure_ascii=False, indent=4)
            place.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
            written.append(Made(place.with_suffix(".json"), tuple(known)))
            if fault := fault_of(made):
                raise UsageError(f"the post-processor `{path}`: {fault}; the rows are in {target}")
    return written


def _processed(processor: Any, params: dict[str, Any], rows: Any, told: dict[str, Any]) -> Any:
    return processor(**params).process(rows, told)


def rows_in(target: Path) -> list[Any]:
    """Return the rows of a data file."""
    text = target.read_text(encoding="utf-8")
    if target.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    rows: list[Any] = json.loads(text)
    return rows
