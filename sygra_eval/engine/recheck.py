"""Checks what a run folder claims: its files by their checksums, its verified rows by running them.

Start at `recheck`. The folder is data and may be a stranger's: nothing in it makes us import a
plugin or leave the sandbox, the caller has to ask for that as at the run's start.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from sygra_eval.data import Broken, jsonl_line, opened
from sygra_eval.engine.asking import handling_of, request_of
from sygra_eval.engine.data_files import data_files_in, is_data_file, is_lines_of
from sygra_eval.engine.existing import existing_candidate
from sygra_eval.engine.folder import MANIFEST
from sygra_eval.engine.handling import handled
from sygra_eval.engine.judging import Ask, Court, entry_point_of, language_of, verdict_of
from sygra_eval.engine.options import RunOptions
from sygra_eval.engine.outcome import outcome_of
from sygra_eval.engine.plan import Plan, read_plan, target_in
from sygra_eval.engine.preflight import models_of, started_sandbox
from sygra_eval.engine.summarise import suite_document
from sygra_eval.engine.summary import ExitCode
from sygra_eval.engine.target import that_count
from sygra_eval.engine.ways import state_at_the_end
from sygra_eval.journal import JournalReader, call_key, open_readonly
from sygra_eval.plugins import Plugins, load_plugins
from sygra_eval.suite import Suite, load_suite, reserved_columns
from sygra_eval.validators import candidate_of
from sygra_eval.values import (
    BadAnswer,
    CallFailed,
    CallSite,
    ChatRequest,
    ChatResponse,
    Message,
    OnLength,
    Outcome,
    RecordEnd,
    Row,
    Stage,
    SygraEvalError,
    UsageError,
)

SAMPLE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """What became of a folder's claims.

    :ivar changed: Files whose bytes are not those of the manifest, which it does not list, or
        whose rows are not those of the journal; `missing`: files that it lists and are gone.
    :ivar re_executed: Verified rows that were judged again; `refuted`: ids and reasons of those
        that no longer pass, `undecided` of those that could not be judged here.
    :ivar note: Why no row was judged again, where none was.
    :ivar is_undecidable: The rows should have been judged again and could not be here.
    """

    folder: Path
    files: int
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    re_executed: int = 0
    refuted: tuple[tuple[str, str], ...] = ()
    undecided: tuple[tuple[str, str], ...] = ()
    note: str = ""
    is_undecidable: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """0 it holds, 1 a claim fails or a file changed, 7 not decidable here."""
        if self.changed or self.missing or self.refuted:
            return ExitCode.GATE_FAILED
        if self.undecided or self.is_undecidable:
            return ExitCode.INCOMPLETE
        return ExitCode.PASSED


async def recheck(
    folder: Path, options: RunOptions | None = None, *, sample: int = SAMPLE
) -> Recheck:
    """Compare the folder's files with its manifest and journal, and judge some rows again.

    :raises UsageError: When the folder is no run.
    """
    has_journal = (folder / "journal.db").is_file()
    if not (folder / MANIFEST).is_file():
        if not has_journal:
            raise UsageError(f"{folder} is not a run: neither {MANIFEST} nor journal.db is there")
        note = f"the run is not finished: it has no {MANIFEST} yet"
        return Recheck(folder=folder, files=0, note=note, is_undecidable=True)
    files = _files(folder)
    if files is None:
        return Recheck(folder=folder, files=0, changed=(MANIFEST,))
    missing = tuple(name for name in files if not (folder / name).is_file())
    changed = {name for name in files if name not in missing and not _is_same(folder, name, files)}
    changed |= {name for name in data_files_in(folder) if name not in files}
    if has_journal:
        try:
            changed |= set(_unlike_the_journal(folder, files))
        except SygraEvalError:  # the journal itself cannot be read any more
            changed.add("journal.db")
    found = Recheck(
        folder=folder, files=len(files), changed=tuple(sorted(changed)), missing=missing
    )
    if not has_journal:
        return replace(found, note="no row was judged again: there is no journal.db")
    if found.exit_code is not ExitCode.PASSED:
        return replace(found, note="no row was judged again: the files do not hold")
    try:
        return await _judge_again(found, options or RunOptions(), sample)
    except SygraEvalError as error:
        note = f"no row was judged again: {error}"
        return replace(found, note=note, is_undecidable=True)


def _files(folder: Path) -> dict[str, str] | None:
    """Return the checksums by file; None when the manifest is none."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = {str(name): str(said["sha256"]) for name, said in manifest["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    is_ours = all(Path(name).name == name or is_data_file(name) for name in files)
    return files if is_ours else None


def _is_same(folder: Path, name: str, files: Mapping[str, str]) -> bool:
    with (folder / name).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == files[name]


def _unlike_the_journal(folder: Path, files: Mapping[str, str]) -> Iterator[str]:
    """Yield data files that hold other rows than the journal, whatever their checksum is."""
    for outcome in Outcome:
        names = [name for name in files if is_lines_of(outcome, name)]
        if any(not (folder / name).is_file() for name in names):
            continue  # told already
        rows = _rows(folder, outcome)
        for name in sorted(names):
            if not _holds(folder / name, rows):
                yield name
                break
        else:
            if next(rows, None) is not None:
                yield names[-1] if names else f"{outcome.value}.jsonl"


def _holds(path: Path, rows: Iterator[Mapping[str, object]]) -> bool:
    """Say whether a file's lines are the next rows."""
    try:
        with opened(path) as lines:
            return all(line == jsonl_line(next(rows, {})) for line in lines)
    except Broken:
        return False


def _rows(folder: Path, outcome: Outcome) -> Iterator[Mapping[str, object]]:
    with open_readonly(folder / "journal.db") as reader:
        for end in that_count(reader.outcomes(), target_in(reader.plan())):
            if end.outcome is outcome:
                yield end.data


async def _judge_again(found: Recheck, options: RunOptions, sample: int) -> Recheck:
    folder, plan = found.folder, read_plan(found.folder)
    with open_readonly(folder / "journal.db") as reader:
        ends = _sample(reader, plan, sample)
        if not ends:
            return replace(found, note="no row was judged again: none is verified")
        suite, court = _suite_and_court(folder, plan, options, ends[0])
        sandbox = await started_sandbox(suite.sandbox, court.plugins, options)
        court = replace(court, sandbox=sandbox, ask=replaying(suite, reader, court.plugins))
        refuted, undecided = [], []
        try:
            for end in ends:
                outcome, reason = await _again(end, suite, reader, court)
                if outcome is Outcome.FAILED:
                    undecided.append((end.row_id, reason))
                elif outcome is not Outcome.VERIFIED:
                    refuted.append((end.row_id, reason))
        finally:
            await sandbox.close()
    return replace(found, re_executed=len(ends), refuted=tuple(refuted), undecided=tuple(undecided))


def _sample(reader: JournalReader, plan: Plan, sample: int) -> list[RecordEnd]:
    """Draw verified rows; the same ones each time, so that two checks can be compared."""
    total = reader.counts().get(Outcome.VERIFIED, 0)
    total = total if plan.target is None else min(total, plan.target.verified)
    chance = Random(plan.suite_sha256)  # noqa: S311 - not a secret
    drawn = set(chance.sample(range(total), min(sample, total)))
    verified = (end for end in reader.outcomes() if end.outcome is Outcome.VERIFIED)
    return [end for number, end in enumerate(verified) if number in drawn]


def _suite_and_court(
    folder: Path, plan: Plan, options: RunOptions, end: RecordEnd
) -> tuple[Suite, Court]:
    """Load the run's own copy of its suite.

    :raises UsageError: When that needs a plugin or a right that the caller did not give.
    """
    plan.refuse_unrepeated(options)
    home = plan.suite_folder if plan.suite_folder.is_dir() else folder
    plugins = load_plugins(home, named=options.plugins, is_trusted=options.is_trusted)
    columns = _columns_of_the_source(end.data, folder)
    given = Row(id=end.row_id, index=end.index, columns=columns, origin="verified.jsonl")
    suite = load_suite(folder / "suite.yaml", plugins, folder=home, first_row=given)
    if suite.sha256 != plan.suite_sha256:
        raise UsageError("suite.yaml is not the suite that the journal was begun with")
    if suite.sandbox.accepts_none and not options.accepts_no_sandbox:
        raise UsageError("it ran its code without a sandbox; say --unsafe-no-sandbox to do so too")
    court = Court(plugins=plugins, sandbox=None, timeout_s=suite.sandbox.timeout_s, seed=suite.seed)
    return suite, court


async def _again(
    end: RecordEnd, suite: Suite, reader: JournalReader, court: Court
) -> tuple[Outcome, str]:
    """Judge one row again by the validators that it needed, and by the grade."""
    ours = suite.reserved_columns | suite.output_map.keys()
    state = {name: value for name, value in end.data.items() if name not in ours}
    state = dict(state_at_the_end(suite, end.row_id, state, reader))
    candidate = (
        existing_candidate(suite.judged, suite.validators, state)
        if suite.judged is not None
        else candidate_of(
            str(end.data["answer"]),
            entry_point_of(suite.validators, state),
            language_of(suite.validators),
        )
    )
    required = [spec for spec in suite.validators if spec.is_required]
    verdicts = [
        await verdict_of(spec, candidate, state, Stage.FINAL, court, row_id=end.row_id)
        for spec in required
    ]
    return outcome_of(verdicts, least_grade=suite.grade)


def replaying(suite: Suite, reader: JournalReader, plugins: Plugins) -> Ask:
    """Answer validators that ask a model with what it said in the run: nothing is sent."""
    models = models_of(suite, plugins)

    refusals = {key: fault for key, _, fault in reader.refusals()}

    async def replay(
        site: CallSite,
        messages: tuple[Message, ...],
        *,
        model: str,
        parameters: Mapping[str, object] | None = None,
        on_length: OnLength | None = None,
    ) -> ChatResponse:
        async def once(asked: ChatRequest) -> ChatResponse:
            key = call_key(models[model].identity, asked, site)
            if (answered := reader.answer(key)) is not None:
                return answered
            if refused := refusals.get(key):
                raise CallFailed(refused.kind, refused.message)
            told = f"the journal holds no answer of `{model}` to this, and none is asked"
            raise BadAnswer(told)

        request = request_of(suite, messages, model=model, parameters=parameters)
        return await handled(request, once, handling_of(suite, model, on_length))

    return replay


def _columns_of_the_source(data: Mapping[str, object], folder: Path) -> Mapping[str, object]:
    """Return a row without what the suite added to it, before that suite is loaded."""
    document = suite_document(folder)
    mapped = (document.get("output_config") or {}).get("output_map") or {}
    ours = reserved_columns(has_graph="candidate" not in document) | mapped.keys()
    return {name: value for name, value in data.items() if name not in ours}
