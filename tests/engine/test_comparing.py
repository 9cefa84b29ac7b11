"""Two stored runs, row by row; a planted change is found, and chance is told from it."""

import json

import pytest

from sygra_eval.engine import (
    Compared,
    NothingMatched,
    Selection,
    bless,
    compare_two,
    plugins_of_run,
    side_of_run,
)
from sygra_eval.quality import ChangeVerdict, Rules, figure_of, read_baseline
from sygra_eval.report import blessed_text, comparison_json, comparison_markdown, comparison_text
from sygra_eval.values import Budget, UsageError
from tests.engine.conftest import FAST_PLUGIN, fast_suite, write_suite

SAYS = {
    "candidate": {"code": "{solution}"},
    "quality": {"validators": [{"use": "says"}]},
    "sandbox": {"isolation": "none", "i_accept_the_risk": True},
}
BETTER, WORSE, NO_EVIDENCE = ChangeVerdict.BETTER, ChangeVerdict.WORSE, ChangeVerdict.NO_EVIDENCE


def rows_of(*solutions, **columns):
    return [
        {"id": f"r{n:03}", "question": f"why {n}?", "solution": one, **columns}
        for n, one in enumerate(solutions)
    ]


@pytest.fixture
def judged(tmp_path, run):
    """Run a suite without a graph over such solutions."""

    async def of(name, rows, **sections):
        return await run(write_suite(tmp_path / "suite", rows, **{**SAYS, **sections}), name=name)

    return of


async def compared(before, after, *metrics, **rules):
    asked = Compared(metrics=metrics, rules=Rules(**rules))
    return await compare_two(before.folder, after.folder, asked)


@pytest.fixture
async def ten_and_three(judged):
    """30 rows, of which 10 that passed fail now and 3 the other way round."""
    fine, bad = "fine", "says-fail"
    first = await judged("first", rows_of(*[fine] * 20, *[bad] * 10))
    second = await judged("second", rows_of(*[bad] * 10, *[fine] * 13, *[bad] * 7))
    return first, second


async def test_two_runs_give_the_figures_of_the_specification(ten_and_three):
    found = await compared(*ten_and_three)

    (change,) = found.changes
    assert (found.matched, change.n, change.metric.name) == (30, 30, "verified_rate")
    assert (len(change.flips.broken), len(change.flips.fixed)) == (10, 3)
    assert change.p_exact == pytest.approx(0.092285, abs=1e-6)
    assert change.p == pytest.approx(0.057373, abs=1e-6)
    assert change.change.estimate == pytest.approx(-7 / 30)
    assert change.verdict is NO_EVIDENCE
    assert change.smallest == pytest.approx(0.3154, abs=0.0005)
    assert found.same_as == {"says_rate": "verified_rate"}
    assert found.regressions == ()


async def test_swapping_the_sides_swaps_the_words(ten_and_three, judged):
    much_worse = await judged("third", rows_of(*["says-fail"] * 30))

    ahead = await compared(ten_and_three[0], much_worse)
    back = await compared(much_worse, ten_and_three[0])

    (one,), (other,) = ahead.changes, back.changes
    assert (one.verdict, other.verdict) == (WORSE, BETTER)
    assert (one.p, one.p_holm, one.smallest) == (other.p, other.p_holm, other.smallest)
    assert one.change.low == pytest.approx(-other.change.high)
    assert [flip.id for flip in one.flips.broken] == [flip.id for flip in other.flips.fixed]
    assert (len(ahead.regressions), len(back.regressions)) == (1, 0)


async def test_one_changed_row_is_no_evidence_and_says_what_would_have_been_seen(judged):
    first = await judged("first", rows_of(*["fine"] * 40))
    second = await judged("second", rows_of(*["fine"] * 39, "says-fail"))

    found = await compared(first, second)

    (change,) = found.changes
    assert change.verdict is NO_EVIDENCE
    text = " ".join(comparison_text(found).split())
    assert "no evidence: 40 rows show a change of the rate by 16.2 points in 80 %" in text
    assert "broken r039 passed says: as the row says" in text


async def test_a_run_against_itself_has_changed_nothing(ten_and_three):
    first, _ = ten_and_three

    found = await compared(first, first)

    (change,) = found.changes
    assert (change.change.estimate, change.p) == (0, 1)
    assert change.verdict is NO_EVIDENCE  # 30 rows leave 11 points open
    assert (await compared(first, first, margin=0.12)).changes[
        0
    ].verdict is ChangeVerdict.EQUIVALENT


async def test_errors_and_skipped_rows_stand_beside_a_rate_and_are_no_zeros(judged):
    solutions = ["fine"] * 6 + ["says-fail"] * 2 + ["says-error"] * 3 + ["says-skip"]
    first = await judged("first", rows_of(*solutions))
    second = await judged("second", rows_of(*["says-error"], *["fine"] * 11))

    side = side_of_run(first.folder, plugins_of_run(first.folder, (), is_trusted=False))
    rate = figure_of(side, "says_rate")

    assert (rate.n_judged, rate.n_error, rate.n_skipped) == (8, 3, 1)
    assert rate.estimate.value == 6 / 8
    found = await compared(first, second, "says_rate")
    flips = found.changes[0].flips
    assert [flip.id for flip in flips.to_error] == ["r000"]
    assert [flip.id for flip in flips.from_error] == ["r008", "r009", "r010"]
    assert flips.to_error[0].before == "passed"
    assert flips.to_error[0].after == "error: as the row says"
    assert found.changes[0].n == 7


async def test_a_row_whose_input_changed_is_told_and_compared_nowhere(judged):
    first = await judged("first", rows_of(*["fine"] * 10))
    rows = rows_of(*["fine"] * 9, "says-fail")
    rows[9]["question"] = "something else?"
    second = await judged("second", rows)

    found = await compared(first, second)

    assert (found.matched, found.changed_input) == (9, ("r009",))
    assert found.changes[0].flips.broken == ()
    assert "1 with a changed input" in comparison_text(found)


async def test_rows_that_one_side_alone_has_are_counted_and_tested_apart(judged):
    first = await judged("first", rows_of(*["fine"] * 12))
    rows = rows_of(*["says-fail"] * 12)
    rows[4:] = [{**row, "id": f"other-{row['id']}"} for row in rows[4:]]
    second = await judged("second", rows)

    found = await compared(first, second)

    lone = found.changes[0].unmatched
    assert (found.matched, found.only_before, found.only_after) == (4, 8, 8)
    assert (lone.before, lone.after, lone.n_before, lone.n_after) == (1, 0, 8, 8)
    assert lone.p < 0.001
    assert lone.change.high < -0.5


async def test_no_row_on_both_sides_is_refused_with_5(judged):
    first = await judged("first", rows_of("fine"))
    second = await judged("second", [{**rows_of("fine")[0], "id": "other"}])

    with pytest.raises(NothingMatched, match="no row stands on both sides") as refused:
        await compared(first, second)

    assert refused.value.exit_code == 5


async def test_rows_that_all_have_a_changed_input_are_refused_with_5_and_are_no_green_light(judged):
    first = await judged("first", rows_of(*["fine"] * 3))
    second = await judged("second", rows_of(*["says-fail"] * 3, topic="new"))

    with pytest.raises(NothingMatched, match="the input of all 3 rows") as refused:
        await compared(first, second)

    assert refused.value.exit_code == 5


async def test_an_unknown_metric_is_refused_with_the_nearest(judged):
    first = await judged("first", rows_of("fine"))

    with pytest.raises(UsageError, match="did you mean `says_rate`"):
        await compared(first, first, "say_rate")


async def test_rows_of_one_cluster_are_tested_together(judged):
    quality = {"validators": [{"use": "says"}], "cluster": "topic"}
    rows = [{**row, "topic": n // 10} for n, row in enumerate(rows_of(*["fine"] * 40))]
    first = await judged("first", rows, quality=quality)
    for row in rows[:10]:
        row["solution"] = "says-fail"
    second = await judged("second", rows, quality=quality)

    found = await compared(first, second)

    (change,) = found.changes
    assert change.test == "sign flips of 4 clusters"
    assert change.p == 1  # ten rows of one topic are one change
    assert change.verdict is NO_EVIDENCE
    alone = await compared(
        await judged("third", rows_of(*["fine"] * 40)),
        await judged("fourth", rows_of(*["says-fail"] * 10, *["fine"] * 30)),
    )
    assert alone.changes[0].verdict is WORSE


async def test_what_differs_beside_the_rows_is_said(judged):
    first = await judged("first", rows_of("fine"))
    second = await judged(
        "second", rows_of("fine"), quality={"validators": [{"use": "says", "required": True}]}
    )

    notes = (await compared(first, second)).notes

    assert any(note.startswith("the suite was changed") for note in notes)
    assert "validator says: its settings were changed" in notes


async def test_costs_are_told_for_each_verified_row_and_unknown_prices_stay_unknown(run, tmp_path):
    path = fast_suite(tmp_path / "suite", ["good", "says-fail"])

    finished = await run(path)

    found = await compared(finished, finished)
    side = comparison_json(found, exit_code=0)["before"]
    assert side["tokens_per_verified_row"] == 4
    assert side["cost_per_verified_row"] is None
    assert "cost_per_verified_row" not in {one.metric.name for one in found.changes if one.p}
    assert "tokens                4        4" in comparison_text(found)


HOSTILE = "\x1b[31mred\u202e|`<b>"


async def test_text_of_rows_is_made_safe(judged):
    rows = [{"id": HOSTILE, "question": "q", "solution": "fine"}]
    first = await judged("first", rows)
    second = await judged("second", [{**rows[0], "solution": "says-fail"}])

    found = await compared(first, second)

    for text in (comparison_text(found), comparison_markdown(found)):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "&lt;b&gt;" in comparison_markdown(found)
    assert json.loads(json.dumps(comparison_json(found, exit_code=0)))["matched"] == 1


# Baselines


def blessed(finished, reason=""):
    return bless(finished.folder, Compared(plugins=(str(FAST_PLUGIN),)), reason=reason)


async def test_a_blessed_run_is_a_file_for_version_control_without_clock_host_or_folder(
    judged, tmp_path
):
    first = await judged("first", rows_of("says-fail", "fine", "says-skip"))

    done = blessed(first)

    assert done.path == tmp_path / "suite" / "baselines" / "small.json"
    text = done.path.read_text()
    document = json.loads(text)
    assert list(document) == sorted(document)
    assert document["format"] == "sygra-eval-baseline/1"
    assert document["metrics"]["says_rate"] == {
        "column": "says",
        "direction": "higher",
        "hi": 0.905469,
        "kind": "rate",
        "lo": 0.094531,
        "n": 2,
        "n_error": 0,
        "n_skipped": 1,
        "value": 0.5,
        "version": 1,
    }
    assert document["rows"]["columns"] == ["id", "input", "says", "verified"]
    assert [row[0] for row in document["rows"]["data"]] == ["r000", "r001", "r002"]
    assert [row[2] for row in document["rows"]["data"]] == ["fail", "pass", None]
    assert sum(line.startswith('  ["r00') for line in text.splitlines()) == 3
    assert str(tmp_path) not in text
    again = await judged("second", rows_of("says-fail", "fine", "says-skip"))
    assert blessed(again).is_same
    assert done.path.read_text() == text


async def test_a_run_is_compared_with_its_baseline_as_with_the_run_itself(ten_and_three):
    first, second = ten_and_three
    path = blessed(first).path

    from_file = await compare_two(path, second.folder, Compared())
    from_run = await compared(first, second)

    (one,), (other,) = from_file.changes, from_run.changes
    assert (one.p, one.change, one.smallest) == (other.p, other.change, other.smallest)
    assert [flip.id for flip in one.flips.broken] == [flip.id for flip in other.flips.broken]
    done = blessed(second)
    assert done.comparison.changes[0].p == one.p
    assert "compared with the baseline that stood there" in blessed_text(done)


async def test_each_variant_has_a_baseline_of_its_own(tmp_path, run):
    words = {"good": "{solution}", "poor": "says-fail"}
    path = write_suite(
        tmp_path / "suite",
        rows_of("fine"),
        **{**SAYS, "candidate": {"code": "${matrix.words}"}, "matrix": {"words": words}},
    )

    paths = [blessed(await run(path, name=name, variant=f"words={name}")).path for name in words]

    assert [one.name for one in paths] == ["small-words=good.json", "small-words=poor.json"]
    assert {read_baseline(one).facts.suite for one in paths} == {"small"}


async def test_a_run_that_is_not_finished_is_blessed_with_a_reason_only(tmp_path, run):
    path = fast_suite(tmp_path / "suite", [f"good {n}" for n in range(5)])
    stopped = await run(path, budget=Budget(calls=2))
    assert stopped.summary.exit_code == 7

    with pytest.raises(UsageError, match="not fit to be a baseline: it is not finished"):
        blessed(stopped)
    done = blessed(stopped, "the endpoint is gone for good")

    assert json.loads(done.path.read_text())["reason"] == "the endpoint is gone for good"


async def test_above_twenty_thousand_rows_they_stand_packed_beside_the_file(
    judged, monkeypatch, tmp_path
):
    monkeypatch.setattr("sygra_eval.quality.baselines.MOST_ROWS", 3)
    first = await judged("first", rows_of(*["fine"] * 5))

    path = blessed(first).path

    packed = path.with_name("small.jsonl.gz")
    assert json.loads(path.read_text())["rows"]["n"] == 5
    before = packed.read_bytes()
    assert before[4:8] == bytes(4)  # no time of day
    found = await compare_two(path, first.folder, Compared())
    assert found.matched == 5
    packed.write_bytes(before[:-9] + b"damaged!!")
    with pytest.raises(UsageError, match="sha256 differs"):
        read_baseline(path)
    monkeypatch.undo()
    blessed(first)
    assert not packed.exists()


async def test_a_baseline_of_another_suite_is_refused(judged, tmp_path, run):
    path = blessed(await judged("first", rows_of("fine"))).path
    other = await run(
        write_suite(tmp_path / "other", rows_of("fine"), **SAYS, suite={"name": "other"})
    )

    with pytest.raises(UsageError, match=r"a baseline belongs to one suite: small\.json is of"):
        await compare_two(path, other.folder, Compared())


async def test_unequal_versions_of_a_metric_are_refused(judged):
    first = await judged("first", rows_of("fine"))
    path = blessed(first).path
    document = json.loads(path.read_text())
    document["metrics"]["verified_rate"]["version"] = 2
    path.write_text(json.dumps(document))

    with pytest.raises(UsageError, match=r"`verified_rate` has version 2 in small\.json and 1 in"):
        await compare_two(path, first.folder, Compared())
    assert (await compare_two(path, first.folder, Compared(metrics=("says_rate",)))).matched == 1


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (b'{"format": "other"}', "its `format` is 'other'"),
        (b"{\xff}", "utf-8"),
        (b'{"format": "sygra-eval-baseline/1"}', "`suite` is missing"),
        (b'{"format": "sygra-eval-baseline/1", "a": NaN}', "NaN is no number"),
        (b"[" * 100_000, "cannot be read"),
    ],
)
def test_a_file_that_is_no_baseline_is_refused(tmp_path, broken, said):
    path = tmp_path / "small.json"
    path.write_bytes(broken)

    with pytest.raises(UsageError, match=said):
        read_baseline(path)


async def test_rows_of_a_baseline_that_are_none_are_refused(judged):
    path = blessed(await judged("first", rows_of("fine", "fine"))).path
    sound = json.loads(path.read_text())
    for row, said in (
        (["r000", "", "pass", "pass"], "stands there twice"),
        (["r9", "", "maybe", "pass"], "has 'maybe'"),
        (["r9", "", True, "pass"], "has True"),
        (["r9", "", "pass"], "has not 4 values"),
        ([9, "", "pass", "pass"], "are no text"),
        ("r9", "has not 4 values"),
    ):
        document = json.loads(json.dumps(sound))
        document["rows"]["data"].append(row)
        path.write_text(json.dumps(document))
        with pytest.raises(UsageError, match=said):
            read_baseline(path)
    for name in ("../small.jsonl.gz", "/etc/passwd"):
        document = {**sound, "rows": {"columns": ["id", "input"], "file": name, "sha256": ""}}
        path.write_text(json.dumps(document))
        with pytest.raises(UsageError, match="no name of a file beside it"):
            read_baseline(path)


async def test_a_suite_that_is_gone_has_no_place_for_a_baseline(judged, tmp_path):
    first = await judged("first", rows_of("fine"))
    (tmp_path / "suite").rename(tmp_path / "elsewhere")

    with pytest.raises(UsageError, match="is not here, so its baseline has no place"):
        blessed(first)


async def test_a_run_with_repeats_is_compared_with_one_without_them(run, tmp_path):
    suite = write_suite(tmp_path / "suite", rows_of("fine", "says-fail", "fine"), **SAYS)
    twice = await run(suite, name="twice", selection=Selection(repeat=2))
    once = await run(suite, name="once")

    found = await compared(twice, once)

    assert (found.matched, found.changes[0].n, found.changed_input) == (3, 3, ())
