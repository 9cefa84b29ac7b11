"""Comparisons of sides that are made up, and of plain data files: what must always hold."""

import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from sygra_eval.engine import Compared, NothingMatched, compare_two
from sygra_eval.quality import (
    ChangeVerdict,
    Facts,
    Measuring,
    Rules,
    chosen,
    compare,
    figure_of,
)
from sygra_eval.report import comparison_json, comparison_text
from sygra_eval.values import (
    Direction,
    Each,
    MeasuredRow,
    Metric,
    MetricError,
    MetricKind,
    Outcome,
    RowVerdict,
    Status,
    UsageError,
)

MIRROR = {
    ChangeVerdict.BETTER: ChangeVerdict.WORSE,
    ChangeVerdict.WORSE: ChangeVerdict.BETTER,
}


def passes(row, of="v"):
    said = row.verdicts[of]
    if said.status is Status.ERROR:
        raise MetricError(said.reason)
    return None if said.status is Status.SKIP else said.status is Status.PASS


def scored(row, of="v"):
    return row.verdicts[of].score


def spread(rows):
    scores = [row.verdicts["v"].score for row in rows if row.verdicts["v"].score is not None]
    return max(scores) - min(scores) if scores else None


METRICS = (
    Metric(name="rate", measure=passes, kind="rate", direction="higher"),
    Metric(name="score", measure=scored, kind="mean", direction="lower", bounds=(0.0, 1.0)),
)


def row(row_id, status, score=None, **more):
    said = RowVerdict(status=Status(status), score=score, reason=f"it {status}s")
    outcome = Outcome.VERIFIED if status == "pass" else Outcome.REJECTED
    return MeasuredRow(id=row_id, outcome=outcome, verdicts={"v": said}, **more)


def side_of(rows, metrics=METRICS, name="one", inputs=None):
    measuring = Measuring(metrics, Facts(kind="run", name=name, suite_sha256=name))
    for one in rows:
        measuring.take(one, input_hash=(inputs or {}).get(one.id, "same"))
    return measuring.side


def changes_of(before, after, *asked, **rules):
    names, same = chosen(before, after, asked)
    return compare(before, after, names, same, Rules(**rules))


STATUS = st.sampled_from(["pass", "pass", "fail", "error", "skip"])
SCORE = st.none() | st.integers(0, 8).map(lambda eighths: eighths / 8)


def drawn_rows():
    row_of = st.tuples(st.integers(0, 30), STATUS, SCORE)
    return st.lists(row_of, min_size=1, max_size=30, unique_by=lambda one: one[0]).map(
        lambda rows: [
            row(f"r{number}", status, score if status in {"pass", "fail"} else None)
            for number, status, score in rows
        ]
    )


@settings(deadline=None, max_examples=40)
@given(drawn_rows(), drawn_rows(), st.randoms(use_true_random=False))
def test_swapped_sides_say_the_same_in_swapped_words_in_any_order(first, second, chance):
    before, after = side_of(first), side_of(second, name="other")
    ahead = changes_of(before, after, "rate", "score", max_drop=0.1)
    chance.shuffle(first)
    chance.shuffle(second)

    back = changes_of(side_of(second, name="other"), side_of(first), "rate", "score", max_drop=0.1)

    assert (ahead.matched, ahead.only_before) == (back.matched, back.only_after)
    for one, other in zip(ahead.changes, back.changes, strict=True):
        assert other.verdict is MIRROR.get(one.verdict, one.verdict)
        assert (one.n, one.p, one.p_holm, one.why_none) == (
            other.n,
            other.p,
            other.p_holm,
            other.why_none,
        )
        assert one.flips.broken == tuple(
            type(flip)(id=flip.id, before=flip.after, after=flip.before)
            for flip in other.flips.fixed
        )
        assert [flip.id for flip in one.flips.to_error] == [
            flip.id for flip in other.flips.from_error
        ]
        if one.change is not None:
            assert one.change.low <= one.change.estimate <= one.change.high
            assert one.change.low == pytest.approx(-other.change.high, abs=1e-9)
        assert one.p_holm is None or one.p_holm >= one.p
    json.dumps(comparison_json(ahead, exit_code=0), allow_nan=False)
    assert comparison_text(ahead)


@settings(deadline=None, max_examples=25)
@given(drawn_rows())
def test_a_set_against_itself_has_not_changed(rows):
    found = changes_of(side_of(rows), side_of(rows), "rate", "score")

    for change in found.changes:
        assert change.p in {None, 1.0}
        assert change.verdict in {ChangeVerdict.NO_EVIDENCE, ChangeVerdict.EQUIVALENT}
        assert not change.is_regression
        assert change.change is None or change.change.estimate == 0


def test_a_planted_regression_is_worse_and_the_way_back_is_better():
    rows = [row(f"r{n}", "pass", 0.5) for n in range(40)]
    broken = [row(f"r{n}", "fail" if n < 9 else "pass", 0.5) for n in range(40)]

    found = changes_of(side_of(rows), side_of(broken), "rate")

    assert found.changes[0].verdict is ChangeVerdict.WORSE
    assert found.regressions == found.changes


def test_holm_counts_what_was_asked_for():
    rows = [row(f"r{n}", "pass", 0.5) for n in range(20)]
    after = [row(f"r{n}", "fail" if n < 6 else "pass", 0.4 if n < 7 else 0.5) for n in range(20)]

    both = changes_of(side_of(rows), side_of(after), "rate", "score")
    alone = changes_of(side_of(rows), side_of(after), "rate")

    assert alone.changes[0].p_holm == alone.changes[0].p
    assert both.changes[0].p_holm == pytest.approx(2 * both.changes[0].p)
    assert both.changes[0].smallest > alone.changes[0].smallest


def test_enough_rows_without_a_change_are_equivalent_and_few_are_not():
    many = [row(f"r{n}", "pass" if n % 3 else "fail") for n in range(400)]

    assert changes_of(side_of(many), side_of(many)).changes[0].verdict is ChangeVerdict.EQUIVALENT
    few = changes_of(side_of(many[:40]), side_of(many[:40])).changes[0]
    assert few.verdict is ChangeVerdict.NO_EVIDENCE


def test_a_drop_that_cannot_be_ruled_out_is_a_regression_where_one_is_bounded():
    rows = [row(f"r{n}", "pass") for n in range(20)]

    assert changes_of(side_of(rows), side_of(rows)).regressions == ()
    bounded = changes_of(side_of(rows), side_of(rows), max_drop=0.1)
    assert [one.metric.name for one in bounded.regressions] == ["rate"]
    wide = changes_of(side_of(rows), side_of(rows), max_drop=0.2)
    assert wide.regressions == ()


def test_only_the_end_of_the_interval_that_is_worse_makes_a_regression():
    rows = [row(f"r{n}", "fail" if n < 3 else "pass") for n in range(20)]
    fixed = [row(f"r{n}", "pass") for n in range(20)]

    better = changes_of(side_of(rows), side_of(fixed), max_drop=0.2)
    worse = changes_of(side_of(fixed), side_of(rows), max_drop=0.2)

    assert better.changes[0].verdict is worse.changes[0].verdict is ChangeVerdict.NO_EVIDENCE
    assert (len(better.regressions), len(worse.regressions)) == (0, 1)


def test_a_metric_without_a_direction_has_moved_and_is_no_regression():
    metric = Metric(name="long", measure=passes, kind="rate")
    before = side_of([row(f"r{n}", "pass") for n in range(30)], (metric,))
    after = side_of([row(f"r{n}", "fail") for n in range(30)], (metric,))

    found = changes_of(before, after, max_drop=0.1)

    assert found.changes[0].verdict is ChangeVerdict.MOVED
    assert found.regressions == ()


def test_repeats_of_a_row_count_once_and_those_that_disagree_are_flaky():
    def repeated(statuses):
        return [
            row(f"r{n}::r{k}", status)
            for n, both in enumerate(statuses)
            for k, status in enumerate(both)
        ]

    before = side_of(repeated([("pass", "pass")] * 8 + [("pass", "fail")]))
    after = side_of(repeated([("pass", "pass")] * 7 + [("fail", "fail"), ("pass", "pass")]))

    (change,) = changes_of(before, after).changes

    assert (change.n, change.test, change.flips.flaky) == (9, "sign flips", 1)
    assert [flip.id for flip in change.flips.broken] == ["r7"]
    assert figure_of(before, "rate").estimate.clusters == 9


def test_a_metric_that_breaks_on_a_row_costs_that_row_alone_and_its_error_is_kept():
    def odd(row):
        answers = {"r0": 1 / 3, "r1": float("nan"), "r2": "text", "r3": 7, "r4": None, "r5": True}
        if row.id == "r6":
            raise LookupError("no tea left")
        return answers[row.id]

    side = side_of(
        [row(f"r{n}", "pass") for n in range(7)], (Metric(name="odd", measure=odd, kind="rate"),)
    )

    found = figure_of(side, "odd")
    assert (found.n_judged, found.n_error, found.n_skipped) == (2, 4, 1)
    assert side.metrics["odd"].values == {"r0": 1 / 3, "r5": 1.0}
    assert side.metrics["odd"].errors == {
        "r1": "the metric returned nan, with which nothing can be computed",
        "r2": "the metric returned str, not a number",
        "r3": "the metric returned 7, which is no rate",
        "r6": "no tea left",
    }


def test_a_metric_of_each_validator_is_made_for_those_that_are_seen():
    family = Metric(name="{}_ok", measure=passes, kind="rate", each=Each.VALIDATOR)

    side = side_of([row("r0", "pass"), row("r1", "fail")], (family,))

    assert side.metrics["v_ok"].values == {"r0": 1.0, "r1": 0.0}
    assert side.metrics["v_ok"].reasons == {"r1": "it fails"}


def test_a_figure_of_the_whole_set_has_an_interval_and_a_test_over_rows():
    metric = Metric(name="spread", measure=spread, kind="set", direction="lower")
    rows = [row(f"r{n}", "pass", n / 40) for n in range(40)]
    before, after = (
        side_of(rows, (metric,)),
        side_of([row(f"r{n}", "pass", 0.5) for n in range(40)], (metric,)),
    )

    found = figure_of(before, "spread").estimate
    (change,) = changes_of(before, after, "spread").changes

    assert found.low <= found.value <= found.high
    assert (change.test, change.verdict) == ("bootstrap", ChangeVerdict.BETTER)
    assert changes_of(before, before, "spread").changes[0].p == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "median"},
        {"kind": "rate", "direction": "up"},
        {"kind": "rate", "version": 0},
        {"kind": "rate", "each": Each.K},
        {"kind": "set", "each": Each.K, "name": "{}_x"},
    ],
)
def test_a_metric_that_is_none_is_refused_when_it_is_made(wrong):
    with pytest.raises(ValueError, match=r"metric|is not a valid"):
        Metric(**{"name": "x", "measure": passes, **wrong})


# Plain data files


def lines(path, *rows):
    path.write_text("".join(f"{json.dumps(one)}\n" for one in rows))
    return path


def test_rows_of_a_set_keep_their_verdicts_only_for_who_looks_at_them_and_no_text_holds_them():
    def number(rows):
        return float(sum(len(row.verdicts) for row in rows))

    kept = {}
    for sees in (True, False):
        metric = Metric(name="n", measure=number, kind="set", sees_verdicts=sees)
        measuring = Measuring([metric], Facts(kind="run", name="a"))
        for n in range(100):
            verdicts = {"tests": RowVerdict(status=Status.PASS)}
            measuring.take(MeasuredRow(id=f"r{n}", outcome=Outcome.VERIFIED, verdicts=verdicts))
        kept[sees] = figure_of(measuring.side, "n").estimate.value
        assert len(repr(measuring.side)) < 200

    assert kept == {True: 100, False: 0}


async def test_columns_of_data_files_are_compared_by_what_they_hold(tmp_path):
    rows = [
        {"id": n, "ok": "pass", "flag": True, "score": n / 20, "text": "x", "none": None}
        for n in range(20)
    ]
    before = lines(tmp_path / "a.jsonl", *rows)
    worse = [{**one, "ok": "fail", "flag": False, "score": one["score"] / 2} for one in rows]
    parquet.write_table(pa.Table.from_pylist(worse), tmp_path / "b.parquet")

    found = await compare_two(before, tmp_path / "b.parquet", Compared())

    verdicts = {one.metric.name: one.verdict.value for one in found.changes}
    assert verdicts == {"ok": "worse", "score": "moved"}
    assert found.same_as == {"flag": "ok"}
    asked = Compared(metrics=("score:higher", "flag:lower"))
    by_word = await compare_two(before, tmp_path / "b.parquet", asked)
    assert [one.verdict.value for one in by_word.changes] == ["worse", "better"]


async def test_data_files_say_which_columns_are_their_input(tmp_path):
    before = lines(
        tmp_path / "a.jsonl", {"key": "a", "q": 1, "ok": True}, {"key": "b", "q": 2, "ok": True}
    )
    after = lines(
        tmp_path / "b.jsonl", {"key": "a", "q": 9, "ok": True}, {"key": "b", "q": 2, "ok": True}
    )

    found = await compare_two(before, after, Compared(on="key", inputs=("q",)))

    assert (found.matched, found.changed_input) == (1, ("a",))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"id": "a", "ok": true}\n{"id": "a", "ok": true}\n', "`a` stands at b.jsonl:1 too"),
        (b'{"id": "a", "ok": "\xff"}\n', "b.jsonl:1: .*UTF-8"),
        (b'{"id": "a", "ok": tru\n', "b.jsonl:1: .*JSON"),
        (b'{"ok": true}\n', "the column `id`, which names a row, is not there"),
        (b'{"id": null, "ok": true}\n', "is empty or no text"),
        (b'{"id": true, "ok": true}\n', "is empty or no text"),
        (b'{"id": "a", "ok": "text"}\n', "no metric in common"),
        (
            b'{"id": "a", "ok": 1}\n{"id": "b", "ok": "text"}\n',
            "is a number in row a and text in row b",
        ),
        (b'{"id": "a", "ok": 1}\n', "is a rate in a.jsonl and a mean in b.jsonl"),
    ],
)
async def test_data_files_that_cannot_be_compared_are_refused_with_the_place(
    tmp_path, content, said
):
    before = lines(tmp_path / "a.jsonl", {"id": "a", "ok": True})
    (tmp_path / "b.jsonl").write_bytes(content)

    with pytest.raises(UsageError, match=said):
        await compare_two(before, tmp_path / "b.jsonl", Compared())


async def test_a_column_of_two_kinds_is_named_when_it_is_asked_for(tmp_path):
    before = lines(
        tmp_path / "a.jsonl", {"id": "a", "n": 1, "ok": True}, {"id": "b", "n": "x", "ok": True}
    )

    assert (await compare_two(before, before, Compared())).matched == 2
    with pytest.raises(
        UsageError, match="`n` is no metric: it is a number in row a and text in row b"
    ):
        await compare_two(before, before, Compared(metrics=("n",)))


async def test_no_row_in_common_is_told_from_a_mistake(tmp_path):
    before = lines(tmp_path / "a.jsonl", {"id": "a", "ok": True})
    after = lines(tmp_path / "b.jsonl", {"id": "b", "ok": True})

    with pytest.raises(NothingMatched, match=r"a\.jsonl has 1 rows \(a …\)"):
        await compare_two(before, after, Compared())


def test_directions_are_words_of_their_own():
    assert {one.value for one in Direction} == {"higher", "lower", "none"}
    assert {one.value for one in MetricKind} == {"rate", "mean", "set"}
