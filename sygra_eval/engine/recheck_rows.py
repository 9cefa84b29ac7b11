"""Judges verified rows of a run folder again, in the sandbox, by the run's own suite.

With its journal a row is judged with what the run's nodes added to it, and models are answered from
what they said then. Without, with the columns of the data file alone: what needs more is an error
of its validator, so the row is not decided.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from random import Random
from typing import Any

from sygra_eval.data import jsonl_line, stored_rows
from sygra_eval.engine.asking import handling_of, request_of
from sygra_eval.engine.existing import existing_candidate
from sygra_eval.engine.handling import handled
from sygra_eval.engine.judging import Ask, Court, entry_point_of, language_of, verdict_of
from sygra_eval.engine.options import RunOptions
from sygra_eval.engine.outcome import outcome_of
from sygra_eval.engine.plan import Plan, read_plan
from sygra_eval.engine.preflight import execution_places, models_of, started_sandbox
from sygra_eval.engine.recheck_files import Manifest, id_of_row, lines_of, tables_in
from sygra_eval.engine.summarise import suite_document
from sygra_eval.engine.ways import state_at_the_end
from sygra_eval.journal import JournalReader, call_key, open_readonly
from sygra_eval.plugins import Plugins, load_plugins
from sygra_eval.suite import Suite, load_suite, reserved_columns
from sygra_eval.validators import candidate_of
from sygra_eval.values import (
    BadAnswer,
    CallFailed,
    CallSite,
    Candidate,
    ChatRequest,
    ChatResponse,
    Message,
    OnLength,
    Outcome,
    Row,
    Stage,
    UsageError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedAgain:
    """What became of rows that were judged again; ids and reasons of those that did not pass."""

    rows: int
    refuted: tuple[tuple[str, str], ...] = ()
    undecided: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    suite: Suite
    court: Court
    reader: JournalReader | None


async def judge_again(
    folder: Path, manifest: Manifest, numbers: frozenset[int], options: RunOptions
) -> JudgedAgain:
    """Judge the verified rows with these numbers, counted from 0 in the order of the files.

    :raises UsageError: When the suite cannot be loaded here, or asks for a right that the caller
        did not give; nothing was run.
    """
    with ExitStack() as stack:
        reader = None
        if (folder / "journal.db").is_file():
            reader = stack.enter_context(open_readonly(folder / "journal.db"))
        rows = _drawn(folder, numbers)
        first = next(rows, None)
        if first is None:
            return JudgedAgain(rows=0)
        columns = _columns_of_the_source(first, folder)
        given = Row(id=id_of_row(first), index=0, columns=columns, origin="verified.jsonl")
        suite, court = suite_and_court(folder, options, given, begun_with=manifest.suite_sha256)
        sandbox = await started_sandbox(suite.sandbox, court.plugins, options)
        court = replace(court, sandbox=sandbox, ask=_asking(suite, reader, court.plugins))
        bench = _Bench(suite=suite, court=court, reader=reader)
        judged, refuted, undecided = 0, [], []
        try:
            every, places = chain([first], rows), execution_places()
            while some := list(islice(every, places)):
                ends = await asyncio.gather(*(_again(row, bench) for row in some))
                judged += len(some)
                for row, (outcome, reason) in zip(some, ends, strict=True):
                    if outcome is Outcome.FAILED:
                        undecided.append((id_of_row(row), reason))
                    elif outcome is not Outcome.VERIFIED:
                        refuted.append((id_of_row(row), reason))
        finally:
            await sandbox.close()
    return JudgedAgain(rows=judged, refuted=tuple(refuted), undecided=tuple(undecided))


def drawn_numbers(total: int, sample: int | None, seed: int) -> frozenset[int]:
    """Draw so many of the verified rows; None draws all."""
    if sample is None or sample >= total:
        return frozenset(range(total))
    return frozenset(Random(seed).sample(range(total), sample))  # noqa: S311 - not a secret


def _drawn(folder: Path, numbers: frozenset[int]) -> Iterator[dict[str, Any]]:
    number = -1
    for name in lines_of(folder, Outcome.VERIFIED) or tables_in(folder):
        for row in stored_rows(folder / name):
            number += 1
            if number in numbers:
                yield row


def suite_and_court(
    folder: Path, options: RunOptions, given: Row, *, begun_with: str
) -> tuple[Suite, Court]:
    """Load the run's own copy of its suite.

    :param given: A row as the source had it.
    :param begun_with: The suite's hash by the manifest, where there is no journal that says it.
    :raises UsageError: When that needs a plugin or a right that the caller did not give.
    """
    if not (folder / "suite.yaml").is_file():
        raise UsageError("there is no suite.yaml, which says how they are judged")
    plan: Plan | None = None
    if (folder / "journal.db").is_file():
        plan = read_plan(folder)
        plan.refuse_unrepeated(options)
    home = plan.suite_folder if plan is not None and plan.suite_folder.is_dir() else folder
    plugins = load_plugins(home, named=options.plugins, is_trusted=options.is_trusted)
    suite = load_suite(folder / "suite.yaml", plugins, folder=home, first_row=given)
    if suite.sha256 != (plan.suite_sha256 if plan is not None else begun_with):
        whose = "the journal was" if plan is not None else "the manifest says the run was"
        raise UsageError(f"suite.yaml is not the suite that {whose} begun with")
    if suite.sandbox.accepts_none and not options.accepts_no_sandbox:
        raise UsageError("it ran its code without a sandbox; say --unsafe-no-sandbox to do so too")
    court = Court(plugins=plugins, sandbox=None, timeout_s=suite.sandbox.timeout_s, seed=suite.seed)
    return suite, court


async def _again(row: Mapping[str, Any], bench: _Bench) -> tuple[Outcome, str]:
    """Judge one row again by the validators that it needed, and by the grade."""
    suite, row_id = bench.suite, id_of_row(row)
    data = _as_journalled(row, row_id, bench.reader)
    ours = suite.reserved_columns | suite.output_map.keys()
    state = {name: value for name, value in data.items() if name not in ours}
    for column, mapping in suite.output_map.items():
        if mapping.variable is not None and column in data:
            state.setdefault(mapping.variable, data[column])
    if bench.reader is not None:
        state = dict(state_at_the_end(suite, row_id, state, bench.reader))
    candidate = _candidate(suite, data, state)
    if candidate is None or (unlike := _contradiction(suite, data, candidate)):
        return Outcome.REJECTED, unlike if candidate is not None else "it has no answer"
    required = [spec for spec in suite.validators if spec.is_required]
    verdicts = [
        await verdict_of(spec, candidate, state, Stage.FINAL, bench.court, row_id=row_id)
        for spec in required
    ]
    return outcome_of(verdicts, least_grade=suite.grade)


def _as_journalled(
    row: Mapping[str, Any], row_id: str, reader: JournalReader | None
) -> Mapping[str, Any]:
    """Return the row as the journal has it, if it is that row: a file lacks lone surrogates."""
    end = None if reader is None else reader.find(row_id)
    if end is not None and jsonl_line(end.data) == jsonl_line(row):
        return end.data
    return row


def _candidate(suite: Suite, data: Mapping[str, Any], state: dict[str, object]) -> Candidate | None:
    if suite.judged is not None:
        return existing_candidate(suite.judged, suite.validators, state)
    answer = data.get("answer")
    if not isinstance(answer, str):
        return None
    entry_point = entry_point_of(suite.validators, state)
    return candidate_of(answer, entry_point, language_of(suite.validators))


def _contradiction(suite: Suite, data: Mapping[str, Any], candidate: Candidate) -> str:
    """Say where a row's own columns contradict its answer: what is trained on is what is judged."""
    if suite.judged is not None:
        return ""
    if "code" in data and "code" not in suite.output_map and data["code"] != candidate.code:
        return "`code` is not the code in `answer`"
    messages = data.get("messages")
    if "messages" in suite.output_map or not isinstance(messages, list):
        return ""
    last = messages[-1] if messages else None
    if not isinstance(last, Mapping) or last.get("content") != data["answer"]:
        return "`messages` do not end with `answer`"
    return ""


def _asking(suite: Suite, reader: JournalReader | None, plugins: Plugins) -> Ask | None:
    return None if reader is None else replaying(suite, reader, plugins)


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
