"""Tells one row's story: what came in, each step with its times, why it ended as it did.

Start at `record_of`. All of it is read from the journal, by the row's id and the numbers of its
calls; a row that is still on its way is told as far as it came.
"""

import json
from collections.abc import Mapping, Sequence

from sygra_eval.engine import JOURNAL, loop_step_of, source_row, step_of
from sygra_eval.journal import JournalReader, StoredCall, open_readonly, plain
from sygra_eval.studio.rows.index import Index
from sygra_eval.studio.rows.record_shapes import (
    CallLine,
    FaultTold,
    GuardTold,
    LoopTold,
    RecordTold,
    StateStep,
    Variable,
)
from sygra_eval.studio.rows.rounds import rounds_told, verdict_told
from sygra_eval.studio.rows.texts import Text, Texts
from sygra_eval.studio.workspace import NotThere
from sygra_eval.values import CallFault, Outcome, RecordEnd, Row

_ELSEWHERE = frozenset(
    {"answer", "code", "messages", "rounds", "stop_reason", "verdicts", "provenance", "reason"}
)


def record_of(index: Index, row: str, texts: Texts) -> RecordTold:
    """Tell the story of a row.

    :raises NotThere: When nothing is known of it.
    """
    with open_readonly(index.folder / JOURNAL) as reader:
        end = reader.find(row)
        rounds, visits = reader.rounds(row), list(reader.visits(row))
        calls = _calls(reader, index.numbers_of(plain(row), reader))
        faults = reader.faults(row)
        if end is None and not (rounds or visits or calls or faults):
            raise NotThere("there is no such row in this run, or it has not begun")
        at = _ended_at(reader, end)
        damaged = reader.damaged
    began = min(
        (call.data["at"] - call.data["latency_s"] for call in calls if _has_at(call)), default=None
    )
    lines = [_call(call, began) for call in calls]
    ended_s = None if at is None or began is None else max(0.0, at - began)
    came = source_row(end, index.folder) if end is not None else None
    columns = came.columns if isinstance(came, Row) else {}
    return RecordTold(
        row=plain(row),
        index=None if end is None else end.index,
        outcome="running" if end is None else end.outcome.value,
        why=why_of(end, rounds_done=len(rounds)),
        reason=texts.told("" if end is None else end.reason, "reason"),
        began=began,
        ended_s=ended_s,
        input=[_variable(name, value, texts, "input") for name, value in columns.items()],
        rounds=rounds_told(rounds, lines, ended_s, texts),
        loop=_loop(end),
        calls=lines,
        states=_states(columns, visits, texts),
        answer=_data_text(end, "answer", texts),
        code=_data_text(end, "code", texts),
        added=_added(end, columns, texts),
        verdicts=[
            verdict_told(verdict, texts, "verdicts", number)
            for number, verdict in enumerate(end.verdicts if end is not None else ())
        ],
        guards=_guards(end, texts),
        faults=[_fault(one, texts, number) for number, one in enumerate(faults)],
        notes=_notes(end),
        way=list(end.way) if end is not None else [],
        weak_tests=None if end is None else end.weak_tests,
        damaged=damaged,
    )


def why_of(end: RecordEnd | None, *, rounds_done: int = 0) -> str:
    """Say in a sentence how a row came to its outcome; the loop's stop decides nothing."""
    if end is None:
        return f"It is on its way; rounds that are done: {rounds_done}."
    match end.outcome:
        case Outcome.VERIFIED:
            count = sum(verdict.is_required for verdict in end.verdicts)
            said = f"Every required validator passed on the final candidate ({count} of {count})."
        case Outcome.UNJUDGED:
            said = "Nobody judged it: the suite has no validators."
        case _:
            said = end.reason
    loop = end.loop
    if loop is None:
        return said
    kept = f"; the candidate of round {loop.kept_round} was kept" if loop.kept_round else ""
    refused = ""
    if loop.sentinels_refused:
        times = "once" if loop.sentinels_refused == 1 else f"{loop.sentinels_refused} times"
        refused = f"; the critic wanted to stop {times} while the checks disagreed"
    rounds = "1 round" if loop.rounds == 1 else f"{loop.rounds} rounds"
    stopped = f"The loop stopped by {loop.stop_reason.value} after {rounds}"
    return f"{said} {stopped}{kept}{refused}."


def _calls(reader: JournalReader, numbers: Sequence[int]) -> list[StoredCall]:
    found = reader.stored_calls_of(numbers)
    return [found[number] for number in numbers if number in found]


def _ended_at(reader: JournalReader, end: RecordEnd | None) -> float | None:
    if end is None:
        return None
    for _, _, _, data in reader.stored_ends([end.index]):
        at = data.get("at")
        return float(at) if isinstance(at, int | float) else None
    return None


def _has_at(call: StoredCall) -> bool:
    return isinstance(call.data.get("at"), int | float)


def _call(call: StoredCall, began: float | None) -> CallLine:
    data, usage = call.data, call.data["usage"]
    ended = data["at"] - began if began is not None and _has_at(call) else None
    cost = data.get("cost_nano_usd")
    return CallLine(
        number=call.number,
        node=call.node,
        step=loop_step_of(step_of(call.node)),
        visit=call.visit,
        sample=call.sample,
        model=call.model or data.get("model_seen", ""),
        began=None if ended is None else max(0.0, ended - data["latency_s"]),
        ended=ended,
        latency_s=data["latency_s"],
        first_text_s=data.get("first_text_s"),
        cost_usd=None if cost is None else cost / 1e9,
        prompt_tokens=usage["prompt_tokens"],
        completion_tokens=usage["completion_tokens"],
        tries=data["tries"],
        is_cached=bool(data.get("is_cached", False)),
        finish_reason=data["finish_reason"],
    )


def _states(
    columns: Mapping[str, object], visits: Sequence[tuple[str, Mapping[str, object]]], texts: Texts
) -> list[StateStep]:
    """Follow the record's variables from node to node."""
    state = dict(columns)
    steps: list[StateStep] = []
    for number, (node, visit) in enumerate(visits):
        added = visit.get("additions")
        added = added if isinstance(added, Mapping) else {}
        models = visit.get("models")
        steps.append(
            StateStep(
                node=node,
                set=[
                    _variable(str(name), value, texts, "states", number, before=state.get(name))
                    for name, value in added.items()
                ],
                models=[str(use[1]) for use in models] if isinstance(models, list) else [],
            )
        )
        state.update(added)
    return steps


def _variable(
    name: str, value: object, texts: Texts, *place: str | int, before: object = None
) -> Variable:
    told = texts.told(_shown(value), *place, name)
    was = None
    if before is not None:
        was = texts.told(_shown(before), *place, name, "before")
    return Variable(name=plain(name), value=told, before=was)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def _data_text(end: RecordEnd | None, name: str, texts: Texts) -> Text | None:
    value = end.data.get(name) if end is not None else None
    return texts.told(value, name) if isinstance(value, str) else None


def _added(end: RecordEnd | None, columns: Mapping[str, object], texts: Texts) -> list[Variable]:
    if end is None:
        return []
    return [
        _variable(name, value, texts, "added")
        for name, value in end.data.items()
        if name not in columns and name not in _ELSEWHERE and value is not None
    ]


def _loop(end: RecordEnd | None) -> LoopTold | None:
    if end is None or end.loop is None:
        return None
    loop = end.loop
    return LoopTold(
        node=loop.node,
        stop_reason=loop.stop_reason.value,
        rounds=loop.rounds,
        samples=loop.samples,
        refused=loop.sentinels_refused,
        kept_round=loop.kept_round,
        tokens=loop.tokens,
    )


def _guards(end: RecordEnd | None, texts: Texts) -> list[GuardTold]:
    return [
        GuardTold(
            name=one.verdict.validator,
            status=one.verdict.status.value,
            reason=texts.told(one.verdict.reason, "guards", number),
            at=one.at.value,
            node=one.node,
            visit=one.visit,
            sample=one.sample,
            is_blocking=one.is_blocking,
        )
        for number, one in enumerate(end.guards if end is not None else ())
    ]


def _fault(fault: CallFault, texts: Texts, number: int) -> FaultTold:
    return FaultTold(
        node=fault.node,
        visit=fault.visit,
        sample=fault.sample,
        kind=fault.kind,
        message=plain(fault.message),
        raw=texts.told(fault.raw, "faults", number),
        is_final=fault.is_final,
    )


def _notes(end: RecordEnd | None) -> list[str]:
    """Return what the row says of its answers."""
    provenance = end.data.get("provenance") if end is not None else None
    notes = provenance.get("notes") if isinstance(provenance, Mapping) else None
    return [plain(str(note)) for note in notes] if isinstance(notes, list) else []
