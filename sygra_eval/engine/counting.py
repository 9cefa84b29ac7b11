"""Counts the ends of a run's records, one by one. Start at `Count.take`."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sygra_eval.engine.canaries import ALARM, mark_of
from sygra_eval.engine.ensembles import EnsembleCount
from sygra_eval.engine.guard_counts import GuardCount
from sygra_eval.values import DraftRate, Outcome, RecordEnd, Status, StopReason, TestCount, Verdict

EXAMPLES = 3
MOST_REASON = 300
"""Characters of an example's reason that the report keeps; `show` has it whole."""
MOST_REPAIRED = 1_000
"""So many repaired rows are named in the report; all are counted."""

_AT_A_LINE = re.compile(r"bad_input: [^:\n]{1,200}:\d+: ")
_NUMBER = re.compile(r"(?<!UTF-)\d+")


@dataclass(slots=True)
class Count:
    """Counts over the outcomes, taken one by one, so that memory stays flat."""

    has_graph: bool = True
    truth: str | None = None
    canary: str | None = None
    canaries: Counter[Outcome] = field(default_factory=Counter)
    alarms: int = 0
    alarm_ids: list[str] = field(default_factory=list)
    known: dict[str, Counter[tuple[str, bool | None]]] = field(default_factory=dict)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    stops: dict[Outcome, Counter[StopReason]] = field(default_factory=dict)
    rounds: Counter[int] = field(default_factory=Counter)
    by_round: Counter[int] = field(default_factory=Counter)
    by_sample: Counter[int] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)
    groups: dict[str, list[str]] = field(default_factory=dict)
    verdicts: dict[str, Counter[Status]] = field(default_factory=dict)
    required: dict[str, bool] = field(default_factory=dict)
    causes: dict[tuple[Outcome, str], list[tuple[str, str]]] = field(default_factory=dict)
    cause_rows: Counter[tuple[Outcome, str]] = field(default_factory=Counter)
    topics: dict[str, tuple[int, int]] = field(default_factory=dict)
    scores: Counter[float] = field(default_factory=Counter)
    weakest: list[tuple[float, int, str]] = field(default_factory=list)
    isolation: set[str] = field(default_factory=set)
    trust: set[str] = field(default_factory=set)
    repaired: list[str] = field(default_factory=list)
    repaired_rows: int = 0
    refused: int = 0
    rows_with_refused: int = 0
    loose: int = 0
    loose_ids: list[str] = field(default_factory=list)
    grades: Counter[str] = field(default_factory=Counter)
    with_hidden: int = 0
    passed_visible: int = 0
    rates: Counter[tuple[int, int]] = field(default_factory=Counter)
    rates_verified: Counter[tuple[int, int]] = field(default_factory=Counter)
    left_band: int = 0
    unsolved_ids: list[str] = field(default_factory=list)
    probed: int = 0
    weak: Counter[str] = field(default_factory=Counter)
    weak_ids: list[str] = field(default_factory=list)
    noted: int = 0
    flaky: int = 0
    hard_coded: int = 0
    hard_coded_ids: list[str] = field(default_factory=list)
    first_id: str | None = None
    columns: tuple[str, ...] = ()
    ensembles: EnsembleCount = field(default_factory=EnsembleCount)
    guards: GuardCount = field(default_factory=GuardCount)
    edge_rows: Counter[str] = field(default_factory=Counter)
    edge_times: Counter[str] = field(default_factory=Counter)

    def take(self, end: RecordEnd) -> None:
        """Count one record's end."""
        self.outcomes[end.outcome] += 1
        is_verified = end.outcome is Outcome.VERIFIED
        if is_verified and not self.columns:
            self.first_id, self.columns = end.row_id, tuple(end.data)
        if not is_verified and end.outcome is not Outcome.UNJUDGED:
            self._take_cause(end)
        score = end.data.get("mutation_score")
        if is_verified and isinstance(score, float):
            self.scores[score] += 1
            self.weakest = sorted([*self.weakest, (score, end.index, end.row_id)])[:EXAMPLES]
        if is_verified:
            self.grades[str(end.data.get("grade") or "none")] += 1
            provenance = end.data.get("provenance")
            self.noted += isinstance(provenance, Mapping) and bool(provenance.get("notes"))
        is_canary = self.canary is not None and mark_of(end.data.get(self.canary)) is True
        if is_canary:
            self._take_canary(end)
        else:
            self._take_tests(end, is_verified=is_verified)
        if end.weak_tests is not None:
            self._take_probes(end, end.weak_tests)
        self._take_loop(end, is_verified=is_verified)
        self.ensembles.take(end)
        self.guards.take(end)
        self.edge_rows.update(set(end.way))
        self.edge_times.update(end.way)
        self._take_stages(end)
        for verdict in end.verdicts:
            self._take_verdict(verdict)
        self.flaky += any(map(is_flaky, end.verdicts))
        if self.truth is not None:
            self._take_truth(end, end.data.get(self.truth))

    def _take_canary(self, end: RecordEnd) -> None:
        self.canaries[end.outcome] += 1
        if end.reason != ALARM:
            return
        self.alarms += 1
        if len(self.alarm_ids) < EXAMPLES:
            self.alarm_ids.append(end.row_id)

    def _take_tests(self, end: RecordEnd, *, is_verified: bool) -> None:
        """Count what says something of the model and of the rows' tests; a canary does not."""
        self._take_hard_coding(end)
        if end.loop is not None and end.loop.rate is not None:
            self._take_rate(end, end.loop.rate, is_verified=is_verified)
        topic = end.data.get("topic")
        if isinstance(topic, str):
            got, of = self.topics.get(topic, (0, 0))
            self.topics[topic] = (got + is_verified, of + 1)

    def _take_truth(self, end: RecordEnd, label: object) -> None:
        """Count a row whose truth is known: what it is, and whether it was accepted."""
        if label not in ("right", "wrong"):
            return
        accepted: dict[str, bool | None] = {
            verdict.validator: None
            if verdict.status is Status.ERROR
            else verdict.status is Status.PASS
            for verdict in end.verdicts
        }
        is_decided = end.outcome in (Outcome.VERIFIED, Outcome.REJECTED)
        accepted[""] = end.outcome is Outcome.VERIFIED if is_decided else None
        for validator, is_accepted in accepted.items():
            self.known.setdefault(validator, Counter())[str(label), is_accepted] += 1

    def _take_rate(self, end: RecordEnd, rate: DraftRate, *, is_verified: bool) -> None:
        key = rate.passed, rate.judged
        self.rates[key] += 1
        self.rates_verified[key] += is_verified
        self.left_band += rate.has_left_band
        if rate.judged and not rate.passed and len(self.unsolved_ids) < EXAMPLES:
            self.unsolved_ids.append(end.row_id)

    def _take_probes(self, end: RecordEnd, weak: str) -> None:
        self.probed += 1
        if not weak:
            return
        self.weak[cause_of(weak)] += 1
        if len(self.weak_ids) < EXAMPLES:
            self.weak_ids.append(end.row_id)

    def _take_hard_coding(self, end: RecordEnd) -> None:
        """Count a row that knows the answers which it was shown, and no others."""
        if not end.verdicts:
            return
        visible, hidden = _tests(end, "visible"), _tests(end, "hidden")
        self.with_hidden += hidden.total > 0
        if not (hidden.total and visible.total and visible.passed == visible.total):
            return
        self.passed_visible += 1
        if hidden.passed == hidden.total:
            return
        self.hard_coded += 1
        if len(self.hard_coded_ids) < EXAMPLES:
            self.hard_coded_ids.append(end.row_id)

    def _take_cause(self, end: RecordEnd) -> None:
        key = (end.outcome, cause_of(end.reason))
        self.cause_rows[key] += 1
        examples = self.causes.setdefault(key, [])
        if len(examples) < EXAMPLES:
            examples.append((end.row_id, end.reason[:MOST_REASON]))

    def _take_loop(self, end: RecordEnd, *, is_verified: bool) -> None:
        loop = end.loop
        if loop is None:
            return
        self.stops.setdefault(end.outcome, Counter())[loop.stop_reason] += 1
        self.rounds[loop.rounds] += 1
        self.refused += loop.sentinels_refused
        self.rows_with_refused += loop.sentinels_refused > 0
        if loop.is_loose:
            self.loose += 1
            if len(self.loose_ids) < MOST_REPAIRED:
                self.loose_ids.append(end.row_id)
        if not is_verified:
            return
        self.by_round[loop.kept_round] += 1
        is_until_one_passes = loop.rate is None
        if loop.kept_round == 1 and is_until_one_passes:
            self.by_sample[loop.samples] += 1
        has_more_drafts = loop.samples > 1 and is_until_one_passes
        if loop.kept_round > 1 or has_more_drafts or loop.sentinels_refused:
            self.repaired_rows += 1
            if len(self.repaired) < MOST_REPAIRED:
                self.repaired.append(end.row_id)

    def _take_stages(self, end: RecordEnd) -> None:
        """Walk the funnel as far as this record came."""
        if self.has_graph:
            if not isinstance(end.data.get("answer"), str):
                return
            self.stages["drafted"] += 1
            if not isinstance(end.data.get("code"), str):
                return
            self.stages["code found"] += 1
        for verdict in end.verdicts:
            if not verdict.is_required:
                continue
            for label, has_passed in _steps(verdict):
                if not has_passed:
                    return
                self.stages[label] += 1

    def _take_verdict(self, verdict: Verdict) -> None:
        self.verdicts.setdefault(verdict.validator, Counter())[verdict.status] += 1
        self.required[verdict.validator] = verdict.is_required
        if verdict.is_required:
            self._take_groups(verdict)
        if verdict.evidence is not None and verdict.evidence.isolation:
            self.isolation.add(verdict.evidence.isolation)
            self.trust.add(f"{verdict.validator}: {verdict.trust.value}")

    def _take_groups(self, verdict: Verdict) -> None:
        """Learn which steps of the funnel a validator has, whether or not a row got there."""
        groups = self.groups.setdefault(verdict.validator, [])
        for group in verdict.evidence.tests if verdict.evidence is not None else ():
            label = f"{group} tests pass"
            if label not in groups:
                groups.append(label)


def _tests(end: RecordEnd, group: str) -> TestCount:
    """Add up the tests of a group, whichever validators ran them."""
    counts = [
        verdict.evidence.tests[group]
        for verdict in end.verdicts
        if verdict.evidence is not None and group in verdict.evidence.tests
    ]
    return TestCount(
        passed=sum(count.passed for count in counts), total=sum(count.total for count in counts)
    )


def _steps(verdict: Verdict) -> Iterable[tuple[str, bool]]:
    """Return a verdict's steps of the funnel: one a test group, else the validator itself."""
    groups = verdict.evidence.tests if verdict.evidence is not None else {}
    if not groups:
        return [(f"{verdict.validator} passes", verdict.status is Status.PASS)]
    return [
        (f"{group} tests pass", count.passed == count.total and count.total > 0)
        for group, count in groups.items()
    ]


def is_flaky(verdict: Verdict) -> bool:
    """Say whether a candidate failed as it did otherwise when it was judged again."""
    return verdict.status is Status.FAIL and verdict.reason.startswith("flaky: ")


def cause_of(reason: str) -> str:
    """Group by what went wrong: the words before the particulars, without counts and places."""
    head = _AT_A_LINE.sub("bad_input: ", reason.partition("\n")[0])
    words = ": ".join(head.split(": ")[:2])
    return _NUMBER.sub("N", re.sub(r" \d+ of \d+", "", words))[:80]
