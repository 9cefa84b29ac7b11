"""A gate's limits in shares: what each of several processes may let through of them.

The shares of all processes add up to the limit, so it holds without a word between them for each
call. What an endpoint says of itself (429, headers) each process hears for its own share.
"""

from collections.abc import Iterable, Mapping

from sygra_eval.models.gate import Gates

Share = tuple[int, float | None, float | None]
"""Calls in flight, requests and tokens a minute; None is no named rate."""
Seen = tuple[int, int, int, int, int]
"""What a process's gate does: limit, calls in flight, waiting, refusals, cuts."""


def share_of(gates: Gates, number: int, workers: int) -> dict[str, Share]:
    """Return the share of process N, from 0, in each limit as it is now."""
    shares: dict[str, Share] = {}
    for name, gate in gates.by_name.items():
        most = gate.limit.most // workers + (number < gate.limit.most % workers)
        rates = (_named(gate.requests), _named(gate.tokens))
        rpm, tpm = (None if rate is None else rate / workers for rate in rates)
        shares[name] = (max(1, most), rpm, tpm)
    return shares


def take_share(gates: Gates, shares: Mapping[str, Share]) -> None:
    """Let through no more than a share from now on."""
    for name, gate in gates.by_name.items():
        most, rpm, tpm = shares[name]
        if most != gate.limit.most:
            gate.allow_most(most)
        if rpm != _named(gate.requests):
            gate.hold_requests(rpm)
        if tpm != _named(gate.tokens):
            gate.hold_tokens(tpm)


def seen(gates: Gates) -> dict[str, Seen]:
    """Return what each gate does now."""
    return {
        name: (gate.limit.current, gate.in_flight, gate.waiting, gate.refusals, gate.limit.cuts)
        for name, gate in gates.by_name.items()
    }


def show(gates: Gates, told: Iterable[Mapping[str, Seen]]) -> None:
    """Show in gates that let nothing through themselves what those of other processes do."""
    all_told = list(told)
    for name, gate in gates.by_name.items():
        sums = [sum(column) for column in zip(*(one[name] for one in all_told), strict=True)]
        if sums:
            current, gate.in_flight, gate.waiting_elsewhere, gate.refusals, gate.limit.cuts = sums
            gate.limit.current = min(current, gate.limit.most)


def _named(bucket: object) -> float | None:
    rate: float | None = getattr(bucket, "per_minute", None)
    return rate if getattr(bucket, "is_named", False) else None


def fewest(gates: Gates) -> tuple[int, str]:
    """Return the smallest limit of calls in flight, and of what it is; 0 where there is none."""
    return min(((gate.limit.most, name) for name, gate in gates.by_name.items()), default=(0, ""))
