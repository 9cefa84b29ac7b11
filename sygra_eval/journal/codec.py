"""Values to JSON and back, one pair of functions for each type that a journal keeps.

Written out by hand: a field that is added to a value shows up here in a review, and what is on
disk does not change because a class was renamed. `…_from_json(…_to_json(value)) == value`.
"""

from collections.abc import Mapping
from typing import Any

from sygra_eval.values import (
    Attempt,
    CallFault,
    ChatResponse,
    DraftRate,
    EnsembleEnd,
    Evidence,
    FailingCase,
    GuardAt,
    GuardVerdict,
    LoopEnd,
    Outcome,
    RecordEnd,
    Round,
    RoundKind,
    Sentinel,
    Status,
    StopReason,
    TestCount,
    ToolCall,
    Trust,
    Usage,
    Verdict,
)

Json = Mapping[str, Any]


def response_to_json(response: ChatResponse) -> Json:
    """Return a call's answer as JSON; what only some answers have is left out of the others."""
    data: dict[str, Any] = {
        "text": response.text,
        "finish_reason": response.finish_reason,
        "usage": {
            "prompt_tokens": response.usage.prompt_tokens,
            "completion_tokens": response.usage.completion_tokens,
            "is_estimated": response.usage.is_estimated,
            "cached_tokens": response.usage.cached_tokens,
            "reasoning_tokens": response.usage.reasoning_tokens,
        },
        "model_seen": response.model_seen,
        "latency_s": response.latency_s,
        "tries": response.tries,
        "cost_nano_usd": response.cost_nano_usd,
        "is_cached": response.is_cached,
        "saved_nano_usd": response.saved_nano_usd,
        "answered_by": response.answered_by,
    }
    if response.reasoning:
        data["reasoning"] = response.reasoning
    if response.tool_calls:
        data["tool_calls"] = [[call.name, call.arguments, call.id] for call in response.tool_calls]
    if response.others:
        data["others"] = list(response.others)
    if response.logprobs:
        data["logprobs"] = [list(pair) for pair in response.logprobs]
    if response.from_plugin:
        data["from_plugin"] = response.from_plugin
    if response.first_text_s is not None:
        data["first_text_s"] = response.first_text_s
    return data


def response_from_json(data: Json) -> ChatResponse:
    """Return the answer that `response_to_json` was given."""
    return ChatResponse(
        text=data["text"],
        finish_reason=data["finish_reason"],
        usage=Usage(**data["usage"]),
        model_seen=data["model_seen"],
        latency_s=data["latency_s"],
        tries=data["tries"],
        # What follows was not there in the first version.
        cost_nano_usd=data.get("cost_nano_usd"),
        is_cached=data.get("is_cached", False),
        saved_nano_usd=data.get("saved_nano_usd"),
        answered_by=data.get("answered_by", ""),
        from_plugin=data.get("from_plugin", ""),
        reasoning=data.get("reasoning", ""),
        tool_calls=tuple(
            ToolCall(name=name, arguments=arguments, id=call_id)
            for name, arguments, call_id in data.get("tool_calls", ())
        ),
        others=tuple(data.get("others", ())),
        logprobs=tuple((token, logprob) for token, logprob in data.get("logprobs", ())),
        first_text_s=data.get("first_text_s"),
    )


def fault_to_json(fault: CallFault) -> Json:
    """Return a try that gave no answer as JSON."""
    return {
        "node": fault.node,
        "visit": fault.visit,
        "sample": fault.sample,
        "message": fault.message,
        "raw": fault.raw,
        "is_final": fault.is_final,
    }


def fault_from_json(kind: str, data: Json) -> CallFault:
    """Return the try that `fault_to_json` was given."""
    return CallFault(
        node=data["node"],
        visit=data["visit"],
        sample=data["sample"],
        kind=kind,
        message=data["message"],
        raw=data["raw"],
        is_final=data["is_final"],
    )


_STATUSES = {status.value: status for status in Status}
_TRUSTS = {trust.value: trust for trust in Trust}
_SENTINELS = {sentinel.value: sentinel for sentinel in Sentinel}
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}
_STOPS = {stop.value: stop for stop in StopReason}
"""Looked up, as an enumeration takes several times as long, and there is a verdict a validator."""


def verdict_to_json(verdict: Verdict) -> Json:
    """Return a verdict with its evidence as JSON."""
    evidence = verdict.evidence
    return {
        "validator": verdict.validator,
        "status": verdict.status.value,
        "reason": verdict.reason,
        "score": verdict.score,
        "evidence": None if evidence is None else evidence_to_json(evidence),
        "trust": verdict.trust.value,
        "is_required": verdict.is_required,
        "is_accepted_cooperative": verdict.is_accepted_cooperative,
    }


def verdict_from_json(data: Json) -> Verdict:
    """Return the verdict that `verdict_to_json` was given."""
    evidence = data["evidence"]
    return Verdict(
        validator=data["validator"],
        status=_STATUSES.get(data["status"]) or Status(data["status"]),
        reason=data["reason"],
        score=data["score"],
        evidence=None if evidence is None else evidence_from_json(evidence),
        trust=_TRUSTS.get(data["trust"]) or Trust(data["trust"]),
        is_required=data["is_required"],
        is_accepted_cooperative=data.get("is_accepted_cooperative", False),  # journals of 0.1.0
    )


def evidence_to_json(evidence: Evidence) -> Json:
    """Return evidence as JSON."""
    failing = evidence.failing
    return {
        "command": list(evidence.command),
        "exit_code": evidence.exit_code,
        "output": evidence.output,
        "isolation": evidence.isolation,
        "limit_s": evidence.limit_s,
        "failing": None if failing is None else _failing_to_json(failing),
        "further": [_failing_to_json(case) for case in evidence.further],
        "tests": {
            group: {"passed": count.passed, "total": count.total}
            for group, count in evidence.tests.items()
        },
        "measures": dict(evidence.measures),
    }


def evidence_from_json(data: Json) -> Evidence:
    """Return the evidence that `evidence_to_json` was given."""
    failing = data["failing"]
    return Evidence(
        command=tuple(data["command"]),
        exit_code=data["exit_code"],
        output=data["output"],
        isolation=data["isolation"],
        limit_s=data["limit_s"],
        failing=None if failing is None else FailingCase(**failing),
        further=tuple(FailingCase(**case) for case in data.get("further", ())),
        tests={group: TestCount(**count) for group, count in data["tests"].items()},
        measures=data.get("measures", {}),  # journals of 0.1.0 have none
    )


def round_to_json(finished: Round) -> Json:
    """Return one round as JSON; what only some rounds have is left out of the others."""
    data: dict[str, Any] = {
        "node": finished.node,
        "number": finished.number,
        "attempts": [attempt_to_json(attempt) for attempt in finished.attempts],
        "critique": finished.critique,
        "sentinel": finished.sentinel.value,
        "critique_tokens": finished.critique_tokens,
        "critique_latency_s": finished.critique_latency_s,
    }
    if finished.kind is not RoundKind.LOOP:
        data["kind"] = finished.kind.value
    if finished.choice:
        data["choice"] = finished.choice
    if finished.unanswered:
        data["unanswered"] = [list(pair) for pair in finished.unanswered]
    return data


def round_from_json(data: Json) -> Round:
    """Return the round that `round_to_json` was given."""
    return Round(
        node=data["node"],
        number=data["number"],
        attempts=tuple(attempt_from_json(attempt) for attempt in data["attempts"]),
        critique=data["critique"],
        sentinel=_SENTINELS.get(data["sentinel"]) or Sentinel(data["sentinel"]),
        critique_tokens=data["critique_tokens"],
        critique_latency_s=data["critique_latency_s"],
        kind=RoundKind(data["kind"]) if "kind" in data else RoundKind.LOOP,
        choice=data.get("choice", ""),
        unanswered=tuple((label, why) for label, why in data.get("unanswered", ())),
    )


def attempt_to_json(attempt: Attempt) -> Json:
    """Return one candidate of a round as JSON."""
    label = {"label": attempt.label} if attempt.label else {}
    return {
        "sample": attempt.sample,
        "answer": attempt.answer,
        "code": attempt.code,
        "extraction": attempt.extraction,
        "evidence": attempt.evidence,
        "verdicts": [verdict_to_json(verdict) for verdict in attempt.verdicts],
        "is_accepted": attempt.is_accepted,
        "is_kept": attempt.is_kept,
        "diff": attempt.diff,
        "tokens": attempt.tokens,
        "latency_s": attempt.latency_s,
        **label,
    }


def attempt_from_json(data: Json) -> Attempt:
    """Return the candidate that `attempt_to_json` was given."""
    return Attempt(
        sample=data["sample"],
        answer=data["answer"],
        code=data["code"],
        extraction=data["extraction"],
        evidence=data["evidence"],
        verdicts=tuple(verdict_from_json(verdict) for verdict in data["verdicts"]),
        is_accepted=data["is_accepted"],
        is_kept=data["is_kept"],
        diff=data["diff"],
        tokens=data["tokens"],
        latency_s=data["latency_s"],
        label=data.get("label", ""),
    )


def loop_end_to_json(end: LoopEnd) -> Json:
    """Return how a loop ended as JSON."""
    rate = end.rate
    return {
        "node": end.node,
        "stop_reason": end.stop_reason.value,
        "rounds": end.rounds,
        "samples": end.samples,
        "sentinels_refused": end.sentinels_refused,
        "tokens": end.tokens,
        "kept_round": end.kept_round,
        "rate": None if rate is None else [rate.passed, rate.judged, rate.has_left_band],
        **({"is_loose": True} if end.is_loose else {}),
    }


def loop_end_from_json(data: Json) -> LoopEnd:
    """Return the end that `loop_end_to_json` was given."""
    rate = data.get("rate")  # journals of 0.1.0 have none
    return LoopEnd(
        node=data["node"],
        stop_reason=_STOPS.get(data["stop_reason"]) or StopReason(data["stop_reason"]),
        rounds=data["rounds"],
        samples=data["samples"],
        sentinels_refused=data["sentinels_refused"],
        tokens=data["tokens"],
        kept_round=data["kept_round"],
        rate=None
        if rate is None
        else DraftRate(passed=rate[0], judged=rate[1], has_left_band=rate[2]),
        is_loose=data.get("is_loose", False),
    )


def ensemble_end_to_json(end: EnsembleEnd) -> Json:
    """Return what came of a node that asks several models as JSON."""
    return {
        "node": end.node,
        "answered": list(end.answered),
        "unanswered": list(end.unanswered),
        "kept": end.kept,
    }


def ensemble_end_from_json(data: Json) -> EnsembleEnd:
    """Return the end that `ensemble_end_to_json` was given."""
    return EnsembleEnd(
        node=data["node"],
        answered=tuple(data["answered"]),
        unanswered=tuple(data["unanswered"]),
        kept=data["kept"],
    )


def record_end_to_json(end: RecordEnd) -> Json:
    """Return the end of a record as JSON; the order of `data` is kept."""
    ensembles = [ensemble_end_to_json(one) for one in end.ensembles]
    return {
        "row_id": end.row_id,
        "index": end.index,
        "outcome": end.outcome.value,
        "reason": end.reason,
        "data": dict(end.data),
        "verdicts": [verdict_to_json(verdict) for verdict in end.verdicts],
        "loop": None if end.loop is None else loop_end_to_json(end.loop),
        "weak_tests": end.weak_tests,
        **({"ensembles": ensembles} if ensembles else {}),
        **({"input": end.input} if end.input else {}),
        **({"way": list(end.way)} if end.way else {}),
        **({"guards": [guard_to_json(one) for one in end.guards]} if end.guards else {}),
        **({"at_node": end.at_node} if end.at_node else {}),
    }


def record_end_from_json(data: Json) -> RecordEnd:
    """Return the end that `record_end_to_json` was given."""
    loop = data["loop"]
    return RecordEnd(
        row_id=data["row_id"],
        index=data["index"],
        outcome=_OUTCOMES.get(data["outcome"]) or Outcome(data["outcome"]),
        reason=data["reason"],
        data=data["data"],
        verdicts=tuple(verdict_from_json(verdict) for verdict in data["verdicts"]),
        loop=None if loop is None else loop_end_from_json(loop),
        weak_tests=data.get("weak_tests"),  # journals of 0.1.0 have none
        ensembles=tuple(ensemble_end_from_json(one) for one in data.get("ensembles", ())),
        input=data.get("input", ""),  # journals of 0.1.0 have none
        way=tuple(data.get("way", ())),
        guards=tuple(guard_from_json(one) for one in data.get("guards", ())),
        at_node=data.get("at_node", ""),  # journals of 0.1.0 have none
    )


def guard_to_json(said: GuardVerdict) -> Json:
    """Return a guardrail's verdict on one call as JSON."""
    return {
        "verdict": verdict_to_json(said.verdict),
        "at": said.at.value,
        "node": said.node,
        "visit": said.visit,
        "sample": said.sample,
        "is_blocking": said.is_blocking,
    }


def guard_from_json(data: Json) -> GuardVerdict:
    """Return the verdict that `guard_to_json` was given."""
    return GuardVerdict(
        verdict=verdict_from_json(data["verdict"]),
        at=GuardAt(data["at"]),
        node=data["node"],
        visit=data["visit"],
        sample=data["sample"],
        is_blocking=data["is_blocking"],
    )


def _failing_to_json(failing: FailingCase) -> Json:
    return {
        "test": failing.test,
        "input": failing.input,
        "expected": failing.expected,
        "got": failing.got,
        "traceback": failing.traceback,
    }
