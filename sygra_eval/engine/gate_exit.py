"""What the gates of a run come to: its exit code, the words beside it, and how they are kept."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sygra_eval.engine.summary import ExitCode
from sygra_eval.quality import GateOutcome, GateState, outcome_from_json

_TOLD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class GatesEnd:
    """What all gates together come to.

    :ivar code: None where none was judged: then the rows decide, as in a suite without gates.
    :ivar reason: The sentence for it; `beside` stands behind the reason of another code.
    :ivar bound_errors: A gate on errors was judged, so it alone says how many are too many.
    """

    code: ExitCode | None
    reason: str = ""
    beside: str = ""
    bound_errors: bool = False


def how_gates_ended(gates: Sequence[GateOutcome], *, is_strict: bool) -> GatesEnd:
    """Return the exit code of some gates: errors before failures before warnings."""
    judged = [gate for gate in gates if gate.state is not GateState.SKIPPED]
    beside = f"; gates: {_counted(gates)}" if gates else ""
    bound_errors = any(gate.kind == "errors" for gate in judged)
    if not judged:
        return GatesEnd(code=None, beside=beside)
    binding = [gate for gate in judged if not gate.is_warning]
    errors = [
        gate
        for gate in binding
        if gate.state is GateState.ERROR
        or (gate.kind == "errors" and gate.state is GateState.FAILED)
    ]
    failed = [gate for gate in binding if gate.state is GateState.FAILED and gate not in errors]
    warnings = [gate for gate in judged if gate.is_warning and gate.state is not GateState.PASSED]
    for code, found, word in (
        (ExitCode.INCOMPLETE, errors, "gate error"),
        (ExitCode.GATE_FAILED, failed, "gate failed"),
    ):
        if found:
            return GatesEnd(
                code=code,
                reason=f"{_listed(word, found)} ({_counted(gates)})",
                beside=beside,
                bound_errors=bound_errors,
            )
    code = ExitCode.WARNINGS if warnings and is_strict else ExitCode.PASSED
    return GatesEnd(
        code=code, reason=f"gates: {_counted(gates)}", beside=beside, bound_errors=bound_errors
    )


def warned(gates: Sequence[GateOutcome]) -> Iterator[str]:
    """Yield the warnings that gates came to."""
    for gate in gates:
        if gate.is_warning and gate.state in (GateState.WARNED, GateState.ERROR):
            yield f"gate {gate.state.value}: {gate.name} ({gate.reason})"


def noted_gates(gates: Sequence[GateOutcome]) -> dict[str, object]:
    """Return what the journal keeps of the gates."""
    return {"outcomes": [gate.as_json() for gate in gates]}


def gates_in(data: object) -> tuple[GateOutcome, ...]:
    """Return the gates that the journal kept."""
    kept = cast("Mapping[str, Any]", data)["outcomes"]
    return tuple(outcome_from_json(one) for one in kept)


def _listed(word: str, gates: Sequence[GateOutcome]) -> str:
    told = "; ".join(f"{word}: {gate.name} ({gate.reason})" for gate in gates[:_TOLD])
    more = len(gates) - _TOLD
    return f"{told}; and {more} more" if more > 0 else told


def _counted(gates: Sequence[GateOutcome]) -> str:
    counts = Counter(gate.state for gate in gates)
    return ", ".join(f"{counts[state]} {state.value}" for state in GateState if counts[state])
