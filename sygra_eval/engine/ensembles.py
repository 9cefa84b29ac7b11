"""What several models did in a run: who answered, whose answer was kept, who was asked.

`ensemble_end` says it of one row, `EnsembleCount` adds the rows up for the report.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sygra_eval.quality import Interval, wilson
from sygra_eval.values import EnsembleEnd, Outcome, RecordEnd, Round, RoundKind

MOST_LABELS = 64
OTHER_LABELS = "(others)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One label of a node that asks several models.

    :ivar answered: Rows for which it answered; `unanswered` those for which a call of its failed.
    :ivar kept: Rows whose candidate was its own, of which `verified` are verified.
    :ivar chooses: Whether the node keeps one candidate at all.
    """

    node: str
    label: str
    answered: int
    unanswered: int
    kept: int
    verified: int
    chooses: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShare:
    """The rows in which a model had a role that other models had in other rows.

    :ivar rows: Those that were judged, of which `verified` are verified.
    """

    role: str
    name: str
    rows: int
    verified: int

    @property
    def verified_rate(self) -> Interval | None:
        """The share of its rows that are verified."""
        return wilson(self.verified, self.rows)


@dataclass(slots=True)
class EnsembleCount:
    """Counts over the outcomes, taken one by one; memory stays flat whatever rows call labels."""

    _members: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    _shares: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)

    def take(self, end: RecordEnd) -> None:
        """Count one record's end."""
        is_verified = end.outcome is Outcome.VERIFIED
        for ensemble in end.ensembles:
            for label in ensemble.answered:
                self._member(ensemble.node, label)["answered"] += 1
            for label in ensemble.unanswered:
                self._member(ensemble.node, label)["unanswered"] += 1
            if ensemble.kept:
                kept = self._member(ensemble.node, ensemble.kept)
                kept["kept"] += 1
                kept["verified"] += is_verified
        for role, name in dict.fromkeys(_uses(end)):
            share = self._shares.get((role, name))
            if share is None:
                share = self._shares[role, name] = Counter()
            share["rows"] += 1
            share["verified"] += is_verified

    @property
    def members(self) -> tuple[Member, ...]:
        """Return every label by node; no row's failures change their order."""
        choosing = {node for (node, _), count in self._members.items() if count["kept"]}
        return tuple(
            Member(
                node=node,
                label=label,
                answered=count["answered"],
                unanswered=count["unanswered"],
                kept=count["kept"],
                verified=count["verified"],
                chooses=node in choosing,
            )
            for (node, label), count in sorted(self._members.items(), key=lambda item: item[0])
        )

    @property
    def shares(self) -> tuple[ModelShare, ...]:
        """Return the models of the roles that not every row gave to the same one."""
        models = Counter(role for role, _ in self._shares)
        return tuple(share for share in self.all_shares if models[share.role] > 1)

    @property
    def all_shares(self) -> tuple[ModelShare, ...]:
        """Return the models of every role, also where every row gave it to the same one."""
        return tuple(
            ModelShare(role=role, name=name, rows=count["rows"], verified=count["verified"])
            for (role, name), count in sorted(self._shares.items(), key=lambda item: item[0])
        )

    def _member(self, node: str, label: str) -> Counter[str]:
        """Return a label's counts; where rows bring labels of their own, the last is for the rest.

        Then a row counts in it as often as it has such labels.
        """
        known = self._members.get((node, label))
        if known is None and sum(of == node for of, _ in self._members) >= MOST_LABELS:
            label = OTHER_LABELS
        return self._members.setdefault((node, label), Counter())


def ensemble_end(finished: Round) -> EnsembleEnd | None:
    """Return what the report counts of a round; None of a loop's."""
    if finished.kind is RoundKind.LOOP:
        return None
    return EnsembleEnd(
        node=finished.node,
        answered=tuple(dict.fromkeys(attempt.label for attempt in finished.attempts)),
        unanswered=tuple(dict.fromkeys(label for label, _ in finished.unanswered)),
        kept=next((attempt.label for attempt in finished.attempts if attempt.is_kept), ""),
    )


def _uses(end: RecordEnd) -> Iterator[tuple[str, str]]:
    """Yield role and name of each model in a judged row's provenance."""
    provenance = end.data.get("provenance")
    uses = provenance.get("models") if isinstance(provenance, Mapping) else None
    for use in uses if isinstance(uses, list | tuple) else ():
        if isinstance(use, Mapping):
            yield str(use.get("role")), str(use.get("name"))
