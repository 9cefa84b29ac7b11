"""Two sides, row by row: what changed, how sure that is, and what would have been seen.

Start at `compare`, or at `compare_several` for more sides against one. Rows are matched by id;
repeats of one row count as one, by their mean. Rows whose input differs are told and tested
nowhere. Every metric that was asked for, of every side, is one of the tests that Holm's correction
counts.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from sygra_eval.quality.adjusting import holm
from sygra_eval.quality.changes import (
    Change,
    ChangeVerdict,
    Comparison,
    Flip,
    Flips,
    Rules,
    Unmatched,
)
from sygra_eval.quality.differing import notes_on
from sygra_eval.quality.means import clustered_mean, mean_of
from sygra_eval.quality.paired import (
    change_of_rate,
    mcnemar,
    smallest_change_of_mean,
    smallest_change_of_rate,
)
from sygra_eval.quality.rates import newcombe
from sygra_eval.quality.resampling import seed_of, sign_flip_test, two_sample_permutation
from sygra_eval.quality.set_changes import change_of_set
from sygra_eval.quality.sides import RowValues, Side, question_of
from sygra_eval.values import Direction, Interval, Metric, MetricKind

POWER = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """What is compared with the first side, and by which metrics, which both have.

    :ivar same_as: Metrics that were left out, by the one that says the same.
    """

    side: Side
    names: Sequence[str]
    same_as: Mapping[str, str]


def compare(
    before: Side, after: Side, names: Sequence[str], same_as: Mapping[str, str], rules: Rules
) -> Comparison:
    """Compare two sides by these metrics, which both have.

    :param same_as: Metrics that were left out, by the one that says the same.
    """
    (found,) = compare_several(before, [Against(side=after, names=names, same_as=same_as)], rules)
    return found


def compare_several(
    before: Side, others: Sequence[Against], rules: Rules
) -> tuple[Comparison, ...]:
    """Compare several sides with one and the same, each by its metrics.

    Every metric of every side is one of the tests that p is corrected for: who looks at four runs
    for one that is better finds one by chance four times as often as who looks at one.
    """
    tests = sum(len(one.names) for one in others)
    drafts = [_drafted(before, one, rules, tests) for one in others]
    corrected = iter(holm([p for draft in drafts for p in _ps(draft)]))
    tested = sum(len(list(_ps(draft))) for draft in drafts)
    return tuple(
        replace(
            draft,
            tests=tested,
            changes=tuple(
                _decided(
                    change if change.p is None else replace(change, p_holm=next(corrected)), rules
                )
                for change in draft.changes
            ),
        )
        for draft in drafts
    )


def _ps(draft: Comparison) -> Iterator[float]:
    return (change.p for change in draft.changes if change.p is not None)


def _drafted(before: Side, against: Against, rules: Rules, tests: int) -> Comparison:
    """Compare two sides; p is not corrected yet, and nothing decided."""
    after = against.side
    first, second = _questions(before), _questions(after)
    both = first.keys() & second.keys()
    changed = {one for one in both if _is_other_input(before, after, first[one], second[one])}
    pairing = _Pairing(before, after, first, second, both - changed)
    return Comparison(
        before=before,
        after=after,
        matched=len(both - changed),
        changed_input=tuple(sorted(changed)),
        only_before=len(first.keys() - both),
        only_after=len(second.keys() - both),
        changes=tuple(pairing.change(name, rules, tests) for name in against.names),
        same_as=against.same_as,
        rules=rules,
        notes=tuple(notes_on(before, after)),
    )


def says_the_same(one: str, other: str, sides: Sequence[Side]) -> bool:
    """Say whether two metrics have the same value for every row of both sides."""
    return all(
        side.metrics[one].values == side.metrics[other].values
        and side.metrics[one].errors.keys() == side.metrics[other].errors.keys()
        for side in sides
    )


def _questions(side: Side) -> dict[str, list[str]]:
    """Return the rows of each question: one, or its repeats."""
    found: dict[str, list[str]] = {}
    for row_id in side.inputs:
        found.setdefault(question_of(row_id), []).append(row_id)
    return found


def _is_other_input(before: Side, after: Side, first: Sequence[str], second: Sequence[str]) -> bool:
    known = {before.inputs[one] for one in first}, {after.inputs[one] for one in second}
    return all("" not in hashes for hashes in known) and known[0] != known[1]


@dataclass(frozen=True, slots=True)
class _Pairing:
    before: Side
    after: Side
    first: Mapping[str, list[str]]
    second: Mapping[str, list[str]]
    matched: set[str]

    def change(self, name: str, rules: Rules, tests: int) -> Change:
        """Return the change of one metric, not yet corrected for the number of tests."""
        a, b = self.before.metrics[name], self.after.metrics[name]
        if a.metric.kind is MetricKind.SET:
            return self._of_set(a.metric, rules)
        was, now = _by_question(a, self.first), _by_question(b, self.second)
        ids = sorted(one for one in self.matched if one in was and one in now)
        draft = Change(
            metric=a.metric,
            n=len(ids),
            flips=self._flips(a, b, was, now),
            unmatched=self._unmatched(a.metric, was, now, rules),
        )
        if not ids:
            return replace(draft, why_none="no row was judged on both sides")
        draft = replace(
            draft, before=fmean(was[one] for one in ids), after=fmean(now[one] for one in ids)
        )
        alpha = rules.alpha / tests
        groups = [self._cluster(one) for one in ids]
        is_flags = a.metric.kind is MetricKind.RATE and all(
            side[one] in {0.0, 1.0} for side in (was, now) for one in ids
        )
        if is_flags and len(set(groups)) == len(ids):
            broken = sum(was[one] > now[one] for one in ids)
            fixed = sum(was[one] < now[one] for one in ids)
            return _of_flags(draft, broken, fixed, alpha, rules)
        differences = [now[one] - was[one] for one in ids]
        return self._of_values(draft, differences, groups, alpha, rules)

    def _of_values(
        self,
        draft: Change,
        differences: Sequence[float],
        groups: Sequence[str],
        alpha: float,
        rules: Rules,
    ) -> Change:
        """Test differences by turning the signs of whole clusters."""
        sums: dict[str, list[float]] = {}
        for difference, group in zip(differences, groups, strict=True):
            sums.setdefault(group, []).append(difference)
        count, confidence = len(sums), 1 - rules.alpha
        over = (
            mean_of(differences, confidence=confidence)
            if count == len(differences)
            else clustered_mean(differences, groups, confidence=confidence)
        )
        seed = seed_of(*sorted(self._hashes()), draft.metric.name)
        change = None
        if over.value is not None and over.low is not None and over.high is not None:
            change = Interval(estimate=over.value, low=over.low, high=over.high)
        if not any(differences):
            change = _nothing_changed(draft.metric, count, confidence)
        spread = (over.error or 0.0) * math.sqrt(count)
        return replace(
            draft,
            clusters=count,
            change=change,
            test="sign flips" if count == len(differences) else f"sign flips of {count} clusters",
            p=sign_flip_test([math.fsum(one) for one in sums.values()], seed=seed),
            smallest=smallest_change_of_mean(spread, count, alpha=alpha, power=POWER),
        )

    def _of_set(self, metric: Metric, rules: Rules) -> Change:
        draft = Change(metric=metric, n=len(self.matched))
        if metric.name in self.before.fixed or metric.name in self.after.fixed:
            why = "a baseline holds this figure and not the rows that it was made of"
            return replace(draft, why_none=why)
        found = change_of_set(
            metric,
            self.before.rows,
            self.after.rows,
            self._cluster,
            self.matched,
            seed=seed_of(*sorted(self._hashes()), metric.name),
            confidence=1 - rules.alpha,
        )
        if found is None:
            return replace(draft, why_none="it has no value on one of the sides")
        return replace(
            draft,
            before=found.before,
            after=found.after,
            change=found.change,
            test="bootstrap",
            p=found.p,
        )

    def _hashes(self) -> tuple[str, str]:
        return self.before.facts.suite_sha256, self.after.facts.suite_sha256

    def _cluster(self, question: str) -> str:
        """Return what a question goes together with, by its first row."""
        return self.before.clusters.get(self.first[question][0], question)

    def _flips(
        self, a: RowValues, b: RowValues, was: Mapping[str, float], now: Mapping[str, float]
    ) -> Flips:
        """Sort the rows of a rate by what became of them; repeats that disagree are told apart."""
        kinds: dict[str, list[Flip]] = {"fixed": [], "broken": [], "to_error": [], "from_error": []}
        both: list[str] = []
        neither: list[str] = []
        flaky = 0
        is_rate = a.metric.kind is MetricKind.RATE
        for one in sorted(self.matched):
            before, after = was.get(one), now.get(one)
            if is_rate and any(value not in {0.0, 1.0, None} for value in (before, after)):
                flaky += len(self.first[one]) > 1 or len(self.second[one]) > 1
                continue
            kind = ""
            if before is not None and after is not None:
                if is_rate and before == after:
                    (both if after else neither).append(one)
                elif is_rate:
                    kind = "fixed" if after > before else "broken"
            elif before is not None and _is_error(b, self.second[one]):
                kind = "to_error"
            elif after is not None and _is_error(a, self.first[one]):
                kind = "from_error"
            if kind:
                flip = Flip(
                    id=one,
                    before=_said(a, self.first[one], before),
                    after=_said(b, self.second[one], after),
                )
                kinds[kind].append(flip)
        return Flips(
            flaky=flaky,
            both=tuple(both),
            neither=tuple(neither),
            **{kind: tuple(found) for kind, found in kinds.items()},
        )

    def _unmatched(
        self, metric: Metric, was: Mapping[str, float], now: Mapping[str, float], rules: Rules
    ) -> Unmatched | None:
        lone_a = [was[one] for one in sorted(was.keys() - self.second.keys())]
        lone_b = [now[one] for one in sorted(now.keys() - self.first.keys())]
        if not lone_a and not lone_b:
            return None
        found = Unmatched(
            before=fmean(lone_a) if lone_a else None,
            n_before=len(lone_a),
            after=fmean(lone_b) if lone_b else None,
            n_after=len(lone_b),
        )
        if not lone_a or not lone_b:
            return found
        is_flags = metric.kind is MetricKind.RATE and {*lone_a, *lone_b} <= {0.0, 1.0}
        change = None
        if is_flags:
            change = newcombe(
                (round(sum(lone_b)), len(lone_b)),
                (round(sum(lone_a)), len(lone_a)),
                confidence=1 - rules.alpha,
            )
        seed = seed_of(*sorted(self._hashes()), metric.name, "unmatched")
        p = two_sample_permutation(lone_a, lone_b, seed=seed)
        return replace(found, change=change, p=p)


def _by_question(values: RowValues, questions: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Return the mean over the repeats of each question that has a value."""
    known = values.values
    found = {}
    for question, rows in questions.items():
        mine = [known[row] for row in rows if row in known]
        if mine:
            found[question] = fmean(mine)
    return found


def _of_flags(draft: Change, broken: int, fixed: int, alpha: float, rules: Rules) -> Change:
    """Test rows that pass or fail by McNemar's mid-p."""
    tested = mcnemar(broken, fixed)
    return replace(
        draft,
        clusters=draft.n,
        change=change_of_rate(broken, fixed, draft.n, confidence=1 - rules.alpha),
        test="McNemar mid-p",
        p=tested.p_mid,
        p_exact=tested.p_exact,
        smallest=smallest_change_of_rate(
            (broken + fixed) / draft.n, draft.n, alpha=alpha, power=POWER
        ),
    )


def _nothing_changed(metric: Metric, count: int, confidence: float) -> Interval | None:
    """Return what none of so many rows leaves open; not known where values have no bounds."""
    if metric.bounds is None:
        return None
    width = metric.bounds[1] - metric.bounds[0]
    found = change_of_rate(0, 0, count, confidence=confidence)
    return found and Interval(estimate=0.0, low=found.low * width, high=found.high * width)


def _is_error(values: RowValues, rows: Sequence[str]) -> bool:
    return any(row in values.errors for row in rows)


def _said(values: RowValues, rows: Sequence[str], value: float | None) -> str:
    """Return what was said of a row: that it passed, or why not."""
    for row in rows:
        if value is None and row in values.errors:
            return f"error: {values.errors[row]}"
        if row in values.reasons and value != 1:
            return values.reasons[row]
    if values.metric.kind is not MetricKind.RATE:
        return "" if value is None else f"{value:g}"
    return "passed" if value == 1 else "failed"


def _decided(change: Change, rules: Rules) -> Change:
    """Return the change with what can be said of it."""
    metric, found = change.metric, change.change
    verdict, is_regression = ChangeVerdict.NO_EVIDENCE, False
    good = {Direction.HIGHER: 1, Direction.LOWER: -1, Direction.NONE: 0}[metric.direction]
    if found is not None:
        is_shown = change.p_holm is not None and change.p_holm <= rules.alpha
        if is_shown and found.estimate:
            better = found.estimate * good
            verdict = ChangeVerdict.MOVED
            if good:
                verdict = ChangeVerdict.BETTER if better > 0 else ChangeVerdict.WORSE
        elif _is_inside(found, change, rules.margin):
            verdict = ChangeVerdict.EQUIVALENT
        worst = {1: -found.low, -1: found.high, 0: 0.0}[good]
        is_regression = verdict is ChangeVerdict.WORSE or (
            rules.max_drop is not None and worst > rules.max_drop
        )
    return replace(change, verdict=verdict, is_regression=is_regression)


def _is_inside(found: Interval, change: Change, margin: float) -> bool:
    if change.metric.bounds is not None:
        margin *= change.metric.bounds[1] - change.metric.bounds[0]
    else:
        margin *= abs(change.before or 0.0)
    return -margin < found.low and found.high < margin
